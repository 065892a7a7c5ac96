//! One connection of the driver: commands are sent together, and their replies are read one by one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use parallax_core::error::{Error, ErrorKind, Result};
use redis::Value as Reply;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, ProtocolVersion, RedisError, RedisResult, RedisWrite as _,
};
use tokio::time::timeout;

use super::client::client;
use super::control::Control;
use super::fault;
use super::reply::ReplyExt as _;
use super::url::Address;
use crate::secret::Secret;

/// How long a connection and its handshake may take, where the call allows more.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// In which form the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Flat lists: the same on every server.
    Resp2,
    /// Maps, sets and numbers by their types, where the server knows how.
    Resp3,
}

/// How the server knows a connection. The address guards against a number that was given anew after a restart.
#[derive(Clone, Debug)]
pub(super) struct OnServer {
    pub(super) client: i64,
    /// The client's side, as the server sees it.
    pub(super) address: String,
}

type Request = BoxFuture<'static, RedisResult<Vec<Reply>>>;

/// One connection. Dropped, it is closed, whatever the server still owes.
pub(super) struct Link {
    connection: MultiplexedConnection,
    /// Commands that are sent next.
    pipeline: Pipeline,
    /// What was sent and is not answered, oldest first.
    requests: VecDeque<Request>,
    /// Replies that came and have not been read.
    replies: std::vec::IntoIter<Reply>,
    /// Replies that have not been read, whether they came or not.
    owed: usize,
    received: u64,
    pub(super) on_server: Option<OnServer>,
    /// What stops the call that uses it.
    pub(super) control: Arc<Control>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is sent and what came may hold a password and user data.
        f.debug_struct("Link")
            .field("on_server", &self.on_server)
            .field("owed", &self.owed)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Connects, proves who we are and chooses the database; at most five seconds.
    ///
    /// Fails with [`ErrorKind::Unreachable`] or [`ErrorKind::PermissionDenied`].
    pub(super) async fn open(
        address: &Address,
        secret: Option<&Secret>,
        protocol: Protocol,
    ) -> Result<Self> {
        let open = async {
            let (connection, negotiated) = connect(address, secret).await?;
            let mut link = Self::new(connection);
            link.greet(address, protocol, negotiated).await?;
            Ok(link)
        };
        in_time(address, open).await
    }

    fn new(connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            pipeline: Pipeline::new(),
            requests: VecDeque::new(),
            replies: Vec::new().into_iter(),
            owed: 0,
            received: 0,
            on_server: None,
            control: Arc::default(),
        }
    }

    /// Chooses the database and the form of replies, and learns how the server knows this connection, where it says.
    async fn greet(
        &mut self,
        address: &Address,
        wanted: Protocol,
        negotiated: ProtocolVersion,
    ) -> Result<()> {
        if address.database > 0 {
            self.push(["SELECT", &address.database.to_string()]);
        }
        self.push(["CLIENT", "ID"]);
        self.push(["CLIENT", "INFO"]);
        self.push(["CLIENT", "SETNAME", "parallax"]);
        if wanted == Protocol::Resp2 && negotiated.supports_resp3() {
            self.push(["HELLO", "2"]);
        }
        self.send().await?;
        if address.database > 0 {
            self.answer("choose the database").await?;
        }
        let id = self.reply().await?;
        // Where nobody has logged in, an old server says here that it wants a password.
        if let Reply::ServerError(error) = &id
            && !matches!(error.code(), "ERR" | "NOPERM")
        {
            return Err(fault::refused(error, "connect"));
        }
        let info = self.reply().await?;
        while self.owed > 0 {
            self.reply().await?;
        }
        self.on_server = id.integer().and_then(|client| {
            let mut words = info.text()?.split_ascii_whitespace();
            let address = words.find_map(|it| it.strip_prefix("addr="))?.to_owned();
            Some(OnServer { client, address })
        });
        Ok(())
    }

    /// Adds a command to what is sent next.
    pub(super) fn push<A: AsRef<[u8]>>(&mut self, arguments: impl IntoIterator<Item = A>) {
        // Room for a command of usual length, of which a scan sends one for each key.
        let mut command = Cmd::with_capacity(8, 96);
        for argument in arguments {
            command.write_arg(argument.as_ref());
        }
        self.pipeline.add_command(command);
        self.owed += 1;
    }

    /// Sends what was added. Does not wait for replies, nor for the server to read.
    pub(super) async fn send(&mut self) -> Result<()> {
        let pipeline = std::mem::take(&mut self.pipeline);
        let count = pipeline.len();
        if count == 0 {
            return Ok(());
        }
        let mut connection = self.connection.clone();
        let mut request: Request =
            async move { connection.send_packed_commands(&pipeline, 0, count).await }.boxed();
        // Polled once, it is with the driver's task, which writes and reads while we do something else.
        if let std::task::Poll::Ready(answer) = futures::poll!(&mut request) {
            request = std::future::ready(answer).boxed();
        }
        self.requests.push_back(request);
        Ok(())
    }

    /// The next reply, which may be the server's error.
    pub(super) async fn reply(&mut self) -> Result<Reply> {
        loop {
            if let Some(reply) = self.replies.next() {
                self.owed = self.owed.saturating_sub(1);
                return Ok(reply);
            }
            self.receive().await?;
        }
    }

    /// Waits for the replies to what was sent first.
    async fn receive(&mut self) -> Result<()> {
        let Some(request) = self.requests.front_mut() else {
            return Err(fault::broken("no reply is owed"));
        };
        let answer = tokio::select! {
            biased;
            () = self.control.stopped() => return Err(fault::cancelled()),
            answer = request => answer,
        };
        self.requests.pop_front();
        let replies = answer.map_err(|it| self.lost(&it))?;
        self.received += replies.iter().map(Reply::weight).sum::<u64>();
        self.replies = replies.into_iter();
        Ok(())
    }

    /// The next reply; what the server refuses is an error.
    pub(super) async fn answer(&mut self, operation: &'static str) -> Result<Reply> {
        match self.reply().await? {
            Reply::ServerError(error) => Err(fault::refused(&error, operation)),
            reply => Ok(reply),
        }
    }

    /// Sends one command and waits for its reply.
    pub(super) async fn ask<A: AsRef<[u8]>>(
        &mut self,
        arguments: impl IntoIterator<Item = A>,
        operation: &'static str,
    ) -> Result<Reply> {
        self.push(arguments);
        self.send().await?;
        self.answer(operation).await
    }

    /// Why the connection broke off: a cancel ends it on the server too.
    fn lost(&self, error: &RedisError) -> Error {
        if self.control.is_stopped() {
            fault::cancelled()
        } else {
            fault::broke(error)
        }
    }

    /// About the bytes of the replies that have come since it was opened.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Whether another caller finds it as if it were new: nothing is owed, and the server has not closed it.
    pub(super) fn is_fresh(&mut self) -> bool {
        // The driver's task ends with the connection, and then takes no command. Nobody waits for this one's reply.
        let mut ping = redis::cmd("PING");
        ping.set_no_response(true);
        let taken = self.connection.send_packed_command(&ping).now_or_never();
        self.is_settled() && !matches!(taken, Some(Err(_)))
    }

    /// Whether the server owes no reply.
    pub(super) fn is_settled(&self) -> bool {
        self.owed == 0 && self.pipeline.is_empty()
    }
}

/// A connection that has logged in, and the form in which the server answers on it.
async fn connect(
    address: &Address,
    secret: Option<&Secret>,
) -> Result<(MultiplexedConnection, ProtocolVersion)> {
    // Each call has its own deadline, which the guard keeps by dropping it.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None);
    let mut negotiated = ProtocolVersion::RESP3;
    loop {
        let server = client(address, secret, negotiated).await?;
        let opened = server
            .get_multiplexed_async_connection_with_config(&config)
            .await;
        match opened {
            Ok(connection) => return Ok((connection, negotiated)),
            Err(error) if negotiated.supports_resp3() && fault::knows_no_hello(&error) => {
                negotiated = ProtocolVersion::RESP2;
            }
            Err(error) => return Err(fault::connect(&error, address)),
        }
    }
}

/// What `open` gives, within the time that a connection may take.
pub(super) async fn in_time<T>(
    address: &Address,
    open: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(CONNECT_PATIENCE, open)
        .await
        .unwrap_or_else(|_late| {
            let operation = format!("connect to {}:{}", address.host, address.port);
            Err(Error::new(ErrorKind::Unreachable, operation)
                .because(format!("no answer within {CONNECT_PATIENCE:?}"))
                .hint(match address.tls {
                    Some(_) => "does this port speak TLS? a server that does not may wait for more",
                    None => "the server hangs, or a firewall swallows what is sent to it",
                }))
        })
}

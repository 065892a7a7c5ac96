//! One connection: commands are written together, replies are read one by one and may be lent from the buffer.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use parallax_core::error::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::control::Control;
use super::fault;
use super::tls;
use super::url::Address;
use super::wire::{self, Finder, Reply, Tokens};
use crate::secret::Secret;

/// How long a connection and its handshake may take, where the call allows more.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// The longest reply that is taken.
const MAX_REPLY: usize = 256 << 20;

/// A buffer that has grown beyond this is given back once it is empty.
const KEEP_BYTES: usize = 4 << 20;

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// In which form the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Flat lists: the same on every server.
    Resp2,
    /// Maps, sets and numbers by their types, where the server knows how.
    Resp3,
}

/// One connection.
pub(super) struct Link {
    stream: Box<dyn Stream>,
    input: Vec<u8>,
    /// Bytes of `input` that have been read as replies.
    taken: usize,
    output: Vec<u8>,
    /// Replies that the server still owes.
    owed: usize,
    /// Bytes that have come so far.
    received: u64,
    /// How the server knows this connection, where it says.
    pub(super) client: Option<i64>,
    pub(super) local: Option<SocketAddr>,
    /// What stops the call that uses it.
    pub(super) control: Arc<Control>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The buffers may hold a password and user data.
        f.debug_struct("Link")
            .field("client", &self.client)
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
            let mut link = Self::dial(address).await?;
            link.greet(address, secret, protocol).await?;
            Ok(link)
        };
        timeout(CONNECT_PATIENCE, open)
            .await
            .unwrap_or_else(|_late| {
                let operation = format!("connect to {}:{}", address.host, address.port);
                Err(Error::new(ErrorKind::Unreachable, operation)
                    .because(format!("no answer within {CONNECT_PATIENCE:?}"))
                    .hint(match address.tls {
                        Some(_) => {
                            "does this port speak TLS? a server that does not may wait for more"
                        }
                        None => "the server hangs, or a firewall swallows what is sent to it",
                    }))
            })
    }

    async fn dial(address: &Address) -> Result<Self> {
        let dial = TcpStream::connect((address.host.as_str(), address.port));
        let stream = dial.await.map_err(|it| fault::connect(&it, address))?;
        // Commands are written together by us, so the system need not wait for more.
        stream
            .set_nodelay(true)
            .map_err(|it| fault::connect(&it, address))?;
        let local = stream.local_addr().ok();
        let stream: Box<dyn Stream> = match &address.tls {
            Some(trust) => Box::new(tls::wrap(stream, address, trust).await?),
            None => Box::new(stream),
        };
        Ok(Self {
            stream,
            input: Vec::new(),
            taken: 0,
            output: Vec::new(),
            owed: 0,
            received: 0,
            client: None,
            local,
            control: Arc::default(),
        })
    }

    async fn greet(
        &mut self,
        address: &Address,
        secret: Option<&Secret>,
        protocol: Protocol,
    ) -> Result<()> {
        let proves = secret.is_some() || address.user.is_some();
        if proves {
            let secret = secret.map_or("", Secret::reveal);
            match &address.user {
                Some(user) => self.push(&["AUTH", user, secret]),
                None => self.push(&["AUTH", secret]),
            }
        }
        if address.database > 0 {
            self.push(&["SELECT", &address.database.to_string()]);
        }
        self.push(&["CLIENT", "ID"]);
        self.push(&["CLIENT", "SETNAME", "parallax"]);
        if protocol == Protocol::Resp3 {
            self.push(&["HELLO", "3"]);
        }
        self.send().await?;
        // What was sent held the password.
        self.output = Vec::new();
        if proves {
            self.expect("log in").await?;
        }
        if address.database > 0 {
            self.expect("choose the database").await?;
        }
        self.introduce(protocol).await
    }

    /// A server that does not tell ids, or knows no RESP 3, serves as well; one that wants a password says so here.
    async fn introduce(&mut self, protocol: Protocol) -> Result<()> {
        let id = self.reply().await?;
        if let Reply::Error(text) = &id
            && !matches!(fault::code(text), "ERR" | "NOPERM")
        {
            return Err(fault::server(text, "connect"));
        }
        self.client = id.integer();
        self.reply().await?;
        if protocol == Protocol::Resp3 {
            self.reply().await?;
        }
        Ok(())
    }

    async fn expect(&mut self, operation: &'static str) -> Result<()> {
        match self.reply().await? {
            Reply::Error(text) => Err(fault::server(&text, operation)),
            _ => Ok(()),
        }
    }

    /// Adds a command to what is sent next.
    pub(super) fn push<A: AsRef<[u8]>>(&mut self, arguments: &[A]) {
        wire::write(&mut self.output, arguments);
        self.owed += 1;
    }

    /// Adds a command of so many arguments, each of which [`Link::argument`] adds.
    pub(super) fn begin(&mut self, arguments: usize) {
        wire::head(&mut self.output, arguments);
        self.owed += 1;
    }

    /// Adds an argument to the command begun.
    pub(super) fn argument(&mut self, argument: &[u8]) {
        wire::bulk_out(&mut self.output, argument);
    }

    /// Sends what was added. Reads meanwhile, so that neither side waits for the other to read.
    pub(super) async fn send(&mut self) -> Result<()> {
        let mut sent = 0;
        let sending = poll_fn(|context| self.poll_send(context, &mut sent)).await;
        self.output.clear();
        if self.output.capacity() > KEEP_BYTES {
            self.output = Vec::new();
        }
        sending.map_err(|it| self.lost(&it))
    }

    fn poll_send(&mut self, context: &mut Context<'_>, sent: &mut usize) -> Poll<io::Result<()>> {
        loop {
            let rest = self.output.get(*sent..).unwrap_or_default();
            if rest.is_empty() {
                return Pin::new(&mut self.stream).poll_flush(context);
            }
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => *sent += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => std::task::ready!(self.poll_fill(context))?,
            }
        }
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let begin = self.input.len();
        self.input.resize(begin + READ_BYTES, 0);
        let room = self.input.get_mut(begin..).unwrap_or_default();
        let mut room = ReadBuf::new(room);
        let filled = Pin::new(&mut self.stream).poll_read(context, &mut room);
        let count = room.filled().len();
        self.input.truncate(begin + count);
        self.received += count as u64;
        match filled {
            Poll::Ready(Ok(())) if count == 0 => {
                Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
            }
            other => other,
        }
    }

    /// The next reply, still in the buffer. The borrow ends before the next one is asked for.
    pub(super) async fn lend(&mut self) -> Result<Tokens<'_>> {
        let length = self.complete().await?;
        self.owed = self.owed.saturating_sub(1);
        let begin = self.taken;
        self.taken += length;
        Ok(Tokens::new(
            self.input.get(begin..self.taken).unwrap_or_default(),
        ))
    }

    /// The next reply as its own.
    pub(super) async fn reply(&mut self) -> Result<Reply> {
        self.lend().await?.reply()
    }

    /// The next reply; what the server refuses is an error.
    pub(super) async fn answer(&mut self, operation: &'static str) -> Result<Reply> {
        match self.reply().await? {
            Reply::Error(text) => Err(fault::server(&text, operation)),
            reply => Ok(reply),
        }
    }

    /// Sends one command and waits for its reply.
    pub(super) async fn ask<A: AsRef<[u8]>>(
        &mut self,
        arguments: &[A],
        operation: &'static str,
    ) -> Result<Reply> {
        self.push(arguments);
        self.send().await?;
        self.answer(operation).await
    }

    /// Reads until one whole reply stands in the buffer; gives its length.
    async fn complete(&mut self) -> Result<usize> {
        let mut finder = Finder::new();
        loop {
            let unread = self.input.get(self.taken..).unwrap_or_default();
            if let Some(length) = finder.end(unread)? {
                return Ok(length);
            }
            if unread.len().max(finder.seen()) > MAX_REPLY {
                return Err(too_long());
            }
            self.compact();
            self.fill_unless_stopped().await?;
        }
    }

    async fn fill_unless_stopped(&mut self) -> Result<()> {
        let control = Arc::clone(&self.control);
        tokio::select! {
            biased;
            () = control.stopped() => Err(fault::cancelled()),
            filled = self.fill() => filled.map_err(|it| self.lost(&it)),
        }
    }

    /// Why the connection broke off: a cancel ends it on the server too.
    fn lost(&self, error: &io::Error) -> Error {
        if self.control.is_stopped() {
            fault::cancelled()
        } else {
            fault::broke(error)
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.input.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.received += count as u64;
                Ok(())
            }
        }
    }

    /// Forgets what has been taken, once it is worth the copy of what has not.
    fn compact(&mut self) {
        let unread = self.input.len() - self.taken;
        if unread == 0 && self.input.capacity() > KEEP_BYTES {
            self.input = Vec::new();
        } else if unread <= self.taken {
            self.input.copy_within(self.taken.., 0);
            self.input.truncate(unread);
        } else {
            return;
        }
        self.taken = 0;
    }

    /// Bytes that have come since it was opened.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Whether another caller finds it as if it were new: nothing is owed, and the server has not closed it.
    pub(super) fn is_fresh(&mut self) -> bool {
        let read = self.taken == self.input.len();
        self.is_settled() && read && self.fill().now_or_never().is_none()
    }

    /// Whether the server owes no reply.
    pub(super) fn is_settled(&self) -> bool {
        self.owed == 0 && self.output.is_empty()
    }
}

fn too_long() -> Error {
    Error::new(ErrorKind::Unsupported, "read the server's reply")
        .because(format!("it is longer than {} MiB", MAX_REPLY >> 20))
        .hint("ask for less at a time: SCAN, HSCAN, SSCAN and ZSCAN, or LRANGE with an end")
}

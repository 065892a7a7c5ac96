//! Commands that give rows until they are stopped: subscriptions, and the server's own log.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Batch, Chunk, Column};
use parallax_core::value::Value;
use redis::Value as Reply;
use redis::aio::PubSub;
use redis::{Msg, ProtocolVersion, RedisResult};

use super::client::client;
use super::control::Control;
use super::fault;
use super::keys::text_or_bytes;
use super::link::in_time;
use super::pool::{Lease, Pool};
use super::readonly::Known;
use super::render::value;
use super::words::Command;

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Channels,
    Patterns,
    ShardChannels,
    /// Every command that the server runs.
    Commands,
}

impl Topic {
    /// What a command watches, if it does not end by itself.
    pub(super) fn of(known: &Known) -> Option<Self> {
        Some(match known.name.as_str() {
            "subscribe" => Self::Channels,
            "psubscribe" => Self::Patterns,
            "ssubscribe" => Self::ShardChannels,
            "monitor" => Self::Commands,
            _ => return None,
        })
    }

    fn columns(self) -> Arc<[Column]> {
        let names: &[&str] = match self {
            Self::Channels | Self::ShardChannels => &["channel", "message"],
            Self::Patterns => &["pattern", "channel", "message"],
            Self::Commands => &["command"],
        };
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            type_name: String::new(),
        };
        names.iter().map(column).collect()
    }
}

/// What is being watched, on a connection of its own, which is closed when this is dropped.
pub(super) struct Watch {
    columns: Arc<[Column]>,
    messages: BoxStream<'static, Vec<Value>>,
}

impl Watch {
    /// Begins to watch what `command` names; gives also what is shown before the first message.
    ///
    /// Fails with [`ErrorKind::Unsupported`] on the channels of a shard, which the driver knows only in a cluster.
    pub(super) async fn begin(
        lease: &mut Lease,
        topic: Topic,
        command: &Command,
    ) -> Result<(Self, Vec<Chunk>)> {
        let begun = match topic {
            Topic::Channels | Topic::Patterns => channels(lease.pool(), topic, command).await,
            Topic::ShardChannels => Err(Error::new(ErrorKind::Unsupported, "subscribe")
                .because("channels of a shard are read only through a cluster's own client")
                .hint("SUBSCRIBE reads the channels that are not of a shard")),
            Topic::Commands => commands(lease, command).await,
        };
        let (messages, notices) = begun?;
        let watch = Self {
            columns: topic.columns(),
            messages,
        };
        let head = Chunk::Rows(Batch {
            columns: Arc::clone(&watch.columns),
            rows: 0,
            cells: Vec::new(),
        });
        let notices = notices.into_iter().map(Chunk::Notice);
        Ok((watch, std::iter::once(head).chain(notices).collect()))
    }

    /// The next message; waits until there is one, the call is stopped or the connection breaks off.
    pub(super) async fn next(&mut self, control: &Control) -> Result<Chunk> {
        let message = tokio::select! {
            biased;
            () = control.stopped() => return Err(fault::cancelled()),
            message = self.messages.next() => message,
        };
        let cells = message.ok_or_else(fault::closed)?;
        Ok(Chunk::Rows(Batch {
            columns: Arc::clone(&self.columns),
            rows: 1,
            cells,
        }))
    }
}

type Begun = (BoxStream<'static, Vec<Value>>, Vec<String>);

async fn channels(pool: &Pool, topic: Topic, command: &Command) -> Result<Begun> {
    let names = command.words.get(1..).unwrap_or_default();
    let open = async {
        let server = client(&pool.address, pool.secret(), ProtocolVersion::RESP2).await?;
        let opened = server.get_async_pubsub().await;
        let mut connection = opened.map_err(|it| fault::connect(&it, &pool.address))?;
        let subscribed = subscribe(&mut connection, topic, names).await;
        subscribed.map_err(|it| fault::answered(&it, "subscribe"))?;
        Ok(connection)
    };
    let connection = in_time(&pool.address, open).await?;
    let what = command.upper(0).to_ascii_lowercase();
    let notice = |it: &Vec<u8>| format!("{what} {}", text_or_bytes(it));
    let messages = connection.into_on_message().map(|it| cells(&it)).boxed();
    Ok((messages, names.iter().map(notice).collect()))
}

async fn subscribe(connection: &mut PubSub, topic: Topic, names: &[Vec<u8>]) -> RedisResult<()> {
    match topic {
        Topic::Patterns => connection.psubscribe(names).await,
        _ => connection.subscribe(names).await,
    }
}

/// The pattern, where there is one, the channel, and what was said.
fn cells(message: &Msg) -> Vec<Value> {
    let bytes = |it: RedisResult<Vec<u8>>| it.map_or(Value::Null, |it| text_or_bytes(&it));
    let pattern = message
        .from_pattern()
        .then(|| bytes(message.get_pattern::<Vec<u8>>()));
    let channel = bytes(message.get_channel::<Vec<u8>>());
    let text = text_or_bytes(message.get_payload_bytes());
    pattern.into_iter().chain([channel, text]).collect()
}

async fn commands(lease: &mut Lease, command: &Command) -> Result<Begun> {
    // The driver does not tell whether it was refused, so it is asked for on our connection first, which is then of no
    // more use: a server that knows no RESET goes on sending there what nobody reads.
    lease.push(&command.words);
    lease.push(["RESET"]);
    lease.send().await?;
    lease.answer("watch the commands").await?;
    lease.reply().await?;
    let pool = lease.pool();
    let open = async {
        let server = client(&pool.address, pool.secret(), ProtocolVersion::RESP2).await?;
        let opened = server.get_async_monitor().await;
        opened.map_err(|it| fault::connect(&it, &pool.address))
    };
    let monitor = in_time(&pool.address, open).await?;
    let messages = monitor.into_on_message::<Reply>();
    let messages = messages.map(|it| vec![value(&it)]).boxed();
    let notice = "every command of the server follows".to_owned();
    Ok((messages, vec![notice]))
}

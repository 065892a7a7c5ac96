//! The stream of changes and its one consumer group.

use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Value};

use crate::clock::Micros;
use crate::database::json;
use crate::duo::entity::Entity;
use crate::duo::shop::{Outgoing, Unsent};
use crate::error::{Error, Result};
use crate::model::{Key, Kind};

/// The stream's key.
pub(crate) const STREAM: &str = "changes";

/// The group that applies its entries to the copies.
pub(crate) const GROUP: &str = "cache";

/// One entry, as the stream holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) key: Key,
    /// What was written; `None` for a deletion.
    pub(crate) entity: Option<Entity>,
    pub(crate) created_at: Micros,
}

/// An entry's number: milliseconds since 1970, by the stream's clock, and a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) millis: i64,
    pub(crate) count: i64,
}

impl Id {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let read = || {
            let (millis, count) = text.split_once('-')?;
            Some(Self {
                millis: millis.parse().ok()?,
                count: count.parse().ok()?,
            })
        };
        read().ok_or_else(|| Error::new(format!("no entry's id: {text:?}")))
    }

    pub(crate) fn text(self) -> String {
        format!("{}-{}", self.millis, self.count)
    }
}

/// Creates the stream and its group, empty.
pub(crate) fn create(pipe: &mut Pipeline) {
    pipe.cmd("DEL").arg(STREAM).ignore();
    pipe.cmd("XGROUP")
        .arg(&["CREATE", STREAM, GROUP, "0", "MKSTREAM"]);
    pipe.ignore();
}

/// Adds the command that adds a row of the outbox to the stream.
pub(crate) fn add(pipe: &mut Pipeline, row: &Unsent) {
    let payload = row.payload.as_deref().unwrap_or_default();
    pipe.cmd("XADD").arg(&[STREAM, "*"]);
    pipe.arg("aggregate").arg(row.key.kind().aggregate());
    pipe.arg("aggregate_id").arg(row.key.to_string());
    pipe.arg("op").arg(&row.op).arg("payload").arg(payload);
    pipe.arg("created_at").arg(row.created_at.to_string());
    pipe.ignore();
}

/// Adds the command that adds a change under a given number, `*` for the next.
pub(crate) fn add_as(pipe: &mut Pipeline, id: &str, row: &Outgoing) {
    let payload = row.payload.as_ref().map(json).unwrap_or_default();
    pipe.cmd("XADD").arg(&[STREAM, id]);
    pipe.arg("aggregate").arg(row.aggregate);
    pipe.arg("aggregate_id").arg(&row.aggregate_id);
    pipe.arg("op").arg(row.op.to_string());
    pipe.arg("payload").arg(payload);
    pipe.arg("created_at").arg(row.created_at.to_string());
    pipe.ignore();
}

/// What a server answers of entries: each with its fields, or without where it was deleted meanwhile.
type Raw = Vec<(String, Option<BTreeMap<String, String>>)>;

/// Reads entries that no consumer of the group has had.
pub(crate) async fn read(
    cache: &mut MultiplexedConnection,
    consumer: &str,
    count: usize,
) -> Result<Vec<Entry>> {
    let mut command = redis::cmd("XREADGROUP");
    command.arg(&["GROUP", GROUP, consumer, "COUNT"]).arg(count);
    let answer: Option<Vec<(String, Raw)>> = command
        .arg(&["STREAMS", STREAM, ">"])
        .query_async(cache)
        .await?;
    let streams = answer.unwrap_or_default().into_iter();
    parse(streams.flat_map(|(_, raw)| raw).collect())
}

/// Takes over every entry that some consumer has had and none has acknowledged, oldest first.
pub(crate) async fn claim(cache: &mut MultiplexedConnection, consumer: &str) -> Result<Vec<Entry>> {
    let mut claimed = Vec::new();
    let mut next = "0-0".to_owned();
    loop {
        let mut command = redis::cmd("XAUTOCLAIM");
        command.arg(&[STREAM, GROUP, consumer, "0", &next, "COUNT", "500"]);
        let (after, raw, _): (String, Raw, Vec<String>) = command.query_async(cache).await?;
        claimed.extend(parse(raw)?);
        if after == "0-0" {
            return Ok(claimed);
        }
        next = after;
    }
}

fn parse(raw: Raw) -> Result<Vec<Entry>> {
    let entries = raw.into_iter();
    let present = entries.filter_map(|(id, fields)| Some((id, fields?)));
    present
        .map(|(id, fields)| {
            entry(&id, &fields).map_err(|it| it.while_doing(format!("read entry {id}")))
        })
        .collect()
}

fn entry(id: &str, fields: &BTreeMap<String, String>) -> Result<Entry> {
    let field = |name: &str| {
        let found = fields.get(name).map(String::as_str);
        found.ok_or_else(|| Error::new(format!("it has no {name}")))
    };
    let kind = Kind::from_aggregate(field("aggregate")?)?;
    let payload = field("payload")?;
    let entity = (!payload.is_empty()).then(|| Entity::parse(kind, payload));
    Ok(Entry {
        id: Id::parse(id)?,
        key: Key::parse(kind, field("aggregate_id")?)?,
        entity: entity.transpose()?,
        created_at: field("created_at")?.parse()?,
    })
}

/// Acknowledges entries.
pub(crate) async fn acknowledge(
    cache: &mut MultiplexedConnection,
    entries: &[Entry],
) -> Result<()> {
    let ids: Vec<String> = entries.iter().map(|it| it.id.text()).collect();
    let mut command = redis::cmd("XACK");
    command.arg(&[STREAM, GROUP]).arg(ids);
    Ok(command.exec_async(cache).await?)
}

/// Drops entries that are older than `millis`, roughly.
pub(crate) async fn trim(cache: &mut MultiplexedConnection, millis: i64) -> Result<()> {
    let mut command = redis::cmd("XTRIM");
    command.arg(&[STREAM, "MINID", "~"]).arg(millis);
    Ok(command.exec_async(cache).await?)
}

/// What a server tells of a stream or a group, by name.
type Properties = BTreeMap<String, Value>;

/// Whether the group has had and acknowledged every entry.
pub(crate) async fn is_settled(cache: &mut MultiplexedConnection) -> Result<bool> {
    let mut pipe = redis::pipe();
    pipe.cmd("XINFO").arg(&["STREAM", STREAM]);
    pipe.cmd("XINFO").arg(&["GROUPS", STREAM]);
    let (stream, groups): (Properties, Vec<Properties>) = pipe.query_async(cache).await?;
    let group = groups
        .into_iter()
        .find(|it| text(it, "name").as_deref() == Some(GROUP));
    let Some(group) = group else {
        return Err(Error::new(format!("the stream has no group {GROUP:?}")));
    };
    let is_acknowledged = group.get("pending") == Some(&Value::Int(0));
    Ok(is_acknowledged && text(&group, "last-delivered-id") == text(&stream, "last-generated-id"))
}

fn text(properties: &Properties, name: &str) -> Option<String> {
    redis::from_redis_value(properties.get(name)?.clone()).ok()
}

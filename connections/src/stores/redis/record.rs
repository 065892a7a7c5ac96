//! One key's value as a record, whatever its type.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::Fields;
use parallax_core::value::{Key, Record, Value};
use redis::Value as Reply;

use super::fault;
use super::keys::text_or_bytes;
use super::link::Link;
use super::reply::ReplyExt as _;

pub(super) const OPERATION: &str = "read records by key";

/// The most items of a list, a set, a sorted set or a stream that are read as one value.
const MAX_ITEMS: usize = 10_000;

/// The type of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    String,
    Hash,
    List,
    Set,
    SortedSet,
    Stream,
    /// A document of a module.
    Json,
}

impl Kind {
    /// The type by the name that `TYPE` answers.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "hash" => Self::Hash,
            "list" => Self::List,
            "set" => Self::Set,
            "zset" => Self::SortedSet,
            "stream" => Self::Stream,
            "ReJSON-RL" => Self::Json,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Hash => "hash",
            Self::List => "list",
            Self::Set => "set",
            Self::SortedSet => "zset",
            Self::Stream => "stream",
            Self::Json => "ReJSON-RL",
        }
    }
}

/// What is wanted of a hash: all fields, or these.
#[derive(Clone, Debug)]
pub(super) struct Wanted(Option<Vec<Vec<u8>>>);

impl Wanted {
    pub(super) fn of(fields: &Fields) -> Self {
        let Fields::Listed(paths) = fields else {
            return Self(None);
        };
        let mut names: Vec<Vec<u8>> = Vec::new();
        for path in paths.iter().filter(|it| !it.is_meta()) {
            let name = path.first().as_bytes();
            if !names.iter().any(|it| it == name) {
                names.push(name.to_vec());
            }
        }
        Self(Some(names))
    }

    /// The commands that read the value of `key`, all but its time to live.
    pub(super) fn commands(&self, kind: Kind, key: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let last = (MAX_ITEMS - 1).to_string();
        let most = MAX_ITEMS.to_string();
        let command = |words: &[&str]| -> Vec<Vec<u8>> {
            let mut words: Vec<Vec<u8>> = words.iter().map(|it| it.as_bytes().to_vec()).collect();
            words.insert(1, key.to_vec());
            words
        };
        match (kind, &self.0) {
            (Kind::String, _) => vec![command(&["GET"])],
            (Kind::Hash, None) => vec![command(&["HGETALL"])],
            (Kind::Hash, Some(names)) if names.is_empty() => vec![command(&["EXISTS"])],
            (Kind::Hash, Some(names)) => {
                let mut words = command(&["HMGET"]);
                words.extend(names.iter().cloned());
                vec![words]
            }
            (Kind::List, _) => vec![command(&["LLEN"]), command(&["LRANGE", "0", &last])],
            // More than there are gives them all, and more than we take gives no more than that.
            (Kind::Set, _) => vec![command(&["SCARD"]), command(&["SRANDMEMBER", &most])],
            (Kind::SortedSet, _) => vec![
                command(&["ZCARD"]),
                command(&["ZRANGE", "0", &last, "WITHSCORES"]),
            ],
            (Kind::Stream, _) => vec![
                command(&["XLEN"]),
                command(&["XRANGE", "-", "+", "COUNT", &most]),
            ],
            (Kind::Json, _) => vec![command(&["JSON.GET"])],
        }
    }

    /// Asks for the value and the time to live of `key`.
    pub(super) fn ask(&self, link: &mut Link, kind: Kind, key: &[u8]) {
        for command in self.commands(kind, key) {
            link.push(command);
        }
        link.push([b"PTTL".as_slice(), key]);
    }

    /// Reads what [`Wanted::ask`] asked for; `None` where the key is gone. The outer error ends the connection.
    pub(super) async fn answer(
        &self,
        link: &mut Link,
        kind: Kind,
    ) -> Result<Result<Option<Found>>> {
        let mut replies = Vec::new();
        for _ in self.commands(kind, b"") {
            replies.push(link.reply().await?);
        }
        let ttl = link.reply().await?;
        Ok(self.found(kind, replies, &ttl))
    }

    fn found(&self, kind: Kind, replies: Vec<Reply>, ttl: &Reply) -> Result<Option<Found>> {
        let mut replies = replies.into_iter();
        let mut next = || replies.next().unwrap_or(Reply::Nil);
        let contents = match kind {
            Kind::Hash => hash(self.0.as_deref(), &next())?,
            Kind::String | Kind::Json => string(&next())?,
            Kind::List | Kind::Set | Kind::SortedSet | Kind::Stream => {
                collection(kind, &next(), &next())?
            }
        };
        let ttl = accepted(ttl)?.integer();
        Ok(contents.filter(|_| ttl != Some(-2)).map(|contents| Found {
            kind,
            ttl: ttl.filter(|it| *it >= 0),
            contents,
        }))
    }
}

fn accepted(reply: &Reply) -> Result<&Reply> {
    match reply {
        Reply::ServerError(error) => Err(fault::refused(error, OPERATION)),
        reply => Ok(reply),
    }
}

/// What a key holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    kind: Kind,
    /// Milliseconds that it has left, if it does not stay.
    ttl: Option<i64>,
    contents: Contents,
}

#[derive(Clone, Debug, PartialEq)]
enum Contents {
    /// Named members, which are the record's fields.
    Fields(Vec<(String, Value)>),
    /// Anything else: `@value`.
    Plain(Value),
}

impl Found {
    /// The record under `key`, which stands in the store as `raw`.
    pub(super) fn record(self, key: Key, raw: &[u8]) -> Record {
        let mut meta = vec![
            ("@key".to_owned(), text_or_bytes(raw)),
            ("@type".to_owned(), Value::from(self.kind.name())),
            (
                "@ttl_ms".to_owned(),
                self.ttl.map_or(Value::Null, Value::I64),
            ),
        ];
        let body = match self.contents {
            Contents::Fields(fields) => fields,
            Contents::Plain(value) => {
                meta.push(("@value".to_owned(), value));
                Vec::new()
            }
        };
        Record {
            key,
            body: Value::Map(body),
            meta,
        }
    }
}

fn hash(names: Option<&[Vec<u8>]>, reply: &Reply) -> Result<Option<Contents>> {
    accepted(reply)?;
    let Some(names) = names else {
        let fields: Vec<(String, Value)> = reply
            .pairs()
            .into_iter()
            .filter_map(|(name, value)| {
                Some((name_of(name.bytes()?), text_or_bytes(value.bytes()?)))
            })
            .collect();
        return Ok((!fields.is_empty()).then_some(Contents::Fields(fields)));
    };
    if names.is_empty() {
        return Ok((*reply == Reply::Int(1)).then(|| Contents::Fields(Vec::new())));
    }
    let cells = names.iter().zip(reply.items());
    let fields = cells.filter_map(|(name, it)| Some((name_of(name), text_or_bytes(it.bytes()?))));
    Ok(Some(Contents::Fields(fields.collect())))
}

/// A name as text; bytes that are none are escaped, for a record's fields have names.
pub(super) fn name_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

fn string(reply: &Reply) -> Result<Option<Contents>> {
    accepted(reply)?;
    let Some(bytes) = reply.bytes() else {
        return Ok(None);
    };
    Ok(Some(match value_of(bytes)? {
        Value::Map(members) => Contents::Fields(members),
        other => Contents::Plain(other),
    }))
}

/// What begins like a JSON object must be one; a list is one if it can be read; anything else is as stored.
pub(super) fn value_of(bytes: &[u8]) -> Result<Value> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(Value::Bytes(bytes.to_vec()));
    };
    let stored = || Value::Text(text.to_owned());
    match text.trim_start().as_bytes().first() {
        Some(b'{') => Value::from_json(text),
        Some(b'[') => Ok(Value::from_json(text).unwrap_or_else(|_| stored())),
        _ => Ok(stored()),
    }
}

fn collection(kind: Kind, count: &Reply, items: &Reply) -> Result<Option<Contents>> {
    let count = accepted(count)?.integer().unwrap_or_default();
    let items = accepted(items)?;
    if usize::try_from(count).is_ok_and(|it| it > MAX_ITEMS) {
        let why = format!("it has {count} items, and at most {MAX_ITEMS} are read as one value");
        return Err(Error::new(ErrorKind::Unsupported, OPERATION)
            .because(why)
            .hint("type a command that reads a part of it"));
    }
    if items.items().is_empty() {
        return Ok(None);
    }
    let each = items.items().iter();
    let plain = |it: &Reply| it.bytes().map(text_or_bytes);
    let values: Vec<Value> = match kind {
        Kind::SortedSet => items.items().chunks_exact(2).filter_map(scored).collect(),
        Kind::Stream => each.filter_map(entry).collect(),
        Kind::Set => sorted(each.filter_map(|it| it.bytes()).collect()),
        _ => each.filter_map(plain).collect(),
    };
    Ok(Some(Contents::Plain(Value::List(values))))
}

/// Sets come in any order, so that of their bytes is taken.
fn sorted(mut members: Vec<&[u8]>) -> Vec<Value> {
    members.sort_unstable();
    members.into_iter().map(text_or_bytes).collect()
}

fn scored(pair: &[Reply]) -> Option<Value> {
    let member = text_or_bytes(pair.first()?.bytes()?);
    Some(Value::List(vec![member, number(pair.get(1)?.text()?)]))
}

/// A score is a double; the digits that the server writes give the same one back.
pub(super) fn number(text: &str) -> Value {
    text.parse()
        .map_or_else(|_| Value::Text(text.to_owned()), Value::F64)
}

/// One entry of a stream: its id and its fields.
fn entry(reply: &Reply) -> Option<Value> {
    let (id, fields) = (reply.items().first()?, reply.items().get(1)?);
    Some(Value::Map(vec![
        ("id".to_owned(), text_or_bytes(id.bytes()?)),
        ("fields".to_owned(), fields_of(fields)),
    ]))
}

/// Names and values as a map.
pub(super) fn fields_of(reply: &Reply) -> Value {
    let pairs = reply.pairs().into_iter();
    let member = |(name, value): (&Reply, &Reply)| {
        Some((name_of(name.bytes()?), text_or_bytes(value.bytes()?)))
    };
    Value::Map(pairs.filter_map(member).collect())
}

//! Many records by key: the types and values of all keys in one round trip, or in two where a type is not known yet.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Fields, Projection};
use parallax_core::value::{Key, Record};
use redis::Value as Reply;

use super::fault;
use super::keys::Keys;
use super::pool::Lease;
use super::record::{Found, Kind, OPERATION, Wanted};
use super::reply::ReplyExt as _;
use super::words;

/// Keys in one round trip, so that neither side holds too much.
const KEYS_AT_ONCE: usize = 500;

/// What was found for each key, and the statement that found it.
pub(super) struct Lookup {
    pub(super) found: Vec<Result<Option<Record>>>,
    pub(super) statement: String,
}

pub(super) async fn get(
    lease: &mut Lease,
    keys: &Keys,
    asked: &[Key],
    projection: &Projection,
) -> Result<Lookup> {
    no_filter(projection)?;
    let filled: Vec<Result<Vec<u8>>> = asked
        .iter()
        .map(|it| keys.fill(it, &projection.key))
        .collect();
    let raw: Vec<&[u8]> = filled.iter().flatten().map(Vec::as_slice).collect();
    let mut read = Reader::new(keys, &projection.fields);
    let mut values = read.all(lease, &raw).await?.into_iter();
    let found = asked.iter().zip(&filled).map(|(key, raw)| {
        let raw = raw.as_ref().map_err(Clone::clone)?;
        let value = values.next().unwrap_or(Ok(None))?;
        Ok(value.map(|it| it.record(key.clone(), raw)))
    });
    let found = found.collect();
    Ok(Lookup {
        found,
        statement: read.statement(keys),
    })
}

/// There is no language in which a condition on keys and values could be written.
pub(super) fn no_filter(projection: &Projection) -> Result<()> {
    match &projection.filter {
        None => Ok(()),
        Some(_) => Err(Error::new(ErrorKind::InvalidInput, "limit the dataset")
            .because("this store knows no conditions")
            .hint("take `where` out, or put the condition into the key pattern")),
    }
}

type Value = Result<Option<Found>>;

/// Reads the values of keys.
pub(super) struct Reader<'k> {
    keys: &'k Keys,
    wanted: Wanted,
    kinds: Vec<Kind>,
}

impl<'k> Reader<'k> {
    pub(super) fn new(keys: &'k Keys, fields: &Fields) -> Self {
        Self {
            keys,
            wanted: Wanted::of(fields),
            kinds: Vec::new(),
        }
    }

    /// The values of these keys, in order.
    pub(super) async fn all(&mut self, lease: &mut Lease, raw: &[&[u8]]) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(raw.len());
        for chunk in raw.chunks(KEYS_AT_ONCE) {
            self.chunk(lease, chunk, &mut values).await?;
        }
        if let Some(kind) = self.kinds.last() {
            lease.pool().remember(&self.keys.dataset.name, *kind);
        }
        Ok(values)
    }

    async fn chunk(
        &mut self,
        lease: &mut Lease,
        raw: &[&[u8]],
        values: &mut Vec<Value>,
    ) -> Result<()> {
        let first = values.len();
        let guess = lease.pool().kind(&self.keys.dataset.name);
        for key in raw {
            lease.push([b"TYPE".as_slice(), key]);
            if let Some(kind) = guess {
                self.wanted.ask(lease, kind, key);
            }
        }
        lease.send().await?;
        let mut open = Vec::new();
        for (at, key) in raw.iter().enumerate() {
            match self.first(lease, guess).await? {
                First::Done(value) => values.push(value),
                First::OfKind(kind) => {
                    open.push((first + at, *key, kind));
                    values.push(Ok(None));
                }
            }
        }
        self.second(lease, &open, values).await
    }

    async fn first(&mut self, lease: &mut Lease, guess: Option<Kind>) -> Result<First> {
        let kind = kind(&lease.reply().await?);
        let guessed = match guess {
            Some(guess) => Some((guess, self.wanted.answer(lease, guess).await?)),
            None => None,
        };
        Ok(match (kind, guessed) {
            (Err(error), _) => First::Done(Err(error)),
            (Ok(None), _) => First::Done(Ok(None)),
            (Ok(Some(kind)), Some((guess, value))) if kind == guess => {
                self.note(kind);
                First::Done(value)
            }
            (Ok(Some(kind)), _) => First::OfKind(kind),
        })
    }

    async fn second(
        &mut self,
        lease: &mut Lease,
        open: &[(usize, &[u8], Kind)],
        values: &mut [Value],
    ) -> Result<()> {
        for (_, key, kind) in open {
            self.wanted.ask(lease, *kind, key);
        }
        lease.send().await?;
        for (at, _, kind) in open {
            let value = self.wanted.answer(lease, *kind).await?;
            self.note(*kind);
            if let Some(place) = values.get_mut(*at) {
                *place = value;
            }
        }
        Ok(())
    }

    fn note(&mut self, kind: Kind) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    /// The commands as they were sent for each key, whose parts are parameters.
    fn statement(&self, keys: &Keys) -> String {
        let key = keys.template();
        let mut lines = vec![words::line(&[b"TYPE".as_slice(), &key])];
        for kind in &self.kinds {
            let commands = self.wanted.commands(*kind, &key);
            lines.extend(commands.iter().map(|it| words::line(it)));
        }
        lines.push(words::line(&[b"PTTL".as_slice(), &key]));
        lines.join("\n")
    }
}

enum First {
    Done(Value),
    /// The value has still to be read.
    OfKind(Kind),
}

/// The type of a key; `None` where there is no such key.
fn kind(reply: &Reply) -> Result<Option<Kind>> {
    match reply {
        Reply::ServerError(error) => Err(fault::refused(error, OPERATION)),
        reply => match reply.text().unwrap_or_default() {
            "none" => Ok(None),
            name => Kind::named(name).map(Some).ok_or_else(|| {
                Error::new(ErrorKind::Unsupported, OPERATION)
                    .because(format!("it holds a value of the type {name:?}"))
                    .hint("type a command that reads this type")
            }),
        },
    }
}

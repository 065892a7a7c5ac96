//! Many records by key, in one round trip.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::bson::{Bson, Document, RawDocument, doc};
use mongodb::raw_batch_cursor::RawBatch;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::lag::Frontier;
use parallax_core::value::{Key, Record, Timestamp, Value};

use super::products::Known;
use super::records::{Reader, any_of, texts};
use super::rows::{array, documents_of};
use super::session::Session;
use super::types;

const OPERATION: &str = "read records by key";

/// Keys in one round trip.
const KEYS_AT_ONCE: usize = 1_000;

/// The most documents of one answer; the server ends it at 16 MiB.
const BATCH: u32 = 10_000;

/// What was found for each key, the statement that found it, and where the server stood.
pub(super) struct Lookup {
    pub(super) found: Vec<Result<Option<Record>>>,
    pub(super) statement: String,
    pub(super) position: Option<Frontier>,
}

pub(super) async fn get(session: &Arc<Session>, reader: &Reader, keys: &[Key]) -> Result<Lookup> {
    let takes_decimals = session.known().is_none_or(Known::has_decimals);
    let mut lookup = Lookup {
        found: keys.iter().map(|_| Ok(None)).collect(),
        statement: statement(reader),
        position: None,
    };
    for (nth, chunk) in keys.chunks(KEYS_AT_ONCE).enumerate() {
        let mut asked = Asked::new(nth * KEYS_AT_ONCE, chunk);
        let mut conditions = Vec::new();
        for key in chunk {
            conditions.extend(reader.of_key(key, takes_decimals).transpose()?);
        }
        if conditions.is_empty() {
            continue;
        }
        let mut command = reader.find(joined(conditions));
        let batch = session.batch(&reader.namespace, BATCH).await;
        command.insert("batchSize", i64::from(batch));
        let database = &reader.namespace.database;
        let mut cursor = session.cursor(database, &command, batch, OPERATION).await?;
        while let Some(batch) = cursor.next().await? {
            lookup.position = lookup.position.or_else(|| position(&batch));
            let documents = array(&batch)?;
            for document in documents_of(documents) {
                asked.keep(reader, document?, &mut lookup.found);
            }
        }
    }
    Ok(lookup)
}

/// One condition for all: a list of values where each key is one field, else one key or another.
fn joined(mut conditions: Vec<Document>) -> Document {
    if conditions.len() == 1 {
        return conditions.pop().unwrap_or_default();
    }
    let is_single = conditions.iter().all(|it| it.len() == 1);
    let name = conditions.first().and_then(|it| it.keys().next().cloned());
    if let (true, Some(name)) = (is_single, name) {
        let all = conditions.iter().flat_map(|it| values(it.get(&name)));
        let any = any_of(all.collect());
        return doc! { name: any };
    }
    doc! { "$or": conditions }
}

/// The values that a condition of one field lists.
fn values(condition: Option<&Bson>) -> Vec<Bson> {
    let condition = condition.and_then(Bson::as_document);
    let Some((_, value)) = condition.and_then(|it| it.iter().next()) else {
        return Vec::new();
    };
    match value {
        Bson::Array(all) => all.clone(),
        one => vec![one.clone()],
    }
}

/// The keys of one round trip, by their texts.
struct Asked<'k> {
    keys: &'k [Key],
    /// The place of the first among all keys.
    first: usize,
    places: HashMap<Vec<String>, Vec<usize>>,
}

impl<'k> Asked<'k> {
    fn new(first: usize, keys: &'k [Key]) -> Self {
        let mut places: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
        for (at, key) in keys.iter().enumerate() {
            for text in spellings(key) {
                places.entry(text).or_default().push(at);
            }
        }
        Self {
            keys,
            first,
            places,
        }
    }

    /// Puts a record at the places of its key; a second one under the same key is an error.
    fn keep(
        &mut self,
        reader: &Reader,
        document: &RawDocument,
        found: &mut [Result<Option<Record>>],
    ) {
        let read = reader.record(document);
        let key = match &read {
            Ok(record) => Some(record.key.clone()),
            // What can be read of it may still say whose record it is.
            Err(_) => key_of(reader, document),
        };
        let mut places: Vec<usize> = key
            .iter()
            .flat_map(spellings)
            .filter_map(|it| self.places.get(&it))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        for at in places {
            let (Some(key), Some(slot)) = (self.keys.get(at), found.get_mut(self.first + at))
            else {
                continue;
            };
            *slot = match slot {
                Ok(None) => read.clone().map(|it| {
                    Some(Record {
                        key: key.clone(),
                        ..it
                    })
                }),
                _ => Err(ambiguous(key)),
            };
        }
    }
}

/// The key of a document that is broken elsewhere.
fn key_of(reader: &Reader, document: &RawDocument) -> Option<Key> {
    let mut parts = Vec::new();
    for path in &reader.key {
        let raw = document.get(path.first()).ok()??;
        let inside = path.segments().get(1..).unwrap_or_default();
        let raw = super::places::follow(raw, inside).ok()??;
        parts.push(types::value(raw, 0).ok()?);
    }
    Some(Key::new(parts))
}

/// Every way in which the texts of the parts can be joined.
fn spellings(key: &Key) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for part in key.parts() {
        let texts = texts(part);
        all = all
            .into_iter()
            .flat_map(|before: Vec<String>| {
                texts.iter().map(move |it| {
                    let mut joined = before.clone();
                    joined.push(it.clone());
                    joined
                })
            })
            .collect();
    }
    all
}

fn ambiguous(key: &Key) -> Error {
    Error::new(
        ErrorKind::Unreadable,
        format!("read the record {:?}", key.to_string()),
    )
    .because("several documents answer to this key")
    .hint("is the key a unique one? the number 42 and the text \"42\" are one key here, and two to the server")
}

/// How far the server had come, where it tells: every change of an earlier second is visible.
fn position(batch: &RawBatch) -> Option<Frontier> {
    let time = batch
        .as_raw_document()
        .get_timestamp("operationTime")
        .ok()?;
    Some(Frontier {
        position: Some(format!("Timestamp({}, {})", time.time, time.increment)),
        time: Timestamp::from_second(time.time.into()).ok(),
    })
}

/// The statement, with parameters in the place of the key's parts.
fn statement(reader: &Reader) -> String {
    let named: Vec<String> = reader
        .key
        .iter()
        .zip(&reader.names)
        .map(|(path, name)| format!("{}: {{{{{name}}}}}", quoted(&path.segments().join("."))))
        .collect();
    let condition = format!("{{ {} }}", named.join(", "));
    let filter = match reader.filter() {
        Some(filter) => format!("{{ $and: [{filter}, {condition}] }}"),
        None => condition,
    };
    let projection = reader
        .projection
        .as_ref()
        .map_or_else(String::new, |it| format!(", {it}"));
    let collection = quoted(&reader.namespace.collection);
    format!("db.getCollection({collection}).find({filter}{projection})")
}

/// Text between quotes.
fn quoted(text: &str) -> String {
    let listed = Value::List(vec![Value::from(text)]).to_string();
    let inside = listed.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    inside.unwrap_or_default().to_owned()
}

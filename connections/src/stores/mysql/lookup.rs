//! Many records by key, in one round trip.
//!
//! A text key is compared by its column's collation, which takes `ann`, `ANN` and `ann ` for the same, so that an index
//! serves. Which of the rows that come back is asked for, is decided here, by the value itself.

use std::collections::HashMap;

use parallax_core::canonical;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::lag::Frontier;
use parallax_core::value::{Key, Record, Value};

use super::lease::Lease;
use super::link::Row;
use super::literal::typed;
use super::records::Reader;

const OPERATION: &str = "read records by key";

/// Keys in one statement: with a thousand, some servers make a table of them first.
const KEYS_PER_STATEMENT: usize = 900;

/// About the most bytes of keys in one round trip: a server may take a megabyte and no more.
const BYTES_AT_ONCE: usize = 768 * 1024;

/// What was found for each key, the statement that found it, and where the server stood before.
pub(super) struct Lookup {
    pub(super) found: Vec<Result<Option<Record>>>,
    pub(super) statement: String,
    pub(super) position: Option<Frontier>,
}

/// Where each key that was asked for has its place, by the meaning of its parts.
type Places = HashMap<Vec<u8>, Vec<usize>>;

pub(super) async fn get(lease: &mut Lease, reader: &Reader, keys: &[Key]) -> Result<Lookup> {
    let mut lookup = Lookup {
        found: keys.iter().map(|_| Ok(None)).collect(),
        statement: statement(reader, &[placeholders(reader)]),
        position: None,
    };
    let (asked, places) = asked(reader, keys);
    let mut rest = asked.as_slice();
    // Read first, so that the rows are at least as new.
    let mut position = position(lease);
    loop {
        let (now, later) = rest.split_at(at_once(rest));
        rest = later;
        let selects = now
            .chunks(KEYS_PER_STATEMENT)
            .map(|it| statement(reader, it));
        let statements: Vec<String> = position
            .map(ToOwned::to_owned)
            .into_iter()
            .chain(selects)
            .collect();
        if statements.is_empty() {
            return Ok(lookup);
        }
        let mut answers = lease.all(&statements, OPERATION).await?.into_iter();
        if position.take().is_some() {
            lookup.position = answers.next().and_then(|it| frontier(it.rows.first()?));
        }
        for answer in answers {
            keep(
                reader,
                keys,
                &places,
                reader.records(&answer),
                &mut lookup.found,
            );
        }
        if rest.is_empty() {
            return Ok(lookup);
        }
    }
}

/// A server that keeps no log has no position.
fn frontier(row: &Row) -> Option<Frontier> {
    let position = row.text(0).filter(|it| !it.is_empty())?;
    Some(Frontier {
        position: Some(position.to_owned()),
        time: None,
    })
}

/// How many of the keys are asked for in one go.
fn at_once(keys: &[String]) -> usize {
    let mut bytes = 0;
    let fits = |it: &&String| {
        bytes += it.len() + 2;
        bytes <= BYTES_AT_ONCE
    };
    keys.iter().take_while(fits).count().max(1).min(keys.len())
}

/// Where the server stands: the transactions that it has applied. `None` where it is not known how it tells.
fn position(lease: &Lease) -> Option<&'static str> {
    let server = lease.server()?;
    match server.product().0 {
        "MariaDB" => Some("SELECT @@gtid_current_pos"),
        "MySQL" | "Percona Server" => Some("SELECT @@global.gtid_executed"),
        _ => None,
    }
}

/// The keys that can be in the dataset, as the server reads them, and where each has its place.
fn asked(reader: &Reader, keys: &[Key]) -> (Vec<String>, Places) {
    let mut asked = Vec::new();
    let mut places = Places::new();
    for (at, key) in keys.iter().enumerate() {
        if let Some((text, meaning)) = spelled(reader, key) {
            let same = places.entry(meaning).or_default();
            if same.is_empty() {
                asked.push(text);
            }
            same.push(at);
        }
    }
    (asked, places)
}

/// A key in SQL and by its meaning; `None` where one of its parts cannot be a value of its column.
fn spelled(reader: &Reader, key: &Key) -> Option<(String, Vec<u8>)> {
    if reader.key.is_empty() || reader.key.len() != key.parts().len() {
        return None;
    }
    let mut texts = Vec::new();
    let mut meaning = Vec::new();
    for (operand, part) in reader.key.iter().zip(key.parts()) {
        let value = typed(operand.kind, part)?;
        texts.push(operand.literal(&value)?);
        canonical::encode(Some(&value), &mut meaning);
    }
    Some((in_parentheses(&texts), meaning))
}

fn in_parentheses(texts: &[String]) -> String {
    match texts {
        [one] => one.clone(),
        many => format!("({})", many.join(", ")),
    }
}

fn placeholders(reader: &Reader) -> String {
    in_parentheses(&vec!["?".to_owned(); reader.key.len()])
}

fn statement(reader: &Reader, keys: &[String]) -> String {
    let columns: Vec<String> = reader.key.iter().map(|it| it.sql.clone()).collect();
    format!(
        "{} AND {} IN ({})",
        reader.select(),
        in_parentheses(&columns),
        keys.join(", ")
    )
}

/// Puts each record at the places of its key; what only the collation takes for the key is left out.
fn keep(
    reader: &Reader,
    keys: &[Key],
    places: &Places,
    records: Vec<Record>,
    found: &mut [Result<Option<Record>>],
) {
    for record in records {
        let mut meaning = Vec::new();
        for (operand, part) in reader.key.iter().zip(record.key.parts()) {
            canonical::encode(Some(&of_column(operand.kind, part)), &mut meaning);
        }
        for place in places.get(&meaning).into_iter().flatten() {
            let (Some(key), Some(slot)) = (keys.get(*place), found.get_mut(*place)) else {
                continue;
            };
            *slot = match slot {
                Ok(None) => Ok(Some(Record {
                    key: key.clone(),
                    ..record.clone()
                })),
                _ => Err(ambiguous(key)),
            };
        }
    }
}

/// A key's part as it was asked for, had it been asked for.
fn of_column(kind: super::types::Kind, part: &Value) -> Value {
    typed(kind, part).unwrap_or_else(|| part.clone())
}

fn ambiguous(key: &Key) -> Error {
    Error::new(
        ErrorKind::Unreadable,
        format!("read the record {:?}", key.to_string()),
    )
    .because("several records have this key")
}

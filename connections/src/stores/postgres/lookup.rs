//! Many records by key, in one statement.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::lag::Frontier;
use parallax_core::value::{Key, Record};

use super::fault::Failure;
use super::lease::{Lease, Sql};
use super::link::{Answer, Row};
use super::literal::to_array;
use super::pool::Known;
use super::records::Reader;

const OPERATION: &str = "read records by key";

/// Keys in one statement.
const KEYS_PER_STATEMENT: usize = 5_000;

/// Statements in one round trip, where each key has its own.
const STATEMENTS_AT_ONCE: usize = 64;

/// Where the server stands: on a standby, how far it has applied what it receives.
const POSITION: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
    CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() END";

/// What was found for each key, the statement that found it, and where the server stood before.
pub(super) struct Lookup {
    pub(super) found: Vec<Result<Option<Record>>>,
    pub(super) statement: String,
    pub(super) position: Option<Frontier>,
}

/// The keys that can be in the dataset: the place of each, and the texts of its parts.
type Asked = Vec<(usize, Vec<String>)>;

pub(super) async fn get(lease: &mut Lease, reader: &Reader, keys: &[Key]) -> Result<Lookup> {
    let mut lookup = Lookup {
        found: keys.iter().map(|_| Ok(None)).collect(),
        statement: statement(reader, &[]).text,
        position: None,
    };
    let asked: Asked = keys
        .iter()
        .enumerate()
        .filter_map(|(at, key)| Some((at, texts(reader, key)?)))
        .collect();
    for chunk in asked.chunks(KEYS_PER_STATEMENT) {
        let sql = statement(reader, chunk);
        let (position, answer) = ask(lease, &sql, lookup.position.is_none()).await?;
        lookup.position = lookup.position.or(position);
        match answer {
            Ok(answer) => keep(lease, reader, keys, chunk, &answer, &mut lookup.found).await?,
            // One of the keys is none of the column's type: asked alone, it is simply not there.
            Err(failure) if is_no_value(&failure) => {
                one_by_one(lease, reader, keys, chunk, &mut lookup.found).await?;
            }
            Err(failure) => return Err(lease.fail(&failure, OPERATION, None)),
        }
    }
    Ok(lookup)
}

/// The texts of a key's parts; `None` where one of them cannot be a value of its column.
fn texts(reader: &Reader, key: &Key) -> Option<Vec<String>> {
    if reader.key.is_empty() || reader.key.len() != key.parts().len() {
        return None;
    }
    let parts = reader.key.iter().zip(key.parts());
    parts.map(|(operand, part)| operand.text(part)).collect()
}

/// Joins the keys, with their places, to the table.
fn statement(reader: &Reader, asked: &[(usize, Vec<String>)]) -> Sql {
    let mut sql = Sql::default();
    let (mut arrays, mut names, mut on) = (Vec::new(), Vec::new(), Vec::new());
    for (nth, operand) in reader.key.iter().enumerate() {
        let column = asked.iter().map(|(_, it)| it.get(nth).map(String::as_str));
        let mark = sql.bind(0, to_array(column));
        arrays.push(format!("{mark}::{}[]", operand.cast()));
        names.push(format!("k{}", nth + 1));
        on.push(format!("{} = k.k{}", operand.sql, nth + 1));
    }
    sql.push(&format!(
        "SELECT k.n, {} FROM unnest({}) WITH ORDINALITY AS k ({}, n) JOIN {} AS t ON {}{}",
        reader.list().join(", "),
        arrays.join(", "),
        names.join(", "),
        reader.table.sql(),
        on.join(" AND "),
        reader.limits(),
    ));
    sql
}

/// The answer, and the position where it is wanted and can be had: read first, so that the rows are at least as new.
async fn ask(
    lease: &mut Lease,
    sql: &Sql,
    wants_position: bool,
) -> Result<(Option<Frontier>, Result<Answer, Failure>)> {
    let is_original = lease
        .server()
        .is_some_and(|it: std::sync::Arc<Known>| it.is_original() && it.major() >= 10);
    let position = Sql::new(POSITION);
    let mut statements = vec![sql];
    if wants_position && is_original {
        statements.insert(0, &position);
    }
    let answers = lease.each(&statements).await;
    let mut answers = answers.map_err(|it| lease.fail(&it, OPERATION, None))?;
    let answer = answers.pop().unwrap_or(Err(Failure::Gone));
    let position = answers.pop().and_then(Result::ok);
    let frontier = position.and_then(|it| it.rows.first().and_then(frontier));
    Ok((frontier, answer))
}

fn frontier(row: &Row) -> Option<Frontier> {
    Some(Frontier {
        position: Some(row.text(0)?.to_owned()),
        time: row.text(1).and_then(|it| it.parse().ok()),
    })
}

fn is_no_value(failure: &Failure) -> bool {
    let code = failure.code();
    code.starts_with("22") || code == "23514"
}

async fn one_by_one(
    lease: &mut Lease,
    reader: &Reader,
    keys: &[Key],
    asked: &[(usize, Vec<String>)],
    found: &mut [Result<Option<Record>>],
) -> Result<()> {
    for chunk in asked.chunks(STATEMENTS_AT_ONCE) {
        let statements: Vec<Sql> = chunk
            .iter()
            .map(|it| statement(reader, std::slice::from_ref(it)))
            .collect();
        let statements: Vec<&Sql> = statements.iter().collect();
        let answers = lease.each(&statements).await;
        let answers = answers.map_err(|it| lease.fail(&it, OPERATION, None))?;
        for (one, answer) in chunk.iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    keep(
                        lease,
                        reader,
                        keys,
                        std::slice::from_ref(one),
                        &answer,
                        found,
                    )
                    .await?;
                }
                Err(failure) if is_no_value(&failure) => {}
                Err(failure) => return Err(lease.fail(&failure, OPERATION, None)),
            }
        }
    }
    Ok(())
}

/// Puts each record at the place of its key.
async fn keep(
    lease: &mut Lease,
    reader: &Reader,
    keys: &[Key],
    asked: &[(usize, Vec<String>)],
    answer: &Answer,
    found: &mut [Result<Option<Record>>],
) -> Result<()> {
    let records = reader.records(lease, answer, 1).await?;
    for (row, mut record) in answer.rows.iter().zip(records) {
        let nth: Option<usize> = row.number(0);
        let place = nth
            .and_then(|it| asked.get(it.checked_sub(1)?))
            .map(|it| it.0);
        let Some((key, slot)) = place.and_then(|it| Some((keys.get(it)?, found.get_mut(it)?)))
        else {
            continue;
        };
        record.key = key.clone();
        *slot = match slot {
            Ok(None) => Ok(Some(record)),
            _ => Err(ambiguous(key)),
        };
    }
    Ok(())
}

fn ambiguous(key: &Key) -> Error {
    Error::new(
        ErrorKind::Unreadable,
        format!("read the record {:?}", key.to_string()),
    )
    .because("several records have this key")
}

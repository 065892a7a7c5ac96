//! Records by the value of a field, and the newest records.

use parallax_core::error::Result;
use parallax_core::name::DatasetId;
use parallax_core::store::{Needle, Newest, Search};
use parallax_core::value::{Record, Value};

use super::lease::Lease;
use super::literal::{self, typed};
use super::records::{Operand, Reader};
use super::types::Kind;

const FIND: &str = "find records";
const NEWEST: &str = "read the newest records";

/// Finds at most `limit` records.
pub(super) async fn find(
    lease: &mut Lease,
    reader: &Reader,
    search: &Search,
) -> Result<Vec<Record>> {
    let paths = search.paths.iter();
    let operands = paths.filter_map(|it| Operand::of(&reader.table, it));
    let any: Vec<String> = operands
        .filter_map(|it| condition(&it, &search.needle))
        .collect();
    if any.is_empty() || search.limit == 0 {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{} AND ({}) LIMIT {}",
        reader.select(),
        any.join(" OR "),
        search.limit
    );
    let answer = lease.rows(sql, FIND).await?;
    Ok(reader.records(&answer))
}

/// What a field answers to; `None` where it cannot.
fn condition(operand: &Operand, needle: &Needle) -> Option<String> {
    match needle {
        Needle::Equals(text) => equals(operand, text),
        Needle::Contains(text) => contains(operand, text),
    }
}

/// By the column's own collation, so that an index serves, and by the bytes too where it takes more for the same.
fn equals(operand: &Operand, text: &str) -> Option<String> {
    let wanted = operand.literal(&typed(operand.kind, &Value::from(text))?)?;
    let by_collation = format!("{} = {wanted}", operand.sql);
    Some(match operand.kind {
        Kind::Text => format!(
            "({by_collation} AND {} = {})",
            operand.exactly(),
            literal::bytes(text.as_bytes())
        ),
        _ => by_collation,
    })
}

/// In lower case on both sides, letter by letter.
fn contains(operand: &Operand, text: &str) -> Option<String> {
    if matches!(
        operand.kind,
        Kind::Bytes | Kind::Bit | Kind::Geometry | Kind::Vector
    ) {
        return None;
    }
    let escaped = text
        .replace('|', "||")
        .replace('%', "|%")
        .replace('_', "|_");
    let pattern = literal::text(&format!("%{escaped}%"));
    let sql = match operand.kind {
        Kind::Text | Kind::Json => format!("CONVERT({} USING utf8mb4)", operand.sql),
        _ => format!("CONVERT(CAST({} AS CHAR) USING utf8mb4)", operand.sql),
    };
    Some(format!(
        "LOWER({sql}) COLLATE utf8mb4_bin LIKE LOWER({pattern}) COLLATE utf8mb4_bin ESCAPE '|'"
    ))
}

/// The newest records, newest first.
pub(super) async fn newest(
    lease: &mut Lease,
    reader: &Reader,
    dataset: &DatasetId,
    newest: &Newest,
) -> Result<Vec<Record>> {
    let version = Operand::required(&reader.table, dataset, &newest.version)?.sql;
    // In this form an index on the version serves, whichever way it runs.
    let sql = format!(
        "{} AND {version} IS NOT NULL ORDER BY {version} DESC LIMIT {}",
        reader.select(),
        newest.limit
    );
    let answer = lease.rows(sql, NEWEST).await?;
    Ok(reader.records(&answer))
}

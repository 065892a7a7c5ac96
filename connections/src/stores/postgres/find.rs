//! Records by the value of a field, and the newest records.

use parallax_core::error::Result;
use parallax_core::name::DatasetId;
use parallax_core::store::{Needle, Newest, Search};
use parallax_core::value::{Record, Value};

use super::lease::{Lease, Sql};
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
    let mut sql = Sql::new(format!(
        "SELECT {} {}",
        reader.list().join(", "),
        reader.from()
    ));
    let mut any = Vec::new();
    for path in &search.paths {
        let operand = Operand::of(&reader.table, path);
        any.extend(operand.and_then(|it| condition(&mut sql, &it, &search.needle)));
    }
    if any.is_empty() || search.limit == 0 {
        return Ok(Vec::new());
    }
    sql.push(&format!(
        " AND ({}) LIMIT {}",
        any.join(" OR "),
        search.limit
    ));
    let answer = lease.rows(&sql, FIND).await?;
    reader.records(lease, &answer, 0).await
}

/// What a field answers to; `None` where it cannot.
fn condition(sql: &mut Sql, operand: &Operand, needle: &Needle) -> Option<String> {
    match needle {
        Needle::Equals(text) => equals(sql, operand, text),
        Needle::Contains(text) => contains(sql, operand, text),
    }
}

fn equals(sql: &mut Sql, operand: &Operand, text: &str) -> Option<String> {
    let wanted = operand.text(&Value::from(text));
    Some(match operand.of.kind {
        Kind::Int2
        | Kind::Int4
        | Kind::Int8
        | Kind::Oid
        | Kind::Numeric
        | Kind::Uuid
        | Kind::Bool => {
            let mark = sql.bind(0, wanted?);
            format!("{} = {mark}::{}", operand.sql, operand.cast())
        }
        Kind::Text if is_plain(operand) => {
            let mark = sql.bind(0, wanted?);
            format!("{} = {mark}::{}", operand.sql, operand.cast())
        }
        _ => {
            let mark = sql.bind(25, wanted?);
            format!("{}::text = {mark}", operand.sql)
        }
    })
}

/// Text that takes any text; an enum does not.
fn is_plain(operand: &Operand) -> bool {
    matches!(
        operand.of.name.as_str(),
        "text" | "varchar" | "bpchar" | "name" | "citext"
    )
}

fn contains(sql: &mut Sql, operand: &Operand, text: &str) -> Option<String> {
    if text.contains('\0') || matches!(operand.of.kind, Kind::Bytes) {
        return None;
    }
    let escaped = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let mark = sql.bind(25, format!("%{escaped}%"));
    let cast = if is_plain(operand) { "" } else { "::text" };
    Some(format!("{}{cast} ILIKE {mark}", operand.sql))
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
    let sql = Sql::new(format!(
        "SELECT {} {} AND {version} IS NOT NULL ORDER BY {version} DESC LIMIT {}",
        reader.list().join(", "),
        reader.from(),
        newest.limit
    ));
    let answer = lease.rows(&sql, NEWEST).await?;
    reader.records(lease, &answer, 0).await
}

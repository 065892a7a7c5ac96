//! Whole datasets, part by part, from the bytes that the binary protocol brings.
//!
//! Each part is one statement, which the server reads as of one moment; the parts are not of the same. A scan that always
//! has bytes to read lets other tasks go on every so many rows.

use futures::TryStreamExt as _;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Part, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::Value;
use sqlx::mysql::MySqlArguments;
use sqlx::{Either, Row as _};
use tokio::task::coop::consume_budget;

use super::binary;
use super::catalog::Table;
use super::fault::Failure;
use super::lease::Lease;
use super::link::cell;
use super::records::{Operand, Reader, of_table};
use super::types::Kind;
use crate::stores::lent::{Decode, Feed, Inside};

const OPERATION: &str = "scan";

/// A part is not made for fewer records than this.
const ROWS_PER_PART: u64 = 50_000;

/// Ranges of the primary key, where that is one whole number, which cover also what is added later; else one part.
pub(super) async fn parts(
    lease: &mut Lease,
    table: &Table,
    dataset: &DatasetId,
    want: usize,
) -> Result<Vec<Part>> {
    let whole = Part {
        dataset: dataset.clone(),
        bounds: None,
        estimate: table.estimate,
    };
    let most = table.estimate.unwrap_or(0) / ROWS_PER_PART;
    let count = most.min(want as u64).max(1);
    let Some(column) = number_key(table).filter(|_| count > 1) else {
        return Ok(vec![whole]);
    };
    let sql = format!(
        "SELECT min({column}), max({column}) FROM {} AS t",
        table.sql()
    );
    let answer = lease.rows(sql, OPERATION).await?;
    let ends = answer
        .rows
        .first()
        .and_then(|it| it.number(0).zip(it.number(1)));
    let Some((first, last)) = ends else {
        return Ok(vec![whole]);
    };
    let estimate = table.estimate.map(|it| it / count);
    let part = |bounds| Part {
        bounds: Some((bounds, Vec::new())),
        estimate,
        ..whole.clone()
    };
    Ok(ranges(&column, first, last, count)
        .into_iter()
        .map(part)
        .collect())
}

/// The primary key, where it is one whole number.
fn number_key(table: &Table) -> Option<String> {
    let [key] = table.key.as_slice() else {
        return None;
    };
    let column = table.column(key)?;
    matches!(column.of.kind, Kind::Int | Kind::UInt).then(|| of_table(&column.name))
}

/// Conditions that divide all numbers, those between `first` and `last` evenly.
fn ranges(column: &str, first: i128, last: i128, count: u64) -> Vec<String> {
    let width = last.saturating_sub(first).saturating_add(1).max(1);
    let count = i128::from(count).min(width);
    let edge = |nth: i128| first + width * nth / count;
    let condition = |nth: i128| {
        let from = (nth > 0).then(|| format!("{column} >= {}", edge(nth)));
        let to = (nth + 1 < count).then(|| format!("{column} < {}", edge(nth + 1)));
        let both: Vec<String> = from.into_iter().chain(to).collect();
        if both.is_empty() {
            "true".to_owned()
        } else {
            both.join(" AND ")
        }
    };
    (0..count).map(condition).collect()
}

/// Feeds the cells of one part, key first, then the fields in order.
pub(super) async fn scan(
    lease: &mut Lease,
    reader: &Reader,
    part: &Part,
    fields: &Projection,
    sink: &mut dyn RowSink,
) -> Result<Scanned> {
    let Fields::Listed(paths) = &fields.fields else {
        return Err(
            Error::new(ErrorKind::InvalidInput, OPERATION).because("the fields are not listed")
        );
    };
    let mut feed = feed(reader, paths);
    let bounds = part.bounds.as_ref().map(|(it, _)| format!(" AND {it}"));
    let select = format!(
        "SELECT {} FROM {} AS t WHERE true{}{}",
        feed.list(),
        reader.table.sql(),
        bounds.unwrap_or_default(),
        reader.limits()
    );
    let scanned = selected(lease, select, &mut feed, sink).await;
    scanned.map_err(|it| lease.fail(&it, OPERATION))
}

async fn selected(
    lease: &mut Lease,
    select: String,
    feed: &mut Feed<Kind>,
    sink: &mut dyn RowSink,
) -> Result<Scanned, Failure> {
    let link = lease.link()?;
    let mut scanned = Scanned::default();
    let mut steps = link.binaries(select, MySqlArguments::default());
    while let Some(step) = steps.try_next().await? {
        let Either::Right(row) = step else {
            continue;
        };
        scanned.rows += 1;
        let cells = (0..row.len()).map(|at| cell(&row, at));
        let flow = feed.row(cells, sink).ok_or_else(Failure::other_cells)?;
        if flow.is_break() {
            return Ok(scanned);
        }
        consume_budget().await;
    }
    drop(steps);
    link.rest();
    Ok(scanned)
}

impl Decode for Kind {
    #[inline]
    fn lend<'b>(&self, bytes: &'b [u8], place: &mut ValueRef<'b>) -> bool {
        binary::lend(*self, bytes, |it| *place = it).is_some()
    }

    fn value(&self, bytes: &[u8]) -> Value {
        binary::value(*self, bytes)
    }
}

/// What is selected for the key and the fields.
fn feed(reader: &Reader, paths: &[FieldPath]) -> Feed<Kind> {
    let mut feed = Feed::default();
    for operand in &reader.key {
        add(&mut feed, &operand.sql, operand.kind, Inside::Whole);
    }
    for path in paths {
        add_path(&mut feed, &reader.table, path);
    }
    feed
}

fn add_path(feed: &mut Feed<Kind>, table: &Table, path: &FieldPath) {
    let inside = path.segments().get(1..).unwrap_or_default();
    let Some(column) = table.column(path.first()).filter(|_| !path.is_meta()) else {
        return feed.add_absent();
    };
    let sql = of_table(&column.name);
    if inside.is_empty() {
        return add(feed, &sql, column.of.kind, Inside::Whole);
    }
    if column.of.kind == Kind::Json
        && let Some(operand) = Operand::of(table, path)
    {
        // The member itself, not its text.
        let member = operand
            .sql
            .strip_prefix("JSON_UNQUOTE(")
            .and_then(|it| it.strip_suffix(')'));
        return add(
            feed,
            member.unwrap_or(&operand.sql),
            Kind::Json,
            Inside::Member,
        );
    }
    add(feed, &sql, column.of.kind, Inside::below(inside));
}

fn add(feed: &mut Feed<Kind>, sql: &str, kind: Kind, inside: Inside) {
    let source = match kind {
        Kind::Vector => format!("UNHEX(HEX({sql}))"),
        _ => sql.to_owned(),
    };
    feed.add(source, kind, inside);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_number_once() {
        assert_eq!(ranges("t.id", 1, 100, 1), ["true"]);
        assert_eq!(ranges("t.id", 1, 100, 2), ["t.id < 51", "t.id >= 51"]);
        let three = ranges("t.id", -10, 19, 3);
        assert_eq!(three, ["t.id < 0", "t.id >= 0 AND t.id < 10", "t.id >= 10"]);
        assert_eq!(ranges("t.id", 5, 5, 8), ["true"]);
        let ends = ranges("t.id", i128::from(i64::MIN), i128::from(u64::MAX), 4);
        assert_eq!(ends.len(), 4);
    }
}

//! Whole datasets, part by part, from the bytes that the binary protocol brings.
//!
//! Each part is one statement, which the server reads as of one moment; the parts are not of the same. A scan that always
//! has bytes to read lets other tasks go on every so many rows.

use std::ops::ControlFlow;

use futures::TryStreamExt as _;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Part, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::Value;
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::{Either, Row as _};
use tokio::task::coop::consume_budget;

use super::binary;
use super::catalog::Table;
use super::fault::Failure;
use super::lease::Lease;
use super::link::cell;
use super::records::{Operand, Reader, of_table};
use super::types::Kind;
use crate::stores::lent::{lend, recycled, recycled_cells};

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
    let mut feed = Feed::new(reader, paths);
    let bounds = part.bounds.as_ref().map(|(it, _)| format!(" AND {it}"));
    let select = format!(
        "SELECT {} FROM {} AS t WHERE true{}{}",
        feed.sources.join(", "),
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
    feed: &mut Feed,
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
        if feed.row(&row, sink)?.is_break() {
            return Ok(scanned);
        }
        consume_budget().await;
    }
    drop(steps);
    link.rest();
    Ok(scanned)
}

/// How one cell is got from what the server sends.
struct Cell {
    /// The place of its expression in the row; `None` where the table has no such column.
    source: Option<usize>,
    kind: Kind,
    /// Whether null means that the field is not there, as inside a document.
    null_is_absent: bool,
    /// The rest of the path, where the value has to be made to follow it.
    rest: Option<FieldPath>,
}

impl Cell {
    /// Whether every value of it is lent from the bytes that came.
    fn lends(&self) -> bool {
        let lent = matches!(
            self.kind,
            Kind::Int | Kind::Float | Kind::Double | Kind::Text | Kind::Bytes | Kind::Json
        );
        lent && self.rest.is_none()
    }
}

/// Makes cells of rows, in memory that is used again for each row.
struct Feed {
    /// The expressions that are selected.
    sources: Vec<String>,
    cells: Vec<Cell>,
    /// The places of cells that cannot be lent, or not always.
    makes: Vec<usize>,
    made: Vec<Option<Value>>,
    raw: Vec<Option<&'static [u8]>>,
    lent: Vec<ValueRef<'static>>,
}

impl Feed {
    fn new(reader: &Reader, paths: &[FieldPath]) -> Self {
        let mut feed = Self {
            sources: Vec::new(),
            cells: Vec::new(),
            makes: Vec::new(),
            made: Vec::new(),
            raw: Vec::new(),
            lent: Vec::new(),
        };
        for operand in &reader.key {
            feed.add(&operand.sql, operand.kind, false, None);
        }
        for path in paths {
            feed.add_path(&reader.table, path);
        }
        let cells = feed.cells.iter().enumerate();
        feed.makes = cells
            .filter(|(_, it)| !it.lends())
            .map(|(at, _)| at)
            .collect();
        feed.made = feed.cells.iter().map(|_| None).collect();
        if feed.sources.is_empty() {
            // A row of no cells is still a row.
            feed.sources.push("1".to_owned());
        }
        feed
    }

    fn add_path(&mut self, table: &Table, path: &FieldPath) {
        let inside = path.segments().get(1..).unwrap_or_default();
        let Some(column) = table.column(path.first()).filter(|_| !path.is_meta()) else {
            return self.cells.push(Cell {
                source: None,
                kind: Kind::Text,
                null_is_absent: true,
                rest: None,
            });
        };
        let sql = of_table(&column.name);
        if inside.is_empty() {
            return self.add(&sql, column.of.kind, false, None);
        }
        if column.of.kind == Kind::Json
            && let Some(operand) = Operand::of(table, path)
        {
            // The member itself, not its text.
            let member = operand
                .sql
                .strip_prefix("JSON_UNQUOTE(")
                .and_then(|it| it.strip_suffix(')'));
            return self.add(member.unwrap_or(&operand.sql), Kind::Json, true, None);
        }
        let rest = inside
            .iter()
            .map(|it| FieldPath::name(it.clone()).to_string());
        let rest: Vec<String> = rest.collect();
        self.add(&sql, column.of.kind, true, rest.join(".").parse().ok());
    }

    fn add(&mut self, sql: &str, kind: Kind, null_is_absent: bool, rest: Option<FieldPath>) {
        let source = match kind {
            Kind::Vector => format!("UNHEX(HEX({sql}))"),
            _ => sql.to_owned(),
        };
        self.cells.push(Cell {
            source: Some(self.sources.len()),
            kind,
            null_is_absent,
            rest,
        });
        self.sources.push(source);
    }

    fn row(&mut self, row: &MySqlRow, sink: &mut dyn RowSink) -> Result<ControlFlow<()>, Failure> {
        if row.len() != self.sources.len() {
            return Err(Failure::Protocol(
                "a row has another number of cells".to_owned(),
            ));
        }
        let mut raw = recycled(std::mem::take(&mut self.raw));
        raw.extend((0..self.sources.len()).map(|at| cell(row, at)));
        let at = |source: Option<usize>| source.and_then(|it| raw.get(it).copied()).flatten();
        for place in &self.makes {
            if let (Some(cell), Some(slot)) = (self.cells.get(*place), self.made.get_mut(*place)) {
                *slot = at(cell.source).and_then(|it| made(cell, it));
            }
        }
        let mut lent: Vec<ValueRef<'_>> = recycled_cells(std::mem::take(&mut self.lent));
        let cells = self.cells.iter().zip(&self.made);
        lent.extend(cells.map(|(cell, made)| borrowed(cell, at(cell.source), made.as_ref())));
        let flow = sink.row(&lent);
        self.lent = recycled_cells(lent);
        self.raw = recycled(raw);
        Ok(flow)
    }
}

/// The value of a cell, or of what its path leads to; `None` where it is lent, or the path leads nowhere.
fn made(cell: &Cell, bytes: &[u8]) -> Option<Value> {
    if cell.rest.is_none() && binary::lent(cell.kind, bytes).is_some() {
        return None;
    }
    let value = binary::value(cell.kind, bytes);
    match &cell.rest {
        Some(rest) => rest.of(&value).cloned(),
        None => Some(value),
    }
}

#[inline]
fn borrowed<'b>(cell: &Cell, bytes: Option<&'b [u8]>, made: Option<&'b Value>) -> ValueRef<'b> {
    let Some(bytes) = bytes else {
        return if cell.null_is_absent {
            ValueRef::Absent
        } else {
            ValueRef::Null
        };
    };
    if let Some(made) = made {
        return lend(made);
    }
    if cell.rest.is_some() {
        return ValueRef::Absent;
    }
    binary::lent(cell.kind, bytes).unwrap_or(ValueRef::Bytes(bytes))
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

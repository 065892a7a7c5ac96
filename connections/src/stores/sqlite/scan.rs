//! Whole datasets, part by part, without a value per cell where SQLite has the cell as it is.

use std::ops::ControlFlow;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::FieldPath;
use parallax_core::store::{Fields, Part, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::{Key, Record, Value};
use sqlx::sqlite::SqliteRow;

use super::layout::{Form, Source};
use super::lease::{Lease, Sql};
use super::records::Reader;
use super::types::{Declared, stored};
use crate::sql::quoted;

const OPERATION: &str = "scan";

/// A part is not made for fewer rows than this.
const ROWS_PER_PART: u64 = 1_000;

/// Ranges of row numbers that cover the whole dataset, also what is added later; one part where there are none.
pub(super) async fn parts(lease: &mut Lease, source: &Source, want: usize) -> Result<Vec<Part>> {
    let whole = || Part {
        dataset: source.dataset.clone(),
        bounds: None,
        estimate: None,
    };
    let Some(rowid) = source.table.rowid else {
        return Ok(vec![whole()]);
    };
    let table = quoted(&source.table.name);
    let ends = Sql::new(format!(
        "SELECT (SELECT min({rowid}) FROM {table}), (SELECT max({rowid}) FROM {table})"
    ));
    let rows = lease.rows(&ends, OPERATION).await?;
    let ends = rows
        .first()
        .map(|it| (stored(it, 0).integer(), stored(it, 1).integer()));
    let Some((Some(first), Some(last))) = ends else {
        return Ok(vec![whole()]);
    };
    let bounds = inner_bounds(first, last, want);
    if bounds.is_empty() {
        return Ok(vec![whole()]);
    }
    let estimate = (last.abs_diff(first) / (bounds.len() as u64 + 1)).max(1);
    let conditions = conditions(rowid, &bounds);
    let part = |bounds| Part {
        bounds: Some(bounds),
        estimate: Some(estimate),
        ..whole()
    };
    Ok(conditions.into_iter().map(part).collect())
}

/// Where one part ends and the next begins.
fn inner_bounds(first: i64, last: i64, want: usize) -> Vec<i64> {
    let span = last.abs_diff(first);
    let parts = (span / ROWS_PER_PART)
        .min(u64::try_from(want).unwrap_or(1))
        .max(1);
    let bound = |nth: u64| {
        let offset = u128::from(span) * u128::from(nth) / u128::from(parts);
        first.saturating_add_unsigned(u64::try_from(offset).unwrap_or(u64::MAX))
    };
    (1..parts).map(bound).collect()
}

fn conditions(rowid: &str, bounds: &[i64]) -> Vec<(String, Vec<Value>)> {
    let lower = std::iter::once(None).chain(bounds.iter().copied().map(Some));
    let upper = bounds
        .iter()
        .copied()
        .map(Some)
        .chain(std::iter::once(None));
    let condition = |(lower, upper): (Option<i64>, Option<i64>)| {
        let from = lower.map(|_| format!("t.{rowid} >= ?"));
        let to = upper.map(|_| format!("t.{rowid} < ?"));
        let text: Vec<String> = from.into_iter().chain(to).collect();
        let values = lower.into_iter().chain(upper).map(Value::I64).collect();
        (text.join(" AND "), values)
    };
    lower.zip(upper).map(condition).collect()
}

/// Feeds the cells of one part, key first, then the fields in order.
pub(super) async fn scan(
    lease: &mut Lease,
    source: Source,
    part: &Part,
    fields: &Projection,
    sink: &mut dyn RowSink,
) -> Result<Scanned> {
    let Fields::Listed(paths) = &fields.fields else {
        return Err(
            Error::new(ErrorKind::InvalidInput, "scan").because("the fields are not listed")
        );
    };
    let reader = Reader::new(source, fields)?;
    let mut sql = reader.select();
    if let Some((text, values)) = &part.bounds {
        sql.push(&format!(" AND {text}"));
        sql.values.extend(values.iter().cloned());
    }
    let mut scanned = Scanned::default();
    let plan = Plan::new(&reader, paths);
    lease
        .each(&sql, OPERATION, |row| {
            let fed = match &plan {
                Plan::Cells(cells) => Some(feed_cells(&reader, cells, &row, sink)),
                Plan::Records => feed_record(&reader, paths, &row, sink),
            };
            match fed {
                Some(flow) => {
                    scanned.rows += 1;
                    return Ok(flow);
                }
                None => scanned.unreadable += 1,
            }
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(scanned)
}

/// How the cells of a row are got.
enum Plan {
    /// Each field is a column: its place behind the key, or none.
    Cells(Vec<Option<(usize, Declared)>>),
    /// Fields lie inside JSON, so the record is read.
    Records,
}

impl Plan {
    fn new(reader: &Reader, paths: &[FieldPath]) -> Self {
        let columns = paths
            .iter()
            .all(|it| it.segments().len() == 1 && !it.is_meta());
        let strict = paths
            .iter()
            .filter_map(|it| reader.source.table.column(it.first()));
        let plain = strict.clone().all(|it| it.meaning() != Declared::Json);
        if !matches!(reader.source.form, Form::Rows | Form::Search) || !columns || !plain {
            return Self::Records;
        }
        Self::Cells(paths.iter().map(|it| reader.place(it.first())).collect())
    }
}

fn feed_cells(
    reader: &Reader,
    cells: &[Option<(usize, Declared)>],
    row: &SqliteRow,
    sink: &mut dyn RowSink,
) -> ControlFlow<()> {
    let key = reader
        .key
        .iter()
        .enumerate()
        .map(|(at, it)| Some((at, key_meaning(it.declared))));
    let places: Vec<Option<(usize, Declared)>> = key.chain(cells.iter().copied()).collect();
    // What is not stored as it is meant has to be made before it can be lent.
    let made: Vec<Option<Value>> = places
        .iter()
        .map(|it| it.and_then(|it| made(row, it)))
        .collect();
    let cells: Vec<ValueRef<'_>> = places
        .iter()
        .zip(&made)
        .map(|(place, made)| lent(row, *place, made.as_ref()))
        .collect();
    sink.row(&cells)
}

/// Keys are as stored, but for UUIDs in bytes.
fn key_meaning(declared: Declared) -> Declared {
    if declared == Declared::Uuid {
        declared
    } else {
        Declared::Plain
    }
}

fn made(row: &SqliteRow, (at, declared): (usize, Declared)) -> Option<Value> {
    let cell = stored(row, at);
    cell.borrowed(declared)
        .is_none()
        .then(|| cell.value(declared))
}

fn lent<'r>(
    row: &'r SqliteRow,
    place: Option<(usize, Declared)>,
    made: Option<&'r Value>,
) -> ValueRef<'r> {
    match (place, made) {
        (None, _) => ValueRef::Absent,
        (Some(_), Some(made)) => made.into(),
        (Some((at, declared)), None) => stored(row, at)
            .borrowed(declared)
            .unwrap_or(ValueRef::Absent),
    }
}

/// `None` where the record cannot be read.
fn feed_record(
    reader: &Reader,
    paths: &[FieldPath],
    row: &SqliteRow,
    sink: &mut dyn RowSink,
) -> Option<ControlFlow<()>> {
    let key = reader.row_key(row)?;
    let record: Record = reader.record(row, Key::new(Vec::new())).ok()?;
    let fields = paths
        .iter()
        .map(|it| record.at(it).map_or(ValueRef::Absent, ValueRef::from));
    let cells: Vec<ValueRef<'_>> = key
        .parts()
        .iter()
        .map(ValueRef::from)
        .chain(fields)
        .collect();
    Some(sink.row(&cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_row_number_once() {
        for (first, last, want) in [
            (1, 100_000, 4),
            (i64::MIN, i64::MAX, 3),
            (1, 10, 8),
            (-5, -5, 2),
        ] {
            let bounds = inner_bounds(first, last, want);
            assert!(bounds.is_sorted() && bounds.len() < want, "{bounds:?}");
        }
        let conditions = conditions("rowid", &[10, 20]);
        let texts: Vec<&str> = conditions.iter().map(|(it, _)| it.as_str()).collect();
        assert_eq!(
            texts,
            [
                "t.rowid < ?",
                "t.rowid >= ? AND t.rowid < ?",
                "t.rowid >= ?"
            ]
        );
    }
}

//! Whole datasets, part by part, from the buffer that the server's bytes arrive in.
//!
//! A scan that always has bytes to read lets other tasks go on every so many rows.

use std::sync::Arc;

use futures::TryStreamExt as _;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Part, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::Value;
use sqlx::{Either, Row as _};
use tokio::task::coop::consume_budget;

use super::catalog::{Relation, Table};
use super::fault::Failure;
use super::lease::{Cells, Lease, Sql};
use super::link::{Row, bytes, cell};
use super::records::{Operand, Reader, of_table};
use super::types::{Kind, Type};
use super::{binary, text};
use crate::sql::quoted;
use crate::stores::lent::{Decode, Feed, Inside};

const OPERATION: &str = "scan";

/// A part is not made for fewer pages than this: a megabyte.
const PAGES_PER_PART: u64 = 128;

/// What a part's bounds say where they name partitions.
const PARTITIONS: &str = "partitions";

/// Ranges of pages that cover the whole table, also what is added later, or groups of its partitions; one part otherwise.
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
    // Before version 14, and elsewhere, a range of pages is found by reading them all.
    let has_ranges = lease
        .server()
        .is_some_and(|it| it.is_original() && it.major() >= 14);
    let bounds = match table.kind {
        Relation::Heap if has_ranges => page_bounds(pages(lease, table).await?, want),
        Relation::Partitioned if has_ranges => groups(leaves(lease, table).await?, want),
        _ => Vec::new(),
    };
    if bounds.len() < 2 {
        return Ok(vec![whole]);
    }
    let estimate = table.estimate.map(|it| it / bounds.len() as u64);
    let part = |bounds| Part {
        bounds: Some(bounds),
        estimate,
        ..whole.clone()
    };
    Ok(bounds.into_iter().map(part).collect())
}

type Bounds = (String, Vec<Value>);

/// How long the table is now; the statistics may be old.
async fn pages(lease: &mut Lease, table: &Table) -> Result<u64> {
    let mut sql = Sql::new(
        "SELECT pg_catalog.pg_relation_size($1::oid::regclass) / current_setting('block_size')::bigint",
    );
    sql.bind(26, table.oid.to_string());
    let answer = lease.rows(&sql, OPERATION).await?;
    let pages = answer.rows.first().and_then(|it| it.number(0));
    Ok(pages.unwrap_or(table.pages))
}

fn page_bounds(pages: u64, want: usize) -> Vec<Bounds> {
    let parts = (pages / PAGES_PER_PART).min(want as u64).max(1);
    let page = |nth: u64| pages * nth / parts;
    let condition = |nth: u64| {
        let from = (nth > 0).then(|| format!("t.ctid >= '({},0)'::tid", page(nth)));
        let to = (nth + 1 < parts).then(|| format!("t.ctid < '({},0)'::tid", page(nth + 1)));
        let text: Vec<String> = from.into_iter().chain(to).collect();
        (text.join(" AND "), Vec::new())
    };
    (0..parts).map(condition).collect()
}

async fn leaves(lease: &mut Lease, table: &Table) -> Result<Vec<String>> {
    let mut sql = Sql::new(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_partition_tree($1::oid::regclass) AS p
        JOIN pg_catalog.pg_class AS c ON c.oid = p.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE p.isleaf ORDER BY c.relpages DESC, c.oid",
    );
    sql.bind(26, table.oid.to_string());
    let answer = lease.rows(&sql, OPERATION).await?;
    let name = |row: &Row| Some(format!("{}.{}", quoted(row.text(0)?), quoted(row.text(1)?)));
    Ok(answer.rows.iter().filter_map(name).collect())
}

/// Deals the partitions, the longest first, to at most `want` groups.
fn groups(leaves: Vec<String>, want: usize) -> Vec<Bounds> {
    let count = want.clamp(1, leaves.len().max(1));
    let mut groups = vec![(PARTITIONS.to_owned(), Vec::new()); count];
    for (group, leaf) in (0..count).cycle().zip(leaves) {
        if let Some((_, names)) = groups.get_mut(group) {
            names.push(Value::Text(leaf));
        }
    }
    groups
}

/// Feeds the cells of one part, key first, then the fields in order.
pub(super) async fn scan(
    lease: &mut Lease,
    table: Arc<Table>,
    part: &Part,
    fields: &Projection,
    sink: &mut dyn RowSink,
) -> Result<Scanned> {
    let Fields::Listed(paths) = &fields.fields else {
        return Err(
            Error::new(ErrorKind::InvalidInput, OPERATION).because("the fields are not listed")
        );
    };
    let reader = Reader::new(table, &part.dataset, fields)?;
    let mut feed = feed(&reader, paths);
    let select = select(&reader, &feed.list(), part);
    let copies = lease.server().is_some_and(|it| it.is_original());
    let scanned = if copies {
        copied(lease, &select, &mut feed, sink).await
    } else {
        selected(lease, select, &mut feed, sink).await
    };
    scanned.map_err(|it| lease.fail(&it, OPERATION, None))
}

/// The rows of a part.
fn select(reader: &Reader, list: &str, part: &Part) -> String {
    let from = |table: &str, bounds: &str| {
        let limits = reader.limits();
        format!("SELECT {list} FROM {table} AS t WHERE true{bounds}{limits}")
    };
    match &part.bounds {
        None => from(&reader.table.sql(), ""),
        Some((kind, names)) if kind == PARTITIONS => {
            let names = names.iter().map(ToString::to_string);
            let selects: Vec<String> = names.map(|it| from(&it, "")).collect();
            selects.join(" UNION ALL ")
        }
        Some((condition, _)) => from(&reader.table.sql(), &format!(" AND {condition}")),
    }
}

/// Feeds rows from the messages of a binary copy.
async fn copied(
    lease: &mut Lease,
    select: &str,
    feed: &mut Feed<Read>,
    sink: &mut dyn RowSink,
) -> Result<Scanned, Failure> {
    let link = lease.link()?;
    let text = format!("COPY ({select}) TO STDOUT (FORMAT BINARY)");
    let mut scanned = Scanned::default();
    let mut messages = link.copy(&text).await?;
    while let Some(message) = messages.try_next().await? {
        let Some(row) = tuple(message.as_ref(), scanned.rows == 0) else {
            continue;
        };
        scanned.rows += 1;
        let flow = feed.row(Cells::of(row), sink);
        if flow.ok_or_else(Failure::other_cells)?.is_break() {
            return Ok(scanned);
        }
        consume_budget().await;
    }
    drop(messages);
    link.rest();
    Ok(scanned)
}

/// Feeds rows from a plain statement, where a copy cannot be counted on.
async fn selected(
    lease: &mut Lease,
    select: String,
    feed: &mut Feed<Read>,
    sink: &mut dyn RowSink,
) -> Result<Scanned, Failure> {
    let link = lease.link()?;
    let mut scanned = Scanned::default();
    let mut steps = link.binaries(select)?;
    while let Some(step) = steps.try_next().await? {
        let Either::Right(row) = step else {
            continue;
        };
        scanned.rows += 1;
        let cells = (0..row.len()).map(|at| cell(&row, at).ok().and_then(|it| bytes(&it)));
        let flow = feed.row(cells, sink);
        if flow.ok_or_else(Failure::other_cells)?.is_break() {
            return Ok(scanned);
        }
        consume_budget().await;
    }
    drop(steps);
    link.rest();
    Ok(scanned)
}

/// What stands before the first row of a binary copy: a signature, flags, and the length of what follows them.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// The row in one message of a binary copy; the end of it all is none.
fn tuple(body: &[u8], is_first: bool) -> Option<&[u8]> {
    let mut body = body;
    if is_first && let Some(rest) = body.strip_prefix(SIGNATURE) {
        let (length, rest) = rest.get(4..)?.split_first_chunk::<4>()?;
        body = rest.get(u32::from_be_bytes(*length) as usize..)?;
    }
    (body.len() >= 2 && !body.starts_with(&[0xff, 0xff])).then_some(body)
}

/// How a cell is read.
#[derive(Debug)]
enum Read {
    Binary(Arc<Type>),
    /// The binary form of an array of these.
    Items(Arc<Type>),
    Text(Arc<Type>),
}

impl Decode for Read {
    #[inline]
    fn lend<'b>(&self, bytes: &'b [u8], place: &mut ValueRef<'b>) -> bool {
        match self {
            Self::Binary(of) => binary::lend(of, bytes, |it| *place = it).is_some(),
            Self::Items(_) | Self::Text(_) => false,
        }
    }

    fn lend_items<'b>(&self, bytes: &'b [u8], items: &mut Vec<ValueRef<'b>>) -> bool {
        match self {
            Self::Items(of) => binary::lend_items(of, bytes, items).is_some(),
            Self::Binary(_) | Self::Text(_) => false,
        }
    }

    fn value(&self, bytes: &[u8]) -> Value {
        match self {
            Self::Binary(of) => binary::value(of, bytes),
            Self::Items(of) => binary::items(of, bytes),
            Self::Text(of) => text::value(of, bytes),
        }
    }
}

/// What is selected for the key and the fields.
fn feed(reader: &Reader, paths: &[FieldPath]) -> Feed<Read> {
    let mut feed = Feed::default();
    for operand in &reader.key {
        add(&mut feed, &operand.sql, &operand.of, Inside::Whole);
    }
    for path in paths {
        add_path(&mut feed, &reader.table, path);
    }
    feed
}

fn add_path(feed: &mut Feed<Read>, table: &Table, path: &FieldPath) {
    let inside = path.segments().get(1..).unwrap_or_default();
    let Some(column) = table.column(path.first()).filter(|_| !path.is_meta()) else {
        return feed.add_absent();
    };
    let sql = of_table(&column.name);
    if inside.is_empty() {
        return add(feed, &sql, &column.of, Inside::Whole);
    }
    if matches!(column.of.kind, Kind::Json | Kind::Jsonb)
        && let Some(operand) = Operand::of(table, path)
    {
        let member = operand.sql.replacen(" #>> ", " #> ", 1);
        return add(feed, &member, &column.of, Inside::Member);
    }
    add(feed, &sql, &column.of, Inside::below(inside));
}

/// Whatever has no binary form that we read is selected as text.
fn add(feed: &mut Feed<Read>, sql: &str, of: &Arc<Type>, inside: Inside) {
    let read = match &of.kind {
        _ if of.is_binary() => Read::Binary(Arc::clone(of)),
        Kind::Array(element, _) if element.is_binary() => Read::Items(Arc::clone(element)),
        _ => Read::Text(Arc::clone(of)),
    };
    let source = match read {
        Read::Binary(_) | Read::Items(_) => sql.to_owned(),
        // Its cast to text adds what its text form leaves out.
        Read::Text(_) if of.name == "inet" => {
            format!("CASE WHEN {sql} IS NOT NULL THEN pg_catalog.format('%s', {sql}) END")
        }
        Read::Text(_) => format!("{sql}::text"),
    };
    feed.add(source, read, inside);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_page_once() {
        let texts = |pages, want| -> Vec<String> {
            page_bounds(pages, want)
                .into_iter()
                .map(|it| it.0)
                .collect()
        };
        assert_eq!(texts(0, 8), [""]);
        assert_eq!(texts(200, 8), [""]);
        assert_eq!(
            texts(300, 8),
            ["t.ctid < '(150,0)'::tid", "t.ctid >= '(150,0)'::tid"]
        );
        assert_eq!(texts(10_000, 3).len(), 3);
    }

    #[test]
    fn partitions_are_dealt_to_groups() {
        let leaves = ["a", "b", "c"].map(ToOwned::to_owned).to_vec();
        let groups = groups(leaves, 2);
        let sizes: Vec<usize> = groups.iter().map(|it| it.1.len()).collect();
        assert_eq!(sizes, [2, 1]);
    }

    #[test]
    fn a_copy_begins_with_a_signature_and_ends_with_a_mark() {
        let head = [SIGNATURE, &[0; 8], &[0, 0]].concat();
        assert_eq!(tuple(&head, true), Some([0, 0].as_slice()));
        assert_eq!(tuple(&[0xff, 0xff], false), None);
        assert_eq!(tuple(&[0, 1, 0], false), Some([0, 1, 0].as_slice()));
    }
}

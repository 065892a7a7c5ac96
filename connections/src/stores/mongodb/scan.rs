//! Whole datasets, from the server's raw batches: no map and no value a document, where the cells can be lent.
//!
//! A task of its own asks for the next batch while the one before is read.

use std::ops::ControlFlow;
use std::sync::Arc;

use mongodb::bson::{Document, RawDocument};
use mongodb::raw_batch_cursor::RawBatch;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::FieldPath;
use parallax_core::store::{Fields, Part, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::parts;
use super::places::{follow, read, twice};
use super::records::Reader;
use super::rows::{array, documents_of};
use super::session::{Cursor, Session};
use super::types;
use crate::stores::lent::recycled_cells;

pub(super) const OPERATION: &str = "scan";

/// The most documents of one answer; the server ends it at 16 MiB.
const BATCH: u32 = 10_000;

/// Batches that wait to be read.
const BATCHES_AHEAD: usize = 2;

/// Feeds the cells of one part, key first, then the fields in order.
pub(super) async fn scan(
    session: &Arc<Session>,
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
    let bounds = part.bounds.as_ref();
    let condition = bounds.map_or(Ok(Document::new()), |(text, values)| {
        parts::condition(text, values)
    })?;
    let mut command = reader.find(condition);
    let batch = session.batch(&reader.namespace, BATCH).await;
    command.insert("batchSize", i64::from(batch));
    let database = &reader.namespace.database;
    let cursor = session.cursor(database, &command, batch, OPERATION).await?;
    let (out, mut batches) = mpsc::channel(BATCHES_AHEAD);
    // Dropped with the call, the task ends, and its cursor is closed.
    let mut task = JoinSet::new();
    task.spawn(ahead(cursor, out));
    let mut cells = Cells::new(reader.key.iter().chain(paths).map(FieldPath::segments));
    let mut scanned = Scanned::default();
    while let Some(batch) = batches.recv().await {
        if cells.feed(&batch?, sink, &mut scanned)?.is_break() {
            break;
        }
    }
    Ok(scanned)
}

async fn ahead(mut cursor: Cursor, out: mpsc::Sender<Result<RawBatch>>) {
    while let Some(batch) = cursor.next().await.transpose() {
        let is_last = batch.is_err();
        if out.send(batch).await.is_err() || is_last {
            return;
        }
    }
}

/// Where the cells of a row are in a document.
struct Cells {
    /// Names at the top of a document, in the order of their first use.
    names: Vec<Name>,
    /// Values that cannot be lent, a cell each.
    slots: Vec<Value>,
    /// The storage of a row, taken while one is filled.
    row: Vec<ValueRef<'static>>,
}

struct Name {
    name: String,
    /// The cells that lie here, and the rest of the way to each.
    targets: Vec<(usize, Vec<String>)>,
}

/// What a document has for a cell.
#[derive(Clone, Copy)]
enum Found<'d> {
    Absent,
    Lent(ValueRef<'d>),
    /// It is in the cell's slot.
    Kept,
}

impl Cells {
    fn new<'p>(paths: impl Iterator<Item = &'p [String]>) -> Self {
        let mut cells = Self {
            names: Vec::new(),
            slots: Vec::new(),
            row: Vec::new(),
        };
        for (at, path) in paths.enumerate() {
            cells.slots.push(Value::Null);
            let Some((first, rest)) = path.split_first() else {
                continue;
            };
            let target = (at, rest.to_vec());
            match cells.names.iter_mut().find(|it| it.name == *first) {
                Some(name) => name.targets.push(target),
                None => cells.names.push(Name {
                    name: first.clone(),
                    targets: vec![target],
                }),
            }
        }
        cells
    }

    fn feed(
        &mut self,
        batch: &RawBatch,
        sink: &mut dyn RowSink,
        scanned: &mut Scanned,
    ) -> Result<ControlFlow<()>> {
        let documents = array(batch)?;
        let mut found = vec![Found::Absent; self.slots.len()];
        for document in documents_of(documents) {
            // A document that cannot be read is counted; an answer that cannot be ends the scan.
            if find(&self.names, document?, &mut found, &mut self.slots).is_err() {
                scanned.unreadable += 1;
                continue;
            }
            scanned.rows += 1;
            let mut row = recycled_cells(std::mem::take(&mut self.row));
            row.extend(
                found
                    .iter()
                    .zip(&self.slots)
                    .map(|(found, slot)| match found {
                        Found::Absent => ValueRef::Absent,
                        Found::Lent(it) => *it,
                        Found::Kept => slot.into(),
                    }),
            );
            let goes_on = sink.row(&row);
            self.row = recycled_cells(row);
            if goes_on.is_break() {
                return Ok(goes_on);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Walks over the members of a document once. They mostly stand in the same order as in the one before, so that of the
/// names is tried first.
fn find<'d>(
    names: &[Name],
    document: &'d RawDocument,
    found: &mut [Found<'d>],
    slots: &mut [Value],
) -> Result<()> {
    found.fill(Found::Absent);
    let mut next = 0;
    let mut seen = 0_u64;
    for element in document.iter_elements() {
        let element = element.map_err(|it| types::broken(&it))?;
        let key = element.key().as_str();
        let is_next = names.get(next).is_some_and(|it| it.name == key);
        let at = if is_next {
            next
        } else {
            match names.iter().position(|it| it.name == key) {
                Some(at) => at,
                None => continue,
            }
        };
        next = at + 1;
        let bit = 1_u64
            .checked_shl(u32::try_from(at).unwrap_or(u32::MAX))
            .unwrap_or(0);
        if seen & bit != 0 {
            return Err(twice(key));
        }
        seen |= bit;
        let value = read(&element)?;
        for (cell, rest) in names
            .get(at)
            .map(|it| it.targets.as_slice())
            .unwrap_or_default()
        {
            let (Some(found), Some(slot)) = (found.get_mut(*cell), slots.get_mut(*cell)) else {
                continue;
            };
            *found = match follow(value, rest)? {
                None => Found::Absent,
                Some(value) => types::cell(value, slot)?.map_or(Found::Kept, Found::Lent),
            };
        }
    }
    Ok(())
}

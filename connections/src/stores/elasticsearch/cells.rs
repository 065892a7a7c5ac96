//! The cells of documents as they are scanned: lent from the text of a page where they can be.

use std::ops::ControlFlow;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Fields, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::Value;

use super::fields::is_inside;
use super::hit::{Hit, no_source};
use super::pick::{Paths, lend, made};
use super::scan::OPERATION;
use crate::stores::lent;

/// How one cell is got.
enum Cell {
    /// From the document.
    Inside,
    /// What the server keeps beside it, by the name of its path.
    Beside(String),
}

/// Makes cells of documents.
pub(super) struct Feed {
    paths: Paths,
    cells: Vec<Cell>,
    wants_source: bool,
    /// Versions and sequence numbers are wanted.
    pub(super) wants_meta: bool,
    /// What it made so far.
    pub(super) scanned: Scanned,
}

impl Feed {
    pub(super) fn new(projection: &Projection) -> Result<Self> {
        let Fields::Listed(fields) = &projection.fields else {
            return Err(
                Error::new(ErrorKind::InvalidInput, OPERATION).because("the fields are not listed")
            );
        };
        let mut feed = Self {
            paths: Paths::default(),
            cells: Vec::new(),
            wants_source: false,
            wants_meta: false,
            scanned: Scanned::default(),
        };
        let keys = projection.key.iter().map(|it| &it.path);
        for (at, path) in keys.chain(fields).enumerate() {
            if is_inside(path) {
                feed.paths.add(path, at);
                feed.wants_source = true;
                feed.cells.push(Cell::Inside);
            } else {
                let name = path.first();
                feed.wants_meta |= !matches!(name, "@id" | "_id" | "@key" | "@index");
                feed.cells.push(Cell::Beside(name.to_owned()));
            }
        }
        Ok(feed)
    }

    /// Lends the documents of a page; one that cannot be read is counted as such.
    pub(super) fn rows(
        &mut self,
        hits: &[Hit<'_>],
        sink: &mut dyn RowSink,
    ) -> Result<ControlFlow<()>> {
        let mut raw = vec![None; self.cells.len()];
        let mut made = Vec::new();
        let mut memory = Vec::new();
        for hit in hits {
            raw.fill(None);
            if self.wants_source {
                let source = hit.source.ok_or_else(|| no_source(OPERATION))?;
                if self.paths.pick(source, &mut raw).is_err() {
                    self.scanned.unreadable += 1;
                    continue;
                }
            }
            made.clear();
            let mut cells: Vec<ValueRef<'_>> = lent::recycled_cells(memory);
            if self.lend(hit, &raw, &mut cells, &mut made).is_none() {
                self.scanned.unreadable += 1;
                memory = lent::recycled_cells(cells);
                continue;
            }
            for (at, value) in &made {
                if let Some(cell) = cells.get_mut(*at) {
                    *cell = value.into();
                }
            }
            self.scanned.rows += 1;
            let flow = sink.row(&cells);
            memory = lent::recycled_cells(cells);
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Lends what can be lent, and makes the others; `None` where one cannot be read.
    fn lend<'r>(
        &self,
        hit: &Hit<'_>,
        raw: &[Option<&'r serde_json::value::RawValue>],
        cells: &mut Vec<ValueRef<'r>>,
        own: &mut Vec<(usize, Value)>,
    ) -> Option<()> {
        for (at, (cell, raw)) in self.cells.iter().zip(raw).enumerate() {
            let value = match (cell, raw) {
                (Cell::Beside(name), _) => hit.known(name),
                (Cell::Inside, None) => None,
                (Cell::Inside, Some(raw)) => {
                    if let Some(it) = lend(raw) {
                        cells.push(it);
                        continue;
                    }
                    Some(made(raw).ok()?)
                }
            };
            cells.push(ValueRef::Absent);
            own.extend(value.map(|it| (at, it)));
        }
        Some(())
    }
}

//! Whole datasets: the wanted properties only, as the server streams them.

use std::ops::ControlFlow;

use neo4rs::Error as Failure;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Call, Fields, Part, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::Value;

use super::cell::{Cell, ROW, cells};
use super::layout::Operand;
use super::lease::{Cypher, Lease};
use super::pool::Pool;
use super::records::Reader;

const OPERATION: &str = "scan";

/// Rows that are fetched at a time where they are small.
const FETCH: usize = 10_000;

/// About the most bytes that are fetched at a time.
const BYTES: usize = 8 << 20;

/// Rows that tell how large rows are.
const SAMPLE: usize = 32;

/// Feeds the cells of the whole dataset, key first, then the fields in order.
pub(super) async fn scan(
    pool: &std::sync::Arc<Pool>,
    call: &Call,
    part: &Part,
    fields: &Projection,
    sink: &mut dyn RowSink,
) -> Result<Scanned> {
    let Fields::Listed(paths) = &fields.fields else {
        return Err(
            Error::new(ErrorKind::InvalidInput, OPERATION).because("the fields are not listed")
        );
    };
    let reader = Reader::new(&part.dataset, fields)?;
    let mut operands = reader.key.clone();
    for path in paths {
        operands.push(reader.source.required(path)?);
    }
    let list: Vec<&str> = operands.iter().map(|it| it.text.as_str()).collect();
    let text = format!(
        "{} RETURN [{}] AS {ROW}",
        reader.matching(None),
        list.join(", ")
    );
    let mut first = pool.lease(call).await?;
    // Without what limits the dataset: rows that are rare would be looked for twice.
    let pattern = reader.source.pattern();
    let sample = format!(
        "MATCH {pattern} RETURN [{}] AS {ROW} LIMIT {SAMPLE}",
        list.join(", ")
    );
    let rows = fetched(&mut first, sample).await?;
    first.release();
    let mut lease = pool.lease_fetching(call, rows).await?;
    let feed = Feed {
        operands,
        n_key: reader.key.len(),
    };
    let scanned = feed.all(&mut lease, &text, sink).await?;
    lease.release();
    Ok(scanned)
}

/// How many rows are fetched at a time, by the size of the first ones: a power of two.
async fn fetched(lease: &mut Lease, text: String) -> Result<usize> {
    let rows = lease.rows(&Cypher::new(text), OPERATION).await?;
    let size = |row| cells(row).map_or(0, |it| it.iter().map(Cell::size).sum::<usize>());
    let bytes: usize = rows.iter().map(size).sum();
    let fit = BYTES / (bytes / rows.len().max(1)).max(1);
    Ok((fit.clamp(16, FETCH) / 2 + 1)
        .next_power_of_two()
        .min(FETCH))
}

/// How rows are fed.
struct Feed {
    operands: Vec<Operand>,
    n_key: usize,
}

impl Feed {
    async fn all(&self, lease: &mut Lease, text: &str, sink: &mut dyn RowSink) -> Result<Scanned> {
        let started = lease.start(&Cypher::new(text)).await;
        let mut rows = started.map_err(|it| lease.fail(&it, OPERATION))?;
        let mut scanned = Scanned::default();
        loop {
            match rows.next().await {
                Ok(Some(row)) => {
                    let Ok(cells) = cells(&row) else {
                        scanned.unreadable += 1;
                        continue;
                    };
                    scanned.rows += 1;
                    if self.row(&cells, sink).is_break() {
                        // Dropped with rows on their way, the connection is closed.
                        return Ok(scanned);
                    }
                }
                Ok(None) => break,
                Err(failure) if is_of_one_row(&failure) => scanned.unreadable += 1,
                Err(failure) => return Err(lease.broken(&failure, OPERATION)),
            }
        }
        lease.rest();
        Ok(scanned)
    }

    fn row(&self, cells: &[Cell<'_>], sink: &mut dyn RowSink) -> ControlFlow<()> {
        let mut lent = Vec::with_capacity(cells.len());
        for (cell, operand) in cells.iter().zip(&self.operands) {
            match cell.lent().filter(|_| operand.inside.is_empty()) {
                Some(it) => lent.push(it),
                None => break,
            }
        }
        if lent.len() == cells.len() {
            self.nulls(&mut lent);
            return sink.row(&lent);
        }
        self.decoded(cells, sink)
    }

    /// The same where a cell has to be decoded first.
    fn decoded(&self, cells: &[Cell<'_>], sink: &mut dyn RowSink) -> ControlFlow<()> {
        let values = cells.iter().zip(&self.operands);
        let values: Vec<Option<Value>> = values.map(|(cell, it)| it.value(cell)).collect();
        let mut lent: Vec<ValueRef<'_>> = values
            .iter()
            .map(|it| it.as_ref().map_or(ValueRef::Absent, ValueRef::from))
            .collect();
        self.nulls(&mut lent);
        sink.row(&lent)
    }

    /// A record without its key has one that is null.
    fn nulls(&self, cells: &mut [ValueRef<'_>]) {
        for cell in cells.iter_mut().take(self.n_key) {
            if *cell == ValueRef::Absent {
                *cell = ValueRef::Null;
            }
        }
    }
}

/// Whether a row came that could not be read, and the next may be.
fn is_of_one_row(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::UnknownType(_) | Failure::InvalidTypeMarker(_) | Failure::DeserializationError(_)
    )
}

//! The rows of a statement, gathered into batches.

use std::sync::Arc;
use std::time::Duration;

use neo4rs::Row;
use parallax_core::error::Result;
use parallax_core::store::{Batch, Chunk, Column};
use parallax_core::value::Value;
use tokio::time::Instant;

use super::cell::cell;
use super::columns::in_order;
use super::temporal::Zoned;

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// How long rows wait for others to fill the batch.
const FLUSH_AFTER: Duration = Duration::from_millis(20);

/// The batch that is being filled.
pub(super) struct Output {
    /// `None` until a row tells them.
    columns: Option<Arc<[Column]>>,
    /// Whether they are told by the statement only, which a row may correct.
    is_guess: bool,
    cells: Vec<Value>,
    rows: usize,
    bytes: usize,
    /// When its first row has waited long enough.
    pub(super) flush_at: Instant,
    is_begun: bool,
}

impl Output {
    /// For columns of these names, as far as they are known before a row comes.
    pub(super) fn new(names: Option<Vec<String>>) -> Self {
        Self {
            is_guess: names.is_some(),
            columns: names.map(named),
            cells: Vec::new(),
            rows: 0,
            bytes: 0,
            flush_at: Instant::now(),
            is_begun: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Whether rows wait, or the columns of a result without rows.
    pub(super) fn has_more(&self) -> bool {
        self.rows > 0 || (!self.is_begun && self.columns.is_some())
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<()> {
        let columns = self.columns_of(row);
        if self.rows == 0 {
            self.flush_at = Instant::now() + FLUSH_AFTER;
        }
        for column in columns.iter() {
            let cell = cell(row, &column.name)?;
            self.bytes += cell.size();
            self.cells.push(cell.value(Zoned::Kept));
        }
        self.rows += 1;
        Ok(())
    }

    /// The columns, which are those of the first row where the statement does not tell them, or tells others.
    fn columns_of(&mut self, row: &Row) -> Arc<[Column]> {
        if let Some(columns) = self.columns.as_ref().filter(|_| !self.is_guess) {
            return Arc::clone(columns);
        }
        let keys: Vec<String> = row.keys().into_iter().map(ToString::to_string).collect();
        let guessed = self.columns.take().filter(|columns| {
            columns.len() == keys.len() && columns.iter().all(|it| keys.contains(&it.name))
        });
        self.is_guess = false;
        let columns = guessed.unwrap_or_else(|| named(in_order(keys)));
        self.columns = Some(Arc::clone(&columns));
        columns
    }

    /// What has been gathered.
    pub(super) fn batch(&mut self) -> Chunk {
        self.is_begun = true;
        let rows = u32::try_from(self.rows).unwrap_or(u32::MAX);
        let cells = std::mem::take(&mut self.cells);
        (self.rows, self.bytes) = (0, 0);
        let columns = self.columns.clone();
        Chunk::Rows(Batch {
            columns: columns.unwrap_or_else(|| Arc::from([])),
            rows,
            cells,
        })
    }
}

/// No column declares a type.
fn named(names: Vec<String>) -> Arc<[Column]> {
    let column = |name| Column {
        name,
        type_name: String::new(),
    };
    names.into_iter().map(column).collect()
}

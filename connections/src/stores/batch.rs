//! The rows of a result, gathered into batches.

use std::sync::Arc;
use std::time::Duration;

use parallax_core::store::{Batch, Chunk, Column};
use parallax_core::value::Value;
use tokio::time::Instant;

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// The most rows of the first batch of a result: whoever waits sees rows before a whole batch of them has come.
const FIRST_ROWS: usize = 64;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// How long rows wait for others to fill the batch.
const FLUSH_AFTER: Duration = Duration::from_millis(20);

/// The batch that is being filled.
#[derive(Debug)]
pub(crate) struct Filling {
    columns: Arc<[Column]>,
    cells: Vec<Value>,
    rows: usize,
    bytes: usize,
    flush_at: Instant,
    is_begun: bool,
}

impl Filling {
    /// For rows of these columns.
    pub(crate) fn new(columns: Arc<[Column]>) -> Self {
        Self {
            columns,
            cells: Vec::new(),
            rows: 0,
            bytes: 0,
            flush_at: Instant::now(),
            is_begun: false,
        }
    }

    /// When its first row has waited long enough.
    pub(crate) fn flush_at(&self) -> Instant {
        self.flush_at
    }

    pub(crate) fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        let most = if self.is_begun {
            BATCH_ROWS
        } else {
            FIRST_ROWS
        };
        self.rows >= most || self.bytes >= BATCH_BYTES
    }

    /// Whether rows wait, or the columns of a result without rows.
    pub(crate) fn has_more(&self) -> bool {
        self.rows > 0 || (!self.is_begun && self.has_columns())
    }

    /// Begins a row; as many cells as there are columns have to follow.
    pub(crate) fn row(&mut self) {
        if self.rows == 0 {
            self.flush_at = Instant::now() + FLUSH_AFTER;
            self.cells.reserve(BATCH_ROWS.min(self.columns.len() * 64));
        }
        self.rows += 1;
        self.bytes += self.columns.len() * size_of::<Value>();
    }

    /// Adds a cell that came as so many bytes.
    pub(crate) fn cell(&mut self, value: Value, bytes: usize) {
        self.bytes += bytes;
        self.cells.push(value);
    }

    /// What has been gathered.
    pub(crate) fn take(&mut self) -> Chunk {
        self.is_begun = true;
        let rows = u32::try_from(self.rows).unwrap_or(u32::MAX);
        let cells = std::mem::take(&mut self.cells);
        (self.rows, self.bytes) = (0, 0);
        Chunk::Rows(Batch {
            columns: Arc::clone(&self.columns),
            rows,
            cells,
        })
    }
}

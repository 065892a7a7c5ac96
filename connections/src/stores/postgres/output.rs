//! The rows of a statement, gathered into batches.

use std::sync::Arc;
use std::time::Duration;

use parallax_core::store::{Batch, Chunk, Column};
use parallax_core::value::Value;
use sqlx::Row as _;
use sqlx::postgres::{PgRow, PgValueFormat};
use tokio::time::Instant;

use super::fault::Failure;
use super::link::{bytes, cell};
use super::types::Type;
use super::{binary, text};

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// How long rows wait for others to fill the batch.
const FLUSH_AFTER: Duration = Duration::from_millis(20);

/// The batch that is being filled.
pub(super) struct Output {
    columns: Arc<[Column]>,
    types: Vec<Arc<Type>>,
    cells: Vec<Value>,
    rows: usize,
    bytes: usize,
    /// When its first row has waited long enough.
    pub(super) flush_at: Instant,
    is_begun: bool,
}

impl Output {
    /// For columns with these names and modifiers of their types.
    pub(super) fn new(columns: impl Iterator<Item = (String, i32)>, types: Vec<Arc<Type>>) -> Self {
        let named = columns.zip(&types).map(|((name, modifier), of)| Column {
            name,
            type_name: of.with_modifier(modifier),
        });
        Self {
            columns: named.collect(),
            types,
            cells: Vec::new(),
            rows: 0,
            bytes: 0,
            flush_at: Instant::now(),
            is_begun: false,
        }
    }

    /// For the lines of `COPY … TO STDOUT`.
    pub(super) fn lines() -> Self {
        let mut output = Self::new(std::iter::empty(), Vec::new());
        output.columns = lines();
        output
    }

    /// Whether the binary form of every column is one that we read.
    pub(super) fn is_binary(&self) -> bool {
        self.types.iter().all(|it| it.is_binary())
    }

    /// The types of the columns.
    pub(super) fn types(&self) -> &[Arc<Type>] {
        &self.types
    }

    pub(super) fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Whether rows wait, or the columns of a result without rows.
    pub(super) fn has_more(&self) -> bool {
        self.rows > 0 || (!self.is_begun && self.has_columns())
    }

    pub(super) fn push(&mut self, row: &PgRow) -> Result<(), Failure> {
        if row.len() != self.types.len() {
            return Err(Failure::Protocol(
                "a row has another number of cells".to_owned(),
            ));
        }
        self.begin_row(self.types.len() * size_of::<Value>());
        for (at, of) in self.types.iter().enumerate() {
            let cell = cell(row, at)?;
            let value = match bytes(&cell) {
                None => Value::Null,
                Some(bytes) => {
                    self.bytes += bytes.len();
                    match cell.format() {
                        PgValueFormat::Binary if of.is_binary() => binary::value(of, bytes),
                        // What is not read in its binary form was made text by the statement.
                        PgValueFormat::Binary | PgValueFormat::Text => text::value(of, bytes),
                    }
                }
            };
            self.cells.push(value);
        }
        Ok(())
    }

    /// One line of `COPY … TO STDOUT`.
    pub(super) fn push_line(&mut self, body: &[u8]) {
        self.begin_row(body.len() + size_of::<Value>());
        let line = body.strip_suffix(b"\n").unwrap_or(body);
        let text = String::from_utf8(line.to_vec()).map(Value::Text);
        self.cells
            .push(text.unwrap_or_else(|it| Value::Bytes(it.into_bytes())));
    }

    fn begin_row(&mut self, bytes: usize) {
        if self.rows == 0 {
            self.flush_at = Instant::now() + FLUSH_AFTER;
            self.cells.reserve(BATCH_ROWS.min(self.columns.len() * 64));
        }
        self.rows += 1;
        self.bytes += bytes;
    }

    /// What has been gathered.
    pub(super) fn batch(&mut self) -> Chunk {
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

fn lines() -> Arc<[Column]> {
    Arc::new([Column {
        name: "line".to_owned(),
        type_name: "text".to_owned(),
    }])
}

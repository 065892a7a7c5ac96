//! Results of statements: written to a file as they arrive, read back in pages, in bounded memory.
//!
//! A result keeps an index entry of 24 bytes a batch and nothing else; its file has no name and goes with it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Batch, Column};
use parallax_core::value::Value;
use parallax_core::wire::{self, ResultHead};

/// What one result may take on disk; a statement that gives more is stopped.
const MAX_BYTES: u64 = 16 << 30;

/// One result of one statement, growing while the statement runs.
#[derive(Debug, Default)]
pub(crate) struct Rowset(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    columns: Arc<[Column]>,
    rows: u64,
    affected: Option<u64>,
    file: Option<File>,
    bytes: u64,
    batches: Vec<Span>,
}

/// Where one batch is: its first row, and its bytes in the file.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: u64,
    offset: u64,
    length: u64,
}

impl Rowset {
    /// Adds a batch; fails when the disk does, or when the result grows beyond what one may take.
    pub(crate) fn push(&self, batch: &Batch) -> Result<()> {
        let mut inner = self.inner();
        if inner.columns.is_empty() {
            inner.columns = Arc::clone(&batch.columns);
        }
        if batch.rows == 0 {
            return Ok(());
        }
        let bytes = wire::encode(&(batch.rows, &batch.cells))?;
        let length = bytes.len() as u64;
        if inner.bytes + length > MAX_BYTES {
            return Err(Error::new(ErrorKind::Other, "keep the result")
                .because("it takes more than 16 GiB")
                .hint("limit the statement, or export it with `parallax query … --format csv`"));
        }
        let span = Span {
            first: inner.rows,
            offset: inner.bytes,
            length,
        };
        inner
            .write(&bytes)
            .map_err(|it| Error::new(ErrorKind::Other, "write the result to disk").because(it))?;
        inner.batches.push(span);
        inner.rows += u64::from(batch.rows);
        inner.bytes += length;
        Ok(())
    }

    /// Notes how many rows the statement changed.
    pub(crate) fn note_affected(&self, affected: Option<u64>) {
        self.inner().affected = affected;
    }

    /// What a grid needs to know before it pulls rows.
    pub(crate) fn head(&self) -> ResultHead {
        let inner = self.inner();
        ResultHead {
            columns: inner.columns.to_vec(),
            rows: inner.rows,
            affected: inner.affected,
        }
    }

    /// The bytes kept on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.inner().bytes
    }

    /// At most `count` rows from `first` on; fewer at the end of what has arrived.
    pub(crate) fn page(&self, first: u64, count: u32) -> Result<Batch> {
        let mut inner = self.inner();
        let columns = Arc::clone(&inner.columns);
        let width = columns.len();
        let end = first.saturating_add(u64::from(count)).min(inner.rows);
        let mut page = Batch {
            columns,
            rows: 0,
            cells: Vec::new(),
        };
        for span in inner.spans(first, end) {
            let (rows, cells) = inner.read(span)?;
            let from = first.saturating_sub(span.first).min(u64::from(rows));
            let to = end.saturating_sub(span.first).min(u64::from(rows));
            let cells = cells
                .into_iter()
                .skip(index(from) * width)
                .take(index(to - from) * width);
            page.cells.extend(cells);
            page.rows += u32::try_from(to - from).unwrap_or(u32::MAX);
        }
        Ok(page)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let end = self.bytes;
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile()?);
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(end))?;
        file.write_all(bytes)
    }

    fn spans(&self, first: u64, end: u64) -> Vec<Span> {
        let start = self
            .batches
            .partition_point(|it| it.first <= first)
            .saturating_sub(1);
        self.batches
            .iter()
            .skip(start)
            .take_while(|it| it.first < end)
            .copied()
            .collect()
    }

    fn read(&mut self, span: Span) -> Result<(u32, Vec<Value>)> {
        let mut bytes = vec![0; index(span.length)];
        let read = self.file.as_mut().map(|file| {
            file.seek(SeekFrom::Start(span.offset))?;
            file.read_exact(&mut bytes)
        });
        match read {
            Some(Err(error)) => {
                Err(Error::new(ErrorKind::Other, "read the result from disk").because(error))
            }
            _ => wire::decode(&bytes),
        }
    }
}

/// A number that is known to fit memory, as an index.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(from: i64, rows: u32) -> Batch {
        let column = Column {
            name: "n".to_owned(),
            type_name: "BIGINT".to_owned(),
        };
        Batch {
            columns: [column].into(),
            rows,
            cells: (from..from + i64::from(rows)).map(Value::I64).collect(),
        }
    }

    fn numbers(page: Batch) -> Vec<i64> {
        let numbers = page
            .cells
            .into_iter()
            .map(|it| if let Value::I64(it) = it { it } else { -1 });
        numbers.collect()
    }

    #[test]
    fn a_page_spans_batches_and_ends_with_what_has_arrived() {
        let rows = Rowset::default();
        for at in 0..10 {
            rows.push(&batch(at * 100, 100)).expect("room on the disk");
        }
        assert_eq!(
            numbers(rows.page(95, 10).expect("a page")),
            (95..105).collect::<Vec<_>>()
        );
        assert_eq!(
            numbers(rows.page(990, 50).expect("a page")),
            (990..1_000).collect::<Vec<_>>()
        );
        assert_eq!(rows.page(1_000, 5).expect("a page").rows, 0);
        assert_eq!(rows.head().rows, 1_000);
    }

    #[test]
    fn an_empty_result_has_its_columns() {
        let rows = Rowset::default();
        rows.push(&batch(0, 0)).expect("nothing to write");
        assert_eq!(rows.head().columns.len(), 1);
        assert_eq!(rows.page(0, 10).expect("a page").rows, 0);
    }
}

//! Documents as rows: a column for each name at their top.
//!
//! The columns of a result are fixed with its first batch: they are the names that its documents have, in the order in
//! which they were first met. Where more documents follow, one further column, `@other`, takes what theirs have besides.
//! A name that a document has twice has two columns. What a document lacks is `absent`, which is not null.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::bson::{RawArray, RawDocument};
use mongodb::raw_batch_cursor::RawBatch;
use parallax_core::error::Result;
use parallax_core::store::{Batch, Chunk, Column};
use parallax_core::value::Value;

use super::types;

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// What other fields than those of the first batch stand in.
const OTHER: &str = "@other";

/// A cell of a document that lacks the field.
fn absent() -> Value {
    types::native("absent", "")
}

/// The columns of one result.
#[derive(Debug)]
pub(super) struct Table {
    columns: Arc<[Column]>,
    /// For each name the places of its columns; the nth is for the nth time that a document has it.
    places: HashMap<String, Vec<usize>>,
    /// The place of the column for what is not among them.
    other: Option<usize>,
    has_others: bool,
    is_begun: bool,
}

impl Table {
    /// The columns of these documents; more may follow.
    pub(super) fn of(documents: &RawArray, more_follow: bool) -> Result<Self> {
        let mut names: Vec<String> = Vec::new();
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for document in documents_of(documents) {
            let mut met: HashMap<&str, usize> = HashMap::new();
            for element in document?.iter_elements() {
                let element = element.map_err(|it| types::broken(&it))?;
                let name = element.key().as_str();
                let nth = met.entry(name).or_default();
                *nth += 1;
                let known = places.get(name).map_or(0, Vec::len);
                if *nth > known {
                    places.entry(name.to_owned()).or_default().push(names.len());
                    names.push(name.to_owned());
                }
            }
        }
        let other = more_follow.then_some(names.len());
        names.extend(other.map(|_| OTHER.to_owned()));
        Ok(Self {
            columns: names.into_iter().map(column).collect(),
            places,
            other,
            has_others: false,
            is_begun: false,
        })
    }

    /// One column of values.
    pub(super) fn single(name: &str) -> Self {
        Self {
            columns: [column(name.to_owned())].into(),
            places: HashMap::new(),
            other: None,
            has_others: false,
            is_begun: false,
        }
    }

    /// Whether something stands in the column for what the others do not take.
    pub(super) fn has_others(&self) -> bool {
        self.has_others
    }

    /// The documents as batches; the first comes even where there are none.
    pub(super) fn chunks(&mut self, documents: &RawArray) -> Result<Vec<Chunk>> {
        let mut chunks = Vec::new();
        let (mut cells, mut rows, mut bytes) = (Vec::new(), 0, 0);
        for document in documents_of(documents) {
            let document = document?;
            cells.extend(self.row(document)?);
            rows += 1;
            bytes += document.as_bytes().len() + self.columns.len() * size_of::<Value>();
            if rows >= BATCH_ROWS || bytes >= BATCH_BYTES {
                chunks.push(self.chunk(rows, std::mem::take(&mut cells)));
                (rows, bytes) = (0, 0);
            }
        }
        if rows > 0 || !self.is_begun {
            chunks.push(self.chunk(rows, cells));
        }
        Ok(chunks)
    }

    /// Values, one a row.
    pub(super) fn values(&mut self, values: Vec<Value>) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut values = values.into_iter().peekable();
        while values.peek().is_some() || !self.is_begun {
            let cells: Vec<Value> = values.by_ref().take(BATCH_ROWS).collect();
            chunks.push(self.chunk(cells.len(), cells));
        }
        chunks
    }

    fn chunk(&mut self, rows: usize, cells: Vec<Value>) -> Chunk {
        self.is_begun = true;
        Chunk::Rows(Batch {
            columns: Arc::clone(&self.columns),
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            cells,
        })
    }

    fn row(&mut self, document: &RawDocument) -> Result<Vec<Value>> {
        let mut row: Vec<Option<Value>> = vec![None; self.columns.len()];
        let mut others = Vec::new();
        for element in document.iter_elements() {
            let element = element.map_err(|it| types::broken(&it))?;
            let value = types::element(&element, 0)?;
            let name = element.key().as_str();
            let places = self.places.get(name).map(Vec::as_slice).unwrap_or_default();
            let free = places.iter().find(|it| row.get(**it) == Some(&None));
            match free.and_then(|it| row.get_mut(*it)) {
                Some(cell) => *cell = Some(value),
                None => others.push((name.to_owned(), value)),
            }
        }
        if let Some(cell) = self
            .other
            .and_then(|it| row.get_mut(it))
            .filter(|_| !others.is_empty())
        {
            *cell = Some(Value::Map(others));
            self.has_others = true;
        }
        Ok(row
            .into_iter()
            .map(|it| it.unwrap_or_else(absent))
            .collect())
    }
}

fn column(name: String) -> Column {
    Column {
        name,
        type_name: String::new(),
    }
}

/// The list of a batch's documents.
pub(super) fn array(batch: &RawBatch) -> Result<&RawArray> {
    match batch.doc_slices() {
        Ok(documents) => Ok(documents),
        Err(_) => Err(types::no_document()),
    }
}

/// The documents of a batch.
pub(super) fn documents_of(batch: &RawArray) -> impl Iterator<Item = Result<&RawDocument>> {
    batch.iter_elements().map(|it| {
        let element = it.map_err(|it| types::broken(&it))?;
        let value = element.value().map_err(|it| types::broken(&it))?;
        value.as_document().ok_or_else(types::no_document)
    })
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{RawArrayBuf, RawDocumentBuf, rawdoc};

    use super::*;

    fn batch(documents: &[RawDocumentBuf]) -> RawArrayBuf {
        let mut batch = RawArrayBuf::new();
        for document in documents {
            batch.push(document.clone());
        }
        batch
    }

    fn of(chunks: &[Chunk]) -> (Vec<&str>, Vec<String>) {
        let Chunk::Rows(batch) = &chunks[0] else {
            panic!("no rows");
        };
        let names = batch.columns.iter().map(|it| it.name.as_str()).collect();
        (
            names,
            batch
                .cells
                .iter()
                .map(|it| format!("{}:{it}", it.type_name()))
                .collect(),
        )
    }

    #[test]
    fn columns_are_the_names_in_the_order_in_which_they_are_met() {
        let batch = batch(&[rawdoc! { "b": 1, "a": null }, rawdoc! { "c": 2, "b": 3 }]);
        let mut table = Table::of(&batch, false).expect("read");
        let chunks = table.chunks(&batch).expect("read");
        let (names, cells) = of(&chunks);
        assert_eq!(names, ["b", "a", "c"]);
        assert_eq!(
            cells,
            ["int:1", "null:null", "absent:", "int:3", "absent:", "int:2"]
        );
    }

    #[test]
    fn what_comes_later_has_a_column_and_what_stands_twice_has_two() {
        let mut twice = RawDocumentBuf::new();
        twice.append(mongodb::bson::raw::cstr!("a"), 1);
        twice.append(mongodb::bson::raw::cstr!("a"), 2);
        let first = batch(&[twice]);
        let mut table = Table::of(&first, true).expect("read");
        let (names, cells) = {
            let chunks = table.chunks(&first).expect("read");
            let (names, cells) = of(&chunks);
            (names.join(","), cells)
        };
        assert_eq!(names, "a,a,@other");
        assert_eq!(cells, ["int:1", "int:2", "absent:"]);
        let chunks = table
            .chunks(&batch(&[rawdoc! { "z": 1, "a": 5 }]))
            .expect("read");
        assert_eq!(of(&chunks).1, ["int:5", "absent:", "map:{\"z\":1}"]);
    }

    #[test]
    fn a_result_without_documents_still_begins() {
        let none = batch(&[]);
        let mut table = Table::of(&none, false).expect("read");
        assert_eq!(table.chunks(&none).expect("read").len(), 1);
        assert_eq!(table.chunks(&none).expect("read").len(), 0);
    }
}

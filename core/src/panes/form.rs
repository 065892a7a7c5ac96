//! From the rows of a result to records: named fields, whatever the store's way to lay them out.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::store::{Batch, Column};
use crate::value::Value;

/// The most fields of one record that stand below each other.
const MAX_PAIRS: usize = 10_000;
/// The most field names that are told apart.
const MAX_NAMES: usize = 1_000;

/// The column in which search engines keep the document.
const SOURCE: &str = "_source";

/// How the rows of a result become records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// A row is a record, and its columns are its fields.
    Rows,
    /// All rows are the fields of one record: two columns, `field` and `value`.
    Pairs,
    /// A row is a record, and its fields are the members of this column's document, beside the other columns.
    Documents(String),
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows => f.write_str("a record a row"),
            Self::Pairs => f.write_str("one record, a field a row"),
            Self::Documents(column) => write!(f, "the document in {column}"),
        }
    }
}

/// What is known of a result once all its rows were seen: its form, its records, the names of their fields.
#[derive(Clone, Debug)]
pub struct Outline {
    columns: Vec<Column>,
    rows: u64,
    /// The names so far, while the rows may be the fields of one record.
    pairs: Option<BTreeSet<String>>,
    document: Option<Candidate>,
}

/// A column that may hold each row's document.
#[derive(Clone, Debug)]
struct Candidate {
    at: usize,
    documents: u64,
    names: Vec<String>,
    known: BTreeSet<String>,
}

impl Outline {
    /// Of a result with these columns, no row of which was seen yet.
    pub fn new(columns: &[Column]) -> Self {
        let names: Vec<String> = columns.iter().map(|it| it.name.to_lowercase()).collect();
        let is_pairs = names == ["field", "value"];
        let source = names.iter().position(|it| it == SOURCE);
        let at = source.or_else(|| (columns.len() == 1).then_some(0));
        Self {
            columns: columns.to_vec(),
            rows: 0,
            pairs: is_pairs.then(BTreeSet::new),
            document: at.map(Candidate::new),
        }
    }

    /// Takes some more rows.
    pub fn add(&mut self, batch: &Batch) {
        let width = batch.columns.len().max(1);
        for row in batch.cells.chunks(width) {
            self.rows += 1;
            self.pair(row);
            let is_document = self.document.as_mut().is_none_or(|it| it.add(row));
            if !is_document {
                self.document = None;
            }
        }
    }

    fn pair(&mut self, row: &[Value]) {
        let Some(names) = &mut self.pairs else {
            return;
        };
        let name = row.first().and_then(text);
        let is_new = name.is_some_and(|it| names.insert(it));
        if !is_new || names.len() > MAX_PAIRS {
            self.pairs = None;
        }
    }

    /// How the rows become records.
    pub fn form(&self) -> Form {
        if self.pairs.is_some() {
            return Form::Pairs;
        }
        let document = self.document.as_ref().filter(|it| it.documents > 0);
        let column = document.and_then(|it| self.columns.get(it.at));
        column.map_or(Form::Rows, |it| Form::Documents(it.name.clone()))
    }

    /// The records that the rows become.
    pub fn records(&self) -> u64 {
        match self.form() {
            Form::Rows => self.rows,
            Form::Pairs => self.rows.min(1),
            Form::Documents(_) => self.document.as_ref().map_or(0, |it| it.documents),
        }
    }

    /// The names of the records' fields, in the order in which they were first seen; at most a thousand.
    pub fn names(&self) -> Vec<String> {
        let columns = self.columns.iter().map(|it| it.name.clone());
        match (self.form(), &self.pairs, &self.document) {
            (Form::Pairs, Some(names), _) => names.iter().take(MAX_NAMES).cloned().collect(),
            (Form::Documents(column), _, Some(it)) => {
                let beside = columns.filter(|name| *name != column && !it.known.contains(name));
                it.names.iter().cloned().chain(beside).collect()
            }
            _ => {
                let mut seen = BTreeSet::new();
                columns
                    .filter(|it| seen.insert(it.clone()))
                    .take(MAX_NAMES)
                    .collect()
            }
        }
    }
}

impl Candidate {
    fn new(at: usize) -> Self {
        Self {
            at,
            documents: 0,
            names: Vec::new(),
            known: BTreeSet::new(),
        }
    }

    /// Whether the column can still be the document; null is a row without one.
    fn add(&mut self, row: &[Value]) -> bool {
        match row.get(self.at) {
            Some(Value::Null) => true,
            Some(cell) => match document(cell) {
                Some(members) => {
                    self.learn(&members);
                    true
                }
                None => false,
            },
            None => false,
        }
    }

    fn learn(&mut self, members: &[(String, Value)]) {
        self.documents += 1;
        for (name, _) in members {
            if self.names.len() < MAX_NAMES && !self.known.contains(name) {
                self.known.insert(name.clone());
                self.names.push(name.clone());
            }
        }
    }
}

/// Makes records of rows.
#[derive(Debug)]
pub struct Records {
    form: Form,
    fields: Vec<(String, Value)>,
}

impl Records {
    /// Of a result of this form.
    pub fn new(form: Form) -> Self {
        Self {
            form,
            fields: Vec::new(),
        }
    }

    /// The records of some more rows, each a map.
    pub fn add(&mut self, batch: &Batch) -> Vec<Value> {
        let width = batch.columns.len().max(1);
        let mut records = Vec::new();
        for row in batch.cells.chunks(width) {
            match &self.form {
                Form::Rows => records.push(Value::Map(named(&batch.columns, row))),
                Form::Documents(column) => {
                    records.extend(unfolded(&batch.columns, row, column).map(Value::Map));
                }
                Form::Pairs => {
                    if let [name, value, ..] = row {
                        let name = text(name).unwrap_or_default();
                        self.fields.push((name, value.clone()));
                    }
                }
            }
        }
        records
    }

    /// The one record that is whole only with the last row.
    pub fn last(self) -> Option<Value> {
        (self.form == Form::Pairs && !self.fields.is_empty()).then_some(Value::Map(self.fields))
    }
}

/// The cells under their columns' names; of columns of the same name the first.
fn named(columns: &[Column], row: &[Value]) -> Vec<(String, Value)> {
    let mut seen = BTreeSet::new();
    let cells = columns.iter().zip(row);
    cells
        .filter(|(column, _)| seen.insert(column.name.as_str()))
        .map(|(column, cell)| (column.name.clone(), cell.clone()))
        .collect()
}

/// The members of the document in `column`, then the other cells whose names it does not have.
fn unfolded(columns: &[Column], row: &[Value], column: &str) -> Option<Vec<(String, Value)>> {
    let at = columns.iter().position(|it| it.name == column)?;
    let mut members = document(row.get(at)?)?;
    for (name, cell) in named(columns, row) {
        if name != column && !members.iter().any(|(it, _)| *it == name) {
            members.push((name, cell));
        }
    }
    Some(members)
}

/// The members of a document: of a map, of a text that is a JSON object, of a node's or relationship's properties.
fn document(cell: &Value) -> Option<Vec<(String, Value)>> {
    match cell {
        Value::Map(members) => Some(properties(members).unwrap_or(members).to_vec()),
        Value::Text(text) if text.trim_start().starts_with('{') => match Value::from_json(text) {
            Ok(Value::Map(members)) => Some(members),
            _ => None,
        },
        _ => None,
    }
}

/// What a node or a relationship carries; `None` for any other map.
fn properties(members: &[(String, Value)]) -> Option<&[(String, Value)]> {
    let is_graph = members
        .first()
        .is_some_and(|(name, _)| matches!(name.as_str(), "@node" | "@relationship"));
    let (_, value) = members
        .iter()
        .find(|(name, _)| is_graph && name == "properties")?;
    match value {
        Value::Map(properties) => Some(properties),
        _ => None,
    }
}

/// The text of a field's name; bytes that are no text have none.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bytes(bytes) => str::from_utf8(bytes).ok().map(ToOwned::to_owned),
        _ => None,
    }
}

//! The rows of a statement, read into batches.

use std::sync::Arc;

use parallax_core::store::Column;
use parallax_core::value::Value;
use sqlx::Row as _;
use sqlx::postgres::{PgRow, PgValueFormat};

use super::fault::Failure;
use super::link::{bytes, cell};
use super::types::Type;
use super::{binary, text};
use crate::stores::batch::Filling;

/// The batch that is being filled, and how its cells are read.
pub(super) struct Output {
    pub(super) filling: Filling,
    types: Vec<Arc<Type>>,
}

impl Output {
    /// For columns with these names and modifiers of their types.
    pub(super) fn new(columns: impl Iterator<Item = (String, i32)>, types: Vec<Arc<Type>>) -> Self {
        let named = columns.zip(&types).map(|((name, modifier), of)| Column {
            name,
            type_name: of.with_modifier(modifier),
        });
        Self {
            filling: Filling::new(named.collect()),
            types,
        }
    }

    /// For the lines of `COPY … TO STDOUT`.
    pub(super) fn lines() -> Self {
        Self {
            filling: Filling::new(lines()),
            types: Vec::new(),
        }
    }

    /// Whether the binary form of every column is one that we read.
    pub(super) fn is_binary(&self) -> bool {
        self.types.iter().all(|it| it.is_binary())
    }

    /// The types of the columns.
    pub(super) fn types(&self) -> &[Arc<Type>] {
        &self.types
    }

    pub(super) fn push(&mut self, row: &PgRow) -> Result<(), Failure> {
        if row.len() != self.types.len() {
            return Err(Failure::other_cells());
        }
        self.filling.row();
        for (at, of) in self.types.iter().enumerate() {
            let cell = cell(row, at)?;
            match bytes(&cell) {
                None => self.filling.cell(Value::Null, 0),
                Some(bytes) => {
                    let value = match cell.format() {
                        PgValueFormat::Binary if of.is_binary() => binary::value(of, bytes),
                        // What is not read in its binary form was made text by the statement.
                        PgValueFormat::Binary | PgValueFormat::Text => text::value(of, bytes),
                    };
                    self.filling.cell(value, bytes.len());
                }
            }
        }
        Ok(())
    }

    /// One line of `COPY … TO STDOUT`.
    pub(super) fn push_line(&mut self, body: &[u8]) {
        self.filling.row();
        let line = body.strip_suffix(b"\n").unwrap_or(body);
        let text = String::from_utf8(line.to_vec()).map(Value::Text);
        let value = text.unwrap_or_else(|it| Value::Bytes(it.into_bytes()));
        self.filling.cell(value, body.len());
    }
}

fn lines() -> Arc<[Column]> {
    Arc::new([Column {
        name: "line".to_owned(),
        type_name: "text".to_owned(),
    }])
}

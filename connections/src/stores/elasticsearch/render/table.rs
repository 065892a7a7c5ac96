//! One result, put together of what an answer holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use parallax_core::store::Column;
use parallax_core::value::Value;

use super::Members;

/// One result.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Table {
    pub(in super::super) columns: Arc<[Column]>,
    pub(in super::super) rows: Vec<Vec<Value>>,
    /// What is to be said beside it.
    pub(in super::super) notices: Vec<String>,
}

impl Table {
    pub(super) fn new(columns: &[&str], rows: Vec<Vec<Value>>) -> Self {
        let columns = columns.iter().map(|it| column(it, ""));
        Self {
            columns: columns.collect(),
            rows,
            notices: Vec::new(),
        }
    }

    /// Rows of members: each name is a column, in the order in which the names are met, `first` before all others.
    pub(super) fn of_members(rows: Vec<Members>, first: &[&str]) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for (name, _) in rows.iter().flatten() {
            if known.insert(name.clone()) {
                names.push(name.clone());
            }
        }
        let rank = |it: &String| {
            first
                .iter()
                .position(|name| name == it)
                .unwrap_or(first.len())
        };
        names.sort_by_key(rank);
        if names.is_empty() {
            // A result without columns could not be shown.
            let rows = rows.into_iter().map(|it| vec![Value::Map(it)]);
            return Self::new(&["answer"], rows.collect());
        }
        let cells = rows.into_iter().map(|members| {
            let mut row = vec![Value::Null; names.len()];
            for (name, value) in members {
                let at = names.iter().position(|it| *it == name);
                if let Some(cell) = at.and_then(|it| row.get_mut(it)) {
                    *cell = value;
                }
            }
            row
        });
        let rows = cells.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Self::new(&names, rows)
    }

    pub(super) fn noted(mut self, notices: Vec<String>) -> Self {
        self.notices = notices;
        self
    }
}

pub(super) fn column(name: &str, type_name: &str) -> Column {
    Column {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
    }
}

//! What a dataset's name stands for in a file: the layout of its tables tells the data model.

use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, KeyPattern};
use parallax_core::store::DataModel;

use super::catalog::{Catalog, Table, TableKind};
use super::types::Declared;
use crate::suggest;

/// The table of nodes, and that of relationships, of a file that holds a graph.
pub(super) const NODES: &str = "nodes";
pub(super) const EDGES: &str = "edges";

/// One dataset of a file: its table, and how records lie in it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) dataset: DatasetId,
    pub(super) table: Arc<Table>,
    pub(super) form: Form,
}

/// How records lie in a table.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A row is a record.
    Rows,
    /// A row of an FTS5 table is a record.
    Search,
    /// A key and a JSON document.
    Documents {
        /// The column of the key.
        id: String,
        /// The column of the document.
        body: String,
    },
    /// Keys of one pattern, with values and perhaps an expiry.
    Entries {
        pattern: KeyPattern,
        expires: Option<String>,
    },
    /// Nodes of one label.
    Nodes { label: String },
    /// Relationships of one type, between nodes of these labels.
    Relationships {
        name: String,
        source: Option<String>,
        target: Option<String>,
    },
}

impl Source {
    pub(super) fn model(&self) -> DataModel {
        match self.form {
            Form::Rows => DataModel::Relational,
            Form::Search => DataModel::Search,
            Form::Documents { .. } => DataModel::Document,
            Form::Entries { .. } => DataModel::KeyValue,
            Form::Nodes { .. } | Form::Relationships { .. } => DataModel::Graph,
        }
    }

    /// The column that holds the record's body as JSON.
    pub(super) fn body(&self) -> Option<&str> {
        match &self.form {
            Form::Rows | Form::Search => None,
            Form::Documents { body, .. } => Some(body),
            Form::Entries { .. } => Some("value"),
            Form::Nodes { .. } | Form::Relationships { .. } => Some("properties"),
        }
    }
}

/// The columns of a table of keys and values: `key` is its primary key, beside it `value` and perhaps `expires_at`.
pub(super) fn is_entries(table: &Table) -> bool {
    let known = ["key", "value", "expires_at"];
    let key: Vec<&str> = table.key().iter().map(|it| it.name.as_str()).collect();
    table.kind == TableKind::Table
        && key == ["key"]
        && table.column("value").is_some()
        && table.names().all(|it| known.contains(&it))
}

/// A table with a primary key of one column and exactly one other column, declared JSON.
pub(super) fn document_columns(table: &Table) -> Option<(String, String)> {
    let [id, body] = table.columns.as_slice() else {
        return None;
    };
    let (id, body) = if id.key.is_some() {
        (id, body)
    } else {
        (body, id)
    };
    let fits = id.key.is_some() && body.key.is_none() && body.meaning() == Declared::Json;
    (fits && table.kind == TableKind::Table).then(|| (id.name.clone(), body.name.clone()))
}

impl Catalog {
    /// Whether it holds a graph: `nodes(id, label, properties)` and `edges(id, type, source, target, properties)`.
    pub(super) fn is_graph(&self) -> bool {
        let has = |table: &str, columns: &[&str]| {
            self.table(table)
                .is_some_and(|it| columns.iter().all(|name| it.column(name).is_some()))
        };
        has(NODES, &["id", "label", "properties"])
            && has(EDGES, &["id", "type", "source", "target", "properties"])
    }

    /// The tables of keys and values.
    pub(super) fn entry_tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.iter().filter(|it| is_entries(it))
    }

    /// What `dataset` stands for. A label is taken to be there: only a look at the nodes can tell.
    pub(super) fn resolve(&self, dataset: &DatasetId) -> Result<Source> {
        let mut parts = dataset.parts();
        if parts.len() > 1
            && parts.first().is_some_and(|it| it == "main")
            && self.table("main").is_none()
        {
            parts.remove(0);
        }
        let found = match parts.as_slice() {
            [name] => self.by_name(dataset, name)?,
            [table, ..] => self.in_table(dataset, table)?,
            [] => None,
        };
        found.ok_or_else(|| self.not_found(dataset))
    }

    fn by_name(&self, dataset: &DatasetId, name: &str) -> Result<Option<Source>> {
        if let Some(table) = self.table(name) {
            return Ok(Some(whole(dataset, table)));
        }
        if self.is_graph() && !name.contains('{') {
            return Ok(self.graph(dataset, name));
        }
        let mut tables = self.entry_tables();
        match (tables.next(), tables.next()) {
            (Some(only), None) => entries(dataset, only, name).map(Some),
            (Some(_), Some(_)) => Err(self.ambiguous(dataset)),
            _ => Ok(None),
        }
    }

    /// `TABLE.pattern`, or a pattern with dots in the only table of keys and values.
    fn in_table(&self, dataset: &DatasetId, first: &str) -> Result<Option<Source>> {
        let pattern = dataset.name.split_once('.').map_or("", |(_, it)| it);
        let named = self.table(first).filter(|it| is_entries(it));
        if let Some(table) = named {
            return entries(dataset, table, pattern).map(Some);
        }
        let mut tables = self.entry_tables();
        match (tables.next(), tables.next()) {
            (Some(only), None) => entries(dataset, only, &dataset.name).map(Some),
            _ => Ok(None),
        }
    }

    fn graph(&self, dataset: &DatasetId, name: &str) -> Option<Source> {
        let (table, form) = match relationship(name) {
            Some(form) => (EDGES, form),
            None => (
                NODES,
                Form::Nodes {
                    label: name.to_owned(),
                },
            ),
        };
        Some(Source {
            dataset: dataset.clone(),
            table: Arc::clone(self.table(table)?),
            form,
        })
    }

    fn not_found(&self, dataset: &DatasetId) -> Error {
        let names = self.tables.iter().map(|it| it.name.as_str());
        let why = format!("no table or view is called {:?}", dataset.name);
        missing(dataset)
            .because(why)
            .hint(suggest::hint(&dataset.name, names))
    }

    fn ambiguous(&self, dataset: &DatasetId) -> Error {
        let tables: Vec<&str> = self.entry_tables().map(|it| it.name.as_str()).collect();
        missing(dataset)
            .because("several tables hold keys and values")
            .hint(format!(
                "name one: `TABLE.{}`, where TABLE is {}",
                dataset.name,
                tables.join(" or ")
            ))
    }
}

/// The start of the error for a dataset that is not there.
pub(super) fn missing(dataset: &DatasetId) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("find the dataset {:?}", dataset.to_string()),
    )
}

fn whole(dataset: &DatasetId, table: &Arc<Table>) -> Source {
    let form = match (table.kind, document_columns(table)) {
        (TableKind::Search, _) => Form::Search,
        (_, Some((id, body))) => Form::Documents { id, body },
        _ => Form::Rows,
    };
    Source {
        dataset: dataset.clone(),
        table: Arc::clone(table),
        form,
    }
}

fn entries(dataset: &DatasetId, table: &Arc<Table>, pattern: &str) -> Result<Source> {
    let pattern = KeyPattern::parse(pattern.trim_matches('"'))?;
    let expires = table.column("expires_at").map(|it| it.name.clone());
    Ok(Source {
        dataset: dataset.clone(),
        table: Arc::clone(table),
        form: Form::Entries { pattern, expires },
    })
}

/// Reads `(:User)-[:BOUGHT]->(:Product)`; either label may be left out.
fn relationship(name: &str) -> Option<Form> {
    let (source, rest) = name.strip_prefix('(')?.split_once(")-[:")?;
    let (name, target) = rest.split_once("]->(")?;
    let label = |it: &str| it.strip_prefix(':').map(ToOwned::to_owned);
    Some(Form::Relationships {
        name: name.to_owned(),
        source: label(source),
        target: label(target.strip_suffix(')')?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relationship_is_read_with_and_without_labels() {
        let Some(Form::Relationships {
            name,
            source,
            target,
        }) = relationship("(:User)-[:BOUGHT]->()")
        else {
            panic!("no relationship");
        };
        assert_eq!(
            (name.as_str(), source.as_deref(), target),
            ("BOUGHT", Some("User"), None)
        );
        assert!(relationship("User").is_none());
    }
}

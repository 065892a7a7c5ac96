//! What a dataset holds.

use parallax_core::error::Result;
use parallax_core::store::{FieldShape, Index, Shape, TypeShare};
use parallax_core::value::Value;

use super::catalog::{Table, TableColumn, TableIndex, TableKind};
use super::datasets::labels;
use super::estimate::estimate;
use super::layout::{EDGES, Form, NODES, Source, missing};
use super::lease::{Lease, Sql};
use super::sample::sample;
use super::types::precision;
use crate::suggest;

const OPERATION: &str = "read the shape";

/// Fails with `NotFound` where no node has the label, or no relationship the type.
pub(super) async fn check_label(lease: &mut Lease, source: &Source) -> Result<()> {
    let (table, column, wanted) = match &source.form {
        Form::Nodes { label } => (NODES, "label", label),
        Form::Relationships { name, .. } => (EDGES, "type", name),
        Form::Rows | Form::Search | Form::Documents { .. } | Form::Entries { .. } => return Ok(()),
    };
    let mut sql = Sql::new(format!("SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1"));
    sql.bind(Value::from(wanted.as_str()));
    if !lease.rows(&sql, OPERATION).await?.is_empty() {
        return Ok(());
    }
    let known = labels(lease, table, column).await?;
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(missing(&source.dataset)
        .because(format!("no {column} is called {wanted:?}"))
        .hint(suggest::hint(wanted, known)))
}

/// Declared fields where the table declares them, and those of a sample where the records are JSON.
pub(super) async fn describe(lease: &mut Lease, source: Source) -> Result<Shape> {
    let indices = indices(&source.table);
    let estimate = estimate(lease, &source).await;
    let (model, dataset) = (source.model(), source.dataset.clone());
    let key = key(&source);
    let (fields, sampled) = if source.body().is_some() {
        let sample = sample(lease, source).await?;
        (sample.fields(), Some(sample.records))
    } else {
        (source.table.columns.iter().map(declared).collect(), None)
    };
    Ok(Shape {
        dataset,
        model,
        fields,
        key,
        indices,
        estimate,
        sampled,
    })
}

fn key(source: &Source) -> Vec<String> {
    match &source.form {
        Form::Entries { pattern, .. } => pattern.parts().map(ToOwned::to_owned).collect(),
        Form::Search => vec!["rowid".to_owned()],
        Form::Rows | Form::Documents { .. } => source
            .table
            .key()
            .iter()
            .map(|it| it.name.clone())
            .collect(),
        Form::Nodes { .. } | Form::Relationships { .. } => vec!["@id".to_owned()],
    }
}

fn indices(table: &Table) -> Vec<Index> {
    let index = |it: &TableIndex| Index {
        name: it.name.clone(),
        fields: it.fields.clone(),
        unique: it.unique,
    };
    let mut indices: Vec<Index> = table.indices.iter().map(index).collect();
    if table.kind == TableKind::Search {
        let indexed = table.columns.iter().filter(|it| it.indexed);
        indices.push(Index {
            name: format!("{} (full text)", table.name),
            fields: indexed.map(|it| it.name.clone()).collect(),
            unique: false,
        });
    }
    indices
}

fn declared(column: &TableColumn) -> FieldShape {
    let type_name = match column.declared.as_str() {
        "" => "text",
        declared => column.meaning().type_name(declared),
    };
    FieldShape {
        name: column.name.clone(),
        declared: Some(column.declared.clone()).filter(|it| !it.is_empty()),
        types: vec![TypeShare {
            type_name: type_name.to_owned(),
            share: 1.0,
        }],
        precision: precision(&column.declared),
        nullable: column.nullable,
    }
}

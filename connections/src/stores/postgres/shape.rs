//! What a dataset holds.

use std::sync::Arc;

use parallax_core::error::Result;
use parallax_core::name::DatasetId;
use parallax_core::store::{DataModel, FieldShape, Index, Shape, TypeShare};

use super::catalog::{Relation, Table, TableColumn};
use super::lease::{Lease, Sql};

const OPERATION: &str = "read the shape";

/// Datasets up to this many records are counted exactly.
const COUNTED: u64 = 10_000;

/// Columns and expressions of each index, in order.
const INDICES: &str =
    "SELECT c.relname, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid, n, true)
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid,
    generate_series(1, i.indnkeyatts) AS n
    WHERE i.indrelid = $1 AND i.indisvalid ORDER BY c.relname, n";

pub(super) async fn describe(
    lease: &mut Lease,
    table: &Arc<Table>,
    dataset: &DatasetId,
) -> Result<Shape> {
    let mut sql = Sql::new(INDICES);
    sql.bind(26, table.oid.to_string());
    let answer = lease.rows(&sql, OPERATION).await?;
    let mut indices: Vec<Index> = Vec::new();
    for row in &answer.rows {
        let name = row.text(0).unwrap_or_default();
        let field = unquoted(row.text(2).unwrap_or_default());
        match indices.last_mut() {
            Some(last) if last.name == name => last.fields.push(field),
            _ => indices.push(Index {
                name: name.to_owned(),
                fields: vec![field],
                unique: row.is_true(1),
            }),
        }
    }
    Ok(Shape {
        dataset: dataset.clone(),
        model: DataModel::Relational,
        fields: table.columns.iter().map(field).collect(),
        key: table.key.clone(),
        indices,
        estimate: estimate(lease, table).await,
        sampled: None,
    })
}

/// A column's name without its quotes; an expression as it is.
fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let name = inside.filter(|it| !it.replace("\"\"", "").contains('"'));
    name.map_or_else(|| text.to_owned(), |it| it.replace("\"\"", "\""))
}

fn field(column: &TableColumn) -> FieldShape {
    FieldShape {
        name: column.name.clone(),
        declared: Some(column.of.with_modifier(column.modifier)),
        types: vec![TypeShare {
            type_name: column.of.value_name().to_owned(),
            share: 1.0,
        }],
        precision: column.of.precision(column.modifier),
        nullable: column.nullable,
    }
}

/// An exact count of a few, and what the statistics say of many. What cannot be told is not known.
async fn estimate(lease: &mut Lease, table: &Table) -> Option<u64> {
    if table.estimate.is_some_and(|it| it > COUNTED) {
        return table.estimate;
    }
    if matches!(table.kind, Relation::View | Relation::Foreign) {
        return None;
    }
    let sql = Sql::new(format!(
        "SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS t",
        table.sql(),
        COUNTED + 1
    ));
    let answer = lease.rows(&sql, OPERATION).await.ok()?;
    let counted: u64 = answer.rows.first()?.number(0)?;
    if counted <= COUNTED {
        return Some(counted);
    }
    table.estimate.filter(|it| *it > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_quotes_and_expressions_do_not() {
        assert_eq!(unquoted("\"Odd \"\"name\""), "Odd \"name");
        assert_eq!(unquoted("lower(\"Name\")"), "lower(\"Name\")");
        assert_eq!(unquoted("\"a\" || \"b\""), "\"a\" || \"b\"");
    }
}

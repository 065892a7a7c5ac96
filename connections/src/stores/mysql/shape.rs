//! What a dataset holds.

use std::sync::Arc;

use parallax_core::error::Result;
use parallax_core::name::DatasetId;
use parallax_core::store::{DataModel, FieldShape, Shape, TypeShare};

use super::catalog::{Table, TableColumn};
use super::lease::Lease;

const OPERATION: &str = "read the shape";

/// Datasets up to this many records are counted exactly.
const COUNTED: u64 = 10_000;

pub(super) async fn describe(
    lease: &mut Lease,
    table: &Arc<Table>,
    dataset: &DatasetId,
) -> Result<Shape> {
    Ok(Shape {
        dataset: dataset.clone(),
        model: DataModel::Relational,
        fields: table.columns.iter().map(field).collect(),
        key: table.key.clone(),
        indices: table.indices.clone(),
        estimate: estimate(lease, table).await,
        sampled: None,
    })
}

fn field(column: &TableColumn) -> FieldShape {
    FieldShape {
        name: column.name.clone(),
        declared: Some(column.of.declared.clone()),
        types: vec![TypeShare {
            type_name: column.of.value_name().to_owned(),
            share: 1.0,
        }],
        precision: column.of.precision(),
        nullable: column.nullable,
    }
}

/// An exact count of a few, and what the statistics say of many. What cannot be told is not known.
async fn estimate(lease: &mut Lease, table: &Table) -> Option<u64> {
    if table.estimate.is_some_and(|it| it > COUNTED) || table.is_view {
        return table.estimate;
    }
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS t",
        table.sql(),
        COUNTED + 1
    );
    let answer = lease.rows(sql, OPERATION).await.ok()?;
    let counted: u64 = answer.rows.first()?.number(0)?;
    if counted <= COUNTED {
        return Some(counted);
    }
    table.estimate.filter(|it| *it > COUNTED)
}

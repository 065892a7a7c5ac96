//! About how many records a dataset has, in bounded time.

use super::catalog::Table;
use super::layout::{Form, Source};
use super::lease::{Lease, Sql};
use super::types::stored;
use crate::sql::quoted;
use parallax_core::value::Value;

const OPERATION: &str = "estimate a size";

/// Up to so many records are counted; beyond it, they are estimated.
const COUNTED: u64 = 10_000;

/// About how many records: counted where they are few, else by statistics or the span of row numbers; else not known.
pub(super) async fn estimate(lease: &mut Lease, source: &Source) -> Option<u64> {
    let mut sql = Sql::new(format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} WHERE true",
        source.from()
    ));
    sql.append(&source.condition())
        .push(&format!(" LIMIT {})", COUNTED + 1));
    let counted = number(lease, &sql).await?;
    if counted <= COUNTED {
        return Some(counted);
    }
    // Statistics and row numbers know the table, not the part of it that a pattern or a label is.
    if !matches!(
        source.form,
        Form::Rows | Form::Documents { .. } | Form::Search
    ) {
        return None;
    }
    match analyzed(lease, &source.table).await {
        Some(rows) => Some(rows),
        None => span(lease, &source.table).await,
    }
}

async fn number(lease: &mut Lease, sql: &Sql) -> Option<u64> {
    // An estimate that cannot be made is not known; the dataset can still be listed.
    let rows = lease.rows(sql, OPERATION).await.ok()?;
    rows.first().and_then(|it| stored(it, 0).count())
}

/// What `ANALYZE` has written, if it ever ran.
async fn analyzed(lease: &mut Lease, table: &Table) -> Option<u64> {
    let mut sql = Sql::new("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = ?");
    sql.bind(Value::from(table.name.as_str()));
    number(lease, &sql).await
}

/// The span of row numbers, unless the file is too small to hold so many rows.
async fn span(lease: &mut Lease, table: &Table) -> Option<u64> {
    let (name, rowid) = (quoted(&table.name), table.rowid?);
    let ends = Sql::new(format!(
        "SELECT (SELECT max({rowid}) FROM {name}) - (SELECT min({rowid}) FROM {name}) + 1"
    ));
    let size = Sql::new("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    let rows = number(lease, &ends).await?;
    let bytes = number(lease, &size).await?;
    (rows <= bytes / 8).then_some(rows)
}

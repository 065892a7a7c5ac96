//! The datasets of a file.

use parallax_core::error::Result;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{DataModel, Dataset};
use parallax_core::value::Value;

use super::catalog::{Catalog, Table};
use super::estimate::estimate;
use super::layout::{EDGES, NODES, is_entries};
use super::lease::{Lease, Sql};
use super::types::stored;
use crate::sql::quoted;

const OPERATION: &str = "list the datasets";

/// Every dataset: tables and views, the patterns of keys, labels and relationships.
pub(super) async fn datasets(
    lease: &mut Lease,
    catalog: &Catalog,
    store: &StoreId,
) -> Result<Vec<Dataset>> {
    let mut names = Vec::new();
    for table in &catalog.tables {
        if is_entries(table) {
            let only = catalog.entry_tables().count() == 1;
            let prefix = if only {
                String::new()
            } else {
                format!("{}.", part(&table.name))
            };
            names.push(part(&table.name));
            names.extend(
                patterns(lease, table)
                    .await?
                    .into_iter()
                    .map(|it| format!("{prefix}{it}")),
            );
        } else if !(catalog.is_graph() && [NODES, EDGES].contains(&table.name.as_str())) {
            names.push(part(&table.name));
        }
    }
    if catalog.is_graph() {
        names.extend(
            labels(lease, NODES, "label")
                .await?
                .iter()
                .map(|it| part(it)),
        );
        names.extend(relationships(lease).await?);
    }
    let mut datasets = Vec::new();
    for name in names {
        let id = DatasetId {
            store: store.clone(),
            name,
        };
        datasets.push(dataset(lease, catalog, id).await?);
    }
    Ok(datasets)
}

async fn dataset(lease: &mut Lease, catalog: &Catalog, id: DatasetId) -> Result<Dataset> {
    let source = catalog.resolve(&id)?;
    let model = if is_entries(&source.table) {
        DataModel::KeyValue
    } else {
        source.model()
    };
    let estimate = estimate(lease, &source).await;
    Ok(Dataset {
        id,
        model,
        estimate,
    })
}

/// A part of a name, quoted where it must be.
fn part(name: &str) -> String {
    let plain = !name.is_empty() && !name.contains(['.', ' ', '"', '{', '}', '(', ')', '[', ']']);
    if plain { name.to_owned() } else { quoted(name) }
}

/// Patterns of a sample of keys: what stands before the last `:` is the pattern's, if what stands behind it varies.
///
/// The sample jumps from prefix to prefix, so that one frequent kind does not hide the others.
async fn patterns(lease: &mut Lease, table: &Table) -> Result<Vec<String>> {
    let key = format!("SELECT \"key\" FROM {}", quoted(&table.name));
    let mut found: Vec<String> = Vec::new();
    let mut after = String::new();
    for _ in 0..32 {
        let mut sql = Sql::new(format!(
            "{key} WHERE \"key\" >= ? AND typeof(\"key\") = 'text' ORDER BY \"key\" LIMIT 40"
        ));
        sql.bind(Value::from(after.as_str()));
        let rows = lease.rows(&sql, OPERATION).await?;
        let keys: Vec<&str> = rows.iter().filter_map(|it| stored(it, 0).text()).collect();
        let Some(first) = keys.first() else {
            break;
        };
        let kind = first.split(':').next().unwrap_or(first);
        let of_kind = keys.iter().filter(|it| it.split(':').next() == Some(kind));
        found.extend(pattern(kind, &of_kind.copied().collect::<Vec<_>>()));
        // The letter behind `:` ends the range of the keys that begin with `kind:`.
        after = format!("{kind};");
        if after.as_str() <= *first {
            break;
        }
    }
    Ok(found)
}

/// `kind:{id}`, with as many parts as all of these keys have; a key without parts stands for itself.
fn pattern(kind: &str, keys: &[&str]) -> Option<String> {
    let kind = kind.replace('{', "{{").replace('}', "}}");
    let counts: Vec<usize> = keys.iter().map(|it| it.matches(':').count()).collect();
    let least = counts.iter().min().copied()?;
    match least {
        0 if keys.len() == 1 => Some(kind),
        0 => None,
        1 => Some(format!("{kind}:{{id}}")),
        _ => {
            let parts: Vec<String> = (1..=least).map(|it| format!("{{part{it}}}")).collect();
            Some(format!("{kind}:{}", parts.join(":")))
        }
    }
}

/// The different values of a column, one look into its index each.
pub(super) async fn labels(lease: &mut Lease, table: &str, column: &str) -> Result<Vec<String>> {
    let (table, column) = (quoted(table), quoted(column));
    let sql = Sql::new(format!(
        "WITH RECURSIVE found(seen) AS (SELECT min({column}) FROM {table}
            UNION ALL SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.seen) FROM found WHERE seen IS NOT NULL LIMIT 200)
        SELECT seen FROM found WHERE seen IS NOT NULL"
    ));
    let rows = lease.rows(&sql, OPERATION).await?;
    let names = rows.iter().filter_map(|it| stored(it, 0).text());
    Ok(names.map(ToOwned::to_owned).collect())
}

/// The relationships between labels, by a sample of each type.
async fn relationships(lease: &mut Lease) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in labels(lease, EDGES, "type").await? {
        let mut sql = Sql::new(
            "SELECT DISTINCT s.label, d.label FROM (SELECT source, target FROM edges WHERE type = ? LIMIT 1000) AS e
            JOIN nodes AS s ON s.id = e.source JOIN nodes AS d ON d.id = e.target ORDER BY 1, 2",
        );
        sql.bind(Value::from(name.as_str()));
        for row in lease.rows(&sql, OPERATION).await? {
            let (source, target) = (stored(&row, 0).text(), stored(&row, 1).text());
            if let (Some(source), Some(target)) = (source, target) {
                found.push(format!("(:{source})-[:{name}]->(:{target})"));
            }
        }
    }
    Ok(found)
}

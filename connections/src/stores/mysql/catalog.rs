//! Tables and views as the server's catalogue declares them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{DataModel, Dataset, Index};

use super::lease::Lease;
use super::link::{Answer, Row};
use super::literal::{self, name};
use super::types::Type;
use crate::suggest;

const OPERATION: &str = "read the catalogue";

/// How long a table that was looked up is taken to be as it was.
const FRESH: Duration = Duration::from_secs(3);

/// The most datasets that are listed.
const MAX_DATASETS: usize = 20_000;

/// One table or view.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) is_view: bool,
    pub(super) columns: Vec<TableColumn>,
    /// The columns of the primary key, in its order.
    pub(super) key: Vec<String>,
    pub(super) indices: Vec<Index>,
    pub(super) estimate: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) of: Type,
    pub(super) nullable: bool,
}

impl Table {
    /// The column of that name, whatever the case, as the server has it too.
    pub(super) fn column(&self, name: &str) -> Option<&TableColumn> {
        let exact = self.columns.iter().find(|it| it.name == name);
        exact.or_else(|| {
            let folded = name.to_lowercase();
            self.columns
                .iter()
                .find(|it| it.name.to_lowercase() == folded)
        })
    }

    /// The columns' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|it| it.name.as_str())
    }

    /// Its name in SQL.
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", name(&self.schema), name(&self.name))
    }
}

/// The tables that were looked up lately, by the dataset's name.
#[derive(Debug, Default)]
pub(super) struct Catalog(Mutex<BTreeMap<String, (Instant, Arc<Table>)>>);

impl Catalog {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, (Instant, Arc<Table>)>> {
        // Nothing under this lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was looked up, for it was not so any more.
    pub(super) fn forget(&self) {
        self.known().clear();
    }
}

/// What `dataset` names, perhaps as it was a moment ago.
pub(super) async fn resolve(lease: &mut Lease, dataset: &DatasetId) -> Result<Arc<Table>> {
    let known = lease.pool().catalog.known().get(&dataset.name).cloned();
    if let Some((since, table)) = known
        && since.elapsed() < FRESH
    {
        return Ok(table);
    }
    resolve_now(lease, dataset).await
}

/// What `dataset` names; fails with [`ErrorKind::NotFound`].
pub(super) async fn resolve_now(lease: &mut Lease, dataset: &DatasetId) -> Result<Arc<Table>> {
    let (schema, wanted) = named(lease, dataset)?;
    let is_mariadb = lease.server().is_some_and(|it| it.is_mariadb());
    let answers = lease
        .all(&questions(&schema, &wanted, is_mariadb), OPERATION)
        .await?;
    let mut answers = answers.into_iter();
    let tables = answers.next().unwrap_or_default();
    // Where case tells names apart, several may answer.
    let exact =
        |row: &&Row| row.text(1) == Some(wanted.as_str()) && row.text(0) == Some(schema.as_str());
    let found = tables.rows.iter().find(exact).or(tables.rows.first());
    let Some(row) = found else {
        return Err(not_found(lease, dataset).await);
    };
    let rest: Vec<Answer> = answers.collect();
    let table = Arc::new(read(row, &rest));
    let known = (Instant::now(), Arc::clone(&table));
    lease
        .pool()
        .catalog
        .known()
        .insert(dataset.name.clone(), known);
    Ok(table)
}

/// The database and the table that `dataset` names.
fn named(lease: &Lease, dataset: &DatasetId) -> Result<(String, String)> {
    let database = lease.server().and_then(|it| it.database.clone());
    match (dataset.parts().as_slice(), database) {
        ([schema, table], _) => Ok((schema.clone(), table.clone())),
        ([table], Some(database)) => Ok((database, table.clone())),
        ([_], None) => Err(missing(dataset)
            .because("neither it nor the URL names a database")
            .hint("write STORE.DATABASE.TABLE, or put the database into the path of the URL")),
        _ => Err(missing(dataset)
            .because("it has too many parts")
            .hint("write STORE.DATABASE.TABLE; a part with a dot stands in double quotes")),
    }
}

/// What is asked of one table: itself, its columns, its indices, and which of its columns hold JSON.
fn questions(schema: &str, table: &str, is_mariadb: bool) -> Vec<String> {
    let of = |what: &str| {
        let (schema, table) = (literal::text(schema), literal::text(table));
        format!("WHERE {what}table_schema = {schema} AND {what}table_name = {table}")
    };
    let mut questions = vec![
        format!(
            "SELECT table_schema, table_name, table_type, table_rows FROM information_schema.tables {}
            AND table_type <> 'SEQUENCE'",
            of("")
        ),
        format!(
            "SELECT table_name, column_name, data_type, column_type, datetime_precision, is_nullable,
            character_set_name, collation_name
            FROM information_schema.columns {} ORDER BY table_name, ordinal_position",
            of("")
        ),
        format!(
            "SELECT table_name, index_name, non_unique, column_name FROM information_schema.statistics {}
            ORDER BY table_name, index_name, seq_in_index",
            of("")
        ),
    ];
    if is_mariadb {
        let (schema, table) = (literal::text(schema), literal::text(table));
        questions.push(format!(
            "SELECT table_name, check_clause FROM information_schema.check_constraints
            WHERE constraint_schema = {schema} AND table_name = {table}"
        ));
    }
    questions
}

fn read(row: &Row, rest: &[Answer]) -> Table {
    let text = |row: &Row, at: usize| row.text(at).unwrap_or_default().to_owned();
    let (schema, name) = (text(row, 0), text(row, 1));
    let rows = |at: usize| {
        let rows = rest.get(at).map_or(&[][..], |it| it.rows.as_slice());
        rows.iter().filter(|it| it.text(0) == Some(name.as_str()))
    };
    let json: Vec<String> = rows(2).filter_map(|it| json_column(it.text(1)?)).collect();
    let column = |row: &Row| {
        let name = text(row, 1);
        let is_json = json.contains(&name);
        TableColumn {
            of: Type::of_column(
                &text(row, 2).to_lowercase(),
                &text(row, 3),
                row.number(4),
                is_json,
            )
            .collated(row.text(6), row.text(7)),
            nullable: row.text(5) == Some("YES"),
            name,
        }
    };
    let columns = rows(0).map(column).collect();
    let mut indices: Vec<Index> = Vec::new();
    for row in rows(1) {
        // What an index computes has no name.
        let field = row.text(3).unwrap_or("(expression)").to_owned();
        match indices.last_mut() {
            Some(last) if Some(last.name.as_str()) == row.text(1) => last.fields.push(field),
            _ => indices.push(Index {
                name: text(row, 1),
                fields: vec![field],
                unique: row.text(2) == Some("0"),
            }),
        }
    }
    let primary = indices.iter().find(|it| it.name == "PRIMARY");
    Table {
        is_view: row.text(2).is_some_and(|it| it.ends_with("VIEW")),
        key: primary.map(|it| it.fields.clone()).unwrap_or_default(),
        estimate: row.number(3),
        schema,
        name,
        columns,
        indices,
    }
}

/// The column of a check that makes it one of JSON: ``json_valid(`doc`)``.
pub(super) fn json_column(check: &str) -> Option<String> {
    let inside = check.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
    Some(inside.replace("``", "`"))
}

/// Every table and view of the URL's database, or of all where it names none; not those of the server itself.
pub(super) async fn datasets(lease: &mut Lease, store: &StoreId) -> Result<Vec<Dataset>> {
    let database = lease.server().and_then(|it| it.database.clone());
    let of = match database {
        Some(it) => format!("table_schema = {}", literal::text(&it)),
        None => "table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
            .to_owned(),
    };
    let list = format!(
        "SELECT table_schema, table_name, table_rows, table_type FROM information_schema.tables
        WHERE {of} AND table_type <> 'SEQUENCE' ORDER BY table_schema, table_name LIMIT {MAX_DATASETS}"
    );
    let answer = lease.rows(list, OPERATION).await?;
    let dataset = |row: &Row| Dataset {
        id: DatasetId {
            store: store.clone(),
            name: spelled(
                row.text(0).unwrap_or_default(),
                row.text(1).unwrap_or_default(),
            ),
        },
        model: DataModel::Relational,
        estimate: row.number(2),
    };
    Ok(answer.rows.iter().map(dataset).collect())
}

fn spelled(schema: &str, name: &str) -> String {
    let part = |it: &str| FieldPath::name(it).to_string();
    format!("{}.{}", part(schema), part(name))
}

/// The start of the error for a dataset that is not there.
pub(super) fn missing(dataset: &DatasetId) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("find the dataset {:?}", dataset.to_string()),
    )
}

async fn not_found(lease: &mut Lease, dataset: &DatasetId) -> Error {
    let error = missing(dataset).because(format!("no table or view is called {:?}", dataset.name));
    let Ok(datasets) = datasets(lease, &dataset.store).await else {
        return error;
    };
    // With a database or without, whichever way it was asked.
    let bare = dataset.parts().len() == 1;
    let names: Vec<String> = datasets
        .iter()
        .map(|it| match it.id.name.split_once('.') {
            Some((_, name)) if bare => name.to_owned(),
            _ => it.id.name.clone(),
        })
        .collect();
    error.hint(suggest::hint(
        &dataset.name,
        names.iter().map(String::as_str),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_tells_a_column_of_json() {
        assert_eq!(json_column("json_valid(`doc`)").as_deref(), Some("doc"));
        assert_eq!(json_column("json_valid(`a``b`)").as_deref(), Some("a`b"));
        assert_eq!(json_column("`a` > 0"), None);
    }
}

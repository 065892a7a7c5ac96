//! Tables and views as the server's catalogue declares them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{DataModel, Dataset};

use super::lease::{Lease, Sql};
use super::link::{Answer, Row};
use super::types::Type;
use crate::sql::quoted;
use crate::suggest;

const OPERATION: &str = "read the catalogue";

/// How long a table that was looked up is taken to be as it was.
const FRESH: Duration = Duration::from_secs(3);

/// The most datasets that are listed.
const MAX_DATASETS: usize = 20_000;

/// One table, view, materialised view, partitioned or foreign table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) kind: Relation,
    pub(super) columns: Vec<TableColumn>,
    /// The columns of the primary key, in its order.
    pub(super) key: Vec<String>,
    pub(super) estimate: Option<u64>,
    pub(super) pages: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Rows lie in a file of its own, so that a row has a place: also a materialised view.
    Heap,
    Partitioned,
    View,
    Foreign,
}

#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) of: Arc<Type>,
    pub(super) modifier: i32,
    pub(super) nullable: bool,
}

impl Table {
    /// The column of that name; in lower case, as bare names are, where none has it exactly.
    pub(super) fn column(&self, name: &str) -> Option<&TableColumn> {
        let exact = self.columns.iter().find(|it| it.name == name);
        exact.or_else(|| {
            let folded = name.to_lowercase();
            self.columns.iter().find(|it| it.name == folded)
        })
    }

    /// The columns' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|it| it.name.as_str())
    }

    /// Its name in SQL.
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// The tables of one database that were looked up lately, by the dataset's name.
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
    let parts = dataset.parts();
    let name = |fold: bool| {
        let parts = parts.iter().map(|it| {
            let part = if fold { it.to_lowercase() } else { it.clone() };
            quoted(&part)
        });
        parts.collect::<Vec<String>>().join(".")
    };
    let mut statements = [Sql::new(TABLE), Sql::new(COLUMNS), Sql::new(KEY)];
    for sql in &mut statements {
        sql.bind(25, name(false));
        sql.bind(25, name(true));
    }
    let [table, columns, key] = &statements;
    let answers = match lease.tried(&[table, columns, key]).await {
        Ok(answers) => answers,
        // `to_regclass` takes a name of another database, or of too many parts, amiss.
        Err(it) if matches!(it.code(), "0A000" | "42601" | "42602") => Vec::new(),
        Err(it) => return Err(lease.fail(&it, OPERATION, None)),
    };
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let (table, columns, key) = (next(), next(), next());
    let Some(row) = table.rows.first() else {
        return Err(not_found(lease, dataset).await);
    };
    let table = Arc::new(read(lease, row, &columns, &key).await?);
    let found = (Instant::now(), Arc::clone(&table));
    lease
        .pool()
        .catalog
        .known()
        .insert(dataset.name.clone(), found);
    Ok(table)
}

const TABLE: &str = "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpages,
    CASE WHEN c.relkind = 'p' THEN (SELECT sum(greatest(p.reltuples, 0)) FROM pg_catalog.pg_inherits AS i
        JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid WHERE i.inhparent = c.oid)::bigint
    WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = coalesce(to_regclass($1), to_regclass($2)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";

const COLUMNS: &str = "SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = coalesce(to_regclass($1), to_regclass($2)) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const KEY: &str = "SELECT a.attname FROM pg_catalog.pg_index AS i, unnest(i.indkey) WITH ORDINALITY AS k(n, at)
    JOIN pg_catalog.pg_attribute AS a ON a.attnum = k.n
    WHERE i.indrelid = coalesce(to_regclass($1), to_regclass($2)) AND a.attrelid = i.indrelid AND i.indisprimary ORDER BY k.at";

async fn read(lease: &mut Lease, row: &Row, columns: &Answer, key: &Answer) -> Result<Table> {
    let oids: Vec<u32> = columns.rows.iter().filter_map(|it| it.number(1)).collect();
    let types = lease.types(&oids).await?;
    let column = |(row, of): (&Row, Arc<Type>)| TableColumn {
        name: row.text(0).unwrap_or_default().to_owned(),
        of,
        modifier: row.number(2).unwrap_or(-1),
        nullable: !row.is_true(3),
    };
    let text = |at| row.text(at).unwrap_or_default().to_owned();
    let keys = key.rows.iter().filter_map(|it| it.text(0));
    Ok(Table {
        oid: row.number(0).unwrap_or_default(),
        schema: text(1),
        name: text(2),
        kind: relation(&text(3)),
        columns: columns.rows.iter().zip(types).map(column).collect(),
        key: keys.map(ToOwned::to_owned).collect(),
        estimate: row.number(5),
        pages: row.number(4).unwrap_or_default(),
    })
}

fn relation(kind: &str) -> Relation {
    match kind {
        "p" => Relation::Partitioned,
        "v" => Relation::View,
        "f" => Relation::Foreign,
        _ => Relation::Heap,
    }
}

/// Every table and view outside the system's own schemas; partitions are left to their tables.
pub(super) async fn datasets(lease: &mut Lease, store: &StoreId) -> Result<Vec<Dataset>> {
    let list = Sql::new(format!(
        "SELECT n.nspname, c.relname,
        CASE WHEN c.relkind = 'p' THEN (SELECT sum(greatest(p.reltuples, 0)) FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid WHERE i.inhparent = c.oid)::bigint
        WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND n.nspname NOT IN ('information_schema', 'crdb_internal') AND n.nspname !~ '^(pg_|_timescaledb|timescaledb_)'
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        ORDER BY n.nspname, c.relname LIMIT {MAX_DATASETS}"
    ));
    let answer = lease.rows(&list, OPERATION).await?;
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
    // With a schema or without, whichever way it was asked.
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

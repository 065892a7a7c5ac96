//! The tables of one file, as its schema declares them.

use std::sync::Arc;

use parallax_core::error::Result;
use parallax_core::value::Value;
use sqlx::sqlite::SqliteRow;

use super::lease::{Lease, Sql};
use super::types::{Affinity, Declared, stored};
use crate::sql::{self, Kind};

const OPERATION: &str = "read the schema";

/// The tables of one file at one version of its schema.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    version: i64,
    pub(super) tables: Vec<Arc<Table>>,
}

/// One table, view or virtual table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) kind: TableKind,
    pub(super) columns: Vec<TableColumn>,
    pub(super) indices: Vec<TableIndex>,
    /// The name by which its row number can be asked for.
    pub(super) rowid: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableKind {
    Table,
    View,
    /// FTS5.
    Search,
    /// A virtual table of another module.
    Virtual,
}

#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) nullable: bool,
    /// Its place in the primary key, from 1.
    pub(super) key: Option<u64>,
    /// In a search table, whether it can be searched.
    pub(super) indexed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct TableIndex {
    pub(super) name: String,
    pub(super) unique: bool,
    /// Its columns and expressions, in order.
    pub(super) fields: Vec<String>,
}

impl TableColumn {
    pub(super) fn meaning(&self) -> Declared {
        Declared::parse(&self.declared)
    }

    pub(super) fn affinity(&self) -> Affinity {
        Affinity::of(&self.declared)
    }
}

impl Table {
    /// The column of that name; as SQLite does, whatever the case, where none has it exactly.
    pub(super) fn column(&self, name: &str) -> Option<&TableColumn> {
        let mut columns = self.columns.iter();
        let exact = columns.find(|it| it.name == name);
        exact.or_else(|| {
            self.columns
                .iter()
                .find(|it| it.name.eq_ignore_ascii_case(name))
        })
    }

    /// The columns of the primary key, in its order.
    pub(super) fn key(&self) -> Vec<&TableColumn> {
        let mut key: Vec<&TableColumn> =
            self.columns.iter().filter(|it| it.key.is_some()).collect();
        key.sort_by_key(|it| it.key);
        key
    }

    /// Whether an index covers exactly this expression, however it is spaced and quoted.
    pub(super) fn indexes(&self, expression: &str) -> bool {
        let expression = plain(expression);
        let mut fields = self.indices.iter().flat_map(|it| &it.fields);
        fields.any(|it| plain(it) == expression)
    }

    /// The columns' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|it| it.name.as_str())
    }
}

/// An expression without white space and quotes of names.
fn plain(expression: &str) -> String {
    expression
        .chars()
        .filter(|it| !it.is_whitespace() && !matches!(it, '"' | '`' | '[' | ']'))
        .collect()
}

impl Catalog {
    /// The table of that name; as SQLite does, whatever the case, where none has it exactly.
    pub(super) fn table(&self, name: &str) -> Option<&Arc<Table>> {
        let exact = self.tables.iter().find(|it| it.name == name);
        exact.or_else(|| {
            self.tables
                .iter()
                .find(|it| it.name.eq_ignore_ascii_case(name))
        })
    }

    /// The type that a result's column was declared with.
    pub(super) fn declared(&self, table: &str, column: &str) -> &str {
        let column = self.table(table).and_then(|it| it.column(column));
        column.map_or("", |it| it.declared.as_str())
    }
}

/// The catalogue of the file as it is now: read again only when its schema has changed.
pub(super) async fn load(lease: &mut Lease) -> Result<Arc<Catalog>> {
    let version = lease
        .rows(&Sql::new("PRAGMA schema_version"), OPERATION)
        .await?;
    let version = version.first().and_then(|it| stored(it, 0).integer());
    let version = version.unwrap_or_default();
    if let Some(known) = lease.pool().catalog()
        && known.version == version
    {
        return Ok(known);
    }
    let tables = tables(lease).await?;
    let catalog = Arc::new(Catalog { version, tables });
    lease.pool().remember(Arc::clone(&catalog));
    Ok(catalog)
}

async fn tables(lease: &mut Lease) -> Result<Vec<Arc<Table>>> {
    let list = Sql::new(
        "SELECT l.name, l.type, l.wr, s.sql FROM pragma_table_list AS l
        LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view')
        WHERE l.schema = 'main' AND l.type <> 'shadow' AND substr(l.name, 1, 7) <> 'sqlite_' ORDER BY l.name",
    );
    let mut tables = Vec::new();
    for row in lease.rows(&list, OPERATION).await? {
        tables.push(Arc::new(table(lease, &row).await?));
    }
    Ok(tables)
}

async fn table(lease: &mut Lease, row: &SqliteRow) -> Result<Table> {
    let name = stored(row, 0).text().unwrap_or_default().to_owned();
    let text = stored(row, 3).text().unwrap_or_default();
    let kind = kind(stored(row, 1).text().unwrap_or_default(), text);
    let mut columns = columns(lease, &name).await?;
    if kind == TableKind::Search {
        mark_unindexed(&mut columns, text);
    }
    let has_rowid = match kind {
        TableKind::Table => stored(row, 2).integer() == Some(0),
        TableKind::Search => true,
        TableKind::View | TableKind::Virtual => false,
    };
    let rowid = if has_rowid {
        free_rowid(&columns)
    } else {
        None
    };
    let indices = indices(lease, &name).await?;
    Ok(Table {
        name,
        kind,
        columns,
        indices,
        rowid,
    })
}

fn kind(kind: &str, text: &str) -> TableKind {
    match kind {
        "view" => TableKind::View,
        "virtual"
            if text
                .to_ascii_lowercase()
                .replace(['(', '\n', '\t'], " ")
                .contains(" using fts5 ") =>
        {
            TableKind::Search
        }
        "virtual" => TableKind::Virtual,
        _ => TableKind::Table,
    }
}

/// The first of the row number's names that is not the name of a column which is something else.
fn free_rowid(columns: &[TableColumn]) -> Option<&'static str> {
    let taken = |name: &str| columns.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(|it| !taken(it))
}

async fn columns(lease: &mut Lease, table: &str) -> Result<Vec<TableColumn>> {
    let mut sql = Sql::new(
        "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid",
    );
    sql.bind(Value::from(table));
    // A view over a table that is gone, or a virtual table whose module is not here, has no columns to read.
    let rows = lease.rows(&sql, OPERATION).await.or_else(broken_object)?;
    Ok(rows.iter().map(column).collect())
}

fn broken_object(error: parallax_core::error::Error) -> Result<Vec<SqliteRow>> {
    use parallax_core::error::ErrorKind;
    if error.kind == ErrorKind::InvalidInput {
        Ok(Vec::new())
    } else {
        Err(error)
    }
}

fn column(row: &SqliteRow) -> TableColumn {
    let key = stored(row, 3).count().filter(|it| *it > 0);
    TableColumn {
        name: stored(row, 0).text().unwrap_or_default().to_owned(),
        declared: stored(row, 1).text().unwrap_or_default().to_owned(),
        nullable: stored(row, 2).integer() == Some(0) && key.is_none(),
        key,
        indexed: true,
    }
}

/// Reads `UNINDEXED` from the arguments of an FTS5 table.
fn mark_unindexed(columns: &mut [TableColumn], text: &str) {
    for argument in arguments(text) {
        let words = sql::tokens(&argument).filter(|it| it.kind != Kind::Space);
        let words: Vec<sql::Token<'_>> = words.collect();
        let unindexed = words.iter().skip(1).any(|it| it.is_word("UNINDEXED"));
        let name = words.first().map(|it| unquoted(it.text));
        let found = columns
            .iter_mut()
            .find(|it| Some(it.name.as_str()) == name.as_deref());
        if let Some(column) = found {
            column.indexed = !unindexed;
        }
    }
}

fn unquoted(name: &str) -> String {
    match name.chars().next() {
        Some(quote @ ('"' | '`' | '\'')) => {
            let inside = name.trim_matches(quote);
            inside.replace(&format!("{quote}{quote}"), &quote.to_string())
        }
        Some('[') => name.trim_matches(['[', ']']).to_owned(),
        _ => name.to_owned(),
    }
}

async fn indices(lease: &mut Lease, table: &str) -> Result<Vec<TableIndex>> {
    let mut sql = Sql::new(
        "SELECT l.name, l.\"unique\", s.sql, group_concat(quote(i.name), ', ' ORDER BY i.seqno)
        FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS i
        LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type = 'index' GROUP BY l.name ORDER BY l.seq",
    );
    sql.bind(Value::from(table));
    let rows = lease.rows(&sql, OPERATION).await.or_else(broken_object)?;
    Ok(rows.iter().map(index).collect())
}

/// Its text says more than the pragma, which has no names for expressions; an index that a constraint made has no text.
fn index(row: &SqliteRow) -> TableIndex {
    let text = stored(row, 2).text().unwrap_or_default();
    let names = stored(row, 3).text().unwrap_or_default();
    let fields = if text.is_empty() {
        split(names)
    } else {
        arguments(text)
    };
    TableIndex {
        name: stored(row, 0).text().unwrap_or_default().to_owned(),
        unique: stored(row, 1).integer() == Some(1),
        fields: fields.iter().map(|it| unquoted(it)).collect(),
    }
}

/// What stands in the first parentheses, split at its commas.
fn arguments(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut inside = String::new();
    for token in sql::tokens(text) {
        match token.text {
            ")" if depth == 1 => break,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > 0 {
            inside.push_str(token.text);
        }
        if token.text == "(" {
            depth += 1;
        }
    }
    split(&inside)
}

fn split(list: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut items = vec![String::new()];
    for token in sql::tokens(list) {
        depth = match token.text {
            "(" => depth + 1,
            ")" => depth.saturating_sub(1),
            _ => depth,
        };
        if token.text == "," && depth == 0 {
            items.push(String::new());
        } else if let Some(item) = items.last_mut() {
            item.push_str(token.text);
        }
    }
    let items = items.iter().map(|it| it.trim().to_owned());
    items.filter(|it| !it.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_split_at_their_own_commas() {
        let text = "CREATE INDEX i ON t (a, json_extract(b, '$.c,d'), \"e,f\" DESC) WHERE g";
        assert_eq!(
            arguments(text),
            ["a", "json_extract(b, '$.c,d')", "\"e,f\" DESC"]
        );
    }
}

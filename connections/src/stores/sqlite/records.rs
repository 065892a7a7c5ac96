//! Rows as records.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::FieldPath;
use parallax_core::store::{Fields, Projection};
use parallax_core::value::{Key, Record, Value};
use sqlx::sqlite::SqliteRow;

use super::layout::{Form, Source, missing};
use super::lease::Sql;
use super::operand::{NOW_MS, Operand, of_table};
use super::types::{Declared, Stored, stored, unreadable};
use crate::{sql, suggest};

/// How the records of one dataset are selected and read: the key's cells first, then those of the body.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) source: Source,
    /// The expressions of the key's parts; for a key pattern, the key itself.
    pub(super) key: Vec<Operand>,
    /// The canonical names of the key's parts.
    names: Vec<String>,
    cells: Vec<Cell>,
    filter: Option<String>,
}

/// One cell of the body.
#[derive(Clone, Debug)]
struct Cell {
    sql: String,
    name: String,
    declared: Declared,
}

impl Cell {
    fn new(sql: String, name: &str, declared: Declared) -> Self {
        Self {
            sql,
            name: name.to_owned(),
            declared,
        }
    }
}

impl Reader {
    /// Fails with [`ErrorKind::NotFound`] where the dataset has no such key, [`ErrorKind::InvalidInput`] on a broken filter.
    pub(super) fn new(source: Source, fields: &Projection) -> Result<Self> {
        if let Some(filter) = &fields.filter
            && !sql::is_condition(filter)
        {
            return Err(
                Error::new(ErrorKind::InvalidInput, format!("limit {}", source.dataset))
                    .because(format!("{filter:?} is not one condition")),
            );
        }
        Ok(Self {
            key: key_operands(&source, fields)?,
            names: fields.key.iter().map(|it| it.name.clone()).collect(),
            cells: cells(&source, &fields.fields),
            filter: fields.filter.clone(),
            source,
        })
    }

    /// `SELECT … FROM … WHERE true`, with what limits the dataset; more conditions may follow.
    pub(super) fn select(&self) -> Sql {
        self.select_list(&self.list())
    }

    /// The same, with more expressions behind the cells.
    pub(super) fn select_with(&self, more: &str) -> Sql {
        self.select_list(&format!("{}, {more}", self.list()))
    }

    /// The place of a column of that name in a row.
    pub(super) fn place(&self, name: &str) -> Option<(usize, Declared)> {
        let wanted = &self.source.table.column(name)?.name;
        let at = self.cells.iter().position(|it| it.name == *wanted)?;
        self.cells
            .get(at)
            .map(|it| (self.key.len() + at, it.declared))
    }

    /// How many cells a row has before those.
    pub(super) fn width(&self) -> usize {
        self.key.len() + self.cells.len()
    }

    fn list(&self) -> String {
        let key = self.key.iter().map(|it| it.sql.as_str());
        let cells = self.cells.iter().map(|it| it.sql.as_str());
        let list: Vec<&str> = key.chain(cells).collect();
        list.join(", ")
    }

    /// The same with another list.
    fn select_list(&self, list: &str) -> Sql {
        self.select_from(list, &Sql::default())
    }

    /// The same, behind a table that is joined before the dataset's own.
    pub(super) fn select_joined(&self, joined: &Sql) -> Sql {
        self.select_from(&self.list(), joined)
    }

    fn select_from(&self, list: &str, joined: &Sql) -> Sql {
        let mut sql = Sql::new(format!("SELECT {list} FROM "));
        sql.append(joined);
        sql.push(&format!("{} WHERE true", self.source.from()));
        sql.append(&self.source.condition());
        sql.append(&self.filter());
        sql
    }

    /// The representation's own condition, as ` AND (…)`.
    fn filter(&self) -> Sql {
        // The line break ends a comment with which the condition might end.
        let text = self.filter.as_ref().map(|it| format!(" AND ({it}\n)"));
        Sql::new(text.unwrap_or_default())
    }

    /// The key of a row, as it is stored there.
    pub(super) fn row_key(&self, row: &SqliteRow) -> Option<Key> {
        if let Form::Entries { pattern, .. } = &self.source.form {
            let parts = pattern.read(stored(row, 0).text()?)?;
            let named: Vec<(&str, String)> = pattern.parts().zip(parts).collect();
            let part = |name: &String| named.iter().find(|(it, _)| it == name);
            let parts = self.names.iter().filter_map(part);
            return Some(Key::new(
                parts.map(|(_, it)| Value::Text(it.clone())).collect(),
            ));
        }
        let parts = self.key.iter().enumerate();
        Some(Key::new(
            parts
                .map(|(at, it)| stored(row, at).key(it.declared))
                .collect(),
        ))
    }

    /// The record of a row; fails with [`ErrorKind::Unreadable`] where a cell is not what it claims to be.
    pub(super) fn record(&self, row: &SqliteRow, key: Key) -> Result<Record> {
        let first = self.key.len();
        match &self.source.form {
            Form::Rows => self
                .columns(row, first)
                .map(|body| record(key, body, Vec::new())),
            Form::Search => {
                let meta = vec![("@id".to_owned(), stored(row, first).value(Declared::Plain))];
                self.columns(row, first).map(|body| record(key, body, meta))
            }
            Form::Documents { body, .. } => self.document(row, key, body),
            Form::Nodes { .. } | Form::Relationships { .. } => {
                self.document(row, key, "properties")
            }
            Form::Entries { .. } => self.entry(row, key),
        }
    }

    fn columns(&self, row: &SqliteRow, first: usize) -> Result<Value> {
        let cells = self.cells.iter().enumerate();
        let named = cells.filter(|(_, it)| !it.name.starts_with('@'));
        let members = named.map(|(at, cell)| {
            let value = stored(row, first + at).read(cell.declared);
            value
                .map(|it| (cell.name.clone(), it))
                .map_err(|it| unreadable(&cell.name, &it))
        });
        members.collect::<Result<_>>().map(Value::Map)
    }

    /// The last cell is the document; those before it are what the store knows about the record.
    fn document(&self, row: &SqliteRow, key: Key, column: &str) -> Result<Record> {
        let (Some(last), first) = (self.cells.len().checked_sub(1), self.key.len()) else {
            return Ok(record(key, Value::Map(Vec::new()), Vec::new()));
        };
        let mut meta = self.meta(row, last);
        let body = json(stored(row, first + last)).map_err(|it| unreadable(column, &it))?;
        let body = members_or_value(body, &mut meta);
        Ok(record(key, body, meta))
    }

    fn meta(&self, row: &SqliteRow, count: usize) -> Vec<(String, Value)> {
        let cells = self.cells.iter().take(count).enumerate();
        let first = self.key.len();
        let mut meta = Vec::new();
        for (at, cell) in cells {
            let value = stored(row, first + at).value(Declared::Plain);
            let value = if cell.name == "@labels" {
                Value::List(vec![value])
            } else {
                value
            };
            meta.push((cell.name.clone(), value));
        }
        meta
    }

    /// A value that holds a JSON object gives its members as fields; any other is `@value`.
    fn entry(&self, row: &SqliteRow, key: Key) -> Result<Record> {
        let first = self.key.len();
        let mut meta = self.meta(row, 2);
        let value = stored(row, first + 2);
        let read = entry_value(value).map_err(|it| unreadable("value", &it))?;
        meta.push(("@type".to_owned(), Value::from(entry_type(&read, value))));
        let body = members_or_value(read, &mut meta);
        Ok(record(key, body, meta))
    }
}

fn record(key: Key, body: Value, meta: Vec<(String, Value)>) -> Record {
    Record { key, body, meta }
}

fn members_or_value(value: Value, meta: &mut Vec<(String, Value)>) -> Value {
    if matches!(value, Value::Map(_)) {
        return value;
    }
    meta.push(("@value".to_owned(), value));
    Value::Map(Vec::new())
}

fn json(cell: Stored<'_>) -> Result<Value> {
    cell.read(Declared::Json)
}

/// What begins like a JSON object must be one; a list is one if it can be read; anything else is as stored.
fn entry_value(cell: Stored<'_>) -> Result<Value> {
    match cell.text().map(str::trim_start) {
        Some(text) if text.starts_with('{') => Value::from_json(text),
        Some(text) if text.starts_with('[') => Ok(cell.value(Declared::Json)),
        _ => Ok(cell.value(Declared::Plain)),
    }
}

fn entry_type(value: &Value, cell: Stored<'_>) -> &'static str {
    match (value, cell) {
        (Value::Map(_) | Value::List(_), _) => "json",
        (_, Stored::Null) => "null",
        (_, Stored::Integer(_)) => "int",
        (_, Stored::Real(_)) => "float",
        (_, Stored::Text(_)) => "text",
        (_, Stored::Blob(_)) => "bytes",
    }
}

fn key_operands(source: &Source, fields: &Projection) -> Result<Vec<Operand>> {
    if matches!(source.form, Form::Entries { .. }) {
        let key = source.operand(&FieldPath::name("@key"));
        return Ok(key.into_iter().collect());
    }
    let parts = fields.key.iter();
    parts.map(|it| required(source, &it.path)).collect()
}

/// The expression for a path that must be there.
pub(super) fn required(source: &Source, path: &FieldPath) -> Result<Operand> {
    source.operand(path).ok_or_else(|| {
        missing(&source.dataset)
            .because(format!("it has no column {:?}", path.first()))
            .hint(suggest::hint(path.first(), source.table.names()))
    })
}

fn cells(source: &Source, fields: &Fields) -> Vec<Cell> {
    let plain = |column: &str, name: &str| Cell::new(of_table(column), name, Declared::Plain);
    match &source.form {
        Form::Rows => columns(source, fields),
        Form::Search => {
            let id = Cell::new("t.rowid".to_owned(), "@id", Declared::Plain);
            std::iter::once(id).chain(columns(source, fields)).collect()
        }
        Form::Documents { id, body } => vec![plain(id, "@id"), body_cell(body)],
        Form::Nodes { .. } => vec![
            plain("id", "@id"),
            plain("label", "@labels"),
            body_cell("properties"),
        ],
        Form::Relationships { .. } => vec![
            plain("id", "@id"),
            plain("type", "@type"),
            plain("source", "@source"),
            plain("target", "@target"),
            body_cell("properties"),
        ],
        Form::Entries { expires, .. } => {
            let left = expires
                .as_deref()
                .map(|it| format!("{} - {NOW_MS}", of_table(it)));
            let left = left.unwrap_or_else(|| "NULL".to_owned());
            let ttl = Cell::new(left, "@ttl_ms", Declared::Plain);
            vec![plain("key", "@key"), ttl, plain("value", "@value")]
        }
    }
}

/// Documents in SQLite's binary JSON come as text; what only looks so comes as it is.
fn body_cell(column: &str) -> Cell {
    let sql = of_table(column);
    let sql = format!(
        "CASE WHEN typeof({sql}) = 'blob' AND json_valid({sql}, 8) THEN json({sql}) ELSE {sql} END"
    );
    Cell::new(sql, "@body", Declared::Json)
}

/// The wanted columns, each once.
fn columns(source: &Source, fields: &Fields) -> Vec<Cell> {
    let table = &source.table;
    let mut wanted: Vec<&super::catalog::TableColumn> = Vec::new();
    match fields {
        Fields::All => wanted.extend(&table.columns),
        Fields::Listed(paths) => {
            for column in paths.iter().filter_map(|it| table.column(it.first())) {
                if !wanted.iter().any(|it| it.name == column.name) {
                    wanted.push(column);
                }
            }
        }
    }
    let cell =
        |it: &super::catalog::TableColumn| Cell::new(of_table(&it.name), &it.name, it.meaning());
    wanted.into_iter().map(cell).collect()
}

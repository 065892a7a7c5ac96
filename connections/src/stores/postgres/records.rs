//! Rows as records: which columns are selected, and how they are read.

use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Projection};
use parallax_core::value::{Key, Record, Value};

use super::catalog::{Table, TableColumn, missing};
use super::lease::Lease;
use super::link::{Answer, Row};
use super::statements;
use super::text;
use super::types::{Kind, Type};
use crate::sql::quoted;
use crate::suggest;

/// One expression that a record answers to: a column, or a place inside a document.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    /// The expression, of the table `t`.
    pub(super) sql: String,
    /// The type of the column; that of a place inside a document is text.
    pub(super) of: Arc<Type>,
}

impl Operand {
    /// The expression for a path; `None` where the table has no such column.
    pub(super) fn of(table: &Table, path: &FieldPath) -> Option<Self> {
        let column = table.column(path.first())?;
        let sql = of_table(&column.name);
        let inside = path.segments().get(1..).unwrap_or_default();
        if inside.is_empty() {
            return Some(Self {
                sql,
                of: Arc::clone(&column.of),
            });
        }
        if !matches!(column.of.kind, Kind::Json | Kind::Jsonb) {
            return None;
        }
        let steps: Vec<String> = inside.iter().map(|it| literal(it)).collect();
        Some(Self {
            sql: format!("({sql} #>> ARRAY[{}])", steps.join(", ")),
            of: Arc::new(Type {
                name: "text".to_owned(),
                declared: "text".to_owned(),
                kind: Kind::Text,
            }),
        })
    }

    /// The expression for a path that must be there.
    pub(super) fn required(table: &Table, dataset: &DatasetId, path: &FieldPath) -> Result<Self> {
        Self::of(table, path).ok_or_else(|| {
            missing(dataset)
                .because(format!("it has no column {:?}", path.to_string()))
                .hint(suggest::hint(path.first(), table.names()))
        })
    }

    /// The text form of a value, as a value of this expression; `None` where it cannot be one.
    pub(super) fn text(&self, value: &Value) -> Option<String> {
        let text = value.to_string();
        if value.is_null() || text.contains('\0') {
            return None;
        }
        let number = || text.parse::<i64>().ok().filter(|it| it.to_string() == text);
        let fits = match &self.of.kind {
            Kind::Int2 => number().is_some_and(|it| i16::try_from(it).is_ok()),
            Kind::Int4 => number().is_some_and(|it| i32::try_from(it).is_ok()),
            Kind::Oid => number().is_some_and(|it| u32::try_from(it).is_ok()),
            Kind::Int8 => number().is_some(),
            Kind::Numeric => text.parse::<parallax_core::value::Decimal>().is_ok(),
            Kind::Uuid => text
                .parse::<parallax_core::value::Uuid>()
                .is_ok_and(|it| it.to_string() == text),
            Kind::Bool => matches!(text.as_str(), "true" | "false"),
            Kind::Bytes => matches!(value, Value::Bytes(_)),
            _ => true,
        };
        fits.then(|| super::parameters::text(value, None)).flatten()
    }

    /// The type by which a parameter is compared with it.
    pub(super) fn cast(&self) -> String {
        match self.of.name.as_str() {
            // Bare, these two mean a length of one.
            "bpchar" => "pg_catalog.bpchar".to_owned(),
            "bit" => "pg_catalog.\"bit\"".to_owned(),
            _ => self.of.declared.clone(),
        }
    }
}

/// A column of the table `t`.
pub(super) fn of_table(column: &str) -> String {
    format!("t.{}", quoted(column))
}

/// Text as the server reads it, whatever it holds.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// How the records of one dataset are selected and read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) table: Arc<Table>,
    /// The expressions of the key's parts.
    pub(super) key: Vec<Operand>,
    /// The columns of the body.
    pub(super) columns: Vec<TableColumn>,
    filter: Option<String>,
}

impl Reader {
    /// Fails with [`ErrorKind::NotFound`] where the table has no such key, [`ErrorKind::InvalidInput`] on a broken filter.
    pub(super) fn new(table: Arc<Table>, dataset: &DatasetId, fields: &Projection) -> Result<Self> {
        if let Some(filter) = &fields.filter
            && !is_condition(filter)
        {
            return Err(
                Error::new(ErrorKind::InvalidInput, format!("limit {dataset}"))
                    .because(format!("{filter:?} is not one condition that reads")),
            );
        }
        let parts = fields.key.iter();
        let key = parts.map(|it| Operand::required(&table, dataset, &it.path));
        Ok(Self {
            key: key.collect::<Result<_>>()?,
            columns: columns(&table, &fields.fields),
            filter: fields.filter.clone(),
            table,
        })
    }

    /// The key's expressions and the columns, for a `SELECT`.
    pub(super) fn list(&self) -> Vec<String> {
        let key = self.key.iter().map(|it| it.sql.clone());
        key.chain(self.columns.iter().map(|it| of_table(&it.name)))
            .collect()
    }

    /// `FROM … WHERE true`, with what limits the dataset; more conditions may follow.
    pub(super) fn from(&self) -> String {
        format!("FROM {} AS t WHERE true{}", self.table.sql(), self.limits())
    }

    /// The representation's own condition, as ` AND (…)`.
    pub(super) fn limits(&self) -> String {
        // The line break ends a comment with which the condition might end.
        let text = self.filter.as_ref().map(|it| format!(" AND ({it}\n)"));
        text.unwrap_or_default()
    }

    /// The records of an answer whose rows have `skip` cells before the key.
    pub(super) async fn records(
        &self,
        lease: &mut Lease,
        answer: &Answer,
        skip: usize,
    ) -> Result<Vec<Record>> {
        let types = lease.types(&answer.oids()).await?;
        let record = |row: &Row| {
            let value = |at: usize| cell(row, &types, at);
            let body = skip + self.key.len();
            let key = (skip..body).map(value).collect();
            let members = self.columns.iter().enumerate();
            let members = members.map(|(at, it)| (it.name.clone(), value(body + at)));
            Record {
                key: Key::new(key),
                body: Value::Map(members.collect()),
                meta: Vec::new(),
            }
        };
        Ok(answer.rows.iter().map(record).collect())
    }
}

/// The value of a cell of an answer of our own.
pub(super) fn cell(row: &Row, types: &[Arc<Type>], at: usize) -> Value {
    match (row.bytes(at), types.get(at)) {
        (Some(bytes), Some(of)) => text::value(of, bytes),
        _ => Value::Null,
    }
}

/// Whether `condition` is one expression that can stand in parentheses behind `AND`, and only reads.
fn is_condition(condition: &str) -> bool {
    use super::lexer::{Kind, tokens};
    let mut depth = 0_i32;
    for token in tokens(condition) {
        match (token.kind, token.text) {
            (Kind::Sign, "(") => depth += 1,
            (Kind::Sign, ")") => depth -= 1,
            (Kind::Semicolon | Kind::Position | Kind::Parameter, _) => return false,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    let read_only = statements::split(&format!("SELECT {condition}"))
        .is_ok_and(|it| it.iter().all(|it| super::readonly::refusal(it).is_none()));
    depth == 0 && read_only
}

/// The wanted columns, each once.
fn columns(table: &Table, fields: &Fields) -> Vec<TableColumn> {
    let Fields::Listed(paths) = fields else {
        return table.columns.clone();
    };
    let mut wanted: Vec<TableColumn> = Vec::new();
    for column in paths.iter().filter_map(|it| table.column(it.first())) {
        if !wanted.iter().any(|it| it.name == column.name) {
            wanted.push(column.clone());
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_one_expression_that_reads() {
        for good in ["deleted_at IS NULL", "a = ')' and (b or c)", "note = $$;$$"] {
            assert!(is_condition(good), "{good}");
        }
        for bad in [
            "a) or (1",
            "a; drop table b",
            "pg_reload_conf()",
            "a = $1",
            "(select 1 into t)",
        ] {
            assert!(!is_condition(bad), "{bad}");
        }
    }
}

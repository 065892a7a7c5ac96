//! Rows as records: which columns are selected, and how they are read.

use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Projection};
use parallax_core::value::{Key, Record, Value};

use super::catalog::{Table, TableColumn, missing};
use super::lexer::{Kind as Sign, Mode, tokens};
use super::link::{Answer, Row};
use super::literal::{self, name};
use super::types::Kind;
use super::{readonly, statements, text};
use crate::suggest;

/// One expression that a record answers to: a column, or a place inside a document.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    /// The expression, of the table `t`.
    pub(super) sql: String,
    /// How it is read; a place inside a document is text.
    pub(super) kind: Kind,
    /// As [`super::types::Type::collation`].
    collation: Option<(String, String)>,
}

impl Operand {
    /// The expression for a path; `None` where the table has no such column.
    pub(super) fn of(table: &Table, path: &FieldPath) -> Option<Self> {
        let column = table.column(path.first()).filter(|_| !path.is_meta())?;
        let sql = of_table(&column.name);
        let inside = path.segments().get(1..).unwrap_or_default();
        if inside.is_empty() {
            return Some(Self {
                sql,
                kind: column.of.kind,
                collation: column.of.collation.clone(),
            });
        }
        (column.of.kind == Kind::Json).then(|| Self {
            sql: format!(
                "JSON_UNQUOTE(JSON_EXTRACT({sql}, {}))",
                literal::text(&way(inside))
            ),
            kind: Kind::Text,
            collation: None,
        })
    }

    /// A value that [`literal::typed`] gave, as it is compared with this operand so that its index serves.
    ///
    /// Letters that the column's character set lacks become question marks: what is found is not yet what was asked for.
    pub(super) fn literal(&self, value: &Value) -> Option<String> {
        let plain = literal::literal(value)?;
        Some(match &self.collation {
            Some((set, collation)) => format!("CONVERT({plain} USING {set}) COLLATE {collation}"),
            None => plain,
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

    /// Its text as bytes, which compare as they are: a collation takes `a` and `A` for the same.
    pub(super) fn exactly(&self) -> String {
        match self.kind {
            Kind::Bytes => self.sql.clone(),
            _ => format!("CAST(CONVERT({} USING utf8mb4) AS BINARY)", self.sql),
        }
    }

    /// How it stands in a list of the text protocol, which writes a small float with too few digits.
    pub(super) fn listed(&self) -> String {
        listed(&self.sql, self.kind)
    }
}

fn listed(sql: &str, kind: Kind) -> String {
    match kind {
        Kind::Float => format!("({sql} * 1e0)"),
        // Not every driver knows the type.
        Kind::Vector => format!("UNHEX(HEX({sql}))"),
        _ => sql.to_owned(),
    }
}

/// A path inside a document as the server writes it: `$."a"[0]`.
fn way(inside: &[String]) -> String {
    let mut way = "$".to_owned();
    for segment in inside {
        if segment.bytes().all(|it| it.is_ascii_digit()) {
            way.push_str(&format!("[{segment}]"));
        } else {
            let escaped = segment.replace('\\', "\\\\").replace('"', "\\\"");
            way.push_str(&format!(".\"{escaped}\""));
        }
    }
    way
}

/// A column of the table `t`.
pub(super) fn of_table(column: &str) -> String {
    format!("t.{}", name(column))
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
    pub(super) fn new(
        table: Arc<Table>,
        dataset: &DatasetId,
        fields: &Projection,
        mode: Mode,
    ) -> Result<Self> {
        if let Some(filter) = &fields.filter
            && !is_condition(filter, mode)
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

    /// `SELECT` of the key and the columns, `FROM` the table, with what limits the dataset; conditions may follow.
    ///
    /// The first column is a number: the driver takes a row that begins with 16 MiB for the end of all rows.
    pub(super) fn select(&self) -> String {
        let key = self.key.iter().map(Operand::listed);
        let columns = self
            .columns
            .iter()
            .map(|it| listed(&of_table(&it.name), it.of.kind));
        let list: Vec<String> = std::iter::once("1".to_owned())
            .chain(key)
            .chain(columns)
            .collect();
        format!(
            "SELECT {} FROM {} AS t WHERE true{}",
            list.join(", "),
            self.table.sql(),
            self.limits()
        )
    }

    /// The representation's own condition, as ` AND (…)`.
    pub(super) fn limits(&self) -> String {
        // The line break ends a comment with which the condition might end.
        let text = self.filter.as_ref().map(|it| format!(" AND ({it}\n)"));
        text.unwrap_or_default()
    }

    /// The records of an answer.
    pub(super) fn records(&self, answer: &Answer) -> Vec<Record> {
        answer.rows.iter().map(|it| self.record(it)).collect()
    }

    fn record(&self, row: &Row) -> Record {
        let value = |at: usize, kind: Kind| {
            row.bytes(at)
                .map_or(Value::Null, |it| text::value(kind, it))
        };
        let key = self.key.iter().enumerate();
        let key = key.map(|(at, it)| value(at + 1, it.kind)).collect();
        let start = 1 + self.key.len();
        let members = self.columns.iter().enumerate();
        let members = members.map(|(at, it)| (it.name.clone(), value(start + at, it.of.kind)));
        Record {
            key: Key::new(key),
            body: Value::Map(members.collect()),
            meta: Vec::new(),
        }
    }
}

/// Whether `condition` is one expression that can stand in parentheses behind `AND`, and only reads.
fn is_condition(condition: &str, mode: Mode) -> bool {
    let mut depth = 0_i32;
    let mut last = None;
    for token in tokens(condition, mode) {
        match (token.kind, token.text) {
            (Sign::Sign, "(") => depth += 1,
            (Sign::Sign, ")") => depth -= 1,
            (Sign::Semicolon | Sign::Position | Sign::Parameter | Sign::Executable, _) => {
                return false;
            }
            _ => {}
        }
        if depth < 0 {
            return false;
        }
        last = Some(token);
    }
    // What is not closed would take in what stands behind it.
    let is_open = last.is_some_and(|it| is_unclosed(it.kind, it.text));
    let read_only = statements::split(&format!("SELECT {condition}"), mode)
        .is_ok_and(|it| it.iter().all(|it| readonly::refusal(it).is_none()));
    depth == 0 && !is_open && read_only
}

fn is_unclosed(kind: Sign, text: &str) -> bool {
    match kind {
        Sign::Text | Sign::Name => text.len() < 2 || !text.ends_with(text.get(..1).unwrap_or("'")),
        Sign::Space => text.starts_with("/*") && (text.len() < 4 || !text.ends_with("*/")),
        _ => false,
    }
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
        let is_condition = |it| is_condition(it, Mode::default());
        for good in [
            "deleted_at IS NULL",
            "a = ')' and (b or c)",
            r"note = 'it\'s; '",
            "a = 1 # x",
        ] {
            assert!(is_condition(good), "{good}");
        }
        for bad in [
            "a) or (1",
            "a; drop table b",
            "load_file('x')",
            "a = ?",
            "(select 1 into @a)",
            "a = 1 /*! ) or ( 1 */",
            "a = 'open",
            "a = 1 /* open",
        ] {
            assert!(!is_condition(bad), "{bad}");
        }
    }

    #[test]
    fn a_way_into_a_document_is_quoted() {
        let inside = ["a b", "0", "say \"hi\""].map(ToOwned::to_owned);
        assert_eq!(way(&inside), r#"$."a b"[0]."say \"hi\"""#);
    }
}

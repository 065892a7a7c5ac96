//! Paths as SQL expressions, and values as they are compared with them.

use parallax_core::name::FieldPath;
use parallax_core::value::{Uuid, Value};

use super::catalog::TableColumn;
use super::layout::{Form, Source};
use super::lease::Sql;
use super::types::{Affinity, Declared};
use crate::sql::quoted;

/// The name under which every statement of ours knows the dataset's table.
pub(super) const ALIAS: &str = "t";

/// An expression that stands for a path, and how it compares.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operand {
    pub(super) sql: String,
    /// `None` where values of any class may come out, as from JSON.
    pub(super) affinity: Option<Affinity>,
    pub(super) declared: Declared,
    /// The column itself, where it is no more than one.
    pub(super) column: Option<String>,
    /// Whether an index has exactly this expression.
    pub(super) indexed: bool,
}

impl Operand {
    fn column(column: &TableColumn) -> Self {
        Self {
            sql: of_table(&column.name),
            affinity: Some(column.affinity()).filter(|it| *it != Affinity::Blob),
            declared: column.meaning(),
            column: Some(column.name.clone()),
            indexed: false,
        }
    }

    fn any(sql: String) -> Self {
        Self {
            sql,
            affinity: None,
            declared: Declared::Plain,
            column: None,
            indexed: false,
        }
    }

    /// The values that `value` may be stored as here.
    ///
    /// `42` is the number 42 in an integer column, the text `42` in a text column, and either in JSON; `042` is only text.
    pub(super) fn variants(&self, value: &Value) -> Vec<Value> {
        let text = value.to_string();
        let number = whole_number(&text);
        match self.affinity {
            Some(Affinity::Integer | Affinity::Numeric) => {
                vec![number.or_else(|| real(&text)).unwrap_or(Value::Text(text))]
            }
            Some(Affinity::Real) => vec![real(&text).or(number).unwrap_or(Value::Text(text))],
            Some(Affinity::Text) => {
                with_uuid_bytes(self.declared, value, &text, vec![plain(value, &text)])
            }
            Some(Affinity::Blob) | None => {
                let found = number.or_else(|| real(&text)).into_iter();
                let found = found.chain([plain(value, &text)]).collect();
                with_uuid_bytes(self.declared, value, &text, found)
            }
        }
    }
}

/// Bytes stay bytes; everything else is compared as its text.
fn plain(value: &Value, text: &str) -> Value {
    match value {
        Value::Bytes(_) => value.clone(),
        _ => Value::Text(text.to_owned()),
    }
}

/// A column may keep a UUID in 16 bytes.
fn with_uuid_bytes(
    declared: Declared,
    value: &Value,
    text: &str,
    mut found: Vec<Value>,
) -> Vec<Value> {
    let asked_as_uuid = declared == Declared::Uuid || matches!(value, Value::Uuid(_));
    if asked_as_uuid && let Ok(uuid) = text.parse::<Uuid>() {
        found.push(Value::Bytes(uuid.as_bytes().to_vec()));
    }
    found
}

/// The number that `text` writes, if it is how that number is written.
fn whole_number(text: &str) -> Option<Value> {
    let number = text.parse::<i64>().ok()?;
    (number.to_string() == text).then_some(Value::I64(number))
}

fn real(text: &str) -> Option<Value> {
    let number = text.parse::<f64>().ok().filter(|it| it.is_finite())?;
    text.contains(['.', 'e', 'E']).then_some(Value::F64(number))
}

/// A column of the dataset's table.
pub(super) fn of_table(column: &str) -> String {
    format!("{ALIAS}.{}", quoted(column))
}

impl Source {
    /// The expression for `path`; `None` where the dataset cannot have it.
    pub(super) fn operand(&self, path: &FieldPath) -> Option<Operand> {
        if path.is_meta() {
            return self.meta(path.first());
        }
        if let Form::Documents { id, .. } = &self.form
            && path.segments() == [id.clone()]
        {
            return self.table.column(id).map(Operand::column);
        }
        match self.body() {
            Some(body) => Some(self.member(body, path.segments())),
            None => self.in_row(path),
        }
    }

    fn in_row(&self, path: &FieldPath) -> Option<Operand> {
        let Some(column) = self.table.column(path.first()) else {
            return (path.to_string() == "rowid")
                .then(|| self.row_number())
                .flatten();
        };
        match path.segments() {
            [_] => Some(Operand::column(column)),
            [_, inside @ ..] => Some(self.member(&column.name, inside)),
            [] => None,
        }
    }

    fn meta(&self, name: &str) -> Option<Operand> {
        let column = |it: &str| self.table.column(it).map(Operand::column);
        match (name, &self.form) {
            ("@id", Form::Rows | Form::Search) => self.row_number(),
            ("@id", Form::Documents { id, .. }) => column(id),
            ("@id", Form::Nodes { .. } | Form::Relationships { .. }) => column("id"),
            ("@key", Form::Entries { .. }) => column("key"),
            ("@value", Form::Entries { .. }) => column("value"),
            ("@labels", Form::Nodes { .. }) => column("label"),
            ("@type", Form::Relationships { .. }) => column("type"),
            ("@source", Form::Relationships { .. }) => column("source"),
            ("@target", Form::Relationships { .. }) => column("target"),
            _ => None,
        }
    }

    /// The row number, where the table has one.
    pub(super) fn row_number(&self) -> Option<Operand> {
        let rowid = self.table.rowid?;
        Some(Operand {
            affinity: Some(Affinity::Integer),
            ..Operand::any(format!("{ALIAS}.{rowid}"))
        })
    }

    /// A member of a JSON column, spelled as an index on it would be.
    ///
    /// Without such an index, one broken document would fail the statement for all the others, so it is looked at first.
    fn member(&self, column: &str, segments: &[String]) -> Operand {
        let path = json_path(segments);
        let column_sql = of_table(column);
        let extract = format!("json_extract({column_sql}, {path})");
        if self
            .table
            .indexes(&format!("json_extract({column}, {path})"))
        {
            return Operand {
                indexed: true,
                ..Operand::any(extract)
            };
        }
        Operand::any(format!(
            "CASE WHEN json_valid({column_sql}, 6) THEN {extract} END"
        ))
    }

    /// The table under its alias.
    pub(super) fn from(&self) -> String {
        format!("{} AS {ALIAS}", quoted(&self.table.name))
    }

    /// What limits the table to the dataset: ` AND …`, or nothing.
    pub(super) fn condition(&self) -> Sql {
        let mut sql = Sql::default();
        match &self.form {
            Form::Rows | Form::Search | Form::Documents { .. } => {}
            Form::Entries { pattern, expires } => {
                let (glob, prefix) = (glob(pattern), pattern.prefix());
                if let Some(after) = successor(prefix) {
                    sql.push(" AND t.\"key\" >= ? AND t.\"key\" < ?");
                    sql.bind(Value::from(prefix)).bind(Value::Text(after));
                }
                sql.push(" AND t.\"key\" GLOB ?").bind(Value::Text(glob));
                sql.append(&alive(expires.as_deref()));
            }
            Form::Nodes { label } => {
                sql.push(" AND t.\"label\" = ?")
                    .bind(Value::from(label.as_str()));
            }
            Form::Relationships {
                name,
                source,
                target,
            } => {
                sql.push(" AND t.\"type\" = ?")
                    .bind(Value::from(name.as_str()));
                end(&mut sql, "source", source.as_deref());
                end(&mut sql, "target", target.as_deref());
            }
        }
        sql
    }
}

/// The server's clock in Unix milliseconds.
pub(super) const NOW_MS: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/// What keeps entries out whose time has passed by the server's clock.
pub(super) fn alive(expires: Option<&str>) -> Sql {
    let Some(column) = expires.map(of_table) else {
        return Sql::default();
    };
    Sql::new(format!(" AND ({column} IS NULL OR {column} > {NOW_MS})"))
}

fn end(sql: &mut Sql, column: &str, label: Option<&str>) {
    let Some(label) = label else {
        return;
    };
    sql.push(&format!(
        " AND EXISTS (SELECT 1 FROM \"nodes\" AS n WHERE n.\"id\" = t.\"{column}\" AND n.\"label\" = ?)"
    ));
    sql.bind(Value::from(label));
}

/// `'$.a[0]."b c"'`, a text of SQL.
fn json_path(segments: &[String]) -> String {
    let mut path = "$".to_owned();
    for segment in segments {
        path.push_str(&json_step(segment));
    }
    format!("'{}'", path.replace('\'', "''"))
}

fn json_step(segment: &str) -> String {
    if !segment.is_empty() && segment.bytes().all(|it| it.is_ascii_digit()) {
        return format!("[{segment}]");
    }
    if segment
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || it == '_')
    {
        return format!(".{segment}");
    }
    format!(".\"{segment}\"")
}

/// The pattern as `GLOB` reads it.
fn glob(pattern: &parallax_core::name::KeyPattern) -> String {
    // No key holds a NUL, so it can stand for the parts while the literals between them are escaped.
    let filled = pattern.fill(|_| Some("\0".into())).unwrap_or_default();
    let literals: Vec<String> = filled.split('\0').map(escaped).collect();
    literals.join("*")
}

fn escaped(literal: &str) -> String {
    let mut escaped = String::new();
    for letter in literal.chars() {
        match letter {
            '*' | '?' | '[' => escaped.extend(['[', letter, ']']),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// The first text behind all that begin with `prefix`.
fn successor(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_paths_are_spelled_as_indices_are() {
        let path = |text: &str| json_path(text.parse::<FieldPath>().expect("a path").segments());
        assert_eq!(path("user_id"), "'$.user_id'");
        assert_eq!(path("address.city"), "'$.address.city'");
        assert_eq!(path("tags.0"), "'$.tags[0]'");
        assert_eq!(path("\"o'k x\".y"), "'$.\"o''k x\".y'");
    }

    #[test]
    fn a_pattern_is_a_glob_whose_literals_are_taken_literally() {
        let of =
            |text: &str| glob(&parallax_core::name::KeyPattern::parse(text).expect("a pattern"));
        assert_eq!(of("user:{id}"), "user:*");
        assert_eq!(of("a*[{x}]:{y}?"), "a[*][[]*]:*[?]");
        assert_eq!(of("config"), "config");
    }

    #[test]
    fn the_range_of_a_prefix_ends_before_its_successor() {
        assert_eq!(successor("user:").as_deref(), Some("user;"));
        assert_eq!(successor("é").as_deref(), Some("ê"));
        assert_eq!(successor(""), None);
    }

    #[test]
    fn a_number_is_asked_for_as_it_may_be_stored() {
        let json = Operand::any("x".to_owned());
        assert_eq!(
            json.variants(&Value::from("42")),
            [Value::I64(42), Value::from("42")]
        );
        assert_eq!(json.variants(&Value::from("042")), [Value::from("042")]);
        let integer = Operand {
            affinity: Some(Affinity::Integer),
            ..json.clone()
        };
        assert_eq!(integer.variants(&Value::from("42")), [Value::I64(42)]);
        let text = Operand {
            affinity: Some(Affinity::Text),
            ..json
        };
        assert_eq!(text.variants(&Value::I64(42)), [Value::from("42")]);
    }
}

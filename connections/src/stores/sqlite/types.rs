//! SQLite's values in ours: the storage class first, the declared type second, and nothing lost.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Precision, ValueRef};
use parallax_core::value::{Decimal, Timestamp, Uuid, Value};
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

/// What a column's declared type says about the meaning of its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Declared {
    Bool,
    Decimal,
    /// `TIMESTAMP` or `DATETIME`.
    Time,
    Date,
    TimeOfDay,
    Uuid,
    Json,
    /// Nothing that the storage class does not say.
    #[default]
    Plain,
}

impl Declared {
    pub(super) fn parse(declared: &str) -> Self {
        let base = declared.split('(').next().unwrap_or("").trim();
        match base.to_ascii_uppercase().as_str() {
            "BOOL" | "BOOLEAN" => Self::Bool,
            "JSON" | "JSONB" => Self::Json,
            "UUID" | "GUID" => Self::Uuid,
            "DATE" => Self::Date,
            "TIME" => Self::TimeOfDay,
            name if name.starts_with("DECIMAL") || name.starts_with("NUMERIC") => Self::Decimal,
            name if name.starts_with("TIMESTAMP") || name.starts_with("DATETIME") => Self::Time,
            _ => Self::Plain,
        }
    }

    /// The name of the type that the values of such a column mostly have.
    pub(super) fn type_name(self, declared: &str) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Decimal => "decimal",
            Self::Time => "timestamp",
            Self::Date => "date",
            Self::TimeOfDay => "time",
            Self::Uuid => "uuid",
            Self::Json => "map",
            Self::Plain => Affinity::of(declared).type_name(),
        }
    }
}

/// How SQLite compares and stores a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// By SQLite's own five rules, in their order.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let holds = |names: &[&str]| names.iter().any(|it| declared.contains(it));
        if holds(&["INT"]) {
            Self::Integer
        } else if holds(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if declared.is_empty() || holds(&["BLOB"]) {
            Self::Blob
        } else if holds(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    fn type_name(self) -> &'static str {
        match self {
            Self::Integer => "int",
            Self::Text => "text",
            Self::Blob => "bytes",
            Self::Real | Self::Numeric => "float",
        }
    }
}

/// How fine the times of a column are, where its declared type says so: `TIMESTAMP(3)`.
pub(super) fn precision(declared: &str) -> Option<Precision> {
    if Declared::parse(declared) != Declared::Time {
        return None;
    }
    let (_, digits) = declared.split_once('(')?;
    match digits.trim_end_matches(')').trim().parse().ok()? {
        0_u8 => Some(Precision::Seconds),
        1..=3 => Some(Precision::Millis),
        4..=6 => Some(Precision::Micros),
        7..=9 => Some(Precision::Nanos),
        _ => None,
    }
}

/// A cell as SQLite stores it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stored<'r> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'r str),
    Blob(&'r [u8]),
}

/// The stored cell at `at`. Text that is no UTF-8 comes as its bytes; a column that is not there is null.
pub(super) fn stored(row: &SqliteRow, at: usize) -> Stored<'_> {
    let Ok(cell) = row.try_get_raw(at) else {
        return Stored::Null;
    };
    if cell.is_null() {
        return Stored::Null;
    }
    match class(&cell) {
        Class::Integer => decoded(cell).map_or(Stored::Null, Stored::Integer),
        Class::Real => decoded(cell).map_or(Stored::Null, Stored::Real),
        Class::Text => text_or_bytes(row, at, cell),
        Class::Blob => decoded(cell).map_or(Stored::Null, Stored::Blob),
    }
}

enum Class {
    Integer,
    Real,
    Text,
    Blob,
}

/// The storage class of a cell that is not null, by the only name under which sqlx tells it.
fn class(cell: &SqliteValueRef<'_>) -> Class {
    match cell.type_info().name() {
        "INTEGER" => Class::Integer,
        "REAL" => Class::Real,
        "TEXT" => Class::Text,
        _ => Class::Blob,
    }
}

fn text_or_bytes<'r>(row: &'r SqliteRow, at: usize, cell: SqliteValueRef<'r>) -> Stored<'r> {
    if let Some(text) = decoded(cell) {
        return Stored::Text(text);
    }
    let again = row.try_get_raw(at).ok().and_then(decoded);
    again.map_or(Stored::Null, Stored::Blob)
}

fn decoded<'r, T: Decode<'r, Sqlite>>(cell: SqliteValueRef<'r>) -> Option<T> {
    T::decode(cell).ok()
}

impl<'r> Stored<'r> {
    /// The value, read strictly: JSON that cannot be read is an error.
    pub(super) fn read(self, declared: Declared) -> Result<Value> {
        match (self, declared) {
            (Self::Text(text), Declared::Json) => Value::from_json(text),
            _ => Ok(self.value(declared)),
        }
    }

    /// The value; what is not what its column declares stays as it is stored.
    pub(super) fn value(self, declared: Declared) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(it @ (0 | 1)) if declared == Declared::Bool => Value::Bool(it == 1),
            Self::Integer(it) => Value::I64(it),
            Self::Real(it) => Value::F64(it),
            Self::Text(it) => meant(it, declared).unwrap_or_else(|| Value::Text(it.to_owned())),
            Self::Blob(it) => uuid_bytes(it, declared).unwrap_or_else(|| Value::Bytes(it.to_vec())),
        }
    }

    /// A part of a key: as stored, but for a UUID kept in 16 bytes.
    pub(super) fn key(self, declared: Declared) -> Value {
        match self {
            Self::Blob(_) => self.value(declared),
            _ => self.value(Declared::Plain),
        }
    }

    /// The cell borrowed, where it means what is stored.
    pub(super) fn borrowed(self, declared: Declared) -> Option<ValueRef<'r>> {
        match self {
            Self::Null => Some(ValueRef::Null),
            Self::Integer(it @ (0 | 1)) if declared == Declared::Bool => {
                Some(ValueRef::Bool(it == 1))
            }
            Self::Integer(it) => Some(ValueRef::I64(it)),
            Self::Real(it) => Some(ValueRef::F64(it)),
            Self::Text(it) if declared == Declared::Plain => Some(ValueRef::Text(it)),
            Self::Blob(it) if declared != Declared::Uuid => Some(ValueRef::Bytes(it)),
            Self::Text(_) | Self::Blob(_) => None,
        }
    }

    pub(super) fn text(self) -> Option<&'r str> {
        match self {
            Self::Text(it) => Some(it),
            _ => None,
        }
    }

    pub(super) fn integer(self) -> Option<i64> {
        match self {
            Self::Integer(it) => Some(it),
            _ => None,
        }
    }

    /// A count that cannot be negative.
    pub(super) fn count(self) -> Option<u64> {
        self.integer().and_then(|it| u64::try_from(it).ok())
    }
}

/// What a text means under its declared type, where that text could be written again from it.
fn meant(text: &str, declared: Declared) -> Option<Value> {
    match declared {
        Declared::Decimal => decimal(text),
        Declared::Time => time(text),
        Declared::Date => text
            .parse()
            .ok()
            .map(Value::Date)
            .filter(|it| same_text(it, text)),
        Declared::TimeOfDay => time_of_day(text),
        Declared::Uuid => uuid(text),
        Declared::Json => Value::from_json(text).ok(),
        Declared::Bool | Declared::Plain => None,
    }
}

fn same_text(value: &Value, text: &str) -> bool {
    value.to_string() == text
}

/// Only what prints the same again: `1e3` and `+1` stay text.
fn decimal(text: &str) -> Option<Value> {
    let read = text.parse::<Decimal>().ok().map(Value::Decimal);
    read.filter(|it| same_text(it, text))
}

fn uuid(text: &str) -> Option<Value> {
    let read = text.parse::<Uuid>().ok().map(Value::Uuid);
    read.filter(|it| same_text(it, text))
}

fn uuid_bytes(bytes: &[u8], declared: Declared) -> Option<Value> {
    let bytes = <[u8; 16]>::try_from(bytes).ok()?;
    (declared == Declared::Uuid).then(|| Value::Uuid(Uuid::from_bytes(bytes)))
}

/// `…Z` is an instant, no zone a civil time; other offsets, leap seconds and more than nine digits stay text.
fn time(text: &str) -> Option<Value> {
    let civil = text.strip_suffix('Z').unwrap_or(text);
    if !is_date_time(civil) {
        return None;
    }
    if civil.len() == text.len() {
        return civil.parse().ok().map(Value::DateTime);
    }
    text.parse::<Timestamp>().ok().map(Value::Timestamp)
}

fn time_of_day(text: &str) -> Option<Value> {
    if !is_time(text) {
        return None;
    }
    text.parse().ok().map(Value::Time)
}

/// `YYYY-MM-DD`, `T` or a space, and a time.
fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return false;
    };
    let time = rest.strip_prefix(['T', ' ']);
    has_shape(date, "0000-00-00") && time.is_some_and(is_time)
}

/// `HH:MM`, `HH:MM:SS`, and at most nine digits behind the point; 60 seconds would not survive.
fn is_time(text: &str) -> bool {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(it, rest)| (it, Some(rest)));
    let fine = fraction.is_none_or(|it| (1..=9).contains(&it.len()) && has_only_digits(it));
    match whole.len() {
        5 => fraction.is_none() && has_shape(whole, "00:00"),
        8 => fine && has_shape(whole, "00:00:00") && !whole.ends_with(":60"),
        _ => false,
    }
}

fn has_only_digits(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}

fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(it, mark): (u8, u8)| {
        if mark == b'0' {
            it.is_ascii_digit()
        } else {
            it == mark
        }
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// The error of a record one of whose cells cannot be read.
pub(super) fn unreadable(column: &str, error: &Error) -> Error {
    Error::new(ErrorKind::Unreadable, format!("read the field {column:?}")).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(declared: &str, text: &str, type_name: &str) {
        let value = Stored::Text(text).value(Declared::parse(declared));
        assert_eq!(value.type_name(), type_name, "{declared} {text:?}");
    }

    #[test]
    fn text_means_what_its_column_declares_only_where_nothing_is_lost() {
        check("DECIMALTEXT(20,4)", "1.5000", "decimal");
        check("DECIMAL", "1e3", "text");
        check("NUMERIC", "+1", "text");
        check("DECIMAL", "99999999999999999999.000000001", "decimal");
        check(
            "TIMESTAMP(9)",
            "2024-02-29T23:59:59.123456789Z",
            "timestamp",
        );
        check("DATETIME", "2024-02-29 23:59:59", "datetime");
        check("TIMESTAMP", "2024-02-29T23:59:59", "datetime");
        check("TIMESTAMP", "2024-02-29T23:59:59+02:00", "text");
        check("TIMESTAMP", "2024-02-29T23:59:60Z", "text");
        check("TIMESTAMP", "2024-02-29T23:59:59.1234567891Z", "text");
        check("TIMESTAMP", "2024-02-30T00:00:00Z", "text");
        check("TIMESTAMP", "now", "text");
        check("DATE", "2024-02-29", "date");
        check("DATE", "2023-02-29", "text");
        check("DATE", "20240229", "text");
        check("TIME", "23:59:59.5", "time");
        check("TIME", "24:00:00", "text");
        check("UUID", "67e55044-10b1-426f-9247-bb680e5fe0c8", "uuid");
        check("UUID", "67E55044-10B1-426F-9247-BB680E5FE0C8", "text");
        check("JSON", r#"{"a":1}"#, "map");
        check("JSON", r#"{"a":1"#, "text");
        check("TEXT", "1", "text");
        check("", "2024-02-29", "text");
    }

    #[test]
    fn storage_classes_come_first() {
        let value = |it: Stored<'_>, declared: &str| it.value(Declared::parse(declared));
        assert_eq!(value(Stored::Integer(1), "BOOLEAN"), Value::Bool(true));
        assert_eq!(value(Stored::Integer(2), "BOOLEAN"), Value::I64(2));
        assert_eq!(
            value(Stored::Integer(i64::MIN), "INTEGER"),
            Value::I64(i64::MIN)
        );
        assert_eq!(value(Stored::Real(0.1), "DECIMAL(10,2)"), Value::F64(0.1));
        assert_eq!(value(Stored::Integer(5), "TIMESTAMP"), Value::I64(5));
        assert_eq!(
            value(Stored::Blob(&[0; 16]), "UUID"),
            Value::Uuid(Uuid::from_bytes([0; 16]))
        );
        assert_eq!(
            value(Stored::Blob(&[0; 15]), "UUID"),
            Value::Bytes(vec![0; 15])
        );
        assert_eq!(
            value(Stored::Blob(b"{}"), "JSON"),
            Value::Bytes(b"{}".to_vec())
        );
        assert_eq!(value(Stored::Null, "TEXT"), Value::Null);
    }

    #[test]
    fn a_declared_precision_is_known() {
        assert_eq!(precision("TIMESTAMP(3)"), Some(Precision::Millis));
        assert_eq!(precision("timestamp(6)"), Some(Precision::Micros));
        assert_eq!(precision("DATETIME(9)"), Some(Precision::Nanos));
        assert_eq!(precision("TIMESTAMP"), None);
        assert_eq!(precision("VARCHAR(9)"), None);
    }

    #[test]
    fn affinity_follows_the_rules_of_sqlite() {
        assert_eq!(Affinity::of("BIGINT"), Affinity::Integer);
        assert_eq!(Affinity::of("DECIMALTEXT(4,2)"), Affinity::Text);
        assert_eq!(Affinity::of("DECIMAL(4,2)"), Affinity::Numeric);
        assert_eq!(Affinity::of("FLOATING POINT"), Affinity::Integer);
        assert_eq!(Affinity::of(""), Affinity::Blob);
    }
}

//! The types of values: of a column as it is declared, and of a column of a result.

use parallax_core::store::Precision;
use sqlx::mysql::{MySqlColumn, MySqlTypeInfo};
use sqlx::{Column as _, MySql, TypeInfo as _};

/// How values of a type are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    /// A whole number without a sign, also a year.
    UInt,
    Float,
    Double,
    Decimal,
    /// Bits, read as the number that they are.
    Bit,
    Text,
    Bytes,
    Timestamp,
    DateTime,
    Date,
    /// A time of day, or a span of up to 838 hours.
    Time,
    Json,
    Uuid,
    /// An embedding.
    Vector,
    /// A place or a figure: four bytes of the reference system, then well-known binary.
    Geometry,
}

/// One type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// The name as it is declared: `bigint(20) unsigned`.
    pub(super) declared: String,
    pub(super) kind: Kind,
    /// How many digits a second has behind its point.
    pub(super) digits: Option<u32>,
    /// The character set and the collation of a text that is not kept as UTF-8 of four bytes.
    pub(super) collation: Option<(String, String)>,
}

impl Type {
    /// Of a column as the catalogue describes it.
    pub(super) fn of_column(
        data_type: &str,
        declared: &str,
        digits: Option<u32>,
        is_json: bool,
    ) -> Self {
        let kind = match data_type {
            _ if is_json => Kind::Json,
            "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => {
                if declared.contains("unsigned") {
                    Kind::UInt
                } else {
                    Kind::Int
                }
            }
            "year" => Kind::UInt,
            "float" => Kind::Float,
            "double" | "real" => Kind::Double,
            "decimal" | "numeric" => Kind::Decimal,
            "bit" => Kind::Bit,
            "date" => Kind::Date,
            "time" => Kind::Time,
            "datetime" => Kind::DateTime,
            "timestamp" => Kind::Timestamp,
            "json" => Kind::Json,
            "uuid" => Kind::Uuid,
            "vector" => Kind::Vector,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Kind::Bytes,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geometrycollection" | "geomcollection" => Kind::Geometry,
            _ => Kind::Text,
        };
        Self {
            declared: declared.to_owned(),
            kind,
            digits,
            collation: None,
        }
    }

    /// The same, with a character set and a collation, if it has them.
    pub(super) fn collated(self, set: Option<&str>, collation: Option<&str>) -> Self {
        let plain = |it: &&str| {
            it.bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'_')
        };
        let both = set.filter(plain).zip(collation.filter(plain));
        let both = both.filter(|(set, _)| *set != "utf8mb4" && self.kind == Kind::Text);
        Self {
            collation: both.map(|(set, collation)| (set.to_owned(), collation.to_owned())),
            ..self
        }
    }

    /// Of a column of a result.
    pub(super) fn of_result(column: &MySqlColumn) -> Self {
        let info = column.type_info();
        let kind = kind(info);
        Self {
            declared: declared(info, kind),
            kind,
            digits: None,
            collation: None,
        }
    }

    /// Of JSON that is kept as text.
    pub(super) fn json() -> Self {
        Self {
            declared: "json".to_owned(),
            kind: Kind::Json,
            digits: None,
            collation: None,
        }
    }

    /// The name of the values' type, as [`parallax_core::value::Value::type_name`] gives it.
    pub(super) fn value_name(&self) -> &'static str {
        match self.kind {
            Kind::Int | Kind::UInt | Kind::Bit => "int",
            Kind::Float | Kind::Double => "float",
            Kind::Decimal => "decimal",
            Kind::Text => "text",
            Kind::Bytes => "bytes",
            Kind::Timestamp => "timestamp",
            Kind::DateTime => "datetime",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Json => "map",
            Kind::Uuid => "uuid",
            Kind::Vector => "vector",
            Kind::Geometry => "geometry",
        }
    }

    /// How fine times are kept in a column.
    pub(super) fn precision(&self) -> Option<Precision> {
        if !matches!(self.kind, Kind::Timestamp | Kind::DateTime | Kind::Time) {
            return None;
        }
        Some(match self.digits? {
            0 => Precision::Seconds,
            1..=3 => Precision::Millis,
            _ => Precision::Micros,
        })
    }
}

fn kind(info: &MySqlTypeInfo) -> Kind {
    match info.name() {
        // The driver calls every `tinyint(1)` so, whether it has a sign or not.
        "BOOLEAN" if *info == <u8 as sqlx::Type<MySql>>::type_info() => Kind::UInt,
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Kind::Int,
        "FLOAT" => Kind::Float,
        "DOUBLE" => Kind::Double,
        "DECIMAL" => Kind::Decimal,
        "BIT" => Kind::Bit,
        "DATE" => Kind::Date,
        "TIME" => Kind::Time,
        "DATETIME" => Kind::DateTime,
        "TIMESTAMP" => Kind::Timestamp,
        "JSON" => Kind::Json,
        "GEOMETRY" => Kind::Geometry,
        "YEAR" => Kind::UInt,
        name if name.ends_with("UNSIGNED") => Kind::UInt,
        // Whatever collation it has, only `binary` means bytes.
        "ENUM" | "SET" | "NULL" => Kind::Text,
        _ if <str as sqlx::Type<MySql>>::compatible(info) => Kind::Text,
        _ => Kind::Bytes,
    }
}

/// The type's name as people declare it; the driver names texts that compare by their bytes after types of bytes.
fn declared(info: &MySqlTypeInfo, kind: Kind) -> String {
    let name = info.name().to_lowercase();
    match name.as_str() {
        "boolean" if kind == Kind::UInt => "tinyint unsigned".to_owned(),
        "boolean" => "tinyint".to_owned(),
        "binary" if kind == Kind::Text => "char".to_owned(),
        "varbinary" if kind == Kind::Text => "varchar".to_owned(),
        _ if kind == Kind::Text => name.replace("blob", "text"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(data_type: &str, declared: &str, kind: Kind, value_name: &str) {
        let of = Type::of_column(data_type, declared, Some(3), false);
        assert_eq!((of.kind, of.value_name()), (kind, value_name), "{declared}");
    }

    #[test]
    fn a_declared_type_tells_how_it_is_read() {
        check("tinyint", "tinyint(1)", Kind::Int, "int");
        check("bigint", "bigint(20) unsigned", Kind::UInt, "int");
        check("year", "year(4)", Kind::UInt, "int");
        check("enum", "enum('a','b')", Kind::Text, "text");
        check("longblob", "longblob", Kind::Bytes, "bytes");
        check("inet6", "inet6", Kind::Text, "text");
        check("point", "point", Kind::Geometry, "geometry");
        assert_eq!(
            Type::of_column("longtext", "longtext", None, true).kind,
            Kind::Json
        );
    }

    #[test]
    fn a_declared_precision_is_kept() {
        let of =
            |data_type, digits| Type::of_column(data_type, data_type, digits, false).precision();
        assert_eq!(of("datetime", Some(0)), Some(Precision::Seconds));
        assert_eq!(of("timestamp", Some(3)), Some(Precision::Millis));
        assert_eq!(of("time", Some(6)), Some(Precision::Micros));
        assert_eq!(of("date", None), None);
    }
}

//! The types of values, by OID: those that are built in, and those that the server's catalogue tells.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parallax_core::error::Result;
use parallax_core::store::Precision;

use super::lease::{Lease, Sql};
use super::link::Row;

/// One type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Type {
    /// The name in the catalogue: `int8`.
    pub(super) name: String,
    /// The name as it is declared: `bigint`.
    pub(super) declared: String,
    pub(super) kind: Kind,
}

/// How values of a type are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    /// An object's number, which has no sign.
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    /// One byte, which need be no letter.
    Char,
    Bytes,
    Timestamptz,
    Timestamp,
    Date,
    Time,
    Interval,
    Uuid,
    Json,
    Jsonb,
    /// An embedding.
    Vector,
    /// Elements, and what stands between two of them.
    Array(Arc<Type>, char),
    /// Named members.
    Composite(Vec<(String, Arc<Type>)>),
    /// What we do not model.
    Native,
}

impl Type {
    fn new(name: &str, declared: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            declared: declared.to_owned(),
            kind,
        }
    }

    /// Whether the binary form is the one that is read; else the text form is.
    pub(super) fn is_binary(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Char | Kind::Interval | Kind::Array(..) | Kind::Composite(_) | Kind::Native
        )
    }

    /// Whether a column declares more than the type: a length or a precision.
    pub(super) fn takes_modifier(&self) -> bool {
        let name = self.name.as_str();
        matches!(
            name,
            "varchar" | "bpchar" | "numeric" | "bit" | "varbit" | "time" | "timetz"
        ) || matches!(name, "timestamp" | "timestamptz" | "vector")
    }

    /// The type as a column declares it, whose `modifier` holds length or precision.
    pub(super) fn with_modifier(&self, modifier: i32) -> String {
        let (name, rest) = match self.name.as_str() {
            "timestamptz" => ("timestamp", " with time zone"),
            "timestamp" => ("timestamp", " without time zone"),
            "timetz" => ("time", " with time zone"),
            "time" => ("time", " without time zone"),
            _ => (self.declared.as_str(), ""),
        };
        let inside = match self.name.as_str() {
            _ if modifier < 0 => None,
            "varchar" | "bpchar" => Some((modifier - 4).to_string()),
            "numeric" => Some(numeric(modifier)),
            "bit" | "varbit" | "timestamp" | "timestamptz" | "time" | "timetz" | "vector" => {
                Some(modifier.to_string())
            }
            _ => None,
        };
        inside.map_or_else(|| self.declared.clone(), |it| format!("{name}({it}){rest}"))
    }

    /// The name of the values' type, as [`parallax_core::value::Value::type_name`] gives it.
    pub(super) fn value_name(&self) -> &str {
        match &self.kind {
            Kind::Bool => "bool",
            Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => "int",
            Kind::Float4 | Kind::Float8 => "float",
            Kind::Numeric => "decimal",
            Kind::Text | Kind::Char => "text",
            Kind::Bytes => "bytes",
            Kind::Timestamptz => "timestamp",
            Kind::Timestamp => "datetime",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Uuid => "uuid",
            Kind::Json | Kind::Jsonb | Kind::Composite(_) => "map",
            Kind::Vector => "vector",
            Kind::Array(..) => "list",
            Kind::Interval | Kind::Native => &self.name,
        }
    }

    /// How fine times are kept in a column with this modifier.
    pub(super) fn precision(&self, modifier: i32) -> Option<Precision> {
        if !matches!(self.kind, Kind::Timestamptz | Kind::Timestamp | Kind::Time) {
            return None;
        }
        Some(match modifier {
            0 => Precision::Seconds,
            1..=3 => Precision::Millis,
            _ => Precision::Micros,
        })
    }
}

/// Precision and scale, which has a sign of its own since version 15.
fn numeric(modifier: i32) -> String {
    let modifier = modifier - 4;
    let scale = ((modifier & 0x7ff) ^ 1024) - 1024;
    format!("{},{scale}", (modifier >> 16) & 0xffff)
}

/// What is built in and not told by its category; all other types are asked for.
#[rustfmt::skip]
const BUILT_IN: &[(u32, &str, &str, Kind)] = &[
    (16, "bool", "boolean", Kind::Bool),
    (17, "bytea", "bytea", Kind::Bytes),
    (18, "char", "\"char\"", Kind::Char),
    (19, "name", "name", Kind::Text),
    (20, "int8", "bigint", Kind::Int8),
    (21, "int2", "smallint", Kind::Int2),
    (23, "int4", "integer", Kind::Int4),
    (25, "text", "text", Kind::Text),
    (26, "oid", "oid", Kind::Oid),
    (114, "json", "json", Kind::Json),
    (700, "float4", "real", Kind::Float4),
    (701, "float8", "double precision", Kind::Float8),
    (705, "unknown", "unknown", Kind::Text),
    (1042, "bpchar", "character", Kind::Text),
    (1043, "varchar", "character varying", Kind::Text),
    (1082, "date", "date", Kind::Date),
    (1083, "time", "time without time zone", Kind::Time),
    (1114, "timestamp", "timestamp without time zone", Kind::Timestamp),
    (1184, "timestamptz", "timestamp with time zone", Kind::Timestamptz),
    (1186, "interval", "interval", Kind::Interval),
    (1700, "numeric", "numeric", Kind::Numeric),
    (2950, "uuid", "uuid", Kind::Uuid),
    (3802, "jsonb", "jsonb", Kind::Jsonb),
];

/// How deep types may nest.
const MAX_DEPTH: usize = 16;

/// The types of one server, as far as they were met.
#[derive(Debug, Default)]
pub(super) struct Types(Mutex<BTreeMap<u32, Arc<Type>>>);

impl Types {
    /// The type of each OID.
    pub(super) async fn of(&self, lease: &mut Lease, oids: &[u32]) -> Result<Vec<Arc<Type>>> {
        let missing: Vec<u32> = {
            let known = self.known();
            oids.iter()
                .copied()
                .filter(|it| !known.contains_key(it))
                .collect()
        };
        let missing: Vec<u32> = missing
            .into_iter()
            .filter(|it| built_in(*it).is_none())
            .collect();
        if !missing.is_empty() {
            let rows = catalogue(lease, missing).await?;
            let mut known = self.known();
            for oid in rows.keys() {
                known.insert(*oid, build(*oid, &rows, 0));
            }
        }
        let known = self.known();
        let find = |oid: &u32| {
            known.get(oid).cloned().unwrap_or_else(|| {
                let unknown = || Type::new("unknown", "unknown", Kind::Native);
                Arc::new(built_in(*oid).unwrap_or_else(unknown))
            })
        };
        Ok(oids.iter().map(find).collect())
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Type>>> {
        // Nothing under this lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn built_in(oid: u32) -> Option<Type> {
    let found = BUILT_IN.iter().find(|(it, ..)| *it == oid)?;
    let (_, name, declared, kind) = found;
    Some(Type::new(name, declared, kind.clone()))
}

/// A type as the catalogue tells it.
#[derive(Debug)]
struct Entry {
    name: String,
    declared: String,
    class: String,
    category: String,
    element: u32,
    base: u32,
    delimiter: char,
    members: Vec<(String, u32)>,
}

const ABOUT_TYPES: &str = "SELECT t.oid, t.typname, pg_catalog.format_type(t.oid, NULL), t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typdelim
    FROM pg_catalog.pg_type AS t WHERE t.oid = ANY ($1)";

const ABOUT_MEMBERS: &str = "SELECT t.oid, a.attname, a.atttypid FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.typrelid
    WHERE t.oid = ANY ($1) AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.oid, a.attnum";

/// Reads types and those that they are made of.
async fn catalogue(lease: &mut Lease, oids: Vec<u32>) -> Result<BTreeMap<u32, Entry>> {
    let mut entries = BTreeMap::new();
    let mut wanted = oids;
    for _ in 0..MAX_DEPTH {
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            break;
        }
        let list: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let (mut types, mut members) = (Sql::new(ABOUT_TYPES), Sql::new(ABOUT_MEMBERS));
        for sql in [&mut types, &mut members] {
            sql.bind(1028, format!("{{{}}}", list.join(",")));
        }
        let answers = lease.all(&[&types, &members], "read the types").await?;
        let mut answers = answers.into_iter();
        let mut found: BTreeMap<u32, Entry> = answers
            .next()
            .iter()
            .flat_map(|it| &it.rows)
            .map(|it| (it.number(0).unwrap_or_default(), entry(it)))
            .collect();
        for row in answers.next().iter().flat_map(|it| &it.rows) {
            if let Some(entry) = found.get_mut(&row.number(0).unwrap_or_default()) {
                let name = row.text(1).unwrap_or_default().to_owned();
                entry
                    .members
                    .push((name, row.number(2).unwrap_or_default()));
            }
        }
        wanted = found
            .values()
            .flat_map(|it| {
                [it.element, it.base]
                    .into_iter()
                    .chain(it.members.iter().map(|it| it.1))
            })
            .filter(|it| {
                *it != 0
                    && built_in(*it).is_none()
                    && !entries.contains_key(it)
                    && !found.contains_key(it)
            })
            .collect();
        entries.extend(found);
    }
    Ok(entries)
}

fn entry(row: &Row) -> Entry {
    let text = |at| row.text(at).unwrap_or_default().to_owned();
    Entry {
        name: text(1),
        declared: text(2),
        class: text(3),
        category: text(4),
        element: row.number(5).unwrap_or_default(),
        base: row.number(6).unwrap_or_default(),
        delimiter: row.text(7).and_then(|it| it.chars().next()).unwrap_or(','),
        members: Vec::new(),
    }
}

fn build(oid: u32, entries: &BTreeMap<u32, Entry>, depth: usize) -> Arc<Type> {
    let Some(entry) = entries.get(&oid).filter(|_| depth < MAX_DEPTH) else {
        let unknown = || Type::new("unknown", "unknown", Kind::Native);
        return Arc::new(built_in(oid).unwrap_or_else(unknown));
    };
    let inner = |oid| build(oid, entries, depth + 1);
    let kind = match (entry.class.as_str(), entry.name.as_str()) {
        ("d", _) => inner(entry.base).kind.clone(),
        ("e", _) | ("b", "citext") => Kind::Text,
        ("b", "vector") => Kind::Vector,
        ("c", _) => {
            let members = entry.members.iter();
            Kind::Composite(
                members
                    .map(|(name, oid)| (name.clone(), inner(*oid)))
                    .collect(),
            )
        }
        ("b", name)
            if entry.category == "A"
                && entry.element != 0
                && !matches!(name, "int2vector" | "oidvector") =>
        {
            let delimiter = entries.get(&entry.element).map_or(',', |it| it.delimiter);
            Kind::Array(inner(entry.element), delimiter)
        }
        _ => Kind::Native,
    };
    Arc::new(Type {
        name: entry.name.clone(),
        declared: entry.declared.clone(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn declared(oid: u32, modifier: i32, expected: &str) {
        let built_in = built_in(oid).expect("a type");
        assert_eq!(built_in.with_modifier(modifier), expected);
    }

    #[test]
    fn a_modifier_is_written_as_it_was_declared() {
        declared(1043, 24, "character varying(20)");
        declared(1043, -1, "character varying");
        declared(1700, (10 << 16 | 2) + 4, "numeric(10,2)");
        declared(1700, (3 << 16 | (-2 & 0x7ff)) + 4, "numeric(3,-2)");
        declared(1184, 3, "timestamp(3) with time zone");
        declared(23, -1, "integer");
    }
}

//! Values as parameters, in their text form and of a type that is told only where the value itself tells it.
//!
//! In statements of our own, which go to the server several at once, they are written out where they stand, as constants
//! that it reads just as it would read a parameter in text form. What people type is bound instead: see [`super::bound`].

use parallax_core::value::Value;

use super::fault::Failure;
use super::lexer::{Kind, tokens};
use super::literal::to_array;

const JSON: u32 = 114;
const JSONB: u32 = 3802;

/// One parameter in its text form, and the OID of its type; 0 lets the server tell the type from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) oid: u32,
    pub(super) text: Option<String>,
}

/// The types that are told, and others that are met often, by their OIDs.
const NAMES: [(u32, &str); 21] = [
    (16, "bool"),
    (17, "bytea"),
    (20, "int8"),
    (21, "int2"),
    (23, "int4"),
    (25, "text"),
    (26, "oid"),
    (114, "json"),
    (700, "float4"),
    (701, "float8"),
    (1009, "_text"),
    (1028, "_oid"),
    (1043, "varchar"),
    (1082, "date"),
    (1083, "time"),
    (1114, "timestamp"),
    (1184, "timestamptz"),
    (1186, "interval"),
    (1700, "numeric"),
    (2950, "uuid"),
    (3802, "jsonb"),
];

/// The name of one of the types that need not be looked up; `None` for all others.
pub(super) fn name(oid: u32) -> Option<&'static str> {
    let found = NAMES.iter().find(|(it, _)| *it == oid);
    found.map(|(_, name)| *name)
}

/// The text with a constant in the place of each `$1`.
///
/// Fails with [`Failure::Unsendable`] where a value holds a NUL, which no text of the server can.
pub(super) fn written_out(text: &str, parameters: &[Parameter]) -> Result<String, Failure> {
    if parameters.is_empty() {
        return Ok(text.to_owned());
    }
    let mut written = String::with_capacity(text.len());
    for token in tokens(text) {
        match Some(&token).filter(|it| it.kind == Kind::Position) {
            Some(position) => written.push_str(&constant(position.text, parameters)?),
            None => written.push_str(token.text),
        }
    }
    Ok(written)
}

/// The value behind `$1`, whatever it holds; a place without a value stays as it is, for the server to complain about.
fn constant(position: &str, parameters: &[Parameter]) -> Result<String, Failure> {
    let number = position.trim_start_matches('$').parse::<usize>();
    let nth = number.ok().and_then(|it| it.checked_sub(1));
    let Some(parameter) = nth.and_then(|it| parameters.get(it)) else {
        return Ok(position.to_owned());
    };
    let value = match &parameter.text {
        None => "NULL".to_owned(),
        Some(text) if text.contains('\0') => return Err(Failure::Unsendable),
        // In this form a backslash is the same whatever the session's settings are.
        Some(text) => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
    };
    Ok(match name(parameter.oid) {
        Some(name) => format!("({value}::pg_catalog.{name})"),
        None => format!("({value})"),
    })
}

/// The OID of the type that a value has by itself; 0 where its place in the statement tells.
pub(super) fn oid(value: &Value) -> u32 {
    match value {
        Value::Bool(_) => 16,
        // As the server types a number that is written out.
        Value::I64(it) if i32::try_from(*it).is_ok() => 23,
        Value::I64(_) => 20,
        Value::U64(_) | Value::BigInt(_) | Value::Decimal(_) => 1700,
        Value::F64(_) => 701,
        Value::Bytes(_) => 17,
        Value::Timestamp(_) => 1184,
        Value::DateTime(_) => 1114,
        Value::Date(_) => 1082,
        Value::Time(_) => 1083,
        Value::Duration(_) => 1186,
        Value::Uuid(_) => 2950,
        Value::Null
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Vector(_)
        | Value::Native { .. } => 0,
    }
}

/// The text form of a value for a parameter that the server takes to be of the type `wanted`; `None` is null.
pub(super) fn text(value: &Value, wanted: Option<u32>) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bytes(it) => hex(it),
        Value::List(_) if matches!(wanted, Some(JSON | JSONB)) => value.to_string(),
        Value::List(items) => list(items),
        _ => value.to_string(),
    })
}

fn list(items: &[Value]) -> String {
    let is_nested = items.iter().any(|it| matches!(it, Value::List(_)));
    let texts = items.iter().map(|it| text(it, None));
    if is_nested {
        let texts: Vec<String> = texts
            .map(|it| it.unwrap_or_else(|| "NULL".to_owned()))
            .collect();
        return format!("{{{}}}", texts.join(","));
    }
    let texts: Vec<Option<String>> = texts.collect();
    to_array(texts.iter().map(Option::as_deref))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = "\\x".to_owned();
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_arrays_where_no_json_is_wanted() {
        let list = Value::List(vec![Value::I64(1), Value::Null, Value::from("a\"b")]);
        assert_eq!(text(&list, None).as_deref(), Some(r#"{"1",NULL,"a\"b"}"#));
        assert_eq!(
            text(&list, Some(JSONB)).as_deref(),
            Some(r#"[1,null,"a\"b"]"#)
        );
        let nested = Value::List(vec![
            Value::List(vec![Value::I64(1)]),
            Value::List(vec![Value::I64(2)]),
        ]);
        assert_eq!(text(&nested, None).as_deref(), Some(r#"{{"1"},{"2"}}"#));
    }

    #[test]
    fn values_are_written_out_where_they_stand() {
        let of = |oid, text: Option<&str>| Parameter {
            oid,
            text: text.map(ToOwned::to_owned),
        };
        let all = [of(23, Some("5")), of(0, Some(r"it's \ $1")), of(0, None)];
        let written = written_out("SELECT $1, $2, $3, '$1', \"$2\", $$ $3 $$ -- $1", &all);
        assert_eq!(
            written.ok().as_deref(),
            Some(
                r#"SELECT (E'5'::pg_catalog.int4), (E'it''s \\ $1'), (NULL), '$1', "$2", $$ $3 $$ -- $1"#
            )
        );
        let nul = written_out("SELECT $1", &[of(0, Some("a\0b"))]);
        assert!(matches!(nul, Err(Failure::Unsendable)));
    }

    #[test]
    fn bytes_are_hex() {
        assert_eq!(
            text(&Value::Bytes(vec![0, 255]), None).as_deref(),
            Some("\\x00ff")
        );
    }
}

//! Values as parameters, in their text form and of a type that is told only where the value itself tells it.

use parallax_core::value::Value;

use super::literal::to_array;

const JSON: u32 = 114;
const JSONB: u32 = 3802;

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

/// The OIDs that a frame with the tag `t` holds.
pub(super) fn described(body: &[u8]) -> Vec<u32> {
    let (oids, _) = body.get(2..).unwrap_or_default().as_chunks::<4>();
    oids.iter().map(|it| u32::from_be_bytes(*it)).collect()
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
    fn bytes_are_hex() {
        assert_eq!(
            text(&Value::Bytes(vec![0, 255]), None).as_deref(),
            Some("\\x00ff")
        );
    }
}

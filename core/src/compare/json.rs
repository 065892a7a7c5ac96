//! Values as JSON knows them: null, truth values, numbers, text, lists and maps.

use super::refusal::{Refusal, malformed};
use crate::value::{Decimal, Value};

/// The JSON that a value is, or that its text holds.
pub(super) fn read(value: &Value) -> Result<Value, Refusal> {
    let text = match value {
        Value::Text(text) => Some(text.as_str()),
        Value::Bytes(bytes) => Some(str::from_utf8(bytes).unwrap_or_default()),
        _ => None,
    };
    match text {
        Some(text) => Value::from_json(text)
            .ok()
            .ok_or_else(|| malformed(value, "JSON")),
        None => Ok(plain(value)),
    }
}

/// JSON has one kind of number, so floats become decimals by their shortest digits; what it lacks is the text people see.
fn plain(value: &Value) -> Value {
    match value {
        Value::F64(it) => {
            Decimal::from_f64(*it).map_or_else(|| value.to_string().as_str().into(), Value::Decimal)
        }
        Value::List(items) => Value::List(items.iter().map(plain).collect()),
        Value::Map(members) => {
            let members = members.iter().map(|(name, it)| (name.clone(), plain(it)));
            Value::Map(members.collect())
        }
        Value::Vector(items) => Value::List(items.iter().map(|it| component(*it)).collect()),
        Value::Null | Value::Bool(_) | Value::I64(_) | Value::U64(_) | Value::BigInt(_) => {
            value.clone()
        }
        Value::Decimal(_) | Value::Text(_) => value.clone(),
        _ => Value::Text(value.to_string()),
    }
}

/// The shortest digits that read back as the same 32-bit float.
fn component(number: f32) -> Value {
    let text = format!("{number:e}");
    text.parse().map_or(Value::Text(text), Value::Decimal)
}

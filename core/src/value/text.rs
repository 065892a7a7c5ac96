//! Values as a person reads them.

use std::fmt::{self, Display as _};

use base64::Engine as _;

use super::Value;

/// Writes a value as people read it: text bare, binary data in base64, numbers in full.
pub(super) fn write(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(it) => it.fmt(f),
        Value::I64(it) => it.fmt(f),
        Value::U64(it) => it.fmt(f),
        Value::BigInt(it) => it.fmt(f),
        Value::Decimal(it) => it.fmt(f),
        Value::F64(it) => float(*it, f),
        Value::Text(it) | Value::Native { text: it, .. } => f.write_str(it),
        Value::Bytes(it) => f.write_str(&base64::engine::general_purpose::STANDARD.encode(it)),
        Value::Timestamp(it) => it.fmt(f),
        Value::DateTime(it) => it.fmt(f),
        Value::Date(it) => it.fmt(f),
        Value::Time(it) => it.fmt(f),
        Value::Duration(it) => it.fmt(f),
        Value::Uuid(it) => it.fmt(f),
        Value::List(items) => list(items, f),
        Value::Map(members) => map(members, f),
        Value::Vector(items) => write!(f, "{items:?}"),
    }
}

/// The shortest digits that read back as the same number, with a point or an exponent so that it is not taken for whole.
fn float(number: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if number.is_nan() {
        return f.write_str("NaN");
    }
    if number.is_infinite() {
        return f.write_str(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
    }
    write!(f, "{number:?}")
}

fn list(items: &[Value], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("[")?;
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        member(item, f)?;
    }
    f.write_str("]")
}

fn map(members: &[(String, Value)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("{")?;
    for (at, (name, item)) in members.iter().enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        write!(f, "{}:", serde_json::Value::from(name.as_str()))?;
        member(item, f)?;
    }
    f.write_str("}")
}

/// Inside a list or a map numbers are written exactly, and what is not a number or a container is quoted.
fn member(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null | Value::Bool(_) | Value::I64(_) | Value::U64(_) | Value::BigInt(_) => {
            write(value, f)
        }
        Value::Decimal(_) | Value::List(_) | Value::Map(_) | Value::Vector(_) => write(value, f),
        Value::F64(it) if it.is_finite() => float(*it, f),
        _ => write!(f, "{}", serde_json::Value::from(value.to_string())),
    }
}

//! Values from and to JSON, without the loss that a 53-bit reader would bring.

use std::fmt;

use base64::Engine as _;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Number, json};

use super::{Decimal, Value};
use crate::error::{Error, ErrorKind, Result};

/// How deep JSON may nest; the limit of `serde_json` itself, which raw values bypass.
const MAX_DEPTH: usize = 128;

/// Whole numbers within this distance of zero are JSON numbers; beyond it, strings.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl Value {
    /// Reads JSON text exactly: integers of any size, decimals with their scale, members in order.
    ///
    /// Fails with [`ErrorKind::Unreadable`], saying the line and column, or that it nests deeper than 128 levels.
    pub fn from_json(text: &str) -> Result<Self> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|it| bad_json(&it))?;
        read(raw, MAX_DEPTH)
    }

    /// The value as JSON for others to parse: what a 53-bit reader would spoil is a string.
    ///
    /// Integers beyond 2^53, decimals, times, UUIDs and floats that are not finite are strings; bytes are base64.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(it) => json!(it),
            Self::I64(it) if it.unsigned_abs() <= MAX_SAFE_INTEGER => json!(it),
            Self::U64(it) if *it <= MAX_SAFE_INTEGER => json!(it),
            Self::F64(it) => {
                Number::from_f64(*it).map_or_else(|| json!(self.to_string()), Into::into)
            }
            Self::Bytes(it) => json!(base64::engine::general_purpose::STANDARD.encode(it)),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(members) => members
                .iter()
                .map(|(name, it)| (name.clone(), it.to_json()))
                .collect(),
            Self::Vector(items) => items.iter().map(|it| json!(it)).collect(),
            _ => json!(self.to_string()),
        }
    }
}

/// Members in the order of the text; a repeated name keeps its last value, as JSON readers mostly do.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

/// Reads the members of an object in their order, without reading their values.
struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        while let Some((name, value)) = access.next_entry::<String, &RawValue>()? {
            match members.iter_mut().find(|(it, _)| *it == name) {
                Some(member) => member.1 = value,
                None => members.push((name, value)),
            }
        }
        Ok(members)
    }
}

/// Reads a value; `depth` is how many levels it may still nest.
fn read(raw: &RawValue, depth: usize) -> Result<Value> {
    let text = raw.get();
    let Some(inner) = depth.checked_sub(1) else {
        return Err(Error::new(ErrorKind::Unreadable, "read JSON").because("it nests too deep"));
    };
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: Members<'_> = serde_json::from_str(text).map_err(|it| bad_json(&it))?;
            let read = members
                .0
                .into_iter()
                .map(|(name, it)| Ok((name, read(it, inner)?)));
            read.collect::<Result<_>>().map(Value::Map)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|it| bad_json(&it))?;
            items
                .into_iter()
                .map(|it| read(it, inner))
                .collect::<Result<_>>()
                .map(Value::List)
        }
        Some(b'"') => serde_json::from_str(text)
            .map(Value::Text)
            .map_err(|it| bad_json(&it)),
        Some(b'n') => Ok(Value::Null),
        Some(b't') => Ok(Value::Bool(true)),
        Some(b'f') => Ok(Value::Bool(false)),
        _ => number(text),
    }
}

/// Reads a number exactly, however many digits it has; it never becomes a float.
fn number(text: &str) -> Result<Value> {
    if text.contains(['.', 'e', 'E']) {
        return text.parse::<Decimal>().map(Value::Decimal);
    }
    let whole = text
        .parse()
        .map_err(|it| Error::new(ErrorKind::Unreadable, "read a JSON number").because(it));
    whole.map(Value::int)
}

fn bad_json(error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::Unreadable, "read JSON").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round(text: &str, expected: &str) {
        assert_eq!(
            Value::from_json(text).expect("JSON").to_json().to_string(),
            expected
        );
    }

    #[test]
    fn what_a_53_bit_reader_would_spoil_is_a_string() {
        round("9007199254740991", "9007199254740991");
        round("9007199254740993", r#""9007199254740993""#);
        round("-18446744073709551616", r#""-18446744073709551616""#);
        round("1.50", r#""1.50""#);
    }

    #[test]
    fn members_keep_their_order() {
        round(r#"{"b":[true,null],"a":{}}"#, r#"{"b":[true,null],"a":{}}"#);
    }

    #[test]
    fn json_that_nests_absurdly_is_unreadable() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Value::from_json(&nested(100)).is_ok());
        for depth in [129, 100_000] {
            let error = Value::from_json(&nested(depth)).expect_err("an error");
            assert_eq!(error.kind, ErrorKind::Unreadable);
        }
    }

    #[test]
    fn truncated_json_is_unreadable() {
        let error = Value::from_json(r#"{"a":1"#).expect_err("an error");
        assert_eq!(error.kind, ErrorKind::Unreadable);
    }
}

//! Keys of one or several parts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Value;
use crate::error::{Error, ErrorKind, Result};

/// The key of an entity or a record: one value, or several in the order of the entity's `key`.
///
/// As text a single part is bare, and a composite key is a JSON array: `42`, `["eu",17]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key(Vec<Value>);

impl Key {
    /// A key of these parts.
    pub fn new(parts: Vec<Value>) -> Self {
        Self(parts)
    }

    /// Its parts, in the order of the entity's `key`.
    pub fn parts(&self) -> &[Value] {
        &self.0
    }

    /// Reads a key of `n_parts` parts from text.
    ///
    /// A single part stays text: which type it has, the store's own column decides ([`Key::typed`]).
    /// Several parts are a JSON array of that length.
    pub fn parse(text: &str, n_parts: usize) -> Result<Self> {
        if n_parts == 1 {
            return Ok(Self(vec![Value::Text(text.to_owned())]));
        }
        match Value::from_json(text) {
            Ok(Value::List(parts)) if parts.len() == n_parts => Ok(Self(parts)),
            _ => Err(Error::new(
                ErrorKind::InvalidInput,
                format!("read {text:?} as a key of {n_parts} parts"),
            )
            .because("a composite key is the text of a JSON array")
            .hint(r#"for example '["eu",17]'"#)),
        }
    }

    /// The key with each text part read as the type that its column declares, where that loses nothing.
    ///
    /// `types` are names as [`Value::type_name`] gives them. `042` stays text in an `int` column: it is not how the
    /// number is written, so it is not the same key.
    #[must_use]
    pub fn typed(&self, types: &[&str]) -> Self {
        let parts = self.0.iter().enumerate();
        Self(
            parts
                .map(|(at, part)| typed(part, types.get(at).copied().unwrap_or("text")))
                .collect(),
        )
    }
}

/// A part of a key that a person typed, as the type that the source's key has; text that would be written otherwise
/// stays text.
fn typed(part: &Value, type_name: &str) -> Value {
    let Value::Text(text) = part else {
        return part.clone();
    };
    let read = match type_name {
        "int" => text.parse().ok().map(Value::int),
        "uuid" => text.parse().ok().map(Value::Uuid),
        "decimal" => text.parse().ok().map(Value::Decimal),
        _ => None,
    };
    read.filter(|it| it.to_string() == *text)
        .unwrap_or_else(|| part.clone())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => one.fmt(f),
            many => Value::List(many.to_vec()).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_key_is_a_json_array() {
        let key = Key::parse(r#"["São Paulo",9007199254740993]"#, 2).expect("a key");
        assert_eq!(
            key.parts(),
            [Value::from("São Paulo"), Value::I64(9_007_199_254_740_993)]
        );
        assert_eq!(key.to_string(), r#"["São Paulo",9007199254740993]"#);
        assert!(Key::parse("eu", 2).is_err());
        assert!(Key::parse(r#"["eu"]"#, 2).is_err());
    }

    #[test]
    fn a_text_part_takes_the_type_of_its_column_only_without_loss() {
        let typed = |text: &str| {
            Key::parse(text, 1)
                .expect("a key")
                .typed(&["int"])
                .parts()
                .to_vec()
        };
        assert_eq!(typed("42"), [Value::I64(42)]);
        assert_eq!(typed("18446744073709551615"), [Value::U64(u64::MAX)]);
        assert_eq!(typed("042"), [Value::from("042")]);
        assert_eq!(typed("x"), [Value::from("x")]);
    }
}

//! Paths into a record: `a.b`, `tags.0`, `"a.b".c`, and `@ttl_ms` for what a store knows about a record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{quote_part, split_name};
use crate::error::{Error, Result};
use crate::value::Value;

/// A way into a record, from the outermost name in.
///
/// A segment that is a number indexes a list, and names a member of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FieldPath {
    segments: Vec<String>,
}

impl FieldPath {
    /// A path of one name, taken as it is.
    pub fn name(name: impl Into<String>) -> Self {
        Self {
            segments: vec![name.into()],
        }
    }

    /// The names, outermost first; never empty.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The outermost name.
    pub fn first(&self) -> &str {
        self.segments.first().map_or("", String::as_str)
    }

    /// Whether it names something that the store knows about the record, such as `@ttl_ms`.
    pub fn is_meta(&self) -> bool {
        self.first().starts_with('@')
    }

    /// Follows the path into `value`; `None` is absent, which is not null.
    pub fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.segments
            .iter()
            .try_fold(value, |value, segment| match value {
                Value::Map(members) => members
                    .iter()
                    .find(|(name, _)| name == segment)
                    .map(|(_, it)| it),
                Value::List(items) => items.get(segment.parse::<usize>().ok()?),
                _ => None,
            })
    }
}

impl FromStr for FieldPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self {
            segments: split_name(text)?,
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.segments.iter().map(|it| quote_part(it)).collect();
        f.write_str(&parts.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Value {
        Value::from_json(r#"{"a":{"b":1,"x.y":2},"tags":["t0",null]}"#).expect("JSON")
    }

    #[track_caller]
    fn at(path: &str) -> Option<Value> {
        path.parse::<FieldPath>()
            .expect("a path")
            .of(&record())
            .cloned()
    }

    #[test]
    fn a_path_reaches_members_items_and_quoted_names() {
        assert_eq!(at("a.b"), Some(Value::I64(1)));
        assert_eq!(at(r#"a."x.y""#), Some(Value::I64(2)));
        assert_eq!(at("tags.0"), Some(Value::Text("t0".into())));
    }

    #[test]
    fn null_is_found_and_a_missing_member_is_absent() {
        assert_eq!(at("tags.1"), Some(Value::Null));
        assert_eq!(at("tags.2"), None);
        assert_eq!(at("a.c"), None);
    }

    #[test]
    fn a_path_is_spelled_so_that_it_reads_back() {
        let path: FieldPath = r#""a.b".c"#.parse().expect("a path");
        assert_eq!(path.to_string(), r#""a.b".c"#);
        assert_eq!(path.to_string().parse::<FieldPath>().expect("a path"), path);
    }
}

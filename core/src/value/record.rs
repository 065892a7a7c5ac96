//! One record of a dataset.

use serde::{Deserialize, Serialize};

use super::{Key, Value};
use crate::name::FieldPath;

/// One dataset's form of an entity: a row, a document, a key's value, a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The key by which it was asked for or found, in the order of the projection's key.
    pub key: Key,
    /// Its fields, as a map; a key-value store's plain value is `{"@value": …}` in `meta` instead.
    pub body: Value,
    /// What the store knows about it: `@ttl_ms`, `@type`, `@score`, `@id`, `@version`, `@value`, `@key`.
    pub meta: Vec<(String, Value)>,
}

impl Record {
    /// The value at `path`; `None` is absent.
    pub fn at(&self, path: &FieldPath) -> Option<&Value> {
        if !path.is_meta() {
            return path.of(&self.body);
        }
        let (_, value) = self.meta.iter().find(|(name, _)| name == path.first())?;
        path.segments()
            .iter()
            .skip(1)
            .try_fold(value, |value, segment| {
                FieldPath::name(segment.clone()).of(value)
            })
    }
}

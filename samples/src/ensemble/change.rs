//! What is done to one copy of one object.

use serde_json::Value;

use crate::ensemble::entity::Entity;
use crate::model::Key;

/// A change of a copy.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// The object in place of whatever stands there.
    Put(Entity),
    /// The same, spelled otherwise in a way that the deployment file's rules overlook.
    Disguised(Entity),
    /// Nothing.
    Removed(Key),
}

/// The same JSON with its members in the opposite order.
pub(crate) fn reversed(json: &Value) -> Value {
    match json {
        Value::Object(members) => {
            let members = members.iter().rev();
            Value::Object(
                members
                    .map(|(name, it)| (name.clone(), reversed(it)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        other => other.clone(),
    }
}

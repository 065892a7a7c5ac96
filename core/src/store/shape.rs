//! The shape of a dataset: its fields, keys and indices, declared or sampled.

use serde::{Deserialize, Serialize};

use super::DataModel;
use crate::name::DatasetId;

/// One dataset, as a catalogue lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name.
    pub id: DatasetId,
    /// Its data model.
    pub model: DataModel,
    /// About how many records, where the store knows without a scan.
    pub estimate: Option<u64>,
}

/// What one dataset holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// The dataset.
    pub dataset: DatasetId,
    /// Its data model.
    pub model: DataModel,
    /// Its fields, in the order in which the store declares them or the sample met them.
    pub fields: Vec<FieldShape>,
    /// The names of its declared key, in order; empty where none is declared.
    pub key: Vec<String>,
    /// Its indices.
    pub indices: Vec<Index>,
    /// About how many records.
    pub estimate: Option<u64>,
    /// How many records were read to learn the fields; `None` where they are declared.
    pub sampled: Option<u64>,
}

impl Shape {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields.iter().find(|it| it.name == name)
    }
}

/// One field of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldShape {
    /// Its name; of a nested one only the outermost.
    pub name: String,
    /// The type as the store declares it.
    pub declared: Option<String>,
    /// The types its values have, the most frequent first; names are those of [`crate::value::Value::type_name`].
    pub types: Vec<TypeShare>,
    /// How fine its times are, where the store declares it.
    pub precision: Option<Precision>,
    /// Whether it may be null or absent.
    pub nullable: bool,
}

impl FieldShape {
    /// The most frequent type's name.
    pub fn type_name(&self) -> &str {
        self.types
            .first()
            .map_or("text", |it| it.type_name.as_str())
    }
}

/// How often a type occurs in a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TypeShare {
    /// The type's name, as [`crate::value::Value::type_name`] gives it.
    pub type_name: String,
    /// From 0 to 1; 1 where the type is declared.
    pub share: f32,
}

/// How fine a time is kept, coarsest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Whole seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

/// An index of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The fields or expressions it covers, in order.
    pub fields: Vec<String>,
    /// Whether a value occurs once.
    pub unique: bool,
}

/// One column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the store declares it; empty where it declares none.
    pub type_name: String,
}

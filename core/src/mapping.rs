//! The resolved mapping: which field of which representation is compared with what, and by which rule.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::compare::FieldRule;
use crate::name::{DatasetId, FieldPath};

mod json;
mod names;
mod resolve;

pub use json::to_json;
pub use resolve::resolve;

/// How the representations of one entity are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// The entity's name.
    pub entity: String,
    /// The canonical names of the fields, in the system of record's column order.
    pub fields: Vec<String>,
    /// One a representation, in the order of the deployment file.
    pub representations: Vec<RepresentationMapping>,
}

/// How one representation is compared with the system of record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepresentationMapping {
    /// Its dataset.
    pub dataset: DatasetId,
    /// By canonical name, in the order of [`Mapping::fields`].
    pub fields: Vec<FieldMapping>,
    /// Where it has the version, if it has one.
    pub version: Option<FieldPath>,
    /// Where the names come from.
    pub source: ShapeSource,
}

/// Whether and how one canonical field is found in one representation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldMapping {
    /// The canonical name.
    pub name: String,
    /// The rule; `None` where the field is not mapped.
    pub rule: Option<FieldRule>,
    /// Whether it counts: key, version and `@` fields are shown, and compared only when listed.
    pub compared: bool,
}

/// How the names of a representation's fields are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShapeSource {
    /// The store declares them.
    Declared,
    /// From a sample of so many records.
    Sampled(u64),
    /// They are not known: only listed fields are compared; why.
    Unknown(String),
}

impl fmt::Display for ShapeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared => f.write_str("declared"),
            Self::Sampled(1) => f.write_str("a sample of 1 record"),
            Self::Sampled(records) => write!(f, "a sample of {records} records"),
            Self::Unknown(why) => write!(f, "unknown: {why}"),
        }
    }
}

//! Values, keys and records: typed, exact, nothing lost on the way.

use std::fmt;

use jiff::civil;
use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

mod decimal;
mod json;
mod key;
mod record;
mod text;

pub use decimal::Decimal;
pub(crate) use decimal::Small;
pub(crate) use json::MAX_DEPTH;
pub use key::Key;
pub use record::Record;

pub use jiff::{SignedDuration, Timestamp};
pub use uuid::Uuid;

/// One value as a store holds it.
///
/// Absent is not a value: where a field may be absent, the type is `Option<Value>`, and `Some(Value::Null)` is null.
/// Equality is of representation, so `I64(1)` and `Decimal(1.0)` differ; [`crate::canonical`] compares by meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Null: the field is there and holds nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number that fits 64 bits with sign.
    I64(i64),
    /// A whole number that needs the 64th bit.
    U64(u64),
    /// A whole number beyond 64 bits.
    BigInt(BigInt),
    /// A decimal, exact, with its scale.
    Decimal(Decimal),
    /// A binary floating-point number.
    F64(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An instant, to the nanosecond: a time with a zone.
    Timestamp(Timestamp),
    /// A date and a time of day without a zone, to the nanosecond.
    DateTime(civil::DateTime),
    /// A calendar date.
    Date(civil::Date),
    /// A time of day without a zone.
    Time(civil::Time),
    /// A span of time of a fixed length.
    Duration(SignedDuration),
    /// A UUID.
    Uuid(Uuid),
    /// Values in order.
    List(Vec<Self>),
    /// Named values, in the order in which the store gave them.
    Map(Vec<(String, Self)>),
    /// An embedding.
    Vector(Vec<f32>),
    /// What we do not model: the store's own type name and its own text.
    Native {
        /// The store's name of the type.
        type_name: String,
        /// The store's text of the value.
        text: String,
    },
}

impl Value {
    /// The type's name as people see it and as JSON output says it.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::I64(_) | Self::U64(_) | Self::BigInt(_) => "int",
            Self::Decimal(_) => "decimal",
            Self::F64(_) => "float",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "timestamp",
            Self::DateTime(_) => "datetime",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Duration(_) => "duration",
            Self::Uuid(_) => "uuid",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Vector(_) => "vector",
            Self::Native { type_name, .. } => type_name,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The narrowest whole-number variant that holds `number`.
    pub fn int(number: BigInt) -> Self {
        if let Ok(small) = i64::try_from(&number) {
            return Self::I64(small);
        }
        u64::try_from(&number).map_or(Self::BigInt(number), Self::U64)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Writes the value as a person reads it in a grid; text is bare, lists and maps are JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(self, f)
    }
}

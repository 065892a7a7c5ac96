//! Scanning: the parts of a dataset, and the cells that a scan feeds.

use std::ops::ControlFlow;

use jiff::civil;
use serde::{Deserialize, Serialize};

use crate::name::DatasetId;
use crate::value::{Decimal, Timestamp, Uuid, Value};

/// A part of a dataset that one scan covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The dataset.
    pub dataset: DatasetId,
    /// The bounds, in the store's own terms: a condition and its values.
    pub bounds: Option<(String, Vec<Value>)>,
    /// About how many records, where the store can tell.
    pub estimate: Option<u64>,
}

/// What one scan did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scanned {
    /// Rows fed to the sink.
    pub rows: u64,
    /// Rows that could not be decoded and were not fed.
    pub unreadable: u64,
}

/// Takes rows as they are scanned.
pub trait RowSink: Send {
    /// Takes one row; `Break` ends the scan.
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()>;
}

/// A cell borrowed from where the driver keeps it.
///
/// Adapters write it where the sink will read it, and pass it on by reference: a copy is made in other widths than what
/// was written, and a processor waits until that is in its cache.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// The field is not there.
    Absent,
    /// Null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    I64(i64),
    /// A floating-point number.
    F64(f64),
    /// An exact decimal: a whole number times ten to the power of minus the scale.
    Decimal(i64, u16),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An instant.
    Timestamp(Timestamp),
    /// A date and a time of day without a zone.
    DateTime(civil::DateTime),
    /// A calendar date.
    Date(civil::Date),
    /// A UUID.
    Uuid(Uuid),
    /// JSON as it was written, of which [`Value::of_json`] makes the value; a null is [`Self::Null`].
    Json(&'a [u8]),
    /// A list whose items are lent as well.
    List(&'a [Self]),
    /// Anything that had to be decoded first; [`ValueRef::from`] gives what has a cell of its own as that.
    Owned(&'a Value),
}

impl<'a> ValueRef<'a> {
    /// JSON that a store keeps.
    #[inline]
    pub fn json(text: &'a [u8]) -> Self {
        match text.trim_ascii() {
            b"null" => Self::Null,
            _ => Self::Json(text),
        }
    }

    /// The value itself; `None` where the field is absent.
    ///
    /// An item of a list is there: one that is absent would become null.
    pub fn to_value(self) -> Option<Value> {
        Some(match self {
            Self::Absent => return None,
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(it),
            Self::I64(it) => Value::I64(it),
            Self::F64(it) => Value::F64(it),
            Self::Decimal(digits, scale) => {
                Value::Decimal(Decimal::new(digits.into(), scale.into()))
            }
            Self::Text(it) => Value::Text(it.to_owned()),
            Self::Bytes(it) => Value::Bytes(it.to_vec()),
            Self::Timestamp(it) => Value::Timestamp(it),
            Self::DateTime(it) => Value::DateTime(it),
            Self::Date(it) => Value::Date(it),
            Self::Uuid(it) => Value::Uuid(it),
            Self::Json(it) => Value::of_json(it),
            Self::List(items) => {
                let items = items.iter().map(|it| it.to_value().unwrap_or(Value::Null));
                Value::List(items.collect())
            }
            Self::Owned(it) => it.clone(),
        })
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    #[inline]
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(it) => Self::Bool(*it),
            Value::I64(it) => Self::I64(*it),
            Value::F64(it) => Self::F64(*it),
            Value::Text(it) => Self::Text(it),
            Value::Bytes(it) => Self::Bytes(it),
            Value::Timestamp(it) => Self::Timestamp(*it),
            Value::DateTime(it) => Self::DateTime(*it),
            Value::Date(it) => Self::Date(*it),
            Value::Uuid(it) => Self::Uuid(*it),
            other => Self::Owned(other),
        }
    }
}

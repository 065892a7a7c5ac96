//! Comparing one field of two representations: the rule, and what came of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::FieldPath;
use crate::store::Precision;

mod cast;
mod common;
mod fields;
mod form;
mod json;
mod lens;
mod read;
mod refusal;
mod small;
mod times;

pub use cast::Common;
pub use fields::{Outcome, canonical_side, compare};
pub(crate) use form::{Expected, Form};
pub(crate) use json::Buffers;
pub use refusal::Refusal;

/// How a field is found and made comparable: path → from → scale → as → compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRule {
    /// Where the representation has it.
    pub path: FieldPath,
    /// How its stored form is read.
    pub from: Option<Encoding>,
    /// The number times ten to this power is the canonical one.
    pub scale: i32,
    /// The type in which both sides are compared; without it, the narrower of the two.
    pub cast: Option<Cast>,
    /// What is taken for equal.
    pub compare: Vec<Lens>,
    /// Whether null and absent are equal.
    pub null_is_absent: bool,
    /// How fine the store keeps the field's times, where it declares it.
    pub precision: Option<Precision>,
}

impl FieldRule {
    /// The rule of a field that is compared as it is.
    pub fn plain(path: FieldPath) -> Self {
        Self {
            path,
            from: None,
            scale: 0,
            cast: None,
            compare: Vec::new(),
            null_is_absent: false,
            precision: None,
        }
    }
}

/// A form in which a store keeps what is meant as something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// Seconds since 1970 in UTC.
    UnixSeconds,
    /// Milliseconds since 1970 in UTC.
    UnixMillis,
    /// Bytes as hexadecimal text.
    Hex,
    /// Bytes as base64 text.
    Base64,
    /// A time without zone, meant in this IANA zone.
    Zone(String),
}

/// The type in which both sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cast {
    /// A whole number.
    Int,
    /// A decimal with so many digits behind the point, rounded half to even.
    Decimal(u32),
    /// A float with so many significant digits.
    Float(u32),
    /// Text.
    Text,
    /// A truth value.
    Bool,
    /// An instant, cut off at this precision.
    Timestamp(Precision),
    /// A calendar date.
    Date,
    /// A UUID.
    Uuid,
    /// A JSON value.
    Json,
    /// Bytes.
    Bytes,
}

/// What is taken for equal beyond the exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lens {
    /// Upper and lower case.
    Casefold,
    /// Composed and decomposed letters.
    Nfc,
    /// Blanks at the end.
    Rtrim,
    /// Lists in any order.
    Set,
}

/// What a comparison found in one field of one representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldVerdict {
    /// The two are equal under the rule.
    Equal,
    /// They are not.
    Different,
    /// The field is mapped, and the record lacks it.
    Absent,
    /// No rule maps the field.
    NotMapped,
    /// It could not be compared.
    Unreadable,
}

/// The rule in words, without its path: `exact`, or `scale -2, as decimal(4), casefold, null = absent`.
impl fmt::Display for FieldRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = self.reading();
        steps.extend(self.cast.map(|it| format!("as {it}")));
        if self.cast.is_none() {
            let unit = self.precision.map(Precision::unit);
            steps.extend(unit.map(|it| format!("precision {it}")));
        }
        steps.extend(self.compare.iter().map(ToString::to_string));
        steps.extend(self.null_is_absent.then(|| "null = absent".to_owned()));
        if steps.is_empty() {
            steps.push("exact".to_owned());
        }
        f.write_str(&steps.join(", "))
    }
}

impl FieldRule {
    /// The steps that read the stored form, in words.
    fn reading(&self) -> Vec<String> {
        let from = self.from.as_ref().map(ToString::to_string);
        let scale = (self.scale != 0).then(|| format!("scale {}", self.scale));
        from.into_iter().chain(scale).collect()
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnixSeconds => f.write_str("unix_s"),
            Self::UnixMillis => f.write_str("unix_ms"),
            Self::Hex => f.write_str("hex"),
            Self::Base64 => f.write_str("base64"),
            Self::Zone(zone) => write!(f, "zone:{zone}"),
        }
    }
}

impl fmt::Display for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int => f.write_str("int"),
            Self::Decimal(places) => write!(f, "decimal({places})"),
            Self::Float(digits) => write!(f, "float({digits})"),
            Self::Text => f.write_str("text"),
            Self::Bool => f.write_str("bool"),
            Self::Timestamp(precision) => write!(f, "timestamp({})", precision.unit()),
            Self::Date => f.write_str("date"),
            Self::Uuid => f.write_str("uuid"),
            Self::Json => f.write_str("json"),
            Self::Bytes => f.write_str("bytes"),
        }
    }
}

impl fmt::Display for Lens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Casefold => "casefold",
            Self::Nfc => "nfc",
            Self::Rtrim => "rtrim",
            Self::Set => "set",
        })
    }
}

impl Precision {
    /// The unit as the deployment file writes it.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Nanos => "ns",
        }
    }
}

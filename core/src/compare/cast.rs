//! Casting a value to the type in which both sides are compared.

use jiff::civil;
use jiff::tz::TimeZone;

use super::json;
use super::read::time_zone;
use super::refusal::{Refusal, malformed, unitless, zoneless};
use super::times::{cut, cut_local, cut_time};
use super::{Cast, Encoding, FieldRule};
use crate::store::Precision;
use crate::value::{Decimal, Timestamp, Uuid, Value};

/// The type in which two values are compared, declared by the rule or the narrower of the two.
///
/// Times are cut off at the precision, if one is known, toward the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Common {
    /// The one they have.
    AsIs,
    /// What the rule declares.
    Declared(Cast),
    /// Integers, decimals, floats by their shortest digits, and text that is a number.
    Number,
    /// An instant.
    Timestamp(Option<Precision>),
    /// A date and time without a zone.
    DateTime(Option<Precision>),
    /// A time of day.
    Time(Option<Precision>),
    /// A calendar date; of an instant the one in UTC, or in the zone that its rule names.
    Date,
    /// A UUID.
    Uuid,
    /// Lists, maps and vectors, and text that is JSON.
    Json,
    /// Text.
    Text,
}

impl Common {
    /// `value`, which was read by `rule`, in this type; null stays null.
    pub(super) fn cast(self, value: &Value, rule: &FieldRule) -> Result<Value, Refusal> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        match self {
            Self::AsIs => Ok(value.clone()),
            Self::Declared(cast) => declared(cast, value, rule),
            Self::Number => number(value).map(Value::Decimal),
            Self::Timestamp(to) => timestamp(value).map(|it| Value::Timestamp(cut(it, to))),
            Self::DateTime(to) => local(value).map(|it| Value::DateTime(cut_local(it, to))),
            Self::Time(to) => time(value).map(|it| Value::Time(cut_time(it, to))),
            Self::Date => date(value, rule).map(Value::Date),
            Self::Uuid => uuid(value).map(Value::Uuid),
            Self::Json => json::read(value),
            Self::Text => text(value).map(Value::Text),
        }
    }

    /// What this does to the two in words; `None` if it does nothing.
    pub(super) fn words(self, one: &Value, other: &Value) -> Option<String> {
        let (name, precision) = match self {
            Self::AsIs => return None,
            Self::Declared(cast) => return Some(format!("as {cast}")),
            Self::Number => ("number", None),
            Self::Timestamp(to) => ("timestamp", to),
            Self::DateTime(to) => ("datetime", to),
            Self::Time(to) => ("time", to),
            Self::Date => ("date", None),
            Self::Uuid => ("uuid", None),
            Self::Json => ("json", None),
            Self::Text => ("text", None),
        };
        let is_theirs = [one, other].iter().all(|it| it.type_name() == name);
        let name = precision.map_or(name.to_owned(), |it| format!("{name}({})", it.unit()));
        match (is_theirs, precision) {
            (true, None) => None,
            (true, Some(_)) => Some(name),
            (false, _) => Some(format!("as {name}")),
        }
    }
}

/// Brings a value to the form that the rule declares, for example `decimal(2)`.
fn declared(cast: Cast, value: &Value, rule: &FieldRule) -> Result<Value, Refusal> {
    match cast {
        Cast::Int => whole(value).map(Value::Decimal),
        Cast::Decimal(places) => number(value).map(|it| Value::Decimal(it.rounded(places.into()))),
        Cast::Float(digits) => float(value, digits),
        Cast::Text => text(value).map(Value::Text),
        Cast::Bool => truth(value).map(Value::Bool),
        Cast::Timestamp(to) => Common::Timestamp(Some(to)).cast(value, rule),
        Cast::Date => date(value, rule).map(Value::Date),
        Cast::Uuid => uuid(value).map(Value::Uuid),
        Cast::Json => json::read(value),
        Cast::Bytes => bytes(value).map(Value::Bytes),
    }
}

/// Any number, exactly; a float as its shortest digits that read back, text as written.
pub(super) fn number(value: &Value) -> Result<Decimal, Refusal> {
    let number = match value {
        Value::I64(it) => Some(Decimal::new((*it).into(), 0)),
        Value::U64(it) => Some(Decimal::new((*it).into(), 0)),
        Value::BigInt(it) => Some(it.clone().into()),
        Value::Decimal(it) => Some(it.clone()),
        Value::F64(it) => Decimal::from_f64(*it),
        Value::Text(it) => it.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| malformed(value, "a number"))
}

/// A number with nothing behind the point, in whatever form; a truth value is 0 or 1.
fn whole(value: &Value) -> Result<Decimal, Refusal> {
    if let Value::Bool(it) = value {
        return Ok(Decimal::new(i32::from(*it).into(), 0));
    }
    let refused = || malformed(value, "a whole number");
    let number = number(value).ok().ok_or_else(refused)?;
    let (_, scale) = number.normalized();
    (scale <= 0).then_some(number).ok_or_else(refused)
}

/// A number of so many significant digits; what is not finite stays a float.
fn float(value: &Value, digits: u32) -> Result<Value, Refusal> {
    match value {
        Value::F64(it) if !it.is_finite() => Ok(value.clone()),
        _ => number(value).map(|it| Value::Decimal(it.rounded_to_digits(digits))),
    }
}

/// The text that people see; bytes must be UTF-8.
fn text(value: &Value) -> Result<String, Refusal> {
    match value {
        Value::Bytes(it) => str::from_utf8(it)
            .map(ToOwned::to_owned)
            .ok()
            .ok_or_else(|| malformed(value, "text")),
        _ => Ok(value.to_string()),
    }
}

/// PostgreSQL's spellings in any case, and 0 or 1 as any number.
///
/// Source: PostgreSQL 17 documentation, 8.6 "Boolean Type".
fn truth(value: &Value) -> Result<bool, Refusal> {
    let read = match value {
        Value::Bool(it) => Some(*it),
        Value::Text(it) => spelled(&it.to_ascii_lowercase()),
        _ => whole(value)
            .ok()
            .and_then(|it| spelled(&Decimal::from(it.to_int()?).to_string())),
    };
    read.ok_or_else(|| malformed(value, "a truth value"))
}

/// The spellings of true and false that stores write; other case is another word.
pub(super) fn spelled(text: &str) -> Option<bool> {
    match text {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// An instant.
///
/// A time without a zone, and a number without a unit, are refused: a guess would be wrong by hours or by powers of
/// ten.
fn timestamp(value: &Value) -> Result<Timestamp, Refusal> {
    match value {
        Value::Timestamp(it) => Ok(*it),
        Value::DateTime(_) => Err(zoneless()),
        Value::I64(_) | Value::U64(_) | Value::BigInt(_) | Value::Decimal(_) | Value::F64(_) => {
            Err(unitless())
        }
        Value::Text(text) => {
            let is_local = || text.parse::<civil::DateTime>().is_ok();
            let refusal = |_| {
                if is_local() {
                    zoneless()
                } else {
                    malformed(value, "a timestamp")
                }
            };
            text.parse().map_err(refusal)
        }
        _ => Err(malformed(value, "a timestamp")),
    }
}

/// A date and time without a zone; text with a zone is refused.
fn local(value: &Value) -> Result<civil::DateTime, Refusal> {
    match value {
        Value::DateTime(it) => Ok(*it),
        Value::Text(text) if text.parse::<Timestamp>().is_ok() => Err(zoneless()),
        Value::Text(text) => text
            .parse()
            .ok()
            .ok_or_else(|| malformed(value, "a date and time")),
        _ => Err(malformed(value, "a date and time")),
    }
}

/// A time of day, or text that spells one.
fn time(value: &Value) -> Result<civil::Time, Refusal> {
    match value {
        Value::Time(it) => Ok(*it),
        Value::Text(text) => text
            .parse()
            .ok()
            .ok_or_else(|| malformed(value, "a time of day")),
        _ => Err(malformed(value, "a time of day")),
    }
}

/// A calendar date. The date of an instant depends on a zone, which the rule must name.
fn date(value: &Value, rule: &FieldRule) -> Result<civil::Date, Refusal> {
    match value {
        Value::Date(it) => Ok(*it),
        Value::DateTime(it) => Ok(it.date()),
        Value::Timestamp(it) => Ok(zone_of(rule)?.to_datetime(*it).date()),
        Value::Text(text) => match (text.parse::<Timestamp>(), text.parse::<civil::DateTime>()) {
            (Ok(instant), _) => Ok(zone_of(rule)?.to_datetime(instant).date()),
            (Err(_), Ok(local)) => Ok(local.date()),
            (Err(_), Err(_)) => Err(malformed(value, "a date")),
        },
        _ => Err(malformed(value, "a date")),
    }
}

/// The zone in which an instant has its date: the one the side's rule names, else UTC.
fn zone_of(rule: &FieldRule) -> Result<TimeZone, Refusal> {
    match &rule.from {
        Some(Encoding::Zone(zone)) => time_zone(zone),
        _ => Ok(TimeZone::UTC),
    }
}

/// A UUID in any of its usual spellings, or its 16 bytes.
fn uuid(value: &Value) -> Result<Uuid, Refusal> {
    let uuid = match value {
        Value::Uuid(it) => Some(*it),
        Value::Text(it) => it.parse().ok(),
        Value::Bytes(it) => Uuid::from_slice(it).ok(),
        _ => None,
    };
    uuid.ok_or_else(|| malformed(value, "a UUID"))
}

/// Bytes, the UTF-8 of text, or the 16 bytes of a UUID.
fn bytes(value: &Value) -> Result<Vec<u8>, Refusal> {
    match value {
        Value::Bytes(it) => Ok(it.clone()),
        Value::Text(it) => Ok(it.as_bytes().to_vec()),
        Value::Uuid(it) => Ok(it.as_bytes().to_vec()),
        _ => Err(malformed(value, "bytes")),
    }
}

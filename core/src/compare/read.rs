//! Reading a stored form as what it means: `from`, then `scale`.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::cast::number;
use super::refusal::{Refusal, malformed};
use super::{Encoding, FieldRule};
use crate::store::Precision;
use crate::value::{Timestamp, Value};

/// Takes both of the usual alphabets' paddings.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
/// The alphabet with `+` and `/`, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
/// The alphabet with `-` and `_`, with or without padding.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The value that the stored form stands for; null stays null.
pub(super) fn read(value: &Value, rule: &FieldRule) -> Result<Value, Refusal> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let value = match &rule.from {
        None => value.clone(),
        Some(Encoding::UnixSeconds) => unix(value, 9)?,
        Some(Encoding::UnixMillis) => unix(value, 6)?,
        Some(Encoding::Hex) => hex_bytes(value)?,
        Some(Encoding::Base64) => base64_bytes(value)?,
        Some(Encoding::Zone(zone)) => in_zone(value, zone)?,
    };
    match rule.scale {
        0 => Ok(value),
        scale => Ok(Value::Decimal(number(&value)?.scaled(scale))),
    }
}

/// How fine the times are: as declared, else as a whole number of seconds or milliseconds tells.
pub(super) fn precision(value: &Value, rule: &FieldRule) -> Option<Precision> {
    let unit = match rule.from {
        Some(Encoding::UnixSeconds) => Some(Precision::Seconds),
        Some(Encoding::UnixMillis) => Some(Precision::Millis),
        _ => None,
    };
    let is_whole = matches!(value, Value::I64(_) | Value::U64(_) | Value::BigInt(_));
    rule.precision.or_else(|| unit.filter(|_| is_whole))
}

/// A number of units of ten to the power of `exponent` nanoseconds; what is finer than a nanosecond is cut off.
fn unix(value: &Value, exponent: i32) -> Result<Value, Refusal> {
    let nanos = number(value)?.scaled(exponent).floor();
    let nanos = nanos.and_then(|it| i128::try_from(it).ok());
    let instant = nanos.and_then(|it| Timestamp::from_nanosecond(it).ok());
    instant
        .map(Value::Timestamp)
        .ok_or_else(|| malformed(value, "a time within ten thousand years"))
}

/// Hexadecimal text in either case, with or without PostgreSQL's `\x` or the usual `0x`.
fn hex_bytes(value: &Value) -> Result<Value, Refusal> {
    let text = ascii(value).ok_or_else(|| malformed(value, "hexadecimal text"))?;
    let digits = text.strip_prefix("\\x").or_else(|| text.strip_prefix("0x"));
    let bytes = hex::decode(digits.unwrap_or(text)).ok();
    bytes
        .map(Value::Bytes)
        .ok_or_else(|| malformed(value, "hexadecimal text"))
}

/// Base64 in the standard or the URL alphabet, padded or not.
fn base64_bytes(value: &Value) -> Result<Value, Refusal> {
    let text = ascii(value).ok_or_else(|| malformed(value, "base64 text"))?;
    let bytes = BASE64
        .decode(text)
        .or_else(|_| BASE64_URL.decode(text))
        .ok();
    bytes
        .map(Value::Bytes)
        .ok_or_else(|| malformed(value, "base64 text"))
}

/// Text, or the bytes of text from a store that does not tell the two apart.
fn ascii(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Bytes(bytes) => str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A local time as the instant it is in `zone`; what already is an instant stays.
fn in_zone(value: &Value, zone: &str) -> Result<Value, Refusal> {
    let local = match value {
        Value::Timestamp(_) => return Ok(value.clone()),
        Value::DateTime(local) => *local,
        Value::Text(text) => match (text.parse::<Timestamp>(), text.parse::<civil::DateTime>()) {
            (Ok(instant), _) => return Ok(Value::Timestamp(instant)),
            (Err(_), Ok(local)) => local,
            (Err(_), Err(_)) => return Err(malformed(value, "a date and time")),
        },
        _ => return Err(malformed(value, "a date and time")),
    };
    instant(local, zone).map(Value::Timestamp)
}

/// Refuses what `zone` has twice or never: either of two instants would be a guess, and a guess may show equal what is not.
fn instant(local: civil::DateTime, zone: &str) -> Result<Timestamp, Refusal> {
    let instant = time_zone(zone)?.to_ambiguous_timestamp(local);
    let trouble = match instant.offset() {
        AmbiguousOffset::Unambiguous { .. } => "is out of range",
        AmbiguousOffset::Fold { .. } => "occurs twice: the clocks went back",
        AmbiguousOffset::Gap { .. } => "does not occur: the clocks went forward",
    };
    let refused = |_| Refusal::Undeclared(format!("{local} in {zone} {trouble}"));
    instant.unambiguous().map_err(refused)
}

/// The zone of that name in the bundled database.
pub(super) fn time_zone(name: &str) -> Result<TimeZone, Refusal> {
    let unknown = |_| Refusal::Undeclared(format!("{name:?} is no time zone of the IANA database"));
    TimeZone::get(name).map_err(unknown)
}

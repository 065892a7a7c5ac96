//! What the adapters of several wires have in common.

use std::path::Path;

use parallax_core::value::{SignedDuration, Timestamp, Value};

/// The text of a part of a URL, in which `%` and two hex digits stand for a byte.
pub(crate) fn unescaped(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let digit = |it: Option<u8>| char::from(it.unwrap_or(b'x')).to_digit(16);
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err("a `%` is not followed by two hex digits");
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_unread| "what `%` escapes is not UTF-8")
}

/// The bytes of a PEM file of certificates; what is wrong with it, as a sentence that names it and `option`.
pub(crate) async fn certificates(file: &Path, option: &str) -> Result<Vec<u8>, String> {
    let bad = |why: &str| format!("cannot read {option} {}: {why}", file.display());
    let bytes = tokio::fs::read(file).await;
    let bytes = bytes.map_err(|it| bad(&it.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(bad("it holds no certificate"));
    }
    Ok(bytes)
}

/// The number that the shortest text of `number` stands for, which is what people wrote.
pub(crate) fn widened(number: f32) -> f64 {
    if !number.is_finite() {
        return number.into();
    }
    number.to_string().parse().unwrap_or_else(|_| number.into())
}

/// An instant from a time, from text, or from Unix time in whichever unit its size tells; `None` where it is none of these.
///
/// A time without a zone is taken to be in UTC.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Timestamp(it) => Some(*it),
        Value::DateTime(it) => it
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|it| it.timestamp()),
        Value::I64(it) => unix(*it),
        Value::F64(it) => seconds(*it),
        Value::Decimal(it) => seconds(it.to_string().parse().ok()?),
        Value::Text(it) => it.parse().ok(),
        _ => None,
    }
}

/// Seconds until the year 5138, milliseconds until the same, and so on.
fn unix(number: i64) -> Option<Timestamp> {
    match number.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number).ok(),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(number).ok(),
        _ => Timestamp::from_nanosecond(i128::from(number)).ok(),
    }
}

fn seconds(number: f64) -> Option<Timestamp> {
    let duration = SignedDuration::try_from_secs_f64(number).ok()?;
    Timestamp::from_duration(duration).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percent_sign_escapes_a_byte() {
        assert_eq!(unescaped("a%40b%C3%A4").as_deref(), Ok("a@bä"));
        assert!(unescaped("%4").is_err());
        assert!(unescaped("%ff").is_err());
    }

    #[test]
    fn unix_time_tells_its_unit_by_its_size() {
        let second = instant(&Value::I64(1_700_000_000));
        for (number, what) in [
            (1_700_000_000_000, "milliseconds"),
            (1_700_000_000_000_000, "microseconds"),
            (1_700_000_000_000_000_000, "nanoseconds"),
        ] {
            assert_eq!(instant(&Value::I64(number)), second, "{what}");
        }
        assert_eq!(instant(&Value::Bool(true)), None);
    }
}

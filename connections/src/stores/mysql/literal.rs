//! Values in statements of our own, written so that no setting of the session reads them otherwise.
//!
//! Text is hexadecimal with its character set before it: there is nothing to escape, and an index of the column serves, for
//! the column's collation is the stronger one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil;
use parallax_core::value::{Decimal, SignedDuration, Timestamp, Uuid, Value};

use super::types::Kind;

/// Text, whatever it holds.
pub(super) fn text(text: &str) -> String {
    if text.is_empty() {
        return "_utf8mb4 ''".to_owned();
    }
    format!("_utf8mb4 x'{}'", hex::encode(text))
}

/// Bytes.
pub(super) fn bytes(bytes: &[u8]) -> String {
    format!("x'{}'", hex::encode(bytes))
}

/// A name in backticks.
pub(super) fn name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `value` as a value of a column of that kind; `None` where it cannot be one.
pub(super) fn typed(kind: Kind, value: &Value) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    let text = value.to_string();
    Some(match kind {
        Kind::Int => Value::I64(
            text.parse()
                .ok()
                .filter(|it: &i64| it.to_string() == text)?,
        ),
        Kind::UInt | Kind::Bit => {
            let number: u64 = text
                .parse()
                .ok()
                .filter(|it: &u64| it.to_string() == text)?;
            i64::try_from(number).map_or(Value::U64(number), Value::I64)
        }
        Kind::Decimal => Value::Decimal(text.parse::<Decimal>().ok()?),
        Kind::Float | Kind::Double => {
            Value::F64(text.parse().ok().filter(|it: &f64| it.is_finite())?)
        }
        Kind::Text => Value::Text(text),
        Kind::Bytes => match value {
            Value::Bytes(it) => Value::Bytes(it.clone()),
            // Sixteen bytes are how a UUID is mostly kept.
            Value::Uuid(it) => Value::Bytes(it.as_bytes().to_vec()),
            // As a key of bytes is written.
            Value::Text(it) => Value::Bytes(STANDARD.decode(it).ok()?),
            _ => return None,
        },
        Kind::Uuid => Value::Uuid(text.parse::<Uuid>().ok()?),
        Kind::Timestamp => match value {
            Value::Timestamp(it) => Value::Timestamp(*it),
            _ => Value::Timestamp(text.parse::<Timestamp>().ok()?),
        },
        Kind::DateTime => match value {
            Value::DateTime(it) => Value::DateTime(*it),
            _ => Value::DateTime(text.parse::<civil::DateTime>().ok()?),
        },
        Kind::Date => Value::Date(text.parse::<civil::Date>().ok()?),
        Kind::Time => match value {
            Value::Time(it) => Value::Time(*it),
            Value::Duration(it) => Value::Duration(*it),
            _ => Value::Time(text.parse::<civil::Time>().ok()?),
        },
        Kind::Json | Kind::Vector | Kind::Geometry => return None,
    })
}

/// A value that [`typed`] gave, as the server reads it; `None` where no text of the server is exactly that.
pub(super) fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::I64(it) => it.to_string(),
        Value::U64(it) => it.to_string(),
        Value::Decimal(it) => {
            let text = it.to_string();
            let plain = |it: u8| it.is_ascii_digit() || matches!(it, b'-' | b'.');
            // The server's own decimals have no exponent and at most 65 digits.
            (text.len() < 80 && text.bytes().all(plain)).then_some(text)?
        }
        Value::F64(it) => format!("{it:e}"),
        Value::Text(it) => text(it),
        Value::Bytes(it) => bytes(it),
        Value::Uuid(it) => format!("'{it}'"),
        Value::Timestamp(it) => format!("'{}'", timestamp(*it)?),
        Value::DateTime(it) => format!("'{}'", datetime(*it)?),
        Value::Date(it) => format!("'{it}'"),
        Value::Time(it) => format!("'{}'", time(*it)?),
        Value::Duration(it) => format!("'{}'", span(*it)?),
        _ => return None,
    })
}

/// An instant in UTC, the zone of the session; `None` where the server keeps no such fine one.
pub(super) fn timestamp(it: Timestamp) -> Option<String> {
    datetime(it.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}

pub(super) fn datetime(it: civil::DateTime) -> Option<String> {
    let date = it.date();
    (date.year() >= 0).then_some(())?;
    Some(format!("{date} {}", time(it.time())?))
}

pub(super) fn time(it: civil::Time) -> Option<String> {
    let micros = micros(it.subsec_nanosecond())?;
    Some(format!(
        "{:02}:{:02}:{:02}.{micros:06}",
        it.hour(),
        it.minute(),
        it.second()
    ))
}

/// A span as a time of up to 838 hours.
pub(super) fn span(it: SignedDuration) -> Option<String> {
    let sign = if it.is_negative() { "-" } else { "" };
    let whole = it.abs();
    let seconds = whole.as_secs();
    let micros = micros(whole.subsec_nanos())?;
    (seconds < 839 * 3600).then(|| {
        format!(
            "{sign}{:02}:{:02}:{:02}.{micros:06}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    })
}

/// Microseconds, where that is no loss.
fn micros(nanos: i32) -> Option<i32> {
    (nanos % 1000 == 0).then_some(nanos / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, text: &str, expected: Option<&str>) {
        let found = typed(kind, &Value::from(text)).and_then(|it| literal(&it));
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_key_is_written_as_its_column_has_it() {
        check(Kind::Int, "42", Some("42"));
        check(Kind::Int, "042", None);
        check(Kind::Int, "1; drop table t", None);
        check(
            Kind::UInt,
            "18446744073709551615",
            Some("18446744073709551615"),
        );
        check(Kind::UInt, "-1", None);
        check(Kind::Decimal, "1.50", Some("1.50"));
        check(Kind::Text, "it's \\", Some("_utf8mb4 x'69742773205c'"));
        check(Kind::Text, "", Some("_utf8mb4 ''"));
        check(
            Kind::Uuid,
            "00000000-0000-0000-0000-000000000001",
            Some("'00000000-0000-0000-0000-000000000001'"),
        );
        check(Kind::Uuid, "x", None);
        check(
            Kind::Timestamp,
            "2024-02-29T12:00:00.5Z",
            Some("'2024-02-29 12:00:00.500000'"),
        );
        check(Kind::Timestamp, "2024-02-29T12:00:00.0000005Z", None);
        check(Kind::Date, "2024-02-29", Some("'2024-02-29'"));
        check(Kind::Bytes, "AP8=", Some("x'00ff'"));
        check(Kind::Bytes, "no base64", None);
        check(Kind::Json, "{}", None);
        assert_eq!(name("a`b"), "`a``b`");
    }

    #[test]
    fn a_uuid_finds_its_sixteen_bytes() {
        let uuid = Value::Uuid(Uuid::from_bytes([7; 16]));
        assert_eq!(typed(Kind::Bytes, &uuid), Some(Value::Bytes(vec![7; 16])));
    }

    #[test]
    fn a_span_is_a_time_of_many_hours() {
        let it = SignedDuration::new(-(838 * 3600 + 59 * 60 + 59), -999_999_000);
        assert_eq!(span(it).as_deref(), Some("-838:59:59.999999"));
        assert_eq!(span(SignedDuration::from_hours(900)), None);
    }
}

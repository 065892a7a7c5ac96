//! Values from the server's text form, read by their type; what cannot be modelled stays as the server wrote it.

use jiff::civil;
use parallax_core::value::{Decimal, SignedDuration, Timestamp, Uuid, Value};

use super::binary::native;
use super::literal;
use super::types::{Kind, Type};

/// The value of a cell that is not null. Text that is no UTF-8 comes as its bytes.
pub(super) fn value(of: &Type, cell: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(cell) else {
        return Value::Bytes(cell.to_vec());
    };
    read(of, text).unwrap_or_else(|| native(of, text.to_owned()))
}

fn read(of: &Type, text: &str) -> Option<Value> {
    Some(match &of.kind {
        Kind::Bool => Value::Bool(text == "t" || text == "true"),
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => Value::I64(text.parse().ok()?),
        Kind::Float4 | Kind::Float8 => Value::F64(text.parse().ok()?),
        Kind::Numeric => Value::Decimal(text.parse::<Decimal>().ok()?),
        Kind::Text | Kind::Char => Value::Text(text.to_owned()),
        Kind::Bytes => Value::Bytes(bytes(text)?),
        Kind::Timestamptz => Value::Timestamp(timestamp(text)?),
        Kind::Timestamp => Value::DateTime(datetime(text)?),
        Kind::Date => Value::Date(date(text)?),
        Kind::Time => Value::Time(time(text)?),
        Kind::Interval => Value::Duration(duration(text)?),
        Kind::Uuid => Value::Uuid(text.parse::<Uuid>().ok()?),
        Kind::Json | Kind::Jsonb => Value::of_json(text),
        Kind::Vector => vector(text)?,
        Kind::Array(element, delimiter) => list(element, *delimiter, text)?,
        Kind::Composite(members) => map(members, text)?,
        Kind::Native => return None,
    })
}

/// `\x` and hex digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.strip_prefix("\\x")?.as_bytes().as_chunks::<2>();
    let digit = |it: u8| {
        char::from(it)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    let bytes = pairs
        .iter()
        .map(|[a, b]| Some(digit(*a)? * 16 + digit(*b)?));
    rest.is_empty().then(|| bytes.collect()).flatten()
}

/// `2024-02-29 12:00:00.5+00`, in the years 1 to 9999.
fn timestamp(text: &str) -> Option<Timestamp> {
    if !is_four_digit_year(text) {
        return None;
    }
    text.parse().ok()
}

fn datetime(text: &str) -> Option<civil::DateTime> {
    let plain = is_four_digit_year(text) && text.get(10..11) == Some(" ");
    plain.then(|| text.parse().ok()).flatten()
}

fn date(text: &str) -> Option<civil::Date> {
    let plain = is_four_digit_year(text) && text.len() == 10;
    plain.then(|| text.parse().ok()).flatten()
}

fn is_four_digit_year(text: &str) -> bool {
    text.get(4..5) == Some("-") && !text.ends_with('C')
}

fn time(text: &str) -> Option<civil::Time> {
    let plain = text.len() >= 8
        && text
            .bytes()
            .all(|it| it.is_ascii_digit() || it == b':' || it == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

/// `-01:02:03.5`: an interval without months and days, which have no fixed length.
fn duration(text: &str) -> Option<SignedDuration> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(it) => (-1, it),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut parts = whole.split(':');
    let mut part = || parts.next()?.parse::<i64>().ok().filter(|it| *it >= 0);
    let (hours, minutes, seconds) = (part()?, part()?, part()?);
    let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
    let seconds = hours
        .checked_mul(3600)?
        .checked_add(minutes * 60 + seconds)?;
    let has_all = parts.next().is_none() && fraction.len() <= 9;
    has_all.then(|| SignedDuration::new(sign * seconds, i32::try_from(sign).unwrap_or(1) * nanos))
}

/// `[1,2.5]`.
fn vector(text: &str) -> Option<Value> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    let floats = inside.split(',').map(|it| it.trim().parse().ok());
    floats.collect::<Option<_>>().map(Value::Vector)
}

fn list(element: &Type, delimiter: char, text: &str) -> Option<Value> {
    let make = |item: Option<&str>| match item {
        Some(it) => value(element, it.as_bytes()),
        None => Value::Null,
    };
    literal::array(text, delimiter, &make)
}

fn map(members: &[(String, std::sync::Arc<Type>)], text: &str) -> Option<Value> {
    let cells = literal::composite(text)?;
    // A type that has changed since it was read is told by its text alone.
    if cells.len() != members.len() {
        return None;
    }
    let member = |((name, of), cell): (&(String, std::sync::Arc<Type>), Option<String>)| {
        let value = cell.map_or(Value::Null, |it| value(of, it.as_bytes()));
        (name.clone(), value)
    };
    Some(Value::Map(members.iter().zip(cells).map(member).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, text: &str, type_name: &str) {
        let of = Type {
            name: "native".to_owned(),
            declared: "native".to_owned(),
            kind,
        };
        assert_eq!(value(&of, text.as_bytes()).type_name(), type_name, "{text}");
    }

    #[test]
    fn what_lies_beyond_our_types_stays_text() {
        check(
            Kind::Timestamptz,
            "2024-02-29 12:00:00.123456+00",
            "timestamp",
        );
        check(Kind::Timestamptz, "2024-02-29 12:00:00+05:30", "timestamp");
        check(Kind::Timestamptz, "infinity", "native");
        check(Kind::Timestamptz, "0044-03-15 12:00:00+00 BC", "native");
        check(Kind::Timestamptz, "294276-12-31 23:59:59+00", "native");
        check(Kind::Timestamp, "2024-02-29 12:00:00", "datetime");
        check(Kind::Date, "2024-02-29", "date");
        check(Kind::Date, "10000-01-01", "native");
        check(Kind::Date, "-infinity", "native");
        check(Kind::Time, "24:00:00", "native");
        check(Kind::Numeric, "NaN", "native");
        check(Kind::Numeric, "-1.50", "decimal");
        check(Kind::Interval, "01:02:03.5", "duration");
        check(Kind::Interval, "1 day", "native");
        check(Kind::Interval, "1 mon 00:00:01", "native");
    }

    #[test]
    fn an_interval_of_hours_is_a_duration() {
        assert_eq!(
            duration("-01:00:00.25"),
            Some(SignedDuration::new(-3600, -250_000_000))
        );
        assert_eq!(duration("100:00:00"), Some(SignedDuration::from_hours(100)));
        assert_eq!(duration("1 day"), None);
    }

    #[test]
    fn bytes_are_hex() {
        assert_eq!(bytes("\\x00ff"), Some(vec![0, 255]));
        assert_eq!(bytes("\\x0"), None);
    }
}

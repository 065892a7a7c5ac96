//! Values from the text protocol, read by their type; what is not as expected stays as the server wrote it.

use num_bigint::BigInt;
use parallax_core::value::{Decimal, Uuid, Value};

use super::moment::{Clock, Moment};
use super::types::Kind;
use super::{binary, geometry};
use crate::stores::common::widened;

/// The value of a cell that is not null.
pub(super) fn value(kind: Kind, cell: &[u8]) -> Value {
    match read(kind, cell) {
        Some(value) => value,
        None => String::from_utf8(cell.to_vec())
            .map_or_else(|it| Value::Bytes(it.into_bytes()), Value::Text),
    }
}

fn read(kind: Kind, cell: &[u8]) -> Option<Value> {
    let text = || std::str::from_utf8(cell).ok();
    Some(match kind {
        Kind::Int | Kind::UInt => Value::int(text()?.parse::<BigInt>().ok()?),
        Kind::Double => Value::F64(text()?.parse().ok()?),
        Kind::Float => Value::F64(widened(single(text()?)?)),
        Kind::Decimal => decimal(cell)?,
        Kind::Bit => binary::bits(cell)?,
        Kind::Text => Value::Text(text()?.to_owned()),
        Kind::Bytes => Value::Bytes(cell.to_vec()),
        Kind::Timestamp | Kind::DateTime | Kind::Date => Moment::of_text(text()?)?.value(kind),
        Kind::Time => Clock::of_text(text()?)?.value(),
        Kind::Json => Value::of_json(cell),
        Kind::Uuid => Value::Uuid(text()?.parse::<Uuid>().ok()?),
        Kind::Vector => binary::vector(cell)?,
        Kind::Geometry => geometry::value(cell),
    })
}

/// The 32-bit number that is meant; the statement asks for all digits of a 64-bit one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the column holds 32 bits, which the server has widened without loss"
)]
fn single(text: &str) -> Option<f32> {
    text.parse::<f64>().ok().map(|it| it as f32)
}

/// Digits, a point and a sign, as the server writes a decimal in both protocols.
pub(super) fn decimal(cell: &[u8]) -> Option<Value> {
    match Decimal::short(cell) {
        Some((digits, scale)) => Some(Value::Decimal(Decimal::new(digits.into(), scale.into()))),
        None => large(cell),
    }
}

fn large(cell: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(cell).ok()?;
    text.parse::<Decimal>().ok().map(Value::Decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, text: &str, expected: &str, type_name: &str) {
        let value = value(kind, text.as_bytes());
        assert_eq!(
            (value.to_string().as_str(), value.type_name()),
            (expected, type_name)
        );
    }

    #[test]
    fn text_is_read_by_its_type() {
        check(
            Kind::Int,
            "-9223372036854775808",
            "-9223372036854775808",
            "int",
        );
        check(
            Kind::UInt,
            "18446744073709551615",
            "18446744073709551615",
            "int",
        );
        check(Kind::Decimal, "-1.50", "-1.50", "decimal");
        check(Kind::Decimal, "0.000", "0.000", "decimal");
        check(Kind::Double, "1e300", "1e300", "float");
        check(Kind::Float, "0.10000000149011612", "0.1", "float");
        check(
            Kind::Timestamp,
            "2024-02-29 01:02:03",
            "2024-02-29T01:02:03Z",
            "timestamp",
        );
        check(Kind::Date, "0000-00-00", "0000-00-00", "date");
        check(
            Kind::Json,
            r#"{"a":9007199254740993}"#,
            r#"{"a":9007199254740993}"#,
            "map",
        );
        check(Kind::Int, "x", "x", "text");
    }

    #[test]
    fn decimals_of_any_length_keep_their_digits() {
        let longest = format!("-{}.{}", "9".repeat(35), "9".repeat(30));
        check(Kind::Decimal, &longest, &longest, "decimal");
        for digits in 1..60 {
            let text = format!("{}.{}", "7".repeat(digits), "08");
            check(Kind::Decimal, &text, &text, "decimal");
        }
    }
}

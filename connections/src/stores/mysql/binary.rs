//! Values from the binary protocol, read from the bytes that came; what is not as expected comes as its bytes.

use parallax_core::store::ValueRef;
use parallax_core::value::{Decimal, Uuid, Value};

use super::geometry;
use super::moment::{Clock, Moment};
use super::text;
use super::types::Kind;
use crate::stores::common::widened;

/// The value of a cell that is not null.
pub(super) fn value(kind: Kind, cell: &[u8]) -> Value {
    if let Some(lent) = lend(kind, cell, ValueRef::to_value).flatten() {
        return lent;
    }
    made(kind, cell).unwrap_or_else(|| Value::Bytes(cell.to_vec()))
}

/// Gives what a cell holds to `take`, where nothing has to be made for it; `None` for all others.
#[inline]
pub(super) fn lend<'b, T>(
    kind: Kind,
    cell: &'b [u8],
    take: impl FnOnce(ValueRef<'b>) -> T,
) -> Option<T> {
    Some(match kind {
        Kind::Int => take(ValueRef::I64(signed(cell)?)),
        Kind::UInt => take(ValueRef::I64(i64::try_from(unsigned(cell)?).ok()?)),
        Kind::Double => take(ValueRef::F64(f64::from_le_bytes(cell.try_into().ok()?))),
        Kind::Text => match std::str::from_utf8(cell) {
            Ok(text) => take(ValueRef::Text(text)),
            Err(_) => take(ValueRef::Bytes(cell)),
        },
        Kind::Bytes => take(ValueRef::Bytes(cell)),
        Kind::Decimal => {
            let (digits, scale) = Decimal::short(cell)?;
            take(ValueRef::Decimal(digits, scale))
        }
        Kind::Json => take(ValueRef::json(cell)),
        Kind::Timestamp => take(ValueRef::Timestamp(Moment::of_bytes(cell)?.timestamp()?)),
        Kind::DateTime => take(ValueRef::DateTime(Moment::of_bytes(cell)?.datetime()?)),
        Kind::Date => take(ValueRef::Date(Moment::of_bytes(cell)?.date()?)),
        Kind::Uuid => take(ValueRef::Uuid(Uuid::try_parse_ascii(cell).ok()?)),
        Kind::Float => take(ValueRef::F64(widened(f32::from_le_bytes(
            cell.try_into().ok()?,
        )))),
        _ => return None,
    })
}

/// The value of a cell that [`lend`] refused.
fn made(kind: Kind, cell: &[u8]) -> Option<Value> {
    Some(match kind {
        Kind::UInt => Value::U64(unsigned(cell)?),
        Kind::Timestamp | Kind::DateTime | Kind::Date => Moment::of_bytes(cell)?.value(kind),
        Kind::Time => Clock::of_bytes(cell)?.value(),
        Kind::Decimal => text::decimal(cell)?,
        Kind::Bit => bits(cell)?,
        Kind::Vector => vector(cell)?,
        Kind::Geometry => geometry::value(cell),
        _ => return None,
    })
}

#[inline]
fn signed(cell: &[u8]) -> Option<i64> {
    Some(match *cell {
        [a] => i64::from(a.cast_signed()),
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        _ => i64::from_le_bytes(cell.try_into().ok()?),
    })
}

#[inline]
fn unsigned(cell: &[u8]) -> Option<u64> {
    Some(match *cell {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => u64::from_le_bytes(cell.try_into().ok()?),
    })
}

/// The number that the bits are, the highest byte first.
pub(super) fn bits(cell: &[u8]) -> Option<Value> {
    let mut bytes = [0; 8];
    let start = bytes.len().checked_sub(cell.len())?;
    bytes.get_mut(start..)?.copy_from_slice(cell);
    let number = u64::from_be_bytes(bytes);
    Some(i64::try_from(number).map_or(Value::U64(number), Value::I64))
}

/// 32-bit floats, one behind the other.
pub(super) fn vector(cell: &[u8]) -> Option<Value> {
    let (floats, rest) = cell.as_chunks::<4>();
    let floats = floats.iter().map(|it| f32::from_le_bytes(*it));
    rest.is_empty().then(|| Value::Vector(floats.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_width_are_exact() {
        assert_eq!(value(Kind::Int, &[0xff]), Value::I64(-1));
        assert_eq!(value(Kind::UInt, &[0xff]), Value::I64(255));
        assert_eq!(value(Kind::Int, &[0, 0x80]), Value::I64(-32_768));
        assert_eq!(
            value(Kind::UInt, &[0xff; 4]),
            Value::I64(i64::from(u32::MAX))
        );
        assert_eq!(value(Kind::UInt, &[0xff; 8]), Value::U64(u64::MAX));
        assert_eq!(
            value(Kind::Int, &i64::MIN.to_le_bytes()),
            Value::I64(i64::MIN)
        );
    }

    #[test]
    fn a_small_float_is_what_its_text_says() {
        assert_eq!(value(Kind::Float, &0.1_f32.to_le_bytes()), Value::F64(0.1));
        assert_eq!(
            value(Kind::Float, &16_777_217_f32.to_le_bytes()),
            Value::F64(16_777_216.0)
        );
    }

    #[test]
    fn bits_are_a_number() {
        assert_eq!(value(Kind::Bit, &[0x02, 0x01]), Value::I64(513));
        assert_eq!(value(Kind::Bit, &[0xff; 8]), Value::U64(u64::MAX));
    }

    #[test]
    fn a_number_of_any_bits_is_itself() {
        let mut number: u64 = 1;
        for _ in 0..1_000 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            for width in 1..=8 {
                let cut = number >> (64 - 8 * width);
                let bytes = cut.to_be_bytes();
                let value = value(Kind::Bit, &bytes[8 - width..]);
                assert_eq!(value.to_string(), cut.to_string());
            }
        }
    }

    #[test]
    fn what_is_cut_short_comes_as_its_bytes() {
        for kind in [
            Kind::Int,
            Kind::UInt,
            Kind::Double,
            Kind::DateTime,
            Kind::Uuid,
            Kind::Vector,
        ] {
            assert_eq!(value(kind, &[9, 9, 9]), Value::Bytes(vec![9, 9, 9]));
        }
        assert_eq!(value(Kind::Text, &[0xff]), Value::Bytes(vec![0xff]));
        assert_eq!(value(Kind::Bit, &[1; 9]), Value::Bytes(vec![1; 9]));
    }
}

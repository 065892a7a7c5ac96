//! Canonical form C1: bytes that two values share exactly if they mean the same.
//!
//! Each value is a tag byte and a payload that says its own length, so no two values run together: a list of `p|q` and
//! `r` is not a list of `p` and `q|r`. The classes, each apart from every other:
//!
//! | tag | class | payload |
//! |---|---|---|
//! | 0, 1 | null, absent | none |
//! | 2, 3 | false, true | none |
//! | 4 | number: every integer and decimal | sign, scale, coefficient without trailing zeros |
//! | 5 | float | 64 bits; -0 is 0, and there is one NaN |
//! | 6, 7 | text, bytes | as they are, no trimming and no normalisation |
//! | 8 | timestamp | nanoseconds since 1970 in UTC, 128 bits |
//! | 9 – 11 | date and time, date, time, without a zone | year, month, day; hour, minute, second, nanosecond |
//! | 12 | duration | nanoseconds, 128 bits |
//! | 13 | UUID | 16 bytes |
//! | 14 | list | its items in order |
//! | 15 | map | its members by name, so their order does not matter |
//! | 16 | vector | 32 bits an item; -0 is 0, and there is one NaN |
//! | 17 | native | the type's name, the text |
//!
//! Times are nanoseconds, not microseconds, because [`Value`] holds nanoseconds; where a store keeps coarser ones, a rule
//! cuts both sides off before they come here. The same goes for every other way in which unlike classes are equal.
//!
//! Source: the rules of equality are those of our design; numbers of any length as sign, scale and coefficient follow
//! the decimal of General Decimal Arithmetic (Cowlishaw), reduced. An exponent is stored, never written out, so
//! `1e999999999` takes a few bytes.

use jiff::civil;
use num_bigint::Sign;

use crate::value::{Decimal, Small, Timestamp, Uuid, Value};

/// The tags of lists and maps, behind which the number of their items stands.
pub(crate) const LIST: u8 = 14;
pub(crate) const MAP: u8 = 15;

#[cfg(test)]
mod tests;

/// Appends the canonical form of `value` to `out`; `None` is absent, which is not null.
pub fn encode(value: Option<&Value>, out: &mut Vec<u8>) {
    match value {
        None => out.push(1),
        Some(value) => present(value, out),
    }
}

/// Whether the two mean the same with no rule applied: 1 and 1.00 do, 1 and the text `1` do not.
pub fn equal(one: Option<&Value>, other: Option<&Value>) -> bool {
    bytes(one) == bytes(other)
}

/// The canonical form of `value` alone.
pub fn bytes(value: Option<&Value>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(value, &mut out);
    out
}

/// Writes a value that is there: a tag for its kind, then what tells it from others of the kind.
///
/// Numbers of every type share one tag, so that 1, 1.0 and 1e0 are the same bytes.
fn present(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(it) => out.push(2 + u8::from(*it)),
        Value::I64(it) => small(sign(*it), it.unsigned_abs(), out),
        Value::U64(it) => small(Sign::Plus, *it, out),
        Value::BigInt(it) => number(&Decimal::from(it.clone()), out),
        Value::Decimal(it) => number(it, out),
        Value::F64(it) => tagged(5, &float_bits(*it).to_be_bytes(), out),
        Value::Text(it) => text(it, out),
        Value::Bytes(it) => raw(it, out),
        Value::Timestamp(it) => timestamp(*it, out),
        Value::DateTime(it) => {
            out.push(9);
            year_month_day(it.date(), out);
            time(it.time(), out);
        }
        Value::Date(it) => date(*it, out),
        Value::Time(it) => {
            out.push(11);
            time(*it, out);
        }
        Value::Duration(it) => tagged(12, &it.as_nanos().to_be_bytes(), out),
        Value::Uuid(it) => uuid(*it, out),
        Value::List(items) => list(items, out, present),
        Value::Map(members) => map(members, out, present),
        Value::Vector(items) => vector(items, out),
        Value::Native { type_name, text } => {
            sized(17, type_name.as_bytes(), out);
            chunk(text.as_bytes(), out);
        }
    }
}

/// Appends the canonical form of text, without a value around it.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    sized(6, text.as_bytes(), out);
}

/// The same of bytes.
pub(crate) fn raw(bytes: &[u8], out: &mut Vec<u8>) {
    sized(7, bytes, out);
}

/// The same of an instant.
pub(crate) fn timestamp(time: Timestamp, out: &mut Vec<u8>) {
    tagged(8, &time.as_nanosecond().to_be_bytes(), out);
}

/// The same of a calendar date.
pub(crate) fn date(date: civil::Date, out: &mut Vec<u8>) {
    out.push(10);
    year_month_day(date, out);
}

/// The same of a UUID.
pub(crate) fn uuid(uuid: Uuid, out: &mut Vec<u8>) {
    tagged(13, uuid.as_bytes(), out);
}

/// The same of a number that fits 64 bits beside its sign and scale.
pub(crate) fn small_number(number: Small, out: &mut Vec<u8>) {
    let sign = if number.negative {
        Sign::Minus
    } else {
        Sign::Plus
    };
    reduced(sign, number.magnitude, number.scale, out);
}

/// Writes a number of any size, without allocation where it fits 64 bits.
fn number(number: &Decimal, out: &mut Vec<u8>) {
    if let Some(small) = number.small() {
        return small_number(small, out);
    }
    let (digits, scale) = number.normalized();
    let (sign, magnitude) = digits.to_bytes_be();
    scaled(sign, scale, &magnitude, out);
}

/// Writes a whole number that fits 64 bits, its zeros at the end taken into the scale.
fn small(sign: Sign, magnitude: u64, out: &mut Vec<u8>) {
    reduced(sign, magnitude, 0, out);
}

/// The same as [`Decimal::normalized`] does, without a big number on the way.
fn reduced(sign: Sign, magnitude: u64, scale: i64, out: &mut Vec<u8>) {
    if magnitude == 0 {
        return scaled(Sign::NoSign, 0, &[], out);
    }
    let (mut magnitude, mut scale) = (magnitude, scale);
    while magnitude.is_multiple_of(10) && scale > i64::MIN {
        magnitude /= 10;
        scale -= 1;
    }
    let zeros = magnitude.leading_zeros() as usize / 8;
    let bytes = magnitude.to_be_bytes();
    scaled(sign, scale, bytes.get(zeros..).unwrap_or_default(), out);
}

/// Writes sign, scale and digits of a number that is in its shortest form already, without zero bytes in front.
fn scaled(sign: Sign, scale: i64, magnitude: &[u8], out: &mut Vec<u8>) {
    let sign = match sign {
        Sign::Minus => 0,
        Sign::NoSign => 1,
        Sign::Plus => 2,
    };
    out.extend([4, sign]);
    out.extend(scale.to_be_bytes());
    chunk(magnitude, out);
}

fn sign(number: i64) -> Sign {
    if number < 0 { Sign::Minus } else { Sign::Plus }
}

/// The bits of a float: one pattern for every NaN, and one zero.
fn float_bits(number: f64) -> u64 {
    if number.is_nan() {
        return f64::NAN.to_bits();
    }
    // Adding zero turns -0 into 0 and leaves every other number as it is.
    (number + 0.0).to_bits()
}

/// Writes a list in its order: lists of the same items in another order differ.
pub(crate) fn list<T>(items: &[T], out: &mut Vec<u8>, mut item: impl FnMut(&T, &mut Vec<u8>)) {
    out.push(LIST);
    length(items.len(), out);
    for it in items {
        item(it, out);
    }
}

/// Members of the same name, which only a broken document has, keep their order among themselves.
pub(crate) fn map(
    members: &[(String, Value)],
    out: &mut Vec<u8>,
    mut member: impl FnMut(&Value, &mut Vec<u8>),
) {
    let by_name = |(one, _): &&(String, Value), (other, _): &&(String, Value)| one.cmp(other);
    let mut members: Vec<&(String, Value)> = members.iter().collect();
    if !members.is_sorted_by(|one, other| by_name(one, other).is_le()) {
        members.sort_by(by_name);
    }
    out.push(MAP);
    length(members.len(), out);
    for (name, value) in members {
        chunk(name.as_bytes(), out);
        member(value, out);
    }
}

/// Writes 32-bit floats, with one pattern for every NaN and one zero.
fn vector(items: &[f32], out: &mut Vec<u8>) {
    out.push(16);
    length(items.len(), out);
    for item in items {
        let item = if item.is_nan() { f32::NAN } else { item + 0.0 };
        out.extend(item.to_bits().to_be_bytes());
    }
}

/// Writes year, month and day, so that bytes of equal length never need a delimiter.
fn year_month_day(date: civil::Date, out: &mut Vec<u8>) {
    out.extend(date.year().to_be_bytes());
    out.extend(date.month().to_be_bytes());
    out.extend(date.day().to_be_bytes());
}

/// Writes a time of day to the nanosecond.
fn time(time: civil::Time, out: &mut Vec<u8>) {
    out.extend(time.hour().to_be_bytes());
    out.extend(time.minute().to_be_bytes());
    out.extend(time.second().to_be_bytes());
    out.extend(time.subsec_nanosecond().to_be_bytes());
}

/// Writes what has a fixed length for its tag.
fn tagged(tag: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend(payload);
}

/// Writes what may have any length, behind that length: no content can imitate a boundary.
fn sized(tag: u8, payload: &[u8], out: &mut Vec<u8>) {
    // As `length` writes it, in one go with the tag.
    if payload.len() < 0x80 {
        let [length, ..] = payload.len().to_le_bytes();
        out.extend([tag, length]);
        return out.extend(payload);
    }
    out.push(tag);
    chunk(payload, out);
}

/// Writes bytes behind their number.
pub(crate) fn chunk(payload: &[u8], out: &mut Vec<u8>) {
    length(payload.len(), out);
    out.extend(payload);
}

/// Seven bits a byte, the lowest first, the last byte without the high bit (LEB128): one form for each length.
fn length(length: usize, out: &mut Vec<u8>) {
    let mut rest = length;
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

//! Keys as bytes: one text of bytes a key, whatever the store that spells it, and the key back from them.
//!
//! The system of record's columns say which type each part has: the text `42` of a key pattern is the number 42 of a
//! column of numbers, where that loses nothing, and the number 42 is the text `42` of a column of texts.

use std::cmp::Ordering;

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::store::ValueRef;
use crate::value::{Decimal, Key, Uuid, Value};

/// Seven bytes of a key or a hash a word, so that a word times a small count fits 64 bits with sign.
pub(super) const LANE_BYTES: usize = 7;
/// The words of a key in a sketch.
pub(super) const KEY_LANES: usize = 3;

/// A key's bytes, or the hash of a longer key's, in words of 56 bits.
pub(super) type KeyLanes = [u64; KEY_LANES];

/// The bytes that words of a key hold, the first of them for the length.
const INLINE: usize = KEY_LANES * LANE_BYTES;
/// In place of the length: the words hold a hash.
const HASHED: u8 = u8::MAX;

/// The tag of a part that is null.
const NULL: u8 = 0x10;
/// The tag of a part of 16 bytes.
const UUID: u8 = 0x11;
/// The tag of text whose length stands behind the tag.
const LONG_TEXT: u8 = 0x12;
/// The tag of a value of any other type, in its serialized form.
const OTHER: u8 = 0x13;
/// Text up to [`SHORT`] bytes has its length in its tag.
const TEXT: u8 = 0x20;
/// The longest text, in bytes, whose length its tag can tell.
const SHORT: usize = 0xc0;

/// Keys that are alike in a sample of every run.
const SAMPLE_SEED: u64 = 0x5061_7261_6c6c_6178;

/// What a part of a key is in the system of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    Number,
    Text,
    Uuid,
    Date,
    Timestamp,
    DateTime,
    Other,
}

impl PartKind {
    /// By the type's name, as [`Value::type_name`] gives it.
    pub(super) fn named(type_name: &str) -> Self {
        match type_name {
            "int" | "decimal" | "float" => Self::Number,
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "datetime" => Self::DateTime,
            "bool" | "bytes" | "time" | "duration" | "list" | "map" | "vector" | "null" => {
                Self::Other
            }
            // Text, and types of a store's own: a copy elsewhere holds such a key as text.
            _ => Self::Text,
        }
    }
}

/// Appends the bytes of one part.
pub(super) fn write(cell: &ValueRef<'_>, kind: PartKind, out: &mut Vec<u8>) {
    match (cell, kind) {
        (ValueRef::I64(it), _) if kind != PartKind::Text => whole(*it, out),
        (ValueRef::Text(it), PartKind::Text | PartKind::Other) => text(it, out),
        (ValueRef::Owned(Value::Text(it) | Value::Native { text: it, .. }), PartKind::Text)
        | (ValueRef::Owned(Value::Text(it)), PartKind::Other) => text(it, out),
        (ValueRef::Uuid(it) | ValueRef::Owned(Value::Uuid(it)), PartKind::Uuid) => uuid(it, out),
        (ValueRef::Text(it), PartKind::Number) => match number_text(it) {
            Some(number) => whole(number, out),
            None => exact(&typed(Value::from(*it), kind), out),
        },
        _ => exact(&typed(cell.to_value().unwrap_or(Value::Null), kind), out),
    }
}

/// The number that a text writes as a number is written: no sign but a minus, no zeros in front.
fn number_text(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|it| it.is_ascii_digit());
    let is_zero = text == "0";
    (is_plain && (is_zero || !digits.starts_with('0'))).then(|| text.parse().ok())?
}

/// The part as the system of record's type has it, where that loses nothing.
fn typed(value: Value, kind: PartKind) -> Value {
    match value {
        Value::Text(text) => read_text(text, kind),
        Value::Null | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Vector(_)
            if kind != PartKind::Uuid =>
        {
            value
        }
        Value::Bytes(bytes) => Uuid::from_slice(&bytes).map_or(Value::Bytes(bytes), Value::Uuid),
        value if kind == PartKind::Text => Value::Text(value.to_string()),
        Value::U64(it) => Value::int(it.into()),
        Value::BigInt(it) => Value::int(it),
        Value::Decimal(it) => shortest(&it),
        Value::F64(it) => Decimal::from_f64(it).map_or(Value::F64(it), |it| shortest(&it)),
        value => value,
    }
}

/// What text from a key pattern means where the source's key has that type.
///
/// Only text that the value would be written as is read: `042` and `42` stay two keys.
fn read_text(text: String, kind: PartKind) -> Value {
    let read = match kind {
        PartKind::Number => text.parse::<Decimal>().ok().map(Value::Decimal),
        PartKind::Uuid => text.parse().ok().map(Value::Uuid),
        PartKind::Date => text.parse().ok().map(Value::Date),
        PartKind::Timestamp => text.parse().ok().map(Value::Timestamp),
        PartKind::DateTime => text.parse().ok().map(Value::DateTime),
        PartKind::Text | PartKind::Other => None,
    };
    match read.filter(|it| it.to_string() == text) {
        Some(Value::Decimal(it)) => shortest(&it),
        Some(value) => value,
        None => Value::Text(text),
    }
}

/// A whole number as such, any other without trailing zeros.
fn shortest(number: &Decimal) -> Value {
    let (digits, scale) = number.normalized();
    let whole = if scale <= 0 { number.to_int() } else { None };
    whole.map_or_else(|| Value::Decimal(Decimal::new(digits, scale)), Value::int)
}

/// Writes one part; what is written can be read back as it was.
fn exact(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::I64(it) => whole(*it, out),
        Value::Text(it) => text(it, out),
        Value::Uuid(it) => uuid(it, out),
        other => {
            let bytes = postcard::to_stdvec(other).unwrap_or_default();
            out.push(OTHER);
            sized(&bytes, out);
        }
    }
}

/// As many bytes as the number needs, the sign in the lowest bit.
fn whole(number: i64, out: &mut Vec<u8>) {
    let folded = (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned();
    let bytes = folded.to_le_bytes();
    let used = bytes.iter().rposition(|it| *it != 0).map_or(0, |it| it + 1);
    out.extend(u8::try_from(used));
    out.extend(bytes.iter().take(used));
}

/// Writes a part of 16 bytes, which needs no length.
fn uuid(uuid: &Uuid, out: &mut Vec<u8>) {
    out.push(UUID);
    out.extend(uuid.as_bytes());
}

/// Writes text; all but very long ones cost one byte more than they have.
fn text(text: &str, out: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(length) if text.len() <= SHORT => {
            out.push(TEXT + length);
            out.extend(text.as_bytes());
        }
        _ => {
            out.push(LONG_TEXT);
            sized(text.as_bytes(), out);
        }
    }
}

/// Writes bytes behind their length, which is little-endian.
fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend(bytes);
}

/// The key of these bytes; `None` if they are not those of a key.
pub(super) fn read(bytes: &[u8]) -> Option<Key> {
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while let Some((tag, behind)) = rest.split_first() {
        let (part, behind) = read_part(*tag, behind)?;
        parts.push(part);
        rest = behind;
    }
    Some(Key::new(parts))
}

/// Reads one part back, and what follows it; `None` for bytes that no part was written as.
fn read_part(tag: u8, rest: &[u8]) -> Option<(Value, &[u8])> {
    Some(match tag {
        0..=8 => {
            let (digits, rest) = rest.split_at_checked(tag.into())?;
            let mut folded = [0; 8];
            folded.get_mut(..digits.len())?.copy_from_slice(digits);
            let folded = u64::from_le_bytes(folded);
            let number = (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed();
            (Value::I64(number), rest)
        }
        NULL => (Value::Null, rest),
        UUID => {
            let (bytes, rest) = rest.split_at_checked(16)?;
            (Value::Uuid(Uuid::from_slice(bytes).ok()?), rest)
        }
        LONG_TEXT => {
            let (bytes, rest) = read_sized(rest)?;
            (Value::from(str::from_utf8(bytes).ok()?), rest)
        }
        OTHER => {
            let (bytes, rest) = read_sized(rest)?;
            (postcard::from_bytes(bytes).ok()?, rest)
        }
        _ => {
            let (bytes, rest) = rest.split_at_checked(tag.checked_sub(TEXT)?.into())?;
            (Value::from(str::from_utf8(bytes).ok()?), rest)
        }
    })
}

/// Reads bytes behind their length, and what follows them.
fn read_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// The words of a key's bytes: the bytes themselves where they fit, else their hash.
pub(super) fn lanes(bytes: &[u8], seed: u64) -> KeyLanes {
    let mut inline = [0; INLINE];
    let hash;
    let (length, held) = match u8::try_from(bytes.len()) {
        Ok(length) if bytes.len() < INLINE => (length, bytes),
        _ => {
            hash = xxh3_128_with_seed(bytes, seed).to_le_bytes();
            (HASHED, hash.as_slice())
        }
    };
    let (first, rest) = inline.split_at_mut(1);
    first.fill(length);
    for (place, byte) in rest.iter_mut().zip(held) {
        *place = *byte;
    }
    let mut lanes = [0; KEY_LANES];
    for (lane, bytes) in lanes.iter_mut().zip(inline.chunks(LANE_BYTES)) {
        *lane = bytes
            .iter()
            .rev()
            .fold(0, |sum, it| sum << 8 | u64::from(*it));
    }
    lanes
}

/// What words of a key hold.
#[derive(Debug, PartialEq)]
pub(super) enum Held {
    /// The key.
    Key(Key),
    /// The hash of a longer key.
    Hash,
    /// Neither: the words are not those of a key.
    Nothing,
}

/// Reads the key back from its words.
pub(super) fn held(lanes: &KeyLanes) -> Held {
    let bytes: Vec<u8> = lanes
        .iter()
        .flat_map(|it| it.to_le_bytes().into_iter().take(LANE_BYTES))
        .collect();
    match bytes.split_first() {
        Some((&HASHED, _)) => Held::Hash,
        Some((length, rest)) => {
            let held = rest.get(..usize::from(*length)).and_then(read);
            held.map_or(Held::Nothing, Held::Key)
        }
        None => Held::Nothing,
    }
}

/// Whether the key of these bytes is in a sample of that share; the same in every run.
pub(super) fn is_sampled(bytes: &[u8], limit: Option<u64>) -> bool {
    limit.is_none_or(|limit| xxh3_64_with_seed(bytes, SAMPLE_SEED) < limit)
}

/// How two keys stand in a report: numbers by size, text by its letters, null first.
pub(super) fn order(one: &Key, other: &Key) -> Ordering {
    let parts = one.parts().iter().zip(other.parts());
    let unequal = parts
        .map(|(one, other)| order_parts(one, other))
        .find(|it| it.is_ne());
    unequal.unwrap_or_else(|| one.parts().len().cmp(&other.parts().len()))
}

/// The order of findings: numbers by size whatever their type, text by its characters.
fn order_parts(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::I64(one), Value::I64(other)) => one.cmp(other),
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        _ => {
            let by_size = || Some(size(one)?.compare_size(&size(other)?));
            let by_rank = rank(one).cmp(&rank(other));
            by_rank
                .then_with(|| by_size().unwrap_or_else(|| one.to_string().cmp(&other.to_string())))
        }
    }
}

/// Kinds that cannot be compared with each other stand one after the other: null, numbers, text, others.
fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        _ if size(value).is_some() => 1,
        Value::Text(_) => 2,
        _ => 3,
    }
}

/// A number without loss, so that numbers of different types have one order.
fn size(value: &Value) -> Option<Decimal> {
    match value {
        Value::I64(it) => Some(Decimal::new((*it).into(), 0)),
        Value::U64(it) => Some(Decimal::new((*it).into(), 0)),
        Value::BigInt(it) => Some(it.clone().into()),
        Value::Decimal(it) => Some(it.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_stores_own_type_is_its_text() {
        let kind = PartKind::named("objectId");
        let native = Value::Native {
            type_name: "objectId".to_owned(),
            text: "507f1f77bcf86cd799439011".to_owned(),
        };
        let (mut one, mut other) = (Vec::new(), Vec::new());
        write(&ValueRef::Owned(&native), kind, &mut one);
        write(
            &ValueRef::Text("507f1f77bcf86cd799439011"),
            kind,
            &mut other,
        );
        assert_eq!(one, other);
        assert_eq!(PartKind::named("bytes"), PartKind::Other);
    }
}

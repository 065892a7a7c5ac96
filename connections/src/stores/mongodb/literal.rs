//! Values as BSON: parameters, and what a key may be in a collection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Decimal128, Document, Regex, Timestamp};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::{Decimal, Uuid, Value};

use super::types::{
    BINARY, CODE, DATE, DECIMAL, MAX_KEY, MIN_KEY, OBJECT_ID, REGEX, SYMBOL, TIMESTAMP, UNDEFINED,
};

/// The BSON of a value, of the value's own type: text stays text, whatever it looks like.
///
/// A whole number is an int32 where it fits one, else an int64. Fails with [`ErrorKind::InvalidInput`] where BSON cannot
/// hold it: whole numbers beyond 64 bits that no decimal128 holds, times finer than a millisecond, dates without a zone.
pub(super) fn bson(value: &Value) -> Result<Bson> {
    Ok(match value {
        Value::Null => Bson::Null,
        Value::Bool(it) => Bson::Boolean(*it),
        Value::I64(it) => integer(*it),
        Value::U64(_) | Value::BigInt(_) => decimal(&value.to_string(), value)?,
        Value::Decimal(it) => decimal(&it.to_string(), value)?,
        Value::F64(it) => Bson::Double(*it),
        Value::Text(it) => Bson::String(it.clone()),
        Value::Bytes(it) => binary(0, it.clone()),
        Value::Timestamp(it) => instant(*it).ok_or_else(|| unsuited(value))?,
        Value::Uuid(it) => uuid(it),
        Value::List(items) => items
            .iter()
            .map(bson)
            .collect::<Result<_>>()
            .map(Bson::Array)?,
        Value::Map(members) => Bson::Document(document(members)?),
        Value::Vector(items) => {
            let items = items.iter().map(|it| Bson::Double(f64::from(*it)));
            Bson::Array(items.collect())
        }
        Value::Native { type_name, text } => {
            native(type_name, text).ok_or_else(|| unsuited(value))?
        }
        Value::DateTime(_) | Value::Date(_) | Value::Time(_) | Value::Duration(_) => {
            return Err(unsuited(value));
        }
    })
}

fn document(members: &[(String, Value)]) -> Result<Document> {
    let mut document = Document::new();
    for (name, value) in members {
        document.insert(name.clone(), bson(value)?);
    }
    Ok(document)
}

/// An int32 where the number fits one, else an int64.
pub(super) fn integer(number: i64) -> Bson {
    i32::try_from(number).map_or(Bson::Int64(number), Bson::Int32)
}

pub(super) fn binary(subtype: u8, bytes: Vec<u8>) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::from(subtype),
        bytes,
    })
}

pub(super) fn uuid(uuid: &Uuid) -> Bson {
    binary(4, uuid.as_bytes().to_vec())
}

/// Milliseconds, where the time is no finer.
fn instant(time: parallax_core::value::Timestamp) -> Option<Bson> {
    let is_whole = time.subsec_nanosecond() % 1_000_000 == 0;
    is_whole.then(|| Bson::DateTime(DateTime::from_millis(time.as_millisecond())))
}

/// A decimal128 that is the same number.
fn decimal(text: &str, value: &Value) -> Result<Bson> {
    exact_decimal(text).ok_or_else(|| unsuited(value))
}

/// `None` where 34 digits are too few, or the exponent is too large.
pub(super) fn exact_decimal(text: &str) -> Option<Bson> {
    let packed: Decimal128 = text.parse().ok()?;
    let same = match (
        packed.to_string().parse::<Decimal>(),
        text.parse::<Decimal>(),
    ) {
        (Ok(one), Ok(other)) => one.normalized() == other.normalized(),
        // Neither is a number: NaN, an infinity.
        (Err(_), Err(_)) => true,
        _ => false,
    };
    same.then_some(Bson::Decimal128(packed))
}

/// A value of a type that only this store has, as [`super::types`] writes it.
fn native(type_name: &str, text: &str) -> Option<Bson> {
    if let Some(subtype) = type_name.strip_prefix(BINARY) {
        return Some(binary(subtype.parse().ok()?, STANDARD.decode(text).ok()?));
    }
    Some(match type_name {
        OBJECT_ID => Bson::ObjectId(ObjectId::parse_str(text).ok()?),
        DATE => Bson::DateTime(DateTime::from_millis(text.parse().ok()?)),
        DECIMAL => Bson::Decimal128(text.parse().ok()?),
        TIMESTAMP => {
            let (time, increment) = text.split_once(',')?;
            Bson::Timestamp(Timestamp {
                time: time.parse().ok()?,
                increment: increment.parse().ok()?,
            })
        }
        REGEX => {
            let (pattern, options) = text.strip_prefix('/')?.rsplit_once('/')?;
            regex(pattern, options)?
        }
        CODE => Bson::JavaScriptCode(text.to_owned()),
        SYMBOL => Bson::Symbol(text.to_owned()),
        MIN_KEY => Bson::MinKey,
        MAX_KEY => Bson::MaxKey,
        UNDEFINED => Bson::Undefined,
        _ => return None,
    })
}

/// `None` where one of the two holds a NUL.
pub(super) fn regex(pattern: &str, options: &str) -> Option<Bson> {
    Some(Bson::RegularExpression(Regex {
        pattern: pattern.to_owned().try_into().ok()?,
        options: options.to_owned().try_into().ok()?,
    }))
}

fn unsuited(value: &Value) -> Error {
    let operation = format!("send a value of the type {:?}", value.type_name());
    Error::new(ErrorKind::InvalidInput, operation)
        .because("no BSON type holds exactly this one")
        .hint("a date of BSON is an instant in whole milliseconds, such as 2024-01-31T12:00:00Z; a number has at most 34 digits")
}

/// What a part of a key may be in a collection: the value itself, and what its text means in other types.
///
/// `42` may be a number or text; a UUID's, an `ObjectId`'s or a time's text may be one. Numbers of every type are equal
/// to the server, so one of them stands for all. Empty where nothing can equal it: null is no key.
pub(super) fn alternatives(part: &Value, takes_decimals: bool) -> Vec<Bson> {
    let text = part.to_string();
    let mut all = Vec::new();
    match part {
        Value::Null => return all,
        Value::Text(_) => all.extend(read(&text, takes_decimals)),
        Value::Decimal(_) | Value::BigInt(_) | Value::U64(_) | Value::F64(_) => {
            all.extend(numbers(part, takes_decimals));
        }
        Value::Bytes(bytes) => {
            all.push(binary(0, bytes.clone()));
            all.extend(Uuid::from_slice(bytes).ok().map(|it| uuid(&it)));
            return all;
        }
        // In a condition it would be matched, not compared.
        Value::Native { type_name, .. } if type_name == REGEX => {}
        part => all.extend(bson(part)),
    }
    if !matches!(part, Value::List(_) | Value::Map(_) | Value::Vector(_)) {
        all.push(Bson::String(text));
    }
    all
}

/// What text means besides text, where the value would be written so.
fn read(text: &str, takes_decimals: bool) -> Vec<Bson> {
    if let Ok(number) = text.parse::<i64>() {
        let is_written_so = number.to_string() == text;
        return is_written_so.then(|| integer(number)).into_iter().collect();
    }
    if let Ok(decimal) = text.parse::<Decimal>() {
        return numbers(&Value::Decimal(decimal), takes_decimals);
    }
    identifier(text).into_iter().collect()
}

/// The `ObjectId`, UUID or instant that a text writes.
fn identifier(text: &str) -> Option<Bson> {
    let is_lower = !text.bytes().any(|it| it.is_ascii_uppercase());
    match text.len() {
        24 if is_lower && text.bytes().all(|it| it.is_ascii_hexdigit()) => {
            ObjectId::parse_str(text).ok().map(Bson::ObjectId)
        }
        36 if is_lower => text.parse().ok().map(|it: Uuid| uuid(&it)),
        20.. => instant(text.parse().ok()?),
        _ => None,
    }
}

/// A number as a whole one; otherwise as a double, and as a decimal128 where the server has that type.
fn numbers(part: &Value, takes_decimals: bool) -> Vec<Bson> {
    let text = part.to_string();
    let whole = text.parse::<Decimal>().ok().and_then(|it| it.to_int());
    if let Some(whole) = whole.and_then(|it| i64::try_from(it).ok()) {
        return vec![integer(whole)];
    }
    let mut all = Vec::new();
    // The double that people write with these digits is another number than the decimal, unless it is exact.
    all.extend(text.parse().ok().map(Bson::Double));
    all.extend(exact_decimal(&text).filter(|_| takes_decimals));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Bson> {
        alternatives(&Value::from(text), true)
    }

    #[test]
    fn text_is_also_what_it_writes() {
        let text = |it: &str| Bson::String(it.to_owned());
        assert_eq!(of("42"), [Bson::Int32(42), text("42")]);
        assert_eq!(of("042"), [text("042")]);
        assert_eq!(of("x"), [text("x")]);
        let id = "507f1f77bcf86cd799439011";
        let object = ObjectId::parse_str(id).expect("an id");
        assert_eq!(of(id), [Bson::ObjectId(object), text(id)]);
        let id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
        assert_eq!(of(id), [uuid(&id.parse().expect("a UUID")), text(id)]);
        let time = "2024-01-31T12:00:00Z";
        assert_eq!(
            of(time),
            [
                Bson::DateTime(DateTime::from_millis(1_706_702_400_000)),
                text(time)
            ]
        );
        assert_eq!(alternatives(&Value::Null, true), []);
    }

    #[test]
    fn numbers_stay_exact() {
        let big: Value = Value::int("18446744073709551616".parse().expect("a number"));
        assert!(matches!(bson(&big), Ok(Bson::Decimal128(_))));
        let long = "1".repeat(40);
        let long: Value = Value::int(long.parse().expect("a number"));
        assert_eq!(
            bson(&long).expect_err("too long").kind,
            ErrorKind::InvalidInput
        );
        assert_eq!(bson(&Value::I64(1 << 40)).ok(), Some(Bson::Int64(1 << 40)));
    }

    #[test]
    fn a_native_value_is_what_it_was() {
        for bson_value in [
            Bson::ObjectId(ObjectId::from_bytes([7; 12])),
            Bson::Timestamp(Timestamp {
                time: 5,
                increment: 6,
            }),
            regex("a/b", "i").expect("a regex"),
            Bson::DateTime(DateTime::from_millis(i64::MAX)),
            Bson::MinKey,
            Bson::MaxKey,
            Bson::Undefined,
            Bson::Symbol("s".to_owned()),
            Bson::JavaScriptCode("f()".to_owned()),
            binary(3, vec![1; 16]),
            binary(128, vec![]),
            Bson::Decimal128("NaN".parse().expect("a decimal")),
            Bson::Decimal128("-Infinity".parse().expect("a decimal")),
            Bson::Decimal128("-0.0".parse().expect("a decimal")),
        ] {
            let raw = mongodb::bson::rawdoc! { "a": mongodb::bson::RawBson::try_from(bson_value.clone()).expect("raw") };
            let Value::Map(members) = super::super::types::document(&raw).expect("BSON") else {
                panic!("no document");
            };
            let value = &members[0].1;
            assert!(matches!(value, Value::Native { .. }), "{value:?}");
            assert_eq!(bson(value).ok(), Some(bson_value));
        }
    }
}

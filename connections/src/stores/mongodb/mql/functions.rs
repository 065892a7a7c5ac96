//! The calls by which the shell writes values of a type: `ObjectId("…")`, `ISODate("…")` and their like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil;
use jiff::tz::TimeZone;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, Timestamp, doc};
use parallax_core::error::Result;
use parallax_core::value::Uuid;

use super::super::literal;
use super::lexer::Place;
use crate::{clock, suggest};

const NAMES: &[&str] = &[
    "ObjectId",
    "ISODate",
    "Date",
    "NumberLong",
    "Long",
    "NumberInt",
    "Int32",
    "NumberDecimal",
    "Decimal128",
    "Double",
    "Number",
    "UUID",
    "BinData",
    "HexData",
    "Timestamp",
    "MinKey",
    "MaxKey",
    "RegExp",
    "DBRef",
    "Symbol",
    "Code",
    "true",
    "false",
    "null",
    "undefined",
];

/// Fails, with the nearest name, where there is no such type.
pub(super) fn check(name: &str, place: Place) -> Result<()> {
    if NAMES.contains(&name) {
        return Ok(());
    }
    Err(place.bad(format!("{name:?} is no value")).hint(
        match suggest::nearest(name, NAMES.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => "text stands in quotes".to_owned(),
        },
    ))
}

/// The value of a name that needs no arguments.
pub(super) fn bare(name: &str) -> Option<Bson> {
    match name {
        "MinKey" => Some(Bson::MinKey),
        "MaxKey" => Some(Bson::MaxKey),
        _ => None,
    }
}

/// The value of a call; `name` has been checked.
pub(super) fn call(name: &str, arguments: &[Bson], place: Place) -> Result<Bson> {
    let made = match (name, arguments) {
        ("ObjectId", []) => Some(Bson::ObjectId(ObjectId::new())),
        ("ISODate" | "Date", []) => Some(Bson::DateTime(DateTime::from_millis(
            clock::now().as_millisecond(),
        ))),
        ("MinKey" | "MaxKey", []) => bare(name),
        ("Timestamp", [Bson::Document(it)]) => timestamp_of(it),
        ("BinData", [subtype, Bson::String(text)]) => subtype_of(subtype)
            .zip(STANDARD.decode(text).ok())
            .map(|(it, bytes)| literal::binary(it, bytes)),
        ("HexData", [subtype, Bson::String(text)]) => subtype_of(subtype)
            .zip(hex::decode(text).ok())
            .map(|(it, bytes)| literal::binary(it, bytes)),
        ("Timestamp", [time, increment]) => timestamp(time, increment),
        ("RegExp", [Bson::String(pattern)]) => literal::regex(pattern, ""),
        ("RegExp", [Bson::String(pattern), Bson::String(options)]) => {
            literal::regex(pattern, options)
        }
        ("DBRef", [Bson::String(collection), id]) => Some(Bson::Document(
            doc! { "$ref": collection, "$id": id.clone() },
        )),
        (name, [argument]) => of_one(name, argument),
        _ => None,
    };
    made.ok_or_else(|| {
        let form = form(name);
        place
            .bad(format!("{name} does not take that"))
            .hint(format!("for example {form}"))
    })
}

fn of_one(name: &str, argument: &Bson) -> Option<Bson> {
    match (name, argument) {
        ("ObjectId", Bson::String(it)) => ObjectId::parse_str(it).ok().map(Bson::ObjectId),
        ("ISODate" | "Date", Bson::String(it)) => date(it),
        ("ISODate" | "Date", it) => whole(it).map(|it| Bson::DateTime(DateTime::from_millis(it))),
        ("NumberLong" | "Long", it) => whole(it).map(Bson::Int64),
        ("NumberInt" | "Int32", it) => i32::try_from(whole(it)?).ok().map(Bson::Int32),
        ("NumberDecimal" | "Decimal128", it) => decimal(it),
        ("Double" | "Number", it) => double(it).map(Bson::Double),
        ("UUID", Bson::String(it)) => it.parse().ok().map(|it: Uuid| literal::uuid(&it)),
        ("Symbol", Bson::String(it)) => Some(Bson::Symbol(it.clone())),
        ("Code", Bson::String(it)) => Some(Bson::JavaScriptCode(it.clone())),
        _ => None,
    }
}

fn form(name: &str) -> &'static str {
    match name {
        "ObjectId" => r#"ObjectId("507f1f77bcf86cd799439011")"#,
        "ISODate" => r#"ISODate("2024-01-31T12:00:00Z")"#,
        "Date" => r#"new Date("2024-01-31T12:00:00Z")"#,
        "NumberInt" | "Int32" => "NumberInt(42), up to 2147483647",
        "NumberDecimal" | "Decimal128" => r#"NumberDecimal("1.50"), at most 34 digits"#,
        "Double" | "Number" => "Double(1.5)",
        "UUID" => r#"UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")"#,
        "BinData" => r#"BinData(0, "AQI=")"#,
        "HexData" => r#"HexData(0, "0102")"#,
        "Timestamp" => "Timestamp(1706702400, 1)",
        "MinKey" => "MinKey()",
        "MaxKey" => "MaxKey()",
        "RegExp" => r#"RegExp("^a", "i")"#,
        "DBRef" => r#"DBRef("users", 42)"#,
        "Symbol" => r#"Symbol("a")"#,
        "Code" => r#"Code("function() { }")"#,
        _ => r#"NumberLong("42")"#,
    }
}

/// A whole number, also one that is written as text.
pub(super) fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(it) => Some((*it).into()),
        Bson::Int64(it) => Some(*it),
        Bson::String(it) => it.parse().ok(),
        _ => None,
    }
}

/// A number as a double, also one that is written as text.
pub(super) fn double(value: &Bson) -> Option<f64> {
    match value {
        Bson::Double(it) => Some(*it),
        Bson::Int32(it) => Some((*it).into()),
        Bson::String(it) => match it.as_str() {
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            "NaN" => Some(f64::NAN),
            it => it.parse().ok().filter(|it: &f64| it.is_finite()),
        },
        _ => None,
    }
}

/// An exact decimal; of a double the digits that people write it with.
pub(super) fn decimal(value: &Bson) -> Option<Bson> {
    match value {
        Bson::String(it) => literal::exact_decimal(it),
        Bson::Int32(it) => literal::exact_decimal(&it.to_string()),
        Bson::Int64(it) => literal::exact_decimal(&it.to_string()),
        Bson::Double(it) => literal::exact_decimal(&format!("{it:?}")),
        _ => None,
    }
}

fn subtype_of(value: &Bson) -> Option<u8> {
    u8::try_from(whole(value)?).ok()
}

pub(super) fn timestamp(time: &Bson, increment: &Bson) -> Option<Bson> {
    Some(Bson::Timestamp(Timestamp {
        time: u32::try_from(whole(time)?).ok()?,
        increment: u32::try_from(whole(increment)?).ok()?,
    }))
}

pub(super) fn timestamp_of(document: &Document) -> Option<Bson> {
    let is_whole = document.len() == 2;
    is_whole.then(|| timestamp(document.get("t")?, document.get("i")?))?
}

/// An instant; without a zone it is one of UTC, and without a time midnight.
pub(super) fn date(text: &str) -> Option<Bson> {
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let local = text.parse::<civil::DateTime>().ok()?;
        local.to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp())
    })?;
    let is_whole = instant.subsec_nanosecond() % 1_000_000 == 0;
    is_whole.then(|| Bson::DateTime(DateTime::from_millis(instant.as_millisecond())))
}

//! Extended JSON: documents that stand for one value, such as `{"$oid": "…"}`, relaxed and canonical.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, JavaScriptCodeWithScope};
use parallax_core::error::Result;
use parallax_core::value::Uuid;

use super::super::literal;
use super::functions::{date, decimal, double, timestamp_of, whole};
use super::lexer::Place;

/// The value that a document stands for; a document that stands for none stays itself.
pub(super) fn read(document: Document, place: Place) -> Result<Bson> {
    let mut members = document.iter();
    let Some((name, value)) = members.next() else {
        return Ok(Bson::Document(document));
    };
    let read = match (document.len(), name.as_str()) {
        (1, name) if STANDING.contains(&name) => one(name, value),
        (2, _) if has_both(&document, "$binary", "$type") => legacy_binary(&document),
        (2, _) if has_both(&document, "$code", "$scope") => scoped(&document),
        _ => return Ok(Bson::Document(document)),
    };
    read.ok_or_else(|| place.bad(format!("{name:?} does not stand for a value in this form")))
}

fn has_both(document: &Document, one: &str, other: &str) -> bool {
    document.contains_key(one) && document.contains_key(other)
}

const STANDING: &[&str] = &[
    "$oid",
    "$date",
    "$numberInt",
    "$numberLong",
    "$numberDouble",
    "$numberDecimal",
    "$binary",
    "$uuid",
    "$timestamp",
    "$regularExpression",
    "$minKey",
    "$maxKey",
    "$undefined",
    "$symbol",
    "$code",
];

fn one(name: &str, value: &Bson) -> Option<Bson> {
    let text = || value.as_str();
    match name {
        "$oid" => ObjectId::parse_str(text()?).ok().map(Bson::ObjectId),
        "$date" => match value {
            Bson::String(it) => date(it),
            // What stood inside has been read before.
            Bson::Int32(_) | Bson::Int64(_) => {
                whole(value).map(|it| Bson::DateTime(DateTime::from_millis(it)))
            }
            _ => None,
        },
        "$numberInt" => i32::try_from(whole(value)?).ok().map(Bson::Int32),
        "$numberLong" => whole(value).map(Bson::Int64),
        "$numberDouble" => double(value).map(Bson::Double),
        "$numberDecimal" => decimal(value),
        "$binary" => {
            let document = value.as_document().filter(|it| it.len() == 2)?;
            let subtype = document.get_str("subType").ok()?;
            binary(subtype, document.get_str("base64").ok()?)
        }
        "$uuid" => text()?.parse().ok().map(|it: Uuid| literal::uuid(&it)),
        "$timestamp" => timestamp_of(value.as_document()?),
        "$regularExpression" => {
            let document = value.as_document().filter(|it| it.len() == 2)?;
            literal::regex(
                document.get_str("pattern").ok()?,
                document.get_str("options").ok()?,
            )
        }
        "$minKey" => Some(Bson::MinKey),
        "$maxKey" => Some(Bson::MaxKey),
        "$undefined" => Some(Bson::Undefined),
        "$symbol" => text().map(|it| Bson::Symbol(it.to_owned())),
        "$code" => text().map(|it| Bson::JavaScriptCode(it.to_owned())),
        _ => None,
    }
}

/// `{"$binary": "…", "$type": "00"}`.
fn legacy_binary(document: &Document) -> Option<Bson> {
    binary(
        document.get_str("$type").ok()?,
        document.get_str("$binary").ok()?,
    )
}

fn binary(subtype: &str, base64: &str) -> Option<Bson> {
    let subtype = u8::from_str_radix(subtype, 16).ok()?;
    Some(literal::binary(subtype, STANDARD.decode(base64).ok()?))
}

fn scoped(document: &Document) -> Option<Bson> {
    Some(Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
        code: document.get_str("$code").ok()?.to_owned(),
        scope: document.get_document("$scope").ok()?.clone(),
    }))
}

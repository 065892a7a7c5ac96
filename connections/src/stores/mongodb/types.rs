//! BSON as values: nothing is rounded, and what has no counterpart keeps its type's name and its text.
//!
//! | BSON | value |
//! |---|---|
//! | int32, int64, double, string, bool, null | the same |
//! | date | an instant; beyond the years that one can have, `bsonDate` with milliseconds since 1970 |
//! | decimal128 | a decimal with its exponent; NaN, the infinities and a negative zero are `decimal128` |
//! | binary of subtype 0, of subtype 4 with 16 bytes | bytes, a UUID |
//! | binary of any other subtype N | `binary:N` with base64; 3 is a UUID whose order of bytes nobody knows |
//! | `ObjectId`, regex, code, symbol, timestamp, `MinKey`, `MaxKey`, undefined, `DBPointer` | native, by their names |
//! | string that is no UTF-8 | `invalidUtf8`, where it could not be read marked in the text |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mongodb::bson::raw::RawElement;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Decimal128, RawArray, RawBinaryRef, RawBson, RawBsonRef, RawDocument};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::ValueRef;
use parallax_core::value::{Decimal, Timestamp, Uuid, Value};

/// How deep a document may nest; servers take 100 levels.
const MAX_DEPTH: usize = 180;

pub(super) const OBJECT_ID: &str = "objectId";
pub(super) const DATE: &str = "bsonDate";
pub(super) const DECIMAL: &str = "decimal128";
pub(super) const TIMESTAMP: &str = "bsonTimestamp";
pub(super) const REGEX: &str = "regex";
pub(super) const CODE: &str = "javascript";
pub(super) const SCOPED_CODE: &str = "javascriptWithScope";
pub(super) const SYMBOL: &str = "symbol";
pub(super) const MIN_KEY: &str = "minKey";
pub(super) const MAX_KEY: &str = "maxKey";
pub(super) const UNDEFINED: &str = "undefined";
pub(super) const POINTER: &str = "dbPointer";
/// Stands before the number of a binary's subtype.
pub(super) const BINARY: &str = "binary:";
const INVALID: &str = "invalidUtf8";

/// A value whose type is the store's own.
pub(super) fn native(type_name: impl Into<String>, text: impl Into<String>) -> Value {
    Value::Native {
        type_name: type_name.into(),
        text: text.into(),
    }
}

/// A whole document, its members in order; a name that stands twice stays twice.
///
/// Fails with [`ErrorKind::Unreadable`] where the bytes are no BSON.
pub(super) fn document(raw: &RawDocument) -> Result<Value> {
    members(raw, 0).map(Value::Map)
}

/// The members of a document, in order.
pub(super) fn members(raw: &RawDocument, depth: usize) -> Result<Vec<(String, Value)>> {
    let members = raw.iter_elements().map(|it| {
        let it = it.map_err(|it| broken(&it))?;
        Ok((it.key().as_str().to_owned(), element(&it, depth)?))
    });
    members.collect()
}

/// The value of one member.
pub(super) fn element(element: &RawElement<'_>, depth: usize) -> Result<Value> {
    match element.value() {
        Ok(raw) => value(raw, depth),
        Err(error) => lossy(element).ok_or_else(|| broken(&error)),
    }
}

/// A string that is no UTF-8, marked as such; `None` where something else is broken.
fn lossy(element: &RawElement<'_>) -> Option<Value> {
    let (RawBson::String(text) | RawBson::Symbol(text) | RawBson::JavaScriptCode(text)) =
        element.value_utf8_lossy().ok()?
    else {
        return None;
    };
    Some(native(INVALID, text))
}

/// One value.
pub(super) fn value(raw: RawBsonRef<'_>, depth: usize) -> Result<Value> {
    if depth > MAX_DEPTH {
        return Err(unreadable(&format!(
            "it nests deeper than {MAX_DEPTH} levels"
        )));
    }
    Ok(match raw {
        RawBsonRef::Document(it) => Value::Map(members(it, depth + 1)?),
        RawBsonRef::Array(it) => Value::List(items(it, depth + 1)?),
        RawBsonRef::JavaScriptCodeWithScope(it) => {
            let scope = document(it.scope)?;
            native(SCOPED_CODE, format!("{} {scope}", it.code))
        }
        RawBsonRef::String(it) => Value::Text(it.to_owned()),
        RawBsonRef::Binary(it) => binary(it),
        raw => scalar(raw),
    })
}

fn items(raw: &RawArray, depth: usize) -> Result<Vec<Value>> {
    let items = raw.iter_elements().map(|it| {
        let it = it.map_err(|it| broken(&it))?;
        element(&it, depth)
    });
    items.collect()
}

/// What is neither a container nor of any length.
fn scalar(raw: RawBsonRef<'_>) -> Value {
    match raw {
        RawBsonRef::Null => Value::Null,
        RawBsonRef::Boolean(it) => Value::Bool(it),
        RawBsonRef::Int32(it) => Value::I64(it.into()),
        RawBsonRef::Int64(it) => Value::I64(it),
        RawBsonRef::Double(it) => Value::F64(it),
        RawBsonRef::DateTime(it) => date(it.timestamp_millis()),
        RawBsonRef::Decimal128(it) => decimal(it),
        RawBsonRef::ObjectId(it) => native(OBJECT_ID, it.to_hex()),
        RawBsonRef::RegularExpression(it) => {
            let (pattern, options) = (it.pattern.as_str(), it.options.as_str());
            native(REGEX, format!("/{pattern}/{options}"))
        }
        RawBsonRef::JavaScriptCode(it) => native(CODE, it),
        RawBsonRef::Symbol(it) => native(SYMBOL, it),
        RawBsonRef::Timestamp(it) => native(TIMESTAMP, format!("{},{}", it.time, it.increment)),
        RawBsonRef::MinKey => native(MIN_KEY, MIN_KEY),
        RawBsonRef::MaxKey => native(MAX_KEY, MAX_KEY),
        RawBsonRef::Undefined => native(UNDEFINED, UNDEFINED),
        RawBsonRef::DbPointer(it) => native(POINTER, pointer(RawBsonRef::DbPointer(it))),
        // Callers have read these before.
        other => native(format!("{:?}", other.element_type()), ""),
    }
}

/// The driver shows the parts of this type, which no server writes any more, as text only.
fn pointer(raw: RawBsonRef<'_>) -> String {
    mongodb::bson::Bson::try_from(raw).map_or_else(|_| String::new(), |it| it.to_string())
}

/// An instant of milliseconds since 1970.
pub(super) fn date(millis: i64) -> Value {
    Timestamp::from_millisecond(millis)
        .map_or_else(|_| native(DATE, millis.to_string()), Value::Timestamp)
}

/// A decimal with its exponent, so that `1.50` stays `1.50`.
fn decimal(number: Decimal128) -> Value {
    let text = number.to_string();
    let is_negative_zero = text.starts_with('-') && text.parse().is_ok_and(|it: f64| it == 0.0);
    match text.parse::<Decimal>() {
        Ok(number) if !is_negative_zero => Value::Decimal(number),
        _ => native(DECIMAL, text),
    }
}

fn binary(raw: RawBinaryRef<'_>) -> Value {
    match raw.subtype {
        BinarySubtype::Generic => Value::Bytes(raw.bytes.to_vec()),
        BinarySubtype::Uuid => match Uuid::from_slice(raw.bytes) {
            Ok(uuid) => Value::Uuid(uuid),
            Err(_) => typed_binary(raw),
        },
        _ => typed_binary(raw),
    }
}

fn typed_binary(raw: RawBinaryRef<'_>) -> Value {
    let name = format!("{BINARY}{}", u8::from(raw.subtype));
    native(name, STANDARD.encode(raw.bytes))
}

/// A cell of a scan, borrowed from the server's answer where it stands there as we show it; otherwise it is put into
/// `slot`, and `None` says so.
///
/// Fails with [`ErrorKind::Unreadable`] where the bytes are no BSON.
pub(super) fn cell<'d>(raw: RawBsonRef<'d>, slot: &mut Value) -> Result<Option<ValueRef<'d>>> {
    Ok(Some(match raw {
        RawBsonRef::Null => ValueRef::Null,
        RawBsonRef::Boolean(it) => ValueRef::Bool(it),
        RawBsonRef::Int32(it) => ValueRef::I64(it.into()),
        RawBsonRef::Int64(it) => ValueRef::I64(it),
        RawBsonRef::Double(it) => ValueRef::F64(it),
        RawBsonRef::String(it) => ValueRef::Text(it),
        RawBsonRef::Binary(RawBinaryRef {
            subtype: BinarySubtype::Generic,
            bytes,
        }) => ValueRef::Bytes(bytes),
        RawBsonRef::DateTime(it) => match Timestamp::from_millisecond(it.timestamp_millis()) {
            Ok(it) => ValueRef::Timestamp(it),
            Err(_) => return keep(date(it.timestamp_millis()), slot),
        },
        RawBsonRef::ObjectId(it) => {
            object_id(it.bytes(), slot);
            return Ok(None);
        }
        raw => return keep(value(raw, 0)?, slot),
    }))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it ends the function that calls it"
)]
fn keep<'d>(value: Value, slot: &mut Value) -> Result<Option<ValueRef<'d>>> {
    *slot = value;
    Ok(None)
}

/// Writes the digits over those of the record before, for most scans read one in each record.
fn object_id(bytes: [u8; 12], slot: &mut Value) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if !matches!(slot, Value::Native { type_name, .. } if type_name == OBJECT_ID) {
        *slot = native(OBJECT_ID, String::with_capacity(24));
    }
    if let Value::Native { text, .. } = slot {
        text.clear();
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(
                    DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0'),
                ));
            }
        }
    }
}

pub(super) fn broken(error: &mongodb::bson::error::Error) -> Error {
    // What the driver says of it may repeat the bytes, which are anybody's data.
    let at = error
        .key
        .as_ref()
        .map_or_else(String::new, |it| format!(" at {it:?}"));
    unreadable(&format!("it is no valid BSON{at}"))
}

fn unreadable(why: &str) -> Error {
    Error::new(ErrorKind::Unreadable, "read a document").because(why)
}

pub(super) fn no_document() -> Error {
    unreadable("it is no document")
}

//! Keys as bytes that two results share, however each store spells them.

use num_bigint::BigInt;

use crate::canonical;
use crate::value::{Decimal, Timestamp, Uuid, Value};

/// The bytes of a key; `None` where a part is absent or null, for such a record cannot be paired.
///
/// A text that is written exactly as a number, a UUID, a time or a date is written counts as that: the text `42` of a hash
/// is the number 42 of a column, and `042` is neither.
pub(super) fn bytes(parts: &[Option<&Value>]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for part in parts {
        let part = part.filter(|it| !it.is_null())?;
        canonical::encode(Some(&plain(part)), &mut out);
    }
    Some(out)
}

fn plain(part: &Value) -> Value {
    match part {
        Value::Text(text) | Value::Native { text, .. } => written(text),
        Value::Bytes(bytes) => match str::from_utf8(bytes) {
            Ok(text) => written(text),
            Err(_) => part.clone(),
        },
        Value::F64(number) => {
            Decimal::from_f64(*number).map_or_else(|| part.clone(), Value::Decimal)
        }
        _ => part.clone(),
    }
}

/// What the text is, where it is written exactly so.
fn written(text: &str) -> Value {
    let number = || text.parse::<BigInt>().ok().map(Value::int);
    let decimal = || text.parse::<Decimal>().ok().map(Value::Decimal);
    let uuid = || text.parse::<Uuid>().ok().map(Value::Uuid);
    let instant = || text.parse::<Timestamp>().ok().map(Value::Timestamp);
    let date = || text.parse().ok().map(Value::Date);
    let read = number()
        .or_else(decimal)
        .or_else(uuid)
        .or_else(instant)
        .or_else(date);
    read.filter(|it| it.to_string() == text)
        .unwrap_or_else(|| Value::from(text))
}

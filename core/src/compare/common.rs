//! The type in which two values meet when their rule declares none.

use super::cast::Common;
use super::refusal::{Refusal, unitless, zoneless};
use super::times::cut;
use crate::store::Precision;
use crate::value::{Timestamp, Value};

/// The narrower of the two values' types; `precision` is the coarser of the two that are declared.
///
/// Refuses a time against one whose zone or unit is not declared. Two types that have no narrower one stay as they are,
/// and so differ: a truth value and a number, bytes and text.
pub(super) fn narrower(
    one: &Value,
    other: &Value,
    precision: Option<Precision>,
) -> Result<Common, Refusal> {
    let found = meet(one, other, precision).or_else(|| meet(other, one, precision));
    found.unwrap_or(Ok(Common::AsIs))
}

/// One of the two orders in which two types can stand.
fn meet(
    one: &Value,
    other: &Value,
    precision: Option<Precision>,
) -> Option<Result<Common, Refusal>> {
    use Value::{Date, DateTime, F64, Native, Text, Time, Timestamp as Moment, Uuid};
    Some(Ok(match (one, other) {
        (Moment(_), DateTime(_)) => return Some(Err(zoneless())),
        (Moment(_), it) if is_number(it) => return Some(Err(unitless())),
        (Moment(_) | Text(_), Moment(_)) => Common::Timestamp(precision),
        (DateTime(_) | Text(_), DateTime(_)) => Common::DateTime(precision),
        (Time(_) | Text(_), Time(_)) => Common::Time(precision),
        (DateTime(_) | Moment(_) | Text(_), Date(_)) => Common::Date,
        (Text(_), Uuid(_)) => Common::Uuid,
        (Text(_), Native { .. }) => Common::Text,
        (Text(_), it) if is_number(it) => Common::Number,
        (F64(_), it) if is_number(it) && !matches!(it, F64(_)) => Common::Number,
        (one, it) if is_json(it) && (is_json(one) || matches!(one, Text(_))) => Common::Json,
        _ => return None,
    }))
}

/// Whether it is a number, of whichever type.
fn is_number(value: &Value) -> bool {
    use Value::{BigInt, Decimal, F64, I64, U64};
    matches!(value, I64(_) | U64(_) | BigInt(_) | Decimal(_) | F64(_))
}

/// Whether it has members or items.
fn is_json(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_) | Value::Vector(_))
}

/// What to declare if the two mean the same after all.
pub(super) fn advice(truth: &Value, copy: &Value) -> Option<String> {
    match (truth, copy) {
        (Value::Timestamp(truth), Value::Timestamp(copy)) => cut_off(*truth, *copy),
        (Value::Bool(_), Value::Bool(_) | Value::Null) | (Value::Null, Value::Bool(_)) => None,
        (Value::Bool(_), _) | (_, Value::Bool(_)) => {
            let why = "a truth value equals only a truth value";
            Some(format!(
                r#"{why}; where it is kept in another form, declare as = "bool""#
            ))
        }
        _ => None,
    }
}

/// Only where one is exactly the other, cut off: of two times that lie close together, the later is a later change.
fn cut_off(truth: Timestamp, copy: Timestamp) -> Option<String> {
    let coarse = [Precision::Micros, Precision::Millis, Precision::Seconds];
    let is_cut = |it: &Precision| cut(truth, Some(*it)) == copy || cut(copy, Some(*it)) == truth;
    let unit = coarse.into_iter().find(is_cut)?.unit();
    let why = format!("cut off to {unit} they are equal");
    Some(format!(
        r#"{why}; where one store keeps no more, declare as = "timestamp({unit})""#
    ))
}

//! Values on their way to the server, bound as the driver's own.

use std::collections::HashMap;

use jiff::civil;
use jiff::tz::TimeZone;
use neo4rs::{BoltDuration, BoltList, BoltMap, BoltNull, BoltString, BoltType};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::{Decimal, Value};
use serde::de::value::{EnumAccessDeserializer, Error as MadeError, MapDeserializer};
use serde::de::{
    Deserialize as _, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer as _,
    VariantAccess, Visitor,
};

const DAY: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;

/// `value` for the server; fails with [`ErrorKind::InvalidInput`] where the store has no type that holds it exactly.
pub(super) fn bind(value: &Value) -> Result<BoltType> {
    Ok(match value {
        Value::Null => BoltType::Null(BoltNull),
        Value::Bool(it) => BoltType::from(*it),
        Value::I64(it) => BoltType::from(*it),
        Value::F64(it) => BoltType::from(*it),
        Value::Decimal(it) => decimal(it)?,
        Value::Text(it) => BoltType::from(it.as_str()),
        Value::Bytes(it) => BoltType::from(it.clone()),
        Value::Uuid(it) => BoltType::from(it.to_string()),
        Value::Duration(it) => BoltType::Duration(BoltDuration::new(
            0.into(),
            0.into(),
            it.as_secs().into(),
            it.subsec_nanos().into(),
        )),
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Timestamp(_) => time(value)?,
        Value::List(items) => {
            let items = items.iter().map(bind).collect::<Result<Vec<BoltType>>>()?;
            BoltType::List(BoltList { value: items })
        }
        Value::Vector(items) => items.iter().map(|it| BoltType::from(*it)).collect(),
        Value::Map(members) => {
            let member = |(name, it): &(String, Value)| Ok((BoltString::new(name), bind(it)?));
            let members = members.iter().map(member);
            BoltType::Map(BoltMap {
                value: members.collect::<Result<HashMap<_, _>>>()?,
            })
        }
        Value::U64(_) | Value::BigInt(_) => {
            return Err(unbindable(value)
                .because("a whole number of this store has 64 bits with a sign")
                .hint("write it as text, in quotes"));
        }
        Value::Native { type_name, .. } => {
            return Err(unbindable(value)
                .because(format!("the driver makes no value of the type {type_name}"))
                .hint("give the parameter as text, and let a function of the statement read it: `duration($it)`, `datetime($it)`"));
        }
    })
}

/// Texts as a list.
pub(super) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> BoltType {
    texts.into_iter().map(BoltType::from).collect()
}

/// A number with a point is a float to this store: only one that a float holds as it is written.
fn decimal(number: &Decimal) -> Result<BoltType> {
    let text = number.to_string();
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(BoltType::from(whole));
    }
    let float = text.parse::<f64>().ok();
    let same =
        |it: &f64| Decimal::from_f64(*it).is_some_and(|it| it.normalized() == number.normalized());
    float.filter(same).map(BoltType::from).ok_or_else(|| {
        unbindable(&Value::Decimal(number.clone()))
            .because("this store has no decimals, and no float is exactly this number")
            .hint("give it as text")
    })
}

fn unbindable(value: &Value) -> Error {
    let operation = format!("bind a value of the type {}", value.type_name());
    Error::new(ErrorKind::InvalidInput, operation)
}

/// A time.
///
/// The driver makes its times from those of another calendar only, or as here: from their parts, by serde.
fn time(value: &Value) -> Result<BoltType> {
    const SECONDS: u8 = 0;
    const NANOS_OF: u8 = 1;
    const OFFSET: u8 = 2;
    const DAYS: u8 = 4;
    let of_day = |it: &civil::Time| {
        let seconds = i64::from(it.hour()) * 3_600 + i64::from(it.minute()) * 60;
        (
            seconds + i64::from(it.second()),
            i64::from(it.subsec_nanosecond()),
        )
    };
    let (kind, parts) = match value {
        Value::Date(it) => (15, vec![(DAYS, days(*it))]),
        Value::Time(it) => {
            let (seconds, nanos) = of_day(it);
            (17, vec![(NANOS_OF, seconds * NANOS + nanos)])
        }
        Value::DateTime(it) => {
            let (seconds, nanos) = of_day(&it.time());
            let seconds = days(it.date()) * DAY + seconds;
            (19, vec![(SECONDS, seconds), (NANOS_OF, nanos)])
        }
        Value::Timestamp(it) => {
            let nanos = i64::from(it.subsec_nanosecond());
            // Before 1970 both are negative; the wire wants nanoseconds that only add.
            let seconds = it.as_second() + nanos.div_euclid(NANOS);
            let nanos = nanos.rem_euclid(NANOS);
            (18, vec![(SECONDS, seconds), (NANOS_OF, nanos), (OFFSET, 0)])
        }
        _ => return Err(unbindable(value)),
    };
    let made = BoltType::deserialize(EnumAccessDeserializer::new(Made { kind, parts }));
    made.map_err(|it| unbindable(value).because(it))
}

fn days(date: civil::Date) -> i64 {
    let midnight = date.to_datetime(civil::Time::midnight());
    let moment = TimeZone::UTC.to_timestamp(midnight);
    moment.map_or(0, |it| it.as_second().div_euclid(DAY))
}

/// A value for the driver: its kind and parts, by their places in the driver's lists.
struct Made {
    kind: u8,
    parts: Vec<(u8, i64)>,
}

impl<'d> EnumAccess<'d> for Made {
    type Error = MadeError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'d>>(self, seed: S) -> Result<(S::Value, Self), MadeError> {
        let kind = seed.deserialize(self.kind.into_deserializer())?;
        Ok((kind, self))
    }
}

impl<'d> VariantAccess<'d> for Made {
    type Error = MadeError;

    fn unit_variant(self) -> Result<(), MadeError> {
        Err(MadeError::custom("no unit"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'d>>(self, _: S) -> Result<S::Value, MadeError> {
        Err(MadeError::custom("no newtype"))
    }

    fn tuple_variant<V: Visitor<'d>>(self, _: usize, visitor: V) -> Result<V::Value, MadeError> {
        visitor.visit_map(MapDeserializer::new(self.parts.into_iter()))
    }

    fn struct_variant<V: Visitor<'d>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, MadeError> {
        Err(MadeError::custom("no struct"))
    }
}

//! Versions: which of two is older, and when a version says that the change was made.

use std::cmp::Ordering;

use jiff::{Timestamp, civil, tz::TimeZone};
use num_traits::Zero as _;

use crate::value::{Decimal, Value};

/// The instant that a version stands for; `None` for one that counts.
///
/// Text is read as RFC 3339. A time without zone is taken for UTC, as it is only ever compared with its own kind.
pub fn change_time(version: &Value) -> Option<Timestamp> {
    match version {
        Value::Timestamp(it) => Some(*it),
        Value::DateTime(it) => in_utc(*it),
        Value::Text(text) => text.parse().ok().or_else(|| in_utc(text.parse().ok()?)),
        _ => None,
    }
}

/// How `copy` stands to `truth`; `None` where the two cannot be compared.
///
/// A store that keeps coarser times cuts them off, so the truth is cut to the grain that the copy shows.
pub fn order(copy: &Value, truth: &Value) -> Option<Ordering> {
    if let (Some(copy), Some(truth)) = (change_time(copy), change_time(truth)) {
        let grain = grain(copy);
        let cut = truth.as_nanosecond() - truth.as_nanosecond().rem_euclid(grain);
        return Some(if copy.as_nanosecond() == cut {
            Ordering::Equal
        } else {
            copy.cmp(&truth)
        });
    }
    let (copy, truth) = (number(copy)?, number(truth)?);
    Some(copy.compare_size(&truth))
}

/// The largest usual grain of which the time is a multiple, in nanoseconds.
fn grain(time: Timestamp) -> i128 {
    let grains = [1_000_000_000, 1_000_000, 1_000];
    grains
        .into_iter()
        .find(|it| (time.as_nanosecond() % it).is_zero())
        .unwrap_or(1)
}

/// A time without a zone, taken as UTC: versions are compared with each other, not with clocks.
fn in_utc(time: civil::DateTime) -> Option<Timestamp> {
    time.to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp())
}

/// A version that counts.
fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::I64(it) => Some(Decimal::new((*it).into(), 0)),
        Value::U64(it) => Some(Decimal::new((*it).into(), 0)),
        Value::BigInt(it) => Some(Decimal::new(it.clone(), 0)),
        Value::Decimal(it) => Some(it.clone()),
        Value::F64(it) => Decimal::from_f64(*it),
        Value::Text(it) => it.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(copy: &str, truth: &str, expected: Option<Ordering>) {
        assert_eq!(order(&Value::from(copy), &Value::from(truth)), expected);
    }

    #[test]
    fn times_compare_by_the_grain_that_the_copy_keeps() {
        check(
            "2026-01-01T00:00:00.123Z",
            "2026-01-01T00:00:00.123456789Z",
            Some(Ordering::Equal),
        );
        check(
            "2026-01-01T00:00:00.122Z",
            "2026-01-01T00:00:00.123456789Z",
            Some(Ordering::Less),
        );
        check(
            "2026-01-01T00:00:00.123456788Z",
            "2026-01-01T00:00:00.123456789Z",
            Some(Ordering::Less),
        );
    }

    #[test]
    fn counting_versions_compare_as_numbers() {
        check("9", "10", Some(Ordering::Less));
        check("10", "10.0", Some(Ordering::Equal));
        check("a", "b", None);
    }
}

//! Cutting times off at a precision, toward the past.

use jiff::civil;

use crate::store::Precision;
use crate::value::Timestamp;

/// The last instant of that precision that is not after `time`; one before 1970 is cut toward the past too.
pub(super) fn cut(time: Timestamp, precision: Option<Precision>) -> Timestamp {
    // A second is a whole number of every unit, so what is behind the second tells what is cut off.
    let past = i64::from(time.subsec_nanosecond()).rem_euclid(nanos_of(precision));
    if past == 0 {
        return time;
    }
    // The earliest instant is a whole second, so what is cut off never leads out of range.
    Timestamp::from_nanosecond(time.as_nanosecond() - i128::from(past)).unwrap_or(time)
}

/// The same of a date and time without a zone.
pub(super) fn cut_local(time: civil::DateTime, precision: Option<Precision>) -> civil::DateTime {
    time.date().to_datetime(cut_time(time.time(), precision))
}

/// The same of a time of day.
pub(super) fn cut_time(time: civil::Time, precision: Option<Precision>) -> civil::Time {
    let nanos = time.subsec_nanosecond();
    let kept = i64::from(nanos) - i64::from(nanos).rem_euclid(nanos_of(precision));
    let kept = i32::try_from(kept).unwrap_or(nanos);
    time.with().subsec_nanosecond(kept).build().unwrap_or(time)
}

/// The nanoseconds of one unit of a precision.
fn nanos_of(precision: Option<Precision>) -> i64 {
    match precision {
        Some(Precision::Seconds) => 1_000_000_000,
        Some(Precision::Millis) => 1_000_000,
        Some(Precision::Micros) => 1_000,
        Some(Precision::Nanos) | None => 1,
    }
}

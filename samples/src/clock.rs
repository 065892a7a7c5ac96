//! The only place of the samples that reads the clock, and the text form of a time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A time as the databases hold it: RFC 3339 in UTC with nine fraction digits, so that text order is time order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Time(Timestamp);

impl Time {
    /// The time of this machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "a worker that moves changes is the one that stamps them"
    )]
    pub fn now() -> Self {
        Self(Timestamp::now())
    }

    /// Nanoseconds later; negative is earlier. Stays at the calendar's end where it would pass it.
    #[must_use]
    pub fn plus_nanos(self, nanos: i64) -> Self {
        Self(
            self.0
                .saturating_add(SignedDuration::from_nanos(nanos))
                .unwrap_or(self.0),
        )
    }

    /// Earlier by `duration`.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.plus_nanos(-i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }

    /// The first time after both: the version of a change made now to a record of version `self`.
    #[must_use]
    pub fn next_version(self, now: Self) -> Self {
        now.max(self.plus_nanos(1))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.9}", self.0)
    }
}

impl FromStr for Time {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let time = text.parse();
        time.map(Self)
            .map_err(|error| Error::new(format!("not a time: {text:?}: {error}")))
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

/// A time of a store that keeps microseconds, cut off toward the past: the same text with six fraction digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Micros(Time);

impl Micros {
    /// The last microsecond that is not after `time`.
    pub fn of(time: Time) -> Self {
        let past = time.0.as_nanosecond().rem_euclid(1_000);
        Self(time.plus_nanos(-i64::try_from(past).unwrap_or(0)))
    }

    /// The time of this machine.
    pub fn now() -> Self {
        Self::of(Time::now())
    }

    /// The same moment.
    pub fn time(self) -> Time {
        self.0
    }

    /// Microseconds later; negative is earlier.
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.plus_nanos(micros.saturating_mul(1_000)))
    }

    /// Earlier by `duration`.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self::of(self.0.minus(duration))
    }

    /// Whole milliseconds since 1970.
    pub fn unix_millis(self) -> i64 {
        self.0.0.as_millisecond()
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0.0)
    }
}

impl FromStr for Micros {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self::of)
    }
}

impl From<Micros> for String {
    fn from(time: Micros) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Micros {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

/// Reads `200ms`, `10s` or `2m`.
pub fn duration(text: &str) -> Result<Duration> {
    let wrong = |error: jiff::Error| {
        Error::new(format!("not a duration: {text:?}: {error}")).hint("write 200ms, 10s or 2m")
    };
    let signed: SignedDuration = text.parse().map_err(wrong)?;
    Duration::try_from(signed).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_nine_digits() {
        for text in [
            "2025-01-05T08:00:00.000000000Z",
            "2025-01-05T08:00:00.123456789Z",
        ] {
            let time: Time = text.parse().expect("a time");
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn a_time_of_six_digits_is_cut_off() {
        let time: Micros = "2025-01-05T08:00:00.123456789Z".parse().expect("a time");
        assert_eq!(time.to_string(), "2025-01-05T08:00:00.123456Z");
        assert_eq!(time.plus(1).to_string(), "2025-01-05T08:00:00.123457Z");
    }

    #[test]
    fn durations_are_read_and_nonsense_is_not() {
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert!(duration("soon").is_err());
        assert!(duration("-1s").is_err());
    }
}

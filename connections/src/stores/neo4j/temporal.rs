//! Times as the wire tells them: days, seconds and nanoseconds, and beside them an offset or the name of a zone.
//!
//! A time with a zone is told by its local clock. Where a named zone puts its clock back, an hour comes twice, and the
//! driver's version of the protocol does not tell which of the two is meant: such a time stays text without an offset.

use std::fmt;

use jiff::civil;
use jiff::tz::TimeZone;
use parallax_core::value::{Timestamp, Value};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};

use super::cell::Index;

const DAY: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;

/// What becomes of a time with a zone other than UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zoned {
    /// It keeps its offset and zone, as text of the store's own type: for people who look at a result.
    Kept,
    /// It is the instant that it names: for records, which are compared with those of other stores.
    Instant,
}

/// A time, as its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw<'d> {
    /// Days since 1970.
    Date(i64),
    /// Nanoseconds since midnight.
    LocalTime(i64),
    /// The same, and seconds east of Greenwich.
    Time(i64, i64),
    /// Seconds since 1970 by the local clock, and nanoseconds.
    LocalDateTime(i64, i64),
    /// The same, and seconds east of Greenwich.
    DateTime(i64, i64, i64),
    /// The same, with the name of a zone.
    Zone(i64, i64, &'d str),
    /// Months, days, seconds and nanoseconds, none of which is a fixed number of another.
    Duration([i64; 4]),
}

/// The numbers of any time.
#[derive(Default)]
pub(super) struct Parts<'d> {
    seconds: Option<i64>,
    nanos: Option<i64>,
    offset: Option<i64>,
    zone: Option<&'d str>,
    days: Option<i64>,
    months: Option<i64>,
}

impl<'d> Raw<'d> {
    /// The time of that kind, by its place in the driver's list; `None` where a part is missing.
    pub(super) fn new(kind: u64, it: &Parts<'d>) -> Option<Self> {
        Some(match kind {
            14 => Self::Duration([it.months?, it.days?, it.seconds?, it.nanos?]),
            15 => Self::Date(it.days?),
            16 => Self::Time(it.nanos?, it.offset?),
            17 => Self::LocalTime(it.nanos?),
            18 => Self::DateTime(it.seconds?, it.nanos?, it.offset?),
            19 => Self::LocalDateTime(it.seconds?, it.nanos?),
            20 => Self::Zone(it.seconds?, it.nanos?, it.zone?),
            _ => return None,
        })
    }

    /// The value: our own type where that says the same, otherwise the store's, as text.
    pub(super) fn value(self, zoned: Zoned) -> Value {
        let found = match self {
            Self::Date(days) => date(days).map(Value::Date),
            Self::LocalTime(nanos) => time(nanos).map(Value::Time),
            Self::LocalDateTime(seconds, nanos) => local(seconds, nanos).map(Value::DateTime),
            Self::DateTime(seconds, nanos, offset) if offset == 0 || zoned == Zoned::Instant => {
                instant(seconds, nanos, offset)
            }
            Self::Zone(seconds, nanos, zone) if is_utc(zone) || zoned == Zoned::Instant => {
                in_zone(seconds, nanos, zone).and_then(|it| instant(seconds, nanos, it))
            }
            Self::Duration([0, 0, seconds, nanos]) => fixed(seconds, nanos),
            Self::Time(..) | Self::DateTime(..) | Self::Zone(..) | Self::Duration(_) => None,
        };
        found.unwrap_or_else(|| Value::Native {
            type_name: self.type_name().to_owned(),
            text: self.to_string(),
        })
    }

    /// The store's own name of the type.
    fn type_name(self) -> &'static str {
        match self {
            Self::Date(_) => "DATE",
            Self::LocalTime(_) => "LOCAL TIME",
            Self::Time(..) => "ZONED TIME",
            Self::LocalDateTime(..) => "LOCAL DATETIME",
            Self::DateTime(..) | Self::Zone(..) => "ZONED DATETIME",
            Self::Duration(_) => "DURATION",
        }
    }
}

/// As the store itself reads it.
impl fmt::Display for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Date(days) => f.write_str(&date_text(days)),
            Self::LocalTime(nanos) => f.write_str(&time_text(nanos)),
            Self::Time(nanos, offset) => {
                write!(f, "{}{}", time_text(nanos), offset_text(offset))
            }
            Self::LocalDateTime(seconds, nanos) => f.write_str(&local_text(seconds, nanos)),
            Self::DateTime(seconds, nanos, offset) => {
                write!(f, "{}{}", local_text(seconds, nanos), offset_text(offset))
            }
            Self::Zone(seconds, nanos, zone) => {
                let offset = in_zone(seconds, nanos, zone).map(offset_text);
                let offset = offset.unwrap_or_default();
                write!(f, "{}{offset}[{zone}]", local_text(seconds, nanos))
            }
            Self::Duration(parts) => f.write_str(&duration_text(parts)),
        }
    }
}

fn date(days: i64) -> Option<civil::Date> {
    let (year, month, day) = calendar(days);
    let year = i16::try_from(year).ok()?;
    civil::Date::new(year, month, day).ok()
}

fn time(nanos: i64) -> Option<civil::Time> {
    let (seconds, nanos) = (nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
    let part = |it: i64| i8::try_from(it).ok();
    let (hour, minute) = (part(seconds / 3_600)?, part(seconds / 60 % 60)?);
    civil::Time::new(
        hour,
        minute,
        part(seconds % 60)?,
        i32::try_from(nanos).ok()?,
    )
    .ok()
}

fn local(seconds: i64, nanos: i64) -> Option<civil::DateTime> {
    let of_day = seconds.rem_euclid(DAY) * NANOS + nanos;
    Some(date(seconds.div_euclid(DAY))?.to_datetime(time(of_day)?))
}

fn instant(seconds: i64, nanos: i64, offset: i64) -> Option<Value> {
    let seconds = seconds.checked_sub(offset)?;
    let moment = Timestamp::new(seconds, i32::try_from(nanos).ok()?);
    moment.ok().map(Value::Timestamp)
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC" | "Z" | "GMT")
}

/// The offset of a zone at a time of its own clock; `None` where that comes twice, or the zone is not known.
fn in_zone(seconds: i64, nanos: i64, zone: &str) -> Option<i64> {
    if is_utc(zone) {
        return Some(0);
    }
    let zone = TimeZone::get(zone).ok()?;
    let moment = zone.to_ambiguous_timestamp(local(seconds, nanos)?);
    let moment = moment.unambiguous().ok()?;
    Some(zone.to_offset(moment).seconds().into())
}

fn fixed(seconds: i64, nanos: i64) -> Option<Value> {
    let nanos = i32::try_from(nanos).ok()?;
    Some(Value::Duration(
        jiff::SignedDuration::from_secs(seconds)
            .checked_add(jiff::SignedDuration::from_nanos(nanos.into()))?,
    ))
}

/// Year, month and day of a number of days since 1970, for any year. After Hinnant's `civil_from_days`.
fn calendar(days: i64) -> (i64, i8, i8) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let small = |it: i64| i8::try_from(it).unwrap_or_default();
    (
        year + era * 400 + i64::from(month <= 2),
        small(month),
        small(day),
    )
}

fn date_text(days: i64) -> String {
    let (year, month, day) = calendar(days);
    let year = match year {
        0..=9_999 => format!("{year:04}"),
        10_000.. => format!("+{year}"),
        _ => format!("-{:04}", year.unsigned_abs()),
    };
    format!("{year}-{month:02}-{day:02}")
}

fn time_text(nanos: i64) -> String {
    let (seconds, nanos) = (nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}{}", fraction(nanos))
}

/// `.5` for half a second; nothing for none.
fn fraction(nanos: i64) -> String {
    match nanos {
        0 => String::new(),
        _ => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    }
}

fn local_text(seconds: i64, nanos: i64) -> String {
    let date = date_text(seconds.div_euclid(DAY));
    format!(
        "{date}T{}",
        time_text(seconds.rem_euclid(DAY) * NANOS + nanos)
    )
}

fn offset_text(seconds: i64) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let east = seconds.unsigned_abs();
    match (east, east % 60) {
        (0, _) => "Z".to_owned(),
        (_, 0) => format!("{sign}{:02}:{:02}", east / 3_600, east / 60 % 60),
        (_, rest) => format!("{sign}{:02}:{:02}:{rest:02}", east / 3_600, east / 60 % 60),
    }
}

fn duration_text([months, days, seconds, nanos]: [i64; 4]) -> String {
    let part = |number: i64, unit: char| match number {
        0 => String::new(),
        _ => format!("{number}{unit}"),
    };
    let calendar = part(months / 12, 'Y') + &part(months % 12, 'M') + &part(days, 'D');
    let total = i128::from(seconds) * i128::from(NANOS) + i128::from(nanos);
    let sign = if total < 0 { "-" } else { "" };
    let nanos = i64::try_from(total.unsigned_abs() % 1_000_000_000).unwrap_or_default();
    let seconds = total.unsigned_abs() / 1_000_000_000;
    let mut clock = String::new();
    for (number, unit) in [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M')] {
        if number > 0 {
            clock.push_str(&format!("{sign}{number}{unit}"));
        }
    }
    if seconds % 60 > 0 || nanos > 0 {
        clock.push_str(&format!("{sign}{}{}S", seconds % 60, fraction(nanos)));
    }
    match (calendar.is_empty(), clock.is_empty()) {
        (true, true) => "PT0S".to_owned(),
        (_, true) => format!("P{calendar}"),
        (_, false) => format!("P{calendar}T{clock}"),
    }
}

/// Reads the numbers of a time: a map with the driver's own names, or of a duration all four in order.
pub(super) struct PartsVisitor;

impl<'d> Visitor<'d> for PartsVisitor {
    type Value = Parts<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the parts of a time")
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut access: A) -> Result<Parts<'d>, A::Error> {
        Ok(Parts {
            months: access.next_element()?,
            days: access.next_element()?,
            seconds: access.next_element()?,
            nanos: access.next_element()?,
            ..Parts::default()
        })
    }

    fn visit_map<A: MapAccess<'d>>(self, mut access: A) -> Result<Parts<'d>, A::Error> {
        let mut parts = Parts::default();
        while let Some(Index(part)) = access.next_key()? {
            match part {
                0 => parts.seconds = access.next_value().map(Some)?,
                1 => parts.nanos = access.next_value().map(Some)?,
                2 => parts.offset = access.next_value().map(Some)?,
                3 => parts.zone = access.next_value().map(Some)?,
                4 => parts.days = access.next_value().map(Some)?,
                _ => return Err(A::Error::custom("a time has a part that is not known")),
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn native(raw: Raw<'_>, type_name: &str, text: &str) {
        let expected = Value::Native {
            type_name: type_name.to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(raw.value(Zoned::Kept), expected);
    }

    #[test]
    fn what_our_types_hold_is_theirs() {
        let value = |it: Raw<'_>| it.value(Zoned::Kept).to_string();
        assert_eq!(value(Raw::Date(-1)), "1969-12-31");
        assert_eq!(value(Raw::Date(19_782)), "2024-02-29");
        assert_eq!(
            value(Raw::LocalTime(86_399_000_000_001)),
            "23:59:59.000000001"
        );
        assert_eq!(
            value(Raw::LocalDateTime(-1, 5)),
            "1969-12-31T23:59:59.000000005"
        );
        assert_eq!(
            value(Raw::DateTime(0, 7, 0)),
            "1970-01-01T00:00:00.000000007Z"
        );
        assert_eq!(value(Raw::Zone(60, 0, "UTC")), "1970-01-01T00:01:00Z");
        assert_eq!(
            Raw::Duration([0, 0, -2, 500_000_000]).value(Zoned::Kept),
            Value::Duration(jiff::SignedDuration::from_millis(-1_500))
        );
    }

    #[test]
    fn what_they_do_not_hold_is_kept_as_text() {
        native(Raw::Date(2_932_897), "DATE", "+10000-01-01");
        native(Raw::Time(0, 3_600), "ZONED TIME", "00:00:00+01:00");
        native(Raw::Time(0, -5_430), "ZONED TIME", "00:00:00-01:30:30");
        native(
            Raw::DateTime(0, 0, -1_800),
            "ZONED DATETIME",
            "1970-01-01T00:00:00-00:30",
        );
        native(
            Raw::Duration([14, -3, 3_661, 250_000_000]),
            "DURATION",
            "P1Y2M-3DT1H1M1.25S",
        );
        native(Raw::Duration([0, 1, -1, 0]), "DURATION", "P1DT-1S");
        native(Raw::Duration([1, 0, 0, 0]), "DURATION", "P1M");
    }

    #[test]
    fn a_zone_tells_its_offset_but_not_in_the_hour_that_comes_twice() {
        let summer = Raw::Zone(1_721_044_800, 0, "Europe/Berlin");
        let text = "2024-07-15T12:00:00+02:00[Europe/Berlin]";
        native(summer, "ZONED DATETIME", text);
        assert_eq!(
            summer.value(Zoned::Instant).to_string(),
            "2024-07-15T10:00:00Z"
        );
        let twice = Raw::Zone(1_729_996_200, 0, "Europe/Berlin");
        let text = "2024-10-27T02:30:00[Europe/Berlin]";
        native(twice, "ZONED DATETIME", text);
        assert_eq!(twice.value(Zoned::Instant), twice.value(Zoned::Kept));
    }
}

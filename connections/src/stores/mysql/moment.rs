//! Dates and times in the two forms in which they come: bytes of the binary protocol, and text.
//!
//! The server keeps dates that no calendar has, such as the 31st of February or a month 0; they stay the server's text.

use jiff::civil;
use parallax_core::value::{SignedDuration, Timestamp, Value};

use super::types::Kind;

/// A date and a time of day as the server keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    micros: i32,
}

impl Moment {
    /// Of the binary form: a length, then as much as is not zero.
    #[inline]
    pub(super) fn of_bytes(cell: &[u8]) -> Option<Self> {
        let (length, rest) = cell.split_first()?;
        if usize::from(*length) != rest.len() {
            return None;
        }
        let byte = |at: usize| rest.get(at).map_or(Some(0), |it| i8::try_from(*it).ok());
        let year = match rest {
            [] => 0,
            [low, high, ..] => i16::from_le_bytes([*low, *high]),
            [_] => return None,
        };
        if !matches!(length, 0 | 4 | 7 | 11) {
            return None;
        }
        Some(Self {
            year,
            month: byte(2)?,
            day: byte(3)?,
            hour: byte(4)?,
            minute: byte(5)?,
            second: byte(6)?,
            micros: micros(rest.get(7..))?,
        })
    }

    /// Of `2024-02-29` or `2024-02-29 12:00:00.5`.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        let mut parts = date.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let clock = Clock::of_text(time)?;
        if parts.next().is_some() || clock.negative {
            return None;
        }
        Some(Self {
            year: whole(year)?,
            month: whole(month)?,
            day: whole(day)?,
            hour: i8::try_from(clock.hours).ok()?,
            minute: clock.minute,
            second: clock.second,
            micros: clock.micros,
        })
    }

    /// The value of that kind; the server's own text where no calendar has it.
    pub(super) fn value(&self, kind: Kind) -> Value {
        let value = match kind {
            Kind::Timestamp => self.timestamp().map(Value::Timestamp),
            Kind::Date => self.date().map(Value::Date),
            _ => self.datetime().map(Value::DateTime),
        };
        value.unwrap_or_else(|| self.native(kind))
    }

    /// The instant, for the session's zone is UTC.
    #[inline]
    pub(super) fn timestamp(&self) -> Option<Timestamp> {
        let is_day = self.year > 0 && self.month > 0 && self.day > 0 && self.month <= 12;
        if !is_day || self.day > days_of_month(self.year, self.month) || !self.is_time() {
            return None;
        }
        let time =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        let seconds = days(self.year, self.month, self.day) * 86_400 + time;
        Timestamp::new(seconds, self.micros * 1000).ok()
    }

    /// The day, where a calendar has it.
    pub(super) fn date(&self) -> Option<civil::Date> {
        civil::Date::new(self.year, self.month, self.day).ok()
    }

    /// The date and the time of day, where a calendar has them.
    pub(super) fn datetime(&self) -> Option<civil::DateTime> {
        let (year, month, day) = (self.year, self.month, self.day);
        civil::DateTime::new(
            year,
            month,
            day,
            self.hour,
            self.minute,
            self.second,
            self.micros * 1000,
        )
        .ok()
        .filter(|_| year > 0)
    }

    fn is_time(&self) -> bool {
        self.hour < 24 && self.minute < 60 && self.second < 60
    }

    fn native(&self, kind: Kind) -> Value {
        let mut text = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        if kind != Kind::Date {
            text.push_str(&format!(
                " {:02}:{:02}:{:02}",
                self.hour, self.minute, self.second
            ));
            if self.micros != 0 {
                text.push_str(&format!(".{:06}", self.micros));
            }
        }
        let type_name = match kind {
            Kind::Date => "date",
            Kind::Timestamp => "timestamp",
            _ => "datetime",
        };
        Value::Native {
            type_name: type_name.to_owned(),
            text,
        }
    }
}

/// A span between -838:59:59.999999 and as much forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    negative: bool,
    hours: i32,
    minute: i8,
    second: i8,
    micros: i32,
}

impl Clock {
    /// Of the binary form: a length, a sign, days, and the rest of a day.
    pub(super) fn of_bytes(cell: &[u8]) -> Option<Self> {
        let (length, rest) = cell.split_first()?;
        if usize::from(*length) != rest.len() {
            return None;
        }
        if rest.is_empty() {
            return Some(Self::default());
        }
        let [sign, a, b, c, d, hour, minute, second, behind @ ..] = rest else {
            return None;
        };
        let days = i32::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()?;
        Some(Self {
            negative: *sign != 0,
            hours: days.checked_mul(24)?.checked_add(i32::from(*hour))?,
            minute: i8::try_from(*minute).ok()?,
            second: i8::try_from(*second).ok()?,
            micros: micros((!behind.is_empty()).then_some(behind))?,
        })
    }

    /// Of `-838:59:59.999999`.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(it) => (true, it),
            None => (false, text),
        };
        let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let mut parts = clock.split(':');
        let (hours, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || fraction.len() > 6 {
            return None;
        }
        Some(Self {
            negative,
            hours: whole(hours)?,
            minute: whole(minute)?,
            second: whole(second)?,
            micros: whole(&format!("{fraction:0<6}"))?,
        })
    }

    /// A time of day; a span where it is none.
    pub(super) fn value(&self) -> Value {
        let of_day = i8::try_from(self.hours).ok().filter(|_| !self.negative);
        let time = of_day
            .and_then(|it| civil::Time::new(it, self.minute, self.second, self.micros * 1000).ok());
        if let Some(time) = time {
            return Value::Time(time);
        }
        let seconds =
            i64::from(self.hours) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        let span = SignedDuration::new(seconds, self.micros * 1000);
        Value::Duration(if self.negative { -span } else { span })
    }
}

/// The four bytes of a fraction, where there are any.
#[inline]
fn micros(rest: Option<&[u8]>) -> Option<i32> {
    match rest {
        None | Some([]) => Some(0),
        Some(bytes) => {
            let bytes: [u8; 4] = bytes.try_into().ok()?;
            i32::try_from(u32::from_le_bytes(bytes))
                .ok()
                .filter(|it| *it < 1_000_000)
        }
    }
}

/// Digits and nothing else.
fn whole<N: std::str::FromStr>(digits: &str) -> Option<N> {
    let plain = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[inline]
fn days_of_month(year: i16, month: i8) -> i8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, in the Gregorian calendar; years begin in March here, so that a leap day is the last.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
#[inline]
fn days(year: i16, month: i8, day: i8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = i64::from(month);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(year: u16, rest: &[u8]) -> Vec<u8> {
        let length = u8::try_from(2 + rest.len()).expect("short");
        [&[length][..], &year.to_le_bytes(), rest].concat()
    }

    #[track_caller]
    fn check(kind: Kind, cell: &[u8], text: &str, type_name: &str) {
        let value = Moment::of_bytes(cell).expect("a moment").value(kind);
        assert_eq!(
            (value.to_string().as_str(), value.type_name()),
            (text, type_name)
        );
    }

    #[test]
    fn a_date_of_zeros_stays_what_it_is() {
        for kind in [Kind::DateTime, Kind::Timestamp, Kind::Date] {
            let value = Moment::of_bytes(&[0]).expect("a moment").value(kind);
            let Value::Native { text, .. } = value else {
                panic!("{value:?} is a date");
            };
            assert!(text.starts_with("0000-00-00"), "{text}");
        }
        let odd = Moment::of_bytes(&bytes(2024, &[2, 31]))
            .expect("a moment")
            .value(Kind::Date);
        assert!(matches!(odd, Value::Native { text, .. } if text == "2024-02-31"));
        let odd = Moment::of_text("2024-00-10 01:02:03.5")
            .expect("a moment")
            .value(Kind::DateTime);
        assert!(matches!(odd, Value::Native { text, .. } if text == "2024-00-10 01:02:03.500000"));
    }

    #[test]
    fn both_forms_give_the_same() {
        let cell = bytes(2024, &[2, 29, 23, 59, 58, 1, 0, 0, 0]);
        let of_text = Moment::of_text("2024-02-29 23:59:58.000001");
        assert_eq!(Moment::of_bytes(&cell), of_text);
        check(
            Kind::Timestamp,
            &cell,
            "2024-02-29T23:59:58.000001Z",
            "timestamp",
        );
        check(Kind::Date, &bytes(1000, &[1, 1]), "1000-01-01", "date");
        assert_eq!(
            Moment::of_text("2024-02-29"),
            Moment::of_bytes(&bytes(2024, &[2, 29]))
        );
    }

    /// Numbers that look random and are the same in every run.
    fn numbers() -> impl FnMut(u32) -> u32 {
        let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            u32::try_from((state >> 33) % u64::from(below)).expect("small")
        }
    }

    #[test]
    fn any_moment_is_the_same_in_both_forms_and_keeps_its_microseconds() {
        let mut number = numbers();
        for _ in 0..5_000 {
            let (year, month, day) = (number(10_000), number(13), number(32));
            let (hour, minute, second, micros) =
                (number(24), number(60), number(60), number(1_000_000));
            let text = format!(
                "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}"
            );
            let small =
                [month, day, hour, minute, second].map(|it| u8::try_from(it).expect("small"));
            let cell = bytes(
                u16::try_from(year).expect("small"),
                &[&small[..], &micros.to_le_bytes()].concat(),
            );
            let moment = Moment::of_bytes(&cell).expect("a moment");
            assert_eq!(Some(moment), Moment::of_text(&text), "{text}");
            let shown = match moment.value(Kind::DateTime) {
                Value::DateTime(it) => it.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string(),
                Value::Native { text, .. } if micros == 0 => format!("{text}.000000"),
                other => other.to_string(),
            };
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn any_span_is_the_same_in_both_forms() {
        let mut number = numbers();
        for _ in 0..5_000 {
            let (sign, hours, micros) = (number(2), number(839), number(1_000_000));
            let (minute, second) = (number(60), number(60));
            let mark = if sign == 1 { "-" } else { "" };
            let text = format!("{mark}{hours:02}:{minute:02}:{second:02}.{micros:06}");
            let small = [hours % 24, minute, second].map(|it| u8::try_from(it).expect("small"));
            let days = (hours / 24).to_le_bytes();
            let head = [12, u8::try_from(sign).expect("small")];
            let cell = [&head[..], &days, &small, &micros.to_le_bytes()].concat();
            let clock = Clock::of_bytes(&cell);
            assert_eq!(clock, Clock::of_text(&text), "{text}");
            let seconds = (hours * 60 + minute) * 60 + second;
            let micros = i64::from(seconds) * 1_000_000 + i64::from(micros);
            let span = match clock.expect("a clock").value() {
                Value::Time(it) => it.duration_since(civil::Time::midnight()).as_micros(),
                Value::Duration(it) => it.as_micros(),
                other => panic!("{other:?} is no time"),
            };
            let expected = i128::from(if sign == 1 { -micros } else { micros });
            assert_eq!(span, expected, "{text}");
        }
    }

    #[test]
    fn every_day_is_counted_as_the_calendar_counts_it() {
        let mut date = civil::date(1, 1, 1);
        while date.year() < 9999 {
            let moment = Moment {
                year: date.year(),
                month: date.month(),
                day: date.day(),
                ..Moment::default()
            };
            let expected = date
                .to_zoned(jiff::tz::TimeZone::UTC)
                .expect("a day")
                .timestamp();
            assert_eq!(moment.timestamp(), Some(expected), "{date}");
            date = date.checked_add(jiff::Span::new().days(17)).expect("a day");
        }
    }

    #[test]
    fn a_time_beyond_a_day_is_a_span() {
        let of = |text: &str| Clock::of_text(text).expect("a clock").value();
        assert_eq!(of("23:59:59.999999").type_name(), "time");
        assert_eq!(of("00:00:00"), Value::Time(civil::Time::midnight()));
        let longest = SignedDuration::new(838 * 3600 + 59 * 60 + 59, 999_999_000);
        assert_eq!(of("838:59:59.999999"), Value::Duration(longest));
        assert_eq!(of("-838:59:59.999999"), Value::Duration(-longest));
        let cell = [12, 1, 34, 0, 0, 0, 22, 59, 59, 0x3f, 0x42, 0x0f, 0];
        assert_eq!(
            Clock::of_bytes(&cell).expect("a clock").value(),
            Value::Duration(-longest)
        );
        assert_eq!(
            Clock::of_bytes(&[0]).expect("a clock").value(),
            of("00:00:00")
        );
    }

    #[test]
    fn what_is_cut_short_is_no_moment() {
        for cell in [
            &[][..],
            &[4, 1],
            &[1, 1],
            &[11, 0, 0, 1, 1],
            &[5, 0, 0, 1, 1, 1],
        ] {
            assert_eq!(Moment::of_bytes(cell), None, "{cell:?}");
        }
        assert_eq!(Clock::of_bytes(&[8, 0, 0]), None);
        for text in ["", "x", "2024-1", "2024-01-01 1", "+2024-01-01"] {
            assert_eq!(Moment::of_text(text), None, "{text}");
        }
    }
}

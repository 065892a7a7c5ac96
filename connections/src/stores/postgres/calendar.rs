//! Dates and times by the server's own count: days and microseconds since the year 2000, far beyond the years that we model.

use jiff::civil;
use parallax_core::value::Timestamp;

/// Microseconds between 1970 and 2000.
const EPOCH: i64 = 946_684_800_000_000;

const DAY: i64 = 86_400_000_000;

/// The ends of time, as the server keeps them.
const FOREVER: i64 = i64::MAX;
const NEVER: i64 = i64::MIN;

/// The instant, where it lies in the years 1 to 9999.
#[inline]
pub(super) fn timestamp(micros: i64) -> Option<Timestamp> {
    // From the first day of the year 1.
    if micros < -63_082_281_600_000_000 {
        return None;
    }
    Timestamp::from_microsecond(micros.checked_add(EPOCH)?).ok()
}

/// The civil time, where it lies in the years 1 to 9999.
pub(super) fn datetime(micros: i64) -> Option<civil::DateTime> {
    let day = date(i32::try_from(micros.div_euclid(DAY)).ok()?)?;
    Some(day.to_datetime(time(micros.rem_euclid(DAY))?))
}

/// The date, where it lies in the years 1 to 9999.
pub(super) fn date(days: i32) -> Option<civil::Date> {
    let (year, month, day) = gregorian(i64::from(days));
    let year = i16::try_from(year).ok().filter(|it| *it >= 1)?;
    civil::Date::new(year, month, day).ok()
}

/// The time of day; midnight at its end is none that we model.
pub(super) fn time(micros: i64) -> Option<civil::Time> {
    let seconds = micros.div_euclid(1_000_000);
    let small = |it: i64| i8::try_from(it).ok();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).ok()?;
    civil::Time::new(
        small(seconds / 3600)?,
        small(seconds / 60 % 60)?,
        small(seconds % 60)?,
        nanos,
    )
    .ok()
}

/// Any instant as the server writes it in UTC.
pub(super) fn timestamp_text(micros: i64) -> String {
    point_text(micros, "+00")
}

/// Any civil time as the server writes it.
pub(super) fn datetime_text(micros: i64) -> String {
    point_text(micros, "")
}

/// Any date as the server writes it.
pub(super) fn date_text(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        _ => {
            let (date, era) = day_text(i64::from(days));
            format!("{date}{era}")
        }
    }
}

/// Any time of day as the server writes it.
pub(super) fn time_text(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let whole = format!("{hours:02}:{minutes:02}:{seconds:02}");
    if fraction == 0 {
        return whole;
    }
    let fraction = format!("{fraction:06}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

fn point_text(micros: i64, zone: &str) -> String {
    match micros {
        FOREVER => "infinity".to_owned(),
        NEVER => "-infinity".to_owned(),
        _ => {
            let (date, era) = day_text(micros.div_euclid(DAY));
            let time = time_text(micros.rem_euclid(DAY));
            format!("{date} {time}{zone}{era}")
        }
    }
}

fn day_text(days: i64) -> (String, &'static str) {
    let (year, month, day) = gregorian(days);
    let (year, era) = if year < 1 {
        (1 - year, " BC")
    } else {
        (year, "")
    };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

/// The date of a day since 2000, by the Gregorian calendar in both directions; the year 0 is 1 BC.
fn gregorian(days: i64) -> (i64, i8, i8) {
    // Counted from 1 March of the year 0, so that a leap day is the last of its year.
    let days = days + 730_425;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = years + era * 400 + i64::from(month <= 2);
    let small = |it: i64| i8::try_from(it).unwrap_or_default();
    (year, small(month), small(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_server_counts_them() {
        assert_eq!(date_text(0), "2000-01-01");
        assert_eq!(date_text(-1), "1999-12-31");
        assert_eq!(date_text(59), "2000-02-29");
        assert_eq!(date_text(-730_119), "0001-01-01");
        assert_eq!(date_text(-730_120), "0001-12-31 BC");
        assert_eq!(date_text(-2_451_545), "4714-11-24 BC");
        assert_eq!(date_text(i32::MAX), "infinity");
        assert_eq!(date(-730_119), Some(civil::date(1, 1, 1)));
        assert_eq!(date(-730_120), None);
    }

    #[test]
    fn times_beyond_our_years_have_a_text() {
        assert_eq!(timestamp_text(0), "2000-01-01 00:00:00+00");
        assert_eq!(timestamp_text(-1), "1999-12-31 23:59:59.999999+00");
        assert_eq!(datetime_text(i64::MAX), "infinity");
        assert_eq!(
            timestamp_text(9_223_371_331_199_999_999),
            "294276-12-31 23:59:59.999999+00"
        );
        assert_eq!(timestamp(i64::MAX), None);
        assert_eq!(timestamp(-63_082_281_600_000_001), None);
        assert_eq!(
            timestamp(-63_082_281_600_000_000).map(|it| it.to_string()),
            Some("0001-01-01T00:00:00Z".to_owned())
        );
        assert_eq!(time_text(86_400_000_000), "24:00:00");
        assert_eq!(time(86_400_000_000), None);
        assert_eq!(time_text(1_500_000), "00:00:01.5");
    }

    #[test]
    fn civil_times_keep_their_microseconds() {
        assert_eq!(
            datetime(-1),
            Some(civil::date(1999, 12, 31).at(23, 59, 59, 999_999_000))
        );
    }
}

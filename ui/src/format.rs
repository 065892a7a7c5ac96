//! Numbers as people read them: with a unit, and never more digits than help.

use std::time::Duration;

use jiff::Timestamp;

/// A span of time: `340 µs`, `38 ms`, `0.8 s`, `4 m 51 s`, `3 h 05 m`, `2 d 4 h`.
pub(crate) fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 if span.is_zero() => "0 s".to_owned(),
        0 if span < Duration::from_millis(1) => format!("{} µs", span.as_micros()),
        0 if span < Duration::from_millis(10) => format!("{:.1} ms", span.as_secs_f64() * 1e3),
        0 if span < Duration::from_millis(100) => format!("{} ms", span.as_millis()),
        0..10 if span.subsec_millis() > 0 => format!("{:.1} s", span.as_secs_f64()),
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// How long ago `at` was: `just now`, `12 s ago`; coarse, so that it seldom changes.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    let span = elapsed(at, now);
    if span < Duration::from_secs(10) {
        return "just now".to_owned();
    }
    let coarse = if span < Duration::from_mins(1) {
        Duration::from_secs(span.as_secs() / 10 * 10)
    } else {
        Duration::from_secs(span.as_secs() / 60 * 60)
    };
    if coarse < Duration::from_hours(1) && coarse >= Duration::from_mins(1) {
        return format!("{} m ago", coarse.as_secs() / 60);
    }
    format!("{} ago", duration(coarse))
}

/// The time from `earlier` to `later`; zero where clocks disagree.
pub(crate) fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// A number of things, in groups of three digits: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number and its noun: `1 flow`, `3 flows`.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number as u64))
}

/// Bytes in the unit that keeps three digits: `812 B`, `1.4 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1_000 {
        return format!("{number} B");
    }
    let mut size = as_f64(number) / 1e3;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1e3;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or("TB");
    if size < 9.95 {
        format!("{size:.1} {unit}")
    } else {
        format!("{size:.0} {unit}")
    }
}

/// A share of one as per cent: `12 %`.
pub(crate) fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}

/// The time of day of an instant in UTC, to the millisecond.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S%.3f").to_string()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rounded for a person to read right after"
)]
pub(crate) fn as_f64(number: u64) -> f64 {
    number as f64
}

/// A small number of things, for measuring room on the screen.
#[expect(
    clippy::cast_precision_loss,
    reason = "what fits on a screen is far below 2^23"
)]
pub(crate) fn as_f32(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nanos: u64, expected: &str) {
        assert_eq!(duration(Duration::from_nanos(nanos)), expected);
    }

    #[test]
    fn a_span_has_the_unit_that_fits_it() {
        check(0, "0 s");
        check(340_000, "340 µs");
        check(3_200_000, "3.2 ms");
        check(38_000_000, "38 ms");
        check(800_000_000, "0.8 s");
        check(5_000_000_000, "5 s");
        check(12_900_000_000, "12 s");
        check(291_000_000_000, "4 m 51 s");
        check(11_100_000_000_000, "3 h 05 m");
        check(187_200_000_000_000, "2 d 4 h");
    }

    #[test]
    fn counts_and_bytes_are_grouped_and_scaled() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(1_400_000), "1.4 MB");
        assert_eq!(bytes(999_600), "1.0 MB");
        assert_eq!(plural(1, "flow"), "1 flow");
    }

    #[test]
    fn an_age_is_coarse() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        assert_eq!(age(at(0), at(4)), "just now");
        assert_eq!(age(at(0), at(47)), "40 s ago");
        assert_eq!(age(at(0), at(200)), "3 m ago");
        assert_eq!(age(at(10), at(0)), "just now");
    }
}

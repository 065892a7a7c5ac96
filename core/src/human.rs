//! Numbers as people read them: with a unit, and never more digits than help.

use std::time::Duration;

/// A span of time: `340 µs`, `38 ms`, `0.8 s`, `4 m 51 s`, `3 h 05 m`, `2 d 4 h`.
pub fn duration(span: Duration) -> String {
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

/// A number of things, in groups of three digits: `1,234,567`.
pub fn count(number: u64) -> String {
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
pub fn plural(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number))
}

/// Bytes in the unit that keeps three digits: `812 B`, `1.4 MB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1_000 {
        return format!("{number} B");
    }
    let mut size = approximate(number) / 1e3;
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

#[expect(
    clippy::cast_precision_loss,
    reason = "rounded for a person to read right after"
)]
fn approximate(number: u64) -> f64 {
    number as f64
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
}

//! Numbers as people read them: with a unit, and no more digits than they mean.

use std::time::Duration;

/// A span in the two largest units that matter: `320 ms`, `0.8 s`, `12 s`, `4 m 51 s`, `3 h 09 m`, `2 d 4 h`.
pub fn duration(span: Duration) -> String {
    let secs = span.as_secs();
    match secs {
        0 if span < Duration::from_millis(1) => format!("{} µs", span.as_micros()),
        0 if span < Duration::from_millis(500) => format!("{} ms", span.as_millis()),
        0..10 => format!("{:.1} s", span.as_secs_f64()),
        10..60 => format!("{secs} s"),
        60..3_600 => format!("{} m {:02} s", secs / 60, secs % 60),
        3_600..86_400 => format!("{} h {:02} m", secs / 3_600, secs % 3_600 / 60),
        _ => format!("{} d {} h", secs / 86_400, secs % 86_400 / 3_600),
    }
}

/// A count with thousands apart: `1 200 000`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the unit that gives at most four digits: `640 B`, `12.4 MiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1_024 {
        return format!("{number} B");
    }
    let mut scaled = bytes_f64(number);
    let mut unit = "B";
    for larger in UNITS {
        if scaled < 1_000.0 {
            break;
        }
        scaled /= 1_024.0;
        unit = larger;
    }
    format!("{scaled:.1} {unit}")
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn bytes_f64(number: u64) -> f64 {
    number as f64
}

/// `1 change`, `2 changes`: a count and its noun.
pub fn plural(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_shows_the_units_that_matter() {
        let shown = |millis: u64| duration(Duration::from_millis(millis));
        assert_eq!(shown(320), "320 ms");
        assert_eq!(shown(800), "0.8 s");
        assert_eq!(shown(12_000), "12 s");
        assert_eq!(shown(291_000), "4 m 51 s");
        assert_eq!(shown(11_340_000), "3 h 09 m");
        assert_eq!(shown(187_200_000), "2 d 4 h");
        assert_eq!(duration(Duration::from_micros(40)), "40 µs");
    }

    #[test]
    fn a_count_and_bytes_are_readable() {
        assert_eq!(count(1_200_000), "1\u{202f}200\u{202f}000");
        assert_eq!(bytes(13_000_000), "12.4 MiB");
        assert_eq!(bytes(640), "640 B");
        assert_eq!(plural(1, "change"), "1 change");
        assert_eq!(plural(0, "change"), "0 changes");
    }
}

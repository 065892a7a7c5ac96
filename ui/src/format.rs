//! Times and shares as people read them, and numbers for measuring room; spans and counts are in core's `human`.

use std::time::Duration;

use jiff::Timestamp;
use parallax_core::human;

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
    format!("{} ago", human::duration(coarse))
}

/// The time from `earlier` to `later`; zero where clocks disagree.
pub(crate) fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
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

/// A share of one, or a little more, for measuring room and for per cent.
#[expect(clippy::cast_possible_truncation, reason = "within a few ones")]
pub(crate) fn as_share(number: f64) -> f32 {
    number.clamp(0.0, 1e6) as f32
}

/// The whole part of a number for a person to read; nothing below zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of floats saturates"
)]
pub(crate) fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

/// A text of at most `most` letters: of a longer one the end, where a path says its file.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let letters = text.chars().count();
    if letters <= most {
        return text.to_owned();
    }
    let end: String = text.chars().skip(letters - most + 1).collect();
    format!("…{end}")
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

    #[test]
    fn an_age_is_coarse() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        assert_eq!(age(at(0), at(4)), "just now");
        assert_eq!(age(at(0), at(47)), "40 s ago");
        assert_eq!(age(at(0), at(200)), "3 m ago");
        assert_eq!(age(at(10), at(0)), "just now");
    }
}

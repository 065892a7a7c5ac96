//! Exact decimals.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode};
use num_bigint::{BigInt, Sign};
use num_traits::{Euclid as _, Zero as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};

/// The largest exponent that is written out as digits; beyond it, the text is scientific.
const MAX_PLAIN_EXPONENT: i64 = 4_096;

/// An exact decimal: a whole number and a scale, so that `1.50` stays `1.50`.
///
/// Equality is of representation; [`Decimal::normalized`] gives one form to each number.
#[derive(Clone, Debug, Eq)]
pub struct Decimal(BigDecimal);

/// A number of at most 64 bits beside its sign: `magnitude` times ten to the power of minus `scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Small {
    pub(crate) negative: bool,
    pub(crate) magnitude: u64,
    pub(crate) scale: i64,
}

impl Decimal {
    /// `digits` times ten to the power of minus `scale`.
    pub fn new(digits: BigInt, scale: i64) -> Self {
        Self(BigDecimal::new(digits, scale))
    }

    /// The digits without their point, and how many stand behind it, of text that is a sign, or none, and digits with a
    /// point between them, or none; `None` for all else, and where more than 19 characters stand behind the sign.
    pub fn short(text: &[u8]) -> Option<(i64, u16)> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let (first, last) = (text.first()?, text.last()?);
        if text.len() > 19 || !first.is_ascii_digit() || !last.is_ascii_digit() {
            return None;
        }
        let (mut number, mut scale) = (0_i64, None);
        for byte in text {
            match byte {
                b'0'..=b'9' => {
                    number = number
                        .checked_mul(10)?
                        .checked_add(i64::from(byte - b'0'))?;
                    scale = scale.map(|it: u16| it + 1);
                }
                b'.' if scale.is_none() => scale = Some(0),
                _ => return None,
            }
        }
        Some((if negative { -number } else { number }, scale.unwrap_or(0)))
    }

    /// The decimal that the shortest text which reads back as `number` stands for; `None` unless finite.
    pub fn from_f64(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        // `{:e}` prints the shortest digits that read back as the same number.
        format!("{number:e}").parse().ok()
    }

    /// The whole number and the scale of the form without trailing zeros; zero has scale 0.
    ///
    /// At the smallest scale there is, zeros stay: no number has two such forms.
    pub fn normalized(&self) -> (BigInt, i64) {
        let (digits, scale) = self.0.as_bigint_and_scale();
        if digits.is_zero() {
            return (BigInt::ZERO, 0);
        }
        let text = digits.magnitude().to_string();
        let zeros = text.len() - text.trim_end_matches('0').len();
        let spare = scale.abs_diff(i64::MIN);
        let zeros = u32::try_from(spare.min(zeros as u64)).unwrap_or(u32::MAX);
        let digits = digits.as_ref() / BigInt::from(10).pow(zeros);
        (digits, scale - i64::from(zeros))
    }

    /// The number without an allocation, where 64 bits hold its digits; not reduced.
    pub(crate) fn small(&self) -> Option<Small> {
        let (digits, scale) = self.0.as_bigint_and_scale();
        Some(Small {
            negative: digits.sign() == Sign::Minus,
            magnitude: u64::try_from(digits.magnitude()).ok()?,
            scale,
        })
    }

    /// Rounded to `places` digits behind the point, half to even.
    ///
    /// A number with fewer is filled up with zeros, unless that would write out an absurd exponent.
    #[must_use]
    pub fn rounded(&self, places: i64) -> Self {
        let (_, scale) = self.0.as_bigint_and_scale();
        if i128::from(places) - i128::from(scale) > i128::from(MAX_PLAIN_EXPONENT) {
            return self.clone();
        }
        Self(self.0.with_scale_round(places, RoundingMode::HalfEven))
    }

    /// Rounded to `digits` significant digits, half to even.
    #[must_use]
    pub fn rounded_to_digits(&self, digits: u32) -> Self {
        let (number, scale) = self.normalized();
        let surplus = n_digits(&number) - i64::from(digits);
        if surplus <= 0 {
            return Self::new(number, scale);
        }
        Self::new(number, scale).rounded(scale.saturating_sub(surplus))
    }

    /// How the two stand by size, whatever their scales: `1.5` and `1.50` are equal.
    ///
    /// Takes no more memory than the digits of the two, however far apart their exponents are.
    pub fn compare_size(&self, other: &Self) -> Ordering {
        let ((one, scale), (two, other_scale)) = (self.normalized(), other.normalized());
        if one.sign() != two.sign() || one.is_zero() {
            return one.sign().cmp(&two.sign());
        }
        let whole = |digits: &BigInt, scale: i64| i128::from(n_digits(digits)) - i128::from(scale);
        let by_length = whole(&one, scale).cmp(&whole(&two, other_scale));
        let by_digits = || aligned(&one, &two).cmp(&aligned(&two, &one));
        let by_magnitude = by_length.then_with(by_digits);
        if one.sign() == Sign::Minus {
            by_magnitude.reverse()
        } else {
            by_magnitude
        }
    }

    /// Times ten to the power of `exponent`.
    #[must_use]
    pub fn scaled(&self, exponent: i32) -> Self {
        let (digits, scale) = self.0.as_bigint_and_exponent();
        Self::new(digits, scale.saturating_sub(i64::from(exponent)))
    }

    /// The greatest whole number that is not above it, unless that is absurdly long.
    pub fn floor(&self) -> Option<BigInt> {
        let (digits, scale) = self.normalized();
        if scale <= 0 {
            return self.to_int();
        }
        // So far behind the point nothing is left of it but its sign.
        if scale > n_digits(&digits) {
            return Some(if digits.sign() == Sign::Minus {
                BigInt::from(-1)
            } else {
                BigInt::ZERO
            });
        }
        let unit = BigInt::from(10).pow(u32::try_from(scale).ok()?);
        Some(digits.div_euclid(&unit))
    }

    /// The whole number, if nothing stands behind the point and it is not absurdly long.
    pub fn to_int(&self) -> Option<BigInt> {
        let (digits, scale) = self.normalized();
        match u32::try_from(scale.checked_neg()?) {
            Ok(zeros) if i64::from(zeros) <= MAX_PLAIN_EXPONENT => {
                Some(digits * BigInt::from(10).pow(zeros))
            }
            _ => None,
        }
    }
}

/// The number of decimal digits.
fn n_digits(number: &BigInt) -> i64 {
    let length = number.magnitude().to_string().len();
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// The digits of `number`, filled up with zeros to the length of `other`.
fn aligned(number: &BigInt, other: &BigInt) -> String {
    let (digits, other) = (
        number.magnitude().to_string(),
        other.magnitude().to_string(),
    );
    format!("{digits:0<width$}", width = other.len())
}

/// Of representation: the same digits and the same scale.
impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bigint_and_scale() == other.0.as_bigint_and_scale()
    }
}

/// By size; decimals of different scale may be neither less nor greater, and yet unequal in form.
impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let by_size = self.compare_size(other);
        (by_size != Ordering::Equal || self == other).then_some(by_size)
    }
}

impl From<BigInt> for Decimal {
    fn from(number: BigInt) -> Self {
        Self::new(number, 0)
    }
}

impl FromStr for Decimal {
    type Err = Error;

    /// Reads an optional sign, digits with an optional point, and an optional exponent; nothing else, and no blanks.
    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            let operation = format!("read {text:?} as a decimal");
            Error::new(ErrorKind::InvalidInput, operation)
        };
        // The parser below also takes `1_000`, which no store writes.
        if text.contains('_') {
            return Err(refused());
        }
        text.parse()
            .map(Self)
            .map_err(|it: bigdecimal::ParseBigDecimalError| refused().because(it))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, scale) = self.0.as_bigint_and_exponent();
        if scale.unsigned_abs() > MAX_PLAIN_EXPONENT.unsigned_abs() {
            return write!(f, "{digits}e{}", -i128::from(scale));
        }
        f.write_str(&self.0.to_plain_string())
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_bigint_and_exponent().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (digits, scale) = Deserialize::deserialize(deserializer)?;
        Ok(Self::new(digits, scale))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn decimal(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn short_text_is_read_without_a_big_number() {
        let short = |text: &str| Decimal::short(text.as_bytes());
        assert_eq!(short("12.50"), Some((1_250, 2)));
        assert_eq!(short("-0.07"), Some((-7, 2)));
        assert_eq!(short("9223372036854775807"), Some((i64::MAX, 0)));
        let long = format!("0.{}", "0".repeat(70_000));
        let rest = [
            "",
            "-",
            ".",
            "5.",
            ".5",
            "1e3",
            "+1",
            "1.2.3",
            "9223372036854775808",
            &long,
        ];
        for text in rest {
            assert_eq!(short(text), None, "{text}");
        }
    }

    #[test]
    fn a_decimal_keeps_its_scale() {
        assert_eq!(decimal("1.50").to_string(), "1.50");
        assert_ne!(decimal("1.50"), decimal("1.5"));
        assert_eq!(decimal("1.50").normalized(), decimal("1.5").normalized());
        assert_eq!(decimal("-0.000").normalized(), (BigInt::ZERO, 0));
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for bad in [
            "", " 1", "1 ", "1_000", "1,5", "0x1", "NaN", "1e", "--1", "+-1", "1.-5", ".",
        ] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn rounding_is_half_to_even() {
        for (text, places, expected) in [
            ("0.125", 2, "0.12"),
            ("0.375", 2, "0.38"),
            ("-0.125", 2, "-0.12"),
            ("2.5", 0, "2"),
            ("3.5", 0, "4"),
            ("0.5", 0, "0"),
            ("9.99", 1, "10.0"),
            ("0.004", 2, "0.00"),
            ("1.5", 3, "1.500"),
        ] {
            assert_eq!(decimal(text).rounded(places), decimal(expected), "{text}");
        }
        assert_eq!(decimal("123456").rounded_to_digits(3), decimal("123e3"));
        assert_eq!(
            decimal("0.00123451").rounded_to_digits(4),
            decimal("0.001235")
        );
    }

    #[test]
    fn a_hostile_exponent_costs_no_memory() {
        for text in [
            "1e999999999",
            "-1e-999999999",
            "10e9223372036854775807",
            "1e-9223372036854775807",
        ] {
            let hostile = decimal(text);
            assert!(hostile.to_string().len() < 40, "{hostile}");
            let (_, scale) = hostile.rounded(4).normalized();
            assert!(scale <= 4, "{scale}");
            assert_eq!(hostile.compare_size(&hostile), Ordering::Equal);
            assert_ne!(hostile.compare_size(&decimal("1")), Ordering::Equal);
            assert_eq!(hostile, hostile.clone());
            assert_ne!(hostile.normalized(), decimal("1").normalized());
        }
        let (ten, hundred) = (
            decimal("10e9223372036854775807"),
            decimal("100e9223372036854775807"),
        );
        assert_ne!(ten.normalized(), hundred.normalized());
    }

    proptest! {
        #[test]
        fn size_is_that_of_the_numbers(one in -2_000_i64..2_000, scale in -3_i64..4, two in -2_000_i64..2_000, other in -3_i64..4) {
            let size = |digits: i64, scale: i64| i128::from(digits) * 10_i128.pow(u32::try_from(3 - scale).expect("small"));
            let (left, right) = (Decimal::new(one.into(), scale), Decimal::new(two.into(), other));
            prop_assert_eq!(left.compare_size(&right), size(one, scale).cmp(&size(two, other)));
        }

        #[test]
        fn a_finite_float_is_read_back_from_its_decimal(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            let text = Decimal::from_f64(number).expect("finite").to_string();
            prop_assert_eq!(text.parse::<f64>().expect("a float").to_bits(), number.to_bits());
        }

        #[test]
        fn rounding_again_changes_nothing(digits in any::<i64>(), scale in -3_i64..20, places in 0_i64..6) {
            let once = Decimal::new(digits.into(), scale).rounded(places);
            prop_assert_eq!(once.rounded(places), once);
        }
    }
}

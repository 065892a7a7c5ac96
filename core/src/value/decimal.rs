//! Exact decimals.

use std::fmt;
use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode};
use num_bigint::BigInt;
use num_traits::Zero as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};

/// The largest exponent that is written out as digits; beyond it, the text is scientific.
const MAX_PLAIN_EXPONENT: i64 = 4_096;

/// An exact decimal: a whole number and a scale, so that `1.50` stays `1.50`.
///
/// Equality is of representation; [`Decimal::normalized`] gives one form to each number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(BigDecimal);

impl Decimal {
    /// `digits` times ten to the power of minus `scale`.
    pub fn new(digits: BigInt, scale: i64) -> Self {
        Self(BigDecimal::new(digits, scale))
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
    pub fn normalized(&self) -> (BigInt, i64) {
        let (mut digits, mut scale) = self.0.as_bigint_and_exponent();
        if digits.is_zero() {
            return (digits, 0);
        }
        let ten = BigInt::from(10);
        while (&digits % &ten).is_zero() {
            digits /= &ten;
            scale -= 1;
        }
        (digits, scale)
    }

    /// Rounded to `places` digits behind the point, half to even.
    #[must_use]
    pub fn rounded(&self, places: i64) -> Self {
        Self(self.0.with_scale_round(places, RoundingMode::HalfEven))
    }

    /// Times ten to the power of `exponent`.
    #[must_use]
    pub fn scaled(&self, exponent: i32) -> Self {
        let (digits, scale) = self.0.as_bigint_and_exponent();
        Self::new(digits, scale.saturating_sub(i64::from(exponent)))
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

impl From<BigInt> for Decimal {
    fn from(number: BigInt) -> Self {
        Self::new(number, 0)
    }
}

impl FromStr for Decimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse()
            .map(Self)
            .map_err(|it: bigdecimal::ParseBigDecimalError| {
                Error::new(
                    ErrorKind::InvalidInput,
                    format!("read {text:?} as a decimal"),
                )
                .because(it)
            })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, scale) = self.0.as_bigint_and_exponent();
        if scale.abs() > MAX_PLAIN_EXPONENT {
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

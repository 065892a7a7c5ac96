//! Numbers of few digits, read from cells without an allocation.

use std::fmt::{self, Write as _};

use crate::store::ValueRef;
use crate::value::{Decimal, Small, Value};

/// The number that a cell is, or that its plain text writes; `None` where it takes a [`crate::value::Decimal`] to say.
///
/// What it gives is what casting to a number gives. A value that has a cell of its own is expected as that.
pub(super) fn small(cell: &ValueRef<'_>) -> Option<Small> {
    match cell {
        ValueRef::I64(it) => Some(whole(*it < 0, it.unsigned_abs())),
        ValueRef::Owned(Value::U64(it)) => Some(whole(false, *it)),
        ValueRef::Decimal(digits, scale) => Some(decimal(*digits, *scale)),
        ValueRef::Owned(Value::Decimal(it)) => it.small(),
        ValueRef::F64(it) => float(*it),
        ValueRef::Text(it) => written(it.as_bytes()),
        _ => None,
    }
}

fn whole(negative: bool, magnitude: u64) -> Small {
    Small {
        negative,
        magnitude,
        scale: 0,
    }
}

/// An optional sign and digits with an optional point between them, at most 18.
pub(super) fn written(text: &[u8]) -> Option<Small> {
    let (digits, scale) = Decimal::short(text)?;
    Some(decimal(digits, scale))
}

fn decimal(digits: i64, scale: u16) -> Small {
    Small {
        scale: scale.into(),
        ..whole(digits < 0, digits.unsigned_abs())
    }
}

/// A finite float by its shortest digits that read back as the same float.
fn float(number: f64) -> Option<Small> {
    if !number.is_finite() {
        return None;
    }
    let mut text = Digits::default();
    write!(text, "{number:e}").ok()?;
    let text = str::from_utf8(text.written.get(..text.length)?).ok()?;
    let (digits, exponent) = text.split_once('e')?;
    let small = written(digits.as_bytes())?;
    Some(Small {
        scale: small.scale.checked_sub(exponent.parse().ok()?)?,
        ..small
    })
}

/// The shortest form of a float: a sign, 17 digits, a point and an exponent of four characters, `e` before it.
#[derive(Default)]
struct Digits {
    written: [u8; 32],
    length: usize,
}

impl fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let place = self.written.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cast::number;
    use super::*;
    use crate::canonical;
    use crate::value::Decimal;

    /// What `small` says of a value is what the decimal says.
    #[track_caller]
    fn check(value: &Value) {
        let Some(small) = small(&value.into()) else {
            return;
        };
        let mut found = Vec::new();
        canonical::small_number(small, &mut found);
        let number = number(value).expect("a number");
        // A big number with the same digits takes the long way.
        let (digits, scale) = number.normalized();
        assert_eq!(
            found,
            canonical::bytes(Some(&Value::Decimal(Decimal::new(digits, scale)))),
            "{value:?}"
        );
    }

    proptest! {
        #[test]
        fn a_float_is_the_decimal_of_its_shortest_digits(number: f64) {
            check(&Value::F64(number));
        }

        #[test]
        fn text_is_the_number_that_it_writes(text in "-?[0-9]{0,20}(\\.[0-9]{0,6})?") {
            check(&Value::Text(text));
        }

        #[test]
        fn a_decimal_is_itself(digits: i128, scale in -400_i64..400) {
            check(&Value::Decimal(Decimal::new(digits.into(), scale)));
        }
    }

    #[test]
    fn what_only_looks_like_a_number_is_left_to_the_decimal() {
        for text in [
            "", "-", ".5", "5.", "1_0", "+1", "1e3", " 1", "0x1", "--1", "1.2.3",
        ] {
            assert_eq!(small(&ValueRef::Text(text)), None, "{text:?}");
        }
    }
}

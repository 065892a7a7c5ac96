//! What holds of every value.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;
use crate::compare::times::cut;
use crate::value::{Decimal, Timestamp};

/// Letters that fold, compose or pad in unlike ways, among others.
fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        'a', 'A', ' ', 'é', 'É', 'ß', 'ẞ', 'ſ', 'ı', 'İ', 'ǰ', 'ΐ', 'ϴ', '\u{301}', '\u{307}',
        '\u{308}', '\u{345}', 'ᾳ', 'ᾼ', 'Α', 'ͅ', 'Ι', 'ι', 'ﬃ', 'ﬄ', 'ᏸ', 'ꭰ', '\u{212a}',
        '\u{2126}',
    ]);
    let letter = prop_oneof![4 => odd, 1 => any::<char>()];
    prop::collection::vec(letter, 0..6).prop_map(|it| it.into_iter().collect())
}

fn value() -> impl Strategy<Value = Value> {
    let number = (-200_i64..200, -1_i64..4);
    let instant = -3_000_000_000_i64..3_000_000_000;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(Value::I64),
        number
            .clone()
            .prop_map(|(digits, scale)| Value::Decimal(Decimal::new(digits.into(), scale))),
        number.prop_map(|(digits, scale)| Value::from(
            Decimal::new(digits.into(), scale).to_string().as_str()
        )),
        prop::sample::select(vec![0.0, -0.0, 0.5, 1.5, f64::NAN, f64::INFINITY])
            .prop_map(Value::F64),
        text().prop_map(Value::Text),
        instant.prop_map(|it| Value::Timestamp(
            Timestamp::from_nanosecond(it.into()).expect("in range")
        )),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Value::List)
    })
}

fn lenses() -> impl Strategy<Value = Vec<Lens>> {
    prop::sample::subsequence(
        vec![Lens::Casefold, Lens::Nfc, Lens::Rtrim, Lens::Set],
        0..=4,
    )
}

fn rule() -> impl Strategy<Value = FieldRule> {
    let casts = vec![
        None,
        Some(Cast::Int),
        Some(Cast::Decimal(1)),
        Some(Cast::Float(2)),
        Some(Cast::Text),
        Some(Cast::Bool),
        Some(Cast::Json),
        Some(Cast::Timestamp(Precision::Seconds)),
    ];
    let scale = prop_oneof![3 => Just(0), 1 => -2..3];
    (prop::sample::select(casts), lenses(), scale).prop_map(|(cast, compare, scale)| FieldRule {
        scale,
        cast,
        compare,
        ..plain()
    })
}

fn is_equal(truth: &Value, copy: &Value, rule: &FieldRule) -> bool {
    compare(Some(truth), rule, Some(copy), rule).verdict == FieldVerdict::Equal
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_value_equals_itself_exactly(value in value(), rule in rule()) {
        let outcome = compare(Some(&value), &rule, Some(&value), &rule);
        prop_assert_eq!((outcome.verdict, outcome.rule.as_str()), (FieldVerdict::Equal, "exact"));
    }

    #[test]
    fn equality_does_not_depend_on_the_side(one in value(), other in value(), rule in rule()) {
        prop_assert_eq!(is_equal(&one, &other, &rule), is_equal(&other, &one, &rule));
    }

    #[test]
    fn each_side_alone_gives_the_bytes_that_decide(one in value(), other in value(), rule in rule()) {
        let common = rule.cast.map_or(Common::AsIs, Common::Declared);
        let side = |value| canonical_side(Some(value), &rule, common, &rule.compare);
        if let (Some(_), Ok(left), Ok(right)) = (rule.cast, side(&one), side(&other)) {
            prop_assert_eq!(left == right, is_equal(&one, &other, &rule));
        }
    }

    #[test]
    fn lenses_are_idempotent(value in value(), lenses in lenses()) {
        let once = lens::apply(value, &lenses);
        prop_assert_eq!(canonical::bytes(Some(&lens::apply(once.clone(), &lenses))), canonical::bytes(Some(&once)));
    }

    #[test]
    fn what_one_lens_makes_equal_all_do(one in text(), other in text(), lenses in lenses(), more in lenses()) {
        let both: Vec<Lens> = lenses.iter().chain(&more).copied().collect();
        let same = |lenses: &[Lens]| lens::apply(one.as_str().into(), lenses) == lens::apply(other.as_str().into(), lenses);
        prop_assert!(!same(&lenses) || same(&both), "{lenses:?} but not {both:?}");
    }

    #[test]
    fn a_set_is_equal_in_any_order(items in prop::collection::vec(value(), 0..5).prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle()))) {
        let (one, other) = items;
        prop_assert!(is_equal(&Value::List(one), &Value::List(other), &seen(&[Lens::Set])));
    }

    #[test]
    fn a_scaled_number_equals_the_number(digits in any::<i64>(), by in -20_i32..20) {
        let (truth, copy) = (Decimal::new(digits.into(), 0), Decimal::new(digits.into(), by.into()));
        let outcome = compare(Some(&Value::Decimal(truth)), &plain(), Some(&Value::Decimal(copy)), &scale(by));
        prop_assert_eq!(outcome.verdict, FieldVerdict::Equal);
    }

    #[test]
    fn a_float_equals_its_shortest_decimal_and_no_neighbour(number in proptest::num::f64::NORMAL) {
        let decimal = |it: f64| Value::Decimal(Decimal::from_f64(it).expect("finite"));
        prop_assert!(is_equal(&decimal(number), &Value::F64(number), &plain()));
        prop_assert!(!is_equal(&decimal(number.next_up()), &Value::F64(number), &plain()));
    }

    #[test]
    fn rounding_is_to_the_nearest_and_of_two_the_even(digits in -100_000_i64..100_000, places in 0_u32..4) {
        let unit = 10_i64.pow(4 - places);
        let (quotient, rest) = (digits.div_euclid(unit), digits.rem_euclid(unit));
        let up = rest * 2 > unit || rest * 2 == unit && quotient % 2 != 0;
        let expected = Decimal::new(BigInt::from(quotient + i64::from(up)), places.into());
        prop_assert_eq!(Decimal::new(digits.into(), 4).rounded(places.into()), expected);
    }

    #[test]
    fn a_time_is_cut_to_the_last_unit_not_after_it(nanos in any::<i64>()) {
        let time = Timestamp::from_nanosecond(nanos.into()).expect("in range");
        for (precision, unit) in [(Precision::Seconds, 1_000_000_000), (Precision::Millis, 1_000_000), (Precision::Micros, 1_000), (Precision::Nanos, 1)] {
            let kept = cut(time, Some(precision)).as_nanosecond();
            prop_assert!(kept % unit == 0 && (0..unit).contains(&(i128::from(nanos) - kept)));
        }
    }
}

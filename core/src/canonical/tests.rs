use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use num_bigint::BigInt;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn json(text: &str) -> Value {
    Value::from_json(text).expect("JSON")
}

#[track_caller]
fn same(values: &[Value]) {
    for one in values {
        for other in values {
            assert!(equal(Some(one), Some(other)), "{one:?} and {other:?}");
        }
    }
}

#[track_caller]
fn apart(values: &[Value]) {
    for (at, one) in values.iter().enumerate() {
        for other in values.iter().skip(at + 1) {
            assert!(!equal(Some(one), Some(other)), "{one:?} and {other:?}");
        }
    }
}

#[test]
fn numbers_of_every_width_and_scale_are_one_class() {
    same(&["1", "1.0", "1.000", "0.1e1", "10e-1"].map(json));
    same(&[Value::I64(1), Value::U64(1), Value::BigInt(1.into())]);
    same(&["0", "-0", "0.00", "0e9"].map(json));
    same(&[json("18446744073709551615"), Value::U64(u64::MAX)]);
    apart(&["1", "-1", "10", "0.1", "0", "9223372036854775808"].map(json));
}

#[test]
fn classes_do_not_mix() {
    let now = Timestamp::UNIX_EPOCH;
    let time = jiff::tz::TimeZone::UTC.to_datetime(now);
    apart(&[
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        Value::I64(1),
        Value::F64(1.0),
        Value::from("1"),
        Value::Bytes(b"1".to_vec()),
        Value::Timestamp(now),
        Value::DateTime(time),
        Value::Date(time.date()),
        Value::Time(time.time()),
        Value::Duration(SignedDuration::from_nanos(1)),
        Value::Uuid(Uuid::nil()),
        json("[1]"),
        json(r#"{"1":1}"#),
        Value::Vector(vec![1.0]),
        native("int4", "1"),
        native("int", "41"),
    ]);
}

fn native(type_name: &str, text: &str) -> Value {
    let (type_name, text) = (type_name.to_owned(), text.to_owned());
    Value::Native { type_name, text }
}

#[test]
fn null_is_not_absent() {
    assert!(!equal(Some(&Value::Null), None));
    assert!(equal(None, None));
    assert_eq!(bytes(Some(&Value::Null)), [0]);
    assert_eq!(bytes(None), [1]);
}

#[test]
fn floats_have_one_zero_and_one_nan() {
    same(&[Value::F64(0.0), Value::F64(-0.0)]);
    same(&[
        Value::F64(f64::NAN),
        Value::F64(-f64::NAN),
        Value::F64(f64::from_bits(0x7ff0_0000_0000_0001)),
    ]);
    same(&[
        Value::Vector(vec![0.0, f32::NAN]),
        Value::Vector(vec![-0.0, -f32::NAN]),
    ]);
    apart(&[
        Value::F64(0.1),
        Value::F64(0.1 + f64::EPSILON),
        Value::F64(f64::INFINITY),
    ]);
}

#[test]
fn text_never_runs_together() {
    apart(
        &[
            r#"["p|q","r"]"#,
            r#"["p","q|r"]"#,
            r#"["p|q|r"]"#,
            r#"["p|qr",""]"#,
        ]
        .map(json),
    );
    apart(
        &[
            r#"["a"]"#,
            r#"[["a"]]"#,
            r#"["a",[]]"#,
            r#"[["a",[]]]"#,
            "[]",
            "[[]]",
        ]
        .map(json),
    );
    apart(&[r#"{"ab":"c"}"#, r#"{"a":"bc"}"#, r#"{"a":"b","c":""}"#].map(json));
    apart(&[
        json("null"),
        json(r#""null""#),
        json(r#""<null>""#),
        json(r#""""#),
    ]);
    apart(&["é", "e\u{301}", "E\u{301}", "e", "e "].map(Value::from));
}

#[test]
fn the_order_of_members_does_not_matter_and_that_of_items_does() {
    same(
        &[
            r#"{"a":1,"b":{"c":2,"d":3}}"#,
            r#"{"b":{"d":3,"c":2},"a":1}"#,
        ]
        .map(json),
    );
    apart(&["[1,2]", "[2,1]", "[1,2,2]"].map(json));
}

#[test]
fn a_hostile_exponent_stays_short() {
    for text in ["1e999999999", "-1e-999999999", "1e9223372036854775807"] {
        assert!(bytes(Some(&json(text))).len() < 32, "{text}");
    }
    apart(&["1e999999999", "1e999999998", "1e-999999999", "0"].map(json));
    same(&["1e999999999", "10e999999998"].map(json));
}

#[test]
fn the_form_is_that_of_version_one() {
    let value = json(r#"{"b":[1.50,-20,null,true],"a":"é"}"#);
    let form = hex::encode(bytes(Some(&value)));
    expect_test::expect![[
        "0f0201610602c3a901620e0404020000000000000001010f0400ffffffffffffffff01020003"
    ]]
    .assert_eq(&form);
}

#[test]
fn lengths_and_digits_of_several_bytes_are_those_of_version_one() {
    let head = |length: usize| {
        let form = bytes(Some(&Value::from("a".repeat(length).as_str())));
        hex::encode(form.split(|it| *it == b'a').next().unwrap_or_default())
    };
    assert_eq!(
        [0, 127, 128, 300].map(head),
        ["0600", "067f", "068001", "06ac02"]
    );
    let number = |text: &str| {
        let form = hex::encode(bytes(Some(&json(text))));
        form.strip_prefix("04").unwrap_or_default().to_owned()
    };
    let scale = "0000000000000000";
    assert_eq!(number("0"), format!("01{scale}00"));
    assert_eq!(number("256"), format!("02{scale}020100"));
    assert_eq!(number("-65537"), format!("00{scale}03010001"));
    assert_eq!(
        number("18446744073709551615"),
        format!("02{scale}08{}", "ff".repeat(8))
    );
    assert_eq!(
        number("18446744073709551616"),
        format!("02{scale}0901{}", "00".repeat(8))
    );
}

/// The same meaning, said without bytes.
fn mean_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| mean_the_same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            let has = |name: &str, value: &Value| {
                other
                    .iter()
                    .any(|(it, other)| it == name && mean_the_same(value, other))
            };
            one.len() == other.len() && one.iter().all(|(name, value)| has(name, value))
        }
        (Value::F64(one), Value::F64(other)) => {
            one.partial_cmp(other).is_some_and(Ordering::is_eq) || one.is_nan() && other.is_nan()
        }
        (one, other) => match (decimal(one), decimal(other)) {
            (Some(one), Some(other)) => one.compare_size(&other).is_eq(),
            _ => one == other,
        },
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::I64(it) => Some(BigInt::from(*it).into()),
        Value::U64(it) => Some(BigInt::from(*it).into()),
        Value::BigInt(it) => Some(it.clone().into()),
        Value::Decimal(it) => Some(it.clone()),
        _ => None,
    }
}

/// Few and small values, so that equal ones meet.
fn leaf() -> impl Strategy<Value = Value> {
    let number = (-12_i64..=12, -2_i64..3)
        .prop_map(|(digits, scale)| Value::Decimal(Decimal::new(digits.into(), scale)));
    let float = prop::sample::select(vec![0.0, -0.0, 1.0, 0.1, f64::NAN, f64::INFINITY]);
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(|it| Value::I64(it * 10)),
        (0_u64..3).prop_map(Value::U64),
        (-3_i64..4).prop_map(|it| Value::BigInt(it.into())),
        number,
        float.prop_map(Value::F64),
        "[ab|]{0,3}".prop_map(Value::Text),
        "[ab|]{0,3}".prop_map(|it| Value::Bytes(it.into_bytes())),
        (-2_i64..3).prop_map(|it| Value::Timestamp(
            Timestamp::from_nanosecond(it.into()).expect("in range")
        )),
        ("[ab]{0,2}", "[ab]{0,2}").prop_map(|(name, text)| native(&name, &text)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        let members = prop::collection::btree_map("[ab]{0,2}", inner.clone(), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::List),
            members.prop_map(|it| Value::Map(it.into_iter().collect())),
        ]
    })
}

/// Reverses the order of members everywhere.
fn reversed(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(reversed).collect()),
        Value::Map(members) => {
            let members = members.iter().rev();
            Value::Map(
                members
                    .map(|(name, it)| (name.clone(), reversed(it)))
                    .collect(),
            )
        }
        _ => value.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_bytes_are_the_same_exactly_if_the_meaning_is(one in value(), other in value()) {
        prop_assert_eq!(equal(Some(&one), Some(&other)), mean_the_same(&one, &other));
    }

    #[test]
    fn near_values_are_told_apart_too(one in leaf(), other in leaf(), tail in value()) {
        let lists = [one.clone(), other.clone()].map(|it| Value::List(vec![it, tail.clone()]));
        let [left, right] = &lists;
        prop_assert_eq!(equal(Some(left), Some(right)), mean_the_same(&one, &other));
    }

    #[test]
    fn no_form_begins_another(one in value(), other in value()) {
        let (one, other) = (bytes(Some(&one)), bytes(Some(&other)));
        prop_assert!(one == other || !one.starts_with(&other));
    }

    #[test]
    fn the_order_of_members_never_matters(value in value()) {
        prop_assert!(equal(Some(&value), Some(&reversed(&value))));
    }

    #[test]
    fn small_and_big_integers_have_one_form(number in any::<i64>()) {
        prop_assert_eq!(bytes(Some(&Value::I64(number))), bytes(Some(&Value::BigInt(number.into()))));
    }
}

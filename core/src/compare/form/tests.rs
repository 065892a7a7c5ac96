//! Equal bytes mean equal, always; and equal values of the expected types have equal bytes.

use jiff::civil;
use proptest::prelude::*;

use super::*;
use crate::compare::{FieldVerdict, compare};
use crate::name::FieldPath;
use crate::store::TypeShare;
use crate::value::{Decimal, Timestamp, Uuid};

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "a ",
    "1",
    "1.0",
    "01",
    "1e0",
    "-0",
    "true",
    "null",
    "\"a\"",
    "[1]",
    "[1.0]",
    "{\"a\":1}",
    "NaN",
    "2026-01-02",
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05.5Z",
    "03:04:05",
    "61",
    "00000000-0000-0000-0000-000000000001",
    "00000000000000000000000000000001",
    "straße",
    "STRASSE",
    "e\u{301}",
    "é",
    "1767323045",
    "1767323045000",
];

/// The same values as they are and within lists and maps.
const JSON: &[&str] = &[
    "null",
    " null ",
    "true",
    "1",
    "1.50",
    "\"a\"",
    "[]",
    "[1, 1.0, \"A\", null]",
    "[\"b\", \"a\", \"A\"]",
    "{\"b\": 1e3, \"a\": [true]}",
    "{\"b\": {\"d\": 1, \"c\": -2.50}, \"a\": \"e\u{301}\"}",
    "{\"a\": 1, \"a\": 2}",
    "[1",
];

/// Values that are often equal under some rule, of every kind.
fn values() -> Vec<Value> {
    let moment = |nanos: i64| {
        Value::Timestamp(
            Timestamp::from_nanosecond(1_767_323_045_000_000_000 + i128::from(nanos))
                .expect("a time"),
        )
    };
    let local = civil::datetime(2026, 1, 2, 3, 4, 5, 0);
    let mut values: Vec<Value> = TEXTS.iter().map(|it| Value::from(*it)).collect();
    values.extend([Value::Null, Value::Bool(true), Value::Bool(false)]);
    values.extend(
        [
            0,
            1,
            -1,
            10,
            1_767_323_045,
            1_767_323_045_000,
            4_294_967_296,
            i64::MIN,
        ]
        .map(Value::I64),
    );
    values.extend(
        [
            0.0,
            -0.0,
            1.0,
            0.5,
            f64::NAN,
            f64::INFINITY,
            1_767_323_045.5,
            1e300,
        ]
        .map(Value::F64),
    );
    values.push(Value::U64(1));
    values.push(Value::BigInt(1.into()));
    values.extend(
        [(1, 0), (10, 1), (100, 2), (5, 1), (104, 2), (1045, 3)]
            .map(|(digits, scale)| Value::Decimal(Decimal::new(digits.into(), scale))),
    );
    values.extend([0, 1, 1_000, 500_000_000, 999_999_999].map(moment));
    values.extend([
        Value::DateTime(local),
        Value::Date(local.date()),
        Value::Time(local.time()),
    ]);
    values.push(Value::DateTime(civil::datetime(
        2026,
        1,
        2,
        3,
        4,
        5,
        500_000_000,
    )));
    values.push(Value::Uuid(Uuid::from_u128(1)));
    values.extend(
        [
            b"a".to_vec(),
            b"1".to_vec(),
            vec![0; 16],
            Uuid::from_u128(1).as_bytes().to_vec(),
        ]
        .map(Value::Bytes),
    );
    values.extend(containers());
    values
}

fn containers() -> Vec<Value> {
    vec![
        Value::List(vec![Value::I64(1)]),
        Value::List(vec![Value::F64(1.0)]),
        Value::List(vec![Value::from("b"), Value::from("A")]),
        Value::List(vec![Value::from("a"), Value::from("b")]),
        Value::Map(vec![("a".to_owned(), Value::I64(1))]),
        Value::Vector(vec![1.0]),
        Value::Native {
            type_name: "inet".to_owned(),
            text: "a".to_owned(),
        },
    ]
}

fn rules() -> impl Strategy<Value = FieldRule> {
    use crate::compare::{Cast as C, Encoding as E, Lens as L};
    let from = prop_oneof![
        6 => Just(None),
        4 => prop::sample::select(vec![E::UnixSeconds, E::UnixMillis, E::Hex, E::Base64, E::Zone("Europe/Berlin".to_owned())]).prop_map(Some),
    ];
    let casts = vec![
        C::Int,
        C::Decimal(1),
        C::Decimal(2),
        C::Float(2),
        C::Text,
        C::Bool,
        C::Timestamp(Precision::Seconds),
        C::Date,
        C::Uuid,
        C::Json,
        C::Bytes,
    ];
    let cast = prop_oneof![6 => Just(None), 4 => prop::sample::select(casts).prop_map(Some)];
    let lenses = prop::sample::subsequence(vec![L::Casefold, L::Nfc, L::Rtrim, L::Set], 0..=4);
    let lenses = prop_oneof![1 => Just(Vec::new()), 1 => lenses];
    let precision = prop_oneof![
        2 => Just(None),
        1 => prop::sample::select(vec![Precision::Seconds, Precision::Millis, Precision::Nanos]).prop_map(Some),
    ];
    let scale = prop_oneof![4 => Just(0), 1 => -3..4_i32];
    (from, scale, cast, lenses, any::<bool>(), precision).prop_map(
        |(from, scale, cast, compare, null_is_absent, precision)| FieldRule {
            path: FieldPath::name("it"),
            from,
            scale,
            cast,
            compare,
            null_is_absent,
            precision,
        },
    )
}

fn shape(type_name: &str) -> FieldShape {
    FieldShape {
        name: "it".to_owned(),
        declared: None,
        types: vec![TypeShare {
            type_name: type_name.to_owned(),
            share: 1.0,
        }],
        precision: None,
        nullable: true,
    }
}

fn shapes() -> impl Strategy<Value = Option<FieldShape>> {
    let names = vec![
        "int",
        "decimal",
        "float",
        "text",
        "timestamp",
        "datetime",
        "date",
        "time",
        "uuid",
        "list",
        "map",
        "bool",
        "bytes",
        "inet",
    ];
    prop_oneof![1 => Just(None), 5 => prop::sample::select(names).prop_map(|it| Some(shape(it)))]
}

/// Lists whose items are lent, some of which have to be made values of after all.
const LISTS: &[&[ValueRef<'static>]] = &[
    &[],
    &[ValueRef::Text("b"), ValueRef::Null, ValueRef::Text("a")],
    &[
        ValueRef::I64(1),
        ValueRef::F64(1.5),
        ValueRef::Decimal(150, 2),
        ValueRef::Bool(true),
    ],
    &[ValueRef::F64(f64::NAN)],
    &[ValueRef::List(&[ValueRef::I64(1)])],
    &[ValueRef::Json(b"[1]")],
];

#[test]
fn lists_of_plain_items_are_written_without_a_value() {
    let rule = FieldRule::plain(FieldPath::name("tags"));
    let side = Expected {
        rule: &rule,
        shape: None,
    };
    let [form, _] = Form::pair(side, side);
    let is_quick = |items| {
        form.quick(
            &ValueRef::List(items),
            &mut Vec::new(),
            &mut Buffers::default(),
        )
    };
    let quick: Vec<bool> = LISTS.iter().map(|it| is_quick(it)).collect();
    assert_eq!(quick, [true, true, true, false, false, false]);
}

fn bytes(form: &Form, value: Option<&Value>) -> Vec<u8> {
    let mut out = Vec::new();
    let cell = value.map_or(ValueRef::Absent, ValueRef::Owned);
    form.write(&cell, &mut out, &mut Buffers::default());
    out
}

fn is_equal(
    one: Option<&Value>,
    one_rule: &FieldRule,
    other: Option<&Value>,
    rule: &FieldRule,
) -> bool {
    compare(one, one_rule, other, rule).verdict == FieldVerdict::Equal
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn equal_bytes_mean_equal_values_whatever_was_expected(
        truth_rule in rules(), rule in rules(), truth_shape in shapes(), shape in shapes(), is_same_rule: bool,
    ) {
        let rule = if is_same_rule { truth_rule.clone() } else { rule };
        let truth = Expected { rule: &truth_rule, shape: truth_shape.as_ref() };
        let [one, other] = Form::pair(truth, Expected { rule: &rule, shape: shape.as_ref() });
        let values: Vec<Option<Value>> = values().into_iter().map(Some).chain([None]).collect();
        let copies: Vec<Vec<u8>> = values.iter().map(|it| bytes(&other, it.as_ref())).collect();
        for truth in &values {
            let mine = bytes(&one, truth.as_ref());
            for (copy, _) in values.iter().zip(&copies).filter(|(_, it)| **it == mine) {
                let is_equal = is_equal(truth.as_ref(), &truth_rule, copy.as_ref(), &rule);
                prop_assert!(is_equal, "{truth:?} and {copy:?} under {truth_rule:?} and {rule:?}");
            }
        }
    }

    #[test]
    fn the_quick_way_writes_what_the_long_way_writes(truth_rule in rules(), rule in rules(), truth_shape in shapes(), shape in shapes()) {
        let truth = Expected { rule: &truth_rule, shape: truth_shape.as_ref() };
        for form in Form::pair(truth, Expected { rule: &rule, shape: shape.as_ref() }) {
            for value in values() {
                let (mut quick, mut slow) = (Vec::new(), Vec::new());
                if form.quick(&ValueRef::Owned(&value), &mut quick, &mut Buffers::default()) {
                    form.slow(&ValueRef::Owned(&value), &mut slow);
                    prop_assert_eq!(quick, slow, "{:?} under {:?}", value, form);
                }
            }
            for items in LISTS {
                let (mut quick, mut slow) = (Vec::new(), Vec::new());
                let list = ValueRef::List(items);
                if form.quick(&list, &mut quick, &mut Buffers::default()) {
                    form.slow(&list, &mut slow);
                    prop_assert_eq!(quick, slow, "{:?} under {:?}", list, form);
                }
            }
            for text in JSON {
                let (mut quick, mut slow) = (Vec::new(), Vec::new());
                if form.quick(&ValueRef::json(text.as_bytes()), &mut quick, &mut Buffers::default()) {
                    form.slow(&ValueRef::Owned(&Value::of_json(text)), &mut slow);
                    prop_assert_eq!(quick, slow, "{} under {:?}", text, form);
                }
            }
        }
    }
}

/// Pairs of types that need no rule: wherever the values compare equal, the bytes are equal.
#[test]
fn equal_values_of_the_expected_types_have_equal_bytes() {
    let names = [
        "int",
        "decimal",
        "float",
        "text",
        "timestamp",
        "datetime",
        "date",
        "time",
        "uuid",
        "list",
        "map",
        "bool",
        "bytes",
        "inet",
    ];
    let rules = [
        &[][..],
        &[Lens::Casefold],
        &[Lens::Nfc, Lens::Rtrim],
        &[Lens::Set],
    ]
    .map(|lenses| FieldRule {
        compare: lenses.to_vec(),
        ..FieldRule::plain(FieldPath::name("it"))
    });
    let mut met = 0;
    for rule in &rules {
        for (one, other) in names
            .iter()
            .flat_map(|one| names.iter().map(move |other| (*one, *other)))
        {
            met += check_complete(rule, one, other);
        }
    }
    assert!(met > 200, "{met}");
}

fn check_complete(rule: &FieldRule, one: &str, other: &str) -> usize {
    let (truth_shape, copy_shape) = (shape(one), shape(other));
    let truth = Expected {
        rule,
        shape: Some(&truth_shape),
    };
    let forms = Form::pair(
        truth,
        Expected {
            rule,
            shape: Some(&copy_shape),
        },
    );
    let of = |name: &str| -> Vec<Value> {
        values()
            .into_iter()
            .filter(|it| it.type_name() == name)
            .collect()
    };
    let mut met = 0;
    for (truth, copy) in of(one)
        .iter()
        .flat_map(|it| of(other).into_iter().map(move |copy| (it.clone(), copy)))
    {
        if is_equal(Some(&truth), rule, Some(&copy), rule) {
            met += 1;
            assert_eq!(
                bytes(&forms[0], Some(&truth)),
                bytes(&forms[1], Some(&copy)),
                "{truth:?} and {copy:?} under {rule}"
            );
        }
    }
    met
}

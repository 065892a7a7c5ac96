use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;
use crate::compare::{Cast, Encoding};
use crate::name::FieldPath;
use crate::store::Precision;
use crate::value::Uuid;

mod forms;
mod laws;
mod times;

fn plain() -> FieldRule {
    FieldRule::plain(FieldPath::name("it"))
}

fn cast(cast: Cast) -> FieldRule {
    let cast = Some(cast);
    FieldRule { cast, ..plain() }
}

fn from(from: Encoding) -> FieldRule {
    let from = Some(from);
    FieldRule { from, ..plain() }
}

fn zone(name: &str) -> FieldRule {
    from(Encoding::Zone(name.to_owned()))
}

fn scale(scale: i32) -> FieldRule {
    FieldRule { scale, ..plain() }
}

fn kept_to(precision: Precision) -> FieldRule {
    let precision = Some(precision);
    FieldRule {
        precision,
        ..plain()
    }
}

fn seen(lenses: &[Lens]) -> FieldRule {
    let compare = lenses.to_vec();
    FieldRule { compare, ..plain() }
}

fn json(text: &str) -> Value {
    Value::from_json(text).expect("JSON")
}

fn at(text: &str) -> Value {
    Value::Timestamp(text.parse().expect("a timestamp"))
}

fn local(text: &str) -> Value {
    Value::DateTime(text.parse().expect("a date and time"))
}

fn day(text: &str) -> Value {
    Value::Date(text.parse().expect("a date"))
}

/// One comparison a line: the two values as JSON or text, then verdict, rule and why.
#[track_caller]
fn check<const N: usize>(
    truth_rule: &FieldRule,
    rule: &FieldRule,
    pairs: [(Value, Value); N],
    expected: &Expect,
) {
    let mut table = String::new();
    for (truth, copy) in pairs {
        let outcome = compare(Some(&truth), truth_rule, Some(&copy), rule);
        writeln!(table, "{truth} ~ {copy}: {}", line(&outcome)).expect("text");
    }
    // A combining accent is spelled out, for two spellings of one letter look the same.
    expected.assert_eq(&table.replace('\u{301}', "\\u{301}"));
}

fn line(outcome: &Outcome) -> String {
    let why = outcome.why.as_deref().map(|it| format!(" | {it}"));
    format!(
        "{:?} | {}{}",
        outcome.verdict,
        outcome.rule,
        why.unwrap_or_default()
    )
}

#[test]
fn what_is_equal_with_nothing_applied_is_exactly_equal() {
    let lenient = FieldRule {
        compare: vec![Lens::Casefold],
        ..cast(Cast::Int)
    };
    check(
        &plain(),
        &lenient,
        [
            (json("1"), json("1.000")),
            ("abc".into(), "abc".into()),
            (Value::Null, Value::Null),
            (json(r#"{"a":1,"b":[2]}"#), json(r#"{"b":[2.0],"a":1}"#)),
        ],
        &expect![[r#"
            1 ~ 1.000: Equal | exact
            abc ~ abc: Equal | exact
            null ~ null: Equal | exact
            {"a":1,"b":[2]} ~ {"b":[2.0],"a":1}: Equal | exact
        "#]],
    );
}

#[test]
fn without_a_cast_the_narrower_type_decides() {
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    check(
        &plain(),
        &plain(),
        [
            ("12.50".into(), json("12.5")),
            (json("12.5"), Value::F64(12.5)),
            (json("0.1"), Value::F64(0.1)),
            (json("0.1"), Value::F64(0.1 + f64::EPSILON)),
            (Value::F64(0.5), "0.5".into()),
            (json("1"), "one".into()),
            (json("1"), "1_0".into()),
            ("1.0".into(), "1".into()),
            (
                Value::Uuid(id.parse().expect("a UUID")),
                id.to_uppercase().as_str().into(),
            ),
            (json("[1,2.5]"), "[1, 2.50]".into()),
            (
                json(r#"{"a":0.1}"#),
                Value::Map(vec![("a".to_owned(), Value::F64(0.1))]),
            ),
            (Value::Vector(vec![0.1, 1.0]), json("[0.1,1]")),
            (Value::Bool(true), json("1")),
            (Value::Bool(true), "true".into()),
            (Value::Bytes(b"a".to_vec()), "a".into()),
            (Value::Null, "".into()),
            (
                Value::Native {
                    type_name: "inet".to_owned(),
                    text: "::1".to_owned(),
                },
                "::1".into(),
            ),
        ],
        &expect![[r#"
            12.50 ~ 12.5: Equal | as number
            12.5 ~ 12.5: Equal | as number
            0.1 ~ 0.1: Equal | as number
            0.1 ~ 0.10000000000000023: Different | as number
            0.5 ~ 0.5: Equal | as number
            1 ~ one: Different | as number | this "one" is not a number
            1 ~ 1_0: Different | as number | this "1_0" is not a number
            1.0 ~ 1: Different | exact
            67e55044-10b1-426f-9247-bb680e5fe0c8 ~ 67E55044-10B1-426F-9247-BB680E5FE0C8: Equal | as uuid
            [1,2.5] ~ [1, 2.50]: Equal | as json
            {"a":0.1} ~ {"a":0.1}: Equal | as json
            [0.1, 1.0] ~ [0.1,1]: Equal | as json
            true ~ 1: Different | exact | a truth value equals only a truth value; where it is kept in another form, declare as = "bool"
            true ~ true: Different | exact | a truth value equals only a truth value; where it is kept in another form, declare as = "bool"
            YQ== ~ a: Different | exact
            null ~ : Different | exact
            ::1 ~ ::1: Equal | as text
        "#]],
    );
}

#[test]
fn lenses_take_unlike_text_for_equal_and_the_least_is_named() {
    check(
        &plain(),
        &seen(&[Lens::Casefold, Lens::Nfc, Lens::Rtrim]),
        [
            ("Straße".into(), "STRASSE".into()),
            ("é".into(), "e\u{301}".into()),
            ("a  ".into(), "a".into()),
            ("É ".into(), "e\u{301}".into()),
            ("a\t".into(), "a".into()),
            ("a".into(), "b".into()),
        ],
        &expect![[r"
            Straße ~ STRASSE: Equal | casefold
            é ~ e\u{301}: Equal | nfc
            a   ~ a: Equal | rtrim
            É  ~ e\u{301}: Equal | casefold, nfc, rtrim
            a	 ~ a: Different | casefold, nfc, rtrim
            a ~ b: Different | casefold, nfc, rtrim
        "]],
    );
    check(
        &plain(),
        &seen(&[Lens::Casefold]),
        [
            ("é".into(), "e\u{301}".into()),
            (json(r#"["A",{"k":"B"}]"#), json(r#"["a",{"k":"b"}]"#)),
            (json(r#"{"K":1}"#), json(r#"{"k":1}"#)),
        ],
        &expect![[r#"
            é ~ e\u{301}: Different | casefold
            ["A",{"k":"B"}] ~ ["a",{"k":"b"}]: Equal | casefold
            {"K":1} ~ {"k":1}: Different | casefold
        "#]],
    );
    check(
        &plain(),
        &seen(&[Lens::Set]),
        [
            (json("[1,2,3]"), json("[3,1,2]")),
            (json("[1,1,2]"), json("[1,2,2]")),
            (json("[[1,2],[3]]"), json("[[3],[2,1]]")),
            (json("[1,2]"), "[2,1.0]".into()),
        ],
        &expect![["
            [1,2,3] ~ [3,1,2]: Equal | set
            [1,1,2] ~ [1,2,2]: Different | set
            [[1,2],[3]] ~ [[3],[2,1]]: Equal | set
            [1,2] ~ [2,1.0]: Equal | as json, set
        "]],
    );
}

#[test]
fn null_is_not_absent_unless_declared() {
    let null = Value::Null;
    let one = json("1");
    let strict = plain();
    let lenient = FieldRule {
        null_is_absent: true,
        ..plain()
    };
    let mut table = String::new();
    for (name, rule) in [("strict", &strict), ("null = absent", &lenient)] {
        for (truth, copy) in [
            (None, None),
            (Some(&null), None),
            (None, Some(&null)),
            (Some(&one), None),
            (None, Some(&one)),
            (Some(&one), Some(&null)),
        ] {
            let show = |it: Option<&Value>| it.map_or("absent".to_owned(), ToString::to_string);
            let outcome = compare(truth, &plain(), copy, rule);
            writeln!(
                table,
                "{name}: {} ~ {}: {}",
                show(truth),
                show(copy),
                line(&outcome)
            )
            .expect("text");
        }
    }
    expect![[r#"
        strict: absent ~ absent: Equal | exact
        strict: null ~ absent: Absent | exact | null is not absent; where it means the same, declare null = "absent"
        strict: absent ~ null: Different | exact | null is not absent; where it means the same, declare null = "absent"
        strict: 1 ~ absent: Absent | exact
        strict: absent ~ 1: Different | exact | the source has no such field
        strict: 1 ~ null: Different | exact
        null = absent: absent ~ absent: Equal | exact
        null = absent: null ~ absent: Equal | null = absent
        null = absent: absent ~ null: Equal | null = absent
        null = absent: 1 ~ absent: Absent | exact
        null = absent: absent ~ 1: Different | exact | the source has no such field
        null = absent: 1 ~ null: Different | exact
    "#]].assert_eq(&table);
}

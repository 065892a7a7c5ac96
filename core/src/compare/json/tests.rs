//! One pass over a text writes what the long way by a value writes, or nothing.

use proptest::prelude::*;

use super::*;

fn quick(text: &str) -> Option<Vec<u8>> {
    let mut out = vec![7];
    let is_written = write_text(text.as_bytes(), &mut out, &mut Buffers::default());
    assert!(is_written || out == [7], "{text} left something behind");
    is_written.then(|| out.split_off(1))
}

fn slow(text: &str) -> Option<Vec<u8>> {
    let value = Value::from_json(text).ok()?;
    Some(canonical::bytes(Some(&plain(&value))))
}

#[test]
fn what_is_common_is_written_in_one_pass() {
    let texts = [
        "[]",
        "{}",
        " [1, -2, 2.50, 0, -0.0, true, false, null] ",
        r#"{"b": {"z": [], "a": "x"}, "a": [{"d": 1, "c": 2}], "": "é\u00e9\"\\"}"#,
        r#"{"aa": 1, "b": 2, "a": {"b": 1, "a": 2}}"#,
        r#"{"abcdefghb": 1, "abcdefgh": 2, "abcdefgha": 3, "a": 4, "abcdefg": 5}"#,
        r#"{"a\u0000": 1, "a": 2}"#,
    ];
    for text in texts {
        assert_eq!(quick(text), slow(text), "{text}");
        assert!(quick(text).is_some(), "{text}");
    }
}

#[test]
fn what_is_rare_is_left_to_the_long_way() {
    let many = format!("[{}1]", "1,".repeat(127));
    let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
    let texts = [
        "1",
        "\"a\"",
        "null",
        "",
        "[1e3]",
        "[12345678901234567890]",
        r#"{"a":1,"b":2,"a":3}"#,
        "[1,]",
        "[1] 2",
        "[01]",
        "[NaN]",
        r#"["\ud800"]"#,
        "{\"a\":1",
        &many,
        &deep,
    ];
    for text in texts {
        assert_eq!(quick(text), None, "{text}");
    }
}

/// Names that are near to each other in their order.
const NAMES: &[&str] = &[
    "",
    "a",
    "a\0",
    "aa",
    "ab",
    "b",
    "é",
    "abcdefgh",
    "abcdefgha",
    "abcdefghb",
];

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|it| it.to_string()),
        any::<i64>().prop_map(|it| it.to_string()),
        (any::<i32>(), 0..1_000_u32).prop_map(|(whole, behind)| format!("{whole}.{behind}0")),
        any::<f64>().prop_map(|it| serde_json::json!(it).to_string()),
        any::<String>().prop_map(|it| serde_json::json!(it).to_string()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(NAMES).prop_map(str::to_owned),
            any::<String>(),
        ];
        let member = (name, inner.clone());
        let member = member.prop_map(|(name, it)| format!("{}: {it}", serde_json::json!(name)));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|it| format!("[{}]", it.join(" ,"))),
            prop::collection::vec(member, 0..6).prop_map(|it| format!("{{{}}}", it.join(", "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn one_pass_writes_what_the_long_way_writes(text in json()) {
        if let Some(quick) = quick(&text) {
            prop_assert_eq!(Some(quick), slow(&text));
        }
    }

    #[test]
    fn what_is_strange_is_no_trouble(text in json(), at: prop::sample::Index, with in r#"[\\"{}\[\],:0-9e.a ]"#) {
        let place = text.floor_char_boundary(at.index(text.len() + 1));
        let (before, behind) = text.split_at(place);
        let text = format!("{before}{with}{behind}");
        if let Some(quick) = quick(&text) {
            prop_assert_eq!(Some(quick), slow(&text));
        }
    }

    #[test]
    fn values_are_written_as_the_long_way_writes_them(text in json()) {
        let value = Value::from_json(&text).expect("JSON");
        let mut quick = Vec::new();
        write(&value, &mut quick);
        prop_assert_eq!(quick, canonical::bytes(Some(&plain(&value))));
    }
}

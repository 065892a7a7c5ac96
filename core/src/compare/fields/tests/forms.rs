use super::*;

#[test]
fn each_side_is_read_by_its_own_rule() {
    check(
        &kept_to(Precision::Micros),
        &from(Encoding::UnixMillis),
        [
            (at("2026-05-01T10:00:00Z"), json("1777629600000")),
            (at("2026-05-01T10:00:00.123456Z"), json("1777629600123")),
            (at("2026-05-01T10:00:00.123456Z"), json("1777629600124")),
            (at("2026-05-01T10:00:00.1234Z"), json("1777629600123.4")),
            (at("2026-05-01T10:00:00Z"), "1777629600000".into()),
            (at("2026-05-01T10:00:00Z"), "soon".into()),
            (at("2026-05-01T10:00:00Z"), json("1e999999999")),
        ],
        &expect![[r#"
            2026-05-01T10:00:00Z ~ 1777629600000: Equal | unix_ms
            2026-05-01T10:00:00.123456Z ~ 1777629600123: Equal | unix_ms, timestamp(ms)
            2026-05-01T10:00:00.123456Z ~ 1777629600124: Different | unix_ms, timestamp(ms)
            2026-05-01T10:00:00.1234Z ~ 1777629600123.4: Equal | unix_ms
            2026-05-01T10:00:00Z ~ 1777629600000: Equal | unix_ms
            2026-05-01T10:00:00Z ~ soon: Different | unix_ms | this "soon" is not a number
            2026-05-01T10:00:00Z ~ 1e999999999: Different | unix_ms | this decimal 1e999999999 is not a time within ten thousand years
        "#]],
    );
    check(
        &from(Encoding::UnixSeconds),
        &from(Encoding::UnixMillis),
        [
            (json("-1"), json("-1000")),
            (json("1"), json("1")),
            ("x".into(), json("1")),
        ],
        &expect![[r#"
            -1 ~ -1000: Equal | source unix_s, unix_ms
            1 ~ 1: Different | source unix_s, unix_ms, timestamp(s)
            x ~ 1: Unreadable | source unix_s, unix_ms | the source's "x" is not a number
        "#]],
    );
    check(
        &from(Encoding::Hex),
        &from(Encoding::Base64),
        [
            ("\\xFFfe".into(), "//4=".into()),
            ("fffe".into(), "__4".into()),
            ("ff".into(), "AA==".into()),
            ("0g".into(), "AA==".into()),
            ("00".into(), "A".into()),
        ],
        &expect![[r#"
            \xFFfe ~ //4=: Equal | source hex, base64
            fffe ~ __4: Equal | source hex, base64
            ff ~ AA==: Different | source hex, base64
            0g ~ AA==: Unreadable | source hex, base64 | the source's "0g" is not hexadecimal text
            00 ~ A: Different | source hex, base64 | this "A" is not base64 text
        "#]],
    );
}

#[test]
fn a_scale_moves_the_point() {
    check(
        &plain(),
        &scale(-2),
        [
            (json("12.50"), json("1250")),
            (json("5"), json("5")),
            (json("12.50"), "1250".into()),
            (json("12.50"), Value::F64(1250.0)),
            ("12.50".into(), json("1250")),
            (json("1"), json("true")),
        ],
        &expect![["
            12.50 ~ 1250: Equal | scale -2
            5 ~ 5: Different | scale -2
            12.50 ~ 1250: Equal | scale -2
            12.50 ~ 1250.0: Equal | scale -2
            12.50 ~ 1250: Equal | scale -2, as number
            1 ~ true: Different | scale -2 | this bool true is not a number
        "]],
    );
    let money = FieldRule {
        scale: -4,
        ..cast(Cast::Decimal(2))
    };
    check(
        &plain(),
        &money,
        [
            (json("12.50"), json("125049")),
            (json("12.50"), json("125050")),
            (json("12.51"), json("125050")),
        ],
        &expect![["
            12.50 ~ 125049: Equal | scale -4, as decimal(2)
            12.50 ~ 125050: Equal | scale -4, as decimal(2)
            12.51 ~ 125050: Different | scale -4, as decimal(2)
        "]],
    );
}

#[test]
fn decimals_are_rounded_half_to_even() {
    check(
        &plain(),
        &cast(Cast::Decimal(1)),
        [
            (json("0.25"), json("0.2")),
            (json("0.35"), Value::F64(0.4)),
            (json("1e999999999"), json("1e999999998")),
            (json("1"), "x".into()),
            ("x".into(), json("1")),
        ],
        &expect![[r#"
            0.25 ~ 0.2: Equal | as decimal(1)
            0.35 ~ 0.4: Equal | as decimal(1)
            1e999999999 ~ 1e999999998: Different | as decimal(1)
            1 ~ x: Different | as decimal(1) | this "x" is not a number
            x ~ 1: Unreadable | as decimal(1) | the source's "x" is not a number
        "#]],
    );
}

#[test]
fn whole_numbers_come_in_many_forms() {
    check(
        &plain(),
        &cast(Cast::Int),
        [
            ("7".into(), json("7.0")),
            (json("7"), json("7.5")),
            (Value::Bool(true), json("1")),
            ("abc".into(), "abd".into()),
        ],
        &expect![[r#"
            7 ~ 7.0: Equal | as int
            7 ~ 7.5: Different | as int | this decimal 7.5 is not a whole number
            true ~ 1: Equal | as int
            abc ~ abd: Unreadable | as int | the source's "abc" is not a whole number
        "#]],
    );
}

#[test]
fn floats_are_rounded_to_significant_digits() {
    check(
        &plain(),
        &cast(Cast::Float(3)),
        [
            (Value::F64(0.123_456), Value::F64(0.123)),
            (Value::F64(f64::NAN), "1".into()),
            (json("1000.4"), json("1000")),
        ],
        &expect![["
            0.123456 ~ 0.123: Equal | as float(3)
            NaN ~ 1: Different | as float(3)
            1000.4 ~ 1000: Equal | as float(3)
        "]],
    );
}

#[test]
fn truth_values_are_read_from_numbers_and_words() {
    check(
        &plain(),
        &cast(Cast::Bool),
        [
            (Value::Bool(true), json("1")),
            (Value::Bool(false), "F".into()),
            (Value::Bool(true), json("2")),
            (Value::Bool(true), Value::F64(1.0)),
        ],
        &expect![["
            true ~ 1: Equal | as bool
            false ~ F: Equal | as bool
            true ~ 2: Different | as bool | this int 2 is not a truth value
            true ~ 1.0: Equal | as bool
        "]],
    );
}

#[test]
fn as_text_the_spelling_counts() {
    check(
        &plain(),
        &cast(Cast::Text),
        [
            (json("1.50"), "1.50".into()),
            (json("1.5"), "1.50".into()),
            (Value::Bytes(vec![97]), "a".into()),
            (Value::Bytes(vec![255]), "a".into()),
        ],
        &expect![["
            1.50 ~ 1.50: Equal | as text
            1.5 ~ 1.50: Different | as text
            YQ== ~ a: Equal | as text
            /w== ~ a: Unreadable | as text | the source's bytes /w== is not text
        "]],
    );
}

#[test]
fn json_text_meets_lists_and_maps() {
    check(
        &plain(),
        &cast(Cast::Json),
        [
            (json(r#"["a",1]"#), r#"["a",1.0]"#.into()),
            ("{\"a\":1}".into(), "{ \"a\": 1 }".into()),
            (json("[]"), "nope".into()),
            (Value::Null, "null".into()),
        ],
        &expect![[r#"
            ["a",1] ~ ["a",1.0]: Equal | as json
            {"a":1} ~ { "a": 1 }: Equal | as json
            [] ~ nope: Different | as json | this "nope" is not JSON
            null ~ null: Equal | as json
        "#]],
    );
}

#[test]
fn uuids_have_many_spellings() {
    let id = Uuid::from_u128(1);
    check(
        &plain(),
        &cast(Cast::Uuid),
        [
            (Value::Uuid(id), Value::Bytes(id.as_bytes().to_vec())),
            (
                id.to_string().as_str().into(),
                id.simple().to_string().as_str().into(),
            ),
        ],
        &expect![["
            00000000-0000-0000-0000-000000000001 ~ AAAAAAAAAAAAAAAAAAAAAQ==: Equal | as uuid
            00000000-0000-0000-0000-000000000001 ~ 00000000000000000000000000000001: Equal | as uuid
        "]],
    );
}

#[test]
fn bytes_meet_text_by_its_utf_8() {
    check(
        &plain(),
        &cast(Cast::Bytes),
        [
            (Value::Bytes(b"a".to_vec()), "a".into()),
            (Value::Bytes(b"a".to_vec()), json("1")),
        ],
        &expect![["
            YQ== ~ a: Equal | as bytes
            YQ== ~ 1: Different | as bytes | this int 1 is not bytes
        "]],
    );
}

#[test]
fn a_date_is_that_in_utc() {
    check(
        &plain(),
        &cast(Cast::Date),
        [
            ("2026-05-01T23:30:00Z".into(), "2026-05-01".into()),
            (at("2026-05-01T23:30:00Z"), day("2026-05-02")),
        ],
        &expect![["
            2026-05-01T23:30:00Z ~ 2026-05-01: Equal | as date
            2026-05-01T23:30:00Z ~ 2026-05-02: Different | as date
        "]],
    );
}

#[test]
fn timestamps_are_cut_on_both_sides() {
    check(
        &plain(),
        &cast(Cast::Timestamp(Precision::Millis)),
        [
            (
                "2026-05-01T10:00:00.123456Z".into(),
                "2026-05-01T12:00:00.123+02:00".into(),
            ),
            ("2026-05-01T10:00:00Z".into(), json("1777629600")),
            ("2026-05-01T10:00:00".into(), "2026-05-01T10:00:00Z".into()),
        ],
        &expect![[r#"
            2026-05-01T10:00:00.123456Z ~ 2026-05-01T12:00:00.123+02:00: Equal | as timestamp(ms)
            2026-05-01T10:00:00Z ~ 1777629600: Unreadable | as timestamp(ms) | a number does not say from when and in which unit it counts: declare from = "unix_s" or "unix_ms"
            2026-05-01T10:00:00 ~ 2026-05-01T10:00:00Z: Unreadable | as timestamp(ms) | one side keeps a time without its zone: declare from = "zone:…" for it
        "#]],
    );
}

//! Mistakes that other tools of this kind have made, each as a test.

use super::world::{Row, World, row};
use crate::value::{Decimal, Key, Value};

/// Checks what is found, and that nothing else is.
#[track_caller]
fn check(mut world: World, expected: &[&str]) {
    let (findings, counts) = world.outcome();
    assert_eq!(findings, expected, "{counts:?}");
}

fn composite(parts: &[Value], name: Value) -> Row {
    Row {
        key: parts.to_vec(),
        ..row(0, name, -60_000)
    }
}

fn fields(key: i64, fields: &[(&str, Value)]) -> Row {
    Row {
        key: vec![Value::I64(key)],
        fields: fields
            .iter()
            .map(|(name, it)| ((*name).to_owned(), it.clone()))
            .collect(),
    }
}

/// A checksum that is linear over exclusive or forgets the same change in an even number of rows.
#[test]
fn the_same_change_in_an_even_number_of_rows_is_seen_in_each() {
    let mut world = World::new((1..=4).map(|it| row(it, "paid", -60_000)).collect(), 1);
    for at in [0, 2] {
        world.copy()[at].fields[0].1 = "void".into();
    }
    check(world, &["1 docs conflicts", "3 docs conflicts"]);
}

#[test]
fn rows_that_swap_their_values_do_not_cancel() {
    let mut world = World::new(
        (1..=6)
            .map(|it| row(it, format!("name {it}").as_str(), -60_000))
            .collect(),
        1,
    );
    let names: Vec<Value> = world
        .source()
        .iter()
        .map(|it| it.fields[0].1.clone())
        .collect();
    world.copy()[0].fields[0].1 = names[1].clone();
    world.copy()[1].fields[0].1 = names[0].clone();
    check(world, &["1 docs conflicts", "2 docs conflicts"]);
}

/// A sum of doubles is exact up to 2⁵³ only.
#[test]
fn numbers_beyond_doubles_are_exact() {
    let big = 9_007_199_254_740_993_i64;
    let rows = [big, i64::MAX, i64::MIN, big + 1].map(|it| fields(it, &[("name", Value::I64(it))]));
    let mut world = World::keyed(rows.to_vec(), 1, &[("id", "int")], &[("name", "int")]);
    world.copy()[0].fields[0].1 = Value::I64(big - 1);
    world.copy()[1].fields[0].1 = Value::I64(i64::MAX - 1);
    check(
        world,
        &[
            "9007199254740993 docs conflicts",
            "9223372036854775807 docs conflicts",
        ],
    );
}

#[test]
fn fields_do_not_run_together_and_null_is_no_word() {
    let pair = |key, one: Value, two: Value| fields(key, &[("one", one), ("two", two)]);
    let rows = vec![
        pair(1, "p|q".into(), "r".into()),
        pair(2, Value::Null, "x".into()),
        pair(3, "".into(), "ab".into()),
        pair(4, "x".into(), Value::Null),
    ];
    let mut world = World::keyed(
        rows,
        1,
        &[("id", "int")],
        &[("one", "text"), ("two", "text")],
    );
    *world.copy() = vec![
        pair(1, "p".into(), "q|r".into()),
        pair(2, "<null>".into(), "x".into()),
        pair(3, "a".into(), "b".into()),
        pair(4, Value::Null, "x".into()),
    ];
    check(
        world,
        &[
            "1 docs conflicts",
            "2 docs conflicts",
            "3 docs conflicts",
            "4 docs conflicts",
        ],
    );
}

#[test]
fn null_among_texts_is_sorted_and_not_a_crash() {
    let rows = vec![
        row(1, Value::Null, -60_000),
        row(2, "b", -60_000),
        row(3, Value::Null, -60_000),
    ];
    let mut world = World::new(rows, 1);
    world.copy()[0].fields[0].1 = "a".into();
    world.copy()[1].fields[0].1 = Value::Null;
    check(world, &["1 docs conflicts", "2 docs conflicts"]);
}

/// Whatever order a store sorts text keys in, and whatever it takes for equal, a key is its letters.
#[test]
fn text_keys_are_their_letters_in_any_collation() {
    let keys = ["a", "A", "á", "a\u{301}", "ß", "ss", "Z", "z", " a", "a "];
    let mut world = World::new(keys.iter().map(|it| row(*it, "x", -60_000)).collect(), 1);
    world.copy().reverse();
    check(world, &[]);
    let mut world = World::new(keys.iter().map(|it| row(*it, "x", -60_000)).collect(), 1);
    world
        .copy()
        .retain(|it| it.key != [Value::from("ß")] && it.key != [Value::from("a ")]);
    check(world, &["a  docs missing", "ß docs missing"]);
}

#[test]
fn the_first_and_the_last_key_are_not_left_out_and_keys_of_several_parts_may_be_null() {
    let part = |region: Value, number: i64| composite(&[region, Value::I64(number)], "x".into());
    let rows = vec![
        part("eu".into(), 1),
        part("eu".into(), 2),
        part(Value::Null, 1),
        part("us".into(), i64::MAX),
    ];
    let key = [("region", "text"), ("number", "int")];
    let fields = [("name", "text"), ("updated_at", "timestamp")];
    let mut world = World::keyed(rows, 1, &key, &fields);
    world.copy().remove(3);
    world.copy().remove(0);
    check(
        world,
        &[
            "[\"eu\",1] docs missing",
            "[\"us\",9223372036854775807] docs missing",
        ],
    );

    // No read finds a key that is null in part, so what differs there is not known, and said.
    let rows = vec![part("eu".into(), 1), part(Value::Null, 1)];
    let mut world = World::keyed(rows, 1, &key, &fields);
    world.copy().remove(1);
    let report = world.check();
    assert_eq!(report.counts().unknown, 1);
    assert_eq!(report.counts().agrees, 1);
    assert!(
        report.not_checked[0].why.contains("[null,1]"),
        "{:?}",
        report.not_checked
    );
}

#[test]
fn blanks_and_case_count_unless_a_lens_says_otherwise() {
    let rows = || {
        vec![
            row(1, "Ada", -60_000),
            row(2, "Bob", -60_000),
            row(3, "Eve", -60_000),
        ]
    };
    let differing = |world: &mut World| {
        world.copy()[0].fields[0].1 = "ADA".into();
        world.copy()[1].fields[0].1 = "Bob ".into();
    };
    let mut world = World::new(rows(), 1);
    differing(&mut world);
    check(world, &["1 docs conflicts", "2 docs conflicts"]);
    let mut world = World::new(rows(), 1);
    differing(&mut world);
    world.rule("name", |it| {
        it.compare = vec![crate::compare::Lens::Casefold, crate::compare::Lens::Rtrim];
    });
    check(world, &[]);
}

#[test]
fn floats_keep_all_their_digits_and_round_at_nothing_too() {
    let rows = vec![
        fields(1, &[("name", Value::F64(1_234_567.125))]),
        fields(2, &[("name", Value::F64(0.0))]),
        fields(3, &[("name", Value::F64(0.1 + 0.2))]),
        fields(4, &[("name", Value::F64(-0.0))]),
    ];
    let mut world = World::keyed(rows, 1, &[("id", "int")], &[("name", "float")]);
    world.shapes[1] = Ok(super::world::shape(
        "docs.things",
        &[("id", "int")],
        &[("name", "text")],
        true,
    ));
    for (at, text) in ["1234567", "0", "0.30000000000000004", "0.000"]
        .into_iter()
        .enumerate()
    {
        world.copy()[at].fields[0].1 = text.into();
    }
    check(world, &["1 docs conflicts"]);
}

#[test]
fn a_declared_rounding_makes_neighbours_equal_and_no_more() {
    let decimal = |digits: i64, scale| Value::Decimal(Decimal::new(digits.into(), scale));
    let rows = vec![
        fields(1, &[("name", decimal(0, 4))]),
        fields(2, &[("name", decimal(12_345, 4))]),
    ];
    let mut world = World::keyed(rows, 1, &[("id", "int")], &[("name", "decimal")]);
    world.rule("name", |it| {
        it.cast = Some(crate::compare::Cast::Decimal(2));
    });
    world.copy()[0].fields[0].1 = Value::F64(0.0);
    world.copy()[1].fields[0].1 = Value::F64(1.23);
    check(world, &[]);
}

/// A hash that folds 64 bits into 32 takes 1 and 4294967296 for one.
#[test]
fn keys_that_differ_in_their_upper_half_only_are_two() {
    let mut world = World::new(
        vec![row(1, "x", -60_000), row(4_294_967_296, "x", -60_000)],
        1,
    );
    world.copy().remove(1);
    check(world, &["4294967296 docs missing"]);
    let mut world = World::new(vec![row(1, Value::I64(1), -60_000)], 1);
    world.copy()[0].fields[0].1 = Value::I64(4_294_967_296);
    check(world, &["1 docs conflicts"]);
}

#[test]
fn the_most_extreme_keys_neither_overflow_nor_get_lost() {
    let keys = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let mut world = World::new(keys.map(|it| row(it, "x", -60_000)).to_vec(), 1);
    world.copy().clear();
    let expected: Vec<String> = keys.iter().map(|it| format!("{it} docs missing")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(world, &expected);
}

#[test]
fn a_number_is_the_text_of_a_key_pattern_and_a_longer_text_is_not() {
    let rows = vec![row(42, "x", -60_000), row(7, "x", -60_000)];
    let mut world = World::new(rows, 1);
    world.keyed_by_pattern("user:{id}");
    check(world, &[]);
    let mut world = World::new(vec![row(42, "x", -60_000)], 1);
    world.keyed_by_pattern("user:{id}");
    world.copy()[0].key = vec!["042".into()];
    world.now = super::world::at(60_000);
    check(world, &["42 docs missing", "042 docs orphan"]);
}

#[test]
fn keys_longer_than_a_cell_are_found_by_name() {
    let key = |it: usize| {
        format!("{it:04}-a-key-that-is-much-longer-than-what-a-cell-of-the-sketch-can-hold")
    };
    let rows: Vec<Row> = (0..300)
        .map(|it| row(key(it).as_str(), "x", -60_000))
        .collect();
    let mut world = World::new(rows, 2);
    world.copy().remove(17);
    world.copy()[100].fields[0].1 = "y".into();
    world.tables[2]
        .rows
        .push(row(key(999).as_str(), "x", -60_000));
    let expected = [
        format!("{} docs missing", key(17)),
        format!("{} docs conflicts", key(101)),
        format!("{} search orphan", key(999)),
    ];
    check(
        world,
        &expected.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

#[test]
fn findings_stand_in_the_order_of_numbers() {
    let mut world = World::new(
        [10, 9, 100, -2, 1].map(|it| row(it, "x", -60_000)).to_vec(),
        1,
    );
    world.copy().clear();
    let report = world.check();
    let keys: Vec<String> = report
        .findings
        .iter()
        .map(|it| it.key.to_string())
        .collect();
    assert_eq!(keys, ["-2", "1", "9", "10", "100"]);
    assert_eq!(report.findings[0].key, Key::new(vec![Value::I64(-2)]));
}

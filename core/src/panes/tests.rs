use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::deployment;
use crate::mapping::{Mapping, resolve};
use crate::store::{Batch, Column};

mod mapped;

/// A result from JSON rows; its columns are the members of the first row.
fn result(rows: &[&str]) -> Batch {
    let rows: Vec<Vec<(String, Value)>> = rows.iter().map(|it| members(it)).collect();
    let names: Vec<&String> = rows.iter().take(1).flatten().map(|it| &it.0).collect();
    batch(
        &names,
        rows.iter()
            .map(|it| it.iter().map(|it| it.1.clone()).collect()),
    )
}

fn members(json: &str) -> Vec<(String, Value)> {
    match Value::from_json(json).expect("JSON") {
        Value::Map(members) => members,
        other => panic!("{other:?}"),
    }
}

fn batch<N: AsRef<str>>(names: &[N], rows: impl Iterator<Item = Vec<Value>>) -> Batch {
    let columns = names.iter().map(|it| Column {
        name: it.as_ref().to_owned(),
        type_name: String::new(),
    });
    let cells: Vec<Vec<Value>> = rows.collect();
    Batch {
        columns: columns.collect::<Vec<_>>().into(),
        rows: u32::try_from(cells.len()).expect("a test"),
        cells: cells.into_iter().flatten().collect(),
    }
}

fn store(name: &str) -> StoreId {
    StoreId::new(name).expect("a store's name")
}

fn outline(batch: &Batch) -> Outline {
    let mut outline = Outline::new(&batch.columns);
    outline.add(batch);
    outline
}

fn run(plan: Plan, results: &[(&str, Batch)]) -> Comparison {
    let forms: Vec<Form> = plan.sides.iter().map(|it| it.form.clone()).collect();
    let mut comparer = Comparer::new(plan);
    for (side, ((_, batch), form)) in results.iter().zip(forms).enumerate() {
        let mut records = Records::new(form);
        let mut all = records.add(batch);
        all.extend(records.last());
        for record in all {
            comparer.add(side, &record).expect("small results");
        }
    }
    comparer.finish()
}

fn compared(results: &[(&str, Batch)], key: Option<&[&str]>) -> crate::error::Result<Comparison> {
    let sides: Vec<Side> = results
        .iter()
        .map(|(name, batch)| Side {
            store: store(name),
            representation: None,
            outline: outline(batch),
        })
        .collect();
    let key = key.map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>());
    Ok(run(Plan::new(&sides, None, key.as_deref())?, results))
}

/// The sentence, then one line a key: each side's mark, and what differs.
fn shown(it: &Comparison) -> String {
    let mut lines = vec![it.sentence()];
    for row in &it.rows {
        let key: Vec<String> = row.key.iter().map(ToString::to_string).collect();
        let each = row.records.iter().skip(1).zip(it.sides.iter().skip(1));
        let each = each.map(|(record, side)| {
            let cells = it.fields.iter().zip(&record.cells);
            let differing = cells.filter(|(_, it)| it.verdict != FieldVerdict::Equal);
            let differing: Vec<String> = differing.map(|(name, cell)| said(name, cell)).collect();
            format!(
                "{} {:?} {}",
                side.name,
                record.standing,
                differing.join(", ")
            )
        });
        let each: Vec<String> = each.map(|it| it.trim_end().to_owned()).collect();
        lines.push(format!("{}: {}", key.join("|"), each.join(" / ")));
    }
    let skipped = it.skipped.iter();
    lines.extend(skipped.map(|it| format!("- {} {}", it.field, it.why)));
    lines.join("\n")
}

fn said(name: &str, cell: &ComparedCell) -> String {
    let value = cell
        .value
        .as_ref()
        .map_or("absent".to_owned(), ToString::to_string);
    let why = cell.why.as_ref().map(|it| format!(" ({it})"));
    format!("{name}={value}{}", why.unwrap_or_default())
}

#[track_caller]
fn check(results: &[(&str, Batch)], expected: &Expect) {
    expected.assert_eq(&shown(&compared(results, None).expect("comparable")));
}

#[test]
fn results_that_are_equal_say_so_whatever_their_order() {
    let one = result(&[r#"{"id":1,"name":"Ann"}"#, r#"{"id":2,"name":"Bo"}"#]);
    let other = result(&[r#"{"name":"Bo","id":2.0}"#, r#"{"name":"Ann","id":1}"#]);
    check(
        &[("shop", one), ("docs", other)],
        &expect![[r"
            equal: 2 panes agree in 1 field of 2 records by id
            1: docs Equal
            2: docs Equal"]],
    );
}

#[test]
fn what_differs_is_missing_or_extra_comes_first() {
    let one = result(&[
        r#"{"id":1,"name":"Ann"}"#,
        r#"{"id":2,"name":"Bo"}"#,
        r#"{"id":3,"name":"Cy"}"#,
    ]);
    let other = result(&[
        r#"{"id":1,"name":"Ann"}"#,
        r#"{"id":2,"name":"Bob"}"#,
        r#"{"id":4,"name":"Di"}"#,
    ]);
    check(
        &[("shop", one), ("docs", other)],
        &expect![[r"
            docs: 1 different, 1 missing, 1 only there
            2: docs Different name=Bob
            3: docs Missing
            4: docs Extra name=Di
            1: docs Equal"]],
    );
}

#[test]
fn without_a_mapping_a_text_is_not_the_number_that_it_spells() {
    let one = result(&[r#"{"id":1,"points":42}"#]);
    let other = result(&[r#"{"id":"1","points":"42"}"#]);
    check(
        &[("shop", one), ("cache", other)],
        &expect![[r"
            cache differs in points
            1: cache Different points=42 (text here, int in the first; equal as number)"]],
    );
}

#[test]
fn the_fields_of_a_hash_are_one_record() {
    let row = result(&[r#"{"ID":"7","mail":"a@b","city":"Ulm"}"#]);
    let hash = result(&[
        r#"{"field":"mail","value":"a@b"}"#,
        r#"{"field":"city","value":"Bonn"}"#,
    ]);
    check(
        &[("docs", row), ("cache", hash)],
        &expect![[r"
            cache differs in city
            : cache Different city=Bonn
            - ID not in cache"]],
    );
}

#[test]
fn documents_are_unfolded_from_a_column_of_maps_of_texts_and_of_hits() {
    let row = result(&[r#"{"id":7,"tags":["a","b"]}"#]);
    let map = result(&[r#"{"doc":{"id":7,"tags":["a","b"]}}"#]);
    let text = result(&[r#"{"value":"{\"id\":7,\"tags\":[\"a\",\"b\"]}"}"#]);
    let hit = result(&[r#"{"_id":"7","_score":1,"_source":{"id":7,"tags":["a","b"]}}"#]);
    let node = result(&[
        r#"{"u":{"@node":"4:x:1","@labels":["User"],"properties":{"id":7,"tags":["a","b"]}}}"#,
    ]);
    check(
        &[
            ("shop", row),
            ("docs", map),
            ("cache", text),
            ("search", hit),
            ("graph", node),
        ],
        &expect![[r"
            equal: 5 panes agree in 1 field of 1 record by id
            7: docs Equal / cache Equal / search Equal / graph Equal
            - _id not in shop and docs and cache and graph
            - _score not in shop and docs and cache and graph"]],
    );
}

#[test]
fn names_that_differ_in_case_or_an_underscore_are_paired() {
    let one = result(&[r#"{"id":1,"Name":"Ann"}"#]);
    let other = result(&[r#"{"_id":1,"name":"Ann"}"#]);
    check(
        &[("shop", one), ("docs", other)],
        &expect![[r"
            equal: 2 panes agree in 1 field of 1 record by id
            1: docs Equal"]],
    );
}

#[test]
fn keys_alone_can_be_compared() {
    let one = result(&[r#"{"id":1}"#, r#"{"id":2}"#]);
    let other = result(&[r#"{"id":2}"#, r#"{"id":1}"#]);
    check(
        &[("shop", one.clone()), ("docs", other)],
        &expect![[r"
            equal: 2 panes have the same 2 records by id
            1: docs Equal
            2: docs Equal"]],
    );
    let fewer = result(&[r#"{"id":2}"#]);
    check(
        &[("shop", one), ("docs", fewer)],
        &expect![[r"
            docs: 1 missing
            1: docs Missing
            2: docs Equal"]],
    );
}

#[test]
fn rows_that_repeat_a_key_or_lack_it_are_said_and_never_equal() {
    let one = result(&[r#"{"id":1,"n":1}"#, r#"{"id":1,"n":2}"#]);
    let other = result(&[r#"{"id":1,"n":1}"#, r#"{"id":null,"n":1}"#]);
    let it = compared(&[("shop", one), ("docs", other)], None).expect("comparable");
    expect![[r"
        docs has 1 record without a key; shop repeats a key in 1 record
        1: docs Equal"]]
    .assert_eq(&shown(&it));
    assert_eq!(it.overall(), Overall::Unknown);
}

#[test]
fn panes_of_one_store_are_told_apart() {
    let rows = || result(&[r#"{"id":1,"n":1}"#]);
    let changed = result(&[r#"{"id":1,"n":2}"#]);
    check(
        &[("shop", rows()), ("shop", rows()), ("shop", changed)],
        &expect![[r"
            shop (2) agrees; shop (3) differs in n
            1: shop (2) Equal / shop (3) Different n=2"]],
    );
}

#[test]
fn nothing_in_common_is_never_equal() {
    let one = result(&[r#"{"a":1}"#]);
    let other = result(&[r#"{"b":1}"#]);
    let it = compared(&[("shop", one.clone()), ("docs", other.clone())], None).expect("plans");
    assert_eq!(it.overall(), Overall::Unknown);
    assert_eq!(
        it.sentence(),
        "nothing was compared: the panes share no field"
    );
    let same = result(&[r#"{"a":1}"#]);
    let third = [("shop", one), ("cache", same), ("docs", other)];
    let it = compared(&third, None).expect("plans");
    assert_eq!(
        it.overall(),
        Overall::Unknown,
        "docs shares nothing: {it:?}"
    );
    assert_eq!(it.sentence(), "cache agrees; docs has no field to compare");
}

#[test]
fn empty_results_are_not_called_equal() {
    let none = || batch(&["id", "n"], std::iter::empty());
    let it = compared(&[("shop", none()), ("docs", none())], None).expect("plans");
    assert_eq!(it.overall(), Overall::Unknown);
    assert_eq!(it.sentence(), "nothing was compared: no pane has a record");
}

#[test]
fn a_key_can_be_chosen_among_the_fields_that_all_have() {
    let one = result(&[r#"{"id":1,"sku":"a","n":5}"#, r#"{"id":2,"sku":"b","n":6}"#]);
    let other = result(&[r#"{"id":9,"sku":"a","n":5}"#, r#"{"id":8,"sku":"b","n":6}"#]);
    let results = [("shop", one), ("docs", other)];
    let it = compared(&results, Some(&["sku", "n"])).expect("comparable");
    assert_eq!(it.offered, ["id", "sku", "n"]);
    expect![[r"
        docs: 2 different
        a|5: docs Different id=9
        b|6: docs Different id=8"]]
    .assert_eq(&shown(&it));
    let error = compared(&results, Some(&["nope"])).expect_err("no such field");
    assert_eq!(error.kind, crate::error::ErrorKind::InvalidInput);
}

#[test]
fn several_records_without_a_key_are_refused_with_a_hint() {
    let one = result(&[r#"{"a":1}"#, r#"{"a":2}"#]);
    let error = compared(&[("shop", one.clone()), ("docs", one)], None).expect_err("no key");
    expect![[r"could not compare the results: shop has 2 records, and no field pairs them with the others'"]]
        .assert_eq(&error.to_string());
    assert!(error.hint.is_some());
}

#[test]
fn more_records_than_are_compared_are_refused() {
    let rows = |count: i64| batch(&["id"], (0..count).map(|it| vec![Value::I64(it)]));
    let most = i64::try_from(MAX_RECORDS).expect("small");
    let error =
        compared(&[("shop", rows(1)), ("docs", rows(most + 1))], None).expect_err("too many");
    assert!(
        error.to_string().contains("docs has 100,001 records"),
        "{error}"
    );
}

#[test]
fn the_first_results_bytes_are_bounded() {
    let long = "x".repeat(MAX_BYTES / 4);
    let row = |id: i64| vec![Value::I64(id), Value::Text(long.clone())];
    let one = batch(&["id", "text"], (0..5).map(row));
    let sides = [("shop", &one), ("docs", &one)].map(|(name, batch)| Side {
        store: store(name),
        representation: None,
        outline: outline(batch),
    });
    let mut comparer = Comparer::new(Plan::new(&sides, None, None).expect("a plan"));
    let all = Records::new(Form::Rows).add(&one);
    let taken: Vec<bool> = all.iter().map(|it| comparer.add(0, it).is_ok()).collect();
    assert_eq!(taken, [true, true, true, false, false]);
}

#[test]
fn the_answer_is_bounded_and_its_counts_are_not() {
    let rows = |value: i64| {
        let row = move |id: i64| vec![Value::I64(id), Value::I64(value)];
        batch(&["id", "n"], (0..5_000).map(row))
    };
    let it = compared(&[("shop", rows(1)), ("docs", rows(2))], None).expect("comparable");
    assert_eq!(it.rows.len(), MAX_ROWS);
    assert_eq!((it.keys, it.sides[1].different), (5_000, 5_000));
    assert!(it.rows.iter().all(|row| row.records[1].cells.len() == 1));
}

fn rows_of(values: &[(u8, Option<i64>)]) -> Batch {
    let mut seen = std::collections::BTreeMap::new();
    for (id, value) in values {
        seen.insert(*id, value.map_or(Value::Null, Value::I64));
    }
    let rows = seen
        .into_iter()
        .map(|(id, it)| vec![Value::U64(id.into()), it]);
    batch(&["id", "n"], rows)
}

proptest! {
    #[test]
    fn counts_add_up_and_a_result_equals_itself(
        one in prop::collection::vec((any::<u8>(), any::<Option<i64>>()), 1..60),
        other in prop::collection::vec((any::<u8>(), any::<Option<i64>>()), 1..60),
    ) {
        let (one, other) = (rows_of(&one), rows_of(&other));
        let (left, right) = (u64::from(one.rows), u64::from(other.rows));
        let it = compared(&[("shop", one.clone()), ("docs", other.clone())], None).expect("plans");
        let side = &it.sides[1];
        prop_assert_eq!(side.equal + side.different + side.missing, left);
        prop_assert_eq!(side.equal + side.different + side.extra, right);
        prop_assert_eq!(it.keys, left + side.extra);
        prop_assert_eq!(it.is_equal(), one == other);
        let back = compared(&[("docs", other), ("shop", one.clone())], None).expect("plans");
        let mirrored = &back.sides[1];
        prop_assert_eq!(
            (mirrored.equal, mirrored.different, mirrored.missing, mirrored.extra),
            (side.equal, side.different, side.extra, side.missing)
        );
        let own = compared(&[("shop", one.clone()), ("docs", one)], None).expect("plans");
        prop_assert!(own.is_equal(), "{}", own.sentence());
    }

    #[test]
    fn the_order_of_rows_and_the_cut_into_batches_do_not_matter(
        values in prop::collection::vec((any::<u8>(), any::<Option<i64>>()), 1..60),
        cut in 1_usize..7,
    ) {
        let whole = rows_of(&values);
        let rows: Vec<Vec<Value>> = whole.cells.chunks(2).rev().map(<[Value]>::to_vec).collect();
        let mut outline = Outline::new(&whole.columns);
        let pieces: Vec<Batch> = rows.chunks(cut).map(|it| batch(&["id", "n"], it.iter().cloned())).collect();
        for piece in &pieces {
            outline.add(piece);
        }
        let sides = [outline.clone(), outline].map(|outline| Side {
            store: store("shop"), representation: None, outline,
        });
        let mut comparer = Comparer::new(Plan::new(&sides, None, None).expect("a plan"));
        for record in Records::new(Form::Rows).add(&whole) {
            comparer.add(0, &record).expect("small");
        }
        let mut records = Records::new(Form::Rows);
        for piece in &pieces {
            for record in records.add(piece) {
                comparer.add(1, &record).expect("small");
            }
        }
        let it = comparer.finish();
        prop_assert!(it.is_equal(), "{}", it.sentence());
    }
}

#[test]
fn what_crosses_to_the_window_comes_back_the_same() {
    let one = result(&[r#"{"id":1,"n":1.50}"#]);
    let it = compared(&[("shop", one.clone()), ("docs", one)], None).expect("comparable");
    let bytes = crate::wire::encode(&it).expect("bytes");
    assert_eq!(crate::wire::decode::<Comparison>(&bytes).expect("back"), it);
}

#[test]
fn as_json_values_stay_exact() {
    let one = result(&[r#"{"id":9007199254740993,"n":1.50}"#]);
    let other = result(&[r#"{"id":9007199254740993,"n":1.51}"#]);
    let it = compared(&[("shop", one), ("docs", other)], None).expect("comparable");
    let json = to_json(&it);
    assert_eq!(json["verdict"], "different");
    assert_eq!(json["rows"][0]["key"][0], "9007199254740993");
    let cell = &json["rows"][0]["panes"][1]["fields"]["n"];
    assert_eq!(
        (cell["value"].as_str(), cell["type"].as_str()),
        (Some("1.51"), Some("decimal"))
    );
}

fn entity_of(file: &str) -> deployment::Deployment {
    deployment::parse(file, "deployment.toml").expect("a deployment")
}

fn mapping_of(entity: &deployment::Entity) -> Mapping {
    let unknown = entity.representations.iter().map(|_| {
        Err(crate::error::Error::new(
            crate::error::ErrorKind::Unreachable,
            "describe",
        ))
    });
    resolve(entity, &unknown.collect::<Vec<_>>())
}

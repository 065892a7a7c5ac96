//! Stores that fail, and differences beyond the sketch.

use super::world::{Row, World, naive, row};
use crate::value::{Key, Value};

fn rows(count: i64) -> Vec<Row> {
    (0..count).map(|it| row(it, "x", -60_000)).collect()
}

fn number(key: i64) -> Key {
    Key::new(vec![Value::I64(key)])
}

#[track_caller]
fn check(mut world: World, findings: &[&str], counts: &[&str]) -> Vec<String> {
    let report = world.check();
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|it| format!("{} {} {}", it.key, it.dataset.store, it.verdict.name()))
        .collect();
    let counted: Vec<String> = report
        .pairs
        .iter()
        .map(|it| super::world::counted(&it.counts))
        .collect();
    assert_eq!(
        (found, counted),
        (
            findings.iter().map(|it| (*it).to_owned()).collect(),
            counts.iter().map(|it| (*it).to_owned()).collect()
        )
    );
    report
        .not_checked
        .iter()
        .map(|it| format!("{}: {}", it.what, it.why))
        .collect()
}

#[test]
fn a_copy_that_fails_is_unknown_as_a_whole_and_costs_the_others_nothing() {
    let mut world = World::new(rows(100), 2);
    world.tables[1].fails_at = Some(1);
    world.tables[2].rows.remove(5);
    let notes = check(
        world,
        &["5 search missing"],
        &["100 unknown", "99 agree, 1 missing"],
    );
    assert_eq!(notes, ["docs.things: could not read things"]);
}

#[test]
fn a_source_that_fails_makes_everything_unknown_and_is_said_once() {
    let mut world = World::new(rows(100), 2);
    world.tables[0].fails_at = Some(1);
    let notes = check(world, &[], &["100 unknown", "100 unknown"]);
    assert_eq!(notes, ["shop.things: could not read things"]);
}

#[test]
fn a_copy_that_cannot_be_read_by_key_is_unknown_and_never_drift() {
    let mut world = World::new(rows(100), 1);
    world.copy().remove(5);
    world.copy()[7].fields[0].1 = "y".into();
    world.tables[1].is_silent = true;
    let notes = check(world, &[], &["98 agree, 2 unknown"]);
    assert_eq!(
        notes,
        ["2 records of docs.things: 5, 8: could not read things"]
    );
}

#[test]
fn records_that_a_scan_cannot_decode_are_read_instead() {
    let mut world = World::new(rows(100), 1);
    world.tables[0].unreadable = vec![number(3)];
    world.tables[1].unreadable = vec![number(4), number(5)];
    let notes = check(world, &[], &["100 agree"]);
    assert!(
        notes.is_empty(),
        "every one of them was compared: {notes:?}"
    );

    let mut world = World::new(rows(100), 1);
    world.tables[0].unreadable = vec![number(3)];
    world.tables[0].is_silent = true;
    let notes = check(world, &[], &["99 agree, 1 unknown"]);
    assert_eq!(
        notes,
        [
            "1 record of docs.things: 3: the source of truth could not be read, so there is nothing to compare with"
        ],
        "the scan's trouble and the key's are one"
    );

    // Neither side can decode it, so nobody knows of it but by the count.
    let mut world = World::new(rows(100), 1);
    world.tables[0].unreadable = vec![number(3)];
    world.tables[1].unreadable = vec![number(3)];
    let report = world.check();
    assert!(report.was_compared(&report.pairs[0]));
    let notes = report
        .not_checked
        .iter()
        .map(|it| format!("{}: {}", it.what, it.why));
    assert_eq!(
        notes.collect::<Vec<_>>(),
        [
            "1 record of shop.things: not decoded by the scan",
            "1 record of docs.things: not decoded by the scan"
        ]
    );
    let counts = report.counts();
    assert!(
        counts.unknown >= 1 && counts.agrees == 99 && report.findings.is_empty(),
        "{counts:?}"
    );
}

#[test]
fn a_scan_that_repeats_rows_finds_what_differs_and_nothing_else() {
    for at in [0, 1] {
        let mut world = World::new(rows(300), 1);
        world.tables[at].repeats = Some(3);
        world.copy().remove(200);
        world.copy()[7].fields[0].1 = "y".into();
        let (findings, _) = world.outcome();
        assert_eq!(findings, ["7 docs conflicts", "200 docs missing"]);
    }
}

#[test]
fn an_empty_copy_lacks_every_record() {
    let mut world = World::new(rows(20_000), 1);
    world.cells = 1 << 12;
    world.copy().clear();
    let report = world.check();
    assert_eq!(
        (
            report.counts().missing,
            report.counts().agrees,
            report.findings.len()
        ),
        (20_000, 0, 20_000)
    );
    assert_eq!(report.pairs[0].scans, 2);
}

#[test]
fn an_empty_source_makes_every_record_an_orphan() {
    let mut world = World::new(rows(3_000), 1);
    world.cells = 1 << 12;
    world.source().clear();
    let report = world.check();
    assert_eq!((report.counts().orphan, report.counts().agrees), (3_000, 0));
}

#[test]
fn a_hundred_thousand_differences_outgrow_a_small_sketch_and_are_all_found() {
    let mut world = World::new(rows(120_000), 1);
    world.cells = 1 << 12;
    for row in world.copy().iter_mut().take(100_000) {
        row.fields[0].1 = "y".into();
    }
    world.way_of = |_, _| Some(crate::lag::SubjectBacklog::default());
    // The world looks its rows up one by one, so the keys are judged by a copy that does not answer.
    world.tables[1].is_silent = true;
    world.tables[0].is_silent = true;
    world.seed = 99;
    let report = quick(world);
    assert_eq!(
        (report.pairs[0].candidates, report.pairs[0].scans),
        (100_000, 2)
    );
    assert_eq!(
        (report.counts().unknown, report.counts().agrees),
        (100_000, 20_000)
    );
}

/// Without looking rows up: what is asked for is what is told apart.
fn quick(mut world: World) -> crate::report::EntityReport {
    world.tables.iter_mut().for_each(|it| it.is_silent = true);
    world.check()
}

#[test]
fn two_wholly_different_datasets_are_told_apart_in_bounded_cells() {
    let mut world = World::new(rows(2_000), 1);
    world.cells = 1 << 8;
    for row in world.copy() {
        row.key = vec![Value::from(format!("other {:?}", row.key).as_str())];
    }
    world.way_of = |_, _| Some(crate::lag::SubjectBacklog::default());
    let report = world.check();
    assert_eq!(
        (
            report.counts().missing,
            report.counts().orphan,
            report.counts().agrees
        ),
        (2_000, 2_000, 0)
    );
}

#[test]
fn a_later_scan_that_fails_leaves_the_rest_unknown_and_keeps_what_was_found() {
    let mut world = World::new(rows(5_000), 1);
    world.cells = 1 << 10;
    world.copy().truncate(2_000);
    world.tables[1].fails_at = Some(2);
    let report = world.check();
    let counts = report.counts();
    assert_eq!(counts.agrees + counts.missing + counts.unknown, 5_000);
    assert!(
        counts.unknown > 0 && report.findings.len() as u64 == counts.missing,
        "{counts:?}"
    );
    assert!(
        report
            .findings
            .iter()
            .all(|it| naive(&world).contains(&format!("{} docs missing", it.key)))
    );
}

#[test]
fn a_source_without_a_unique_key_says_which_keys_it_repeats() {
    let mut world = World::new(rows(50), 1);
    world.shapes[0] = Ok(super::world::shape(
        "shop.things",
        &[("id", "int")],
        &[("name", "text"), ("updated_at", "timestamp")],
        false,
    ));
    world.source().push(row(7, "x", -60_000));
    let notes = check(world, &[], &["50 agree"]);
    assert!(notes[0].contains("more than one record of 7:"), "{notes:?}");
}

#[test]
fn a_check_that_is_stopped_tells_what_it_knows() {
    for after in 0..5 {
        let mut world = World::new(rows(2_000), 1);
        world.cells = 1 << 10;
        world.copy().truncate(500);
        world.stop_after = Some(after);
        let report = world.check();
        let counts = report.counts();
        let found = report.findings.len() as u64;
        assert_eq!(found, counts.missing);
        assert!(
            after == 0 || counts.agrees + counts.missing + counts.unknown == 2_000,
            "{after}: {counts:?}"
        );
        assert!(counts.unknown > 0 || after == 0, "{after}: {counts:?}");
        assert!(after == 0 || !report.not_checked.is_empty());
    }
}

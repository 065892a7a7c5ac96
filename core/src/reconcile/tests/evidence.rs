//! Data that moves: what is in flight is never drift, and drift is always found.

use std::time::Duration;

use super::world::{ALLOWED, World, at, row};
use crate::lag::SubjectBacklog;
use crate::trace::Verdict;
use crate::value::Value;

/// Ten rows that changed a minute ago.
fn old() -> World {
    World::new((1..=10).map(|it| row(it, "new", -60_000)).collect(), 1)
}

#[track_caller]
fn check(mut world: World, findings: &[&str], counts: &str) -> World {
    let found = world.outcome();
    assert_eq!(
        found,
        (
            findings.iter().map(|it| (*it).to_owned()).collect(),
            vec![counts.to_owned()]
        )
    );
    world
}

#[test]
fn equal_data_is_scanned_once_and_read_never() {
    let mut world = old();
    let report = world.check();
    assert_eq!(
        (
            world.reads,
            world.waited,
            report.pairs[0].scans,
            report.pairs[0].candidates
        ),
        (0, Duration::ZERO, 1, 0)
    );
    assert_eq!(report.counts().agrees, 10);
    assert_eq!(
        report.compared.iter().map(|it| it.1).collect::<Vec<_>>(),
        [10, 10]
    );
    assert!(report.not_checked.is_empty());
}

#[test]
fn every_kind_of_old_difference_is_found_at_once_and_told_apart() {
    let mut world = old();
    world.way_of = |_, _| Some(SubjectBacklog::default());
    world.copy()[0] = row(1, "old", -90_000);
    world.copy()[1] = row(2, "other", -60_000);
    world.copy().remove(4);
    world.copy().push(row(11, "x", -60_000));
    let findings = [
        "1 docs stale",
        "2 docs conflicts",
        "5 docs missing",
        "11 docs orphan",
    ];
    let world = check(
        world,
        &findings,
        "7 agree, 1 stale, 1 conflict, 1 missing, 1 orphan",
    );
    assert_eq!(world.waited, Duration::ZERO);
}

#[test]
fn a_finding_says_what_differs_since_when_and_how_often_it_was_read() {
    let mut world = old();
    world.copy()[0] = row(1, "old", -90_000);
    let report = world.check();
    let finding = &report.findings[0];
    let difference = &finding.differences[0];
    assert_eq!(
        (
            difference.field.as_str(),
            &difference.truth,
            &difference.copy
        ),
        ("name", &Some("new".into()), &Some("old".into()))
    );
    assert_eq!(
        (finding.reads, finding.verdict, finding.differences.len()),
        (1, Verdict::Stale, 1)
    );
    assert!(finding.age.is_some_and(|it| it >= Duration::from_mins(1)));
    assert!(finding.first_seen <= finding.last_seen && finding.first_seen > at(0));
    assert!(
        finding.reason.contains("longer than the 5 s allowed"),
        "{}",
        finding.reason
    );
}

#[test]
fn what_waits_at_a_known_position_is_in_flight_at_once_and_late_if_it_is_old() {
    let mut world = old();
    world.way_of = |_, key| {
        let since = if key.to_string() == "1" {
            -1_000
        } else {
            -50_000
        };
        Some(SubjectBacklog {
            unsent: 1,
            oldest: Some(at(since)),
            ..SubjectBacklog::default()
        })
    };
    world.copy()[0] = row(1, "old", -90_000);
    world.copy().remove(1);
    let world = check(world, &[], "8 agree, 2 in flight, 1 late");
    assert_eq!(world.waited, Duration::ZERO);
}

#[test]
fn what_is_young_is_read_again_until_it_arrives() {
    let mut world = World::new((1..=10).map(|it| row(it, "new", -1_000)).collect(), 1);
    world.copy()[0] = row(1, "old", -90_000);
    world.writer = |world| {
        if world.now > at(1_500) {
            world.copy()[0] = row(1, "new", -1_000);
        }
    };
    let world = check(world, &[], "10 agree");
    assert!(world.waited < Duration::from_secs(3), "{:?}", world.waited);
}

#[test]
fn what_is_young_and_never_arrives_is_drift_once_it_is_older_than_allowed() {
    let mut world = World::new((1..=10).map(|it| row(it, "new", -1_000)).collect(), 1);
    world.copy()[0] = row(1, "old", -90_000);
    world.copy().remove(1);
    let world = check(
        world,
        &["1 docs stale", "2 docs missing"],
        "8 agree, 1 stale, 1 missing",
    );
    assert!(
        world.waited >= Duration::from_millis(3_900) && world.waited < ALLOWED,
        "{:?}",
        world.waited
    );
}

#[test]
fn a_deletion_ages_from_the_first_read_that_saw_it() {
    let mut world = old();
    world.source().remove(0);
    let world = check(world, &["1 docs orphan"], "9 agree, 1 orphan");
    assert!(
        world.waited >= Duration::from_millis(4_900)
            && world.waited <= ALLOWED + Duration::from_secs(2)
    );

    let mut world = old();
    world.source().remove(0);
    world.writer = |world| {
        if world.now > at(2_000) {
            world.copy().retain(|it| it.key != [Value::I64(1)]);
        }
    };
    let world = check(world, &[], "9 agree");
    assert!(world.waited < Duration::from_secs(4));
}

#[test]
fn a_change_that_nothing_dates_is_given_the_time_that_is_allowed() {
    let undated = |mut world: World| {
        for representation in &mut world.entity.representations {
            representation.version = None;
            representation.ignore.push("updated_at".to_owned());
        }
        world.copy()[0].fields[0].1 = "old".into();
        world
    };
    let world = check(undated(old()), &["1 docs conflicts"], "9 agree, 1 conflict");
    assert!(world.waited >= Duration::from_millis(4_900));
    let mut world = undated(old());
    world.writer = |world| {
        if world.now > at(3_000) {
            world.copy()[0].fields[0].1 = "new".into();
        }
    };
    check(world, &[], "10 agree");
}

#[test]
fn a_source_that_never_stands_still_is_no_drift_and_ends() {
    let mut world = old();
    world.moves = true;
    world.copy()[0] = row(1, "old", -90_000);
    let report = world.check();
    assert_eq!(
        (
            report.findings.len(),
            report.counts().unknown,
            report.counts().agrees
        ),
        (0, 1, 9)
    );
    assert!(world.reads <= 6, "{}", world.reads);
    assert!(
        report.not_checked[0]
            .why
            .contains("its source changed whenever it was read")
    );
}

#[test]
fn waiting_is_bounded_when_the_source_changes_again_and_again() {
    let mut world = old();
    world.copy()[0] = row(1, "old", -90_000);
    world.writer = |world| {
        let now = world.now;
        world.source()[0].fields[1].1 = Value::Timestamp(now);
    };
    let mut steps = 0;
    let report = world.check();
    steps += world.steps;
    assert_eq!((report.findings.len(), report.counts().agrees), (0, 9));
    assert_eq!(report.counts().in_flight + report.counts().unknown, 1);
    assert!(world.waited <= ALLOWED + Duration::from_secs(3) && steps < 100);
}

#[test]
fn an_optional_copy_may_lack_records_and_is_not_asked_for_them() {
    let mut world = World::new((0..2_000).map(|it| row(it, "new", -60_000)).collect(), 1);
    world.optional();
    world.cells = 1 << 10;
    world.copy().truncate(300);
    world.copy()[7].fields[0].1 = "other".into();
    world.copy().push(row(9_999, "x", -60_000));
    let world = check(
        world,
        &["7 docs conflicts", "9999 docs orphan"],
        "1999 agree, 1 conflict, 1 orphan",
    );
    assert!(world.reads < 30, "{}", world.reads);
}

#[test]
fn a_writer_that_changes_rows_while_they_are_scanned_makes_no_finding() {
    let mut world = World::new((0..500).map(|it| row(it, "0", -60_000)).collect(), 2);
    world.writer = |world| {
        // Every row changes in turn, and the copies follow at the next step.
        let count = world.source().len();
        let at = usize::try_from(world.now.as_millisecond()).expect("a place") % count;
        let (now, millis) = (world.now, world.now.as_millisecond());
        let previous = (at + count - 1) % count;
        let applied = world.source()[previous].clone();
        for table in &mut world.tables[1..] {
            table.rows[previous] = applied.clone();
        }
        let row = &mut world.source()[at];
        row.fields[0].1 = Value::Text(millis.to_string());
        row.fields[1].1 = Value::Timestamp(now);
    };
    world.copy().push(row(-3, "x", -60_000));
    let report = world.check();
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|it| format!("{} {}", it.key, it.dataset.store))
        .collect();
    assert_eq!(found, ["-3 docs"]);
    assert!(report.pairs.iter().all(|it| it.candidates > 0));
}

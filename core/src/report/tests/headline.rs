//! The sentence that answers first, one case a line.

use std::time::Duration;

use super::sample::{dataset, empty, entity, not_checked, pair, rich, unjudged};
use crate::report::{Counts, NotChecked, Report, Unjudged, headline};

fn report(pairs: Vec<(&str, Counts)>, open: Vec<NotChecked>) -> Report {
    let pairs = pairs
        .into_iter()
        .map(|(target, counts)| pair(target, counts));
    let mut entity = entity(pairs.collect());
    entity.not_checked = open;
    Report {
        entities: vec![entity],
        ..empty()
    }
}

fn agrees(agrees: u64) -> Counts {
    Counts {
        agrees,
        ..Counts::default()
    }
}

#[track_caller]
fn check(pairs: Vec<(&str, Counts)>, open: Vec<NotChecked>, expected: &str) {
    assert_eq!(headline(&report(pairs, open)), expected);
}

#[test]
fn copies_that_all_agree() {
    check(
        vec![("docs.users", agrees(12_000))],
        Vec::new(),
        "All 12,000 copies agree.",
    );
    check(
        vec![("docs.users", agrees(2))],
        Vec::new(),
        "Both copies agree.",
    );
    check(
        vec![("docs.users", agrees(1))],
        Vec::new(),
        "The one copy agrees.",
    );
}

#[test]
fn drift_is_named_by_kind_and_place() {
    let cache = Counts {
        stale: 2,
        in_flight: 41,
        ..agrees(5_957)
    };
    let search = Counts {
        missing: 1,
        ..agrees(5_999)
    };
    check(
        vec![("cache.user:{id}", cache), ("search.users", search)],
        Vec::new(),
        "3 of 12,000 copies drifted: 2 stale in cache.user:{id}, 1 missing in search.users; 41 changes were in flight.",
    );
    let one = Counts {
        orphan: 1,
        ..Counts::default()
    };
    check(
        vec![("docs.users", one)],
        Vec::new(),
        "The one copy drifted: 1 orphaned in docs.users.",
    );
}

#[test]
fn drift_in_many_places_is_summed_up() {
    let all = Counts {
        conflicts: 1,
        stale: 2,
        missing: 3,
        orphan: 4,
        ..agrees(0)
    };
    check(
        vec![("docs.users", all), ("cache.users", all)],
        Vec::new(),
        "20 of 20 copies drifted: 1 in conflict in docs.users, 2 stale in docs.users, 3 missing in docs.users, 4 orphaned in docs.users, 10 elsewhere.",
    );
}

#[test]
fn what_is_late_is_said() {
    let late = |in_flight, late| Counts {
        in_flight,
        late,
        ..agrees(8)
    };
    check(
        vec![("docs.users", late(2, 1))],
        Vec::new(),
        "8 of 10 copies agree; 2 changes were in flight, 1 of them late.",
    );
    check(
        vec![("docs.users", late(1, 1))],
        Vec::new(),
        "8 of 9 copies agree; 1 change was in flight and late.",
    );
}

#[test]
fn a_dataset_that_could_not_be_checked_never_counts_as_equal() {
    let refused = || not_checked("cache.user:{id}", "could not scan: connection refused.");
    let unknown = Counts {
        unknown: 12_000,
        ..agrees(0)
    };
    let expected = "12,000 copies agree; cache.user:{id} could not be checked: could not scan: connection refused.";
    check(
        vec![("docs.users", agrees(12_000)), ("cache.user:{id}", unknown)],
        vec![refused()],
        expected,
    );
    check(
        vec![
            ("docs.users", agrees(12_000)),
            ("cache.user:{id}", agrees(0)),
        ],
        vec![refused()],
        expected,
    );
    check(
        vec![("cache.user:{id}", unknown)],
        vec![refused()],
        "Nothing could be compared; cache.user:{id} could not be checked: could not scan: connection refused.",
    );
}

/// A report of one pair of which single records could not be judged.
fn unjudged_in(counts: Counts, first: Option<&Unjudged>, open: Vec<NotChecked>) -> Report {
    let mut report = report(
        vec![("docs.users", counts), ("cache.users", agrees(4))],
        open,
    );
    for pair in report.entities.iter_mut().flat_map(|it| &mut it.pairs) {
        pair.unjudged = first.filter(|_| pair.counts.unknown > 0).cloned();
    }
    report
}

#[test]
fn single_keys_that_could_not_be_judged_are_no_dataset_that_could_not_be_checked() {
    let docs = dataset("docs.users");
    let counts = Counts {
        unknown: 3,
        ..agrees(1)
    };
    let why = "it cannot be decoded.";
    let open = NotChecked::records(3, &docs, format!("34, 35, 36: {why}"));
    let report = unjudged_in(counts, Some(&unjudged(34, why)), vec![open]);
    assert_eq!(
        headline(&report),
        "5 of 8 copies agree; 3 copies could not be judged (first: docs.users 34: it cannot be decoded)."
    );
    assert!(report.entities[0].was_compared(&report.entities[0].pairs[0]));
}

#[test]
fn records_that_a_scan_lost_are_told_with_their_reason_and_once() {
    let docs = dataset("docs.users");
    let counts = Counts {
        unknown: 1,
        ..agrees(3)
    };
    let open = NotChecked::records(1, &docs, "not decoded by the scan");
    assert_eq!(
        headline(&unjudged_in(counts, None, vec![open])),
        "7 of 8 copies agree; 1 copy could not be judged (docs.users: not decoded by the scan)."
    );
}

#[test]
fn what_is_not_checked_tells_a_dataset_from_some_of_its_records() {
    let docs = dataset("docs.users");
    let many = NotChecked::records(1_234, &docs, "");
    let cases = [
        (NotChecked::dataset(&docs, ""), "docs.users"),
        (NotChecked::records(1, &docs, ""), "1 record of docs.users"),
        (many, "1,234 records of docs.users"),
        (
            NotChecked::records(0, &docs, ""),
            "some records of docs.users",
        ),
    ];
    for (part, what) in cases {
        let is_whole = what == "docs.users";
        let is = (part.is_dataset(&docs), part.is_records_of(&docs));
        assert_eq!((part.what.as_str(), is), (what, (is_whole, !is_whole)));
        let other = dataset("old.docs.users");
        assert!(!part.is_dataset(&other) && !part.is_records_of(&other));
    }
}

#[test]
fn parts_that_were_left_out_are_counted() {
    let open = |n| vec![not_checked("docs.users.tags", "the field is not mapped"); n];
    check(
        vec![("docs.users", agrees(3))],
        open(1),
        "All 3 copies agree in what was compared; 1 part was not compared.",
    );
    let some_unknown = Counts {
        unknown: 1,
        ..agrees(3)
    };
    check(
        vec![("docs.users", some_unknown)],
        open(2),
        "3 of 4 copies agree; 1 copy could not be judged; 2 parts were not compared.",
    );
}

#[test]
fn a_check_of_nothing_does_not_say_that_all_is_well() {
    assert_eq!(headline(&empty()), "There were no copies to compare.");
}

#[test]
fn a_narrow_or_stopped_check_says_so() {
    let mut report = report(vec![("docs.users", agrees(600))], Vec::new());
    report.scope.sample = Some(0.05);
    assert_eq!(
        headline(&report),
        "All 600 copies agree; only a sample of 5 % of the keys was compared."
    );
    report.scope.sample = None;
    report.scope.since = Some(Duration::from_hours(1));
    report.is_cancelled = true;
    assert_eq!(
        headline(&report),
        "Stopped before its end: all 600 copies agree; only what changed in the 1 h 00 m before was compared."
    );
}

#[test]
fn everything_at_once_is_still_one_sentence() {
    assert_eq!(
        headline(&rich()),
        "5 of 20,000 copies drifted: 1 in conflict in cache.user:{id}, 2 stale in cache.user:{id}, 1 missing in docs.users, 1 orphaned in docs.users; 41 changes were in flight, 3 of them late; 2 copies could not be judged (first: docs.users 34: born cannot be compared: as date: this text is not a date); search.users could not be checked: could not read users in search: connection refused; 1 part was not compared."
    );
}

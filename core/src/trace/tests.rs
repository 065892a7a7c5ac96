//! Verdicts by the order of evidence, one line a case.

use std::time::Duration;

use jiff::Timestamp;

use super::{Evidence, Read, SearchRead, SearchableState, Trace, Verdict, Way, WayStep, judge};
use crate::compare::FieldRule;
use crate::deployment::{Presence, Propagation, Role};
use crate::error::{Error, ErrorKind};
use crate::lag::{ProbeKind, Reading, SubjectBacklog, unknown};
use crate::mapping::{FieldMapping, Mapping, RepresentationMapping, ShapeSource};
use crate::name::FieldPath;
use crate::store::{ReadSpan, Refresh};
use crate::value::{Key, Record, Value};

const NOW: i64 = 1_000;
const ALLOWED: Duration = Duration::from_secs(5);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// A record of one name, changed at `second`.
fn record(name: &str, second: i64) -> Record {
    let body = vec![
        ("name".to_owned(), Value::from(name)),
        ("updated_at".to_owned(), Value::Timestamp(at(second))),
    ];
    Record {
        key: Key::new(vec![Value::I64(42)]),
        body: Value::Map(body),
        meta: Vec::new(),
    }
}

fn mapping() -> Mapping {
    let field = |name: &str, compared| FieldMapping {
        name: name.to_owned(),
        rule: Some(FieldRule::plain(FieldPath::name(name))),
        compared,
    };
    let representation = |dataset: &str| RepresentationMapping {
        dataset: dataset.parse().expect("a dataset"),
        fields: vec![field("name", true), field("updated_at", false)],
        version: Some(FieldPath::name("updated_at")),
        source: ShapeSource::Declared,
    };
    Mapping {
        entity: "user".to_owned(),
        fields: vec!["name".to_owned(), "updated_at".to_owned()],
        representations: vec![representation("shop.users"), representation("docs.users")],
    }
}

fn read(role: Role, found: Result<Option<Record>, Error>, way: Option<Way>) -> Read {
    let span = ReadSpan {
        began: at(NOW),
        ended: at(NOW),
    };
    Read {
        role,
        presence: Presence::Required,
        found,
        statement: String::new(),
        span,
        reads: 1,
        way,
        searched: None,
    }
}

fn way(subject: impl Into<Option<SubjectBacklog>>, reading: impl Into<Option<Reading>>) -> Way {
    let step = WayStep {
        edge: "shop.users → docs.users".to_owned(),
        via: Propagation::Outbox,
        subject: subject.into(),
        reading: reading.into(),
        objective: ALLOWED,
    };
    Way {
        allowed: ALLOWED,
        steps: vec![step],
        changed_at: None,
    }
}

fn sent() -> SubjectBacklog {
    SubjectBacklog::default()
}

fn waiting(since: i64) -> SubjectBacklog {
    SubjectBacklog {
        unsent: 1,
        oldest: Some(at(since)),
        ..SubjectBacklog::default()
    }
}

fn frontier(second: i64) -> Reading {
    Reading {
        frontier: Some(at(second)),
        ..unknown(ProbeKind::Newest, "", at(NOW))
    }
}

fn traced(source: Result<Option<Record>, Error>, copy: Read) -> Trace {
    let reads = vec![read(Role::SystemOfRecord, source, None), copy];
    judge(
        Evidence {
            key: Key::new(vec![Value::I64(42)]),
            reads,
            mapping: mapping(),
        },
        at(NOW),
    )
}

/// The verdict on a copy, where the source holds "new" since `changed`.
#[track_caller]
fn check(changed: i64, copy: Option<Record>, way: Way, expected: Verdict) {
    let copy = read(Role::Derived, Ok(copy), Some(way));
    let trace = traced(Ok(Some(record("new", changed))), copy);
    assert_eq!(
        trace.observations[1].verdict, expected,
        "{}",
        trace.sentence
    );
    assert_eq!(trace.observations[0].verdict, Verdict::Agrees);
}

const IN_FLIGHT: Verdict = Verdict::InFlight { late: false };
const LATE: Verdict = Verdict::InFlight { late: true };

#[test]
fn equal_fields_agree_whatever_the_version() {
    check(
        999,
        Some(record("new", 10)),
        way(None, None),
        Verdict::Agrees,
    );
}

#[test]
fn an_unsent_change_is_in_flight_however_old_and_late_beyond_the_objective() {
    check(
        998,
        Some(record("old", 10)),
        way(waiting(998), None),
        IN_FLIGHT,
    );
    check(100, Some(record("old", 10)), way(waiting(100), None), LATE);
    check(100, None, way(waiting(100), None), LATE);
}

#[test]
fn a_position_that_has_passed_beats_the_age_of_the_change() {
    check(
        999,
        Some(record("old", 10)),
        way(sent(), None),
        Verdict::Stale,
    );
    check(
        999,
        Some(record("other", 999)),
        way(sent(), None),
        Verdict::Conflicts,
    );
    check(999, None, way(sent(), None), Verdict::Missing);
}

#[test]
fn without_a_position_the_frontier_decides() {
    check(
        900,
        Some(record("old", 10)),
        way(None, frontier(950)),
        Verdict::Stale,
    );
    check(960, Some(record("old", 10)), way(None, frontier(950)), LATE);
    check(
        998,
        Some(record("old", 10)),
        way(None, frontier(950)),
        IN_FLIGHT,
    );
}

#[test]
fn without_position_and_frontier_the_age_decides() {
    check(997, Some(record("old", 10)), way(None, None), IN_FLIGHT);
    check(
        990,
        Some(record("old", 10)),
        way(None, None),
        Verdict::Stale,
    );
}

#[test]
fn a_newer_copy_and_a_copy_without_version_conflict() {
    check(
        500,
        Some(record("other", 600)),
        way(sent(), None),
        Verdict::Conflicts,
    );
    let unversioned = Record {
        body: Value::Map(vec![("name".to_owned(), Value::from("x"))]),
        ..record("x", 1)
    };
    check(
        500,
        Some(unversioned),
        way(sent(), None),
        Verdict::Conflicts,
    );
}

#[test]
fn a_deletion_is_in_flight_until_something_dates_it() {
    let orphan = |way| {
        let copy = read(Role::Derived, Ok(Some(record("old", 10))), Some(way));
        traced(Ok(None), copy).observations[1].verdict
    };
    assert_eq!(orphan(way(None, frontier(950))), IN_FLIGHT);
    assert_eq!(orphan(way(sent(), None)), Verdict::Orphan);
    assert_eq!(orphan(way(waiting(999), None)), IN_FLIGHT);
    let dated = Way {
        changed_at: Some(at(900)),
        ..way(None, frontier(950))
    };
    assert_eq!(orphan(dated), Verdict::Orphan);
}

#[test]
fn an_optional_copy_may_be_absent_and_shows_no_fields() {
    let copy = Read {
        presence: Presence::Optional,
        ..read(Role::Derived, Ok(None), None)
    };
    let trace = traced(Ok(Some(record("new", 10))), copy);
    assert_eq!(trace.verdict, Verdict::Agrees);
    assert!(trace.observations[1].fields.is_empty());
}

#[test]
fn nothing_is_said_of_a_copy_whose_source_is_silent() {
    let silent = || Err(Error::new(ErrorKind::Timeout, "read users"));
    let trace = traced(
        silent(),
        read(Role::Derived, Ok(Some(record("old", 10))), None),
    );
    assert_eq!(
        trace
            .observations
            .iter()
            .map(|it| it.verdict)
            .collect::<Vec<_>>(),
        [Verdict::Unknown; 2]
    );
    let trace = traced(
        Ok(Some(record("new", 10))),
        read(Role::Derived, silent(), None),
    );
    assert_eq!(trace.observations[1].verdict, Verdict::Unknown);
    assert_eq!(trace.observations[0].verdict, Verdict::Agrees);
}

#[test]
fn the_sentence_says_what_differs_and_whether_it_is_lost() {
    let copy = read(
        Role::Derived,
        Ok(Some(record("old", 10))),
        Some(way(sent(), None)),
    );
    let trace = traced(Ok(Some(record("new", 709))), copy);
    let expected = "user 42: docs.users still holds old as name, where the source of truth has new. \
         The edge shop.users → docs.users has sent every change of this key, so it is lost, not late. \
         The source of truth changed 4 m 51 s ago.";
    assert_eq!(trace.sentence, expected);
}

/// A copy that is stored as `stored`, and that a search finds as `found`.
fn searched(stored: Option<Record>, found: Option<Record>, refresh: Refresh) -> Trace {
    let span = ReadSpan {
        began: at(NOW),
        ended: at(NOW),
    };
    let copy = Read {
        searched: Some(SearchRead {
            found: Ok(found),
            statement: String::new(),
            span,
            refresh,
        }),
        ..read(Role::Derived, Ok(stored), None)
    };
    traced(Ok(Some(record("new", 990))), copy)
}

#[test]
fn the_sentence_tells_what_is_stored_from_what_a_search_finds() {
    let every = Refresh::Every(Duration::from_secs(30));
    let trace = searched(Some(record("new", 990)), Some(record("old", 10)), every);
    assert_eq!(trace.verdict, Verdict::Agrees);
    assert_eq!(
        trace.sentence,
        "user 42 agrees in all 2 datasets that hold it. In docs.users, stored: new as name; a search still finds old \
         and 1 more field of before until the next refresh (interval 30 s)."
    );
    let copy = trace.observations[1].searchable.as_ref().expect("a copy");
    assert_eq!(copy.state, SearchableState::Pending);
    assert_eq!(copy.found("name"), Some(Some(&Value::from("old"))));
    assert_eq!(copy.found("email"), None);
}

#[test]
fn a_record_that_no_search_finds_yet_or_still_is_pending() {
    let trace = searched(Some(record("new", 990)), None, Refresh::Never);
    assert!(
        trace.sentence.ends_with(
            "In docs.users, it is stored; a search does not find it until a refresh is asked for (none is made by itself)."
        ),
        "{}",
        trace.sentence
    );
    let trace = searched(None, Some(record("old", 10)), Refresh::Unknown);
    assert!(
        trace.sentence.ends_with(
            "In docs.users, it is stored no more; a search still finds it until the next refresh."
        ),
        "{}",
        trace.sentence
    );
}

#[test]
fn two_answers_that_are_one_state_are_not_spoken_of() {
    let with_position = |name: &str, seq_no: i64| Record {
        meta: vec![
            ("@seq_no".to_owned(), Value::I64(seq_no)),
            ("@primary_term".to_owned(), Value::I64(1)),
        ],
        ..record(name, 990)
    };
    for (stored, found, state) in [
        (
            record("new", 990),
            record("new", 990),
            SearchableState::Same,
        ),
        (
            with_position("new", 7),
            with_position("new", 7),
            SearchableState::Same,
        ),
        (
            with_position("new", 8),
            with_position("new", 7),
            SearchableState::Pending,
        ),
    ] {
        let trace = searched(Some(stored), Some(found), Refresh::Unknown);
        let copy = trace.observations[1].searchable.as_ref().expect("a copy");
        assert_eq!(copy.state, state);
        assert_eq!(
            trace.sentence.contains("a search"),
            state == SearchableState::Pending
        );
    }
}

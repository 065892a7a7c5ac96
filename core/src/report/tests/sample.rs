//! Reports to render: one with everything in it, one with nothing, and one whose every text is hostile.

use std::time::Duration;

use jiff::{Timestamp, civil};

use crate::mapping::Mapping;
use crate::name::DatasetId;
use crate::report::{
    Counts, Difference, EntityReport, Finding, NotChecked, PairReport, Report, Scope, Unjudged,
};
use crate::trace::Verdict;
use crate::value::{Key, Value};

mod background;
mod hostile;

use background::{lags, mapping};
pub(super) use hostile::hostile;

/// 2026-11-21 12:03:07 UTC, and so many milliseconds.
pub(super) fn at(millis: i64) -> Timestamp {
    let start = 1_795_262_587_000;
    Timestamp::from_millisecond(start + millis).expect("a time")
}

pub(super) fn dataset(text: &str) -> DatasetId {
    text.parse().expect("a dataset")
}

/// A report with nothing in it.
pub(super) fn empty() -> Report {
    Report {
        deployment: "pocket".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: at(0),
        took: Duration::from_millis(38),
        scope: Scope::default(),
        is_cancelled: false,
        stores: Vec::new(),
        entities: Vec::new(),
        lag: Vec::new(),
        rerun: "parallax check".to_owned(),
    }
}

/// A report of two entities in which everything happened.
pub(super) fn rich() -> Report {
    let store = |name: &str, product: &str| (name.to_owned(), product.to_owned());
    Report {
        took: Duration::from_millis(2_345),
        stores: vec![
            store("shop", "Relational 15.18"),
            store("cache", "Key-value 7.0.15"),
            store("search", "did not answer"),
        ],
        entities: vec![users(), orders()],
        lag: lags(),
        rerun: "parallax -d samples/pocket/deployment.toml check --report check.html".to_owned(),
        ..empty()
    }
}

/// Why two records of the sample could not be judged.
const UNJUDGED: &str = r#"born cannot be compared: as date: this "1st of May" is not a date"#;

pub(super) fn pair(target: &str, counts: Counts) -> PairReport {
    PairReport {
        source: dataset("shop.users"),
        target: dataset(target),
        counts,
        candidates: 47,
        scans: 1,
        cells: 262_144,
        unjudged: None,
    }
}

/// A key that was read and could not be judged.
pub(super) fn unjudged(key: i64, why: &str) -> Unjudged {
    Unjudged {
        key: Key::new(vec![Value::I64(key)]),
        why: why.to_owned(),
    }
}

pub(super) fn entity(pairs: Vec<PairReport>) -> EntityReport {
    EntityReport {
        entity: "user".to_owned(),
        key: vec!["id".to_owned()],
        mapping: mapping(),
        compared: Vec::new(),
        pairs,
        findings: Vec::new(),
        not_checked: Vec::new(),
    }
}

fn users() -> EntityReport {
    let cache = Counts {
        agrees: 3_955,
        in_flight: 41,
        late: 3,
        stale: 2,
        conflicts: 1,
        ..Counts::default()
    };
    let docs = Counts {
        agrees: 3_997,
        missing: 1,
        orphan: 1,
        unknown: 2,
        ..Counts::default()
    };
    EntityReport {
        compared: vec![
            (dataset("shop.users"), 4_000),
            (dataset("cache.user:{id}"), 3_999),
            (dataset("docs.users"), 4_000),
        ],
        pairs: vec![
            pair("cache.user:{id}", cache),
            PairReport {
                unjudged: Some(unjudged(34, UNJUDGED)),
                ..pair("docs.users", docs)
            },
            PairReport {
                candidates: 0,
                scans: 0,
                cells: 0,
                ..pair("search.users", Counts::default())
            },
        ],
        findings: vec![
            stale(7, "ann@new.example", "ann@old.example"),
            stale(42, "Zoë Łuczak", "Zoe Luczak"),
            conflicting(),
            finding(
                999,
                "docs.users",
                Verdict::Missing,
                "the record is not there",
            ),
            finding(
                12_345,
                "docs.users",
                Verdict::Orphan,
                "the source of truth has no such record",
            ),
        ],
        not_checked: vec![
            not_checked(
                "search.users",
                "could not read users in search: connection refused",
            ),
            not_checked("2 records of docs.users", &format!("34, 35: {UNJUDGED}")),
            not_checked("docs.users.tags", "the field is not mapped"),
        ],
        ..entity(Vec::new())
    }
}

fn orders() -> EntityReport {
    let all_agree = Counts {
        agrees: 12_000,
        ..Counts::default()
    };
    EntityReport {
        entity: "order".to_owned(),
        key: vec!["region".to_owned(), "number".to_owned()],
        mapping: Mapping {
            entity: "order".to_owned(),
            fields: vec!["total".to_owned()],
            representations: Vec::new(),
        },
        compared: vec![
            (dataset("shop.orders"), 12_000),
            (dataset("docs.orders"), 12_000),
        ],
        pairs: vec![PairReport {
            source: dataset("shop.orders"),
            candidates: 3,
            ..pair("docs.orders", all_agree)
        }],
        ..entity(Vec::new())
    }
}

pub(super) fn finding(key: i64, place: &str, verdict: Verdict, reason: &str) -> Finding {
    Finding {
        key: Key::new(vec![Value::I64(key)]),
        dataset: dataset(place),
        verdict,
        differences: Vec::new(),
        age: None,
        first_seen: at(1_200),
        last_seen: at(1_200),
        reads: 1,
        reason: reason.to_owned(),
    }
}

fn stale(key: i64, truth: &str, copy: &str) -> Finding {
    let email = difference("email", truth.into(), Value::from(copy), "exact");
    Finding {
        differences: vec![email],
        age: Some(Duration::from_secs(291)),
        last_seen: at(1_950),
        reads: 2,
        ..finding(
            key,
            "cache.user:{id}",
            Verdict::Stale,
            "an older version: email differs",
        )
    }
}

fn conflicting() -> Finding {
    let decimal = |it: &str| Value::Decimal(it.parse().expect("a decimal"));
    let born = Value::Date(civil::date(1990, 5, 1));
    let rule = r#"as date: this "1st of May" is not a date"#;
    Finding {
        differences: vec![
            difference(
                "balance",
                decimal("1200.50"),
                decimal("1200.05"),
                "scale -4, as decimal(4)",
            ),
            difference("born", born, Value::from("1st of May"), rule),
            Difference {
                copy: None,
                ..difference("city", "Kraków".into(), Value::Null, "exact")
            },
            difference("name", "Ann Lee".into(), Value::Null, "casefold"),
        ],
        age: Some(Duration::from_millis(6_400)),
        ..finding(
            77,
            "cache.user:{id}",
            Verdict::Conflicts,
            "the same version, yet balance, born, city, name differ",
        )
    }
}

pub(super) fn difference(field: &str, truth: Value, copy: Value, rule: &str) -> Difference {
    Difference {
        field: field.to_owned(),
        truth: Some(truth),
        copy: Some(copy),
        rule: rule.to_owned(),
    }
}

pub(super) fn not_checked(what: &str, why: &str) -> NotChecked {
    NotChecked {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

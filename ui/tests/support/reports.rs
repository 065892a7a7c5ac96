//! What a check of the pocket sample tells while it runs, and what it found.

use std::time::Duration;

use parallax_core::mapping::Mapping;
use parallax_core::report::{
    Counts, Difference, EntityReport, Finding, LagDuring, NotChecked, PairReport, Report, Scope,
};
use parallax_core::trace::Verdict;
use parallax_core::value::{Key, Value};
use parallax_core::wire::{CheckId, CheckProgress, Event, PaneState};

use super::ago;
use super::pocket::{ENTITIES, dataset, flows, lag};

pub(crate) const RERUN: &str =
    "parallax check --deployment samples/pocket/deployment.toml --entity user --entity order";

/// In the middle of the scan of users.
pub(crate) fn running(check: u64, seconds: u64, share: u64) -> Event {
    let scanned = ENTITIES[0].1.iter().enumerate().map(|(at, name)| {
        let estimate = [
            Some(120_000),
            Some(120_000),
            None,
            Some(120_000),
            Some(90_000),
        ];
        let rows = 1_200 * share * (4 + u64::try_from(at).unwrap_or(0)) / 4;
        (dataset(name), rows.min(119_000), estimate[at])
    });
    told(
        check,
        CheckProgress {
            state: PaneState::Running,
            phase: "scanning user in 5 datasets".into(),
            took: Duration::from_secs(seconds),
            scanned: scanned.collect(),
            candidates: 41,
            judged: 12,
            counts: Counts {
                in_flight: 4,
                stale: 7,
                missing: 1,
                ..Counts::default()
            },
            error: None,
        },
    )
}

/// At its end.
pub(crate) fn ended(check: u64, state: PaneState) -> Event {
    told(
        check,
        CheckProgress {
            state,
            phase: "done".into(),
            took: Duration::from_millis(2_310),
            scanned: Vec::new(),
            candidates: 41,
            judged: 41,
            counts: Counts::default(),
            error: None,
        },
    )
}

pub(crate) fn told(check: u64, progress: CheckProgress) -> Event {
    Event::Check {
        check: CheckId(check),
        progress,
    }
}

/// Two entities with drift of every kind, a copy that could not be read, and the lag meanwhile.
pub(crate) fn rich() -> Report {
    Report {
        deployment: "pocket".into(),
        version: "0.1.0".into(),
        started_at: ago(4_000),
        took: Duration::from_millis(2_310),
        scope: Scope {
            entities: vec!["user".into(), "order".into()],
            ..Scope::default()
        },
        is_cancelled: false,
        stores: ["shop", "docs", "cache", "search"]
            .map(|it| (it.to_owned(), "SQLite 3.50.4".to_owned()))
            .to_vec(),
        entities: vec![users(), orders()],
        lag: during(),
        rerun: RERUN.into(),
    }
}

/// Everything that was compared agrees.
pub(crate) fn clean() -> Report {
    let mut report = rich();
    report.entities.truncate(1);
    for entity in &mut report.entities {
        entity.findings.clear();
        entity.not_checked.clear();
        entity.pairs.truncate(3);
        for pair in &mut entity.pairs {
            pair.counts = counts(120_000, 0, [0; 4]);
        }
    }
    report
}

/// So many findings that only the visible ones may be built.
pub(crate) fn huge(number: i64) -> Report {
    let mut report = rich();
    report.entities.truncate(1);
    let datasets = ["cache.user:{id}", "search.users", "docs.users"].map(dataset);
    let finding = |at: i64| {
        let verdict = [Verdict::Stale, Verdict::Missing, Verdict::Conflicts];
        let place = usize::try_from(at % 3).unwrap_or(0);
        let mut it = finding(at, datasets[place].clone(), verdict[place], &["email"]);
        it.age = (at % 5 != 0).then(|| Duration::from_secs(u64::try_from(at).unwrap_or(0)));
        it
    };
    if let Some(users) = report.entities.first_mut() {
        users.findings = (0..number).map(finding).collect();
    }
    report
}

fn users() -> EntityReport {
    let datasets = ENTITIES[0].1.map(dataset);
    let [shop, docs, cache, search, graph] = datasets;
    let pair = |target: &_, counts| PairReport {
        source: shop.clone(),
        target: Clone::clone(target),
        counts,
        candidates: 41,
        scans: 1,
        cells: 262_144,
        unjudged: None,
    };
    let findings = vec![
        finding(42, cache.clone(), Verdict::Stale, &["email"]),
        finding(
            77,
            search.clone(),
            Verdict::Stale,
            &["name", "city", "phone"],
        ),
        finding(108, cache.clone(), Verdict::Conflicts, &["credit"]),
        finding(9_007_199_254_740_993, docs.clone(), Verdict::Missing, &[]),
        finding(9_007_199_254_740_995, search.clone(), Verdict::Orphan, &[]),
    ];
    EntityReport {
        entity: "user".into(),
        key: vec!["id".into()],
        mapping: mapping("user"),
        compared: vec![
            (shop.clone(), 120_000),
            (docs.clone(), 119_999),
            (cache.clone(), 31_204),
            (search.clone(), 120_001),
        ],
        pairs: vec![
            pair(&docs, counts(119_999, 0, [0, 0, 1, 0])),
            pair(&cache, counts(119_996, 2, [1, 1, 0, 0])),
            pair(&search, late(counts(119_956, 43, [1, 0, 0, 1]), 12)),
            pair(&graph, Counts::default()),
        ],
        findings,
        not_checked: vec![
            NotChecked {
                what: "graph.User".into(),
                why: "graph does not answer: could not open graph.db: no such file".into(),
            },
            NotChecked {
                what: "search.users".into(),
                why: "the field `embedding` is not mapped, so it was not compared".into(),
            },
        ],
    }
}

fn orders() -> EntityReport {
    let [shop, docs, ..] = ENTITIES[2].1.map(dataset);
    EntityReport {
        entity: "order".into(),
        key: vec!["region".into(), "number".into()],
        mapping: mapping("order"),
        compared: vec![(shop.clone(), 480_000), (docs.clone(), 480_000)],
        pairs: vec![PairReport {
            source: shop,
            target: docs.clone(),
            counts: counts(479_998, 0, [2, 0, 0, 0]),
            candidates: 2,
            scans: 1,
            cells: 262_144,
            unjudged: None,
        }],
        findings: vec![order("eu", 17, &docs), order("us", 4_204_201, &docs)],
        not_checked: Vec::new(),
    }
}

fn order(region: &str, number: i64, docs: &parallax_core::name::DatasetId) -> Finding {
    let mut it = finding(0, docs.clone(), Verdict::Stale, &["total"]);
    it.key = Key::new(vec![Value::from(region), Value::I64(number)]);
    it.age = None;
    it
}

fn mapping(entity: &str) -> Mapping {
    Mapping {
        entity: entity.into(),
        fields: Vec::new(),
        representations: Vec::new(),
    }
}

fn counts(agrees: u64, in_flight: u64, drift: [u64; 4]) -> Counts {
    let [stale, conflicts, missing, orphan] = drift;
    Counts {
        agrees,
        in_flight,
        late: 0,
        stale,
        conflicts,
        missing,
        orphan,
        unknown: 0,
    }
}

fn late(counts: Counts, late: u64) -> Counts {
    Counts { late, ..counts }
}

pub(crate) fn finding(
    key: i64,
    dataset: parallax_core::name::DatasetId,
    verdict: Verdict,
    fields: &[&str],
) -> Finding {
    let reason = match verdict {
        Verdict::Missing => {
            "The outbox has no row of this key any more, and the copy has no record."
        }
        Verdict::Orphan => {
            "The source of truth has no record of this key, and no change of it is on its way."
        }
        _ => {
            "The edge has passed the change 4 m 51 s ago, and the copy still holds what was there before."
        }
    };
    let difference = |field: &&str| Difference {
        field: (*field).to_owned(),
        truth: Some(Value::from("new")),
        copy: Some(Value::from("old")),
        rule: "exact".into(),
    };
    Finding {
        key: Key::new(vec![Value::I64(key)]),
        dataset,
        verdict,
        differences: fields.iter().map(difference).collect(),
        age: Some(Duration::from_secs(291)),
        first_seen: ago(3_500),
        last_seen: ago(2_000),
        reads: 2,
        reason: reason.into(),
    }
}

fn during() -> Vec<LagDuring> {
    let measured = lag().edges.into_iter().take(4).zip(flows());
    let during = measured.map(|(it, edge)| LagDuring {
        edge,
        first: it.reading.clone(),
        max: it.reading.lag.time,
        last: it.reading,
        samples: 3,
    });
    during.collect()
}

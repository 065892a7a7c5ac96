//! Checks that are stopped, and stores that do not answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use parallax_core::error::ErrorKind;
use parallax_core::report::{Report, Scope};
use parallax_core::wire::{CheckProgress, Event, PaneState, Reply, Request};
use parallax_tests::{Pocket, parallax};
use parallax_workbench::{Events, Workbench};
use serde_json::Value;

use crate::common::{check, entities, reported};

/// Keeps what a check tells, and acts on it once.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(Instant, CheckProgress)>>>);

impl Heard {
    /// Events that are kept; the first whose phase begins with `phase` is also acted upon.
    fn events(&self, phase: &'static str, act: impl Fn() + Send + Sync + 'static) -> Events {
        let heard = self.clone();
        Events::new(move |event| {
            let Event::Check { progress, .. } = event else {
                return;
            };
            let mut heard = heard.0.lock().expect("nobody panicked");
            let was_heard = heard.iter().any(|(_, it)| it.phase.starts_with(phase));
            if progress.phase.starts_with(phase) && !was_heard {
                act();
            }
            heard.push((Instant::now(), progress));
        })
    }

    /// All events, once the last word is among them: it is said after the report can be had.
    async fn all(&self) -> Vec<(Instant, CheckProgress)> {
        let began = Instant::now();
        loop {
            let heard = self.0.lock().expect("nobody panicked").clone();
            let last = heard.last().map(|(_, it)| it.state);
            if last.is_some_and(|it| it != PaneState::Running) {
                return heard;
            }
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "the end is not told: {last:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_is_stopped_ends_at_once_and_tells_what_it_knows() {
    let sample = Pocket::load(20_000, 3).await;
    let workbench = sample.workbench();
    let stop = Arc::new(tokio::sync::Notify::new());
    let heard = Heard::default();
    let noticed = Arc::clone(&stop);
    let events = heard.events("scanning", move || noticed.notify_one());
    let check = workbench
        .check(Scope::default(), &events)
        .expect("the check begins");
    let early = workbench
        .handle(Request::CheckReport { check }, &events)
        .await;
    assert!(matches!(early, Reply::Failed(it) if it.kind == ErrorKind::Busy));
    stop.notified().await;
    let stopped = Instant::now();
    let reply = workbench
        .handle(Request::CancelCheck { check }, &events)
        .await;
    assert_eq!(reply, Reply::Done);
    let report = workbench.checked(check).await.expect("a report");
    let took = stopped.elapsed();
    assert!(took < Duration::from_secs(2), "it took {took:?} to stop");
    assert!(report.is_cancelled);
    assert_eq!(reported(&report), BTreeSet::new(), "nothing was planted");
    let names: Vec<&str> = report
        .entities
        .iter()
        .map(|it| it.entity.as_str())
        .collect();
    assert_eq!(
        names,
        ["user", "product", "order"],
        "also those that were not reached"
    );
    for entity in &report.entities {
        assert!(!entity.not_checked.is_empty(), "{}", entity.entity);
        assert_eq!(entity.counts().drifted(), 0);
    }
    let told = heard.all().await;
    let (_, last) = told.last().expect("events");
    assert_eq!(last.state, PaneState::Cancelled);
    workbench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_told_at_most_ten_times_a_second_and_once_at_the_end() {
    let sample = Pocket::load(5_000, 4).await;
    let workbench = sample.workbench();
    let heard = Heard::default();
    let events = heard.events("none", || ());
    let began = Instant::now();
    let check = workbench
        .check(entities(&["user"]), &events)
        .expect("the check begins");
    let report = workbench.checked(check).await.expect("a report");
    let most = began.elapsed().as_millis() / 100 + 3;
    workbench.close().await;
    let told = heard.all().await;
    assert!(
        (told.len() as u128) <= most,
        "{} events, at most {most}",
        told.len()
    );
    let ended = told.iter().filter(|(_, it)| it.state != PaneState::Running);
    assert_eq!(ended.count(), 1);
    let (_, last) = told.last().expect("events");
    assert_eq!(
        (last.state, last.counts),
        (PaneState::Done, report.counts())
    );
    let rows: Vec<u64> = last.scanned.iter().map(|(_, rows, _)| *rows).collect();
    let compared = &report.entities.first().expect("one entity").compared;
    assert_eq!(
        rows,
        compared.iter().map(|(_, rows)| *rows).collect::<Vec<_>>()
    );
}

#[track_caller]
fn check_unknown(report: &Report, store: &str, records: u64) {
    assert_eq!(
        reported(report),
        BTreeSet::new(),
        "what cannot be read is no drift"
    );
    for pair in report.entities.iter().flat_map(|it| &it.pairs) {
        let counts = pair.counts;
        if pair.target.store.as_str() == store {
            assert_eq!(
                (counts.agrees, counts.unknown),
                (0, records),
                "{}",
                pair.target
            );
        } else {
            assert_eq!(
                (counts.agrees, counts.unknown),
                (records, 0),
                "{}",
                pair.target
            );
        }
    }
    let mut not_checked = report.entities.iter().flat_map(|it| &it.not_checked);
    assert!(
        not_checked.any(|it| it.what.starts_with(store)),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_locked_store_is_unknown_in_time_and_costs_its_own_pairs() {
    let sample = Pocket::load(200, 5).await;
    let lock = sample.lock("docs.db").await;
    let workbench = Workbench::open(&parallax_workbench::Options {
        deployment: Some(sample.deployment()),
        deadline: Duration::from_millis(400),
        config: Some(sample.path().join("config")),
    });
    let began = Instant::now();
    let report = check(&workbench, entities(&["user"])).await;
    let took = began.elapsed();
    drop(lock);
    workbench.close().await;
    assert!(took < Duration::from_secs(6), "it took {took:?}");
    check_unknown(&report, "docs", 200);
    assert!(
        report.stores.iter().all(|(it, _)| it != "docs"),
        "{:?}",
        report.stores
    );
}

#[tokio::test]
async fn a_store_that_is_gone_exits_2_and_a_silent_source_makes_everything_unknown() {
    parallax();
    let sample = Pocket::load(200, 6).await;
    let away = |file: &str| {
        let path = sample.path().join(file);
        std::fs::rename(&path, path.with_extension("away")).expect("the file is moved");
    };
    away("graph.db");
    let ended = sample.parallax(&["check", "--entity", "user", "--json"]);
    let report = ended.json();
    assert_eq!(ended.code, 2, "{}", ended.stdout);
    assert_eq!(report["counts"]["unknown"], 200);
    assert_eq!(report["counts"]["agrees"], 600);
    assert_eq!(report["findings"], Value::Array(vec![]));
    away("shop.db");
    let ended = sample.parallax(&["check", "--entity", "user", "--json"]);
    assert_eq!(
        (ended.code, &ended.json()["findings"]),
        (2, &Value::Array(vec![]))
    );
    assert_eq!(ended.json()["counts"]["agrees"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_breaks_midway_is_unknown_and_never_drift() {
    let sample = Pocket::load(5_000, 7).await;
    let workbench = sample.workbench();
    let heard = Heard::default();
    let file = sample.path().join("docs.db");
    let events = heard.events("scanning user", move || {
        std::fs::write(&file, b"").expect("the file is emptied");
    });
    let check = workbench
        .check(Scope::default(), &events)
        .expect("the check begins");
    let report = workbench.checked(check).await.expect("a report");
    workbench.close().await;
    assert_eq!(reported(&report), BTreeSet::new(), "nothing was planted");
    let pairs = report.entities.iter().flat_map(|it| &it.pairs);
    let (docs, others): (Vec<_>, Vec<_>) = pairs.partition(|it| it.target.store.as_str() == "docs");
    assert!(docs.iter().any(|it| it.counts.unknown > 0), "{docs:?}");
    assert!(others.iter().all(|it| it.counts.unknown == 0), "{others:?}");
}

//! Checks of whole samples: what was planted is reported as what it is, nothing else is, and what could not be read is
//! unknown and never drift.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use parallax_core::error::ErrorKind;
use parallax_core::report::{Finding, PairReport, Report, Scope};
use parallax_core::wire::{CheckId, CheckProgress, Event, PaneState, Reply, ReportFormat, Request};
use parallax_samples::inject::{Planted, Truth};
use parallax_samples::worker::{self, Options};
use parallax_samples::{pocket, source};
use parallax_tests::{Ended, Pocket, parallax};
use parallax_workbench::{Events, Workbench};
use serde_json::Value;

/// How many samples are loaded, each with faults of its own.
const SEEDS: u64 = 50;

/// How many of them are checked once more by the command line.
const SEEDS_OF_CLI: u64 = 3;

/// A sample with planted faults. Another sample is one more variant.
enum Sample {
    Pocket(Pocket),
}

impl Sample {
    /// Loads and plants; changes in flight stay so for a minute, however slow this machine is.
    async fn planted(seed: u64) -> (Self, Truth) {
        let pocket = Pocket::load(150, seed).await;
        pocket.edit_deployment("objective = \"5s\"", "objective = \"1m\"");
        let truth = pocket::inject(pocket.path(), seed, 1).await;
        (Self::Pocket(pocket), truth.expect("faults are planted"))
    }

    fn workbench(&self) -> Workbench {
        match self {
            Self::Pocket(it) => it.workbench(),
        }
    }

    fn parallax(&self, arguments: &[&str]) -> Ended {
        match self {
            Self::Pocket(it) => it.parallax(arguments),
        }
    }
}

async fn check(workbench: &Workbench, scope: Scope) -> Arc<Report> {
    let check = workbench.check(scope, &Events::ignore());
    let report = workbench.checked(check.expect("the check begins")).await;
    report.expect("the check ends with a report")
}

fn entities(names: &[&str]) -> Scope {
    Scope {
        entities: names.iter().map(|it| (*it).to_owned()).collect(),
        ..Scope::default()
    }
}

/// One copy that drifted: entity, key, dataset, verdict and what differs.
type Drift = (String, String, String, String, Vec<String>);

fn name<T: serde::Serialize>(of: &T) -> String {
    let name = serde_json::to_value(of).expect("a name");
    name.as_str().expect("text").to_owned()
}

fn is_drift(fault: &Planted) -> bool {
    ["stale", "conflicts", "missing", "orphan"].contains(&name(&fault.verdict).as_str())
}

fn planted(truth: &Truth) -> BTreeSet<Drift> {
    let drift = |it: &Planted| {
        (
            name(&it.entity),
            it.key.clone(),
            it.dataset.clone(),
            name(&it.verdict),
            it.fields.clone(),
        )
    };
    let faults = truth.faults.iter().filter(|it| is_drift(it));
    faults.map(drift).collect()
}

fn reported(report: &Report) -> BTreeSet<Drift> {
    let drift = |(entity, it): (&str, &Finding)| {
        (
            entity.to_owned(),
            it.key.to_string(),
            it.dataset.to_string(),
            it.verdict.name().to_owned(),
            it.differences.iter().map(|it| it.field.clone()).collect(),
        )
    };
    report.findings().map(drift).collect()
}

/// The counts of one pair are those of what was planted there, and every other record agrees.
#[track_caller]
fn check_counts(report: &Report, pair: &PairReport, truth: &Truth, about: &str) {
    let dataset = pair.target.to_string();
    let faults = truth.faults.iter().filter(|it| it.dataset == dataset);
    let planted: Vec<(String, bool)> = faults.map(|it| (name(&it.verdict), it.late)).collect();
    let n = |wanted: &str| planted.iter().filter(|(it, _)| it == wanted).count() as u64;
    let counts = pair.counts;
    let found = [
        counts.stale,
        counts.conflicts,
        counts.missing,
        counts.orphan,
        counts.unknown,
    ];
    let expected = ["stale", "conflicts", "missing", "orphan", "unknown"].map(n);
    assert_eq!(found, expected, "{dataset}, {about}");
    let late = planted.iter().filter(|(_, late)| *late).count() as u64;
    assert_eq!(
        (counts.in_flight, counts.late),
        (n("in-flight"), late),
        "{dataset}, {about}"
    );
    let compared = report.entities.iter().flat_map(|it| &it.compared);
    let mut compared = compared.filter(|(it, _)| *it == pair.source);
    let (_, records) = compared
        .next()
        .unwrap_or_else(|| panic!("{}, {about}", pair.source));
    let others = counts.in_flight + counts.drifted() - counts.orphan + counts.unknown;
    assert_eq!(counts.agrees, records - others, "{dataset}, {about}");
}

#[tokio::test]
async fn what_was_planted_is_reported_as_what_it_is_and_nothing_else_is() {
    let mut n_planted = 0;
    for seed in 1..=SEEDS {
        let (sample, truth) = Sample::planted(seed).await;
        let workbench = sample.workbench();
        let report = check(&workbench, Scope::default()).await;
        workbench.close().await;
        let about = format!("seed {seed}");
        assert_eq!(reported(&report), planted(&truth), "{about}");
        for pair in report.entities.iter().flat_map(|it| &it.pairs) {
            check_counts(&report, pair, &truth, &about);
        }
        assert!(
            report
                .findings()
                .all(|(_, it)| !it.reason.is_empty() && it.reads > 0)
        );
        assert_eq!(report.stores.len(), 5, "{about}: {:?}", report.stores);
        assert!(report.lag.iter().all(|it| it.samples >= 2), "{about}");
        n_planted += planted(&truth).len();
    }
    println!("{SEEDS} seeds: {n_planted} planted faults reported, and nothing more");
    assert!(n_planted > 1_000, "only {n_planted} faults were planted");
}

/// What the command line reports, as [`reported`] gives it.
fn printed(report: &Value) -> BTreeSet<Drift> {
    let text = |of: &Value| of.as_str().expect("text").to_owned();
    let findings = report["findings"].as_array().expect("findings");
    let drift = |it: &Value| {
        let fields = it["fields"].as_array().expect("fields");
        (
            text(&it["entity"]),
            text(&it["key"]),
            text(&it["dataset"]),
            text(&it["verdict"]),
            fields.iter().map(text).collect(),
        )
    };
    findings.iter().map(drift).collect()
}

#[tokio::test]
async fn the_command_line_reports_the_same_and_exits_1() {
    parallax();
    for seed in 1..=SEEDS_OF_CLI {
        let (sample, truth) = Sample::planted(seed).await;
        let ended = sample.parallax(&["check", "--json"]);
        let report = ended.json();
        assert_eq!(
            (ended.code, &report["format"]),
            (1, &Value::from(1)),
            "{}",
            ended.stderr
        );
        assert_eq!(printed(&report), planted(&truth), "seed {seed}");
        assert_eq!(ended.stderr, "", "nothing is said where nobody looks");
        let all = report["counts"].as_object().expect("counts");
        let drifted: u64 = ["stale", "conflicts", "missing", "orphan"]
            .iter()
            .map(|it| all[*it].as_u64().expect("a number"))
            .sum();
        assert_eq!(drifted, planted(&truth).len() as u64);
    }
}

#[tokio::test]
async fn a_sample_that_agrees_exits_0_and_says_so_first() {
    parallax();
    let sample = Pocket::load(100, 1).await;
    let ended = sample.parallax(&["check"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.starts_with("All "), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("shop.users → docs.users"),
        "{}",
        ended.stdout
    );
    let one = sample.parallax(&["check", "--entity", "user", "--to", "docs.users", "--json"]);
    let report = one.json();
    assert_eq!((one.code, &report["entity"]), (0, &Value::from("user")));
    assert_eq!(report["counts"]["agrees"], 100);
    let compared = report["compared"].as_object().expect("datasets");
    assert_eq!(
        compared.keys().collect::<Vec<_>>(),
        ["shop.users", "docs.users"]
    );
}

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

    fn all(&self) -> Vec<(Instant, CheckProgress)> {
        self.0.lock().expect("nobody panicked").clone()
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
    let told = heard.all();
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
    let told = heard.all();
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

/// A stale copy of user 42, changed just now, and a conflict in user 7, whose source is old.
async fn changed_and_corrupted() -> Pocket {
    let sample = Pocket::load(200, 8).await;
    sample.edit_deployment("objective = \"5s\"", "objective = \"1m\"");
    let lose = Options {
        faults: vec!["drop:docs:users:42".parse().expect("a fault")],
        ..Options::default()
    };
    let changed = source::change_user(sample.path(), 42, "email", "new@example.com").await;
    changed.expect("the user changes");
    let worked = worker::until_idle(sample.path(), lose).await;
    worked.expect("the worker ends idle");
    sample.sql("graph.db", "update nodes set properties = json_set(properties, '$.email', 'x@y.example') where json_extract(properties, '$.user_id') = 7").await;
    sample
}

#[tokio::test]
async fn since_compares_what_changed_lately_and_says_what_it_cannot_see() {
    let sample = changed_and_corrupted().await;
    let workbench = sample.workbench();
    let scope = Scope {
        since: Some(Duration::from_hours(1)),
        ..entities(&["user"])
    };
    let lately = check(&workbench, scope).await;
    let all = check(&workbench, entities(&["user"])).await;
    workbench.close().await;
    let keys =
        |it: &Report| -> Vec<String> { it.findings().map(|(_, it)| it.key.to_string()).collect() };
    assert_eq!(
        (keys(&lately), keys(&all)),
        (vec!["42".to_owned()], vec!["7".to_owned(), "42".to_owned()])
    );
    let entity = lately.entities.first().expect("one entity");
    assert!(
        !entity.not_checked.is_empty(),
        "deletions are not seen, and that is said"
    );
    assert!(lately.rerun.ends_with("--since 1h"), "{}", lately.rerun);
}

#[tokio::test]
async fn a_sample_takes_the_same_share_of_keys_every_time_and_finds_what_is_among_them() {
    let (sample, truth) = Sample::planted(9).await;
    let workbench = sample.workbench();
    let scope = |share| Scope {
        sample: Some(share),
        ..Scope::default()
    };
    let one = check(&workbench, scope(0.5)).await;
    let other = check(&workbench, scope(0.5)).await;
    let all = check(&workbench, scope(1.0)).await;
    workbench.close().await;
    assert_eq!(reported(&one), reported(&other));
    assert_eq!(one.counts().agrees, other.counts().agrees);
    let found = reported(&one);
    assert!(found.is_subset(&planted(&truth)) && !found.is_empty());
    assert!(found.len() < planted(&truth).len());
    assert_eq!(reported(&all), planted(&truth));
    let copies = |it: &Report| it.counts().agrees * 100 / all.counts().agrees;
    assert!(
        (40..60).contains(&copies(&one)),
        "{} % of the copies",
        copies(&one)
    );
}

#[test]
fn a_report_file_is_written_in_the_form_that_its_ending_names() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (sample, _) = runtime.block_on(Sample::planted(10));
    parallax();
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<String> = ReportFormat::ALL
        .iter()
        .map(|(ending, _)| {
            folder
                .path()
                .join(format!("r.{ending}"))
                .display()
                .to_string()
        })
        .collect();
    let mut arguments = vec!["check", "--json"];
    arguments.extend(paths.iter().flat_map(|it| ["--report", it.as_str()]));
    let ended = sample.parallax(&arguments);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let read = |path: &String| std::fs::read_to_string(path).expect("the file is there");
    let starts = ["<!doctype html>", "# ", "{", "entity,", "<?xml"];
    for (path, start) in paths.iter().zip(starts) {
        let text = read(path).to_lowercase();
        assert!(
            text.starts_with(start),
            "{path}: {}",
            text.chars().take(80).collect::<String>()
        );
        assert!(
            ended.stderr.contains(&format!("wrote {path}")),
            "{}",
            ended.stderr
        );
    }
    let json = paths.get(2).expect("five files");
    assert_eq!(read(json), ended.stdout, "the file is what --json prints");
    let left = std::fs::read_dir(folder.path())
        .expect("the folder")
        .count();
    assert_eq!(left, 5, "nothing is left beside them");
}

#[tokio::test]
async fn bad_input_exits_2_and_says_what_to_do_before_anything_runs() {
    parallax();
    let sample = Pocket::load(20, 11).await;
    let missing = sample.path().join("none/r.html").display().to_string();
    let cases: [(&[&str], &str); 8] = [
        (&["--entity", "usr"], "user, product, order"),
        (&["--to", "docs.user"], "docs.users"),
        (&["--to", "shop.users"], "system of record"),
        (&["--from", "docs.users"], "no flow leads from docs.users"),
        (&["--sample", "0"], "such as 5% or 0.05"),
        (&["--report", "r.pdf"], ".html .md .json .csv .xml"),
        (&["--report", &missing], "there is no folder"),
        (&["--resume"], "later version"),
    ];
    for (arguments, said) in cases {
        let ended = sample.parallax(&[&["check"], arguments].concat());
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stdout);
        assert!(
            ended.stderr.contains(said),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn the_command_that_a_report_names_does_the_same_again() {
    parallax();
    let (sample, _) = Sample::planted(12).await;
    let arguments = [
        "check",
        "--entity",
        "user",
        "--to",
        "cache.user:{id}",
        "--json",
    ];
    let report = sample.parallax(&arguments).json();
    let rerun = report["rerun"].as_str().expect("a command");
    let rest = rerun
        .strip_prefix("parallax ")
        .unwrap_or_else(|| panic!("{rerun}"));
    let mut shell = std::process::Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("exec \"$0\" {rest} --json"))
        .arg(parallax());
    let again = Ended::of(shell).json();
    assert_eq!(printed(&again), printed(&report));
    assert_eq!(again["scope"], report["scope"]);
}

#[tokio::test]
async fn a_report_of_our_own_name_is_written_beside_others_and_a_check_that_is_unknown_is_told() {
    let sample = Pocket::load(20, 13).await;
    let workbench = sample.workbench();
    let events = Events::ignore();
    let reply = workbench
        .handle(Request::Check(entities(&["product"])), &events)
        .await;
    let Reply::Checking(check) = reply else {
        panic!("{reply:?}");
    };
    workbench.checked(check).await.expect("a report");
    let path = sample.path().join("kept.md");
    let export = |check: CheckId, path: &Path| Request::ExportReport {
        check,
        format: ReportFormat::Markdown,
        path: Some(path.display().to_string()),
    };
    let reply = workbench.handle(export(check, &path), &events).await;
    assert_eq!(
        reply,
        Reply::Written {
            path: path.display().to_string()
        }
    );
    assert!(path.is_file());
    let reply = workbench
        .handle(Request::CheckReport { check }, &events)
        .await;
    assert!(matches!(reply, Reply::Report(it) if it.counts().drifted() == 0));
    let reply = workbench.handle(export(CheckId(99), &path), &events).await;
    assert!(matches!(reply, Reply::Failed(it) if it.kind == ErrorKind::NotFound));
    workbench.close().await;
}

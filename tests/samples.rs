//! The samples as tests: every planted fault is found as what it is, and nothing else is.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use parallax_core::compare::FieldVerdict;
use parallax_core::trace::{Observation, Trace, Verdict};
use parallax_samples::duo;
use parallax_samples::inject::{self, Planted, Truth};
use parallax_samples::pocket;
use parallax_tests::{Duo, Pocket};
use parallax_workbench::Workbench;

/// How many samples are loaded, each with faults of its own.
const SEEDS: u64 = 50;

/// The same of the sample that needs servers, whose faults are four times as many.
const SERVED_SEEDS: u64 = 12;

/// How many keys an entity without fault are traced in each.
const UNPLANTED: usize = 7;

fn differing(observation: &Observation, trace: &Trace) -> Vec<String> {
    let mapping = trace
        .mapping
        .representations
        .iter()
        .find(|it| it.dataset == observation.dataset);
    let compared = |name: &str| {
        mapping.is_some_and(|it| it.fields.iter().any(|it| it.name == name && it.compared))
    };
    let fields = observation.fields.iter().filter(|it| compared(&it.name));
    let differs = |verdict| matches!(verdict, FieldVerdict::Different | FieldVerdict::Absent);
    fields
        .filter(|it| differs(it.verdict))
        .map(|it| it.name.clone())
        .collect()
}

fn verdict_of(fault: &Planted) -> String {
    name(&fault.verdict)
}

fn name<T: serde::Serialize>(of: &T) -> String {
    serde_json::to_value(of)
        .expect("a name")
        .as_str()
        .expect("text")
        .to_owned()
}

async fn check_planted(workbench: &Workbench, fault: &Planted, seed: u64) {
    let entity = name(&fault.entity);
    let trace = workbench.trace(&entity, &fault.key, None).await;
    let trace = trace.unwrap_or_else(|error| panic!("seed {seed}, {fault:?}: {error}"));
    let observation = trace
        .observations
        .iter()
        .find(|it| it.dataset.to_string() == fault.dataset);
    let observation = observation.unwrap_or_else(|| panic!("seed {seed}, {fault:?}: not observed"));
    let about = format!(
        "seed {seed}, {fault:?}\n{}\n{}",
        observation.reason, trace.sentence
    );
    assert_eq!(observation.verdict.name(), verdict_of(fault), "{about}");
    if let Verdict::InFlight { late } = observation.verdict {
        assert_eq!(late, fault.late, "{about}");
    }
    if !fault.fields.is_empty() {
        assert_eq!(differing(observation, &trace), fault.fields, "{about}");
    }
    assert!(!observation.reason.is_empty(), "{about}");
    // What is only spelled otherwise here may differ elsewhere.
    if fault.verdict == inject::Verdict::Agrees {
        return;
    }
    assert_eq!(
        trace.verdict.name(),
        verdict_of(fault),
        "another copy is worse: {about}"
    );
}

async fn check_unplanted(workbench: &Workbench, entity: &str, key: &str, seed: u64) {
    let trace = workbench.trace(entity, key, None).await;
    let trace = trace.unwrap_or_else(|error| panic!("seed {seed}, {entity} {key}: {error}"));
    assert_eq!(
        trace.verdict,
        Verdict::Agrees,
        "seed {seed}, {entity} {key}: {}",
        trace.sentence
    );
}

/// Traces everything that was planted, and some keys of each entity that were left alone; how many of both.
async fn check(workbench: &Workbench, truth: &Truth, seed: u64) -> (usize, usize) {
    // What is in flight is planted last and ages first.
    let (young, settled): (Vec<_>, Vec<_>) = truth
        .faults
        .iter()
        .partition(|it| verdict_of(it) == "in-flight" && !it.late);
    for fault in young.iter().chain(&settled) {
        check_planted(workbench, fault, seed).await;
    }
    let mut unplanted = 0;
    for entity in truth.untouched.keys() {
        for key in truth.untouched(entity, UNPLANTED) {
            check_unplanted(workbench, entity, key, seed).await;
            unplanted += 1;
        }
    }
    (truth.faults.len(), unplanted)
}

#[tokio::test]
async fn every_planted_fault_is_found_as_what_it_is_and_everything_else_agrees() {
    let (mut planted, mut unplanted) = (0, 0);
    for seed in 1..=SEEDS {
        let sample = Pocket::load(150, seed).await;
        let truth = pocket::inject(sample.path(), seed, 1)
            .await
            .expect("faults are planted");
        let workbench = sample.workbench();
        let (faults, agreeing) = check(&workbench, &truth, seed).await;
        workbench.close().await;
        planted += faults;
        unplanted += agreeing;
    }
    println!("{SEEDS} seeds: {planted} planted faults found, {unplanted} unplanted keys agree");
    assert!(
        unplanted >= 1_000,
        "only {unplanted} unplanted keys were traced"
    );
}

#[tokio::test]
async fn the_same_holds_across_two_servers_with_an_outbox_and_a_stream_between_them() {
    let (mut planted, mut unplanted) = (0, 0);
    for seed in 1..=SERVED_SEEDS {
        let sample = Duo::load(150, seed).await;
        let workbench = sample.workbench().await;
        let truth = duo::inject(sample.path(), seed, 1)
            .await
            .expect("faults are planted");
        let (faults, agreeing) = check(&workbench, &truth, seed).await;
        workbench.close().await;
        planted += faults;
        unplanted += agreeing;
    }
    println!("{SERVED_SEEDS} seeds: {planted} planted faults found, {unplanted} agree");
    assert!(
        planted >= 100 * usize::try_from(SERVED_SEEDS).expect("a small number"),
        "only {planted} faults were planted"
    );
}

#[tokio::test]
async fn the_command_line_sees_what_was_planted_across_two_servers() {
    let sample = Duo::load(150, 3).await;
    let lag = sample.parallax(&["lag", "--json"]);
    assert_eq!(lag.code, 0, "{}", lag.stderr);
    let edges = lag.json();
    let edges = edges["edges"].as_array().expect("edges");
    assert_eq!(edges.len(), 7);
    for edge in edges {
        assert_eq!(edge["state"], "caught-up", "{edge}");
    }

    let truth = duo::inject(sample.path(), 3, 1).await.expect("faults");
    let of_one_kind = |verdict| truth.faults.iter().find(|it| it.verdict == verdict);
    for verdict in [
        inject::Verdict::Stale,
        inject::Verdict::Conflicts,
        inject::Verdict::Missing,
        inject::Verdict::Orphan,
    ] {
        let fault = of_one_kind(verdict).expect("a fault of each verdict");
        let ended = sample.parallax(&["trace", &name(&fault.entity), &fault.key, "--json"]);
        assert_eq!(ended.code, 1, "{fault:?}\n{}", ended.stderr);
        assert_eq!(ended.json()["verdict"], name(&verdict), "{fault:?}");
    }
    let untouched = truth.untouched("user", 1);
    let ended = sample.parallax(&["trace", "user", &untouched[0], "--json"]);
    assert_eq!(
        (ended.code, &ended.json()["verdict"]),
        (0, &"agrees".into())
    );
    for (_, secret) in sample.secrets() {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret));
    }
}

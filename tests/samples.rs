//! The samples as tests: every planted fault is found as what it is, and nothing else is.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use parallax_core::compare::FieldVerdict;
use parallax_core::trace::{Observation, Trace, Verdict};
use parallax_samples::inject::{Planted, Truth};
use parallax_samples::pocket;
use parallax_tests::Pocket;
use parallax_workbench::Workbench;

/// How many samples are loaded, each with faults of its own.
const SEEDS: u64 = 50;

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

async fn check_seed(seed: u64) -> (usize, usize) {
    let sample = Pocket::load(150, seed).await;
    let truth: Truth = pocket::inject(sample.path(), seed, 1)
        .await
        .expect("faults are planted");
    let workbench = sample.workbench();
    // What is in flight is planted last and ages first.
    let (young, settled): (Vec<_>, Vec<_>) = truth
        .faults
        .iter()
        .partition(|it| verdict_of(it) == "in-flight" && !it.late);
    for fault in young.iter().chain(&settled) {
        check_planted(&workbench, fault, seed).await;
    }
    let mut unplanted = 0;
    for entity in ["user", "product", "order"] {
        for key in truth.untouched(entity, UNPLANTED) {
            check_unplanted(&workbench, entity, key, seed).await;
            unplanted += 1;
        }
    }
    workbench.close().await;
    (truth.faults.len(), unplanted)
}

#[tokio::test]
async fn every_planted_fault_is_found_as_what_it_is_and_everything_else_agrees() {
    let (mut planted, mut unplanted) = (0, 0);
    for seed in 1..=SEEDS {
        let (faults, agreeing) = check_seed(seed).await;
        planted += faults;
        unplanted += agreeing;
    }
    println!("{SEEDS} seeds: {planted} planted faults found, {unplanted} unplanted keys agree");
    assert!(
        unplanted >= 1_000,
        "only {unplanted} unplanted keys were traced"
    );
}

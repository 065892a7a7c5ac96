//! Fifty samples of each kind, each with faults of its own.

use std::collections::BTreeSet;

use parallax_core::report::{PairReport, Report, Scope};
use parallax_samples::ensemble::Target;
use parallax_samples::inject::Truth;
use parallax_tests::parallax;
use serde_json::Value;

use crate::common::{Sample, check, name, planted, printed, reported};

/// How many samples are loaded, each with faults of its own.
const SEEDS: u64 = 50;

/// The same of copies in one server of another kind.
const SEEDS_OF_COPIES: u64 = 20;

/// How many of them are checked once more by the command line.
const SEEDS_OF_CLI: u64 = 3;

/// The counts of one pair are those of what was planted there, and every other record agrees.
#[track_caller]
fn check_counts(
    report: &Report,
    pair: &PairReport,
    truth: &Truth,
    deleted: &BTreeSet<(String, String)>,
    about: &str,
) {
    let dataset = pair.target.to_string();
    let faults = || truth.faults.iter().filter(|it| it.dataset == dataset);
    let gone = faults().filter(|it| deleted.contains(&(name(&it.entity), it.key.clone())));
    let gone = gone.count() as u64;
    let faults = faults();
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
    // Of the records that the source holds: orphans and deletions on their way are none.
    let others = counts.in_flight - gone + counts.drifted() - counts.orphan + counts.unknown;
    assert_eq!(counts.agrees, records - others, "{dataset}, {about}");
}

/// Checks one sample, and compares what is reported with what was planted; how many faults that were.
async fn check_planted(sample: &Sample, truth: &Truth, seed: u64) -> usize {
    let workbench = sample.workbench().await;
    let report = check(&workbench, Scope::default()).await;
    workbench.close().await;
    let deleted = sample.deleted(truth).await;
    let about = format!("seed {seed}");
    assert_eq!(reported(&report), planted(truth), "{about}");
    for pair in report.entities.iter().flat_map(|it| &it.pairs) {
        check_counts(&report, pair, truth, &deleted, &about);
    }
    assert!(
        report
            .findings()
            .all(|(_, it)| !it.reason.is_empty() && it.reads > 0)
    );
    assert_eq!(
        report.stores.len(),
        sample.n_stores(),
        "{about}: {:?}",
        report.stores
    );
    assert!(report.lag.iter().all(|it| it.samples >= 2), "{about}");
    planted(truth).len()
}

#[tokio::test]
async fn what_was_planted_is_reported_as_what_it_is_and_nothing_else_is() {
    let mut n_planted = 0;
    for seed in 1..=SEEDS {
        let (sample, truth) = Sample::planted(seed).await;
        n_planted += check_planted(&sample, &truth, seed).await;
    }
    println!("{SEEDS} seeds: {n_planted} planted faults reported, and nothing more");
    assert!(n_planted > 1_000, "only {n_planted} faults were planted");
}

/// One sample after the other: each holds one of the few databases of the cache.
#[tokio::test]
async fn the_same_holds_across_two_servers() {
    let mut n_planted = 0;
    for seed in 1..=SEEDS {
        let (sample, truth) = Sample::planted_on_servers(seed).await;
        n_planted += check_planted(&sample, &truth, seed).await;
    }
    println!("{SEEDS} seeds: {n_planted} planted faults reported, and nothing more");
    assert!(n_planted > 1_000, "only {n_planted} faults were planted");
}

/// Loads and checks a sample for each seed; what is planted differs from seed to seed.
async fn check_copies(copies: &[(Target, &str)]) {
    let mut n_planted = 0;
    for seed in 1..=SEEDS_OF_COPIES {
        let (sample, truth) = Sample::planted_in(copies, seed).await;
        n_planted += check_planted(&sample, &truth, seed).await;
    }
    assert!(n_planted > 400, "only {n_planted} faults were planted");
}

#[tokio::test]
async fn the_same_holds_for_rows_of_other_types() {
    check_copies(&[(Target::Crm, "mariadb")]).await;
}

#[tokio::test]
async fn the_same_holds_for_documents_whose_decimals_are_text() {
    check_copies(&[(Target::Docs, "ferretdb")]).await;
}

#[tokio::test]
async fn the_same_holds_for_documents_with_decimals() {
    check_copies(&[(Target::Docs, "mongo-java-server")]).await;
}

#[tokio::test]
async fn the_same_holds_for_nodes_and_relationships() {
    check_copies(&[(Target::Graph, "neo4j")]).await;
}

#[tokio::test]
async fn the_same_holds_for_indexes_of_elasticsearch() {
    check_copies(&[(Target::Search, "elasticsearch")]).await;
}

#[tokio::test]
async fn the_same_holds_for_indexes_of_opensearch() {
    check_copies(&[(Target::Search, "opensearch")]).await;
}

/// What `parallax check --json` says of a sample is what was planted.
#[track_caller]
fn check_command(sample: &Sample, truth: &Truth, seed: u64) {
    let ended = sample.parallax(&["check", "--json"]);
    let report = ended.json();
    assert_eq!(
        (ended.code, &report["format"]),
        (1, &Value::from(1)),
        "{}",
        ended.stderr
    );
    assert_eq!(printed(&report), planted(truth), "seed {seed}");
    assert_eq!(ended.stderr, "", "nothing is said where nobody looks");
    let all = report["counts"].as_object().expect("counts");
    let drifted: u64 = ["stale", "conflicts", "missing", "orphan"]
        .iter()
        .map(|it| all[*it].as_u64().expect("a number"))
        .sum();
    assert_eq!(drifted, planted(truth).len() as u64);
}

#[tokio::test]
async fn the_command_line_reports_the_same_and_exits_1() {
    parallax();
    for seed in 1..=SEEDS_OF_CLI {
        let (sample, truth) = Sample::planted(seed).await;
        check_command(&sample, &truth, seed);
        let (sample, truth) = Sample::planted_on_servers(seed).await;
        check_command(&sample, &truth, seed);
    }
}

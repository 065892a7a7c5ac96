//! Faults of everything that can go wrong, planted on top of one another, and whether just those are reported.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::Value;

use crate::deployment::Written;
use crate::pair::{Pair, Run};
use crate::table::Table;

/// So many seeds' faults are planted, one seed's beside those of the ones before.
const SEEDS: u64 = 20;

/// When faults are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Look {
    /// After each seed.
    Each,
    /// When all are planted: a check takes minutes.
    Once,
}

impl Look {
    /// How many faults of everything that can go wrong are planted of each seed.
    fn per_verdict(self) -> u32 {
        match self {
            Self::Each => 5,
            // All together are read again in one go, for which the server reads everything once more.
            Self::Once => 1,
        }
    }
}

/// Plants the faults of one seed beside those of the seeds before it.
fn inject(deployment: &Written, seed: u64, look: Look) {
    let mut inject = deployment.samples("inject");
    inject.args(["--per-verdict", &look.per_verdict().to_string()]);
    inject.args(["--seed", &seed.to_string()]);
    if seed > 1 {
        inject.arg("--more");
    }
    let status = inject.stdout(Stdio::null()).status();
    assert!(status.expect("it starts").success(), "faults are planted");
}

/// Plants faults of everything that can go wrong, seed by seed, and checks that just those planted so far are reported.
pub(super) fn exact(deployment: &Written, pairs: &mut [(Pair<'_>, &mut Table)], look: Look) {
    for seed in 1..=SEEDS {
        inject(deployment, seed, look);
        if look == Look::Once && seed < SEEDS {
            continue;
        }
        for (pair, table) in &mut *pairs {
            let (run, planted) = reported_exactly(pair);
            if seed == SEEDS {
                let compared = &run.report["compared"];
                let rows = [pair.from, pair.to].map(|it| compared[it].as_u64().expect("a count"));
                let name = format!("`parallax check`, {planted} faults planted");
                pair.run_row(table, &name, rows.iter().sum(), &run);
                table.note(&told(planted, look));
            }
        }
    }
}

fn told(planted: usize, look: Look) -> String {
    let when = match look {
        Look::Each => "and so it was after each of the seeds",
        Look::Once => "in one check behind the last seed",
    };
    format!(
        "of {planted} faults of all verdicts, planted of {SEEDS} seeds one after the other, just those were reported, each as what it is and with the fields that differ, {when}"
    )
}

/// Checks that just what was planted is reported; gives the run, and how much was planted.
fn reported_exactly(pair: &Pair<'_>) -> (Run, usize) {
    let run = pair.check();
    let truth = std::fs::read(pair.deployment.folder().join("truth.json")).expect("the truth");
    let truth: Value = serde_json::from_slice(&truth).expect("JSON");
    let drift = ["stale", "conflicts", "missing", "orphan"];
    let planted = found(&truth["faults"], pair.to, &drift);
    let reported = found(&run.report["findings"], pair.to, &drift);
    let invented: Vec<_> = reported.difference(&planted).collect();
    let lost: Vec<_> = planted.difference(&reported).collect();
    assert!(
        invented.is_empty() && lost.is_empty(),
        "seed {}: invented {invented:#?}, lost {lost:#?}; not checked: {}",
        truth["seed"],
        run.report["not_checked"]
    );
    (run, planted.len())
}

/// Key, verdict and fields of each entry of one dataset that drifted.
fn found(of: &Value, dataset: &str, drift: &[&str]) -> BTreeSet<String> {
    let entries = of.as_array().expect("a list").iter();
    let entries = entries.filter(|it| it["dataset"] == dataset);
    let entries = entries.filter(|it| drift.iter().any(|name| it["verdict"] == *name));
    entries
        .map(|it| format!("{} {} {}", it["key"], it["verdict"], it["fields"]))
        .collect()
}

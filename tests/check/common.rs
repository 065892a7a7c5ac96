//! What the tests share: samples with planted faults, and reports as what can be compared with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use parallax_core::report::{Finding, Report, Scope};
use parallax_samples::duo::source::Source;
use parallax_samples::ensemble::Target;
use parallax_samples::inject::{Planted, Truth};
use parallax_samples::{duo, ensemble, pocket};
use parallax_tests::{Duo, Ended, Ensemble, Pocket};
use parallax_workbench::{Events, Workbench};
use serde_json::Value;

/// A sample with planted faults.
pub(crate) enum Sample {
    /// Five stores in files, each of three entities.
    Pocket(Pocket),
    /// Two servers, an outbox and a stream between them.
    Duo(Duo),
    /// A system of record and copies in servers of other kinds.
    Ensemble(Ensemble),
}

/// The smallest samples that have an object for every fault.
const POCKET_SCALE: u32 = 80;
const DUO_SCALE: u32 = 60;
const ENSEMBLE_SCALE: u32 = 80;

impl Sample {
    /// Loads and plants; changes in flight stay so for a minute, however slow this machine is.
    pub(crate) async fn planted(seed: u64) -> (Self, Truth) {
        let pocket = Pocket::load(POCKET_SCALE, seed).await;
        pocket.edit_deployment("objective = \"5s\"", "objective = \"1m\"");
        let truth = pocket::inject(pocket.path(), seed, 1).await;
        (Self::Pocket(pocket), truth.expect("faults are planted"))
    }

    /// The same of the sample on servers, which holds one of few databases until it is dropped.
    pub(crate) async fn planted_on_servers(seed: u64) -> (Self, Truth) {
        let duo = Duo::load(DUO_SCALE, seed).await;
        duo.edit_deployment("objective = \"5s\"", "objective = \"1m\"");
        let truth = duo::inject(duo.path(), seed, 1).await;
        (Self::Duo(duo), truth.expect("faults are planted"))
    }

    /// The same of copies in these servers.
    pub(crate) async fn planted_in(copies: &[(Target, &str)], seed: u64) -> (Self, Truth) {
        let sample = Ensemble::load(ENSEMBLE_SCALE, seed, copies).await;
        sample.edit_deployment("objective = \"5s\"", "objective = \"1m\"");
        let truth = ensemble::inject(sample.path(), seed, 1).await;
        (Self::Ensemble(sample), truth.expect("faults are planted"))
    }

    pub(crate) async fn workbench(&self) -> Workbench {
        match self {
            Self::Pocket(it) => it.workbench(),
            Self::Duo(it) => it.workbench().await,
            Self::Ensemble(it) => it.workbench().await,
        }
    }

    pub(crate) fn parallax(&self, arguments: &[&str]) -> Ended {
        match self {
            Self::Pocket(it) => it.parallax(arguments),
            Self::Duo(it) => it.parallax(arguments),
            Self::Ensemble(it) => it.parallax(arguments),
        }
    }

    /// What the system of record no longer holds of what is on its way: the deletions among it.
    pub(crate) async fn deleted(&self, truth: &Truth) -> BTreeSet<(String, String)> {
        let keys = match self {
            // Its injector leaves no deletion on its way.
            Self::Pocket(_) => return BTreeSet::new(),
            Self::Duo(it) => {
                let mut source = Source::open(it.path(), 0).await.expect("the source");
                let keys = source.keys().await.expect("its keys");
                source.close().await.expect("the source is closed");
                keys
            }
            Self::Ensemble(it) => ensemble::keys(it.path()).await.expect("its keys"),
        };
        let held: BTreeSet<_> = keys
            .iter()
            .map(|it| (name(&it.kind()), it.to_string()))
            .collect();
        let waiting = truth
            .faults
            .iter()
            .filter(|it| name(&it.verdict) == "in-flight");
        let waiting = waiting.map(|it| (name(&it.entity), it.key.clone()));
        waiting.filter(|it| !held.contains(it)).collect()
    }

    /// How many stores it has.
    pub(crate) fn n_stores(&self) -> usize {
        match self {
            Self::Pocket(_) => 5,
            Self::Duo(_) => 2,
            Self::Ensemble(it) => it.n_stores(),
        }
    }
}

pub(crate) async fn check(workbench: &Workbench, scope: Scope) -> Arc<Report> {
    let check = workbench.check(scope, &Events::ignore());
    let report = workbench.checked(check.expect("the check begins")).await;
    report.expect("the check ends with a report")
}

pub(crate) fn entities(names: &[&str]) -> Scope {
    Scope {
        entities: names.iter().map(|it| (*it).to_owned()).collect(),
        ..Scope::default()
    }
}

/// One copy that drifted: entity, key, dataset, verdict and what differs.
pub(crate) type Drift = (String, String, String, String, Vec<String>);

pub(crate) fn name<T: serde::Serialize>(of: &T) -> String {
    let name = serde_json::to_value(of).expect("a name");
    name.as_str().expect("text").to_owned()
}

fn is_drift(fault: &Planted) -> bool {
    ["stale", "conflicts", "missing", "orphan"].contains(&name(&fault.verdict).as_str())
}

pub(crate) fn planted(truth: &Truth) -> BTreeSet<Drift> {
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

pub(crate) fn reported(report: &Report) -> BTreeSet<Drift> {
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

/// What the command line reports, as [`reported`] gives it.
pub(crate) fn printed(report: &Value) -> BTreeSet<Drift> {
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

//! What the tests share: samples with planted faults, and reports as what can be compared with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use parallax_core::report::{Finding, Report, Scope};
use parallax_samples::inject::{Planted, Truth};
use parallax_samples::pocket;
use parallax_tests::{Ended, Pocket};
use parallax_workbench::{Events, Workbench};
use serde_json::Value;

/// A sample with planted faults. Another sample is one more variant.
pub(crate) enum Sample {
    Pocket(Pocket),
}

impl Sample {
    /// Loads and plants; changes in flight stay so for a minute, however slow this machine is.
    pub(crate) async fn planted(seed: u64) -> (Self, Truth) {
        let pocket = Pocket::load(150, seed).await;
        pocket.edit_deployment("objective = \"5s\"", "objective = \"1m\"");
        let truth = pocket::inject(pocket.path(), seed, 1).await;
        (Self::Pocket(pocket), truth.expect("faults are planted"))
    }

    pub(crate) fn workbench(&self) -> Workbench {
        match self {
            Self::Pocket(it) => it.workbench(),
        }
    }

    pub(crate) fn parallax(&self, arguments: &[&str]) -> Ended {
        match self {
            Self::Pocket(it) => it.parallax(arguments),
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

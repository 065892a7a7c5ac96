//! How many records datasets hold, as far as it is known, for the cost of a check.

use std::collections::{BTreeMap, BTreeSet};

use parallax_core::name::{DatasetId, StoreId};
use parallax_core::report::Report;
use parallax_core::store::Dataset;
use parallax_core::wire::{CheckProgress, Request};

use super::plan::Plan;
use crate::action::Action;

/// What stores and earlier checks have told.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    records: BTreeMap<DatasetId, u64>,
    asked: BTreeSet<StoreId>,
}

impl Sizes {
    pub(super) fn of(&self, dataset: &DatasetId) -> Option<u64> {
        let same = || self.records.iter().find(|(it, _)| it.same_as(dataset));
        let known = self.records.get(dataset);
        known
            .or_else(|| same().map(|(_, records)| records))
            .copied()
    }

    pub(super) fn learn(&mut self, datasets: &[Dataset]) {
        for dataset in datasets {
            self.note(&dataset.id, dataset.estimate);
        }
    }

    pub(super) fn learn_progress(&mut self, progress: &CheckProgress) {
        for (dataset, _, estimate) in &progress.scanned {
            self.note(dataset, *estimate);
        }
    }

    /// What a check that reached its end has counted. A sample and a late window count only a part.
    pub(super) fn learn_report(&mut self, report: &Report) {
        let in_part = report.scope.sample.is_some() || report.scope.since.is_some();
        if report.is_cancelled || in_part {
            return;
        }
        for (dataset, records) in report.entities.iter().flat_map(|it| &it.compared) {
            self.note(dataset, Some(*records));
        }
    }

    fn note(&mut self, dataset: &DatasetId, records: Option<u64>) {
        if let Some(records) = records {
            self.records.insert(dataset.clone(), records);
        }
    }

    /// Asks each store in the plan once what it holds.
    pub(super) fn wanted(&mut self, plan: &Plan) -> Vec<Action> {
        let stores: Vec<_> = plan.datasets().map(|it| it.store.clone()).collect();
        let new = stores
            .into_iter()
            .filter(|it| self.asked.insert(it.clone()));
        new.map(|store| Action::Ask(Request::Datasets { store }))
            .collect()
    }
}

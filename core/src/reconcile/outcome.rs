//! The report of a check that has ended, and how far one is that has not.

use super::CheckOptions;
use super::key;
use super::pair::Pair;
use super::run::Run;
use crate::human;
use crate::name::DatasetId;
use crate::report::{Counts, EntityReport, Finding, NotChecked, PairReport};
use crate::trace::Verdict;

impl Run {
    /// What is known now.
    pub(super) fn report(&mut self) -> EntityReport {
        self.note_failures();
        self.note_unreadable();
        let pairs: Vec<PairReport> = self.pairs.iter().filter_map(|it| self.pair(it)).collect();
        let mut findings: Vec<Finding> = self
            .pairs
            .iter_mut()
            .flat_map(|it| std::mem::take(&mut it.findings))
            .collect();
        let place = |it: &DatasetId| pairs.iter().position(|pair| pair.target == *it);
        findings.sort_by(|one, other| {
            key::order(&one.key, &other.key)
                .then_with(|| place(&one.dataset).cmp(&place(&other.dataset)))
        });
        let source = dataset(&self.options, self.layout.source).map(|it| (it, self.source.rows));
        let copies = self
            .pairs
            .iter()
            .filter_map(|it| Some((dataset(&self.options, it.target)?, it.copy_rows)));
        EntityReport {
            entity: self.options.entity.name.clone(),
            key: self.options.entity.key.clone(),
            mapping: self.options.mapping.clone(),
            compared: source.into_iter().chain(copies).collect(),
            findings,
            not_checked: std::mem::take(&mut self.not_checked),
            pairs,
        }
    }

    fn pair(&self, pair: &Pair) -> Option<PairReport> {
        Some(PairReport {
            source: dataset(&self.options, self.layout.source)?,
            target: dataset(&self.options, pair.target)?,
            counts: pair.totals(self.source.repeated, self.source.unreadable),
            candidates: pair.items.len() as u64,
            scans: pair.scans,
            cells: pair.cells,
        })
    }

    /// A source that failed is said once; a copy by itself.
    fn note_failures(&mut self) {
        let failed: Vec<(usize, String)> = self
            .pairs
            .iter()
            .filter_map(|it| Some((it.target, it.failure.clone()?)))
            .collect();
        if let Some((_, why)) = failed.first().filter(|_| self.source.is_lost) {
            return self.note(self.layout.source, why);
        }
        for (target, why) in failed {
            self.note(target, &why);
        }
        for pair in 0..self.pairs.len() {
            self.note_unknown(pair);
        }
    }

    /// Keys that were read and could not be judged.
    fn note_unknown(&mut self, pair: usize) {
        let Some(pair) = self.pairs.get(pair) else {
            return;
        };
        let unknown = |it: &&super::pair::Item| it.verdict == Some(Verdict::Unknown);
        let keys: Vec<String> = pair
            .items
            .iter()
            .filter(unknown)
            .take(5)
            .map(|it| it.key.to_string())
            .collect();
        let count = pair.counts.unknown;
        if count == 0 {
            return;
        }
        let dots = if count > keys.len() as u64 {
            ", …"
        } else {
            ""
        };
        let why = pair
            .why_unknown
            .clone()
            .unwrap_or_else(|| "they were not read to the end".to_owned());
        let why = format!(
            "{} could not be judged: {}{dots}: {why}",
            human::plural(count, "key"),
            keys.join(", ")
        );
        self.note(pair.target, &why);
    }

    fn note_unreadable(&mut self) {
        let copies = self.pairs.iter().map(|it| (it.target, it.unreadable));
        let all: Vec<_> = std::iter::once((self.layout.source, self.source.unreadable))
            .chain(copies)
            .collect();
        for (at, count) in all.into_iter().filter(|(_, count)| *count > 0) {
            let records = human::plural(count, "record");
            self.note(at, &format!("{records} could not be decoded by the scan"));
        }
    }

    pub(super) fn candidates(&self) -> u64 {
        let of = |it: &Pair| it.items.len().max(it.tallies.len()) as u64;
        self.pairs.iter().map(of).sum()
    }

    pub(super) fn judged(&self) -> u64 {
        let items = self.pairs.iter().flat_map(|it| &it.items);
        items.filter(|it| it.verdict.is_some()).count() as u64
    }

    pub(super) fn counts(&self) -> Counts {
        let counts = self.pairs.iter().map(|it| it.counts);
        counts.fold(Counts::default(), Counts::plus)
    }
}

/// The report of an entity without a system of record: nothing can be compared.
pub(super) fn nothing(options: &CheckOptions) -> EntityReport {
    EntityReport {
        entity: options.entity.name.clone(),
        key: options.entity.key.clone(),
        mapping: options.mapping.clone(),
        compared: Vec::new(),
        pairs: Vec::new(),
        findings: Vec::new(),
        not_checked: vec![NotChecked {
            what: options.entity.name.clone(),
            why: "it has no system of record".to_owned(),
        }],
    }
}

fn dataset(options: &CheckOptions, at: usize) -> Option<DatasetId> {
    options
        .entity
        .representations
        .get(at)
        .map(|it| it.dataset.clone())
}

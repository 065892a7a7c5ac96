//! The report of a check that has ended, and how far one is that has not.

use super::CheckOptions;
use super::key;
use super::pair::{Item, Pair};
use super::run::Run;
use crate::name::DatasetId;
use crate::report::{Counts, EntityReport, Finding, NotChecked, PairReport, Unjudged};
use crate::trace::Verdict;

/// So many keys that could not be judged are named in a note.
const NAMED: usize = 5;

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

    /// What was found between the system of record and one copy, with what finding it took.
    fn pair(&self, pair: &Pair) -> Option<PairReport> {
        Some(PairReport {
            source: dataset(&self.options, self.layout.source)?,
            target: dataset(&self.options, pair.target)?,
            counts: pair.totals(self.source.repeated, self.source.unreadable),
            candidates: pair.items.len() as u64,
            scans: pair.scans,
            cells: pair.cells,
            unjudged: pair.first_unjudged(),
        })
    }

    /// A source that failed is said once; a copy by itself.
    ///
    /// A copy is named alone where nothing of it was compared; otherwise the records are that were given up.
    fn note_failures(&mut self) {
        let failed: Vec<(usize, u64, bool, String)> = self
            .pairs
            .iter()
            .filter_map(|it| {
                let is_whole = it.unknown >= it.source_rows;
                Some((it.target, it.unknown, is_whole, it.failure.clone()?))
            })
            .collect();
        if let Some((.., why)) = failed.first().filter(|_| self.source.is_lost) {
            return self.note(self.layout.source, why);
        }
        for (target, records, is_whole, why) in failed {
            if is_whole {
                self.note(target, &why);
            } else {
                self.note_records(target, records, &why);
            }
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
        let keys: Vec<String> = pair
            .unknown_items()
            .take(NAMED)
            .map(|it| it.key.to_string())
            .collect();
        let Some(unjudged) = pair.first_unjudged() else {
            return;
        };
        let count = pair.counts.unknown;
        let dots = if count > keys.len() as u64 {
            ", …"
        } else {
            ""
        };
        let why = format!("{}{dots}: {}", keys.join(", "), unjudged.why);
        self.note_records(pair.target, count, &why);
    }

    /// Records that no scan could decode and no read has found; those that a read has met are judged, or noted by key.
    fn note_unreadable(&mut self) {
        let pairs = self.pairs.iter();
        let of_source = pairs.map(|it| it.undecoded_in_source(self.source.unreadable));
        let source = (self.layout.source, of_source.max().unwrap_or(0));
        let copies = self.pairs.iter().map(|it| (it.target, it.undecoded()));
        let all: Vec<_> = std::iter::once(source).chain(copies).collect();
        for (at, count) in all.into_iter().filter(|(_, count)| *count > 0) {
            self.note_records(at, count, "not decoded by the scan");
        }
    }

    /// Keys that were singled out for reading so far, or that the sketches have named already.
    pub(super) fn candidates(&self) -> u64 {
        let of = |it: &Pair| it.items.len().max(it.tallies.len()) as u64;
        self.pairs.iter().map(of).sum()
    }

    /// Of the candidates, those that have a verdict.
    pub(super) fn judged(&self) -> u64 {
        let items = self.pairs.iter().flat_map(|it| &it.items);
        items.filter(|it| it.verdict.is_some()).count() as u64
    }

    /// The verdicts of candidates so far. What agrees is not among them before the end.
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

impl Pair {
    /// The candidates that could not be judged, in the order of their keys.
    fn unknown_items(&self) -> impl Iterator<Item = &Item> {
        let is_unknown = |it: &&Item| it.verdict == Some(Verdict::Unknown);
        self.items.iter().filter(is_unknown)
    }

    /// The first of them whose read says why; where none was read to the end, the first of all.
    fn first_unjudged(&self) -> Option<Unjudged> {
        let read = self.unjudged.as_ref();
        let read = read.and_then(|(at, why)| Some((self.items.get(*at)?, why.clone())));
        let (item, why) = match read {
            Some(read) => read,
            None => (self.unknown_items().next()?, self.unread()),
        };
        let key = item.key.clone();
        Some(Unjudged { key, why })
    }

    /// Why candidates have no verdict that no read has given one.
    fn unread(&self) -> String {
        let why = self.why_unread.clone();
        why.unwrap_or_else(|| "they were not read to the end".to_owned())
    }
}

/// A representation's dataset, by its index.
pub(super) fn dataset(options: &CheckOptions, at: usize) -> Option<DatasetId> {
    options
        .entity
        .representations
        .get(at)
        .map(|it| it.dataset.clone())
}

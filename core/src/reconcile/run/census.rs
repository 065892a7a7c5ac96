//! Scans of keys alone: for the keys that are too long for a sketch, and for those that the source may hold twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::super::Step;
use super::super::fold::{Census, Task, lock};
use super::super::key::{self, Held, KeyLanes};
use super::super::layout::Layout;
use super::super::pair::{Pair, Tally};
use super::{Pass, Phase, Run};
use crate::value::Key;

impl Run {
    /// The words of keys too long for a sketch: those of the source, then those of each pair.
    pub(super) fn hashed(&self) -> Vec<Vec<KeyLanes>> {
        let is_hash = |it: &KeyLanes| key::held(it) == Held::Hash;
        let of = |pair: &Pair| {
            pair.tallies
                .keys()
                .copied()
                .filter(is_hash)
                .collect::<Vec<_>>()
        };
        let pairs: Vec<_> = self.pairs.iter().map(of).collect();
        let mut all: Vec<_> = pairs.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        std::iter::once(all).chain(pairs).collect()
    }

    /// Scans the keys alone, of the source and perhaps of the copies, for those that are wanted.
    pub(super) fn census(
        &self,
        wanted: &[Vec<KeyLanes>],
        with_copies: bool,
    ) -> Option<(Pass, Step)> {
        let (source, copies) = wanted.split_first().filter(|(it, _)| !it.is_empty())?;
        let task = |keys: &[KeyLanes]| {
            Task::Census(Mutex::new(
                keys.iter().map(|it| (*it, Census::default())).collect(),
            ))
        };
        let mut pass = Pass::default();
        let mut plans = Vec::new();
        let copies = copies
            .iter()
            .zip(&self.pairs)
            .filter(|(keys, _)| with_copies && !keys.is_empty());
        let copies = copies.map(|(keys, pair)| (pair.target, keys));
        for (at, keys) in std::iter::once((self.layout.source, source)).chain(copies) {
            let projection = Layout::projection(&self.options, at, Vec::new());
            plans.push(self.plan(at, projection, task(keys), &mut pass));
        }
        Some((pass, Step::Scan(plans)))
    }

    /// Makes candidates of all that was decoded.
    ///
    /// Keys that were too long for the sketch have been looked up by a scan of keys; where that scan failed, they are
    /// unknown.
    pub(super) fn single_out(&mut self, pass: &Pass) {
        let read = |at: usize| {
            let fold = pass.fold(at)?;
            let Task::Census(found) = &fold.task else {
                return None;
            };
            let found = lock(found);
            let keys = found
                .iter()
                .filter_map(|(lanes, it)| Some((*lanes, key::read(it.key.as_ref()?)?)));
            Some(keys.collect::<BTreeMap<KeyLanes, Key>>())
        };
        let source = read(self.layout.source).unwrap_or_default();
        let source_failed = pass
            .folds
            .first()
            .and_then(|_| pass.outcome(self.layout.source).err());
        for pair in &mut self.pairs {
            let copy = read(pair.target).unwrap_or_default();
            let copy_failed = pass
                .fold(pair.target)
                .and_then(|_| pass.outcome(pair.target).err());
            let key_of = |lanes: &KeyLanes| source.get(lanes).or_else(|| copy.get(lanes)).cloned();
            // What neither scan finds any more is gone, unless a scan has failed.
            if let Some(why) = source_failed.as_ref().or(copy_failed.as_ref()) {
                let is_lost = |(lanes, it): &(&KeyLanes, &Tally)| {
                    it.source > 0 && key::held(lanes) == Held::Hash && key_of(lanes).is_none()
                };
                let lost = pair.tallies.iter().filter(is_lost).count() as u64;
                pair.give_up(lost, why);
            }
            pair.single_out(key_of);
        }
        self.phase = Phase::Judge;
    }

    /// The keys of which the source may hold several records.
    pub(super) fn repeating(&self) -> Vec<KeyLanes> {
        if self.options.since.is_some() || self.layout.is_key_unique(&self.options) {
            return Vec::new();
        }
        let items = self.pairs.iter().flat_map(|it| &it.items);
        let lanes: BTreeSet<KeyLanes> = items
            .filter(|it| it.may_repeat())
            .map(|it| it.lanes)
            .collect();
        lanes.into_iter().collect()
    }

    /// Notes keys of which the source holds several records: none of them is the truth, so no copy can be judged by
    /// them.
    pub(super) fn end_recount(&mut self, pass: &Pass) {
        let Some(fold) = pass.fold(self.layout.source) else {
            return;
        };
        let Task::Census(found) = &fold.task else {
            return;
        };
        let repeated: Vec<Census> = lock(found)
            .values()
            .filter(|it| it.records > 1)
            .cloned()
            .collect();
        if repeated.is_empty() {
            return;
        }
        self.source.repeated = repeated.iter().map(|it| it.records - 1).sum();
        let mut keys: Vec<Key> = repeated
            .iter()
            .filter_map(|it| key::read(it.key.as_ref()?))
            .collect();
        keys.sort_by(key::order);
        let named: Vec<String> = keys.iter().take(5).map(ToString::to_string).collect();
        let dots = if keys.len() > named.len() {
            ", …"
        } else {
            ""
        };
        let why = format!(
            "it holds more than one record of {}{dots}: which of them a copy should equal is not known",
            named.join(", ")
        );
        self.note_records(self.layout.source, self.source.repeated, &why);
    }
}

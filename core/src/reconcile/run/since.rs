//! A check of what changed lately: the source is asked for its keys, and each of them is read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{Pass, Phase, Run};
use crate::reconcile::Step;
use crate::reconcile::fold::{Since, Task, lock};
use crate::reconcile::key;
use crate::reconcile::layout::Layout;
use crate::reconcile::pair::{Item, Tally};
use crate::report::NotChecked;

/// The most keys that are compared for having changed lately.
const MAX_CHANGED: usize = 1_000_000;

impl Run {
    /// Scans the source's keys and versions alone, for the records that changed since a time.
    ///
    /// `None` where nothing says when records changed; then nothing can be compared.
    pub(super) fn collect(&mut self) -> Option<Step> {
        let since = self.options.since?;
        let version = self.options.mapping.representations.get(self.layout.source);
        let Some(version) = version.and_then(|it| it.version.clone()) else {
            self.note(
                self.layout.source,
                "nothing says when its records changed: it has no version",
            );
            return None;
        };
        let task = Task::Since(Since {
            begin: since,
            limit: MAX_CHANGED,
            keys: Mutex::default(),
            is_over: AtomicBool::default(),
            untimed: AtomicU64::default(),
        });
        let projection = Layout::projection(&self.options, self.layout.source, vec![version]);
        let mut pass = Pass::default();
        let plan = self.plan(self.layout.source, projection, task, &mut pass);
        self.phase = Phase::Collecting(pass);
        Some(Step::Scan(vec![plan]))
    }

    /// Makes every key that changed a candidate of every pair; no sketch is needed.
    pub(super) fn end_collect(&mut self, pass: &Pass) {
        self.phase = Phase::Judge;
        let Some(fold) = pass.fold(self.layout.source).map(Arc::clone) else {
            return;
        };
        self.source.rows = fold.rows();
        let Task::Since(since) = &fold.task else {
            return;
        };
        let keys: BTreeSet<Box<[u8]>> = lock(&since.keys).drain(..).collect();
        let count = keys.len() as u64;
        self.note_since(since);
        let outcome = pass.outcome(self.layout.source);
        self.source.is_lost = outcome.is_err();
        self.source.unreadable = outcome.as_ref().map_or(0, |it| it.unreadable);
        for pair in &mut self.pairs {
            pair.open.clear();
            pair.scans = 0;
            pair.source_rows = count;
            match &outcome {
                Ok(_) => pair.items = items(&keys, self.options.seed),
                Err(why) => pair.give_up(count, why),
            }
        }
    }

    /// Says what a check of late changes cannot see, and which of its limits it met.
    fn note_since(&mut self, since: &Since) {
        let what = "deletions, and changes made only in a copy";
        let why = "only records that changed at the source lately were compared";
        self.not_checked.push(NotChecked {
            what: what.to_owned(),
            why: why.to_owned(),
        });
        if since.is_over.load(Ordering::Relaxed) {
            let why =
                format!("more than {MAX_CHANGED} records changed; the first of them were compared");
            self.note_records(self.layout.source, 0, &why);
        }
        let untimed = since.untimed.load(Ordering::Relaxed);
        if untimed > 0 {
            let why = "their version is no time, so they were compared whenever they changed";
            self.note_records(self.layout.source, untimed, why);
        }
    }
}

/// Candidates of a check of late changes: every key counts as held by the source.
fn items(keys: &BTreeSet<Box<[u8]>>, seed: u64) -> Vec<Item> {
    let tally = Tally { source: 1, copy: 0 };
    let item = |bytes: &[u8]| Some(Item::new(key::read(bytes)?, key::lanes(bytes, seed), tally));
    let mut items: Vec<Item> = keys.iter().filter_map(|it| item(it)).collect();
    items.sort_by(|one, other| key::order(&one.key, &other.key));
    items
}

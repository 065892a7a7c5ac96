//! Reading candidates until each has a verdict.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::pair::{Item, Pair};
use super::{CheckOptions, KeyRead, READ_BATCH};
use crate::compare::FieldVerdict;
use crate::deployment::DEFAULT_OBJECTIVE;
use crate::mapping::RepresentationMapping;
use crate::report::{Difference, Finding};
use crate::trace::{FieldObservation, Found, Judgement, Verdict, judge_copy};
use crate::value::{Key, Value};

/// How often a key whose source moves meanwhile is read again.
const MAX_UNSETTLED: u32 = 5;
/// What is young is read again after this time, then after twice that, and so on.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Beyond what is allowed, the whole check waits no longer than this.
const SPARE_WAIT: Duration = Duration::from_secs(2);
/// Keys that are due within this time are read with those that are.
const TOGETHER: Duration = Duration::from_millis(100);

/// The candidates of all pairs that have no verdict yet, each by its pair and its place there.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ready: VecDeque<(usize, usize)>,
    waiting: Vec<(usize, usize)>,
    asked: Vec<(usize, usize)>,
    /// When waiting ends.
    deadline: Option<Timestamp>,
}

/// What the queue wants done.
#[derive(Debug)]
pub(super) enum Next {
    Read { pair: usize, keys: Vec<Key> },
    Wait(Timestamp),
    Nothing,
}

impl Queue {
    /// All candidates of all pairs, ready to be read.
    pub(super) fn new(pairs: &[Pair]) -> Self {
        let items = pairs.iter().enumerate();
        let places = items.flat_map(|(pair, it)| (0..it.items.len()).map(move |at| (pair, at)));
        Self {
            ready: places.collect(),
            ..Self::default()
        }
    }

    /// What is to be done next: read what is ready, else wait for what is due first.
    ///
    /// Waiting has an end: a candidate that is young until then is in flight.
    pub(super) fn next(
        &mut self,
        pairs: &mut [Pair],
        options: &CheckOptions,
        now: Timestamp,
    ) -> Next {
        self.forget_unanswered(pairs);
        if self.ready.is_empty() && !self.waiting.is_empty() {
            let deadline = *self
                .deadline
                .get_or_insert_with(|| later(now, longest(options) + SPARE_WAIT));
            if now >= deadline {
                self.end_waiting(pairs);
                return Next::Nothing;
            }
            let due = self
                .waiting
                .iter()
                .filter_map(|it| item(pairs, *it)?.due)
                .min();
            let due = due.unwrap_or(now).min(deadline);
            if due > now {
                return Next::Wait(due);
            }
            self.wake(pairs, later(now, TOGETHER));
        }
        self.batch(pairs)
    }

    /// The next keys of one pair; those of another wait for their turn.
    fn batch(&mut self, pairs: &[Pair]) -> Next {
        let Some((pair, _)) = self.ready.front().copied() else {
            return Next::Nothing;
        };
        while self.asked.len() < READ_BATCH && self.ready.front().is_some_and(|it| it.0 == pair) {
            self.asked.extend(self.ready.pop_front());
        }
        let keys = self
            .asked
            .iter()
            .filter_map(|it| Some(item(pairs, *it)?.key.clone()));
        Next::Read {
            pair,
            keys: keys.collect(),
        }
    }

    /// Makes ready what is due by then, in the order of pairs and keys.
    fn wake(&mut self, pairs: &[Pair], by: Timestamp) {
        let is_due = |place: &(usize, usize)| {
            item(pairs, *place)
                .and_then(|it| it.due)
                .is_none_or(|it| it <= by)
        };
        let (due, rest) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(is_due);
        self.waiting = rest;
        let mut due: Vec<_> = due;
        due.sort_unstable();
        self.ready.extend(due);
    }

    /// What is still young when there is no more time to wait is in flight.
    fn end_waiting(&mut self, pairs: &mut [Pair]) {
        for (pair, at) in std::mem::take(&mut self.waiting) {
            if let Some(pair) = pairs.get_mut(pair) {
                pair.settle(at, Verdict::InFlight { late: false });
            }
        }
    }

    /// Candidates that were asked for and not answered are unknown: a runner that skips an answer must not stall the
    /// check.
    fn forget_unanswered(&mut self, pairs: &mut [Pair]) {
        for (pair, at) in std::mem::take(&mut self.asked) {
            if let Some(pair) = pairs.get_mut(pair) {
                pair.settle(at, Verdict::Unknown);
            }
        }
    }

    /// Takes the answer to the last batch.
    pub(super) fn take(&mut self, pairs: &mut [Pair], reads: &[KeyRead], case: &Case<'_>) {
        for (nth, place) in std::mem::take(&mut self.asked).into_iter().enumerate() {
            let Some(pair) = pairs.get_mut(place.0) else {
                continue;
            };
            let read = pair
                .items
                .get(place.1)
                .and_then(|item| read_of(reads, nth, &item.key));
            match read.map(|it| pair.judge(place.1, it, case)) {
                None => pair.settle(place.1, Verdict::Unknown),
                Some(After::Judged) => {}
                Some(After::Again) => self.ready.push_back(place),
                Some(After::Later) => self.waiting.push(place),
            }
        }
    }
}

/// What pairs are judged by.
#[derive(Debug)]
pub(super) struct Case<'c> {
    pub(super) options: &'c CheckOptions,
    /// The system of record, by its index.
    pub(super) source: usize,
    pub(super) now: Timestamp,
}

impl<'c> Case<'c> {
    /// How a representation holds the entity's fields.
    fn mapping(&self, at: usize) -> Option<&'c RepresentationMapping> {
        self.options.mapping.representations.get(at)
    }
}

/// What becomes of a key after a read.
enum After {
    Judged,
    Again,
    Later,
}

impl Pair {
    /// Weighs what a read found, by the same rules as a trace.
    ///
    /// Drift whose source moved during the read is not believed but read again, and so is what only its age decides.
    fn judge(&mut self, at: usize, read: &KeyRead, case: &Case<'_>) -> After {
        let (Some(truth), Some(mapping)) = (case.mapping(case.source), case.mapping(self.target))
        else {
            self.settle(at, Verdict::Unknown);
            return After::Judged;
        };
        let Some(item) = self.items.get_mut(at) else {
            return After::Judged;
        };
        let now = case.now;
        let first_seen = item.first_seen.unwrap_or(now);
        let mut judgement = judge_copy(
            (&read.source, truth),
            (&read.copy, mapping),
            first_seen,
            now,
        );
        item.note(read);
        if judgement.verdict == Verdict::Agrees && item.is_lost() {
            judgement.verdict = Verdict::Unknown;
            judgement.reason = String::from("it was scanned, and no read by its key finds it");
        }
        if judgement.verdict != Verdict::Agrees {
            item.first_seen = Some(first_seen);
        }
        if judgement.verdict.is_drift() && !read.settled {
            item.unsettled += 1;
            if item.unsettled <= MAX_UNSETTLED {
                return After::Again;
            }
            judgement.verdict = Verdict::Unknown;
            judgement.reason = String::from("its source changed whenever it was read");
        }
        if let Some(until) = judgement.until {
            let pause = FIRST_WAIT * 2_u32.saturating_pow(item.waits.min(10));
            item.waits += 1;
            item.due = Some(until.min(later(now, pause)));
            return After::Later;
        }
        self.conclude(at, judgement, mapping, now);
        After::Judged
    }

    /// Gives a candidate its final verdict, and reports it where that is drift.
    ///
    /// Fields are listed only where both records were found: what is missing differs as a whole.
    fn conclude(
        &mut self,
        at: usize,
        judgement: Judgement,
        mapping: &RepresentationMapping,
        now: Timestamp,
    ) {
        self.settle(at, judgement.verdict);
        if judgement.verdict == Verdict::Unknown {
            if self.unjudged.as_ref().is_none_or(|(first, _)| at < *first) {
                self.unjudged = Some((at, judgement.reason));
            }
            return;
        }
        let Some(item) = self.items.get(at).filter(|_| judgement.verdict.is_drift()) else {
            return;
        };
        let is_whole = item.found == [Found::Found; 2];
        let fields = judgement.fields.into_iter().filter(|_| is_whole);
        self.findings.push(Finding {
            key: item.key.clone(),
            dataset: mapping.dataset.clone(),
            verdict: judgement.verdict,
            differences: fields.filter_map(|it| difference(it, mapping)).collect(),
            age: judgement.age,
            first_seen: item.first_seen.unwrap_or(now),
            last_seen: now,
            reads: item.reads,
            reason: judgement.reason,
        });
    }

    /// Gives a candidate its verdict.
    fn settle(&mut self, at: usize, verdict: Verdict) {
        if let Some(item) = self.items.get_mut(at).filter(|it| it.verdict.is_none()) {
            item.verdict = Some(verdict);
            // What agrees is counted with all the records that were never candidates.
            if verdict != Verdict::Agrees {
                self.counts.add(verdict);
            }
        }
    }

    /// Gives every candidate without a verdict that of the unknown.
    pub(super) fn settle_rest(&mut self) {
        (0..self.items.len()).for_each(|at| self.settle(at, Verdict::Unknown));
    }
}

impl Item {
    /// Keeps what the read found, and counts it.
    fn note(&mut self, read: &KeyRead) {
        let found = |it: &crate::trace::Read| match &it.found {
            Err(_) => Found::Failed,
            Ok(None) => Found::Absent,
            Ok(Some(_)) => Found::Found,
        };
        self.found = [found(&read.source), found(&read.copy)];
        self.reads += read.copy.reads.max(1);
    }

    /// Whether a scan has met it, and no read finds it: a part of its key is null, which few stores look up.
    fn is_lost(&self) -> bool {
        self.found == [Found::Absent; 2] && self.key.parts().iter().any(Value::is_null)
    }
}

/// A compared field that differs, as it stands in a report; `None` for one that agrees or is only shown.
fn difference(field: FieldObservation, mapping: &RepresentationMapping) -> Option<Difference> {
    let is_compared = mapping
        .fields
        .iter()
        .any(|it| it.name == field.name && it.compared);
    let differs = matches!(
        field.verdict,
        FieldVerdict::Different | FieldVerdict::Absent
    );
    (is_compared && differs).then_some(Difference {
        field: field.name,
        truth: field.truth,
        copy: field.value,
        rule: field.rule,
    })
}

/// The read of a key, which mostly stands where the key stood.
fn read_of<'r>(reads: &'r [KeyRead], nth: usize, key: &Key) -> Option<&'r KeyRead> {
    let expected = reads.get(nth).filter(|it| it.key == *key);
    expected.or_else(|| reads.iter().find(|it| it.key == *key))
}

/// The candidate at a place.
fn item(pairs: &[Pair], (pair, at): (usize, usize)) -> Option<&Item> {
    pairs.get(pair)?.items.get(at)
}

/// The longest that any copy in scope is allowed.
fn longest(options: &CheckOptions) -> Duration {
    let allowed = options
        .targets
        .iter()
        .filter_map(|it| options.allowed.get(*it));
    allowed
        .copied()
        .max()
        .unwrap_or_default()
        .max(DEFAULT_OBJECTIVE)
}

/// A time so much later, or the last that can be told.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

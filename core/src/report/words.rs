//! What several forms of a report say in the same words.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::headline::{copies, share};
use super::{EntityReport, Finding, LagDuring, PairReport, Report, Scope};
use crate::human;
use crate::lag::{Reading, State};
use crate::trace::Verdict;

/// The name of the method, in JSON.
pub(super) fn algorithm(scope: &Scope) -> &'static str {
    if scope.since.is_some() {
        "changed keys of the source, read back"
    } else {
        "one-pass subtractive keyed sketch, differences read back"
    }
}

/// How values are shown.
pub(super) const MASKING: &str = "Values are masked: text keeps its first letter and its length, numbers how many digits \
     they have, everything else its type and size. Keys are shown as they are.";

/// How candidates are found in a full check.
const FULL: [&str; 2] = [
    "Every dataset in scope was scanned once, in no particular order and not as one snapshot. Each record was reduced to \
     a keyed hash of its compared fields, brought to one canonical form by the rules of the mapping; the hashes of both \
     sides were subtracted from each other in a sketch of fixed size.",
    "What remained in the sketch names the keys that differed while it was made: the candidates. Where more remained \
     than it could hold, only those parts were scanned again with a larger one.",
];

/// How candidates are found in a check of what changed lately.
const SINCE: [&str; 1] = [
    "Only the source of truth was scanned, for records whose version lies within the time asked for. All of them are \
     candidates. What was deleted at the source, or changed in a copy only, is not seen this way.",
];

/// How a candidate becomes a finding.
const JUDGED: [&str; 2] = [
    "Each candidate was read again: the source of truth, the position of each edge on its way, the copy, and the source \
     of truth once more. If the source moved meanwhile, the candidate was put off and read later.",
    "A copy that still differed was called drift only if its edge had passed the change, or, where no position is known, \
     if the change was older than the objectives on its way allow. Otherwise it counts as in flight.",
];

/// How the check went about it, step by step.
pub(super) fn method(scope: &Scope) -> Vec<&'static str> {
    let found: &[&str] = if scope.since.is_some() { &SINCE } else { &FULL };
    [found, &JUDGED].concat()
}

/// How often the answer may be wrong, and why.
pub(super) const CERTAINTY: &str = "A finding never rests on a hash: the values themselves were compared. Where an edge \
     tells its position, no guess about timing is made. Where only age decides, a copy that arrives later than its \
     objectives allow is reported as drift; the share of such false findings is the share of changes that take longer. \
     A change made and undone while the check ran, and a difference whose hashes cancel out by chance, are not seen.";

/// A time for people: in UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A time of day in UTC, where the page says the date.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S%.3f").to_string()
}

/// An age that may not be known.
pub(super) fn age(age: Option<Duration>) -> String {
    age.map_or_else(|| "unknown".to_owned(), human::duration)
}

/// What was asked for, each part with its name.
pub(super) fn scope(scope: &Scope) -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    if !scope.entities.is_empty() {
        parts.push(("entities", scope.entities.join(", ")));
    }
    parts.extend(scope.from.as_ref().map(|it| ("from", it.to_string())));
    parts.extend(scope.to.as_ref().map(|it| ("to", it.to_string())));
    let keys = match scope.sample {
        Some(it) if it < 1.0 => format!("a sample of {}, chosen by a hash of the key", share(it)),
        _ => "all".to_owned(),
    };
    parts.push(("keys", keys));
    let since = scope.since.map(human::duration);
    parts.extend(since.map(|it| ("changed", format!("in the {it} before the start"))));
    parts
}

/// The counts of a representation, in the order of [`super::Counts::listed`].
///
/// `None` is unknown: a dataset that was not compared has nothing to count, which is not zero.
pub(super) fn counts(entity: &EntityReport, pair: &PairReport) -> [Option<u64>; 7] {
    let compared = entity.was_compared(pair);
    pair.counts
        .listed()
        .map(|(_, number)| (compared || number > 0).then_some(number))
}

/// A count that may not be known.
pub(super) fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "?".to_owned(), human::count)
}

/// How many findings name each field of each dataset, the most first.
pub(super) fn drift_by_field(entity: &EntityReport) -> Vec<(String, &str, u64)> {
    let mut counts: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for finding in &entity.findings {
        for difference in &finding.differences {
            let place = (finding.dataset.to_string(), difference.field.as_str());
            *counts.entry(place).or_default() += 1;
        }
    }
    let mut fields: Vec<_> = counts
        .into_iter()
        .map(|((dataset, field), n)| (dataset, field, n))
        .collect();
    fields.sort_by(|one, other| other.2.cmp(&one.2).then_with(|| one.cmp(other)));
    fields
}

/// The names of the fields that differ.
pub(super) fn fields(finding: &Finding) -> Vec<&str> {
    finding
        .differences
        .iter()
        .map(|it| it.field.as_str())
        .collect()
}

/// At most so many examples of each kind of drift in each dataset.
const EXAMPLES: usize = 2;

/// A few findings with values to show, spread over datasets and verdicts, in the order of the report.
pub(super) fn examples(entity: &EntityReport) -> Vec<&Finding> {
    let mut taken: BTreeMap<(&crate::name::DatasetId, &str), usize> = BTreeMap::new();
    let with_values = entity
        .findings
        .iter()
        .filter(|it| !it.differences.is_empty());
    let chosen = with_values.filter(|it| {
        let n = taken.entry((&it.dataset, it.verdict.name())).or_default();
        *n += 1;
        *n <= EXAMPLES
    });
    chosen.collect()
}

/// A verdict for people.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agrees => "agrees",
        Verdict::InFlight { late: false } => "in flight",
        Verdict::InFlight { late: true } => "in flight, late",
        Verdict::Stale => "stale",
        Verdict::Conflicts => "conflicts",
        Verdict::Missing => "missing",
        Verdict::Orphan => "orphan",
        Verdict::Unknown => "unknown",
    }
}

/// A reading in words: `caught up`, `4 m 51 s behind, 1,204 changes`, `unknown: why`.
pub(super) fn reading(reading: &Reading) -> String {
    let mut parts = vec![match (reading.state, reading.lag.time) {
        (State::CaughtUp, _) => "caught up".to_owned(),
        (State::Behind, Some(time)) => format!("{} behind", human::duration(time)),
        (State::Behind, None) => "behind, for how long is unknown".to_owned(),
        (State::Unknown, _) => "unknown".to_owned(),
        (State::Broken, _) => "broken".to_owned(),
    }];
    if reading.state != State::CaughtUp {
        parts.extend(reading.lag.records.map(|it| human::plural(it, "change")));
        parts.extend(reading.lag.bytes.map(human::bytes));
    }
    let said = parts.join(", ");
    match &reading.why {
        Some(why) => format!("{said}: {why}"),
        None => said,
    }
}

/// How the lag of an edge was measured: its probe and its error bar.
pub(super) fn probe(lag: &LagDuring) -> String {
    let name = super::kebab(&lag.last.probe);
    format!("{name}, ± {}", human::duration(lag.last.uncertainty))
}

/// An edge as people read it: `shop.users → docs.users`.
pub(super) fn edge(lag: &LagDuring) -> String {
    format!("{} → {}", lag.edge.from, lag.edge.to)
}

/// Whether everything in scope was compared.
pub(super) fn is_complete(report: &Report) -> bool {
    let all_checked = report.entities.iter().all(|it| it.not_checked.is_empty());
    all_checked && !report.is_cancelled && report.counts().unknown == 0
}

/// How much of what was asked for was compared, in a sentence or two.
pub(super) fn coverage(report: &Report) -> String {
    let counts = report.counts();
    let judged = counts.agrees + counts.in_flight + counts.drifted();
    let mut said = vec![match judged {
        1 => "1 copy was judged.".to_owned(),
        many => format!("{} were judged.", copies(many)),
    }];
    if counts.unknown > 0 {
        said.push(format!("{} could not be.", human::count(counts.unknown)));
    }
    if report.is_cancelled {
        said.push(
            "The check was stopped before its end: what it did not reach is unknown.".to_owned(),
        );
    }
    if report.scope.sample.is_some_and(|it| it < 1.0) {
        said.push("Keys outside the sample were not looked at.".to_owned());
    }
    if report.scope.since.is_some() {
        said.push("Records that did not change at the source within the time asked for were not looked at.".to_owned());
    }
    if is_complete(report) {
        said.push("Nothing in scope was left out.".to_owned());
    }
    said.join(" ")
}

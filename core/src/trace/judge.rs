//! From evidence to verdicts: first whether a copy differs, then whether its edge has passed the change.
//!
//! The order of evidence is: position (unsent outbox rows of the key), the edge's completeness frontier, then the age
//! of the change against the objectives on its way. The first that is known decides.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::passage::{Moments, age, passed};
use super::{Evidence, FieldObservation, Found, Observation, Read, Trace, Verdict, Way};
use super::{searchable, sentence};
use crate::compare::{FieldRule, FieldVerdict, compare};
use crate::deployment::{Presence, Role};
use crate::human;
use crate::mapping::{FieldMapping, Mapping, RepresentationMapping};
use crate::name::FieldPath;
use crate::value::{Record, Value};
use crate::version::{change_time, order};

/// Judges what was read; never fails as a whole.
///
/// `evidence.reads` stands in the order of `evidence.mapping.representations`.
pub fn judge(evidence: Evidence, now: Timestamp) -> Trace {
    let source = Source::of(&evidence);
    let mappings = evidence.mapping.representations.iter();
    let (observations, because): (Vec<Observation>, Vec<String>) = evidence
        .reads
        .iter()
        .zip(mappings)
        .map(|(read, mapping)| observe(read, mapping, &source, now))
        .unzip();
    let worst = observations.iter().max_by_key(|it| it.verdict.severity());
    let verdict = worst.map_or(Verdict::Unknown, |it| it.verdict);
    let label = source.record.and_then(|it| label(it, &evidence.mapping));
    let way = sentence::way(&evidence, &observations);
    let sentence = sentence::answer(&evidence, &observations, &because, now);
    Trace {
        entity: evidence.mapping.entity.clone(),
        key: evidence.key,
        label,
        at: now,
        verdict,
        sentence,
        way,
        observations,
        mapping: evidence.mapping,
    }
}

/// What the system of record answered, as the others are compared with it.
struct Source<'e> {
    state: Found,
    record: Option<&'e Record>,
    mapping: Option<&'e RepresentationMapping>,
    version: Option<Value>,
}

impl<'e> Source<'e> {
    /// The source among what a trace has read; a mapping without one counts as a source that failed.
    fn of(evidence: &'e Evidence) -> Self {
        let mut pairs = evidence.reads.iter().zip(&evidence.mapping.representations);
        match pairs.find(|(read, _)| read.role == Role::SystemOfRecord) {
            Some((read, mapping)) => Self::new(read, mapping),
            None => Self {
                state: Found::Failed,
                record: None,
                mapping: None,
                version: None,
            },
        }
    }

    /// The source of one key, as it was read.
    fn new(read: &'e Read, mapping: &'e RepresentationMapping) -> Self {
        let record = record_of(read);
        Self {
            state: found(read),
            record,
            mapping: Some(mapping),
            version: version_of(record, mapping),
        }
    }

    /// The source's value of a canonical field, and the rule by which it holds it.
    fn value(&self, name: &str) -> (Option<&'e Value>, Option<&'e FieldRule>) {
        let rule = self.mapping.and_then(|it| it.rule(name));
        let value = self
            .record
            .zip(rule)
            .and_then(|(record, rule)| record.at(&rule.path));
        (value, rule)
    }

    /// When the source last changed, as its version or, failing that, its outbox says.
    fn changed_at(&self, way: Option<&Way>) -> Option<Timestamp> {
        let by_version = self.version.as_ref().and_then(change_time);
        by_version.or_else(|| way?.changed_at)
    }
}

impl RepresentationMapping {
    fn rule(&self, name: &str) -> Option<&FieldRule> {
        self.fields.iter().find(|it| it.name == name)?.rule.as_ref()
    }
}

/// One copy of an entity, judged without the rest of its trace.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What is said of it.
    pub verdict: Verdict,
    /// Why, in words a person understands.
    pub reason: String,
    /// One a canonical field, as in [`Observation::fields`].
    pub fields: Vec<FieldObservation>,
    /// How long ago the source changed; `None` where that is not known.
    pub age: Option<Duration>,
    /// When age alone will no longer hold it in flight; `None` where something better than age decided.
    pub until: Option<Timestamp>,
    /// Why it is not simply drift, for the sentence.
    because: String,
}

/// Judges one copy as [`judge`] does, given the system of record's answer and mapping first.
///
/// `first_seen` is when the difference was first read: what nothing dates is at least as old as that.
pub fn judge_copy(
    source: (&Read, &RepresentationMapping),
    copy: (&Read, &RepresentationMapping),
    first_seen: Timestamp,
    now: Timestamp,
) -> Judgement {
    let source = Source::new(source.0, source.1);
    let (read, mapping) = copy;
    weigh(read, mapping, &source, (Some(first_seen), now))
}

/// Judges one representation: its fields one by one, then what their differences amount to, then whether the change
/// that would explain them has passed.
///
/// `first_seen` stands in for a change time that nobody knows.
fn weigh(
    read: &Read,
    mapping: &RepresentationMapping,
    source: &Source<'_>,
    (first_seen, now): (Option<Timestamp>, Timestamp),
) -> Judgement {
    let record = record_of(read);
    let fields: Vec<_> = mapping
        .fields
        .iter()
        .map(|it| field(it, read, source))
        .collect();
    let version = version_of(record, mapping);
    let changed_at = source.changed_at(read.way.as_ref());
    let mut judgement = Judgement {
        verdict: Verdict::Agrees,
        reason: String::new(),
        age: changed_at.map(|it| age(it, now)),
        until: None,
        because: String::new(),
        fields: Vec::new(),
    };
    match difference(read, &fields, mapping, source, version.as_ref()) {
        Difference::None(reason) => judgement.reason = reason,
        Difference::Unknown(reason) => {
            judgement.verdict = Verdict::Unknown;
            judgement.reason = reason;
        }
        Difference::Some(drift, what) => {
            let moments = Moments {
                changed_at,
                first_seen,
                now,
            };
            let passed = passed(drift, read.way.as_ref(), moments);
            judgement.verdict = passed.verdict;
            judgement.reason = format!("{what}; {}", passed.because);
            judgement.because = passed.because;
            judgement.until = passed.until;
        }
    }
    // A record that need not be there has no fields that could differ.
    if judgement.verdict != Verdict::Agrees || record.is_some() {
        judgement.fields = fields;
    }
    judgement
}

/// Observes one representation; beside it stands why it is not simply drift, for the sentence.
fn observe(
    read: &Read,
    mapping: &RepresentationMapping,
    source: &Source<'_>,
    now: Timestamp,
) -> (Observation, String) {
    let record = record_of(read);
    let judgement = weigh(read, mapping, source, (None, now));
    let searchable = read.searched.as_ref();
    let searchable = searchable.map(|it| searchable::observed(record, it, mapping));
    let observation = Observation {
        dataset: mapping.dataset.clone(),
        role: read.role,
        state: found(read),
        read: read.span,
        reads: read.reads,
        version: version_of(record, mapping),
        verdict: judgement.verdict,
        age: judgement.age,
        reason: judgement.reason,
        error: read.found.as_ref().err().cloned(),
        statement: read.statement.clone(),
        fields: judgement.fields,
        raw: record.cloned(),
        searchable,
    };
    (observation, judgement.because)
}

/// Compares one field. A field that only one side maps is shown and not compared.
fn field(mapping: &FieldMapping, read: &Read, source: &Source<'_>) -> FieldObservation {
    let (truth, truth_rule) = source.value(&mapping.name);
    let value = mapping
        .rule
        .as_ref()
        .zip(record_of(read))
        .and_then(|(rule, record)| record.at(&rule.path));
    let (verdict, rule) = match &mapping.rule {
        None => (FieldVerdict::NotMapped, "not mapped".to_owned()),
        Some(_) if !mapping.compared && read.role == Role::Derived => {
            (FieldVerdict::NotMapped, "shown, not compared".to_owned())
        }
        Some(_) if read.found.is_err() => (
            FieldVerdict::Unreadable,
            "the record could not be read".to_owned(),
        ),
        Some(_) if found(read) == Found::Absent => {
            (FieldVerdict::Absent, "the record is not there".to_owned())
        }
        Some(_) if read.role == Role::SystemOfRecord => {
            (FieldVerdict::Equal, "source of truth".to_owned())
        }
        Some(_) if source.state == Found::Failed => (
            FieldVerdict::Unreadable,
            "the source of truth could not be read".to_owned(),
        ),
        Some(_) if source.state == Found::Absent => (
            FieldVerdict::Different,
            "the source of truth has no such record".to_owned(),
        ),
        Some(rule) => {
            let plain = FieldRule::plain(FieldPath::name(mapping.name.clone()));
            let outcome = compare(truth, truth_rule.unwrap_or(&plain), value, rule);
            let rule = outcome.why.map_or(outcome.rule.clone(), |why| {
                format!("{}: {why}", outcome.rule)
            });
            (outcome.verdict, rule)
        }
    };
    FieldObservation {
        name: mapping.name.clone(),
        value: value.cloned(),
        truth: truth.cloned(),
        verdict,
        rule,
    }
}

/// Whether a copy differs from the source, before it is asked why.
enum Difference {
    None(String),
    Unknown(String),
    /// The verdict if the edge has passed the change, and what differs in words.
    Some(Verdict, String),
}

/// What the states of both sides amount to, before anything is said of time.
///
/// A failed read is unknown, whichever side failed; what neither side holds agrees.
fn difference(
    read: &Read,
    fields: &[FieldObservation],
    mapping: &RepresentationMapping,
    source: &Source<'_>,
    version: Option<&Value>,
) -> Difference {
    match (found(read), source.state) {
        (Found::Failed, _) => {
            let error = read
                .found
                .as_ref()
                .err()
                .map_or_else(String::new, ToString::to_string);
            Difference::Unknown(error)
        }
        (state, _) if read.role == Role::SystemOfRecord => Difference::None(own_reason(state)),
        (_, Found::Failed) => Difference::Unknown(
            "the source of truth could not be read, so there is nothing to compare with".to_owned(),
        ),
        (Found::Absent, Found::Absent) => {
            Difference::None("neither it nor the source of truth holds it".to_owned())
        }
        (Found::Absent, Found::Found) if read.presence == Presence::Optional => {
            Difference::None("not kept there now".to_owned())
        }
        (Found::Absent, Found::Found) => {
            Difference::Some(Verdict::Missing, "the record is not there".to_owned())
        }
        (Found::Found, Found::Absent) => Difference::Some(
            Verdict::Orphan,
            "the source of truth has no such record".to_owned(),
        ),
        (Found::Found, Found::Found) => differing_fields(fields, mapping, source, version),
    }
}

/// What is said of the system of record itself, which is never wrong.
fn own_reason(state: Found) -> String {
    let reason = if state == Found::Found {
        "source of truth"
    } else {
        "the source of truth does not hold it"
    };
    reason.to_owned()
}

/// What the fields amount to where both sides hold the record: equal, older by its version, or in conflict.
fn differing_fields(
    fields: &[FieldObservation],
    mapping: &RepresentationMapping,
    source: &Source<'_>,
    version: Option<&Value>,
) -> Difference {
    let compared = |name: &str| {
        mapping
            .fields
            .iter()
            .any(|it| it.name == name && it.compared)
    };
    let with = |wanted: &[FieldVerdict]| -> Vec<&FieldObservation> {
        fields
            .iter()
            .filter(|it| wanted.contains(&it.verdict) && compared(&it.name))
            .collect()
    };
    let different = with(&[FieldVerdict::Different, FieldVerdict::Absent]);
    if different.is_empty() {
        return equal_or_unreadable(
            &with(&[FieldVerdict::Unreadable]),
            &with(&[FieldVerdict::Equal]),
        );
    }
    let names: Vec<&str> = different.iter().map(|it| it.name.as_str()).collect();
    let names = format!(
        "{} {}",
        names.join(", "),
        if names.len() == 1 {
            "differs"
        } else {
            "differ"
        }
    );
    match source
        .version
        .as_ref()
        .zip(version)
        .and_then(|(truth, copy)| order(copy, truth))
    {
        Some(Ordering::Less) => {
            Difference::Some(Verdict::Stale, format!("an older version: {names}"))
        }
        Some(Ordering::Equal) => {
            Difference::Some(Verdict::Conflicts, format!("the same version, yet {names}"))
        }
        Some(Ordering::Greater) => Difference::Some(
            Verdict::Conflicts,
            format!("a newer version than the source of truth: {names}"),
        ),
        None => Difference::Some(
            Verdict::Conflicts,
            format!("{names}, and no version tells which is older"),
        ),
    }
}

/// Agreement, unless a field could not be compared: one unreadable field makes the record unknown.
fn equal_or_unreadable(
    unreadable: &[&FieldObservation],
    equal: &[&FieldObservation],
) -> Difference {
    if let Some(field) = unreadable.first() {
        return Difference::Unknown(format!("{} cannot be compared: {}", field.name, field.rule));
    }
    if equal.is_empty() {
        return Difference::None("it is there; no field of it is mapped".to_owned());
    }
    let mut lenses: Vec<String> = Vec::new();
    for field in equal.iter().filter(|it| it.rule != "exact") {
        let under = if field.rule.starts_with("as ") {
            ""
        } else {
            "under "
        };
        lenses.push(format!("{} {under}{}", field.name, field.rule));
    }
    let fields = human::plural(equal.len() as u64, "field");
    if lenses.is_empty() {
        return Difference::None(format!("{fields} equal"));
    }
    Difference::None(format!("{fields} equal; {}", lenses.join(", ")))
}

/// The record of a read that found one.
pub(super) fn record_of(read: &Read) -> Option<&Record> {
    read.found.as_ref().ok()?.as_ref()
}

fn found(read: &Read) -> Found {
    match &read.found {
        Err(_) => Found::Failed,
        Ok(None) => Found::Absent,
        Ok(Some(_)) => Found::Found,
    }
}

/// The version of a record, where its representation has one.
fn version_of(record: Option<&Record>, mapping: &RepresentationMapping) -> Option<Value> {
    record?.at(mapping.version.as_ref()?).cloned()
}

/// What to call the entity: the first of a few usual fields that the source holds.
fn label(record: &Record, mapping: &Mapping) -> Option<String> {
    let source = mapping
        .representations
        .iter()
        .find(|it| it.fields.iter().any(|it| it.rule.is_some()))?;
    ["name", "title", "label", "email"].iter().find_map(|name| {
        let rule = source.rule(name)?;
        record
            .at(&rule.path)
            .filter(|it| !it.is_null())
            .map(ToString::to_string)
    })
}

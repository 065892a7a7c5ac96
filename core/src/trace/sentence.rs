//! The sentence that answers first, and the way of the change step by step.

use jiff::Timestamp;

use super::{Evidence, Found, Observation, Read, Step, StepState, Verdict, Way, searchable};
use crate::compare::FieldVerdict;
use crate::deployment::Role;
use crate::human;
use crate::value::Value;

/// Longer values are cut in the sentence; the matrix shows them whole.
const MAX_VALUE_CHARS: usize = 60;

/// What differs, since when, late or lost, why we think so, and what happens next by itself.
///
/// `because` has one text an observation: the evidence for its verdict, empty where none was needed.
pub(super) fn answer(
    evidence: &Evidence,
    observations: &[Observation],
    because: &[String],
    now: Timestamp,
) -> String {
    let name = format!("{} {}", evidence.mapping.entity, evidence.key);
    let Some(at) = worst(observations) else {
        return format!("{name} is represented nowhere.");
    };
    let (Some(read), Some(worst)) = (evidence.reads.get(at), observations.get(at)) else {
        return name;
    };
    let because = because.get(at).map_or("", String::as_str);
    let text = match worst.verdict {
        Verdict::Agrees => {
            return format!(
                "{}{}",
                agreement(&name, observations),
                pending(observations)
            );
        }
        Verdict::Unknown => format!(
            "{name}: {} cannot be judged: {}.",
            worst.dataset, worst.reason
        ),
        _ => format!("{name}: {}. {}.", holds(worst), sentence_case(because)),
    };
    let since = worst
        .age
        .filter(|_| worst.verdict.is_drift() && worst.verdict != Verdict::Orphan);
    let since = since.map_or_else(String::new, |it| {
        format!(" The source of truth changed {} ago.", human::duration(it))
    });
    let tail = [
        expiry(read, now),
        others(observations),
        pending(observations),
    ];
    format!("{text}{since}{}", tail.concat())
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The way of the change to the worst representation; empty where all agree.
pub(super) fn way(evidence: &Evidence, observations: &[Observation]) -> Vec<Step> {
    let Some(at) = worst(observations) else {
        return Vec::new();
    };
    let (Some(read), Some(worst)) = (evidence.reads.get(at), observations.get(at)) else {
        return Vec::new();
    };
    let Some(way) = read
        .way
        .as_ref()
        .filter(|_| worst.verdict != Verdict::Agrees)
    else {
        return Vec::new();
    };
    let mut steps = vec![source_step(observations)];
    steps.extend(way.steps.iter().map(edge_step));
    steps.push(target_step(worst, way));
    steps
}

/// Where the first of the worst observations is.
fn worst(observations: &[Observation]) -> Option<usize> {
    let severities = observations
        .iter()
        .map(|it| it.verdict.severity())
        .enumerate();
    // `max_by_key` alone would take the last of the worst.
    severities
        .rev()
        .max_by_key(|(_, severity)| *severity)
        .map(|(at, _)| at)
}

/// Where every copy agrees: how many hold the record, and which need not.
fn agreement(name: &str, observations: &[Observation]) -> String {
    let holding = observations
        .iter()
        .filter(|it| it.state == Found::Found)
        .count();
    let without: Vec<String> = observations
        .iter()
        .filter(|it| it.state == Found::Absent && it.role == Role::Derived)
        .map(|it| it.dataset.to_string())
        .collect();
    let kept = if without.is_empty() {
        String::new()
    } else {
        format!(" {} does not keep it now, as it may.", without.join(", "))
    };
    format!("{name} agrees in all {holding} datasets that hold it.{kept}")
}

/// What the worst copy holds instead of what it should: the first field that differs, and how many more do.
fn holds(worst: &Observation) -> String {
    let dataset = &worst.dataset;
    match worst.state {
        Found::Absent => return format!("{dataset} lacks it, and the source of truth has it"),
        _ if worst.fields.iter().all(|it| it.truth.is_none()) => {
            return format!("{dataset} still holds it, and the source of truth has no such record");
        }
        _ => {}
    }
    let mut differing = worst.fields.iter().filter(|it| differs(it.verdict));
    let Some(first) = differing.next() else {
        return format!("{dataset} differs");
    };
    let more = differing.count();
    let more = if more == 0 {
        String::new()
    } else {
        fields_more(more)
    };
    let verb = if worst.verdict == Verdict::Conflicts {
        "holds"
    } else {
        "still holds"
    };
    let (copy, truth) = (shown(first.value.as_ref()), shown(first.truth.as_ref()));
    format!(
        "{dataset} {verb} {copy} as {}, where the source of truth has {truth}{more}",
        first.name
    )
}

fn fields_more(count: usize) -> String {
    if count == 1 {
        "; 1 more field differs".to_owned()
    } else {
        format!("; {count} more fields differ")
    }
}

fn differs(verdict: FieldVerdict) -> bool {
    matches!(verdict, FieldVerdict::Different | FieldVerdict::Absent)
}

/// A value in a sentence, cut where it is long.
fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let text = value.to_string();
    if text.chars().count() <= MAX_VALUE_CHARS {
        return text;
    }
    let start: String = text.chars().take(MAX_VALUE_CHARS).collect();
    format!("{start}…")
}

/// What happens next by itself: a key with a time to live will go.
fn expiry(read: &Read, now: Timestamp) -> String {
    let record = super::judge::record_of(read);
    let ttl = record.and_then(|it| it.meta.iter().find(|(name, _)| name == "@ttl_ms"));
    let Some((_, Value::I64(ttl))) = ttl else {
        return String::new();
    };
    let since_read = now.duration_since(read.span.ended);
    let left = jiff::SignedDuration::from_millis(*ttl).saturating_sub(since_read);
    match std::time::Duration::try_from(left) {
        Ok(left) => format!(" The key expires in {}.", human::duration(left)),
        Err(_) => " The key has expired since.".to_owned(),
    }
}

/// Where a search finds something else than what is stored, and until when.
fn pending(observations: &[Observation]) -> String {
    let said = observations
        .iter()
        .map(|it| searchable::said(&it.dataset, it.searchable.as_ref()));
    said.collect()
}

/// How many other copies do not agree, by verdict, the worst first.
fn others(observations: &[Observation]) -> String {
    let mut by_severity: Vec<&Observation> = observations
        .iter()
        .filter(|it| it.verdict != Verdict::Agrees)
        .collect();
    by_severity.sort_by_key(|it| std::cmp::Reverse(it.verdict.severity()));
    let mut counts: Vec<(String, u64)> = Vec::new();
    for observation in by_severity.into_iter().skip(1) {
        let name = observation.verdict.name().replace('-', " ");
        match counts.iter_mut().find(|(it, _)| *it == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    format!(" Elsewhere: {}.", counts.join(", "))
}

/// The first step: when the source changed, where its version is a time.
fn source_step(observations: &[Observation]) -> Step {
    let source = observations
        .iter()
        .find(|it| it.role == Role::SystemOfRecord);
    let place = source.map_or_else(String::new, |it| it.dataset.to_string());
    let at = source
        .and_then(|it| it.version.as_ref())
        .and_then(crate::version::change_time);
    match source.map(|it| it.state) {
        Some(Found::Found) => Step {
            place,
            at,
            state: StepState::Passed,
            note: "changed".to_owned(),
        },
        Some(Found::Absent) => Step {
            place,
            at: None,
            state: StepState::Passed,
            note: "deleted, or never there".to_owned(),
        },
        _ => Step {
            place,
            at: None,
            state: StepState::Unknown,
            note: "could not be read".to_owned(),
        },
    }
}

/// An edge on the way: by the rows of this key where its probe counts them, else by its frontier.
fn edge_step(step: &super::WayStep) -> Step {
    let place = format!("{} ({})", step.via, step.edge);
    let (at, state, note) = match (&step.subject, &step.reading) {
        (Some(it), _) if it.unsent > 0 => (
            it.oldest,
            StepState::Waiting,
            format!("{} not sent yet", human::plural(it.unsent, "change")),
        ),
        (Some(it), _) => (it.last_sent, StepState::Passed, "sent".to_owned()),
        (None, Some(reading)) => match reading.frontier {
            Some(frontier) => (
                Some(frontier),
                StepState::Passed,
                "everything up to here is visible".to_owned(),
            ),
            None => (
                None,
                StepState::Unknown,
                reading
                    .why
                    .clone()
                    .unwrap_or_else(|| "no position known".to_owned()),
            ),
        },
        (None, None) => (None, StepState::Unknown, "not measured".to_owned()),
    };
    Step {
        place,
        at,
        state,
        note,
    }
}

/// The last step: what became of the change at the copy.
fn target_step(worst: &Observation, way: &Way) -> Step {
    let passed_all = !matches!(worst.verdict, Verdict::InFlight { .. } | Verdict::Unknown);
    let (state, note) = match worst.verdict {
        Verdict::Agrees => (StepState::Passed, "applied".to_owned()),
        Verdict::InFlight { .. } => (
            StepState::Waiting,
            format!("not applied yet; allowed {}", human::duration(way.allowed)),
        ),
        Verdict::Unknown => (StepState::Unknown, "unknown".to_owned()),
        _ => (StepState::Failed, "passed on, not applied; read".to_owned()),
    };
    Step {
        place: worst.dataset.to_string(),
        at: passed_all.then_some(worst.read.ended),
        state,
        note,
    }
}

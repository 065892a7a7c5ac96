//! Whether a change has passed the edges on its way: position first, then the frontier, then the age of the change.

use std::time::Duration;

use jiff::Timestamp;

use super::{Verdict, Way, WayStep};
use crate::deployment::DEFAULT_OBJECTIVE;
use crate::human;
use crate::lag::ProbeKind;

/// Decides whether the edge has passed the change; if it has, the difference is drift. Says why.
pub(super) fn passed(
    drift: Verdict,
    way: Option<&Way>,
    changed_at: Option<Timestamp>,
    now: Timestamp,
) -> (Verdict, String) {
    let allowed = way.map_or(DEFAULT_OBJECTIVE, |it| it.allowed);
    match way.map_or(Passage::NotKnown, |it| passage(it, changed_at)) {
        Passage::Waits { since, where_ } => {
            let late = age(since, now) > allowed;
            let since = human::duration(age(since, now));
            let because = format!(
                "the change waits {where_} since {since}{}",
                lateness(late, allowed)
            );
            (Verdict::InFlight { late }, because)
        }
        Passage::Passed { by } => (drift, format!("{by}, so it is lost, not late")),
        Passage::NotKnown => by_age(drift, changed_at, allowed, now),
    }
}

fn by_age(
    drift: Verdict,
    changed_at: Option<Timestamp>,
    allowed: Duration,
    now: Timestamp,
) -> (Verdict, String) {
    let bound = human::duration(allowed);
    match changed_at.map(|it| age(it, now)) {
        Some(young) if young <= allowed => {
            let young = human::duration(young);
            (
                Verdict::InFlight { late: false },
                format!("changed {young} ago, within the {bound} allowed"),
            )
        }
        Some(old) => {
            let old = human::duration(old);
            (
                drift,
                format!("changed {old} ago, longer than the {bound} allowed"),
            )
        }
        None if drift == Verdict::Orphan => {
            let because = format!(
                "a deletion has no change time and was first seen now: trace again after {bound}"
            );
            (Verdict::InFlight { late: false }, because)
        }
        None => {
            let because = "nothing says when the source changed, so it is not taken for in flight";
            (drift, because.to_owned())
        }
    }
}

/// Whether a change has passed every edge on its way.
enum Passage {
    Waits { since: Timestamp, where_: String },
    Passed { by: String },
    NotKnown,
}

fn passage(way: &Way, changed_at: Option<Timestamp>) -> Passage {
    let mut evidence = Vec::new();
    for step in &way.steps {
        if let Some(subject) = &step.subject {
            if let (1.., Some(since)) = (subject.unsent, subject.oldest) {
                return Passage::Waits {
                    since,
                    where_: format!("{} {}", waiting_place(step), step.edge),
                };
            }
            evidence.push(format!(
                "the edge {} has sent every change of this key",
                step.edge
            ));
            continue;
        }
        let known = step
            .reading
            .as_ref()
            .and_then(|it| Some((it.frontier?, it.uncertainty)));
        let (Some((frontier, uncertainty)), Some(changed_at)) = (known, changed_at) else {
            return Passage::NotKnown;
        };
        if changed_at > frontier.checked_sub(uncertainty).unwrap_or(frontier) {
            return Passage::Waits {
                since: changed_at,
                where_: format!("behind the frontier of {}", step.edge),
            };
        }
        evidence.push(format!(
            "the edge {} already shows younger changes",
            step.edge
        ));
    }
    if evidence.is_empty() {
        Passage::NotKnown
    } else {
        Passage::Passed {
            by: evidence.join(" and "),
        }
    }
}

fn waiting_place(step: &WayStep) -> &'static str {
    let probe = step.reading.as_ref().map(|it| it.probe);
    if probe == Some(ProbeKind::Group) {
        "in the stream of"
    } else {
        "in the outbox of"
    }
}

fn lateness(late: bool, allowed: Duration) -> String {
    let bound = human::duration(allowed);
    if late {
        format!(", longer than the {bound} allowed")
    } else {
        format!(", within the {bound} allowed")
    }
}

/// The time since `earlier`; zero where clocks disagree about the order.
pub(super) fn age(earlier: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(earlier)).unwrap_or_default()
}

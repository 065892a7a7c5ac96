//! Whether a change has passed the edges on its way: position first, then the frontier, then the age of the change.

use std::time::Duration;

use jiff::Timestamp;

use super::{Verdict, Way, WayStep};
use crate::deployment::DEFAULT_OBJECTIVE;
use crate::human;
use crate::lag::ProbeKind;

/// A difference, judged by the way that changes take.
pub(super) struct Passed {
    /// Drift if the edge has passed the change, else in flight.
    pub(super) verdict: Verdict,
    /// Why.
    pub(super) because: String,
    /// When age alone will no longer hold it in flight; `None` where something better than age decided.
    pub(super) until: Option<Timestamp>,
}

/// When things happened, as far as it is known.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// When the source changed.
    pub(super) changed_at: Option<Timestamp>,
    /// When the difference was first read, where it was read before: it is at least as old as that.
    pub(super) first_seen: Option<Timestamp>,
    /// The present.
    pub(super) now: Timestamp,
}

/// Decides whether the edge has passed the change; if it has, the difference is drift. Says why.
pub(super) fn passed(drift: Verdict, way: Option<&Way>, moments: Moments) -> Passed {
    let Moments {
        changed_at, now, ..
    } = moments;
    let allowed = way.map_or(DEFAULT_OBJECTIVE, |it| it.allowed);
    let decided = |verdict, because| Passed {
        verdict,
        because,
        until: None,
    };
    match way.map_or(Passage::NotKnown, |it| passage(it, changed_at)) {
        Passage::Waits { since, where_ } => {
            let late = age(since, now) > allowed;
            let since = human::duration(age(since, now));
            let because = format!(
                "the change waits {where_} since {since}{}",
                lateness(late, allowed)
            );
            decided(Verdict::InFlight { late }, because)
        }
        Passage::Passed { by } => decided(drift, format!("{by}, so it is lost, not late")),
        Passage::NotKnown => match changed_at {
            Some(changed_at) => by_age(drift, changed_at, allowed, now),
            None => undated(drift, allowed, moments),
        },
    }
}

/// Decides by age alone, where no edge tells its position: young changes are in flight, old ones have drifted.
fn by_age(drift: Verdict, changed_at: Timestamp, allowed: Duration, now: Timestamp) -> Passed {
    let (age, bound) = (age(changed_at, now), human::duration(allowed));
    let (since, is_young) = (human::duration(age), age <= allowed);
    if is_young {
        return Passed {
            verdict: Verdict::InFlight { late: false },
            because: format!("changed {since} ago, within the {bound} allowed"),
            until: end(changed_at, allowed),
        };
    }
    Passed {
        verdict: drift,
        because: format!("changed {since} ago, longer than the {bound} allowed"),
        until: None,
    }
}

/// Where nothing dates the change, its age runs from the first read that saw it, if there was one before.
fn undated(drift: Verdict, allowed: Duration, moments: Moments) -> Passed {
    let Moments {
        first_seen, now, ..
    } = moments;
    let bound = human::duration(allowed);
    let what = if drift == Verdict::Orphan {
        "a deletion has no change time"
    } else {
        "nothing says when the source changed"
    };
    let is_young = first_seen.is_some_and(|it| age(it, now) <= allowed);
    let (verdict, because) = match first_seen.map(|it| human::duration(age(it, now))) {
        None if drift == Verdict::Orphan => (
            Verdict::InFlight { late: false },
            format!("{what} and was first seen now: trace again after {bound}"),
        ),
        None => (drift, format!("{what}, so it is not taken for in flight")),
        Some(since) if is_young => (
            Verdict::InFlight { late: false },
            format!("{what}; first seen {since} ago, within the {bound} allowed"),
        ),
        Some(since) => (
            drift,
            format!("{what}; first seen {since} ago, longer than the {bound} allowed"),
        ),
    };
    Passed {
        verdict,
        because,
        until: first_seen
            .filter(|_| is_young)
            .and_then(|it| end(it, allowed)),
    }
}

/// The first moment at which what began at `from` is older than `allowed`.
fn end(from: Timestamp, allowed: Duration) -> Option<Timestamp> {
    from.checked_add(allowed + Duration::from_nanos(1)).ok()
}

/// Whether a change has passed every edge on its way.
enum Passage {
    Waits { since: Timestamp, where_: String },
    Passed { by: String },
    NotKnown,
}

/// Whether a change still waits on its way, has passed all of it, or nobody can tell.
///
/// A row of the key itself proves more than a frontier, and a frontier more than an age.
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

/// Where what has not passed an edge is kept, by the kind of its probe.
fn waiting_place(step: &WayStep) -> &'static str {
    let probe = step.reading.as_ref().map(|it| it.probe);
    if probe == Some(ProbeKind::Group) {
        "in the stream of"
    } else {
        "in the outbox of"
    }
}

/// How long a change may take, as the end of a sentence.
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

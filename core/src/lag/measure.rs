//! From what was read of an edge to a [`Reading`].
//!
//! Time lag follows one rule for every method: the age of the oldest change that the target lacks, and zero when it
//! lacks none. The newest visible version alone would lie wherever changes overtake each other.

use std::time::Duration;

use jiff::Timestamp;

use super::{Backlog, Lag, ProbeKind, Reading, State};

/// What the newest changes at the source look like at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// The change time before which every sampled change is visible; `None` if not even the oldest sampled one is.
    pub frontier: Option<Timestamp>,
    /// The oldest change that is outstanding.
    pub oldest_outstanding: Option<Timestamp>,
    /// How many of the sampled changes are outstanding.
    pub outstanding: u64,
    /// Changes that newer ones overtook by more than the objective: the edge has passed them, so they are lost, not late.
    pub overtaken: u64,
    /// How many changes were sampled.
    pub sampled: u64,
}

/// Judges sampled changes, each with its time and whether the target shows it.
///
/// The frontier is the latest time `u` such that every sampled change up to `u` is visible. A change that is not
/// visible although the target shows one more than `objective` younger does not hold the frontier back: it is counted
/// as overtaken.
pub fn completeness(changes: &[(Timestamp, bool)], objective: Duration) -> Completeness {
    let mut changes = changes.to_vec();
    changes.sort_unstable();
    let newest_visible = changes
        .iter()
        .rev()
        .find(|(_, visible)| *visible)
        .map(|(at, _)| *at);
    let overtaken =
        |at: Timestamp| newest_visible.is_some_and(|newest| elapsed(at, newest) > objective);

    let mut found = Completeness {
        sampled: changes.len() as u64,
        ..Completeness::default()
    };
    for (at, visible) in changes {
        match (visible, overtaken(at)) {
            (true, _) if found.outstanding == 0 => found.frontier = Some(at),
            (true, _) => {}
            (false, true) => found.overtaken += 1,
            (false, false) => {
                found.outstanding += 1;
                found.oldest_outstanding.get_or_insert(at);
            }
        }
    }
    found
}

/// The reading of an edge with an outbox or a consumer group: what is outstanding, and the age of the oldest of it.
pub fn from_backlog(
    probe: ProbeKind,
    backlog: &Backlog,
    uncertainty: Duration,
    now: Timestamp,
) -> Reading {
    let waiting = backlog.unsent > 0;
    let time = if waiting {
        backlog.oldest.map(|it| elapsed(it, now))
    } else {
        Some(Duration::ZERO)
    };
    Reading {
        state: if waiting {
            State::Behind
        } else {
            State::CaughtUp
        },
        why: None,
        lag: Lag {
            time,
            records: Some(backlog.unsent),
            ..Lag::default()
        },
        probe,
        uncertainty,
        measured_at: now,
        frontier: if waiting { backlog.oldest } else { Some(now) },
    }
}

/// The reading of an edge measured by its newest versions.
pub fn from_completeness(found: &Completeness, uncertainty: Duration, now: Timestamp) -> Reading {
    if found.sampled == 0 {
        return Reading {
            why: Some("the source holds no record, so nothing can be outstanding".to_owned()),
            ..reading(
                State::CaughtUp,
                Lag {
                    time: Some(Duration::ZERO),
                    records: Some(0),
                    ..Lag::default()
                },
                uncertainty,
                now,
            )
        };
    }
    let time = found
        .oldest_outstanding
        .map_or(Duration::ZERO, |it| elapsed(it, now));
    let lag = Lag {
        time: Some(time),
        records: Some(found.outstanding),
        ..Lag::default()
    };
    let state = if found.outstanding > 0 {
        State::Behind
    } else {
        State::CaughtUp
    };
    let frontier = if found.outstanding > 0 {
        found.frontier
    } else {
        Some(now)
    };
    Reading {
        why: remark(found),
        frontier,
        ..reading(state, lag, uncertainty, now)
    }
}

/// The reading of an edge that could not be measured, and why.
pub fn unknown(probe: ProbeKind, why: impl Into<String>, now: Timestamp) -> Reading {
    Reading {
        state: State::Unknown,
        why: Some(why.into()),
        lag: Lag::default(),
        probe,
        uncertainty: Duration::ZERO,
        measured_at: now,
        frontier: None,
    }
}

/// A reading of versions, with everything known up to `now`.
fn reading(state: State, lag: Lag, uncertainty: Duration, now: Timestamp) -> Reading {
    Reading {
        state,
        why: None,
        lag,
        probe: ProbeKind::Newest,
        uncertainty,
        measured_at: now,
        frontier: Some(now),
    }
}

/// What the sample of newest changes shows besides lag: changes that were overtaken are lost, not late.
fn remark(found: &Completeness) -> Option<String> {
    let mut remarks = Vec::new();
    if found.overtaken > 0 {
        remarks.push(format!(
            "{} of the newest {} changes were overtaken by younger ones: lost, not late",
            found.overtaken, found.sampled
        ));
    }
    if found.outstanding > 0 && found.frontier.is_none() {
        remarks.push(format!(
            "none of the newest {} changes is visible: the lag may be larger",
            found.sampled
        ));
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

/// The time from `earlier` to `later`; zero where clocks disagree about the order.
fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    const OBJECTIVE: Duration = Duration::from_secs(5);

    #[track_caller]
    fn check(changes: &[(i64, bool)], frontier: Option<i64>, outstanding: u64, overtaken: u64) {
        let changes: Vec<_> = changes
            .iter()
            .map(|(second, visible)| (at(*second), *visible))
            .collect();
        let found = completeness(&changes, OBJECTIVE);
        assert_eq!(
            (found.frontier, found.outstanding, found.overtaken),
            (frontier.map(at), outstanding, overtaken)
        );
    }

    #[test]
    fn the_frontier_stops_before_the_first_invisible_change() {
        check(
            &[(1, true), (2, true), (3, false), (4, true)],
            Some(2),
            1,
            0,
        );
    }

    #[test]
    fn the_newest_visible_version_alone_would_lie() {
        check(&[(98, false), (99, false), (100, true)], None, 2, 0);
    }

    #[test]
    fn a_change_overtaken_by_more_than_the_objective_is_lost_and_holds_nothing_back() {
        check(&[(1, false), (50, true), (100, true)], Some(100), 0, 1);
    }

    #[test]
    fn equal_times_are_visible_only_together() {
        check(&[(1, true), (2, false), (2, true)], Some(1), 1, 0);
    }

    #[test]
    fn an_idle_edge_that_lacks_nothing_is_caught_up_with_zero_lag() {
        let reading = from_backlog(
            ProbeKind::Outbox,
            &Backlog::default(),
            Duration::ZERO,
            at(1_000),
        );
        assert_eq!(
            (reading.state, reading.lag.time),
            (State::CaughtUp, Some(Duration::ZERO))
        );
    }

    #[test]
    fn a_backlog_is_as_late_as_its_oldest_row() {
        let backlog = Backlog {
            unsent: 3,
            oldest: Some(at(990)),
            ..Backlog::default()
        };
        let reading = from_backlog(ProbeKind::Outbox, &backlog, Duration::ZERO, at(1_000));
        assert_eq!(
            (reading.state, reading.lag.time, reading.lag.records),
            (State::Behind, Some(Duration::from_secs(10)), Some(3))
        );
        assert_eq!(reading.within(OBJECTIVE), Some(false));
    }

    #[test]
    fn clocks_that_disagree_give_zero_and_never_a_negative_lag() {
        let backlog = Backlog {
            unsent: 1,
            oldest: Some(at(1_003)),
            ..Backlog::default()
        };
        assert_eq!(
            from_backlog(ProbeKind::Outbox, &backlog, Duration::ZERO, at(1_000))
                .lag
                .time,
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn what_is_unknown_has_no_number_and_is_not_within_its_objective() {
        let reading = unknown(ProbeKind::Newest, "no version", at(1));
        assert_eq!((reading.lag.time, reading.within(OBJECTIVE)), (None, None));
    }
}

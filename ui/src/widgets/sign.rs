//! A meaning as a colour, a mark and a word, so that no colour stands alone.

use std::time::Duration;

use parallax_core::deployment::Environment;
use parallax_core::lag::{Reading, State};
use parallax_core::profile::StepOutcome;
use parallax_core::trace::{StepState, Verdict};
use parallax_core::wire::{PaneState, StoreState};

use crate::theme::Tone;

/// A colour, its mark, and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) tone: Tone,
    pub(crate) mark: &'static str,
    pub(crate) word: &'static str,
}

impl Sign {
    const fn new(tone: Tone, mark: &'static str, word: &'static str) -> Self {
        Self { tone, mark, word }
    }

    /// The sign of a verdict.
    pub(crate) fn verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Agrees => Self::new(Tone::Good, "●", "agrees"),
            Verdict::InFlight { late: false } => Self::new(Tone::Accent, "→", "in flight"),
            Verdict::InFlight { late: true } => Self::new(Tone::Warning, "▲", "in flight, late"),
            Verdict::Stale => Self::new(Tone::Bad, "✖", "stale"),
            Verdict::Conflicts => Self::new(Tone::Bad, "✖", "conflicts"),
            Verdict::Missing => Self::new(Tone::Bad, "✖", "missing"),
            Verdict::Orphan => Self::new(Tone::Bad, "✖", "orphan"),
            Verdict::Unknown => Self::new(Tone::Unknown, "?", "unknown"),
        }
    }

    /// The sign of a measured edge against its objective.
    pub(crate) fn lag(reading: &Reading, objective: Duration) -> Self {
        match (reading.state, reading.within(objective)) {
            (State::Broken, _) => Self::new(Tone::Bad, "✖", "broken"),
            (_, None) => Self::new(Tone::Unknown, "?", "unknown"),
            (_, Some(false)) => Self::new(Tone::Warning, "▲", "late"),
            (State::CaughtUp, Some(true)) => Self::new(Tone::Good, "●", "caught up"),
            (_, Some(true)) => Self::new(Tone::Good, "●", "within objective"),
        }
    }

    /// The sign of an edge that nobody has measured yet.
    pub(crate) const fn unmeasured() -> Self {
        Self::new(Tone::Unknown, "?", "not measured yet")
    }

    /// The sign of a store.
    pub(crate) fn store(state: StoreState) -> Self {
        match state {
            StoreState::Up => Self::new(Tone::Good, "●", "up"),
            StoreState::Down => Self::new(Tone::Bad, "✖", "down"),
            StoreState::Unknown => Self::new(Tone::Unknown, "?", "not asked yet"),
        }
    }

    /// The sign of a step on the way of a change.
    pub(crate) fn step(state: StepState) -> Self {
        match state {
            StepState::Passed => Self::new(Tone::Good, "●", "passed"),
            StepState::Waiting => Self::new(Tone::Accent, "→", "waits here"),
            StepState::Failed => Self::new(Tone::Bad, "✖", "went wrong here"),
            StepState::Unknown => Self::new(Tone::Unknown, "?", "unknown"),
        }
    }

    /// The sign of a statement's run.
    pub(crate) fn run(state: PaneState) -> Self {
        match state {
            PaneState::Running => Self::new(Tone::Accent, "→", "running"),
            PaneState::Done => Self::new(Tone::Good, "●", "done"),
            PaneState::Failed => Self::new(Tone::Bad, "✖", "failed"),
            PaneState::Cancelled => Self::new(Tone::Warning, "▲", "cancelled"),
        }
    }

    /// The sign of an environment; one that nobody named is not a safe one.
    pub(crate) fn environment(environment: Option<Environment>) -> Self {
        match environment {
            Some(Environment::Dev) => Self::new(Tone::Good, "●", "dev"),
            Some(Environment::Staging) => Self::new(Tone::Warning, "▲", "staging"),
            Some(Environment::Production) => Self::new(Tone::Bad, "■", "production"),
            None => Self::new(Tone::Unknown, "?", "environment not said"),
        }
    }

    /// The sign of a step of a connection's test.
    pub(crate) fn tested(outcome: StepOutcome) -> Self {
        match outcome {
            StepOutcome::Passed => Self::new(Tone::Good, "✔", "passed"),
            StepOutcome::Failed => Self::new(Tone::Bad, "✖", "failed"),
            StepOutcome::Skipped => Self::new(Tone::Unknown, "–", "not done"),
        }
    }

    /// Worst first, for the one sign of several.
    pub(crate) fn severity(self) -> Tone {
        self.tone
    }
}

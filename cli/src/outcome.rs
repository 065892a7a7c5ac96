//! How a command ended, as scripts see it.

use std::process::ExitCode;

/// What a command's exit code says. The worse of two is the one that counts: found, then unanswered, then fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Exit 0.
    Fine,
    /// Exit 2: some part could not be answered.
    Unanswered,
    /// Exit 1: drift, lateness, a missed objective or a broken edge was found.
    Found,
    /// Exit 130: the person pressed Ctrl-C.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Fine => 0,
            Outcome::Found => 1,
            Outcome::Unanswered => 2,
            Outcome::Interrupted => 130,
        })
    }
}

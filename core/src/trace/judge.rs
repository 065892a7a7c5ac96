//! From evidence to verdicts.

use jiff::Timestamp;

use super::{Evidence, Trace};

/// Judges what was read; never fails as a whole.
pub fn judge(evidence: Evidence, now: Timestamp) -> Trace {
    let _ = (evidence, now);
    unreachable!("written next")
}

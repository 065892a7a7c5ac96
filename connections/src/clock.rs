//! The one place of this crate that reads the clock.

use jiff::Timestamp;

/// The present, by this machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "an adapter says when it read; it decides nothing by it"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

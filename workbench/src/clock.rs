//! The one place that reads the clock; everything below takes the present as an argument.

use jiff::Timestamp;

#[expect(
    clippy::disallowed_methods,
    reason = "somebody has to read the clock, and it is the workbench"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

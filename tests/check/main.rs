//! Checks of whole samples: what was planted is reported as what it is, nothing else is, and what could not be read is
//! unknown and never drift.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

mod command;
mod common;
mod ended;
mod load;
mod planted;
mod rehash;
mod scope;

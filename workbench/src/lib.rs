//! What is open now: a deployment, its stores, what is running and what came of it.
//!
//! [`Workbench`] is the one thing that front ends talk to. It owns the clock, the tasks and the results.

mod checks;
mod clock;
mod entities;
mod events;
mod evidence;
mod export;
mod finder;
mod keys;
mod local;
mod monitor;
mod open;
mod panes;
mod person;
mod profiles;
mod results;
mod runs;
mod sessions;
mod tracer;
mod watch;
mod ways;
mod workbench;

pub use events::Events;
pub use workbench::{Options, Workbench};

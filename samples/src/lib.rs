//! Sample deployments of Parallax, their loaders, their sync workers and planted faults.
//!
//! `pocket` needs no server: five SQLite files, one a data model, kept in step by an outbox. Everything that is generated
//! comes from a seed, so that the same input gives the same bytes.

pub mod audit;
pub mod clock;
pub mod error;
pub mod inject;
pub mod model;
pub mod pocket;
pub mod source;
pub mod worker;

mod database;
mod rng;
mod shop;
mod targets;

pub use error::{Error, Result};

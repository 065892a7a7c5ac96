//! Sample deployments of Parallax, their loaders, their sync workers and planted faults.
//!
//! `pocket` needs no server: five SQLite files, one a data model, kept in step by an outbox. `duo` has PostgreSQL as system
//! of record and Redis as cache, with an outbox, a stream and a consumer group between them. `ensemble` has copies of the same
//! users in stores of several kinds. Everything that is generated
//! comes from a seed, so that the same input gives the same contents.

pub mod audit;
pub mod clock;
pub mod duo;
pub mod ensemble;
pub mod error;
pub mod inject;
pub mod model;
pub mod pocket;
pub mod servers;
pub mod source;
pub mod worker;

mod database;
mod lease;
mod loaded;
mod postgres;
mod rng;
mod shop;
mod targets;

pub use error::{Error, Result};

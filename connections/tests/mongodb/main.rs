//! The adapter of MongoDB's wire protocol, against two servers that differ in what they can: one keeps its documents in
//! PostgreSQL, one in memory. Both run by `cargo xtask servers up ferretdb mongo-java-server`.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

mod failures;
mod queries;
mod readonly;
mod records;
mod scan;
mod server;
mod speed;
mod types;

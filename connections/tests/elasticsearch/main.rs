//! The adapter of search servers, against both products that `cargo xtask servers` runs: `cargo xtask servers up
//! elasticsearch elasticsearch-tls opensearch`.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

mod calls;
mod queries;
mod readonly;
mod records;
mod scans;
mod server;
mod speed;
mod views;

//! What a PostgreSQL server answers, and what it is kept from. Needs `cargo xtask servers up postgres`.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

mod server;

mod bound;
mod calls;
mod queries;
mod readonly;
mod records;
mod scan;
mod speed;
mod types;

//! What a MariaDB server answers, and what it is kept from. Needs `cargo xtask servers up mariadb`.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

#[path = "../common/ask.rs"]
mod ask;
mod server;

mod calls;
mod failures;
mod queries;
mod readonly;
mod records;
mod scan;
mod speed;
mod types;

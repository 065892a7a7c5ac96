//! What a Neo4j server answers, and what it is kept from. Needs `cargo xtask servers up neo4j`.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test compares the server's clock with ours, and its runtime ends with it"
)]

mod proxy;
mod server;

mod calls;
mod failures;
mod queries;
mod readonly;
mod records;
mod scan;
mod shapes;
mod speed;
mod tls;
mod types;

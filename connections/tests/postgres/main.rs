//! What a PostgreSQL server answers, and what it is kept from. Needs `cargo xtask servers up postgres`.

mod server;

mod calls;
mod queries;
mod readonly;
mod records;
mod scan;
mod speed;
mod types;

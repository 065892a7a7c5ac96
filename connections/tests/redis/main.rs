//! The adapter of key-value servers that speak RESP, against real ones: each test starts its own `redis-server`.

mod failures;
mod groups;
mod readonly;
mod records;
mod scans;
mod server;
mod speed;
mod statements;
mod tls;

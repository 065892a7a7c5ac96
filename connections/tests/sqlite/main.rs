//! What a SQLite file answers, in each of its data models, and what it refuses.

#[path = "../common/mod.rs"]
mod common;

mod fields;
mod files;
mod guard;
mod models;
mod readonly;
mod short;
mod statements;

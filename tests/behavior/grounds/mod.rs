//! The grounds, a file each: how the application that owns the data makes it, and how it asks its server.

pub(crate) mod elasticsearch;
pub(crate) mod mongodb;
pub(crate) mod mysql;
pub(crate) mod neo4j;
pub(crate) mod postgres;
pub(crate) mod redis;
pub(crate) mod sqlite;

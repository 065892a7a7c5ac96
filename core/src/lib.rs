//! The domain of Parallax: what a business object looks like in several stores, and how far its copies are apart.
//!
//! This crate is pure. It opens no file or socket, owns no task and reads no clock: the present is an argument.

pub mod canonical;
pub mod compare;
pub mod deployment;
pub mod error;
pub mod flow;
pub mod human;
pub mod lag;
pub mod mapping;
pub mod name;
pub mod panes;
pub mod profile;
pub mod reconcile;
pub mod report;
pub mod store;
pub mod trace;
pub mod value;
pub mod version;
pub mod wire;

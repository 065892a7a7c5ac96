//! The window by its accessible names, and by its pixels: the real app over a workbench by hand.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

mod app;
mod beside;
mod check;
mod connections;
mod faces;
mod map;
mod query;
mod support;
mod trace;

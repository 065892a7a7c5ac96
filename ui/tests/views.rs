//! The window by its accessible names, and by its pixels: the real app over a workbench by hand.

mod app;
mod check;
mod connections;
mod faces;
mod map;
mod query;
mod support;
mod trace;

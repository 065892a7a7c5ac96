//! Parallax's window: egui, compiled to wasm for the app and native in tests.
//!
//! [`App`] draws what the workbench answers and asks for what it needs; it opens nothing and reads no clock of its own.

mod action;
mod app;
pub mod backend;
mod camera;
mod format;
mod loadable;
mod theme;
pub mod tree;
mod views;
#[cfg(target_arch = "wasm32")]
pub mod web;
mod widgets;

pub use app::{App, Clock};

//! The way to the workbench: one request, one reply; and events that nobody asked for.

use std::fmt;

use parallax_core::wire::{Event, Reply, Request};

#[cfg(target_arch = "wasm32")]
pub mod tauri;

/// Takes the reply to one request.
pub type Done = Box<dyn FnOnce(Reply)>;

/// Takes every event.
pub type OnEvent = Box<dyn Fn(Event)>;

/// Carries requests to a workbench.
///
/// `done` and `on` may be called at once or later, but on the thread of the window.
pub trait Backend: fmt::Debug {
    /// Sends a request; its one reply goes to `done`.
    fn call(&self, request: Request, done: Done);

    /// Tells `on` of every event from now on; the app calls this once.
    fn events(&self, on: OnEvent);
}

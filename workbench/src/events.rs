//! The way back to a front end.

use std::fmt;
use std::sync::Arc;

use parallax_core::wire::Event;

/// Where events of a front end's requests go. Cheap to clone; must not block.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Calls `on` for every event.
    pub fn new(on: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(on))
    }

    /// For callers that only want replies.
    pub fn ignore() -> Self {
        Self::new(drop)
    }

    pub(crate) fn send(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

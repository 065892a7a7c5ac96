//! What a view wants done: views draw and ask, the app alone acts.

use std::time::Duration;

use parallax_core::name::{DatasetId, StoreId};
use parallax_core::wire::Request;

use crate::views::View;

/// One wish of a view.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Ask the workbench.
    Ask(Request),
    /// Ask for a run of statements; `ticket` says which when the reply comes.
    Run {
        /// Names the wish.
        ticket: u64,
        /// The statements.
        request: Request,
    },
    /// Show a view.
    Open(View),
    /// Trace an entity, and show it.
    Trace {
        /// The entity's name.
        entity: String,
        /// The key's text.
        key: String,
    },
    /// Put a statement into a pane of the query view, and show it.
    Edit {
        /// The store.
        store: StoreId,
        /// The statement.
        text: String,
    },
    /// Set up a check of what flows from one dataset to another, and show it.
    Compare {
        /// Where changes come from.
        from: DatasetId,
        /// Where they go.
        to: DatasetId,
    },
    /// Measure the lag this often; `None` stops it.
    Refresh(Option<Duration>),
}

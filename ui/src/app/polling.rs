//! What the workbench is told to watch: it measures in the background and sends what changed.
//!
//! The window itself asks for nothing again and again, so while nothing changes it draws nothing.

use std::time::Duration;

use egui::Context;
use parallax_core::wire::Request;

use super::Model;
use crate::action::Action;
use crate::views::View;

/// How often ages on the screen grow while nothing else happens.
const AGES: Duration = Duration::from_secs(30);

/// How often edges are measured while no view shows them: enough to see a store go down.
const UNSEEN: Duration = Duration::from_mins(1);

/// The rhythm that the person chose, and the one that the workbench was told.
#[derive(Debug)]
pub(super) struct Polling {
    interval: Option<Duration>,
    told: Option<Request>,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            interval: Some(Duration::from_secs(5)),
            told: None,
        }
    }
}

impl Polling {
    pub(super) fn interval(&self) -> Option<Duration> {
        self.interval
    }

    pub(super) fn set(&mut self, interval: Option<Duration>) {
        self.interval = interval;
    }

    /// Tells the workbench how often to measure, whenever that changes.
    pub(super) fn due(&mut self, ctx: &Context, view: View, model: &Model) -> Option<Action> {
        ctx.request_repaint_after(AGES);
        model.overview.value()?;
        let unseen = |it: Duration| if view.shows_lag() { it } else { it.max(UNSEEN) };
        let every = self.interval.map(unseen);
        let watch = Request::Watch { every };
        if self.told.as_ref() == Some(&watch) {
            return None;
        }
        self.told = Some(watch.clone());
        Some(Action::Ask(watch))
    }
}

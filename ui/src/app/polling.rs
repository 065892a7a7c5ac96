//! What is asked again by itself: lag while it is shown, and this machine's load; one wake-up for both.

use std::time::Duration;

use egui::Context;
use jiff::Timestamp;
use parallax_core::wire::Request;

use super::Model;
use crate::action::Action;
use crate::format::elapsed;
use crate::views::View;

/// Stores are asked again after so long, the machine and the ages too.
const SLOW: Duration = Duration::from_secs(10);

/// The rhythm, and when each thing was last asked.
#[derive(Debug)]
pub(super) struct Polling {
    interval: Option<Duration>,
    lag_asked: Option<Timestamp>,
    rest_asked: Option<Timestamp>,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            interval: Some(Duration::from_secs(5)),
            lag_asked: None,
            rest_asked: None,
        }
    }
}

impl Polling {
    pub(super) fn interval(&self) -> Option<Duration> {
        self.interval
    }

    pub(super) fn set(&mut self, interval: Option<Duration>) {
        self.interval = interval;
        self.lag_asked = None;
    }

    /// What is due now; also asks for the frame in which the next thing will be.
    pub(super) fn due(&mut self, ctx: &Context, view: View, model: &Model) -> Vec<Action> {
        let mut actions = Vec::new();
        if model.overview.value().is_none() {
            return actions;
        }
        if let Some(interval) = self.interval.filter(|_| view.shows_lag()) {
            if is_due(self.lag_asked, interval, model.now) && !model.lag.is_loading() {
                self.lag_asked = Some(model.now);
                actions.push(Action::Ask(Request::Lag));
            }
            ctx.request_repaint_after(interval);
        }
        if is_due(self.rest_asked, SLOW, model.now) {
            self.rest_asked = Some(model.now);
            actions.push(Action::Ask(Request::Machine));
        }
        ctx.request_repaint_after(SLOW);
        actions
    }
}

/// A little early counts: a frame that comes just before must not push the next one a whole interval away.
fn is_due(asked: Option<Timestamp>, interval: Duration, now: Timestamp) -> bool {
    asked.is_none_or(|it| elapsed(it, now) + Duration::from_millis(200) >= interval)
}

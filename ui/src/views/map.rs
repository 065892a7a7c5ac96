//! The map: how data flows between stores, and how far behind each of them is.

use std::time::Duration;

use egui::{Ui, Vec2};

use crate::action::Action;
use crate::app::Model;
use crate::theme::{self, Palette};
use crate::widgets::{caption, empty, failure, named_button, title};

mod bundle;
mod card;
mod layout;
mod panel;
mod refresh;
mod sketch;
mod stage;

pub(crate) use panel::{probe_name, records, time};
pub(crate) use refresh::refresh_chooser;
use sketch::Sketch;
pub(crate) use sketch::{lag_of, model_name};
use stage::Stage;

/// What the map shows beside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Nothing.
    #[default]
    Nothing,
    /// A store's card, by its index.
    Card(usize),
    /// The flows between two stores, by their index.
    Bundle(usize),
}

/// The map's state: where the cards lie, what is chosen.
#[derive(Debug, Default)]
pub(crate) struct MapView {
    sketch: Sketch,
    stage: Stage,
    selection: Selection,
    painted: bool,
}

impl MapView {
    /// Whether it was drawn with data.
    pub(crate) fn is_painted(&self) -> bool {
        self.painted
    }

    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        interval: Option<Duration>,
    ) -> Vec<Action> {
        if model.overview.value().is_none() {
            waiting(ui, model);
            return Vec::new();
        }
        let sketch = Sketch::of(model);
        if sketch != self.sketch {
            self.stage.update(&sketch);
            self.sketch = sketch;
        }
        let mut actions = self.tools(ui, model, interval);
        actions.extend(self.beside(ui, model));
        self.scene(ui);
        self.painted = true;
        actions
    }

    fn tools(&mut self, ui: &mut Ui, model: &Model, interval: Option<Duration>) -> Vec<Action> {
        let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8));
        let panel = egui::Panel::top("map-tools")
            .resizable(false)
            .show_separator_line(false);
        let shown = panel.frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                title(ui, "Data flow");
                caption(ui, self.sketch.summary());
                self.zoom_buttons(ui);
                let actions = refresh_chooser(ui, model, interval);
                legend(ui);
                actions
            })
            .inner
        });
        if let Some(error) = model.lag.error() {
            failure(ui, error);
        }
        shown.inner
    }

    fn zoom_buttons(&mut self, ui: &mut Ui) {
        ui.add_space(theme::GAP);
        if named_button(ui, "−", "Zoom out") {
            self.stage.zoom_by(1.0 / 1.2);
        }
        if named_button(ui, "+", "Zoom in") {
            self.stage.zoom_by(1.2);
        }
        if named_button(ui, "Fit", "Fit the map into the window") {
            self.stage.fit();
        }
        ui.add_space(theme::GAP);
    }

    fn beside(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        if self.selection == Selection::Nothing {
            return Vec::new();
        }
        let frame = egui::Frame::new()
            .fill(Palette::of(ui).surface)
            .inner_margin(egui::Margin::same(12));
        let panel = egui::Panel::right("map-panel")
            .default_size(340.0)
            .min_size(280.0);
        let shown = panel.frame(frame).show(ui, |ui| {
            panel::ui(ui, model, &self.sketch, &mut self.selection)
        });
        shown.inner
    }

    fn scene(&mut self, ui: &mut Ui) {
        let size = ui.available_size().max(Vec2::splat(64.0));
        if let Some(selection) = self.stage.ui(ui, size, &self.selection) {
            self.selection = selection;
        }
    }
}

fn legend(ui: &mut Ui) {
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.with_layout(layout, |ui| {
        caption(
            ui,
            "◆ source of truth   ● within objective   ▲ late   ? unknown   ✖ broken",
        );
    });
}

fn waiting(ui: &mut Ui, model: &Model) {
    if model.overview.is_loading() {
        empty(
            ui,
            "Opening the deployment…",
            "its stores and flows come next",
        );
    } else if model.overview.error().is_some() {
        empty(
            ui,
            "No deployment is open",
            "see above what went wrong, correct it, then start again",
        );
    }
}

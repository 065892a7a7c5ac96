//! The trace: one entity in all its representations, the sentence that answers first, and where each copy differs.

use egui::{RichText, ScrollArea, Ui};
use parallax_core::error::Error;
use parallax_core::human;
use parallax_core::trace::Trace;

use crate::action::Action;
use crate::app::Model;
use crate::format;
use crate::loadable::Loadable;
use crate::theme::{self, Palette};
use crate::widgets::{caption, empty, failure};

mod cell;
mod column;
mod detail;
mod matrix;
mod sentence;
mod words;

pub(crate) use cell::difference;
pub(crate) use words::rule as rule_in_words;

use matrix::Matrix;

/// The last trace, what is asked for now, and what is chosen of it.
#[derive(Debug, Default)]
pub(crate) struct TraceView {
    trace: Loadable<Trace>,
    asked: Option<(String, String)>,
    matrix: Matrix,
}

impl TraceView {
    pub(crate) fn begin(&mut self, entity: &str, key: &str) {
        self.asked = Some((entity.to_owned(), key.to_owned()));
        self.trace.begin();
    }

    /// A trace that nobody waits for any more is dropped.
    pub(crate) fn show(&mut self, entity: &str, key: &str, trace: Trace) {
        if self.awaits(entity, key) {
            let is_other = self
                .trace
                .value()
                .is_none_or(|it| (&it.entity, &it.key) != (&trace.entity, &trace.key));
            if is_other {
                self.matrix = Matrix::of(&trace);
            }
            self.trace.succeed(trace);
        }
    }

    pub(crate) fn fail(&mut self, entity: &str, key: &str, error: Error) {
        if self.awaits(entity, key) {
            self.trace.fail(error);
        }
    }

    fn awaits(&self, entity: &str, key: &str) -> bool {
        let asked = self.asked.as_ref();
        asked.is_some_and(|it| it.0 == entity && it.1 == key)
    }

    pub(crate) fn ui(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 12));
        let area = ScrollArea::vertical().auto_shrink(false);
        let shown = area.show(ui, |ui| frame.show(ui, |ui| self.page(ui, model)).inner);
        shown.inner
    }

    fn page(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        let mut actions = Vec::new();
        if let Some(error) = self.trace.error() {
            failure(ui, error);
        }
        let Some(trace) = self.trace.value() else {
            if self.trace.is_loading() {
                empty(
                    ui,
                    "Reading every representation…",
                    "each store is asked at the same time",
                );
            } else {
                empty(ui, "Nothing traced yet", &what_next(model));
            }
            return actions;
        };
        actions.extend(self.heading(ui, trace, model));
        sentence::ui(ui, trace);
        sentence::way(ui, trace);
        ui.add_space(theme::HALF_GAP);
        self.matrix.ui(ui, trace, model.now);
        ui.add_space(theme::HALF_GAP);
        actions.extend(detail::ui(ui, trace, self.matrix.chosen()));
        actions
    }

    fn heading(&self, ui: &mut Ui, trace: &Trace, model: &Model) -> Option<Action> {
        let palette = Palette::of(ui);
        let name = format!("{} {}", trace.entity, trace.key);
        let mut again = None;
        ui.horizontal(|ui| {
            if let Some(label) = &trace.label {
                ui.label(RichText::new(label).size(20.0).color(palette.text));
            }
            ui.label(RichText::new(&name).size(theme::TITLE).color(palette.muted));
            if ui.button("Trace again").clicked() {
                let (entity, key) = (trace.entity.clone(), trace.key.to_string());
                again = Some(Action::Trace { entity, key });
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let loading = if self.trace.is_loading() {
                    "reading again… · "
                } else {
                    ""
                };
                caption(ui, format!("{loading}{}", summary(trace, model)));
            });
        });
        again
    }
}

fn what_next(model: &Model) -> String {
    let entities = model.entity_names();
    let example = entities
        .first()
        .map_or("user 42".to_owned(), |it| format!("{it} 42"));
    format!("press Ctrl-K and type `{example}`, a key, or part of a name, then Enter")
}

/// When, over how much time and how many stores it was read; and that it is no snapshot.
fn summary(trace: &Trace, model: &Model) -> String {
    let began = trace.observations.iter().map(|it| it.read.began).min();
    let ended = trace.observations.iter().map(|it| it.read.ended).max();
    let stores = human::plural(trace.observations.len(), "representation");
    let Some((began, ended)) = began.zip(ended) else {
        return stores;
    };
    let took = human::duration(format::elapsed(began, ended));
    let at = format::time_of_day(began);
    let age = format::age(ended, model.now);
    format!("{stores} read at {at} UTC over {took}, not one snapshot · {age}")
}

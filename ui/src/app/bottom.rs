//! The bottom bar: every store, what runs, and this machine.

use egui::{Align, Layout, Ui};
use parallax_core::human;
use parallax_core::wire::{Request, StoreStatus};

use super::App;
use crate::action::Action;
use crate::format;
use crate::widgets::{Sign, announce, bar, caption, pill};

impl App {
    pub(super) fn bottom_bar(&mut self, ui: &mut Ui) -> Vec<Action> {
        let frame = bar(ui);
        let panel = egui::Panel::bottom("bottom")
            .exact_size(36.0)
            .resizable(false);
        let shown = panel.frame(frame).show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                let mut actions = self.store_pills(ui);
                actions.extend(self.tasks(ui));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.machine(ui));
                actions
            })
            .inner
        });
        shown.inner
    }

    fn store_pills(&self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = Vec::new();
        for store in self.model.stores() {
            let sign = Sign::store(store.state);
            let text = format!("{} {}", store.name, latency(store));
            let hover = self.about(store);
            pill(ui, sign, text.trim()).on_hover_text(hover);
        }
        if let Some(error) = self.model.stores.error() {
            let sign = Sign::store(parallax_core::wire::StoreState::Unknown);
            let refused = pill(ui, sign, "stores could not be asked");
            refused.on_hover_text(error.to_string());
            if ui.button("Ask again").clicked() {
                actions.push(Action::Ask(Request::Stores));
            }
        }
        actions
    }

    fn about(&self, store: &StoreStatus) -> String {
        let word = Sign::store(store.state).word;
        let asked = store.asked_at.map(|it| format::age(it, self.model.now));
        let asked = asked.unwrap_or_else(|| "never asked".to_owned());
        let error = store.error.as_ref().map(|it| format!("\n{it}"));
        format!(
            "{} · {word} · {asked}{}",
            store.name,
            error.unwrap_or_default()
        )
    }

    fn tasks(&self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = Vec::new();
        for task in self.query.tasks() {
            caption(ui, task.text);
            let name = format!("Cancel {}", task.name);
            let cancel = ui.small_button("Cancel").on_hover_text(&name);
            if cancel.clicked() {
                let (run, pane) = (task.run, Some(task.pane));
                actions.push(Action::Ask(Request::Cancel { run, pane }));
            }
        }
        if let Some((text, stop)) = self.check.task() {
            caption(ui, text);
            let cancel = ui.small_button("Cancel").on_hover_text("Cancel the check");
            announce(
                ui,
                &cancel,
                egui::WidgetType::Button,
                "Cancel the running check",
            );
            if cancel.clicked() {
                actions.extend(stop.map(Action::Ask));
            }
        }
        actions
    }

    fn machine(&self, ui: &mut Ui) {
        let Some(machine) = self.model.machine.value() else {
            caption(ui, "this machine: not measured yet");
            return;
        };
        let text = format!(
            "CPU {} · memory {} of {} · Parallax {}",
            format::percent(machine.cpu),
            human::bytes(machine.memory_used),
            human::bytes(machine.memory_total),
            human::bytes(machine.own_memory),
        );
        caption(ui, text).on_hover_text("this machine");
    }
}

/// The round trip of the last ping, or nothing: unknown is not zero.
fn latency(store: &StoreStatus) -> String {
    store.latency.map(human::duration).unwrap_or_default()
}

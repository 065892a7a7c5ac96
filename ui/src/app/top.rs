//! The top bar: what is open, where it stands, the entity box and the theme.

use egui::{Align, Layout, RichText, Theme, Ui};

use super::App;
use crate::action::Action;
use crate::theme::{Palette, TITLE};
use crate::widgets::{Sign, bar, failure, pill};

impl App {
    pub(super) fn top_bar(&mut self, ui: &mut Ui) -> Vec<Action> {
        let frame = bar(ui);
        let panel = egui::Panel::top("top").exact_size(48.0).resizable(false);
        let shown = panel.frame(frame).show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                self.name(ui);
                let mut actions = Vec::new();
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    theme_button(ui);
                    actions = self.entity_box.ui(ui, &self.model);
                });
                actions
            })
            .inner
        });
        self.open_failure(ui);
        shown.inner
    }

    fn name(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let Some(overview) = self.model.overview.value() else {
            ui.label(RichText::new("Parallax").size(TITLE).color(palette.text));
            return;
        };
        let name = RichText::new(&overview.name)
            .size(TITLE)
            .color(palette.text);
        ui.label(name);
        let sign = Sign::environment(Some(overview.environment));
        pill(ui, sign, sign.word).on_hover_text("the environment: the worst of its stores");
    }

    fn open_failure(&self, ui: &mut Ui) {
        if let Some(error) = self.model.overview.error() {
            egui::Panel::top("open-failure")
                .resizable(false)
                .show(ui, |ui| failure(ui, error));
        }
    }
}

fn theme_button(ui: &mut Ui) {
    let dark = ui.visuals().dark_mode;
    let (name, next) = if dark {
        ("Light theme", Theme::Light)
    } else {
        ("Dark theme", Theme::Dark)
    };
    if ui.button(name).clicked() {
        ui.ctx().set_theme(next);
    }
}

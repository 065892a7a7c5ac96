//! The statement editor of a pane.

use egui::{Id, ScrollArea, TextEdit, Ui};

use super::highlight::Highlight;
use crate::theme::{self, Palette};
use crate::widgets::name_text_edit;

const HEIGHT: f32 = 112.0;

pub(super) fn ui(ui: &mut Ui, text: &mut String, highlight: &mut Highlight, at: usize, id: u64) {
    let palette = Palette::of(ui);
    let dark = ui.visuals().dark_mode;
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
        let mut job = highlight.job(text.as_str(), dark, palette);
        job.wrap.max_width = width;
        ui.fonts_mut(|it| it.layout_job(job))
    };
    let id = Id::new(("statement", id));
    let frame = egui::Frame::new()
        .fill(palette.sunken)
        .stroke(palette.rule())
        .corner_radius(egui::CornerRadius::same(theme::SMALL_RADIUS));
    frame.show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt(id.with("scroll"))
            .max_height(HEIGHT)
            .show(ui, |ui| {
                let edit = TextEdit::multiline(text)
                    .id(id)
                    .frame(egui::Frame::new().inner_margin(egui::Margin::same(8)))
                    .hint_text("a statement in the store's own language; {{name}} is a parameter")
                    .desired_width(f32::INFINITY)
                    .desired_rows(6)
                    .lock_focus(true)
                    .layouter(&mut layouter);
                ui.add(edit);
            });
    });
    name_text_edit(ui, id, &format!("Statement {at}"));
}

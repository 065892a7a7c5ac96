//! The statement editor of a pane.

use egui::{Id, RichText, ScrollArea, TextEdit, Ui};

use parallax_core::store::Language;

use super::highlight::Highlight;
use super::language::example;
use crate::theme::{self, Palette};
use crate::widgets::name_text_edit;

const HEIGHT: f32 = 112.0;
/// Where panes stand in two rows, so that results have room.
const LOW: f32 = 62.0;

/// The text under edit and what it is laid out by.
#[derive(Debug)]
pub(super) struct Editor<'e> {
    pub(super) text: &'e mut String,
    pub(super) highlight: &'e mut Highlight,
    pub(super) language: Option<Language>,
    pub(super) room: Room,
}

/// How much room a pane has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    High,
    Low,
}

/// Draws the editor of the pane `at`, counted from one; `id` stays while panes come and go.
pub(super) fn ui(ui: &mut Ui, editor: Editor<'_>, at: usize, id: u64) {
    let Editor {
        text,
        highlight,
        language,
        room,
    } = editor;
    let (height, rows) = match room {
        Room::High => (HEIGHT, 6),
        Room::Low => (LOW, 3),
    };
    let plain = language.unwrap_or(Language::Sql);
    let hint = RichText::new(example(language)).font(theme::mono(13.0));
    let palette = Palette::of(ui);
    let dark = ui.visuals().dark_mode;
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
        let mut job = highlight.job(text.as_str(), plain, dark, palette);
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
            .max_height(height)
            .show(ui, |ui| {
                let edit = TextEdit::multiline(text)
                    .id(id)
                    .frame(egui::Frame::new().inner_margin(egui::Margin::same(8)))
                    .hint_text(hint)
                    .desired_width(f32::INFINITY)
                    .desired_rows(rows)
                    .lock_focus(true)
                    .layouter(&mut layouter);
                ui.add(edit);
            });
    });
    name_text_edit(ui, id, &format!("Statement {at}"));
}

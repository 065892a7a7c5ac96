//! A result as raw JSON: exact as the command line prints it, laid out line by line, of which only the visible are made.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, EventFilter, Id, Key, Modifiers, Sense, Ui, WidgetInfo, WidgetType, pos2};
use parallax_core::human;
use parallax_core::store::Column;
use parallax_core::wire::Request;

use super::folds::Folds;
use super::lines::{Lines, Place, Sheet};
use super::pages::Pages;
use super::tree::Shown;
use crate::theme::{self, Palette};
use crate::widgets::{caption, named_button};

mod text;

use text::{Kind, Line};

/// Longer lines are cut where they are drawn; what is copied is whole.
const MAX_SHOWN: usize = 400;
/// Rows whose lines are kept.
const KEPT: usize = 128;

/// Where the text is scrolled to, and how many lines its rows take.
#[derive(Debug, Default)]
pub(super) struct JsonText {
    folds: Folds,
    lines: Lines,
    counted: Option<u64>,
    made: Vec<(u64, Vec<Line>)>,
    chosen: Option<u64>,
    wide: f32,
}

impl JsonText {
    /// Draws the text; returns the pages that it wants.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        shown: Shown<'_>,
        pages: &mut Pages,
        height: f32,
        name: &str,
    ) -> Vec<Request> {
        let top = ui.cursor().top();
        self.tools(ui, shown.columns, pages, name);
        self.count(pages);
        let sheet = Sheet {
            id: Id::new(("json", shown.id)),
            name,
            height: height - (ui.cursor().top() - top),
            lines: self.folds.lines(shown.rows),
            wide: self.wide,
        };
        let (mut clicked, mut wide) = (None, 0.0_f32);
        let (folds, made, chosen) = (&mut self.folds, &mut self.made, self.chosen);
        let response = self.lines.ui(ui, sheet, |ui, place| {
            let (row, within) = folds.locate(place.line);
            let line = line(made, shown.columns, pages, row, within);
            let id = Id::new(("json line", shown.id, place.line));
            let answer = draw(ui, place, id, &line, chosen == Some(row));
            wide = wide.max(answer.1);
            if answer.0 {
                clicked = Some(row);
            }
        });
        self.wide = self.wide.max(wide);
        if clicked.is_some() {
            self.chosen = clicked;
            response.request_focus();
        }
        if ui.memory(|it| it.has_focus(response.id)) {
            self.keys(ui, response.id, shown, pages);
        }
        let visible = self.lines.visible();
        let last = self.folds.locate(visible.end).0;
        pages.wanted(self.folds.locate(visible.start).0..last.min(shown.rows))
    }

    fn tools(&self, ui: &mut Ui, columns: &[Column], pages: &Pages, name: &str) {
        ui.horizontal(|ui| {
            let row = self.chosen.unwrap_or(0);
            if let Some(cells) = pages.row(row) {
                let text = format!("Copy row {}", human::count(row + 1));
                if named_button(ui, &text, &format!("{text} of {name}")) {
                    ui.ctx().copy_text(text::of_row(columns, cells));
                }
            }
            let rows = in_a_row(pages);
            let text = format!("Copy {}", human::plural(rows, "row"));
            if rows > 1 && named_button(ui, &text, &format!("{text} of {name}")) {
                let rows = pages.rows_at_hand().take_while(|(row, _)| *row < rows);
                let rows: Vec<String> = rows.map(|(_, it)| text::of_row(columns, it)).collect();
                ui.ctx().copy_text(format!("[{}]", rows.join(",\n")));
            }
            if rows < pages.rows() {
                caption(ui, "the rows at hand");
            }
        });
    }

    /// Rows at hand are laid out; the others take one line until they come.
    fn count(&mut self, pages: &Pages) {
        if self.counted == Some(pages.version()) {
            return;
        }
        self.counted = Some(pages.version());
        self.made.clear();
        for (row, cells) in pages.rows_at_hand() {
            self.folds.set(row, text::count(cells));
        }
    }

    fn keys(&mut self, ui: &Ui, id: Id, shown: Shown<'_>, pages: &Pages) {
        let filter = EventFilter {
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|it| it.set_focus_lock_filter(id, filter));
        let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
        let page = i64::from(self.lines.lines_that_fit()) - 1;
        let last = shown.rows.saturating_sub(1);
        let now = self.chosen.unwrap_or(0);
        let steps = [
            (Key::ArrowUp, now.saturating_sub(1)),
            (Key::ArrowDown, (now + 1).min(last)),
            (Key::PageUp, now.saturating_add_signed(-page / 8)),
            (Key::PageDown, now.saturating_add_signed(page / 8).min(last)),
            (Key::Home, 0),
            (Key::End, last),
        ];
        for (_, row) in steps.into_iter().filter(|(key, _)| pressed(*key)) {
            self.chosen = Some(row);
            let line = self.folds.first_line(row);
            self.lines.show_line(line);
        }
        let copies = ui.input(|it| it.events.iter().any(|it| matches!(it, egui::Event::Copy)));
        let cells = self.chosen.and_then(|it| pages.row(it));
        if let Some(cells) = cells.filter(|_| copies) {
            ui.ctx().copy_text(text::of_row(shown.columns, cells));
        }
    }
}

/// The rows at hand from the first on, without a gap.
fn in_a_row(pages: &Pages) -> u64 {
    let rows = (0..).zip(pages.rows_at_hand());
    rows.take_while(|(at, (row, _))| at == row).count() as u64
}

/// One line of a row; its lines are kept while they are likely to be drawn again.
fn line(
    made: &mut Vec<(u64, Vec<Line>)>,
    columns: &[Column],
    pages: &Pages,
    row: u64,
    within: u64,
) -> Line {
    let known = made.iter().position(|it| it.0 == row);
    let at = known.or_else(|| {
        let lines = text::lines(columns, pages.row(row)?);
        if made.len() >= KEPT {
            made.remove(0);
        }
        made.push((row, lines));
        Some(made.len() - 1)
    });
    let lines = at.and_then(|it| made.get(it));
    let line = lines.and_then(|it| it.1.get(usize::try_from(within).ok()?));
    line.cloned().unwrap_or_else(Line::waiting)
}

/// Draws a line; whether it was clicked, and how wide it is.
fn draw(ui: &Ui, place: Place, id: Id, line: &Line, chosen: bool) -> (bool, f32) {
    let palette = Palette::of(ui);
    let response = ui.interact(place.rect, id, Sense::CLICK);
    let text = line.text();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(WidgetType::Label, true, text.trim_start());
        info.selected = Some(chosen);
        info
    });
    if chosen {
        ui.painter()
            .rect_filled(place.rect, 0.0, palette.accent_soft);
    }
    let mut job = LayoutJob::default();
    for (text, kind) in line.parts() {
        let cut: String = text.chars().take(MAX_SHOWN).collect();
        let dots = if cut.len() < text.len() { "…" } else { "" };
        let format = TextFormat::simple(theme::mono(theme::MONO), color(palette, kind));
        job.append(&format!("{cut}{dots}"), 0.0, format);
    }
    let galley = ui.painter().layout_job(job);
    let at = pos2(place.left, place.rect.center().y - galley.size().y / 2.0);
    let wide = galley.size().x;
    ui.painter().galley(at, galley, palette.text);
    (response.clicked(), wide)
}

fn color(palette: &Palette, kind: Kind) -> Color32 {
    match kind {
        Kind::Plain => palette.muted,
        Kind::Name => palette.text,
        Kind::Text => palette.string,
        Kind::Number => palette.number,
        Kind::Word => palette.accent,
    }
}

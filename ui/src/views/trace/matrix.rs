//! Fields by representations: what differs first, what is equal folded, the source of truth pinned at the left.

use egui::{Rect, ScrollArea, Sense, Ui, Vec2, pos2, vec2};
use jiff::Timestamp;
use parallax_core::compare::FieldVerdict;
use parallax_core::deployment::Role;
use parallax_core::human;
use parallax_core::trace::{FieldObservation, Found, Observation, Trace};

use super::{cell, column};
use crate::format::as_f32;
use crate::theme::{self, Palette};
use crate::widgets::card;

const NAME_WIDTH: f32 = 124.0;
const COLUMN_WIDTH: f32 = 208.0;
const DIFFERING_ROW: f32 = 34.0;
const EQUAL_ROW: f32 = 26.0;
const LONG_ROW: f32 = 42.0;
/// The width of a letter in a cell.
const LETTER: f32 = 7.6;

/// Which representation is chosen, and whether the equal rows are open.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    chosen: usize,
    open: bool,
}

/// One field, as an index into each observation's fields.
struct Row<'t> {
    name: &'t str,
    differs: bool,
    height: f32,
}

impl Matrix {
    /// The worst representation is chosen first.
    pub(super) fn of(trace: &Trace) -> Self {
        let worst = trace
            .observations
            .iter()
            .enumerate()
            .max_by_key(|(at, it)| (it.verdict.severity(), std::cmp::Reverse(*at)));
        Self {
            chosen: worst.map_or(0, |(at, _)| at),
            open: false,
        }
    }

    pub(super) fn chosen(&self) -> usize {
        self.chosen
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, trace: &Trace, now: Timestamp) {
        let room = ui.available_width() - 2.0 - NAME_WIDTH;
        let width = (room / as_f32(trace.observations.len().max(1))).max(COLUMN_WIDTH);
        let rows = rows(trace, width);
        let (differing, equal): (Vec<_>, Vec<_>) = rows.iter().partition(|it| it.differs);
        card(ui).inner_margin(egui::Margin::same(0)).show(ui, |ui| {
            ui.spacing_mut().item_spacing = Vec2::ZERO;
            ui.set_width(ui.available_width());
            let mut shown = differing;
            if self.open {
                shown.extend(&equal);
            }
            ui.horizontal_top(|ui| self.columns(ui, trace, &shown, width, now));
            self.fold(ui, equal.len());
        });
    }

    /// The names and the source of truth stay; the others scroll beside them where there are many.
    fn columns(
        &mut self,
        ui: &mut Ui,
        trace: &Trace,
        rows: &[&Row<'_>],
        width: f32,
        now: Timestamp,
    ) {
        let (pinned, others) = order(trace);
        names(ui, rows);
        for at in pinned {
            self.column(ui, trace, at, rows, width, now);
        }
        let area = ScrollArea::horizontal().id_salt("representations");
        area.show(ui, |ui| {
            ui.horizontal_top(|ui| {
                for at in others {
                    self.column(ui, trace, at, rows, width, now);
                }
            });
        });
    }

    fn column(
        &mut self,
        ui: &mut Ui,
        trace: &Trace,
        at: usize,
        rows: &[&Row<'_>],
        width: f32,
        now: Timestamp,
    ) {
        let Some(observation) = trace.observations.get(at) else {
            return;
        };
        ui.vertical(|ui| {
            let chosen = at == self.chosen;
            if column::head(ui, observation, width, chosen, now) {
                self.chosen = at;
            }
            for row in rows {
                let (rect, response) =
                    ui.allocate_exact_size(vec2(width, row.height), Sense::hover());
                background(ui, rect, row.differs);
                if let Some(field) = field(observation, row.name) {
                    cell::ui(ui, rect, &response, observation, field);
                }
            }
        });
    }

    fn fold(&mut self, ui: &mut Ui, equal: usize) {
        if equal == 0 {
            return;
        }
        let top = ui.cursor().top();
        ui.painter()
            .hline(ui.max_rect().x_range(), top, Palette::of(ui).rule());
        let mark = if self.open { "▾" } else { "▸" };
        let text = format!("{} {mark}", human::plural(equal, "equal field"));
        let margin = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 6));
        margin.show(ui, |ui| {
            if ui.button(text).clicked() {
                self.open = !self.open;
            }
        });
    }
}

fn names(ui: &mut Ui, rows: &[&Row<'_>]) {
    ui.vertical(|ui| {
        let palette = Palette::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(NAME_WIDTH, column::HEAD), Sense::hover());
        let at = pos2(rect.left() + 12.0, rect.bottom() - 14.0);
        let font = theme::font(theme::CAPTION);
        ui.painter()
            .text(at, egui::Align2::LEFT_CENTER, "field", font, palette.muted);
        for row in rows {
            let (rect, response) =
                ui.allocate_exact_size(vec2(NAME_WIDTH, row.height), Sense::hover());
            background(ui, rect, row.differs);
            let at = rect.left_center() + vec2(12.0, 0.0);
            let font = theme::mono(theme::MONO);
            ui.painter()
                .text(at, egui::Align2::LEFT_CENTER, row.name, font, palette.text);
            crate::widgets::announce(ui, &response, egui::WidgetType::Label, row.name);
        }
    });
}

fn background(ui: &Ui, rect: Rect, differs: bool) {
    let palette = Palette::of(ui);
    if !differs {
        ui.painter().rect_filled(rect, 0.0, palette.sunken);
    }
    ui.painter()
        .hline(rect.x_range(), rect.top(), palette.rule());
}

pub(super) fn field<'o>(observation: &'o Observation, name: &str) -> Option<&'o FieldObservation> {
    observation.fields.iter().find(|it| it.name == name)
}

/// The source of truth first, then the others as the deployment has them.
fn order(trace: &Trace) -> (Vec<usize>, Vec<usize>) {
    let is_source = |at: &usize| {
        let it = trace.observations.get(*at);
        it.is_some_and(|it| it.role == Role::SystemOfRecord)
    };
    (0..trace.observations.len()).partition(is_source)
}

/// The fields in the mapping's order.
fn rows(trace: &Trace, width: f32) -> Vec<Row<'_>> {
    let mut names: Vec<&str> = trace.mapping.fields.iter().map(String::as_str).collect();
    for field in trace.observations.iter().flat_map(|it| &it.fields) {
        if !names.contains(&field.name.as_str()) {
            names.push(&field.name);
        }
    }
    names
        .into_iter()
        .map(|name| row(trace, name, width))
        .collect()
}

/// A value that is longer than its column takes two lines.
fn row<'t>(trace: &Trace, name: &'t str, width: f32) -> Row<'t> {
    let is_shown_first = |it: &Observation| differs(it, name) || is_found_otherwise(it, name);
    let differs = trace.observations.iter().any(is_shown_first);
    let shown = trace.observations.iter().filter_map(|it| {
        let field = field(it, name)?;
        let is_shown = it.role == Role::SystemOfRecord || field.verdict == FieldVerdict::Different;
        let value = field.value.as_ref().filter(|_| is_shown)?;
        Some(value.to_string().chars().count() + 2)
    });
    let letters = shown.max().unwrap_or(0);
    let has_two_lines = trace
        .observations
        .iter()
        .any(|it| is_found_otherwise(it, name));
    let is_long = as_f32(letters) * LETTER > width - 18.0 || has_two_lines;
    let height = match (is_long, differs) {
        (true, _) => LONG_ROW,
        (false, true) => DIFFERING_ROW,
        (false, false) => EQUAL_ROW,
    };
    Row {
        name,
        differs,
        height,
    }
}

/// Whether a search still finds another value than the stored one.
fn is_found_otherwise(observation: &Observation, name: &str) -> bool {
    let copy = observation.searchable.as_ref();
    copy.is_some_and(|it| it.found(name).is_some())
}

/// A record that is not there, or could not be read, says so in its head, not in every row.
fn differs(observation: &Observation, name: &str) -> bool {
    let verdict = field(observation, name).map(|it| it.verdict);
    observation.state == Found::Found
        && matches!(
            verdict,
            Some(FieldVerdict::Different | FieldVerdict::Absent | FieldVerdict::Unreadable)
        )
}

//! The cell that is chosen in a grid: its whole value, and its type.

use egui::{RichText, ScrollArea, Ui};
use parallax_core::human;
use parallax_core::value::Value;

use crate::theme::{self, Palette};
use crate::widgets::{announce, caption};

/// A chosen cell.
#[derive(Debug)]
pub(super) struct Chosen<'v> {
    pub(super) column: &'v str,
    pub(super) declared: &'v str,
    pub(super) row: u64,
    pub(super) value: Option<&'v Value>,
}

pub(super) fn ui(ui: &mut Ui, cell: &Chosen<'_>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        caption(ui, heading(cell));
        if let Some(value) = cell.value
            && ui.small_button("Copy value").clicked()
        {
            ui.ctx().copy_text(value.to_string());
        }
    });
    let frame = egui::Frame::new()
        .fill(palette.sunken)
        .corner_radius(egui::CornerRadius::same(theme::SMALL_RADIUS))
        .inner_margin(egui::Margin::same(8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ScrollArea::vertical()
            .id_salt("inspector")
            .max_height(60.0)
            .show(ui, |ui| {
                let text = cell
                    .value
                    .map_or("not loaded yet".to_owned(), ToString::to_string);
                let shown = RichText::new(&text)
                    .font(theme::mono(theme::MONO))
                    .color(palette.text);
                let response = ui.add(egui::Label::new(shown).wrap().selectable(true));
                announce(
                    ui,
                    &response,
                    egui::WidgetType::Label,
                    &format!("Inspected value: {text}"),
                );
            });
    });
}

fn heading(cell: &Chosen<'_>) -> String {
    let kind = cell.value.map_or("", Value::type_name);
    let declared = if cell.declared.is_empty() {
        "no declared type"
    } else {
        cell.declared
    };
    format!(
        "{} · row {} · {kind} · {declared}",
        cell.column,
        human::count(cell.row + 1)
    )
}

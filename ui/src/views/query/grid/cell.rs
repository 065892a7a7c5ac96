//! One cell of a grid: painted in one line, exact in the accessibility tree.

use egui::{Align2, Rect, Response, Ui, WidgetInfo, WidgetType, pos2, vec2};
use parallax_core::value::Value;

use crate::theme::{self, Palette};

/// Longer texts are cut where they are drawn; the inspector has the whole.
const MAX_SHOWN: usize = 240;

/// The exact value stands in the accessibility tree, under the column's name and the row's number.
pub(super) fn announce(
    response: &Response,
    ui: &Ui,
    place: (&str, u64),
    value: Option<&Value>,
    chosen: bool,
) {
    response.widget_info(|| {
        let label = format!("{}, row {}", place.0, place.1 + 1);
        let mut info = WidgetInfo::selected(WidgetType::Other, true, chosen, label);
        info.current_text_value =
            Some(value.map_or_else(|| "loading".to_owned(), ToString::to_string));
        info
    });
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(egui::accesskit::Role::Cell);
    });
}

pub(super) fn paint(ui: &Ui, rect: Rect, value: Option<&Value>, chosen: bool) {
    let palette = Palette::of(ui);
    if chosen {
        ui.painter().rect_filled(rect, 0.0, palette.accent_soft);
        let stroke = egui::Stroke::new(1.5, palette.accent);
        ui.painter()
            .rect_stroke(rect, 0.0, stroke, egui::StrokeKind::Inside);
    }
    let Some(value) = value else {
        let left = rect.left_center() + vec2(8.0, 0.0);
        ui.painter().text(
            left,
            Align2::LEFT_CENTER,
            "…",
            theme::font(theme::BODY),
            palette.muted,
        );
        return;
    };
    let color = if value.is_null() {
        palette.muted
    } else {
        palette.text
    };
    let text = shown(value);
    let galley = one_line(
        ui,
        &text,
        theme::mono(theme::MONO),
        color,
        rect.width() - 16.0,
    );
    let y = rect.center().y - galley.size().y / 2.0;
    let x = if is_number(value) {
        rect.right() - 8.0 - galley.size().x
    } else {
        rect.left() + 8.0
    };
    ui.painter().galley(pos2(x, y), galley, color);
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let cut: String = text.chars().take(MAX_SHOWN).collect();
    cut.replace('\n', " ↵ ")
}

fn is_number(value: &Value) -> bool {
    matches!(
        value,
        Value::I64(_) | Value::U64(_) | Value::BigInt(_) | Value::Decimal(_) | Value::F64(_)
    )
}

pub(super) fn line(
    ui: &Ui,
    at: egui::Pos2,
    text: &str,
    font: egui::FontId,
    color: egui::Color32,
    room: f32,
) {
    let galley = one_line(ui, text, font, color, room);
    ui.painter().galley(at, galley, color);
}

fn one_line(
    ui: &Ui,
    text: &str,
    font: egui::FontId,
    color: egui::Color32,
    room: f32,
) -> std::sync::Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(8.0));
    ui.painter().layout_job(job)
}

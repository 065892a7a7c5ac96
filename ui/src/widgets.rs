//! Small pieces that several views share.

use egui::{
    CornerRadius, Frame, Margin, Response, RichText, Sense, TextEdit, Ui, WidgetInfo, WidgetType,
    vec2,
};
use parallax_core::error::Error;

use crate::theme::{self, GAP, Palette, Tone};

pub(crate) mod icon;
pub(crate) mod sign;

pub(crate) use sign::Sign;

/// A caption in the muted colour.
pub(crate) fn caption(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = Palette::of(ui).muted;
    ui.label(RichText::new(text).size(theme::CAPTION).color(color))
}

/// The title of a card or panel.
pub(crate) fn title(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = Palette::of(ui).text;
    ui.label(RichText::new(text).size(theme::TITLE).color(color))
}

/// The frame of a card.
pub(crate) fn card(ui: &Ui) -> Frame {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.surface)
        .stroke(palette.rule())
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(Margin::same(12))
        .shadow(palette.shadow())
}

/// The frame of a bar or a side panel.
pub(crate) fn bar(ui: &Ui) -> Frame {
    Frame::new()
        .fill(Palette::of(ui).surface)
        .inner_margin(Margin::symmetric(12, 6))
}

/// A sign with its word on its soft colour.
pub(crate) fn pill(ui: &mut Ui, sign: Sign, text: &str) -> Response {
    let palette = Palette::of(ui);
    let shown = format!("{} {text}", sign.mark);
    let color = palette.tone(sign.tone);
    let font = theme::font(theme::CAPTION);
    let galley = ui.painter().layout_no_wrap(shown.clone(), font, color);
    let size = vec2(galley.size().x + 2.0 * GAP, 22.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let radius = CornerRadius::same(theme::SMALL_RADIUS);
    ui.painter()
        .rect_filled(rect, radius, palette.soft(sign.tone));
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, color);
    announce(ui, &response, WidgetType::Label, &shown);
    response
}

/// A field for one line of text.
pub(crate) fn line_edit(text: &mut String) -> TextEdit<'_> {
    TextEdit::singleline(text).margin(Margin::symmetric(10, 5))
}

/// A button whose name says more than its text.
pub(crate) fn named_button(ui: &mut Ui, text: &str, name: &str) -> bool {
    let response = ui.button(text).on_hover_text(name);
    announce(ui, &response, WidgetType::Button, name);
    response.clicked()
}

/// A filled button: the one thing to do here.
pub(crate) fn primary(ui: &mut Ui, text: &str) -> Response {
    let palette = Palette::of(ui);
    let text = RichText::new(text).color(palette.on_accent);
    ui.add(egui::Button::new(text).fill(palette.accent))
}

/// Why something failed, and what a person can do next.
pub(crate) fn failure(ui: &mut Ui, error: &Error) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.soft(Tone::Bad))
        .corner_radius(CornerRadius::same(theme::SMALL_RADIUS))
        .inner_margin(Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.label(RichText::new(format!("✖ {error}")).color(palette.tone(Tone::Bad)));
        if let Some(hint) = &error.hint {
            ui.label(RichText::new(hint).color(palette.text));
        }
    });
}

/// An empty screen: what is missing, and what to do next.
pub(crate) fn empty(ui: &mut Ui, what: &str, next: &str) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.3).min(200.0));
        title(ui, what);
        caption(ui, next);
    });
}

/// A row of a panel: what it is, and its value, aligned in two columns.
pub(crate) fn fact(ui: &mut Ui, name: &str, value: impl Into<String>) {
    let palette = Palette::of(ui);
    ui.horizontal_top(|ui| {
        let size = vec2(80.0, 18.0);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_size(size);
            caption(ui, name);
        });
        let value = RichText::new(value).color(palette.text);
        ui.add(egui::Label::new(value).wrap());
    });
}

/// Right-aligned within its room, so that numbers stand with their last digits below each other.
pub(crate) fn right(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> Response) -> Response {
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.with_layout(layout, content).inner
}

/// Gives a painted thing its place in the accessibility tree.
pub(crate) fn announce(ui: &Ui, response: &Response, kind: WidgetType, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(kind, ui.is_enabled(), name));
}

/// Paints a ring around what has the keyboard's focus.
pub(crate) fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let stroke = egui::Stroke::new(2.0, Palette::of(ui).accent);
        let radius = CornerRadius::same(theme::SMALL_RADIUS);
        ui.painter()
            .rect_stroke(response.rect, radius, stroke, egui::StrokeKind::Inside);
    }
}

/// Gives a text field a name of its own in the accessibility tree.
pub(crate) fn name_text_edit(ui: &Ui, id: egui::Id, name: &str) {
    ui.ctx()
        .accesskit_node_builder(id, |node| node.set_label(name));
}

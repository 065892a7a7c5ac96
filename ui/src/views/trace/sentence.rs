//! The sentence that answers first, and the way of the change.

use egui::{CornerRadius, Frame, Margin, Rect, RichText, Ui, vec2};
use parallax_core::trace::{Step, Trace};

use crate::format;
use crate::theme::{self, Palette};
use crate::widgets::{Sign, caption};

/// The sentence, with its verdict as a bar, a mark and a word.
pub(super) fn ui(ui: &mut Ui, trace: &Trace) {
    let palette = Palette::of(ui);
    let sign = Sign::verdict(trace.verdict);
    let tone = palette.tone(sign.tone);
    let frame = Frame::new()
        .fill(palette.soft(sign.tone))
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(Margin {
            left: 20,
            right: 16,
            top: 12,
            bottom: 12,
        });
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = theme::HALF_GAP;
        let word = format!("{} {}", sign.mark, sign.word);
        ui.label(RichText::new(word).size(theme::BODY).color(tone));
        let text = RichText::new(&trace.sentence)
            .size(theme::SENTENCE)
            .color(palette.text);
        ui.add(egui::Label::new(text).wrap());
    });
    let rect = shown.response.rect;
    let bar = Rect::from_min_size(rect.min, vec2(5.0, rect.height()));
    let radius = CornerRadius {
        nw: theme::RADIUS,
        sw: theme::RADIUS,
        ne: 0,
        se: 0,
    };
    ui.painter().rect_filled(bar, radius, tone);
}

/// The way of the change, one chip a step.
pub(super) fn way(ui: &mut Ui, trace: &Trace) {
    if trace.way.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        caption(ui, "way of the change");
        for (at, it) in trace.way.iter().enumerate() {
            if at > 0 {
                caption(ui, "→");
            }
            step(ui, it);
        }
    });
}

fn step(ui: &mut Ui, step: &Step) {
    let palette = Palette::of(ui);
    let sign = Sign::step(step.state);
    let at = step.at.map(format::time_of_day).unwrap_or_default();
    let text = format!("{} {} {} {at}", sign.mark, step.place, step.note);
    let frame = Frame::new()
        .fill(palette.surface)
        .stroke(egui::Stroke::new(
            1.0,
            palette.tone(sign.tone).gamma_multiply(0.5),
        ))
        .corner_radius(CornerRadius::same(theme::SMALL_RADIUS))
        .inner_margin(Margin::symmetric(8, 3));
    let text = RichText::new(text.trim())
        .size(theme::CAPTION)
        .color(palette.text);
    let shown = frame.show(ui, |ui| ui.add(egui::Label::new(text).extend()));
    shown.response.on_hover_text(sign.word);
}

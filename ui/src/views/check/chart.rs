//! Bars: a share of a whole, and verdicts side by side.

use egui::{CornerRadius, Rect, Sense, Ui, WidgetType, vec2};
use parallax_core::report::Counts;

use crate::format;
use crate::theme::{Palette, Tone};
use crate::widgets::announce;

const HEIGHT: f32 = 8.0;
/// What is there must be seen, however small its share.
const LEAST: f32 = 3.0;

/// How much of a whole is done, from 0 to 1; without a share, an empty track.
pub(super) fn share(ui: &mut Ui, width: f32, share: Option<f32>, name: &str) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
    let radius = CornerRadius::same(4);
    ui.painter().rect_filled(rect, radius, palette.hover);
    if let Some(share) = share {
        let width = (rect.width() * share.clamp(0.0, 1.0)).max(LEAST);
        let done = Rect::from_min_size(rect.min, vec2(width, rect.height()));
        ui.painter().rect_filled(done, radius, palette.accent);
    }
    announce(ui, &response, WidgetType::ProgressIndicator, name);
}

/// Verdicts by their shares; the words and numbers stand beside it.
pub(super) fn verdicts(ui: &mut Ui, width: f32, counts: Counts) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
    ui.painter()
        .rect_filled(rect, CornerRadius::same(2), palette.hover);
    let parts = [
        (counts.drifted(), Tone::Bad),
        (counts.late, Tone::Warning),
        (
            counts.in_flight - counts.late.min(counts.in_flight),
            Tone::Accent,
        ),
        (counts.unknown, Tone::Unknown),
        (counts.agrees, Tone::Good),
    ];
    let total: u64 = parts.iter().map(|it| it.0).sum();
    let mut left = rect.left();
    for (number, tone) in parts.into_iter().filter(|it| it.0 > 0) {
        let share = format::as_f64(number) / format::as_f64(total.max(1));
        let room = (rect.right() - left).max(0.0);
        let wide = (format::as_share(share) * rect.width())
            .max(LEAST)
            .min(room);
        let part = Rect::from_min_size(egui::pos2(left, rect.top()), vec2(wide, rect.height()));
        ui.painter().rect_filled(part, 0.0, palette.tone(tone));
        left += wide;
    }
}

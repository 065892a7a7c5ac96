//! The narrow rail at the left: one entry a view.

use egui::{CornerRadius, Rect, Sense, Ui, Vec2, WidgetInfo, WidgetType, pos2, vec2};

use super::App;
use crate::action::Action;
use crate::theme::{self, Palette};
use crate::views::View;
use crate::widgets::{focus_ring, icon::Pen};

const WIDTH: f32 = 88.0;
const ENTRY: Vec2 = Vec2::new(76.0, 52.0);

impl App {
    pub(super) fn rail(&mut self, ui: &mut Ui) -> Option<Action> {
        let frame = egui::Frame::new()
            .fill(Palette::of(ui).surface)
            .inner_margin(egui::Margin::symmetric(6, 8));
        let panel = egui::Panel::left("rail").exact_size(WIDTH).resizable(false);
        let shown = panel.frame(frame).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::HALF_GAP;
            let chosen = View::ALL.into_iter().enumerate().filter_map(|(at, view)| {
                entry(ui, view, self.view == view, at + 1).then_some(Action::Open(view))
            });
            chosen.last()
        });
        shown.inner
    }
}

fn entry(ui: &mut Ui, view: View, chosen: bool, digit: usize) -> bool {
    let (rect, response) = ui.allocate_exact_size(ENTRY, Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, view.name())
    });
    let palette = Palette::of(ui);
    let (fill, color) = match (chosen, response.hovered()) {
        (true, _) => (palette.accent_soft, palette.accent),
        (false, true) => (palette.hover, palette.text),
        (false, false) => (palette.surface, palette.muted),
    };
    ui.painter()
        .rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
    let square = Rect::from_center_size(rect.center() - vec2(0.0, 8.0), Vec2::splat(20.0));
    Pen::new(ui.painter(), square, color).view(view);
    let below = pos2(rect.center().x, rect.bottom() - 13.0);
    let font = theme::font(theme::CAPTION);
    ui.painter()
        .text(below, egui::Align2::CENTER_CENTER, view.name(), font, color);
    focus_ring(ui, &response);
    response
        .on_hover_text(format!("{} · Ctrl-{digit}", view.name()))
        .clicked()
}

//! A long text of which only the visible lines are drawn: the frame that a tree and JSON share.

use egui::{
    CornerRadius, Id, Rect, Response, Sense, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2,
};

use super::scroll::{BAR, Scroll};
use crate::format::as_f64;
use crate::theme::{self, Palette};
use crate::widgets::focus_ring;

/// The height of a line, in points.
pub(super) const LINE: f32 = 20.0;

/// What is drawn, and how much of it there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet<'n> {
    pub(super) id: Id,
    pub(super) name: &'n str,
    pub(super) height: f32,
    pub(super) lines: u64,
    /// The width of the widest line that is known, in points.
    pub(super) wide: f32,
}

/// Where it is scrolled to.
#[derive(Debug)]
pub(super) struct Lines {
    scroll: Scroll,
    /// The line to bring into view in the next frame, and again when the room changes.
    kept: Option<u64>,
    shows: bool,
    height: f32,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            scroll: Scroll::of_lines(LINE),
            kept: None,
            shows: false,
            height: 0.0,
        }
    }
}

/// One line's place: its rectangle is as wide as the room, and the text begins at `left`, which scrolls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) rect: Rect,
    pub(super) left: f32,
}

impl Lines {
    /// Brings a line into view, and keeps it there when what stands below takes room.
    pub(super) fn show_line(&mut self, line: u64) {
        self.kept = Some(line);
        self.shows = true;
    }

    pub(super) fn lines_that_fit(&self) -> u32 {
        self.scroll.rows_that_fit()
    }

    /// The lines of which something is to be seen, as last laid out.
    pub(super) fn visible(&self) -> std::ops::Range<u64> {
        self.scroll.visible()
    }

    fn show_kept(&mut self, height: f32) {
        let is_other_room = (self.height - height).abs() > 1.0;
        self.height = height;
        if let Some(line) = self.kept.filter(|_| self.shows || is_other_room) {
            self.scroll.show_row(line);
        }
        self.shows = false;
    }

    /// Draws the frame, and each visible line by `draw`; the response has the keyboard's focus.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        sheet: Sheet<'_>,
        mut draw: impl FnMut(&mut Ui, Place),
    ) -> Response {
        let size = vec2(ui.available_width(), sheet.height.max(2.0 * LINE));
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let response = ui.interact(rect, sheet.id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Panel, true, sheet.name));
        if response.clicked() {
            response.request_focus();
        }
        let builder = UiBuilder::new().max_rect(rect).id_salt(sheet.id);
        let inside = &mut ui.new_child(builder);
        let palette = Palette::of(inside);
        let radius = CornerRadius::same(theme::SMALL_RADIUS);
        let inner = egui::StrokeKind::Inside;
        inside
            .painter()
            .rect(rect, radius, palette.surface, palette.rule(), inner);
        let body = body(rect, &sheet);
        self.scroll
            .lay_out(sheet.lines, body.size(), sheet.wide + 16.0);
        self.show_kept(body.height());
        self.scroll.wheel(inside, rect);
        let clip = inside.clip_rect();
        inside.set_clip_rect(clip.intersect(body));
        for line in self.scroll.visible() {
            let top = body.top() + self.scroll.top_of(line);
            let rect = Rect::from_min_size(pos2(body.left(), top), vec2(body.width(), LINE));
            let left = body.left() + 8.0 - self.scroll.left();
            draw(inside, Place { line, rect, left });
        }
        inside.set_clip_rect(clip.intersect(rect));
        self.scroll.bars(inside, body, sheet.id);
        focus_ring(ui, &response);
        response
    }
}

/// Beside the scroll bars where there are some.
fn body(rect: Rect, sheet: &Sheet<'_>) -> Rect {
    let inner = rect.shrink(3.0);
    let below = if sheet.wide + 16.0 > inner.width() {
        BAR
    } else {
        0.0
    };
    let beside = if as_f64(sheet.lines) > f64::from((inner.height() - below) / LINE) {
        BAR
    } else {
        0.0
    };
    Rect::from_min_max(inner.min, inner.max - vec2(beside, below))
}

//! Where a grid, a tree or a text is scrolled to: the first row as a number of rows, the left edge in points.

use std::ops::Range;

use egui::{CornerRadius, Id, Rect, Response, Sense, Ui, Vec2, WidgetType, pos2, vec2};

use super::grid::ROW;
use crate::theme::Palette;
use crate::widgets::announce;

/// The thickness of a scroll bar.
pub(super) const BAR: f32 = 10.0;
const MIN_THUMB: f32 = 28.0;

/// The position, and how much there is to scroll over.
#[derive(Debug)]
pub(super) struct Scroll {
    /// The height of a row.
    line: f32,
    /// The first visible row and the hidden part of it.
    top: f64,
    left: f32,
    rows: u64,
    room: Vec2,
    wide: f32,
}

impl Default for Scroll {
    fn default() -> Self {
        Self::of_lines(ROW)
    }
}

impl Scroll {
    /// At the top of rows of this height, in points.
    pub(super) fn of_lines(line: f32) -> Self {
        Self {
            line,
            top: 0.0,
            left: 0.0,
            rows: 0,
            room: Vec2::ZERO,
            wide: 0.0,
        }
    }

    pub(super) fn lay_out(&mut self, rows: u64, room: Vec2, wide: f32) {
        self.rows = rows;
        self.room = room;
        self.wide = wide;
        self.clamp();
    }

    pub(super) fn left(&self) -> f32 {
        self.left
    }

    /// Rows that fit.
    pub(super) fn fit(&self) -> f64 {
        f64::from(self.room.y / self.line)
    }

    /// Whole rows that fit, for a page up or down.
    pub(super) fn rows_that_fit(&self) -> u32 {
        u32::try_from(whole(self.fit())).unwrap_or(u32::MAX).max(1)
    }

    fn last_top(&self) -> f64 {
        (crate::format::as_f64(self.rows) - self.fit()).max(0.0)
    }

    fn clamp(&mut self) {
        self.top = self.top.clamp(0.0, self.last_top());
        self.left = self.left.clamp(0.0, (self.wide - self.room.x).max(0.0));
    }

    pub(super) fn by_rows(&mut self, rows: f64) {
        self.top += rows;
        self.clamp();
    }

    /// Brings a row into view, by as little as possible.
    pub(super) fn show_row(&mut self, row: u64) {
        let row = crate::format::as_f64(row);
        if row < self.top {
            self.top = row;
        }
        if row + 1.0 > self.top + self.fit() {
            self.top = row + 1.0 - self.fit();
        }
        self.clamp();
    }

    pub(super) fn show_span(&mut self, left: f32, right: f32) {
        if right > self.left + self.room.x {
            self.left = right - self.room.x;
        }
        if left < self.left {
            self.left = left;
        }
        self.clamp();
    }

    /// The rows of which something is to be seen.
    pub(super) fn visible(&self) -> Range<u64> {
        let first = whole(self.top);
        let last = whole((self.top + self.fit()).ceil());
        first..last.min(self.rows)
    }

    /// Where a row begins, in points below the header.
    pub(super) fn top_of(&self, row: u64) -> f32 {
        small((crate::format::as_f64(row) - self.top) * f64::from(self.line))
    }

    pub(super) fn wheel(&mut self, ui: &Ui, rect: Rect) {
        if !ui.rect_contains_pointer(rect) {
            return;
        }
        let delta = ui.input_mut(|it| std::mem::take(&mut it.smooth_scroll_delta));
        if delta != Vec2::ZERO {
            self.left -= delta.x;
            self.by_rows(-f64::from(delta.y / self.line));
        }
    }

    /// The scroll bars, where there is something to scroll.
    pub(super) fn bars(&mut self, ui: &Ui, body: Rect, id: Id) {
        if self.last_top() > 0.0 {
            self.vertical(
                ui,
                body.with_min_x(body.right()).with_max_x(body.right() + BAR),
                id.with("vertical"),
            );
        }
        if self.wide > self.room.x {
            self.horizontal(
                ui,
                body.with_min_y(body.bottom())
                    .with_max_y(body.bottom() + BAR),
                id.with("horizontal"),
            );
        }
    }

    fn vertical(&mut self, ui: &Ui, track: Rect, id: Id) {
        let share = small(self.fit() / crate::format::as_f64(self.rows.max(1)));
        let length = (track.height() * share).max(MIN_THUMB);
        let way = track.height() - length;
        let at = small(self.top / self.last_top()) * way;
        let thumb = Rect::from_min_size(track.min + vec2(2.0, at), vec2(BAR - 4.0, length));
        let response = thumb_ui(ui, thumb, id, "Scroll rows");
        if response.dragged() && way > 0.0 {
            self.by_rows(f64::from(response.drag_delta().y / way) * self.last_top());
        }
    }

    fn horizontal(&mut self, ui: &Ui, track: Rect, id: Id) {
        let length = (track.width() * self.room.x / self.wide).max(MIN_THUMB);
        let way = track.width() - length;
        let at = self.left / (self.wide - self.room.x) * way;
        let corner = pos2(track.left() + at, track.top() + 2.0);
        let thumb = Rect::from_min_size(corner, vec2(length, BAR - 4.0));
        let response = thumb_ui(ui, thumb, id, "Scroll columns");
        if response.dragged() && way > 0.0 {
            self.left += response.drag_delta().x / way * (self.wide - self.room.x);
            self.clamp();
        }
    }
}

fn thumb_ui(ui: &Ui, thumb: Rect, id: Id, name: &str) -> Response {
    let response = ui.interact(thumb.expand(3.0), id, Sense::drag());
    announce(ui, &response, WidgetType::Slider, name);
    let palette = Palette::of(ui);
    let color = if response.hovered() || response.dragged() {
        palette.muted
    } else {
        palette.line
    };
    ui.painter()
        .rect_filled(thumb, CornerRadius::same(3), color);
    response
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the rows that there are"
)]
fn whole(rows: f64) -> u64 {
    rows.max(0.0) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "within one screen, or a share of one"
)]
fn small(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrolled(to: f64) -> Scroll {
        let mut scroll = Scroll::default();
        scroll.lay_out(5_000_000_000, vec2(500.0, 240.0), 500.0);
        scroll.by_rows(to);
        scroll
    }

    #[test]
    fn five_thousand_million_rows_are_reached_exactly() {
        let scroll = scrolled(4_000_000_000.25);
        assert_eq!(scroll.visible(), 4_000_000_000..4_000_000_011);
        assert!((scroll.top_of(4_000_000_000) + 6.0).abs() < 1e-3);
    }

    #[test]
    fn the_end_is_the_end() {
        let scroll = scrolled(f64::MAX);
        assert_eq!(scroll.visible().end, 5_000_000_000);
    }

    #[test]
    fn a_row_is_brought_into_view_by_as_little_as_possible() {
        let mut scroll = scrolled(0.0);
        scroll.show_row(9);
        assert_eq!(scroll.visible().start, 0);
        scroll.show_row(10);
        assert_eq!(scroll.visible().start, 1);
        scroll.show_row(0);
        assert_eq!(scroll.visible().start, 0);
    }
}

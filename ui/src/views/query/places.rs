//! Where panes stand: beside each other as long as each is wide enough, else in rows, none lower than it can be used.

use egui::{Pos2, Rect, Vec2, vec2};

use super::scroll::BAR;
use crate::format::as_f32;
use crate::theme::GAP;

/// What the head, the editor and a few rows of a pane need.
const LEAST: Vec2 = vec2(264.0, 300.0);

/// The places of so many panes, from the upper left corner of their room.
#[derive(Debug)]
pub(super) struct Places {
    count: usize,
    columns: usize,
    rows: usize,
    size: Vec2,
}

impl Places {
    /// At most `most` beside each other, fewer where they would be narrower than they can be.
    pub(super) fn of(count: usize, room: Vec2, most: usize) -> Self {
        let fit = (2..=most).rev().find(|it| part(room.x, *it) >= LEAST.x);
        let rows = count.div_ceil(fit.unwrap_or(1)).max(1);
        let columns = count.div_ceil(rows).max(1);
        let least = as_f32(rows) * (LEAST.y + GAP) - GAP;
        let size = if room.y < least {
            vec2(room.x - BAR, least)
        } else {
            room
        };
        Self {
            count,
            columns,
            rows,
            size,
        }
    }

    /// What all panes take together: higher than their room where they have to be scrolled.
    pub(super) fn size(&self) -> Vec2 {
        self.size
    }

    /// How high each pane is.
    pub(super) fn height(&self) -> f32 {
        part(self.size.y, self.rows)
    }

    /// The place of a pane; a shorter last row is stretched over the whole width.
    pub(super) fn of_pane(&self, at: usize) -> Rect {
        let (row, column) = (at / self.columns, at % self.columns);
        let before = row * self.columns;
        let in_this_row = self.count.saturating_sub(before).min(self.columns);
        let size = vec2(part(self.size.x, in_this_row), self.height());
        let steps = vec2(as_f32(column), as_f32(row));
        Rect::from_min_size(Pos2::ZERO + steps * (size + Vec2::splat(GAP)), size)
    }
}

/// What each of `count` things has of a length, with gaps between them.
fn part(whole: f32, count: usize) -> f32 {
    let count = as_f32(count.max(1));
    (whole - GAP * (count - 1.0)) / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(count: usize, room: Vec2, most: usize, rows: usize) {
        let places = Places::of(count, room, most);
        assert_eq!(places.rows, rows, "rows of {count} in {room}");
        let whole = Rect::from_min_size(Pos2::ZERO, places.size());
        let panes: Vec<Rect> = (0..count).map(|it| places.of_pane(it)).collect();
        for (at, pane) in panes.iter().enumerate() {
            assert!(whole.expand(0.1).contains_rect(*pane), "{pane} in {whole}");
            assert!(pane.height() >= LEAST.y, "{pane}");
            let others = panes.iter().skip(at + 1);
            let apart = others.filter(|it| it.expand(GAP / 2.0 - 0.1).intersects(*pane));
            assert_eq!(apart.count(), 0, "{panes:?}");
        }
    }

    #[test]
    fn panes_stand_in_a_row_while_each_is_wide_enough_and_in_rows_beyond() {
        let (wide, small, high) = (1168.0, 912.0, 640.0);
        check(1, vec2(wide, high), 3, 1);
        check(3, vec2(wide, high), 3, 1);
        check(4, vec2(wide, high), 3, 2);
        check(4, vec2(wide, high), 4, 1);
        check(6, vec2(wide, high), 3, 2);
        check(3, vec2(small, high), 3, 1);
        check(4, vec2(small, high), 4, 2);
        check(5, vec2(560.0, high), 4, 3);
        check(3, vec2(300.0, high), 3, 3);
    }

    #[test]
    fn rows_that_would_be_too_low_are_scrolled() {
        let room = vec2(912.0, 420.0);
        let places = Places::of(4, room, 4);
        assert!(places.size().y > room.y && places.size().x < room.x);
        assert!(Places::of(4, vec2(1168.0, 420.0), 4).size().y <= 420.0);
    }
}

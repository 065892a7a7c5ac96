//! Texts over a drawing, written in the order of their weight, none upon another.

use egui::{Color32, Painter, Pos2, Rect, vec2};

use crate::format::as_f32;
use crate::theme;

/// Longer captions are cut.
const MAX_LETTERS: usize = 22;
/// The room that a letter takes, about, and a line.
const LETTER: f32 = 6.4;
const LINE: f32 = 15.0;
/// The squares by which it is found quickly what is in the way.
const SQUARE: f32 = 64.0;

/// The captions that are written so far.
pub(super) struct Captions<'p> {
    painter: &'p Painter,
    room: Rect,
    taken: std::collections::BTreeMap<(i32, i32), Vec<Rect>>,
}

impl<'p> Captions<'p> {
    pub(super) fn new(painter: &'p Painter, room: Rect) -> Self {
        Self {
            painter,
            room,
            taken: std::collections::BTreeMap::new(),
        }
    }

    /// Keeps a place free of texts.
    pub(super) fn keep_free(&mut self, rect: Rect) {
        for square in squares(rect) {
            self.taken.entry(square).or_default().push(rect);
        }
    }

    /// Writes a text around its middle, unless something is there already; `always` writes it on a ground of its own.
    pub(super) fn write(&mut self, middle: Pos2, text: &str, color: Color32, always: bool) {
        let letters = text.chars().count();
        let size = vec2(as_f32(letters.min(MAX_LETTERS)) * LETTER + 6.0, LINE);
        let rect = Rect::from_center_size(middle, size);
        if text.is_empty() || !self.room.intersects(rect) || (!always && !self.is_free(rect)) {
            return;
        }
        self.keep_free(rect);
        let cut: String = text.chars().take(MAX_LETTERS).collect();
        let text = if letters > MAX_LETTERS {
            cut + "…"
        } else {
            cut
        };
        let font = theme::font(theme::CAPTION);
        let galley = self
            .painter
            .layout_no_wrap(text.replace('\n', " "), font, color);
        let at = middle - galley.size() / 2.0;
        if always {
            let palette = theme::Palette::of_context(self.painter.ctx());
            let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(5.0, 1.0));
            self.painter.rect_filled(ground, 4.0, palette.surface);
        }
        self.painter.galley(at, galley, color);
    }

    fn is_free(&self, rect: Rect) -> bool {
        let mut near = squares(rect).filter_map(|it| self.taken.get(&it)).flatten();
        !near.any(|it| it.intersects(rect))
    }
}

fn squares(rect: Rect) -> impl Iterator<Item = (i32, i32)> {
    let of = |it: f32| whole((it / SQUARE).floor());
    let (left, right) = (of(rect.left()), of(rect.right()));
    let (top, bottom) = (of(rect.top()), of(rect.bottom()));
    (left..=right).flat_map(move |x| (top..=bottom).map(move |y| (x, y)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a place on a screen, in squares"
)]
fn whole(number: f32) -> i32 {
    number as i32
}

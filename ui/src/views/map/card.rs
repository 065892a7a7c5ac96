//! A store's card as `egui_graphs` draws a node.

use egui::{
    Align2, Color32, CornerRadius, FontId, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2,
};
use egui_graphs::{DisplayNode, DrawContext, NodeProps};
use petgraph::{EdgeType, stable_graph::IndexType};

use super::sketch::{Card, Row};
use crate::format::as_f32;
use crate::theme::{self, Palette};
use crate::widgets::icon::Pen;

pub(super) const CARD_WIDTH: f32 = 268.0;
const HEAD: f32 = 62.0;
const ROW: f32 = 22.0;
const FOOT: f32 = 8.0;
/// More datasets than these are counted, not listed.
const MAX_ROWS: usize = 8;

/// The height of a card, in the map's own units.
pub(super) fn height(card: &Card) -> f32 {
    let lines = card.rows.len().min(MAX_ROWS + 1);
    let rows = if lines == 0 {
        0.0
    } else {
        6.0 + ROW * as_f32(lines)
    };
    HEAD + rows + FOOT
}

/// The drawn form of a card.
#[derive(Clone, Debug)]
pub(super) struct CardShape {
    card: Card,
    center: Pos2,
    selected: bool,
    hovered: bool,
}

impl From<NodeProps<Card>> for CardShape {
    fn from(node: NodeProps<Card>) -> Self {
        Self {
            center: node.location(),
            selected: node.selected,
            hovered: node.hovered,
            card: node.payload,
        }
    }
}

impl CardShape {
    /// The card's rectangle, in the map's own units.
    pub(super) fn rect(&self) -> Rect {
        Rect::from_center_size(self.center, super::layout::size(&self.card))
    }

    fn outline(&self, palette: &Palette) -> Stroke {
        match (self.selected, self.hovered) {
            (true, _) => Stroke::new(2.0, palette.accent),
            (false, true) => Stroke::new(1.0, palette.muted),
            (false, false) => palette.rule(),
        }
    }

    /// Where edges leave and arrive: spread along the side, so that they do not cross at one point.
    pub(super) fn port(&self, towards: f32, at: usize, of: usize) -> Pos2 {
        let rect = self.rect();
        let x = if towards >= rect.center().x {
            rect.right()
        } else {
            rect.left()
        };
        let share = (as_f32(at) + 1.0) / (as_f32(of) + 1.0);
        pos2(x, egui::lerp(rect.top()..=rect.bottom(), share))
    }
}

impl<E: Clone, Ty: EdgeType, Ix: IndexType> DisplayNode<Card, E, Ty, Ix> for CardShape {
    fn closest_boundary_point(&self, dir: Vec2) -> Pos2 {
        let half = self.rect().size() / 2.0;
        let scale = (half.x / dir.x.abs()).min(half.y / dir.y.abs());
        self.center + dir * scale
    }

    fn shapes(&mut self, ctx: &DrawContext<'_>) -> Vec<Shape> {
        let ink = Ink::new(ctx, self.rect());
        ink.frame(self.outline(ink.palette));
        ink.head(&self.card);
        ink.rows(&self.card.rows);
        Vec::new()
    }

    fn update(&mut self, node: &NodeProps<Card>) {
        self.clone_from(&Self::from(node.clone()));
    }

    fn is_inside(&self, pos: Pos2) -> bool {
        self.rect().contains(pos)
    }
}

/// Draws in the map's own units, at the zoom of the moment.
struct Ink<'c> {
    ctx: &'c DrawContext<'c>,
    palette: &'static Palette,
    rect: Rect,
    zoom: f32,
}

impl<'c> Ink<'c> {
    fn new(ctx: &'c DrawContext<'c>, rect: Rect) -> Self {
        let min = ctx.meta.canvas_to_screen_pos(rect.min);
        let max = ctx.meta.canvas_to_screen_pos(rect.max);
        Self {
            ctx,
            palette: Palette::of_context(ctx.ctx),
            rect: Rect::from_min_max(min, max),
            zoom: ctx.meta.zoom,
        }
    }

    fn at(&self, x: f32, y: f32) -> Pos2 {
        self.rect.min + vec2(x, y) * self.zoom
    }

    fn font(&self, size: f32) -> FontId {
        theme::font(size * self.zoom)
    }

    fn frame(&self, line: Stroke) {
        let radius = CornerRadius::same(theme::RADIUS);
        let painter = self.ctx.painter;
        painter.add(self.palette.shadow().as_shape(self.rect, radius));
        painter.rect(
            self.rect,
            radius,
            self.palette.surface,
            line,
            StrokeKind::Inside,
        );
    }

    fn head(&self, card: &Card) {
        let square = Rect::from_min_size(self.at(12.0, 13.0), Vec2::splat(36.0 * self.zoom));
        let painter = self.ctx.painter;
        painter.rect_filled(
            square,
            CornerRadius::same(theme::SMALL_RADIUS),
            self.palette.accent_soft,
        );
        let inner = square.shrink(8.0 * self.zoom);
        Pen::new(painter, inner, self.palette.accent).model(card.model);

        let sign = card.sign;
        let state = format!("{} {}", sign.mark, sign.word);
        let right = self.at(CARD_WIDTH - 12.0, 23.0);
        let tone = self.palette.tone(sign.tone);
        let taken = painter.text(
            right,
            Align2::RIGHT_CENTER,
            state,
            self.font(theme::CAPTION),
            tone,
        );
        let title = if card.is_source {
            format!("{} ◆", card.store)
        } else {
            card.store.to_string()
        };
        let room = taken.left() - self.at(58.0, 0.0).x - 6.0;
        self.text(
            self.at(58.0, 13.0),
            &title,
            self.font(16.0),
            self.palette.text,
            room,
        );
        let room = (CARD_WIDTH - 58.0 - 10.0) * self.zoom;
        self.text(
            self.at(58.0, 34.0),
            &card.about,
            self.font(theme::CAPTION),
            self.palette.muted,
            room,
        );
    }

    fn rows(&self, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let ends = [self.at(0.0, HEAD), self.at(CARD_WIDTH, HEAD)];
        self.ctx.painter.line_segment(ends, self.palette.rule());
        for (at, row) in rows.iter().take(MAX_ROWS).enumerate() {
            self.row(HEAD + 6.0 + ROW * as_f32(at), row);
        }
        if rows.len() > MAX_ROWS {
            let more = format!("and {} more", rows.len() - MAX_ROWS);
            let y = HEAD + 6.0 + ROW * as_f32(MAX_ROWS);
            self.text(
                self.at(28.0, y + 3.0),
                &more,
                self.font(theme::CAPTION),
                self.palette.muted,
                200.0,
            );
        }
    }

    fn row(&self, y: f32, row: &Row) {
        let (mark, color) = if row.is_source {
            ("◆", self.palette.accent)
        } else {
            ("·", self.palette.muted)
        };
        let center = self.at(19.0, y + ROW / 2.0);
        let painter = self.ctx.painter;
        painter.text(
            center,
            Align2::CENTER_CENTER,
            mark,
            self.font(theme::CAPTION),
            color,
        );
        let right = self.at(CARD_WIDTH - 12.0, y + ROW / 2.0);
        let muted = self.palette.muted;
        let taken = painter.text(
            right,
            Align2::RIGHT_CENTER,
            &row.entity,
            self.font(theme::CAPTION),
            muted,
        );
        let room = taken.left() - self.at(32.0, 0.0).x - 8.0;
        let font = theme::mono(12.5 * self.zoom);
        self.text(
            self.at(32.0, y + 4.0),
            &row.dataset,
            font,
            self.palette.text,
            room,
        );
    }

    /// One line, cut with an ellipsis where there is no more room.
    fn text(&self, at: Pos2, text: &str, font: FontId, color: Color32, room: f32) {
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(8.0));
        let galley = self.ctx.painter.layout_job(job);
        self.ctx.painter.galley(at, galley, color);
    }
}

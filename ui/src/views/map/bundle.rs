//! The flows between two stores as `egui_graphs` draws an edge.

use egui::{
    CornerRadius, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, epaint::CubicBezierShape, vec2,
};
use egui_graphs::{DisplayEdge, DrawContext, EdgeProps, Node};
use petgraph::{EdgeType, stable_graph::IndexType};

use super::card::CardShape;
use super::sketch::{Bundle, Card};
use crate::theme::{self, Palette, Tone};

/// The size of a label, in the map's own units.
const LABEL: Vec2 = Vec2::new(148.0, 44.0);

/// What an edge carries: its bundle, and which port it takes at each end.
#[derive(Clone, Debug)]
pub(super) struct Cable {
    pub(super) bundle: Bundle,
    /// The port's index and their number, where it leaves.
    pub(super) leaves: (usize, usize),
    /// The same where it arrives.
    pub(super) arrives: (usize, usize),
}

/// The drawn form of a bundle.
#[derive(Clone, Debug)]
pub(super) struct BundleShape {
    cable: Cable,
    selected: bool,
}

impl From<EdgeProps<Cable>> for BundleShape {
    fn from(edge: EdgeProps<Cable>) -> Self {
        Self {
            selected: edge.selected,
            cable: edge.payload,
        }
    }
}

impl BundleShape {
    /// The curve's ends and handles, in the map's own units.
    fn curve(&self, start: &CardShape, end: &CardShape) -> [Pos2; 4] {
        let Cable {
            leaves, arrives, ..
        } = &self.cable;
        let (here, there) = (start.rect().center().x, end.rect().center().x);
        let from = start.port(there, leaves.0, leaves.1);
        let to = end.port(here - f32::EPSILON, arrives.0, arrives.1);
        let reach = ((to.x - from.x).abs() * 0.5).max(60.0);
        let pull = if here <= there {
            vec2(reach, 0.0)
        } else {
            vec2(-reach, 0.0)
        };
        [from, from + pull, to - pull, to]
    }

    /// Where the label stands: nearer to the target, where the edges have spread.
    pub(super) fn label(&self, start: &CardShape, end: &CardShape) -> Rect {
        let curve = CubicBezierShape::from_points_stroke(
            self.curve(start, end),
            false,
            egui::Color32::TRANSPARENT,
            Stroke::NONE,
        );
        Rect::from_center_size(curve.sample(0.58), LABEL)
    }

    fn line(&self, points: [Pos2; 4], color: egui::Color32, width: f32) -> Vec<Shape> {
        let stroke = Stroke::new(width, color);
        let curve =
            CubicBezierShape::from_points_stroke(points, false, egui::Color32::TRANSPARENT, stroke);
        if self.cable.bundle.sign.tone == Tone::Unknown {
            let path = curve.flatten(Some(0.5));
            return Shape::dashed_line(&path, stroke, 6.0, 5.0);
        }
        vec![Shape::CubicBezier(curve)]
    }

    fn text(&self, ctx: &DrawContext<'_>, label: Rect) {
        let palette = Palette::of_context(ctx.ctx);
        let bundle = &self.cable.bundle;
        let zoom = ctx.meta.zoom;
        let tone = palette.tone(bundle.sign.tone);
        let radius = CornerRadius::same(theme::SMALL_RADIUS);
        let line = if self.selected {
            Stroke::new(2.0, palette.accent)
        } else {
            Stroke::new(1.0, tone.gamma_multiply(0.45))
        };
        ctx.painter.rect_filled(label, radius, palette.surface);
        let fill = palette.soft(bundle.sign.tone);
        ctx.painter
            .rect(label, radius, fill, line, StrokeKind::Inside);
        let first = format!("{} {}", bundle.sign.mark, bundle.lag);
        let center = label.center();
        let lines = [
            (first, theme::BODY + 1.0, tone, -9.5),
            (bundle.what.clone(), theme::CAPTION, palette.text, 9.5),
        ];
        for (text, size, color, y) in lines {
            let at = center + vec2(0.0, y * zoom);
            let font = theme::font(size * zoom);
            ctx.painter
                .text(at, egui::Align2::CENTER_CENTER, text, font, color);
        }
    }
}

impl<Ty: EdgeType, Ix: IndexType> DisplayEdge<Card, Cable, Ty, Ix, CardShape> for BundleShape {
    fn shapes(
        &mut self,
        start: &Node<Card, Cable, Ty, Ix, CardShape>,
        end: &Node<Card, Cable, Ty, Ix, CardShape>,
        ctx: &DrawContext<'_>,
    ) -> Vec<Shape> {
        let palette = Palette::of_context(ctx.ctx);
        let color = palette.tone(self.cable.bundle.sign.tone);
        let points = self.curve(start.display(), end.display());
        let points = points.map(|it| ctx.meta.canvas_to_screen_pos(it));
        let width = if self.selected { 3.0 } else { 2.0 };
        ctx.painter.extend(self.line(points, color, width));
        ctx.painter.add(arrow(points, color, ctx.meta.zoom));
        let label = self.label(start.display(), end.display());
        let min = ctx.meta.canvas_to_screen_pos(label.min);
        let max = ctx.meta.canvas_to_screen_pos(label.max);
        self.text(ctx, Rect::from_min_max(min, max));
        Vec::new()
    }

    fn update(&mut self, edge: &EdgeProps<Cable>) {
        self.clone_from(&Self::from(edge.clone()));
    }

    fn is_inside(
        &self,
        start: &Node<Card, Cable, Ty, Ix, CardShape>,
        end: &Node<Card, Cable, Ty, Ix, CardShape>,
        pos: Pos2,
    ) -> bool {
        self.label(start.display(), end.display()).contains(pos)
    }
}

fn arrow(points: [Pos2; 4], color: egui::Color32, zoom: f32) -> Shape {
    let [_, _, handle, tip] = points;
    let along = (tip - handle).normalized() * 9.0 * zoom.max(0.6);
    let across = along.rot90() * 0.5;
    let wings = vec![tip, tip - along + across, tip - along - across];
    Shape::convex_polygon(wings, color, Stroke::NONE)
}

//! A relationship as `egui_graphs` draws an edge: a line with an arrow, bent where several join the same nodes.

use egui::epaint::QuadraticBezierShape;
use egui::{Pos2, Shape, Stroke, Vec2, vec2};
use egui_graphs::{DisplayEdge, DrawContext, EdgeProps, Node};
use petgraph::{EdgeType, stable_graph::IndexType};

use super::vertex::{Dot, DotShape, radius};
use crate::theme::Palette;

/// How far apart lines between the same nodes are bent, in units of the drawing.
const BEND: f32 = 22.0;

/// What is drawn of a relationship.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// How many lines between the same nodes stand before it, to both sides of the straight one.
    pub(super) bend: f32,
    pub(super) loops: bool,
}

/// The drawn form of a relationship.
#[derive(Clone, Debug)]
pub(super) struct LineShape {
    line: Line,
    selected: bool,
}

impl From<EdgeProps<Line>> for LineShape {
    fn from(edge: EdgeProps<Line>) -> Self {
        Self {
            selected: edge.selected,
            line: edge.payload,
        }
    }
}

impl LineShape {
    /// Start, handle and end between two centres, in the same units as these.
    pub(super) fn curve(&self, from: Pos2, to: Pos2, scale: f32) -> [Pos2; 3] {
        if self.line.loops {
            let out = (40.0 + BEND * self.line.bend.abs()) * scale;
            return [from, from + vec2(0.0, -out), to];
        }
        let across = (to - from).normalized().rot90() * (2.0 * BEND * self.line.bend * scale);
        [from, from + (to - from) / 2.0 + across, to]
    }

    /// The middle of the line.
    pub(super) fn middle(&self, from: Pos2, to: Pos2, scale: f32) -> Pos2 {
        let [start, handle, end] = self.curve(from, to, scale);
        let straight = start + (end - start) / 2.0;
        straight + (handle - straight) / 2.0
    }

    fn drawn(&self, from: Pos2, to: Pos2, zoom: f32, stroke: Stroke) -> Vec<Shape> {
        let radius = radius(zoom);
        if self.line.loops {
            let out = (14.0 + 6.0 * self.line.bend.abs()) * zoom.clamp(0.4, 1.5);
            let center = from - vec2(0.0, radius + out * 0.6);
            return vec![Shape::circle_stroke(center, out, stroke)];
        }
        let [start, handle, end] = self.curve(from, to, zoom);
        let tip = end - (end - handle).normalized() * (radius + 1.0);
        let tail = start + (handle - start).normalized() * radius;
        let line = if self.line.bend.abs() < f32::EPSILON {
            Shape::line_segment([tail, tip], stroke)
        } else {
            Shape::QuadraticBezier(QuadraticBezierShape::from_points_stroke(
                [tail, handle, tip],
                false,
                egui::Color32::TRANSPARENT,
                stroke,
            ))
        };
        if zoom < 0.25 {
            return vec![line];
        }
        vec![line, arrow(handle, tip, zoom, stroke)]
    }
}

fn arrow(from: Pos2, tip: Pos2, zoom: f32, stroke: Stroke) -> Shape {
    let along = (tip - from).normalized() * (9.0 * zoom.clamp(0.45, 1.2));
    let across: Vec2 = along.rot90() * 0.45;
    let wings = vec![tip, tip - along + across, tip - along - across];
    Shape::convex_polygon(wings, stroke.color, Stroke::NONE)
}

impl<Ty: EdgeType, Ix: IndexType> DisplayEdge<Dot, Line, Ty, Ix, DotShape> for LineShape {
    fn shapes(
        &mut self,
        start: &Node<Dot, Line, Ty, Ix, DotShape>,
        end: &Node<Dot, Line, Ty, Ix, DotShape>,
        ctx: &DrawContext<'_>,
    ) -> Vec<Shape> {
        let palette = Palette::of_context(ctx.ctx);
        let dim = start.display().is_dim() && end.display().is_dim();
        let stroke = match (self.selected, dim) {
            (true, _) => Stroke::new(2.5, palette.accent),
            (false, true) => Stroke::new(1.0, palette.line),
            (false, false) => Stroke::new(1.2, palette.muted.gamma_multiply(0.7)),
        };
        let from = ctx.meta.canvas_to_screen_pos(start.display().center());
        let to = ctx.meta.canvas_to_screen_pos(end.display().center());
        self.drawn(from, to, ctx.meta.zoom, stroke)
    }

    fn update(&mut self, edge: &EdgeProps<Line>) {
        self.clone_from(&Self::from(edge.clone()));
    }

    fn is_inside(
        &self,
        start: &Node<Dot, Line, Ty, Ix, DotShape>,
        end: &Node<Dot, Line, Ty, Ix, DotShape>,
        pos: Pos2,
    ) -> bool {
        let (from, to) = (start.display().center(), end.display().center());
        distance(&self.curve(from, to, 1.0), pos) < 6.0
    }
}

/// How far a place is from a curve, about.
pub(super) fn distance(curve: &[Pos2; 3], pos: Pos2) -> f32 {
    let [start, handle, end] = *curve;
    let middle = start + (end - start) / 2.0;
    let middle = middle + (handle - middle) / 2.0;
    from_segment(start, middle, pos).min(from_segment(middle, end, pos))
}

fn from_segment(one: Pos2, two: Pos2, pos: Pos2) -> f32 {
    let along = two - one;
    let share = (pos - one).dot(along) / along.length_sq().max(1e-6);
    pos.distance(one + along * share.clamp(0.0, 1.0))
}

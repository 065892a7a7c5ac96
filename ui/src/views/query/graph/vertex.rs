//! A node as `egui_graphs` draws it: a form and a colour for its label, so that neither stands alone.

use std::sync::Arc;

use egui::{Color32, Pos2, Rect, Shape, Stroke, Vec2, vec2};
use egui_graphs::{DisplayNode, DrawContext, NodeProps};
use petgraph::{EdgeType, stable_graph::IndexType};

use crate::theme::Palette;

/// The radius of a node, in units of the drawing.
pub(super) const RADIUS: f32 = 15.0;
/// A node never gets smaller or larger than these on the screen, in points.
const SIZES: std::ops::RangeInclusive<f32> = 3.0..=24.0;

/// What is drawn of a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dot {
    /// Its label's place in the legend.
    pub(super) tint: usize,
    pub(super) caption: Arc<str>,
    /// False where only a relationship speaks of it.
    pub(super) known: bool,
    /// Whether the legend has another label chosen.
    pub(super) dim: bool,
}

/// The drawn form of a node.
#[derive(Clone, Debug)]
pub(super) struct DotShape {
    dot: Dot,
    center: Pos2,
    selected: bool,
    hovered: bool,
}

impl From<NodeProps<Dot>> for DotShape {
    fn from(node: NodeProps<Dot>) -> Self {
        Self {
            center: node.location(),
            selected: node.selected,
            hovered: node.hovered,
            dot: node.payload,
        }
    }
}

/// The radius on the screen.
pub(super) fn radius(zoom: f32) -> f32 {
    (RADIUS * zoom).clamp(*SIZES.start(), *SIZES.end())
}

impl DotShape {
    pub(super) fn center(&self) -> Pos2 {
        self.center
    }

    pub(super) fn is_dim(&self) -> bool {
        self.dot.dim
    }
}

impl<E: Clone, Ty: EdgeType, Ix: IndexType> DisplayNode<Dot, E, Ty, Ix> for DotShape {
    fn closest_boundary_point(&self, dir: Vec2) -> Pos2 {
        self.center + dir.normalized() * RADIUS
    }

    fn shapes(&mut self, ctx: &DrawContext<'_>) -> Vec<Shape> {
        let palette = Palette::of_context(ctx.ctx);
        let center = ctx.meta.canvas_to_screen_pos(self.center);
        let radius = radius(ctx.meta.zoom);
        let tint = if self.dot.known {
            palette.series(self.dot.tint)
        } else {
            palette.surface
        };
        let fill = if self.dot.dim {
            tint.gamma_multiply(0.25)
        } else {
            tint
        };
        let line = match (self.selected, self.hovered, self.dot.known) {
            (true, _, _) => Stroke::new(3.0, palette.text),
            (false, true, _) => Stroke::new(2.0, palette.text),
            (false, false, false) => Stroke::new(1.5, palette.muted),
            (false, false, true) => Stroke::new(1.0, palette.surface),
        };
        vec![form(self.dot.tint, center, radius, fill, line)]
    }

    fn update(&mut self, node: &NodeProps<Dot>) {
        self.clone_from(&Self::from(node.clone()));
    }

    fn is_inside(&self, pos: Pos2) -> bool {
        self.center.distance(pos) <= RADIUS
    }
}

/// The form that goes with a label's place in the legend: circle, square, diamond or triangle.
pub(super) fn form(tint: usize, center: Pos2, radius: f32, fill: Color32, line: Stroke) -> Shape {
    let corners: &[Vec2] = match tint % 4 {
        0 => {
            return Shape::Circle(egui::epaint::CircleShape {
                center,
                radius,
                fill,
                stroke: line,
            });
        }
        1 => {
            let rect = Rect::from_center_size(center, Vec2::splat(radius * 1.8));
            let inside = egui::StrokeKind::Middle;
            return Shape::Rect(egui::epaint::RectShape::new(rect, 2.0, fill, line, inside));
        }
        2 => &[
            vec2(0.0, -1.2),
            vec2(1.2, 0.0),
            vec2(0.0, 1.2),
            vec2(-1.2, 0.0),
        ],
        _ => &[vec2(0.0, -1.15), vec2(1.1, 0.85), vec2(-1.1, 0.85)],
    };
    let points = corners.iter().map(|it| center + *it * radius).collect();
    Shape::convex_polygon(points, fill, line)
}

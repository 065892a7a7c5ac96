//! Line icons, painted: the data models' and the views'.

use egui::{Painter, Pos2, Rect, Stroke, Vec2, vec2};
use parallax_core::store::DataModel;

use crate::views::View;

/// Where an icon is painted, and how: a square, and the line it is drawn with.
pub(crate) struct Pen<'p> {
    painter: &'p Painter,
    center: Pos2,
    unit: f32,
    stroke: Stroke,
}

impl<'p> Pen<'p> {
    /// Paints within `square`, in lines of `color`.
    pub(crate) fn new(painter: &'p Painter, square: Rect, color: egui::Color32) -> Self {
        let unit = square.width() / 16.0;
        Self {
            painter,
            center: square.center(),
            unit,
            stroke: Stroke::new((1.4 * unit).max(1.0), color),
        }
    }

    fn at(&self, x: f32, y: f32) -> Pos2 {
        self.center + vec2(x, y) * self.unit
    }

    fn line(&self, from: (f32, f32), to: (f32, f32)) {
        let ends = [self.at(from.0, from.1), self.at(to.0, to.1)];
        self.painter.line_segment(ends, self.stroke);
    }

    fn circle(&self, x: f32, y: f32, radius: f32) {
        let center = self.at(x, y);
        self.painter
            .circle_stroke(center, radius * self.unit, self.stroke);
    }

    fn frame(&self, x: f32, y: f32, width: f32, height: f32) {
        let size = Vec2::new(width, height) * self.unit;
        let rect = Rect::from_min_size(self.at(x, y), size);
        self.painter
            .rect_stroke(rect, 1.5 * self.unit, self.stroke, egui::StrokeKind::Middle);
    }

    fn path(&self, points: &[(f32, f32)]) {
        let points = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        self.painter.line(points, self.stroke);
    }

    /// The icon of a data model.
    pub(crate) fn model(&self, model: DataModel) {
        match model {
            DataModel::Relational | DataModel::Columnar | DataModel::WideColumn => self.table(),
            DataModel::Document => self.braces(),
            DataModel::KeyValue => self.key(),
            DataModel::Search => self.glass(),
            DataModel::Graph => self.nodes(),
            DataModel::TimeSeries => {
                self.path(&[(-6.0, 4.0), (-2.0, -2.0), (1.0, 2.0), (6.0, -5.0)]);
            }
            DataModel::Vector => self.path(&[(-5.0, 5.0), (5.0, -5.0), (0.5, -5.0)]),
            DataModel::Stream => self.stream(),
        }
    }

    /// The icon of a view.
    pub(crate) fn view(&self, view: View) {
        match view {
            View::Map => self.nodes(),
            View::Trace => self.target(),
            View::Query => self.prompt(),
            View::Lag => self.clock(),
            View::Check => self.scales(),
            View::Stores => self.cylinder(),
            View::Connections => self.plug(),
        }
    }

    fn table(&self) {
        self.frame(-6.0, -5.0, 12.0, 10.0);
        self.line((-6.0, -1.6), (6.0, -1.6));
        self.line((-1.8, -1.6), (-1.8, 5.0));
    }

    fn braces(&self) {
        let left = [
            (-2.5, -6.0),
            (-4.5, -5.0),
            (-4.5, -1.5),
            (-6.0, 0.0),
            (-4.5, 1.5),
            (-4.5, 5.0),
            (-2.5, 6.0),
        ];
        self.path(&left);
        self.path(&left.map(|(x, y)| (-x, y)));
    }

    fn key(&self) {
        self.circle(-3.2, 0.0, 2.8);
        self.path(&[(-0.4, 0.0), (6.0, 0.0), (6.0, 3.0)]);
        self.line((3.0, 0.0), (3.0, 2.2));
    }

    fn glass(&self) {
        self.circle(-1.2, -1.2, 4.2);
        self.line((2.0, 2.0), (6.0, 6.0));
    }

    fn nodes(&self) {
        self.circle(-4.6, 0.0, 1.9);
        self.circle(4.6, -4.4, 1.9);
        self.circle(4.6, 4.4, 1.9);
        self.line((-2.9, -0.9), (2.9, -3.6));
        self.line((-2.9, 0.9), (2.9, 3.6));
    }

    fn stream(&self) {
        for y in [-4.0, 0.0, 4.0] {
            self.line((-6.0, y), (4.0, y));
            self.path(&[(2.5, y - 1.8), (5.5, y), (2.5, y + 1.8)]);
        }
    }

    fn target(&self) {
        self.circle(0.0, 0.0, 5.6);
        self.circle(0.0, 0.0, 1.8);
    }

    fn prompt(&self) {
        self.frame(-6.5, -5.5, 13.0, 11.0);
        self.path(&[(-3.6, -2.2), (-1.2, 0.0), (-3.6, 2.2)]);
        self.line((0.4, 2.4), (3.6, 2.4));
    }

    fn clock(&self) {
        self.circle(0.0, 0.0, 6.0);
        self.path(&[(0.0, -3.4), (0.0, 0.3), (2.6, 1.8)]);
    }

    /// Two sheets, and a tick over them.
    fn scales(&self) {
        self.path(&[(0.5, -6.0), (-6.0, -6.0), (-6.0, 4.0), (-3.0, 4.0)]);
        self.frame(-3.0, -3.0, 9.5, 9.5);
        self.path(&[(-0.8, 1.8), (1.2, 4.0), (4.4, -0.4)]);
    }

    fn plug(&self) {
        self.path(&[(-3.0, -6.0), (-3.0, -2.0)]);
        self.path(&[(3.0, -6.0), (3.0, -2.0)]);
        self.path(&[
            (-5.5, -2.0),
            (5.5, -2.0),
            (5.5, 0.5),
            (2.6, 3.2),
            (-2.6, 3.2),
            (-5.5, 0.5),
            (-5.5, -2.0),
        ]);
        self.line((0.0, 3.2), (0.0, 6.5));
    }

    fn cylinder(&self) {
        for y in [-4.2, 0.0, 4.2] {
            self.frame(-6.0, y - 1.7, 12.0, 3.4);
        }
    }
}

//! The drawn graph: an `egui_graphs` graph, panned, zoomed and dragged, asking for frames only while it is laid out.
//!
//! `GraphView::show` asks for another frame in every frame; this draws the same nodes and edges without it, as the map
//! does, and makes nodes widgets for the keyboard and screen readers.

use std::sync::Arc;

use egui::{
    EventFilter, Id, Key, Modifiers, Pos2, Rect, Response, Sense, Ui, Vec2, WidgetType, vec2,
};
use egui_graphs::{DisplayEdge, DisplayNode, DrawContext, Graph, MetadataFrame, SettingsStyle};
use petgraph::Directed;
use petgraph::stable_graph::{DefaultIx, EdgeIndex, NodeIndex};

use super::Selection;
use super::captions::Captions;
use super::collect::Collected;
use super::layout::{Layout, REST};
use super::tie::{Line, LineShape, distance};
use super::vertex::{Dot, DotShape, RADIUS, radius};
use crate::camera::{Camera, Reach};
use crate::format::as_f32;
use crate::theme::Palette;
use crate::widgets::{announce, focus_ring};

type Drawing = Graph<Dot, Line, Directed, DefaultIx, DotShape, LineShape>;

const REACH: Reach = Reach {
    zooms: 0.04..=4.0,
    max_fit: 1.3,
    margin: 34.0,
};
/// Pushes that one frame may reckon while the graph is laid out: some milliseconds.
const BUDGET: usize = 1_500_000;
/// More nodes than these are no widgets of their own; they can still be clicked, and walked to by the arrows.
const MAX_WIDGETS: usize = 400;
/// Below this zoom there is no room for names; only what is chosen or pointed at says its own.
const NAMES: f32 = 0.32;
/// Relationships say their type where they are so long on the screen.
const NAMED: f32 = 110.0;

/// The graph and the view of it.
#[derive(Debug)]
pub(super) struct Stage {
    graph: Drawing,
    layout: Layout,
    /// The layout has ended, and nodes stay where a person puts them.
    placed: bool,
    kinds: Vec<String>,
    /// Nodes by how many relationships they have, for captions where there is little room.
    order: Vec<usize>,
    camera: Camera,
    dragged: Option<NodeIndex>,
}

impl Stage {
    pub(super) fn new(found: &Collected, tints: &[usize]) -> Self {
        let mut graph = Drawing::new();
        for (vertex, tint) in found.vertices.iter().zip(tints) {
            graph.add_node(Dot {
                tint: *tint,
                caption: Arc::from(vertex.caption()),
                known: vertex.known,
                dim: false,
            });
        }
        for (tie, bend) in found.ties.iter().zip(bends(found)) {
            let (start, end) = (NodeIndex::new(tie.start), NodeIndex::new(tie.end));
            let loops = tie.start == tie.end;
            graph.add_edge(start, end, Line { bend, loops });
        }
        let ties = found.ties.iter().map(|it| (it.start, it.end)).collect();
        Self {
            graph,
            layout: Layout::new(found.vertices.len(), ties),
            placed: false,
            kinds: found.ties.iter().map(|it| it.kind.clone()).collect(),
            order: by_degree(found),
            camera: Camera::new(REACH),
            dragged: None,
        }
    }

    pub(super) fn fit(&mut self) {
        self.camera.fit();
    }

    /// Whether it is zoomed out so far that nodes do not say their names.
    pub(super) fn hides_names(&self) -> bool {
        self.camera.zoom < NAMES
    }

    pub(super) fn zoom_by(&mut self, factor: f32) {
        self.camera.zoom_by(factor);
    }

    /// Takes the colour off all labels but one.
    pub(super) fn focus(&mut self, tint: Option<usize>) {
        for node in self.nodes() {
            if let Some(node) = self.graph.node_mut(node) {
                let dot = node.payload_mut();
                dot.dim = tint.is_some_and(|it| it != dot.tint);
            }
        }
    }

    /// Brings a node into the middle.
    pub(super) fn show(&mut self, at: usize) {
        self.camera.show(self.place(NodeIndex::new(at)));
    }

    fn nodes(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        (0..self.graph.node_count()).map(NodeIndex::new)
    }

    fn edges(&self) -> impl Iterator<Item = EdgeIndex> + use<> {
        (0..self.graph.edge_count()).map(EdgeIndex::new)
    }

    /// Draws the graph; says what was chosen.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        (size, name): (Vec2, &str),
        selection: Selection,
    ) -> Option<Selection> {
        let (response, painter) = ui.allocate_painter(size, Sense::click_and_drag());
        announce(ui, &response, WidgetType::Panel, name);
        let palette = Palette::of(ui);
        painter.rect(
            response.rect,
            egui::CornerRadius::same(crate::theme::SMALL_RADIUS),
            palette.sunken,
            palette.rule(),
            egui::StrokeKind::Inside,
        );
        self.camera.room = response.rect;
        self.lay_out(ui);
        self.follow();
        self.navigate(ui, &response);
        self.select(selection);
        self.hover(ui, &response);
        self.draw(ui, &painter);
        let mut chosen = self.clicked(&response);
        chosen = self.widgets(ui, &response, selection).or(chosen);
        if ui.memory(|it| it.has_focus(response.id)) {
            chosen = self.keys(ui, response.id, selection).or(chosen);
        }
        focus_ring(ui, &response);
        chosen
    }

    /// Moves on with the layout, a bit a frame, until it ends; then no frame is asked for any more.
    fn lay_out(&mut self, ui: &Ui) {
        if self.placed {
            return;
        }
        self.layout.fill(self.camera.room.size());
        self.layout.run(BUDGET);
        self.placed = self.layout.is_done();
        let places: Vec<Pos2> = self.layout.places().collect();
        for (node, place) in self.nodes().zip(places) {
            if let Some(node) = self.graph.node_mut(node) {
                node.set_location(place);
            }
        }
        if !self.placed {
            ui.ctx().request_repaint();
        }
    }

    fn place(&self, node: NodeIndex) -> Pos2 {
        self.graph
            .node(node)
            .map_or(Pos2::ZERO, egui_graphs::Node::location)
    }

    /// Where a node stands on the screen.
    fn spot(&self, node: NodeIndex) -> Pos2 {
        self.camera.on_screen(self.place(node))
    }

    fn follow(&mut self) {
        if !self.camera.fits() {
            return;
        }
        let mut bounds = Rect::NOTHING;
        for node in self.nodes() {
            bounds.extend_with(self.place(node));
        }
        self.camera.follow(bounds.expand(RADIUS));
    }

    fn navigate(&mut self, ui: &Ui, response: &Response) {
        if response.drag_started() {
            let origin = ui.input(|it| it.pointer.press_origin());
            self.dragged = origin.and_then(|it| self.hit(it));
        }
        if response.dragged() {
            let moved = response.drag_delta();
            match self.dragged.and_then(|it| self.graph.node_mut(it)) {
                Some(node) => {
                    node.set_location(node.location() + moved / self.camera.zoom);
                    self.camera.hold();
                }
                None => self.camera.pan_by(moved),
            }
        }
        if response.drag_stopped() {
            self.dragged = None;
        }
        self.camera.wheel(ui, response);
    }

    fn select(&mut self, selection: Selection) {
        for node in self.nodes() {
            if let Some(it) = self.graph.node_mut(node) {
                it.set_selected(selection == Selection::Vertex(node.index()));
            }
        }
        for edge in self.edges() {
            if let Some(it) = self.graph.edge_mut(edge) {
                it.set_selected(selection == Selection::Tie(edge.index()));
            }
        }
    }

    fn hover(&mut self, ui: &Ui, response: &Response) {
        let pointer = response.hover_pos().filter(|_| response.contains_pointer());
        let under = pointer.and_then(|it| self.hit(it));
        for node in self.nodes() {
            if let Some(it) = self.graph.node_mut(node) {
                it.set_hovered(under == Some(node));
            }
        }
        if under.is_some() {
            ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
        }
    }

    /// The node at a place of the screen, the last drawn first.
    fn hit(&self, at: Pos2) -> Option<NodeIndex> {
        let reach = radius(self.camera.zoom) + 3.0;
        let mut nodes: Vec<NodeIndex> = self.nodes().collect();
        nodes.reverse();
        nodes
            .into_iter()
            .find(|it| self.spot(*it).distance(at) <= reach)
    }

    fn hit_tie(&self, at: Pos2) -> Option<EdgeIndex> {
        self.edges().find(|edge| {
            let ends = self.graph.edge_endpoints(*edge);
            let shape = self.graph.edge(*edge).map(egui_graphs::Edge::display);
            let near = ends.zip(shape).map(|((from, to), shape)| {
                let ends = (self.spot(from), self.spot(to));
                distance(&shape.curve(ends.0, ends.1, self.camera.zoom), at)
            });
            near.is_some_and(|it| it < 5.0)
        })
    }

    fn clicked(&self, response: &Response) -> Option<Selection> {
        let at = response
            .interact_pointer_pos()
            .filter(|_| response.clicked())?;
        response.request_focus();
        let node = self.hit(at).map(|it| Selection::Vertex(it.index()));
        let tie = || self.hit_tie(at).map(|it| Selection::Tie(it.index()));
        Some(node.or_else(tie).unwrap_or_default())
    }

    fn draw(&mut self, ui: &Ui, painter: &egui::Painter) {
        let mut meta = MetadataFrame::new(None);
        meta.zoom = self.camera.zoom;
        meta.pan = self.camera.pan;
        let ctx = DrawContext {
            ctx: ui.ctx(),
            painter,
            style: &SettingsStyle::default(),
            is_directed: true,
            meta: &meta,
        };
        for node in self.nodes() {
            if let Some(node) = self.graph.node_mut(node) {
                let props = node.props().clone();
                display(node).update(&props);
            }
        }
        let mut shapes = self.tie_shapes(&ctx);
        for node in self.nodes() {
            let is_seen = self
                .camera
                .room
                .expand(RADIUS * 2.0)
                .contains(self.spot(node));
            if let Some(node) = self.graph.node_mut(node).filter(|_| is_seen) {
                shapes.extend(display(node).shapes(&ctx));
            }
        }
        painter.extend(shapes);
        self.captions(painter, Palette::of(ui));
    }

    fn tie_shapes(&mut self, ctx: &DrawContext<'_>) -> Vec<egui::Shape> {
        let mut shapes = Vec::with_capacity(2 * self.graph.edge_count());
        for edge in self.edges() {
            let Some((from, to)) = self.graph.edge_endpoints(edge) else {
                continue;
            };
            let ends = (self.spot(from), self.spot(to));
            if !Rect::from_two_pos(ends.0, ends.1)
                .expand(40.0)
                .intersects(self.camera.room)
            {
                continue;
            }
            let ends = (self.graph.node(from).cloned(), self.graph.node(to).cloned());
            if let (Some(edge), (Some(from), Some(to))) = (self.graph.edge_mut(edge), ends) {
                let props = edge.props().clone();
                let drawn = drawn_edge(edge.display_mut());
                drawn.update(&props);
                shapes.extend(drawn.shapes(&from, &to, ctx));
            }
        }
        shapes
    }

    /// Names below the nodes, and types on long lines, as far as they cover neither each other nor a node.
    fn captions(&self, painter: &egui::Painter, palette: &Palette) {
        let mut captions = Captions::new(painter, self.camera.room);
        let size = Vec2::splat(2.0 * radius(self.camera.zoom));
        if !self.hides_names() {
            for center in self.nodes().map(|it| self.spot(it)) {
                if self.camera.room.contains(center) {
                    captions.keep_free(Rect::from_center_size(center, size));
                }
            }
        }
        self.node_captions(&mut captions, palette);
        self.tie_captions(&mut captions, palette);
    }

    fn node_captions(&self, captions: &mut Captions<'_>, palette: &Palette) {
        let below = vec2(0.0, radius(self.camera.zoom) + 9.0);
        let marked = self.order.iter().filter(|at| self.is_marked(**at));
        let others = self.order.iter().filter(|at| !self.is_marked(**at));
        let others = others.filter(|_| !self.hides_names());
        for at in marked.chain(others) {
            let Some(node) = self.graph.node(NodeIndex::new(*at)) else {
                continue;
            };
            let dot = node.payload();
            let is_marked = self.is_marked(*at);
            if is_marked || !dot.dim {
                let color = if dot.dim { palette.muted } else { palette.text };
                let middle = self.camera.on_screen(node.location()) + below;
                captions.write(middle, &dot.caption, color, is_marked);
            }
        }
    }

    fn tie_captions(&self, captions: &mut Captions<'_>, palette: &Palette) {
        for edge in self.edges() {
            let ends = self.graph.edge_endpoints(edge);
            let (Some((from, to)), Some(tie)) = (ends, self.graph.edge(edge)) else {
                continue;
            };
            if self.hides_names() && !tie.selected() {
                continue;
            }
            let ends = (self.spot(from), self.spot(to));
            if ends.0.distance(ends.1) > NAMED || tie.selected() {
                let middle = tie.display().middle(ends.0, ends.1, self.camera.zoom);
                let kind = self.kinds.get(edge.index()).map_or("", String::as_str);
                captions.write(middle, kind, palette.muted, tie.selected());
            }
        }
    }

    fn is_marked(&self, at: usize) -> bool {
        let node = self.graph.node(NodeIndex::new(at));
        node.is_some_and(|it| it.selected() || it.hovered())
    }

    /// Nodes in sight are widgets: reached by the Tab key, named for screen readers, chosen by Space or Enter.
    fn widgets(&self, ui: &Ui, stage: &Response, selection: Selection) -> Option<Selection> {
        let mut chosen = None;
        let size = Vec2::splat(2.0 * radius(self.camera.zoom));
        let is_seen = |at: &&usize| self.camera.room.contains(self.spot(NodeIndex::new(**at)));
        let seen = self.order.iter().filter(is_seen);
        for at in seen.take(MAX_WIDGETS) {
            let Some(node) = self.graph.node(NodeIndex::new(*at)) else {
                continue;
            };
            let rect = Rect::from_center_size(self.camera.on_screen(node.location()), size);
            let response = ui.interact(rect, stage.id.with(("node", *at)), Sense::click());
            response.widget_info(|| {
                let is_chosen = selection == Selection::Vertex(*at);
                let name = format!("Node {}", node.payload().caption);
                egui::WidgetInfo::selected(WidgetType::Button, true, is_chosen, name)
            });
            focus_ring(ui, &response);
            if response.clicked() {
                chosen = Some(Selection::Vertex(*at));
            }
        }
        chosen
    }

    /// Arrows walk to the nearest node that way; `+`, `-` and `0` zoom and fit; Escape lets go.
    fn keys(&mut self, ui: &Ui, id: Id, selection: Selection) -> Option<Selection> {
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|it| it.set_focus_lock_filter(id, filter));
        let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
        if pressed(Key::Plus) || pressed(Key::Equals) {
            self.zoom_by(1.2);
        }
        if pressed(Key::Minus) {
            self.zoom_by(1.0 / 1.2);
        }
        if pressed(Key::Num0) {
            self.fit();
        }
        if pressed(Key::Escape) {
            return Some(Selection::Nothing);
        }
        let ways = [
            (Key::ArrowLeft, vec2(-1.0, 0.0)),
            (Key::ArrowRight, vec2(1.0, 0.0)),
            (Key::ArrowUp, vec2(0.0, -1.0)),
            (Key::ArrowDown, vec2(0.0, 1.0)),
        ];
        let (_, way) = ways.into_iter().find(|(key, _)| pressed(*key))?;
        let next = self.next(selection, way)?;
        if !self.camera.shows(self.place(NodeIndex::new(next))) {
            self.show(next);
        }
        Some(Selection::Vertex(next))
    }

    fn next(&self, selection: Selection, way: Vec2) -> Option<usize> {
        let Selection::Vertex(from) = selection else {
            return self.order.first().copied();
        };
        let here = self.place(NodeIndex::new(from));
        let mut best: Option<(f32, usize)> = None;
        for node in self.nodes().filter(|it| it.index() != from) {
            let apart = self.place(node) - here;
            let along = apart.dot(way);
            if along < REST * 0.1 {
                continue;
            }
            // What lies aside counts as farther.
            let cost = along + 2.0 * (apart - way * along).length();
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, node.index()));
            }
        }
        best.map(|it| it.1)
    }
}

/// How each relationship is bent: those between the same nodes to both sides of the straight line.
fn bends(found: &Collected) -> Vec<f32> {
    let pair = |it: &super::collect::Tie| (it.start.min(it.end), it.start.max(it.end));
    let mut counts = std::collections::BTreeMap::new();
    for tie in &found.ties {
        *counts.entry(pair(tie)).or_insert(0_usize) += 1;
    }
    let mut seen = std::collections::BTreeMap::new();
    let bends = found.ties.iter().map(|tie| {
        let (at, of) = (
            seen.entry(pair(tie)).or_insert(0_usize),
            counts.get(&pair(tie)),
        );
        let bend = as_f32(*at) - (as_f32(of.copied().unwrap_or(1)) - 1.0) / 2.0;
        *at += 1;
        // The same side of the pair, whichever way the line runs.
        if tie.start > tie.end { -bend } else { bend }
    });
    bends.collect()
}

fn by_degree(found: &Collected) -> Vec<usize> {
    let mut degrees = vec![0_usize; found.vertices.len()];
    for tie in &found.ties {
        for end in [tie.start, tie.end] {
            if let Some(degree) = degrees.get_mut(end) {
                *degree += 1;
            }
        }
    }
    let mut order: Vec<usize> = (0..degrees.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(degrees.get(*at).copied()));
    order
}

/// The node's drawn form, with the edge's type said, which the trait leaves open.
fn display(
    node: &mut egui_graphs::Node<Dot, Line, Directed, DefaultIx, DotShape>,
) -> &mut impl DisplayNode<Dot, Line, Directed, DefaultIx> {
    node.display_mut()
}

fn drawn_edge(
    shape: &mut LineShape,
) -> &mut impl DisplayEdge<Dot, Line, Directed, DefaultIx, DotShape> {
    shape
}

//! The drawn map: an `egui_graphs` graph, panned, zoomed and dragged.
//!
//! `GraphView::show` asks for another frame in every frame, so the window would never sleep. The stage draws the same
//! graph, nodes and edges without it, and makes each card and label a widget, which keyboard and screen readers need.

use egui::{Id, Key, Pos2, Rect, Sense, Ui, Vec2, WidgetType};
use egui_graphs::{
    DisplayEdge as _, DisplayNode as _, DrawContext, Graph, MetadataFrame, SettingsStyle,
};
use petgraph::Directed;
use petgraph::stable_graph::{DefaultIx, EdgeIndex, NodeIndex};

use super::bundle::{BundleShape, Cable};
use super::card::CardShape;
use super::sketch::{Card, Sketch};
use super::{Selection, layout};
use crate::camera::{Camera, Reach};
use crate::widgets::{announce, focus_ring};
use parallax_core::human;

type FlowGraph = Graph<Card, Cable, Directed, DefaultIx, CardShape, BundleShape>;

const REACH: Reach = Reach {
    zooms: 0.3..=2.5,
    max_fit: 1.25,
    margin: 24.0,
};

/// The graph and the view of it.
#[derive(Debug)]
pub(super) struct Stage {
    graph: FlowGraph,
    camera: Camera,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            graph: FlowGraph::new(),
            camera: Camera::new(REACH),
        }
    }
}

impl Stage {
    pub(super) fn fit(&mut self) {
        self.camera.fit();
    }

    pub(super) fn zoom_by(&mut self, factor: f32) {
        self.camera.zoom_by(factor);
    }

    /// Takes new values; cards that were there stay where they are.
    pub(super) fn update(&mut self, sketch: &Sketch) {
        let same = self.graph.node_count() == sketch.cards.len()
            && self.graph.edge_count() == sketch.bundles.len()
            && self
                .nodes()
                .zip(&sketch.cards)
                .all(|(node, card)| self.is_card(node, card));
        if !same {
            self.build(sketch);
            return;
        }
        for (node, card) in self.nodes().zip(&sketch.cards).collect::<Vec<_>>() {
            if let Some(node) = self.graph.node_mut(node) {
                *node.payload_mut() = card.clone();
            }
        }
        for (edge, bundle) in self.edges().zip(&sketch.bundles).collect::<Vec<_>>() {
            if let Some(edge) = self.graph.edge_mut(edge) {
                edge.payload_mut().bundle = bundle.clone();
            }
        }
    }

    fn is_card(&self, node: NodeIndex, card: &Card) -> bool {
        let known = self.graph.node(node).map(egui_graphs::Node::payload);
        known.is_some_and(|it| it.store == card.store && it.rows.len() == card.rows.len())
    }

    fn nodes(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        let count = self.graph.node_count();
        (0..count).map(NodeIndex::new)
    }

    fn edges(&self) -> impl Iterator<Item = EdgeIndex> + use<> {
        let count = self.graph.edge_count();
        (0..count).map(EdgeIndex::new)
    }

    fn build(&mut self, sketch: &Sketch) {
        self.graph = FlowGraph::new();
        self.camera.fit();
        let places = layout::place(sketch);
        for (card, at) in sketch.cards.iter().zip(&places) {
            self.graph.add_node_with_location(card.clone(), *at);
        }
        for bundle in &sketch.bundles {
            let cable = Cable {
                bundle: bundle.clone(),
                leaves: layout::port(sketch, &places, bundle, layout::Side::Leaves),
                arrives: layout::port(sketch, &places, bundle, layout::Side::Arrives),
            };
            let (from, to) = (NodeIndex::new(bundle.from), NodeIndex::new(bundle.to));
            self.graph.add_edge(from, to, cable);
        }
    }

    /// Draws the map; says what was clicked.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        size: Vec2,
        selection: &Selection,
    ) -> Option<Selection> {
        let (response, painter) = ui.allocate_painter(size, Sense::click_and_drag());
        announce(ui, &response, WidgetType::Panel, "Map of stores and flows");
        self.camera.room = response.rect;
        self.follow();
        if response.dragged() {
            self.camera.pan_by(response.drag_delta());
        }
        self.camera.wheel(ui, &response);
        self.select(selection);
        self.draw(ui, &painter);
        let mut clicked = response.clicked().then_some(Selection::Nothing);
        clicked = self.label_widgets(ui).or(clicked);
        clicked = self.card_widgets(ui).or(clicked);
        if ui.input(|it| it.key_pressed(Key::Escape)) {
            clicked = Some(Selection::Nothing);
        }
        clicked
    }

    fn follow(&mut self) {
        if !self.camera.fits() {
            return;
        }
        let mut bounds = Rect::NOTHING;
        for node in self.nodes() {
            bounds |= self.card_rect(node);
        }
        self.camera.follow(bounds);
    }

    fn select(&mut self, selection: &Selection) {
        for node in self.nodes() {
            let chosen = *selection == Selection::Card(node.index());
            if let Some(node) = self.graph.node_mut(node) {
                node.set_selected(chosen);
            }
        }
        for edge in self.edges() {
            let chosen = *selection == Selection::Bundle(edge.index());
            if let Some(edge) = self.graph.edge_mut(edge) {
                edge.set_selected(chosen);
            }
        }
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
        self.draw_edges(&ctx);
        for node in self.nodes() {
            if let Some(node) = self.graph.node_mut(node) {
                painter.extend(display(node).shapes(&ctx));
            }
        }
    }

    fn draw_edges(&mut self, ctx: &DrawContext<'_>) {
        for edge in self.edges() {
            let Some((from, to)) = self.graph.edge_endpoints(edge) else {
                continue;
            };
            let ends = (self.graph.node(from).cloned(), self.graph.node(to).cloned());
            if let (Some(edge), (Some(from), Some(to))) = (self.graph.edge_mut(edge), ends) {
                let props = edge.props().clone();
                let drawn = drawn_edge(edge.display_mut());
                drawn.update(&props);
                ctx.painter.extend(drawn.shapes(&from, &to, ctx));
            }
        }
    }

    fn on_screen(&self, rect: Rect) -> Rect {
        let place = |at: Pos2| self.camera.on_screen(at);
        Rect::from_min_max(place(rect.min), place(rect.max))
    }

    fn card_rect(&self, node: NodeIndex) -> Rect {
        let node = self.graph.node(node);
        node.map_or(Rect::NOTHING, |it| {
            Rect::from_center_size(it.location(), layout::size(it.payload()))
        })
    }

    /// Every card can be reached by the keyboard, clicked, and dragged to where it shall stay.
    fn card_widgets(&mut self, ui: &Ui) -> Option<Selection> {
        let mut clicked = None;
        for node in self.nodes() {
            let rect = self.on_screen(self.card_rect(node));
            let Some(card) = self.graph.node_mut(node) else {
                continue;
            };
            let response = ui.interact(
                rect,
                Id::new(("card", node.index())),
                Sense::click_and_drag(),
            );
            announce(
                ui,
                &response,
                WidgetType::Button,
                &card_name(card.payload()),
            );
            focus_ring(ui, &response);
            card.set_hovered(response.hovered());
            if response.dragged() {
                let moved = card.location() + response.drag_delta() / self.camera.zoom;
                card.set_location(moved);
                self.camera.hold();
            }
            if response.clicked() {
                clicked = Some(Selection::Card(node.index()));
            }
        }
        clicked
    }

    fn label_widgets(&self, ui: &Ui) -> Option<Selection> {
        let mut clicked = None;
        for edge in self.edges() {
            let Some((from, to)) = self.graph.edge_endpoints(edge) else {
                continue;
            };
            let ends = (self.graph.node(from), self.graph.node(to));
            if let (Some(cable), (Some(from), Some(to))) = (self.graph.edge(edge), ends) {
                let label = cable.display().label(from.display(), to.display());
                let id = Id::new(("bundle", edge.index()));
                let response = ui.interact(self.on_screen(label), id, Sense::click());
                announce(
                    ui,
                    &response,
                    WidgetType::Button,
                    &cable.payload().bundle.name,
                );
                focus_ring(ui, &response);
                if response.clicked() {
                    clicked = Some(Selection::Bundle(edge.index()));
                }
            }
        }
        clicked
    }
}

/// The node's drawn form, with the edge's type said, which the trait leaves open.
fn display(
    node: &mut egui_graphs::Node<Card, Cable, Directed, DefaultIx, CardShape>,
) -> &mut impl egui_graphs::DisplayNode<Card, Cable, Directed, DefaultIx> {
    node.display_mut()
}

fn drawn_edge(
    shape: &mut BundleShape,
) -> &mut impl egui_graphs::DisplayEdge<Card, Cable, Directed, DefaultIx, CardShape> {
    shape
}

fn card_name(card: &Card) -> String {
    let source = if card.is_source {
        ", source of truth"
    } else {
        ""
    };
    let rows = human::plural(card.rows.len(), "dataset");
    format!(
        "Store {}: {}, {}{source}, {rows}",
        card.store, card.sign.word, card.about
    )
}

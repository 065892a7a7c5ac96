//! One result of a pane, and the faces that it can be looked at in.

use egui::{Ui, WidgetInfo, WidgetType};
use parallax_core::error::Error;
use parallax_core::store::Language;
use parallax_core::wire::{Page, Request, ResultHead, ResultId};

use super::graph::{GraphFace, holds_a_graph};
use super::grid::Grid;
use super::inspector;
use super::json::JsonText;
use super::tree::{Shown, Tree};
use crate::theme;
use crate::widgets::{caption, failure};

/// The room below a grid or a tree for the chosen cell.
const INSPECTOR: f32 = 108.0;
/// So many of the first rows are looked at for a graph.
const LOOKED_AT: usize = 50;

/// A way to look at a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Grid,
    Tree,
    Graph,
    Json,
}

impl Face {
    const ALL: [Self; 4] = [Self::Grid, Self::Tree, Self::Graph, Self::Json];

    fn name(self) -> &'static str {
        match self {
            Self::Grid => "Grid",
            Self::Tree => "Tree",
            Self::Graph => "Graph",
            Self::Json => "JSON",
        }
    }
}

/// A result in all its faces; they share the rows at hand.
#[derive(Debug)]
pub(super) struct ResultView {
    grid: Grid,
    tree: Tree,
    json: JsonText,
    graph: GraphFace,
    has_graph: bool,
}

impl ResultView {
    pub(super) fn new(id: ResultId, head: &ResultHead) -> Self {
        Self {
            grid: Grid::new(id, head),
            tree: Tree::default(),
            json: JsonText::default(),
            graph: GraphFace::default(),
            has_graph: false,
        }
    }

    pub(super) fn id(&self) -> ResultId {
        self.grid.id()
    }

    pub(super) fn rows(&self) -> u64 {
        self.grid.rows()
    }

    pub(super) fn grow(&mut self, head: &ResultHead) {
        self.grid.grow(head);
    }

    pub(super) fn take(&mut self, page: Page) {
        let width = page.batch.columns.len().max(1);
        let first = page.batch.cells.iter().take(LOOKED_AT * width);
        self.has_graph |= first.into_iter().any(holds_a_graph);
        self.grid.take(page);
    }

    pub(super) fn failed(&mut self, first: u64, error: Error) {
        self.grid.failed(first, error);
    }

    /// The face that suits the result, unless the person has chosen another one that it has.
    pub(super) fn face(&self, chosen: Option<Face>, language: Option<Language>) -> Face {
        let suits = match language {
            _ if self.has_graph => Face::Graph,
            Some(Language::Mql | Language::QueryDsl) => Face::Tree,
            _ => Face::Grid,
        };
        chosen.filter(|it| self.has(*it)).unwrap_or(suits)
    }

    fn has(&self, face: Face) -> bool {
        face != Face::Graph || self.has_graph
    }

    /// Lets the person choose a face; the one that was chosen now.
    pub(super) fn faces(&self, ui: &mut Ui, shown: Face, at: usize) -> Option<Face> {
        let mut chosen = None;
        if self.grid.columns().is_empty() {
            return None;
        }
        for face in Face::ALL.into_iter().filter(|it| self.has(*it)) {
            let response = ui.selectable_label(face == shown, face.name());
            response.widget_info(|| {
                let name = format!("{} of pane {at}", face.name());
                WidgetInfo::selected(WidgetType::SelectableLabel, true, face == shown, name)
            });
            if response.clicked() {
                chosen = Some(face);
            }
        }
        chosen
    }

    /// Draws the face, and below it what is chosen in it; returns the pages that it wants.
    pub(super) fn ui(&mut self, ui: &mut Ui, face: Face, at: usize) -> Vec<Request> {
        let room = ui.available_height();
        match face {
            Face::Grid => self.grid_ui(ui, room, at),
            Face::Tree => self.tree_ui(ui, room, at),
            Face::Graph => {
                self.trouble(ui);
                let name = format!("graph of pane {at}");
                self.graph.ui(ui, self.grid.pages_mut(), room, &name)
            }
            Face::Json => {
                self.trouble(ui);
                let columns = self.grid.columns().to_vec();
                let shown = Shown {
                    id: self.grid.id(),
                    columns: &columns,
                    rows: self.grid.rows(),
                };
                let name = format!("JSON of pane {at}");
                self.json.ui(ui, shown, self.grid.pages_mut(), room, &name)
            }
        }
    }

    fn grid_ui(&mut self, ui: &mut Ui, room: f32, at: usize) -> Vec<Request> {
        let inspected = self.grid.selected().is_some();
        let height = if inspected {
            (room - INSPECTOR).max(80.0)
        } else {
            room
        };
        let wanted = self.grid.ui(ui, height, &format!("Result of pane {at}"));
        if let Some(cell) = self.grid.selected() {
            ui.add_space(theme::HALF_GAP);
            inspector::ui(ui, &cell);
        }
        wanted
    }

    fn tree_ui(&mut self, ui: &mut Ui, room: f32, at: usize) -> Vec<Request> {
        self.trouble(ui);
        let columns = self.grid.columns().to_vec();
        let shown = Shown {
            id: self.grid.id(),
            columns: &columns,
            rows: self.grid.rows(),
        };
        if shown.rows == 0 {
            caption(ui, "no rows");
            return Vec::new();
        }
        let inspected = self.tree.selected(&columns, self.grid.pages()).is_some();
        let height = if inspected {
            (room - INSPECTOR).max(80.0)
        } else {
            room
        };
        let name = format!("tree of pane {at}");
        let pages = self.grid.pages_mut();
        let wanted = self.tree.ui(ui, shown, pages, height, &name);
        if let Some(node) = self.tree.selected(&columns, self.grid.pages()) {
            ui.add_space(theme::HALF_GAP);
            inspector::ui(ui, &node.for_the_inspector());
        }
        wanted
    }

    /// Rows that could not be had, and a way to ask again.
    fn trouble(&mut self, ui: &mut Ui) {
        let Some(error) = self.grid.pages().error().cloned() else {
            return;
        };
        failure(ui, &error);
        if ui.button("Ask for the rows again").clicked() {
            self.grid.pages_mut().retry();
        }
    }
}

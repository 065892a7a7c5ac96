//! A result as a graph: its nodes and relationships drawn, coloured by label, the chosen one told below.

use egui::{RichText, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};
use parallax_core::human;
use parallax_core::value::Value;
use parallax_core::wire::Request;

use super::pages::Pages;
use crate::theme::{self, Palette};
use crate::widgets::{caption, named_button};

mod captions;
mod collect;
mod layout;
mod stage;
mod tie;
mod vertex;

use collect::Collected;
pub(super) use collect::holds_a_graph;
use stage::Stage;

/// The first rows of a result are drawn, up to so many.
const MAX_ROWS: u64 = 5_000;
/// The room below the drawing for what is chosen.
const INSPECTOR: f32 = 112.0;
/// From this width on, properties and relationships stand beside each other.
const WIDE: f32 = 420.0;
/// More relationships of a node are not listed.
const MAX_LISTED: usize = 40;

/// What is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Selection {
    #[default]
    Nothing,
    Vertex(usize),
    Tie(usize),
}

/// The drawing of a result, made anew when more rows have come.
#[derive(Debug, Default)]
pub(super) struct GraphFace {
    found: Collected,
    stage: Option<Stage>,
    labels: Vec<(String, usize)>,
    made_of: Option<u64>,
    selection: Selection,
    focus: Option<usize>,
}

impl GraphFace {
    /// Draws the graph; returns the pages that it wants.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        pages: &mut Pages,
        height: f32,
        name: &str,
    ) -> Vec<Request> {
        let wanted = pages.wanted(0..pages.rows().min(MAX_ROWS));
        if pages.is_complete_to(MAX_ROWS) || self.stage.is_none() {
            self.renew(pages);
        }
        let top = ui.cursor().top();
        self.tools(ui, pages, name);
        let used = ui.cursor().top() - top;
        let inspector = if self.selection == Selection::Nothing {
            0.0
        } else {
            INSPECTOR
        };
        let room = (height - used - inspector).max(80.0);
        let size = vec2(ui.available_width(), room);
        let chosen = match &mut self.stage {
            Some(stage) => stage.ui(ui, (size, name), self.selection),
            None => None,
        };
        if let Some(chosen) = chosen {
            self.selection = chosen;
        }
        if self.selection != Selection::Nothing {
            self.inspector(ui);
        }
        wanted
    }

    /// Collects again where rows came since; the same graph keeps its places.
    fn renew(&mut self, pages: &Pages) {
        if self.made_of == Some(pages.version()) {
            return;
        }
        self.made_of = Some(pages.version());
        let mut found = Collected::default();
        for (_, cells) in pages.rows_at_hand().take_while(|(row, _)| *row < MAX_ROWS) {
            for it in cells {
                found.take(it);
            }
        }
        if found.vertices == self.found.vertices && found.ties == self.found.ties {
            return;
        }
        self.labels = found.labels();
        let tint = |label: &str| self.labels.iter().position(|it| it.0 == label).unwrap_or(0);
        let tints: Vec<usize> = found.vertices.iter().map(|it| tint(it.label())).collect();
        self.stage = Some(Stage::new(&found, &tints));
        self.found = found;
        self.selection = Selection::Nothing;
        self.focus = None;
    }

    fn tools(&mut self, ui: &mut Ui, pages: &Pages, name: &str) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::HALF_GAP;
            if let Some(stage) = &mut self.stage {
                if named_button(ui, "−", &format!("Zoom out of {name}")) {
                    stage.zoom_by(1.0 / 1.2);
                }
                if named_button(ui, "+", &format!("Zoom into {name}")) {
                    stage.zoom_by(1.2);
                }
                if named_button(ui, "Fit", &format!("Fit {name}")) {
                    stage.fit();
                }
            }
            self.legend(ui);
            caption(ui, self.said(pages));
        });
    }

    /// Each label with its colour, its form and its number; a click leaves only that one in colour.
    fn legend(&mut self, ui: &mut Ui) {
        let mut clicked = None;
        for (at, (label, count)) in self.labels.iter().enumerate() {
            let palette = Palette::of(ui);
            let text = format!("{label} {}", human::count(*count as u64));
            let font = theme::font(theme::CAPTION);
            let galley = ui
                .painter()
                .layout_no_wrap(text.clone(), font, palette.text);
            let size = vec2(galley.size().x + 28.0, 24.0);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            let is_chosen = self.focus == Some(at);
            response.widget_info(|| {
                let name = format!("Label {text}");
                WidgetInfo::selected(WidgetType::SelectableLabel, true, is_chosen, name)
            });
            let fill = if is_chosen {
                palette.accent_soft
            } else if response.hovered() {
                palette.hover
            } else {
                palette.surface
            };
            ui.painter().rect_filled(rect, theme::SMALL_RADIUS, fill);
            let mark = rect.left_center() + vec2(12.0, 0.0);
            let line = egui::Stroke::NONE;
            ui.painter()
                .add(vertex::form(at, mark, 6.0, palette.series(at), line));
            let place = rect.left_center() + vec2(23.0, -galley.size().y / 2.0);
            ui.painter().galley(place, galley, palette.text);
            crate::widgets::focus_ring(ui, &response);
            if response.clicked() {
                clicked = Some(at);
            }
        }
        if let Some(at) = clicked {
            self.focus = (self.focus != Some(at)).then_some(at);
            if let Some(stage) = &mut self.stage {
                stage.focus(self.focus);
            }
        }
    }

    fn said(&self, pages: &Pages) -> String {
        let ties = human::plural(self.found.ties.len() as u64, "relationship");
        let mut said = ties;
        if self.found.is_cut {
            let (nodes, ties) = (collect::MAX_VERTICES, collect::MAX_TIES);
            let (nodes, ties) = (human::count(nodes as u64), human::count(ties as u64));
            said += &format!(
                " · there are more than {nodes} nodes or {ties} relationships; limit the statement"
            );
        } else if pages.rows() > MAX_ROWS {
            said += &format!(" · of the first {} rows", human::count(MAX_ROWS));
        }
        if self.stage.as_ref().is_some_and(Stage::hides_names) {
            said += " · zoom in for names";
        }
        said
    }

    /// What is chosen, with all its properties, and where its relationships lead.
    fn inspector(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        ui.add_space(theme::HALF_GAP);
        let frame = egui::Frame::new()
            .fill(palette.sunken)
            .corner_radius(egui::CornerRadius::same(theme::SMALL_RADIUS))
            .inner_margin(egui::Margin::symmetric(8, 6));
        let mut next = None;
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            ScrollArea::vertical()
                .id_salt("graph inspector")
                .max_height(INSPECTOR - 24.0)
                .auto_shrink([false, true])
                .show(ui, |ui| next = self.about(ui));
        });
        if let Some(at) = next {
            self.selection = Selection::Vertex(at);
            if let Some(stage) = &mut self.stage {
                stage.show(at);
            }
        }
    }

    /// Tells of the selection; the node that a relationship's button leads to.
    fn about(&self, ui: &mut Ui) -> Option<usize> {
        match self.selection {
            Selection::Nothing => None,
            Selection::Vertex(at) => {
                let vertex = self.found.vertices.get(at)?;
                let labels = if vertex.known {
                    vertex.labels.join(", ")
                } else {
                    "not in the result, only named by a relationship".to_owned()
                };
                head(ui, &vertex.caption(), &labels, &vertex.id);
                if ui.available_width() < WIDE {
                    properties(ui, &vertex.properties);
                    return self.neighbours(ui, at);
                }
                ui.columns(2, |columns| {
                    let [left, right] = columns else {
                        return None;
                    };
                    properties(left, &vertex.properties);
                    self.neighbours(right, at)
                })
            }
            Selection::Tie(at) => {
                let tie = self.found.ties.get(at)?;
                let ends = [tie.start, tie.end].map(|it| self.found.vertices.get(it));
                let [start, end] =
                    ends.map(|it| it.map_or_else(String::new, collect::Vertex::caption));
                head(ui, &tie.kind, &format!("{start} → {end}"), &tie.id);
                properties(ui, &tie.properties);
                None
            }
        }
    }

    fn neighbours(&self, ui: &mut Ui, at: usize) -> Option<usize> {
        let ties = self.found.ties.iter();
        let mut ties = ties.filter(|it| it.start == at || it.end == at);
        let mut next = None;
        ui.horizontal_wrapped(|ui| {
            for tie in ties.by_ref().take(MAX_LISTED) {
                let (other, arrow) = if tie.start == at {
                    (tie.end, "→")
                } else {
                    (tie.start, "←")
                };
                let name = self.found.vertices.get(other).map(collect::Vertex::caption);
                let text = format!("{} {arrow} {}", tie.kind, name.unwrap_or_default());
                if ui.small_button(text).clicked() {
                    next = Some(other);
                }
            }
            let more = ties.count() as u64;
            if more > 0 {
                caption(ui, format!("and {} more", human::count(more)));
            }
        });
        next
    }
}

fn head(ui: &mut Ui, name: &str, about: &str, id: &str) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(name).color(palette.text).strong());
        caption(ui, about);
        caption(ui, format!("· {id}"));
    });
}

fn properties(ui: &mut Ui, properties: &[(String, Value)]) {
    let palette = Palette::of(ui);
    for (name, value) in properties {
        ui.horizontal_top(|ui| {
            let font = theme::mono(theme::MONO);
            ui.label(
                RichText::new(format!("{name}:"))
                    .font(font.clone())
                    .color(palette.muted),
            );
            let text = RichText::new(value.to_string())
                .font(font)
                .color(palette.text);
            ui.add(egui::Label::new(text).wrap().selectable(true));
            caption(ui, value.type_name());
        });
    }
}

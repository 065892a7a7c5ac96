//! One line of the tree as it is drawn.

use egui::accesskit::Role;
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Id, Sense, Shape, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};
use parallax_core::human;
use parallax_core::store::Column;
use parallax_core::value::Value;
use parallax_core::wire::ResultId;

use super::super::lines::Place;
use super::node::{self, Content, Line, Path};
use crate::format::as_f32;
use crate::theme::{self, Palette};

const INDENT: f32 = 16.0;

/// Where a line is drawn, and what is known of it.
#[derive(Debug)]
pub(super) struct Drawn<'t> {
    pub(super) row: u64,
    pub(super) id: ResultId,
    pub(super) place: Place,
    pub(super) chosen: Option<&'t (u64, Path)>,
    /// What is searched, in lower case; empty where nothing is.
    pub(super) wanted: &'t str,
}

/// What came of drawing it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) clicked: bool,
    pub(super) width: f32,
}

impl Drawn<'_> {
    /// A row that is closed, or whose cells have not come yet.
    pub(super) fn closed(&self, ui: &Ui, columns: &[Column], cells: Option<&[Value]>) -> Answer {
        let palette = Palette::of(ui);
        let name = format!("row {}", human::count(self.row + 1));
        let about = cells.map_or_else(|| "…".to_owned(), |it| node::summary(columns, it));
        let mut job = LayoutJob::default();
        self.write(&mut job, &name, palette.text);
        self.write(&mut job, &format!("  {about}"), palette.muted);
        let label = format!("{name} {about}");
        let path = Path::default();
        self.draw(ui, (0, &path), job, &label, cells.map(|_| false))
    }

    pub(super) fn line(&self, ui: &Ui, line: &Line) -> Answer {
        let palette = Palette::of(ui);
        let mut job = LayoutJob::default();
        let (text, color) = match &line.content {
            Content::Text(text) => (text.as_str(), palette.string),
            Content::Number(text) => (text.as_str(), palette.number),
            Content::Null => ("null", palette.muted),
            Content::Other(text) => (text.as_str(), palette.parameter),
            Content::Branch { about, .. } => (about.as_str(), palette.muted),
        };
        let is_branch = matches!(line.content, Content::Branch { .. });
        let separator = if is_branch { " " } else { ": " };
        self.write(&mut job, &line.name, palette.text);
        self.write(&mut job, separator, palette.muted);
        self.write(&mut job, text, color);
        if let Some(kind) = line.kind {
            let caption = TextFormat::simple(theme::font(theme::CAPTION), palette.muted);
            job.append(kind, 10.0, caption);
        }
        let open = match &line.content {
            Content::Branch { open, .. } => Some(*open),
            _ => None,
        };
        let label = format!("{}{separator}{text}", line.name);
        self.draw(ui, (line.depth, &line.path), job, label.trim_end(), open)
    }

    /// Appends a text with what is searched in it marked.
    fn write(&self, job: &mut LayoutJob, text: &str, color: Color32) {
        let plain = TextFormat::simple(theme::mono(theme::MONO), color);
        let lower = text.to_lowercase();
        let found = if self.wanted.is_empty() || lower.len() != text.len() {
            None
        } else {
            lower.find(self.wanted)
        };
        let (before, rest) = text
            .split_at_checked(found.unwrap_or(text.len()))
            .unwrap_or((text, ""));
        let (marked, after) = rest
            .split_at_checked(self.wanted.len())
            .unwrap_or((rest, ""));
        job.append(before, 0.0, plain.clone());
        if found.is_some() {
            let mut strong = plain.clone();
            strong.underline = Stroke::new(1.5, color);
            job.append(marked, 0.0, strong);
            job.append(after, 0.0, plain);
        }
    }

    fn draw(
        &self,
        ui: &Ui,
        (depth, path): (usize, &Path),
        job: LayoutJob,
        label: &str,
        open: Option<bool>,
    ) -> Answer {
        let palette = Palette::of(ui);
        let rect = self.place.rect;
        let id = Id::new(("line", self.id, self.row, path));
        let response = ui.interact(rect, id, Sense::CLICK);
        let chosen = self
            .chosen
            .is_some_and(|(row, it)| *row == self.row && it == path);
        response.widget_info(|| WidgetInfo::selected(WidgetType::Other, true, chosen, label));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_role(Role::TreeItem);
            if let Some(open) = open {
                node.set_expanded(open);
            }
        });
        if chosen {
            ui.painter().rect_filled(rect, 2.0, palette.accent_soft);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, 2.0, palette.hover);
        }
        let left = self.place.left + INDENT * as_f32(depth);
        if let Some(open) = open {
            ui.painter().add(arrow(
                pos2(left + 5.0, rect.center().y),
                open,
                palette.muted,
            ));
        }
        let galley = ui.painter().layout_job(job);
        let at = pos2(left + 14.0, rect.center().y - galley.size().y / 2.0);
        let width = at.x + galley.size().x - self.place.left;
        ui.painter().galley(at, galley, palette.text);
        Answer {
            clicked: response.clicked(),
            width,
        }
    }
}

fn arrow(center: egui::Pos2, open: bool, color: Color32) -> Shape {
    let points = if open {
        [vec2(-4.0, -2.5), vec2(4.0, -2.5), vec2(0.0, 3.0)]
    } else {
        [vec2(-2.5, -4.0), vec2(3.0, 0.0), vec2(-2.5, 4.0)]
    };
    let points = points.map(|it| center + it).to_vec();
    Shape::convex_polygon(points, color, Stroke::NONE)
}

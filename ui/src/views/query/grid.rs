//! The grid: any number of rows, of which only the visible ones are built.
//!
//! It scrolls by rows in 64 bits, not by points in 32, so that a row far down stands as still as the first.

use egui::{
    Align2, CornerRadius, CursorIcon, Id, Rect, Response, Sense, Ui, UiBuilder, WidgetInfo,
    WidgetType, pos2, vec2,
};
use parallax_core::error::Error;
use parallax_core::human;
use parallax_core::store::{Batch, Column};
use parallax_core::wire::{Page, Request, ResultHead, ResultId};

use super::inspector::Chosen;
use super::pages::Pages;
use crate::format;
use crate::format::as_f32;
use crate::theme::{self, Palette};
use crate::widgets::{caption, failure};

mod cell;
mod keys;

use super::scroll::{self, Scroll};

pub(super) const ROW: f32 = 24.0;
const HEAD: f32 = 42.0;
const MIN_WIDTH: f32 = 40.0;
/// One result: its columns, the rows at hand, and what of it is shown.
#[derive(Debug)]
pub(super) struct Grid {
    id: ResultId,
    columns: Vec<Column>,
    widths: Vec<f32>,
    pages: Pages,
    scroll: Scroll,
    chosen: Option<(u64, usize)>,
    fitted: bool,
}

impl Grid {
    pub(super) fn new(id: ResultId, head: &ResultHead) -> Self {
        Self {
            id,
            columns: head.columns.clone(),
            widths: head.columns.iter().map(first_width).collect(),
            pages: Pages::new(id, head.rows),
            scroll: Scroll::default(),
            chosen: None,
            fitted: false,
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.pages.rows()
    }

    pub(super) fn id(&self) -> ResultId {
        self.id
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows at hand, for the other faces of the result.
    pub(super) fn pages(&self) -> &Pages {
        &self.pages
    }

    pub(super) fn pages_mut(&mut self) -> &mut Pages {
        &mut self.pages
    }

    pub(super) fn grow(&mut self, head: &ResultHead) {
        self.pages.grow(head.rows);
        if self.columns != head.columns {
            self.columns.clone_from(&head.columns);
            self.widths = head.columns.iter().map(first_width).collect();
        }
    }

    /// The first rows that come decide how wide the columns begin.
    pub(super) fn take(&mut self, page: Page) {
        if !self.fitted {
            self.fitted = page.batch.rows > 0;
            self.fit(&page.batch);
        }
        self.pages.take(page);
    }

    fn fit(&mut self, batch: &Batch) {
        let columns = batch.columns.len().max(1);
        for (at, cell) in batch.cells.iter().take(columns * 50).enumerate() {
            let letters = cell.to_string().chars().take(42).count();
            if let Some(width) = self.widths.get_mut(at % columns) {
                *width = width.max(as_f32(letters) * 7.6 + 18.0);
            }
        }
    }

    pub(super) fn failed(&mut self, first: u64, error: Error) {
        self.pages.failed(first, error);
    }

    /// The cell for the inspector.
    pub(super) fn selected(&self) -> Option<Chosen<'_>> {
        let (row, at) = self.chosen?;
        let column = self.columns.get(at)?;
        Some(Chosen {
            column: &column.name,
            declared: &column.type_name,
            row,
            value: self.pages.cell(row, at),
        })
    }

    /// Draws the grid; returns the pages that it wants.
    pub(super) fn ui(&mut self, ui: &mut Ui, height: f32, name: &str) -> Vec<Request> {
        if let Some(error) = self.pages.error().cloned() {
            failure(ui, &error);
            if ui.button("Ask for the rows again").clicked() {
                self.pages.retry();
            }
        }
        if self.columns.is_empty() {
            caption(ui, "The statement returned no columns.");
            return Vec::new();
        }
        let size = vec2(ui.available_width(), height.max(HEAD + ROW));
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let id = Id::new(("grid", self.id));
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Panel, true, name));
        let builder = UiBuilder::new().max_rect(rect).id_salt(id);
        let shown = self.draw(&mut ui.new_child(builder), rect, &response);
        self.pages.wanted(shown)
    }

    fn draw(&mut self, ui: &mut Ui, rect: Rect, response: &Response) -> std::ops::Range<u64> {
        let palette = Palette::of(ui);
        let radius = CornerRadius::same(theme::SMALL_RADIUS);
        ui.painter().rect(
            rect,
            radius,
            palette.surface,
            palette.rule(),
            egui::StrokeKind::Inside,
        );
        let body = self.body(rect);
        let room = vec2(body.width() - self.gutter(), body.height());
        let wide: f32 = self.widths.iter().sum();
        self.scroll.lay_out(self.rows(), room, wide);
        self.scroll.wheel(ui, rect);
        if response.clicked() {
            response.request_focus();
        }
        if ui.memory(|it| it.has_focus(response.id)) {
            self.keys(ui, response.id);
        }
        ui.set_clip_rect(ui.clip_rect().intersect(rect));
        let shown = self.scroll.visible();
        let clip = ui.clip_rect();
        ui.set_clip_rect(clip.intersect(body));
        for row in shown.clone() {
            self.row(ui, body, row, response.id);
        }
        ui.set_clip_rect(clip);
        self.header(
            ui,
            Rect::from_min_max(rect.min, pos2(rect.right(), body.top())),
        );
        self.scroll.bars(
            ui,
            body.with_min_x(body.left() + self.gutter()),
            response.id,
        );
        crate::widgets::focus_ring(ui, response);
        shown
    }

    /// Below the header, and beside the scroll bars where there are some.
    fn body(&self, rect: Rect) -> Rect {
        let all = Rect::from_min_max(rect.min + vec2(0.0, HEAD), rect.max);
        let wide: f32 = self.widths.iter().sum();
        let below = if wide + self.gutter() > all.width() {
            scroll::BAR
        } else {
            0.0
        };
        let beside = if format::as_f64(self.rows()) > f64::from((all.height() - below) / ROW) {
            scroll::BAR
        } else {
            0.0
        };
        Rect::from_min_max(all.min, all.max - vec2(beside, below))
    }

    /// Room for the row numbers.
    fn gutter(&self) -> f32 {
        let digits = human::count(self.rows()).len();
        (as_f32(digits) * 6.5 + 16.0).max(36.0)
    }

    fn left_of(&self, column: usize) -> f32 {
        let before: f32 = self.widths.iter().take(column).sum();
        self.gutter() + before - self.scroll.left()
    }

    fn header(&mut self, ui: &mut Ui, rect: Rect) {
        let palette = Palette::of(ui);
        let radius = CornerRadius {
            nw: theme::SMALL_RADIUS,
            ne: theme::SMALL_RADIUS,
            sw: 0,
            se: 0,
        };
        ui.painter()
            .rect_filled(rect.shrink(1.0), radius, palette.sunken);
        ui.painter()
            .hline(rect.x_range(), rect.bottom(), palette.rule());
        let corner = rect.with_max_x(rect.left() + self.gutter());
        let font = theme::font(theme::CAPTION);
        let clip = ui.clip_rect();
        ui.set_clip_rect(clip.intersect(rect.with_min_x(corner.right())));
        for at in 0..self.columns.len() {
            self.heading(ui, rect, at);
        }
        ui.set_clip_rect(clip);
        ui.painter().text(
            corner.center(),
            Align2::CENTER_CENTER,
            "row",
            font,
            palette.muted,
        );
    }

    fn heading(&mut self, ui: &mut Ui, rect: Rect, at: usize) {
        let (Some(column), Some(width)) = (self.columns.get(at), self.widths.get(at).copied())
        else {
            return;
        };
        let palette = Palette::of(ui);
        let left = rect.left() + self.left_of(at);
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        if !cell.intersects(rect) {
            return;
        }
        let id = Id::new(("heading", self.id, at));
        let response = ui.interact(cell, id, Sense::hover());
        let name = format!("Column {} {}", column.name, column.type_name);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, name.trim()));
        let room = width - 14.0;
        cell::line(
            ui,
            pos2(left + 8.0, rect.top() + 5.0),
            &column.name,
            theme::font(theme::BODY),
            palette.text,
            room,
        );
        let kind = if column.type_name.is_empty() {
            "–"
        } else {
            &column.type_name
        };
        cell::line(
            ui,
            pos2(left + 8.0, rect.top() + 22.0),
            kind,
            theme::font(theme::CAPTION),
            palette.muted,
            room,
        );
        ui.painter()
            .vline(cell.right(), cell.y_range(), palette.rule());
        self.resize(ui, cell, at);
    }

    fn resize(&mut self, ui: &Ui, cell: Rect, at: usize) {
        let handle = Rect::from_center_size(
            pos2(cell.right(), cell.center().y),
            vec2(8.0, cell.height()),
        );
        let id = Id::new(("resize", self.id, at));
        let response = ui
            .interact(handle, id, Sense::drag())
            .on_hover_cursor(CursorIcon::ResizeColumn);
        if let Some(width) = self.widths.get_mut(at).filter(|_| response.dragged()) {
            *width = (*width + response.drag_delta().x).max(MIN_WIDTH);
        }
    }

    fn row(&mut self, ui: &mut Ui, body: Rect, row: u64, grid: Id) {
        let palette = Palette::of(ui);
        let top = body.top() + self.scroll.top_of(row);
        let line_rect = Rect::from_min_size(pos2(body.left(), top), vec2(body.width(), ROW));
        ui.painter()
            .hline(line_rect.x_range(), line_rect.bottom(), palette.rule());
        let clip = ui.clip_rect();
        ui.set_clip_rect(clip.intersect(body.with_min_x(body.left() + self.gutter())));
        for at in 0..self.columns.len() {
            self.cell(ui, line_rect, (row, at), grid);
        }
        ui.set_clip_rect(clip);
        let number = line_rect.with_max_x(body.left() + self.gutter());
        let right = pos2(number.right() - 8.0, number.center().y);
        let font = theme::font(theme::CAPTION);
        ui.painter().text(
            right,
            Align2::RIGHT_CENTER,
            human::count(row + 1),
            font,
            palette.muted,
        );
    }

    fn cell(&mut self, ui: &mut Ui, line_rect: Rect, place: (u64, usize), grid: Id) {
        let (row, at) = place;
        let width = self.widths.get(at).copied().unwrap_or(MIN_WIDTH);
        let left = line_rect.left() + self.left_of(at);
        let rect = Rect::from_min_size(pos2(left, line_rect.top()), vec2(width, ROW));
        if !rect.intersects(ui.clip_rect()) {
            return;
        }
        let response = ui.interact(rect, Id::new(("cell", self.id, row, at)), Sense::CLICK);
        if response.clicked() {
            self.chosen = Some(place);
            ui.memory_mut(|it| it.request_focus(grid));
        }
        let chosen = self.chosen == Some(place);
        let value = self.pages.cell(row, at);
        let name = self.columns.get(at).map_or("", |it| it.name.as_str());
        cell::announce(&response, ui, (name, row), value, chosen);
        cell::paint(ui, rect, value, chosen);
    }
}

/// A first guess by the name; the first rows and a person may widen it.
fn first_width(column: &Column) -> f32 {
    let letters = column
        .name
        .chars()
        .count()
        .max(column.type_name.chars().count());
    (as_f32(letters) * 7.5 + 22.0).clamp(64.0, 320.0)
}

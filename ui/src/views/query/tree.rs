//! A result as documents: every row a tree of members and items, of which only the visible lines are built.

use std::collections::{BTreeMap, BTreeSet};

use egui::{EventFilter, Id, Key, Modifiers, Ui};
use parallax_core::store::Column;
use parallax_core::value::Value;
use parallax_core::wire::{Request, ResultId};

use super::folds::Folds;
use super::inspector::Chosen;
use super::lines::{Lines, Sheet};
use super::pages::Pages;

mod line;
mod node;
mod search;

use line::Drawn;
use node::{Line, Path, lines_of};
use search::Search;

/// A result of so few rows begins with all of them open.
const FEW: u64 = 3;

/// What is open, and what is chosen.
#[derive(Debug, Default)]
pub(super) struct Tree {
    open: BTreeSet<(u64, Path)>,
    /// The lines of open rows, made when their cells are at hand.
    made: BTreeMap<u64, Vec<Line>>,
    folds: Folds,
    lines: Lines,
    chosen: Option<(u64, Path)>,
    search: Search,
    begun: bool,
    wide: f32,
}

/// The result that the tree shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'r> {
    pub(super) id: ResultId,
    pub(super) columns: &'r [Column],
    pub(super) rows: u64,
}

impl Tree {
    /// The chosen value, for the inspector.
    pub(super) fn selected<'v>(
        &self,
        columns: &'v [Column],
        pages: &'v Pages,
    ) -> Option<ChosenNode<'v>> {
        let (row, path) = self.chosen.as_ref()?;
        let cells = pages.row(*row)?;
        let value = node::find(cells, path)?;
        let at = path.first_member()?;
        Some(ChosenNode {
            name: node::spelled(columns, cells, path),
            declared: columns.get(at).map_or("", |it| &it.type_name),
            row: *row,
            value,
        })
    }

    /// Draws the tree; returns the pages that it wants.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        shown: Shown<'_>,
        pages: &mut Pages,
        height: f32,
        name: &str,
    ) -> Vec<Request> {
        let top = ui.cursor().top();
        self.tools(ui, shown, pages, name);
        self.begin(shown, pages);
        self.make(shown, pages);
        let sheet = Sheet {
            id: Id::new(("tree", shown.id)),
            name,
            height: height - (ui.cursor().top() - top),
            lines: self.folds.lines(shown.rows),
            wide: self.wide,
        };
        let mut clicked = None;
        let mut wide = 0.0_f32;
        let (folds, made) = (&mut self.folds, &self.made);
        let (chosen, search) = (&self.chosen, &self.search);
        let response = self.lines.ui(ui, sheet, |ui, place| {
            let (row, within) = folds.locate(place.line);
            let drawn = Drawn {
                row,
                id: shown.id,
                place,
                chosen: chosen.as_ref(),
                wanted: search.text(),
            };
            let line = made
                .get(&row)
                .and_then(|it| it.get(usize::try_from(within).ok()?));
            let answer = match line {
                Some(line) => drawn.line(ui, line),
                None => drawn.closed(ui, shown.columns, pages.row(row)),
            };
            wide = wide.max(answer.width);
            if answer.clicked {
                clicked = Some((row, line.map_or_else(Path::default, |it| it.path.clone())));
            }
        });
        self.wide = self.wide.max(wide);
        if let Some(clicked) = clicked {
            response.request_focus();
            self.click(clicked, pages);
        }
        if ui.memory(|it| it.has_focus(response.id)) {
            self.keys(ui, response.id, shown, pages);
        }
        let visible = self.lines.visible();
        let last = self.folds.locate(visible.end).0;
        pages.wanted(self.folds.locate(visible.start).0..last.min(shown.rows))
    }

    fn tools(&mut self, ui: &mut Ui, shown: Shown<'_>, pages: &Pages, name: &str) {
        let found = self.search.ui(ui, shown.columns, pages, name);
        if let Some((row, path)) = found {
            self.reveal(row, &path, pages);
        }
    }

    /// Opens what leads to a place, chooses it and brings it into view.
    fn reveal(&mut self, row: u64, path: &Path, pages: &Pages) {
        for parent in path.parents() {
            self.open.insert((row, parent));
        }
        self.remake(row, pages);
        self.choose(row, path.clone());
    }

    fn choose(&mut self, row: u64, path: Path) {
        let lines = self.made.get(&row);
        let within = lines.and_then(|it| it.iter().position(|it| it.path == path));
        let line = self.folds.first_line(row) + within.map_or(0, |it| it as u64);
        self.lines.show_line(line);
        self.chosen = Some((row, path));
    }

    /// The first rows that come are open: all of a few, else the first alone.
    fn begin(&mut self, shown: Shown<'_>, pages: &Pages) {
        if self.begun || pages.row(0).is_none() {
            return;
        }
        self.begun = true;
        let rows = if shown.rows <= FEW { shown.rows } else { 1 };
        for row in 0..rows {
            if let Some(cells) = pages.row(row) {
                let small = node::small(cells);
                self.open.extend(small.into_iter().map(|it| (row, it)));
                self.open.insert((row, Path::default()));
            }
        }
    }

    /// Makes the lines of open rows whose cells have come.
    fn make(&mut self, shown: Shown<'_>, pages: &Pages) {
        let rows: BTreeSet<u64> = self
            .open
            .iter()
            .filter(|(_, path)| path.is_root())
            .map(|it| it.0)
            .filter(|it| !self.made.contains_key(it) && pages.row(*it).is_some())
            .collect();
        for row in rows {
            self.make_row(row, shown.columns, pages);
        }
    }

    fn make_row(&mut self, row: u64, columns: &[Column], pages: &Pages) {
        let Some(cells) = pages.row(row) else {
            return;
        };
        let open = |path: &Path| self.open.contains(&(row, path.clone()));
        let lines = lines_of(row, columns, cells, &open);
        self.folds.set(row, lines.len() as u64);
        self.made.insert(row, lines);
    }

    /// Lines that are out of date are made again in the next frame.
    fn remake(&mut self, row: u64, pages: &Pages) {
        self.made.remove(&row);
        self.folds.set(row, 1);
        let is_open = self.open.contains(&(row, Path::default()));
        if let (true, Some(columns)) = (is_open, pages.columns()) {
            self.make_row(row, &columns, pages);
        }
    }

    fn click(&mut self, (row, path): (u64, Path), pages: &Pages) {
        self.toggle(row, &path, pages);
        self.choose(row, path);
    }

    fn toggle(&mut self, row: u64, path: &Path, pages: &Pages) {
        let is_branch = pages.row(row).is_some_and(|it| node::is_branch(it, path));
        if !is_branch {
            return;
        }
        let at = (row, path.clone());
        if !self.open.remove(&at) {
            if let (true, Some(cells)) = (path.is_root(), pages.row(row)) {
                let small = node::small(cells);
                self.open.extend(small.into_iter().map(|it| (row, it)));
            }
            self.open.insert(at);
        }
        self.remake(row, pages);
    }

    fn keys(&mut self, ui: &Ui, id: Id, shown: Shown<'_>, pages: &Pages) {
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|it| it.set_focus_lock_filter(id, filter));
        let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
        let page = i64::from(self.lines.lines_that_fit());
        let steps = [
            (Key::ArrowUp, -1),
            (Key::ArrowDown, 1),
            (Key::PageUp, -page),
            (Key::PageDown, page),
            (Key::Home, i64::MIN),
            (Key::End, i64::MAX),
        ];
        for (_, by) in steps.into_iter().filter(|(key, _)| pressed(*key)) {
            self.step(by, shown);
        }
        let Some((row, path)) = self.chosen.clone() else {
            return;
        };
        let is_open = self.open.contains(&(row, path.clone()));
        let toggles = pressed(Key::Enter)
            || pressed(Key::Space)
            || (pressed(Key::ArrowRight) && !is_open)
            || (pressed(Key::ArrowLeft) && is_open);
        if toggles {
            self.toggle(row, &path, pages);
        }
        let copies = ui.input(|it| it.events.iter().any(|it| matches!(it, egui::Event::Copy)));
        let value = pages.row(row).and_then(|it| node::find(it, &path));
        if let Some(value) = value.filter(|_| copies) {
            ui.ctx().copy_text(value.to_string());
        }
    }

    fn step(&mut self, by: i64, shown: Shown<'_>) {
        let Some(last) = self.folds.lines(shown.rows).checked_sub(1) else {
            return;
        };
        let now = self.chosen.as_ref().map(|(row, path)| {
            let within = self
                .made
                .get(row)
                .and_then(|it| it.iter().position(|it| it.path == *path));
            self.folds.first_line(*row) + within.map_or(0, |it| it as u64)
        });
        let line = now.map_or(0, |it| it.saturating_add_signed(by).min(last));
        let (row, within) = self.folds.locate(line);
        let lines = self.made.get(&row);
        let path = lines.and_then(|it| it.get(usize::try_from(within).ok()?));
        self.chosen = Some((row, path.map_or_else(Path::default, |it| it.path.clone())));
        self.lines.show_line(line);
    }
}

/// The chosen node, with the way to it spelled out.
#[derive(Debug)]
pub(super) struct ChosenNode<'v> {
    name: String,
    declared: &'v str,
    row: u64,
    value: &'v Value,
}

impl ChosenNode<'_> {
    pub(super) fn for_the_inspector(&self) -> Chosen<'_> {
        Chosen {
            column: &self.name,
            declared: self.declared,
            row: self.row,
            value: Some(self.value),
        }
    }
}

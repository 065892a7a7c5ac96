//! Statements side by side: several stores, shared parameters, one run.

use egui::{Id, Rect, ScrollArea, Ui, UiBuilder};
use parallax_core::error::Error;
use parallax_core::human;
use parallax_core::name::StoreId;
use parallax_core::panes::Comparison;
use parallax_core::wire::{Page, PaneProgress, PaneStatement, Request, ResultId, RunId};

use crate::action::Action;
use crate::app::Model;
use crate::theme;
use crate::widgets::{caption, empty, primary, title};

mod contrast;
mod editor;
mod folds;
mod graph;
mod grid;
mod highlight;
mod inspector;
mod json;
mod language;
mod lines;
mod pages;
mod pane;
mod parameters;
mod places;
mod result;
mod run;
mod scroll;
mod tree;

use contrast::{Contrast, Taker};
use editor::Room;
use pane::{Pane, Place, Wish};
use parameters::Parameters;
use places::Places;
use run::Early;

const MAX_PANES: usize = 6;
/// Beyond so many, panes stand in two rows.
const MAX_IN_A_ROW: usize = 3;
/// The same while they are compared, for the comparison takes the room below.
const MAX_BESIDE: usize = 4;
/// Panes that are lower than this have low editors.
const LOW_ROOM: f32 = 440.0;

/// The panes, the shared parameters, and the runs that are under way.
#[derive(Debug, Default)]
pub(crate) struct QueryView {
    panes: Vec<Pane>,
    parameters: Parameters,
    tickets: u64,
    early: Early,
    last_pane: u64,
    contrast: Contrast,
    /// What had the keyboard when it was last brought into sight.
    focused: Option<Id>,
}

/// Something that runs, for the bottom bar.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) run: RunId,
    pub(crate) pane: u32,
    pub(crate) name: String,
    pub(crate) text: String,
}

impl QueryView {
    /// Puts a statement into a pane of its own; an empty pane is taken first, else the last one when there are too many.
    pub(crate) fn open(&mut self, store: StoreId, text: String) {
        let empty = self.panes.iter().position(Pane::is_empty);
        let at = empty.or_else(|| (self.panes.len() >= MAX_PANES).then_some(MAX_PANES - 1));
        match at.and_then(|at| self.panes.get_mut(at)) {
            Some(pane) => pane.edit(store, text),
            None => self.add(Some(store), text),
        }
    }

    fn add(&mut self, store: Option<StoreId>, text: String) {
        self.last_pane += 1;
        self.panes.push(Pane::new(self.last_pane, store, text));
    }

    /// What runs now.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        self.panes.iter().filter_map(Pane::task).collect()
    }

    /// Stops every statement that runs, all at once.
    pub(crate) fn cancel_all(&mut self) -> Vec<Action> {
        let mut runs: Vec<_> = self
            .panes
            .iter()
            .filter(|it| it.runs())
            .filter_map(Pane::run)
            .collect();
        runs.sort_unstable();
        runs.dedup();
        let stop = |run| Action::Ask(Request::Cancel { run, pane: None });
        runs.into_iter().map(stop).collect()
    }

    /// What came of comparing the panes.
    pub(crate) fn compared(&mut self, ticket: u64, comparison: Result<Comparison, Error>) {
        self.contrast.show(ticket, comparison);
    }

    /// The panes whose shown result is whole.
    fn takers(&self) -> Vec<Taker> {
        let panes = self.panes.iter().enumerate();
        let takers = panes.filter_map(|(at, pane)| {
            let (result, store) = (pane.whole_result()?, pane.store()?);
            Some(Taker {
                at: at + 1,
                store: store.to_string(),
                result,
            })
        });
        takers.collect()
    }

    /// Runs every pane that has a statement, as one run.
    pub(crate) fn run_all(&mut self) -> Vec<Action> {
        self.run_where(|_| true)
    }

    fn run_where(&mut self, wanted: impl Fn(usize) -> bool) -> Vec<Action> {
        self.tickets += 1;
        let ticket = self.tickets;
        let before = self.runs();
        let mut statements: Vec<PaneStatement> = Vec::new();
        for (at, pane) in self.panes.iter_mut().enumerate() {
            if let (true, Some(statement)) = (wanted(at), pane.statement()) {
                pane.start(ticket, statements.len());
                statements.push(statement);
            }
        }
        let mut actions = self.close_unused(&before);
        if !statements.is_empty() {
            let parameters = self.parameters.values(&self.texts());
            let request = Request::Query {
                panes: statements,
                parameters,
            };
            actions.push(Action::Run { ticket, request });
        }
        actions
    }

    fn texts(&self) -> Vec<&str> {
        self.panes.iter().map(Pane::text).collect()
    }

    fn runs(&self) -> Vec<RunId> {
        let mut runs: Vec<_> = self.panes.iter().filter_map(Pane::run).collect();
        runs.sort_unstable();
        runs.dedup();
        runs
    }

    /// Frees the results of runs that no pane shows any more.
    fn close_unused(&self, before: &[RunId]) -> Vec<Action> {
        let now = self.runs();
        let gone = before.iter().filter(|it| !now.contains(it));
        gone.map(|run| Action::Ask(Request::Close { run: *run }))
            .collect()
    }

    /// The run has its name; what came of it before is taken up. A run that no pane waits for is dropped on the next one.
    pub(crate) fn running(&mut self, ticket: u64, run: RunId) {
        for pane in &mut self.panes {
            pane.running(ticket, run);
        }
        for (pane, progress) in self.early.take(run) {
            self.progress(run, pane, progress);
        }
    }

    pub(crate) fn refused(&mut self, ticket: u64, error: &Error) {
        for pane in &mut self.panes {
            pane.refused(ticket, error);
        }
    }

    pub(crate) fn progress(&mut self, run: RunId, at: u32, progress: PaneProgress) {
        match self.panes.iter_mut().find(|it| it.is(run, at)) {
            Some(pane) => pane.progress(progress),
            None => self.early.keep(run, at, progress),
        }
    }

    pub(crate) fn page(&mut self, page: Page) {
        let result = page.result;
        if let Some(pane) = self
            .panes
            .iter_mut()
            .find(|it| it.is(result.run, result.pane))
        {
            pane.page(page);
        }
    }

    pub(crate) fn page_failed(&mut self, result: ResultId, first: u64, error: Error) {
        if let Some(pane) = self
            .panes
            .iter_mut()
            .find(|it| it.is(result.run, result.pane))
        {
            pane.page_failed(result, first, error);
        }
    }

    pub(crate) fn ui(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        let stores = model.stores();
        if stores.is_empty() {
            empty(
                ui,
                "No store to ask",
                "a deployment with stores comes first",
            );
            return Vec::new();
        }
        if self.panes.is_empty() {
            for store in stores.iter().take(2) {
                self.add(Some(store.name.clone()), String::new());
            }
        }
        let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8));
        frame
            .show(ui, |ui| {
                let mut actions = self.tools(ui);
                let texts: Vec<String> = self.panes.iter().map(|it| it.text().to_owned()).collect();
                self.parameters.ui(ui, &texts);
                actions.extend(self.side_by_side(ui, model));
                actions.extend(self.due_comparison());
                actions
            })
            .inner
    }

    /// Compares again once all panes have come to rest.
    fn due_comparison(&mut self) -> Option<Action> {
        if self.panes.iter().any(Pane::runs) {
            return None;
        }
        let takers = self.takers();
        let asked = self.contrast.due(&takers, self.tickets + 1);
        self.tickets += u64::from(asked.is_some());
        asked
    }

    fn tools(&mut self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = Vec::new();
        ui.horizontal(|ui| {
            title(ui, "Query");
            let run = primary(ui, "Run all").on_hover_text("Ctrl-Enter");
            if run.clicked() {
                actions.extend(self.run_all());
            }
            let runs = self.panes.iter().any(Pane::runs);
            let cancel = ui.add_enabled(runs, egui::Button::new("Cancel all"));
            if cancel.on_hover_text("Ctrl-.").clicked() {
                actions.extend(self.cancel_all());
            }
            self.compare_button(ui);
            let can_add = self.panes.len() < MAX_PANES;
            let add = ui.add_enabled(can_add, egui::Button::new("Add pane"));
            if add.clicked() {
                let store = self.panes.last().and_then(|it| it.store().cloned());
                self.add(store, String::new());
            }
            caption(
                ui,
                format!(
                    "{} · Ctrl-Enter runs all",
                    human::plural(self.panes.len(), "pane")
                ),
            );
        });
        actions
    }

    fn compare_button(&mut self, ui: &mut Ui) {
        let can = self.takers().len() > 1;
        let button = egui::Button::new("Compare").selected(self.contrast.is_open());
        let button = ui.add_enabled(can || self.contrast.is_open(), button);
        let button = button.on_hover_text("Compares what the panes show, record by record");
        let button = button.on_disabled_hover_text("Run two panes to their end first");
        if button.clicked() {
            self.contrast.toggle();
        }
    }

    fn side_by_side(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        let whole = ui.available_rect_before_wrap();
        let (room, below) = self.parted(whole);
        if let Some(below) = below {
            let takers = self.takers();
            let entities = model.entity_names();
            let builder = UiBuilder::new().max_rect(below).id_salt("comparison");
            ui.scope_builder(builder, |ui| self.contrast.ui(ui, &takers, &entities));
        }
        let most = if below.is_some() {
            MAX_BESIDE
        } else {
            MAX_IN_A_ROW
        };
        let wishes = self.panes_ui(ui, model, room, most);
        ui.allocate_rect(whole, egui::Sense::hover());
        wishes
            .into_iter()
            .flat_map(|(at, wish)| self.grant(at, wish))
            .collect()
    }

    /// Draws the panes, scrolled where they do not fit; what they want, each with its place.
    fn panes_ui(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        room: Rect,
        most: usize,
    ) -> Vec<(usize, Wish)> {
        let places = Places::of(self.panes.len(), room.size(), most);
        let builder = UiBuilder::new().max_rect(room).id_salt("panes");
        let drawn = ui.scope_builder(builder, |ui| {
            ui.set_clip_rect(room.expand(theme::HALF_GAP).intersect(ui.clip_rect()));
            let scrolls = places.size().y > room.height();
            let scroll = ScrollArea::new([false, scrolls]).auto_shrink(false);
            let scrolled = scroll.show(ui, |ui| self.placed(ui, model, &places));
            scrolled.inner
        });
        drawn.inner
    }

    fn placed(&mut self, ui: &mut Ui, model: &Model, places: &Places) -> Vec<(usize, Wish)> {
        let corner = ui.cursor().min.to_vec2();
        let size = if places.height() < LOW_ROOM {
            Room::Low
        } else {
            Room::High
        };
        let can_remove = self.panes.len() > 1;
        let mut wishes = Vec::new();
        for (at, pane) in self.panes.iter_mut().enumerate() {
            let place = Place {
                at: at + 1,
                rect: places.of_pane(at).translate(corner),
                room: size,
            };
            let asked = pane.ui(ui, model, place, can_remove);
            wishes.extend(asked.into_iter().map(|it| (at, it)));
        }
        ui.allocate_space(places.size());
        self.follow_focus(ui);
        wishes
    }

    /// Brings into sight what the keyboard has come to; what the pointer has come to is in sight.
    fn follow_focus(&mut self, ui: &Ui) {
        let focused = ui.memory(egui::Memory::focused);
        if focused == self.focused {
            return;
        }
        self.focused = focused;
        // To read a response while the pointer clicks something else would take the focus away.
        let is_pointed = ui.input(|it| it.pointer.any_pressed() || it.pointer.any_released());
        let response = focused.filter(|_| !is_pointed);
        let response = response.and_then(|it| ui.ctx().read_response(it));
        let room = ui.min_rect();
        if let Some(it) = response.filter(|it| room.contains_rect(it.rect)) {
            it.scroll_to_me(None);
        }
    }

    /// The room of the panes, and that of their comparison below them.
    fn parted(&self, whole: Rect) -> (Rect, Option<Rect>) {
        if !self.contrast.is_open() {
            return (whole, None);
        }
        let height = self.contrast.height(whole.height());
        let (panes, below) = whole.split_top_bottom_at_y(whole.bottom() - height);
        let panes = panes.with_max_y(panes.bottom() - theme::GAP);
        (panes, Some(below))
    }

    fn grant(&mut self, at: usize, wish: Wish) -> Vec<Action> {
        match wish {
            Wish::Ask(request) => vec![Action::Ask(request)],
            Wish::Run => self.run_where(|it| it == at),
            Wish::Remove => self.remove(at),
        }
    }

    /// A pane that goes stops its statement and frees its results.
    fn remove(&mut self, at: usize) -> Vec<Action> {
        let before = self.runs();
        let pane = self.panes.remove(at);
        let mut actions: Vec<_> = pane.cancel().map(Action::Ask).into_iter().collect();
        actions.extend(self.close_unused(&before));
        actions
    }
}

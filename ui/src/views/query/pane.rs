//! One pane: a store, a statement, how far its run is, and its results.

use egui::{ComboBox, FontId, Rect, Ui, UiBuilder};
use parallax_core::error::Error;
use parallax_core::human;
use parallax_core::name::StoreId;
use parallax_core::store::Language;
use parallax_core::wire::{Page, PaneProgress, PaneState, PaneStatement, Request, ResultId, RunId};

use super::editor::{Editor, Room};
use super::highlight::Highlight;
use super::result::{Face, ResultView};
use super::{Task, editor, language};
use crate::app::Model;
use crate::format::as_f32;
use crate::theme;
use crate::widgets::{Sign, announce, caption, card, failure, named_button, pill};

/// Panes whose heads have less room than this have smaller buttons.
const TIGHT: f32 = 330.0;
/// How wide the chooser of the store is where there is room.
const CHOOSER: f32 = 120.0;
/// It is not elided below this.
const LEAST_CHOOSER: f32 = 76.0;
/// With less room, the language is left out.
const SHORTEST_CAPTION: f32 = 28.0;

/// Where a pane is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its number, from one.
    pub(super) at: usize,
    pub(super) rect: Rect,
    pub(super) room: Room,
}

/// What a pane wants done.
#[derive(Debug)]
pub(super) enum Wish {
    Ask(Request),
    Run,
    Remove,
}

/// Where the pane's last run stands.
#[derive(Debug, Default)]
enum Run {
    #[default]
    Never,
    /// Asked for, not named yet; the index is the pane's within the run.
    Asked {
        ticket: u64,
        at: u32,
    },
    Named {
        run: RunId,
        at: u32,
    },
    Refused(Error),
}

#[derive(Debug)]
pub(super) struct Pane {
    id: u64,
    store: Option<StoreId>,
    text: String,
    highlight: Highlight,
    run: Run,
    progress: Option<PaneProgress>,
    result: usize,
    results: Vec<ResultView>,
    /// The face that the person chose, for this and later results.
    face: Option<Face>,
}

impl Pane {
    pub(super) fn new(id: u64, store: Option<StoreId>, text: String) -> Self {
        Self {
            id,
            store,
            text,
            highlight: Highlight::default(),
            run: Run::Never,
            progress: None,
            result: 0,
            results: Vec::new(),
            face: None,
        }
    }

    pub(super) fn store(&self) -> Option<&StoreId> {
        self.store.as_ref()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    pub(super) fn edit(&mut self, store: StoreId, text: String) {
        self.store = Some(store);
        self.text = text;
    }

    pub(super) fn statement(&self) -> Option<PaneStatement> {
        let store = self.store.clone().filter(|_| !self.is_empty())?;
        let text = self.text.clone();
        Some(PaneStatement { store, text })
    }

    pub(super) fn start(&mut self, ticket: u64, at: usize) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.run = Run::Asked { ticket, at };
        self.progress = None;
        self.results.clear();
        self.result = 0;
    }

    pub(super) fn running(&mut self, asked: u64, run: RunId) {
        if let Run::Asked { ticket, at } = self.run
            && ticket == asked
        {
            self.run = Run::Named { run, at };
        }
    }

    pub(super) fn refused(&mut self, asked: u64, error: &Error) {
        if matches!(self.run, Run::Asked { ticket, .. } if ticket == asked) {
            self.run = Run::Refused(error.clone());
        }
    }

    pub(super) fn run(&self) -> Option<RunId> {
        match self.run {
            Run::Named { run, .. } => Some(run),
            Run::Never | Run::Asked { .. } | Run::Refused(_) => None,
        }
    }

    pub(super) fn is(&self, wanted: RunId, pane: u32) -> bool {
        matches!(self.run, Run::Named { run, at } if run == wanted && at == pane)
    }

    pub(super) fn progress(&mut self, progress: PaneProgress) {
        let Run::Named { run, at } = self.run else {
            return;
        };
        for (index, head) in progress.results.iter().enumerate() {
            if let Some(result) = self.results.get_mut(index) {
                result.grow(head);
                continue;
            }
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let id = ResultId {
                run,
                pane: at,
                index,
            };
            self.results.push(ResultView::new(id, head));
        }
        self.progress = Some(progress);
    }

    pub(super) fn page(&mut self, page: Page) {
        if let Some(result) = self.results.get_mut(page.result.index as usize) {
            result.take(page);
        }
    }

    pub(super) fn page_failed(&mut self, result: ResultId, first: u64, error: Error) {
        if let Some(it) = self.results.get_mut(result.index as usize) {
            it.failed(first, error);
        }
    }

    fn is_running(&self) -> bool {
        let state = self.progress.as_ref().map(|it| it.state);
        match self.run {
            Run::Asked { .. } => true,
            Run::Named { .. } => state.is_none_or(|it| it == PaneState::Running),
            Run::Never | Run::Refused(_) => false,
        }
    }

    /// What stops the pane's statement, if it runs.
    pub(super) fn cancel(&self) -> Option<Request> {
        match self.run {
            Run::Named { run, at } if self.is_running() => Some(Request::Cancel {
                run,
                pane: Some(at),
            }),
            _ => None,
        }
    }

    /// Whether a statement of it runs.
    pub(super) fn runs(&self) -> bool {
        self.is_running()
    }

    /// The result that is shown, once the statement has ended well.
    pub(super) fn whole_result(&self) -> Option<ResultId> {
        let is_done = self
            .progress
            .as_ref()
            .is_some_and(|it| it.state == PaneState::Done);
        let result = self.results.get(self.result).filter(|_| is_done)?;
        Some(result.id())
    }

    pub(super) fn task(&self) -> Option<Task> {
        let Run::Named { run, at } = self.run else {
            return None;
        };
        let store = self.store.as_ref().filter(|_| self.is_running())?;
        let took = self
            .progress
            .as_ref()
            .map(|it| format!(" · {}", human::duration(it.took)));
        let name = format!("query in {store}");
        let text = format!("{name}{}", took.unwrap_or_default());
        Some(Task {
            run,
            pane: at,
            name,
            text,
        })
    }

    /// Draws the pane at its place, and nothing of it beyond.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        place: Place,
        can_remove: bool,
    ) -> Vec<Wish> {
        let Place { at, rect, room } = place;
        let id = ui.id().with(("pane", self.id));
        let whole = ui.interact(rect, id, egui::Sense::hover());
        announce(ui, &whole, egui::WidgetType::Panel, &format!("Pane {at}"));
        let frame = card(ui);
        let inside = rect - frame.total_margin();
        ui.painter().add(frame.paint(inside));
        let builder = UiBuilder::new()
            .max_rect(inside)
            .id_salt(("inside", self.id));
        let drawn = ui.scope_builder(builder.accessibility_parent(id), |ui| {
            ui.shrink_clip_rect(inside.expand(theme::HALF_GAP));
            ui.spacing_mut().item_spacing.y = 6.0;
            self.content(ui, model, at, can_remove, room)
        });
        drawn.inner
    }

    fn content(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        at: usize,
        can_remove: bool,
        room: Room,
    ) -> Vec<Wish> {
        let language = self.language(model);
        let mut wishes = self.head(ui, model, at, can_remove);
        let editor = Editor {
            text: &mut self.text,
            highlight: &mut self.highlight,
            language,
            room,
        };
        editor::ui(ui, editor, at, self.id);
        self.state(ui);
        self.tabs(ui, self.shown_face(language), at);
        let face = self.shown_face(language);
        wishes.extend(self.result(ui, face, at));
        wishes
    }

    /// The store and its language to the left, elided where there is little room; the buttons to the right, always whole.
    fn head(&mut self, ui: &mut Ui, model: &Model, at: usize, can_remove: bool) -> Vec<Wish> {
        let mut wishes = Vec::new();
        ui.horizontal(|ui| {
            if ui.available_width() < TIGHT {
                ui.spacing_mut().item_spacing.x = theme::HALF_GAP;
                ui.spacing_mut().button_padding.x = 6.0;
            }
            let buttons: &[&str] = if can_remove {
                &["Run", "Cancel", "✖"]
            } else {
                &["Run", "Cancel"]
            };
            let buttons = width_of_buttons(ui, buttons);
            self.asked(ui, model, at, ui.available_width() - buttons);
            ui.add_space(ui.available_width() - buttons);
            if named_button(ui, "Run", &format!("Run pane {at}")) {
                wishes.push(Wish::Run);
            }
            let cancel = self.cancel();
            ui.add_enabled_ui(cancel.is_some(), |ui| {
                if named_button(ui, "Cancel", &format!("Cancel pane {at}")) {
                    wishes.extend(cancel.map(Wish::Ask));
                }
            });
            if can_remove && named_button(ui, "✖", &format!("Remove pane {at}")) {
                wishes.push(Wish::Remove);
            }
        });
        wishes
    }

    /// Which store is asked, and in which language, within `room`.
    fn asked(&mut self, ui: &mut Ui, model: &Model, at: usize, room: f32) {
        let language = self.language(model).map(language::name);
        let gap = ui.spacing().item_spacing.x;
        let font = theme::font(theme::CAPTION);
        // A point more, so that rounding elides nothing.
        let wanted = language.map_or(0.0, |it| width_of(ui, it, font) + 1.0);
        let chooser = self.chooser(ui, model, at, room - wanted - 2.0 * gap);
        let left = room - chooser - 2.0 * gap;
        let is_worth_it = left >= wanted.min(SHORTEST_CAPTION);
        if let Some(language) = language.filter(|_| is_worth_it) {
            let size = egui::vec2(left, ui.spacing().interact_size.y);
            let layout = egui::Layout::left_to_right(egui::Align::Center);
            ui.allocate_ui_with_layout(size, layout, |ui| {
                let text = egui::RichText::new(language).size(theme::CAPTION);
                let text = text.color(theme::Palette::of(ui).muted);
                ui.add(egui::Label::new(text).truncate());
            });
        }
    }

    fn language(&self, model: &Model) -> Option<Language> {
        let store = self.store.as_ref().and_then(|it| model.store(it));
        store.map(|it| it.language)
    }

    /// As wide as the store's name where `room` allows it, and never narrower than can be read; how wide it became.
    fn chooser(&mut self, ui: &mut Ui, model: &Model, at: usize, room: f32) -> f32 {
        let chosen = self
            .store
            .as_ref()
            .map_or("choose a store".to_owned(), ToString::to_string);
        let spacing = ui.spacing();
        let arrow = spacing.icon_width + spacing.icon_spacing + 2.0 * spacing.button_padding.x;
        let font = egui::TextStyle::Button.resolve(ui.style());
        let whole = width_of(ui, &chosen, font) + arrow;
        let width = room.clamp(whole.min(LEAST_CHOOSER), whole.max(CHOOSER));
        let size = egui::vec2(width, ui.spacing().interact_size.y);
        let drawn = ui.allocate_ui(size, |ui| {
            let combo = ComboBox::from_id_salt("store")
                .selected_text(&chosen)
                .width(width)
                .truncate();
            combo.show_ui(ui, |ui| {
                for store in model.stores() {
                    let sign = Sign::store(store.state);
                    let text = format!("{} {}", sign.mark, store.name);
                    let is_chosen = self.store.as_ref() == Some(&store.name);
                    if ui.selectable_label(is_chosen, text).clicked() {
                        self.store = Some(store.name.clone());
                    }
                }
            })
        });
        let shown = drawn.inner.response.on_hover_text(&chosen);
        let name = format!("Store of pane {at}");
        announce(ui, &shown, egui::WidgetType::ComboBox, &name);
        shown.rect.width()
    }

    fn state(&self, ui: &mut Ui) {
        match (&self.run, &self.progress) {
            (Run::Never, _) => {
                caption(ui, "not run yet · Ctrl-Enter runs all panes");
            }
            (Run::Refused(error), _) => failure(ui, error),
            (Run::Asked { .. }, _) | (Run::Named { .. }, None) => {
                caption(ui, "starting…");
            }
            (Run::Named { .. }, Some(progress)) => measured(ui, progress),
        }
    }

    /// Which result, where there are several, and in which face.
    fn tabs(&mut self, ui: &mut Ui, face: Option<Face>, at: usize) {
        let (Some(face), Some(result)) = (face, self.results.get(self.result)) else {
            return;
        };
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::HALF_GAP;
            ui.spacing_mut().interact_size.y = 22.0;
            ui.spacing_mut().button_padding.y = 1.0;
            if let Some(chosen) = result.faces(ui, face, at) {
                self.face = Some(chosen);
            }
            if self.results.len() < 2 {
                return;
            }
            ui.add_space(theme::GAP);
            for (at, result) in self.results.iter().enumerate() {
                let text = format!(
                    "Result {} · {}",
                    at + 1,
                    human::plural(result.rows(), "row")
                );
                if ui.selectable_label(self.result == at, text).clicked() {
                    self.result = at;
                }
            }
        });
    }

    fn shown_face(&self, language: Option<Language>) -> Option<Face> {
        let result = self.results.get(self.result)?;
        Some(result.face(self.face, language))
    }

    fn result(&mut self, ui: &mut Ui, face: Option<Face>, at: usize) -> Vec<Wish> {
        let (Some(face), Some(result)) = (face, self.results.get_mut(self.result)) else {
            return Vec::new();
        };
        let wanted = result.ui(ui, face, at);
        wanted.into_iter().map(Wish::Ask).collect()
    }
}

/// State, time to the first row, total time, rows and bytes; then what went wrong, and what the server said.
fn measured(ui: &mut Ui, progress: &PaneProgress) {
    let sign = Sign::run(progress.state);
    ui.horizontal_wrapped(|ui| {
        pill(ui, sign, sign.word);
        let text = numbers(progress);
        // Where the line is broken, a number keeps its unit.
        let shown = caption(ui, text.replace(' ', "\u{a0}").replace("·\u{a0}", "· "));
        announce(ui, &shown, egui::WidgetType::Label, &text);
    });
    if let Some(error) = &progress.error {
        failure(ui, error);
    }
    for notice in &progress.notices {
        caption(ui, format!("server: {notice}"));
    }
}

fn numbers(progress: &PaneProgress) -> String {
    let first = progress
        .first_row
        .map(|it| format!("first row {}", human::duration(it)));
    let rows: u64 = progress.results.iter().map(|it| it.rows).sum();
    let affected: Option<u64> = progress
        .results
        .iter()
        .filter_map(|it| it.affected)
        .reduce(|one, other| one + other);
    let affected = affected.map(|it| format!("{} changed", human::count(it)));
    let always = [
        format!("total {}", human::duration(progress.took)),
        human::plural(rows, "row"),
        human::bytes(progress.bytes),
    ];
    let parts: Vec<_> = first.into_iter().chain(always).chain(affected).collect();
    parts.join(" · ")
}

fn width_of(ui: &Ui, text: &str, font: FontId) -> f32 {
    let color = egui::Color32::PLACEHOLDER;
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
    galley.size().x
}

/// What buttons in a row take together.
fn width_of_buttons(ui: &Ui, texts: &[&str]) -> f32 {
    let font = egui::TextStyle::Button.resolve(ui.style());
    let padding = 2.0 * ui.spacing().button_padding.x;
    let widths = texts
        .iter()
        .map(|it| width_of(ui, it, font.clone()) + padding);
    let gaps = ui.spacing().item_spacing.x * as_f32(texts.len().saturating_sub(1));
    widths.sum::<f32>() + gaps
}

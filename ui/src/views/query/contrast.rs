//! The compare of panes: what the shown results have in common, below the panes.

use egui::{ComboBox, RichText, ScrollArea, Ui};
use parallax_core::error::Error;
use parallax_core::panes::{Comparison, Mapped, Overall};
use parallax_core::wire::{Request, ResultId};

use crate::action::Action;
use crate::theme::{self, Palette, Tone};
use crate::widgets::{Sign, announce, caption, card, failure, named_button, pill};

mod keys;
mod matrix;

/// The least and the most height of the panel.
const LOW: f32 = 148.0;
const HIGH: f32 = 300.0;
/// The room that its head takes.
const HEAD: f32 = 84.0;

/// One pane with a whole result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taker {
    /// The pane's number, from one.
    pub(super) at: usize,
    pub(super) store: String,
    pub(super) result: ResultId,
}

/// What is compared, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Contrast {
    open: bool,
    first: usize,
    mapped: Mapped,
    key: Option<Vec<String>>,
    /// What was asked last, to ask again when a pane has run anew.
    asked: Vec<ResultId>,
    ticket: Option<u64>,
    answer: Option<Result<Comparison, Error>>,
    /// The stores of the answer's sides are those of these panes.
    chosen: usize,
    shows_equal: bool,
}

impl Contrast {
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Opens the panel; what the panes show is compared as soon as it is whole.
    fn start(&mut self) {
        self.open = true;
        self.asked.clear();
    }

    /// Opens the panel, or closes it.
    pub(super) fn toggle(&mut self) {
        if self.open {
            *self = Self::default();
        } else {
            self.start();
        }
    }

    /// How high the panel likes to be within `room`.
    pub(super) fn height(&self, room: f32) -> f32 {
        let wanted = match &self.answer {
            Some(Ok(it)) => HEAD + self.content_height(it),
            Some(Err(_)) | None => LOW,
        };
        wanted.clamp(LOW, HIGH.min(room * 0.5))
    }

    fn content_height(&self, it: &Comparison) -> f32 {
        let fields = matrix::height(it, self.chosen, self.shows_equal);
        if it.rows.len() > 1 {
            fields.max(keys::height(it.rows.len()))
        } else {
            fields
        }
    }

    /// Asks where the panel is open and the panes' results are others than those last compared.
    pub(super) fn due(&mut self, takers: &[Taker], ticket: u64) -> Option<Action> {
        if !self.open || takers.len() < 2 {
            return None;
        }
        let results = self.in_order(takers);
        if results == self.asked {
            return None;
        }
        self.asked.clone_from(&results);
        self.ticket = Some(ticket);
        let request = Request::CompareResults {
            results,
            mapped: self.mapped.clone(),
            key: self.key.clone(),
        };
        Some(Action::Run { ticket, request })
    }

    /// The results, the one first that the others are compared with.
    fn in_order(&self, takers: &[Taker]) -> Vec<ResultId> {
        let first = self.first.min(takers.len().saturating_sub(1));
        let before = takers.get(first).into_iter();
        let others = takers.iter().enumerate().filter(|it| it.0 != first);
        before
            .chain(others.map(|it| it.1))
            .map(|it| it.result)
            .collect()
    }

    pub(super) fn show(&mut self, ticket: u64, it: Result<Comparison, Error>) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.ticket = None;
        self.answer = Some(it);
        self.chosen = 0;
        self.shows_equal = false;
    }

    /// Draws the panel.
    pub(super) fn ui(&mut self, ui: &mut Ui, takers: &[Taker], entities: &[&str]) {
        card(ui)
            .inner_margin(egui::Margin::symmetric(12, 8))
            .show(ui, |ui| {
                ui.set_min_size(ui.available_size());
                ui.spacing_mut().item_spacing.y = 6.0;
                self.head(ui, takers.len());
                self.choosers(ui, takers, entities);
                match self.answer.take() {
                    Some(Ok(it)) => {
                        self.content(ui, &it);
                        self.answer = Some(Ok(it));
                    }
                    Some(Err(error)) => {
                        failure(ui, &error);
                        self.answer = Some(Err(error));
                    }
                    None => {}
                }
            });
    }

    /// What came of it, elided before the button that closes it would be cut.
    fn head(&mut self, ui: &mut Ui, takers: usize) {
        let size = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
        let to_the_left = egui::Layout::right_to_left(egui::Align::Center);
        ui.allocate_ui_with_layout(size, to_the_left, |ui| {
            let closes = named_button(ui, "✖", "Close the comparison");
            let to_the_right = egui::Layout::left_to_right(egui::Align::Center);
            ui.with_layout(to_the_right, |ui| self.outcome(ui, takers));
            if closes {
                *self = Self::default();
            }
        });
    }

    fn outcome(&self, ui: &mut Ui, takers: usize) {
        match &self.answer {
            Some(Ok(it)) => {
                let sign = overall(it.overall());
                pill(ui, sign, sign.word);
                let sentence = RichText::new(it.sentence()).size(theme::TITLE);
                let sentence = sentence.color(Palette::of(ui).text);
                ui.add(egui::Label::new(sentence).truncate());
            }
            Some(Err(_)) => {
                let sign = overall(Overall::Unknown);
                pill(ui, sign, "not compared");
            }
            None if takers < 2 => {
                caption(ui, "run two panes to their end, then they are compared");
            }
            None => {
                caption(ui, "comparing…");
            }
        }
    }

    fn choosers(&mut self, ui: &mut Ui, takers: &[Taker], entities: &[&str]) {
        if !self.open {
            return;
        }
        let before = (self.first, self.mapped.clone(), self.key.clone());
        ui.horizontal(|ui| {
            caption(ui, "compared with");
            self.first_chooser(ui, takers);
            caption(ui, "fields by");
            self.mapped_chooser(ui, entities);
            caption(ui, "key");
            self.key_chooser(ui);
            self.skipped(ui);
        });
        if before != (self.first, self.mapped.clone(), self.key.clone()) {
            self.asked.clear();
        }
    }

    fn first_chooser(&mut self, ui: &mut Ui, takers: &[Taker]) {
        let name = |it: &Taker| format!("{} · {}", it.at, it.store);
        let shown = takers.get(self.first).map_or_else(String::new, name);
        let combo = ComboBox::from_id_salt("compared with").selected_text(shown);
        let combo = combo.show_ui(ui, |ui| {
            for (at, taker) in takers.iter().enumerate() {
                if ui.selectable_label(at == self.first, name(taker)).clicked() {
                    self.first = at;
                }
            }
        });
        let kind = egui::WidgetType::ComboBox;
        announce(
            ui,
            &combo.response,
            kind,
            "Pane that the others are compared with",
        );
    }

    fn mapped_chooser(&mut self, ui: &mut Ui, entities: &[&str]) {
        let found = self.comparison().and_then(|it| it.entity.clone());
        let shown = match (&self.mapped, found) {
            (Mapped::Entity(name), _) => format!("the mapping of {name}"),
            (Mapped::Guess, Some(name)) => format!("the mapping of {name}"),
            (Mapped::Guess | Mapped::Nothing, _) => "their names".to_owned(),
        };
        let combo = ComboBox::from_id_salt("fields by").selected_text(&shown);
        let combo = combo.show_ui(ui, |ui| {
            for name in entities {
                let text = format!("the mapping of {name}");
                if ui.selectable_label(text == shown, text).clicked() {
                    self.mapped = Mapped::Entity((*name).to_owned());
                    self.key = None;
                }
            }
            if ui
                .selectable_label(shown == "their names", "their names")
                .clicked()
            {
                self.mapped = Mapped::Nothing;
                self.key = None;
            }
        });
        let kind = egui::WidgetType::ComboBox;
        announce(ui, &combo.response, kind, "How fields are paired");
    }

    /// Fields that every pane has; several together are the key where several are chosen.
    fn key_chooser(&mut self, ui: &mut Ui) {
        let Some((key, offered)) = self
            .comparison()
            .map(|it| (it.key.clone(), it.offered.clone()))
        else {
            caption(ui, "–");
            return;
        };
        if offered.is_empty() {
            caption(ui, "none: one record each");
            return;
        }
        let shown = if key.is_empty() {
            "none: one record each".to_owned()
        } else {
            key.join(" and ")
        };
        let combo = ComboBox::from_id_salt("key").selected_text(shown);
        let combo = combo.show_ui(ui, |ui| {
            for name in &offered {
                let mut is_key = key.contains(name);
                if ui.checkbox(&mut is_key, name).changed() {
                    let mut names: Vec<String> =
                        key.iter().filter(|it| *it != name).cloned().collect();
                    names.extend(is_key.then(|| name.clone()));
                    self.key = (!names.is_empty()).then_some(names);
                }
            }
        });
        let kind = egui::WidgetType::ComboBox;
        announce(ui, &combo.response, kind, "Key that pairs the records");
    }

    fn comparison(&self) -> Option<&Comparison> {
        self.answer.as_ref()?.as_ref().ok()
    }

    /// What was not compared is said, never passed over.
    fn skipped(&self, ui: &mut Ui) {
        let Some(it) = self.comparison().filter(|it| !it.skipped.is_empty()) else {
            return;
        };
        let each = it
            .skipped
            .iter()
            .map(|it| format!("{} ({})", it.field, it.why));
        let text = format!("not compared: {}", each.collect::<Vec<_>>().join(", "));
        let color = Palette::of(ui).muted;
        let shown = RichText::new(&text).size(theme::CAPTION).color(color);
        let whole = it
            .skipped
            .iter()
            .map(|it| format!("{}: {}", it.field, it.why));
        let whole = whole.collect::<Vec<_>>().join("\n");
        ui.add(egui::Label::new(shown).truncate())
            .on_hover_text(whole);
    }

    fn content(&mut self, ui: &mut Ui, it: &Comparison) {
        if it.rows.is_empty() {
            return;
        }
        let scroll = ScrollArea::both()
            .id_salt("comparison")
            .auto_shrink([false, false]);
        if it.rows.len() < 2 {
            scroll.show(ui, |ui| matrix::ui(ui, it, 0, &mut self.shows_equal));
            return;
        }
        ui.horizontal_top(|ui| {
            let width = (ui.available_width() * 0.34).clamp(220.0, 460.0);
            let size = egui::vec2(width, ui.available_height());
            ui.allocate_ui(size, |ui| keys::ui(ui, it, &mut self.chosen));
            scroll.show(ui, |ui| {
                matrix::ui(ui, it, self.chosen, &mut self.shows_equal);
            });
        });
    }
}

/// The sign of the whole comparison.
fn overall(it: Overall) -> Sign {
    let (tone, mark, word) = match it {
        Overall::Equal => (Tone::Good, "●", "equal"),
        Overall::Different => (Tone::Bad, "✖", "different"),
        Overall::Unknown => (Tone::Unknown, "?", "unknown"),
    };
    Sign { tone, mark, word }
}

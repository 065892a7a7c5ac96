//! The entity box: takes whatever the person has, a key or a piece of text, and leads to the trace.

use egui::text::{CCursor, CCursorRange, LayoutJob, TextWrapping};
use egui::text_edit::TextEditState;
use egui::{
    Context, Id, Key, Modifiers, Popup, PopupCloseBehavior, Sense, Ui, WidgetInfo, WidgetType, vec2,
};
use parallax_core::error::Error;
use parallax_core::wire::{Candidate, Request};

use super::Model;
use crate::action::Action;
use crate::theme::{self, BODY, CAPTION, Palette, SMALL_RADIUS};
use crate::widgets::{caption, failure, line_edit, name_text_edit};

const LIMIT: u32 = 12;

/// What is typed, what was found for it, and which of that is chosen.
#[derive(Debug, Default)]
pub(super) struct EntityBox {
    text: String,
    asked: String,
    found_for: String,
    found: Vec<Candidate>,
    error: Option<Error>,
    chosen: Option<usize>,
    waiting: bool,
    entity: Option<String>,
}

impl EntityBox {
    fn id() -> Id {
        Id::new("entity-box")
    }

    /// Puts the keyboard into the box; what was typed before is chosen, so that typing replaces it.
    pub(super) fn focus(&self, ctx: &Context) {
        let mut state = TextEditState::load(ctx, Self::id()).unwrap_or_default();
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(self.text.chars().count()));
        state.cursor.set_char_range(Some(all));
        state.store(ctx, Self::id());
        ctx.memory_mut(|it| it.request_focus(Self::id()));
    }

    pub(super) fn found(&mut self, text: &str, found: Vec<Candidate>) {
        self.waiting = false;
        text.clone_into(&mut self.found_for);
        self.found = found;
        self.error = None;
        self.chosen = None;
    }

    pub(super) fn failed(&mut self, text: &str, error: Error) {
        self.waiting = false;
        text.clone_into(&mut self.found_for);
        self.found.clear();
        self.error = Some(error);
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        let mut actions = Vec::new();
        let focused = ui.memory(|it| it.has_focus(Self::id()));
        if focused {
            self.arrows(ui);
        }
        let enter = focused && ui.input_mut(|it| it.consume_key(Modifiers::NONE, Key::Enter));
        let edit = line_edit(&mut self.text)
            .id(Self::id())
            .hint_text("user 42, a key, or a piece of text · Ctrl-K")
            .desired_width(360.0);
        let response = ui.add(edit);
        name_text_edit(ui, Self::id(), "Entity");
        if enter {
            actions.extend(self.enter(ui, model));
        }
        actions.extend(self.search(model));
        if focused && !self.text.is_empty() {
            actions.extend(self.list(&response));
        }
        actions
    }

    fn arrows(&mut self, ui: &Ui) {
        let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
        let last = self.found.len().checked_sub(1);
        if pressed(Key::ArrowDown) {
            self.chosen = last.map(|last| self.chosen.map_or(0, |it| (it + 1).min(last)));
        }
        if pressed(Key::ArrowUp) {
            self.chosen = self.chosen.and_then(|it| it.checked_sub(1));
        }
    }

    /// Enter takes the chosen candidate, else a key that was typed, else the first that was found.
    fn enter(&mut self, ui: &Ui, model: &Model) -> Option<Action> {
        let typed = typed(&self.text, model);
        let fresh = self.found_for == typed.text;
        let chosen = self.chosen.and_then(|at| self.found.get(at));
        let key = typed.key(self.entity.as_deref(), model);
        let first = self.found.first().filter(|_| fresh);
        let (entity, key) = match (chosen, key, first) {
            (Some(it), ..) | (None, None, Some(it)) => (it.entity.clone(), it.key.to_string()),
            (None, Some(key), _) => key,
            (None, None, None) => return None,
        };
        ui.memory_mut(|it| it.surrender_focus(Self::id()));
        self.entity = Some(entity.clone());
        Some(Action::Trace { entity, key })
    }

    /// One search at a time: what was typed meanwhile is asked for when the answer is there.
    fn search(&mut self, model: &Model) -> Option<Action> {
        let typed = typed(&self.text, model);
        if self.waiting || typed.text.is_empty() || self.asked == typed.text {
            return None;
        }
        self.waiting = true;
        typed.text.clone_into(&mut self.asked);
        Some(Action::Ask(Request::Find {
            entity: typed.entity.map(str::to_owned),
            text: typed.text.to_owned(),
            limit: LIMIT,
        }))
    }

    fn list(&self, response: &egui::Response) -> Option<Action> {
        let shown = Popup::from_response(response)
            .id(Id::new("entity-candidates"))
            .open(true)
            .close_behavior(PopupCloseBehavior::IgnoreClicks)
            .width(response.rect.width())
            .show(|ui| {
                ui.set_width(response.rect.width() - 14.0);
                self.candidates(ui)
            });
        shown.and_then(|it| it.inner)
    }

    fn candidates(&self, ui: &mut Ui) -> Option<Action> {
        if let Some(error) = &self.error {
            failure(ui, error);
        } else if self.found.is_empty() {
            let text = if self.waiting {
                "searching…"
            } else {
                "nothing found; Enter traces it as a key"
            };
            caption(ui, text);
        }
        let mut picked = None;
        for (at, candidate) in self.found.iter().enumerate() {
            if row(ui, candidate, self.chosen == Some(at)) {
                let (entity, key) = (candidate.entity.clone(), candidate.key.to_string());
                picked = Some(Action::Trace { entity, key });
            }
        }
        picked
    }
}

/// One candidate: what to call it, then its key and why it was found.
fn row(ui: &mut Ui, candidate: &Candidate, chosen: bool) -> bool {
    let Candidate {
        entity,
        key,
        label,
        matched,
    } = candidate;
    let palette = Palette::of(ui);
    let name = format!("{label} · {entity} {key}");
    let size = vec2(ui.available_width(), 40.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, &name));
    let fill = match (chosen, response.hovered()) {
        (true, _) => palette.accent_soft,
        (false, true) => palette.hover,
        (false, false) => palette.surface,
    };
    ui.painter()
        .rect_filled(rect, f32::from(SMALL_RADIUS), fill);
    let why = if matched.1 == *label {
        String::new()
    } else {
        format!(" · {}: {}", matched.0, matched.1)
    };
    let lines = [
        (label.clone(), BODY, palette.text, 4.0),
        (format!("{entity} {key}{why}"), CAPTION, palette.muted, 21.0),
    ];
    for (text, size, color, y) in lines {
        let mut job = LayoutJob::simple_singleline(text, theme::font(size), color);
        job.wrap = TextWrapping::truncate_at_width(rect.width() - 16.0);
        let galley = ui.painter().layout_job(job);
        ui.painter().galley(rect.min + vec2(8.0, y), galley, color);
    }
    // The pointer's press takes the focus from the box, so the press already counts.
    response.clicked() || response.is_pointer_button_down_on()
}

/// What a person typed: perhaps an entity's name first, then a key or a piece of text.
struct Typed<'t> {
    entity: Option<&'t str>,
    text: &'t str,
}

fn typed<'t>(text: &'t str, model: &Model) -> Typed<'t> {
    let text = text.trim();
    let names = model.entity_names();
    match text.split_once(char::is_whitespace) {
        Some((entity, rest)) if names.contains(&entity) => Typed {
            entity: Some(entity),
            text: rest.trim(),
        },
        _ => Typed { entity: None, text },
    }
}

impl Typed<'_> {
    /// The entity and key, where the text looks like a key; `last` is the entity that was traced last.
    fn key(&self, last: Option<&str>, model: &Model) -> Option<(String, String)> {
        let looks_like_key = self.text.starts_with('[')
            || (self.text.contains(|it: char| it.is_ascii_digit())
                && !self.text.contains([' ', '@']));
        let names = model.entity_names();
        let entity = self.entity.or(last).or(names.first().copied());
        let entity = entity.filter(|_| looks_like_key)?;
        Some((entity.to_owned(), self.text.to_owned()))
    }
}

//! The saved connections, one card each.

use egui::{Align, Layout, RichText, Ui, vec2};
use parallax_core::error::Error;
use parallax_core::profile::Profile;
use parallax_core::store::Access;

use super::{Test, Wish, steps};
use crate::theme::{self, Palette, Tone};
use crate::widgets::{Sign, card, empty, failure, named_button, pill};

/// What goes on with one profile.
#[derive(Debug)]
pub(super) struct State<'s> {
    pub(super) is_edited: bool,
    pub(super) is_removing: bool,
    pub(super) not_removed: Option<&'s (String, Error)>,
    pub(super) test: Option<&'s Test>,
}

/// Nothing saved yet: says what to do.
pub(super) fn nothing(ui: &mut Ui) {
    empty(
        ui,
        "No saved connections yet",
        "paste a URL above: its password goes into the keychain, and a deployment file names the connection by `profile = \"…\"`",
    );
}

pub(super) fn ui(ui: &mut Ui, profile: &Profile, state: &State<'_>) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let palette = Palette::of(ui);
    let mut frame = card(ui).shadow(egui::Shadow::NONE);
    if state.is_edited {
        frame = frame.stroke(egui::Stroke::new(1.5, palette.accent));
    }
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = theme::HALF_GAP;
        wishes = head(ui, profile);
        if state.is_removing {
            wishes.extend(confirm(ui, &profile.name));
        }
        let place = RichText::new(&profile.url).font(theme::mono(theme::MONO));
        ui.add(egui::Label::new(place.color(palette.text)).truncate())
            .on_hover_text(&profile.url);
        let facts = RichText::new(facts(profile)).size(theme::CAPTION);
        ui.add(egui::Label::new(facts.color(palette.muted)).truncate());
        if let Some((_, error)) = state.not_removed {
            failure(ui, error);
        }
        if let Some(test) = state.test {
            ui.add_space(theme::HALF_GAP);
            steps::ui(ui, &test.steps);
        }
    });
    wishes
}

/// What can be done at the right; name, environment and access have the room that is left.
fn head(ui: &mut Ui, profile: &Profile) -> Vec<Wish> {
    let layout = Layout::right_to_left(Align::Center);
    let row = vec2(ui.available_width(), 28.0);
    ui.allocate_ui_with_layout(row, layout, |ui| {
        let wishes = buttons(ui, profile);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| who(ui, profile));
        wishes
    })
    .inner
}

fn who(ui: &mut Ui, profile: &Profile) {
    let color = Palette::of(ui).text;
    let name = crate::format::shortened(&profile.name, 28);
    ui.label(RichText::new(name).size(theme::TITLE).color(color))
        .on_hover_text(&profile.name);
    let sign = Sign::environment(profile.environment);
    pill(ui, sign, sign.word);
    if profile.access == Access::ReadWrite {
        let sign = Sign {
            tone: Tone::Warning,
            mark: "▲",
            word: "may write",
        };
        pill(ui, sign, sign.word);
    }
}

fn facts(profile: &Profile) -> String {
    let secret = profile
        .secret
        .as_ref()
        .map_or_else(|| "no secret".to_owned(), |it| format!("secret from {it}"));
    let access = match profile.access {
        Access::ReadOnly => "read-only",
        Access::ReadWrite => "read and write",
    };
    let tags = profile.tags.iter().map(|it| format!(" #{it}"));
    let tags: String = tags.collect();
    let mark = if tags.is_empty() { "" } else { " ·" };
    format!("{access} · {secret}{mark}{tags}")
}

/// From the right to the left.
fn buttons(ui: &mut Ui, profile: &Profile) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let name = &profile.name;
    if named_button(ui, "Remove…", &format!("Remove {name}")) {
        wishes.push(Wish::AskToRemove(name.clone()));
    }
    if named_button(ui, "Edit", &format!("Edit {name}")) {
        wishes.push(Wish::Edit(Box::new(profile.clone())));
    }
    if named_button(ui, "Test", &format!("Test {name}")) {
        wishes.push(Wish::Test(Box::new(profile.clone())));
    }
    wishes
}

fn confirm(ui: &mut Ui, name: &str) -> Vec<Wish> {
    let mut wishes = Vec::new();
    ui.horizontal_wrapped(|ui| {
        ui.label("Remove it, and its secret from the keychain?");
        if named_button(ui, "Remove it", &format!("Remove {name} for good")) {
            wishes.push(Wish::Remove(name.to_owned()));
        }
        if named_button(ui, "Keep it", &format!("Keep {name}")) {
            wishes.push(Wish::Keep);
        }
    });
    wishes
}

//! The saved connections, one card each.

use egui::{RichText, Ui, WidgetType};
use parallax_core::error::Error;
use parallax_core::profile::Profile;
use parallax_core::store::Access;

use super::{Test, Wish, steps};
use crate::theme::{self, Palette, Tone};
use crate::widgets::{Sign, announce, caption, card, empty, failure, named_button, pill, title};

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
        head(ui, profile);
        let place = RichText::new(&profile.url).font(theme::mono(theme::MONO));
        ui.add(egui::Label::new(place.color(palette.text)).truncate())
            .on_hover_text(&profile.url);
        caption(ui, facts(profile));
        wishes = buttons(ui, profile, state);
        if let Some((_, error)) = state.not_removed {
            failure(ui, error);
        }
        if let Some(test) = state.test {
            steps::ui(ui, &test.steps);
        }
    });
    wishes
}

fn head(ui: &mut Ui, profile: &Profile) {
    ui.horizontal_wrapped(|ui| {
        title(ui, &profile.name);
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
        for tag in &profile.tags {
            let tag = crate::format::shortened(tag, 40);
            let text = RichText::new(format!("#{tag}")).size(theme::CAPTION);
            ui.label(text.color(Palette::of(ui).muted));
        }
    });
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
    format!("{access} · {secret}")
}

fn buttons(ui: &mut Ui, profile: &Profile, state: &State<'_>) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let name = &profile.name;
    ui.horizontal_wrapped(|ui| {
        if state.is_removing {
            ui.label(format!("Remove {name}, and its secret from the keychain?"));
            if named_button(ui, "Remove it", &format!("Remove {name} for good")) {
                wishes.push(Wish::Remove(name.clone()));
            }
            if named_button(ui, "Keep it", &format!("Keep {name}")) {
                wishes.push(Wish::Keep);
            }
            return;
        }
        if named_button(ui, "Test", &format!("Test {name}")) {
            wishes.push(Wish::Test(Box::new(profile.clone())));
        }
        if named_button(ui, "Edit", &format!("Edit {name}")) {
            wishes.push(Wish::Edit(Box::new(profile.clone())));
        }
        let remove = ui.button("Remove…");
        announce(ui, &remove, WidgetType::Button, &format!("Remove {name}"));
        if remove.clicked() {
            wishes.push(Wish::AskToRemove(name.clone()));
        }
    });
    wishes
}

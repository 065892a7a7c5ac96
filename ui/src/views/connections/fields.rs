//! The form's fields, each with what is wrong with it beside it.

use egui::{ComboBox, Id, RichText, TextEdit, Ui, WidgetType};
use parallax_core::deployment::Environment;
use parallax_core::store::Access;

use super::form::{Field, Form, Source};
use super::{Wish, take_paste, url};
use crate::theme::{self, Palette, Tone};
use crate::widgets::{Sign, announce, caption, failure, line_edit, name_text_edit, primary, title};

const LABEL: f32 = 92.0;

pub(super) fn name_id() -> Id {
    Id::new("connection-name")
}

/// Draws the form; returns what the person wants done with it.
pub(super) fn ui(ui: &mut Ui, form: &mut Form) -> Vec<Wish> {
    ui.spacing_mut().item_spacing.y = 6.0;
    if form.is_new() {
        title(ui, "New connection");
    } else {
        title(ui, format!("Edit {}", form.name));
    }
    name(ui, form);
    place(ui, form);
    secret(ui, form);
    environment(ui, form);
    access(ui, form);
    tags(ui, form);
    ui.add_space(theme::HALF_GAP);
    if let Some(error) = form.error() {
        failure(ui, error);
    }
    buttons(ui, form)
}

fn buttons(ui: &mut Ui, form: &Form) -> Vec<Wish> {
    let mut wishes = Vec::new();
    ui.horizontal(|ui| {
        ui.add_enabled_ui(!form.is_saving(), |ui| {
            if primary(ui, "Save").clicked() {
                wishes.push(Wish::Save);
            }
        });
        let test = ui.button("Test").on_hover_text("Ctrl-Enter");
        if test.clicked() {
            wishes.push(Wish::TestForm);
        }
        if ui.button("Cancel").clicked() {
            wishes.push(Wish::Close);
        }
        if form.is_saving() {
            caption(ui, "saving…");
        }
    });
    wishes
}

/// A field with its name before it, and behind it what is wrong with it.
fn labelled(ui: &mut Ui, label: &str, fault: Option<&str>, content: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let size = egui::vec2(LABEL, 28.0);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_size(size);
            caption(ui, label);
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            content(ui);
            if let Some(fault) = fault {
                let color = Palette::of(ui).tone(Tone::Bad);
                let text = RichText::new(format!("✖ {fault}")).size(theme::CAPTION);
                ui.add(egui::Label::new(text.color(color)).wrap());
            }
        });
    });
}

fn field<'t>(text: &'t mut String, id: Id, hint: &'t str) -> TextEdit<'t> {
    line_edit(text)
        .id(id)
        .hint_text(hint)
        .desired_width(f32::INFINITY)
}

fn name(ui: &mut Ui, form: &mut Form) {
    let fault = form.fault(Field::Name);
    let is_new = form.is_new();
    labelled(ui, "name", fault, |ui| {
        let edit = field(&mut form.name, name_id(), "orders-staging");
        ui.add_enabled(is_new, edit).on_disabled_hover_text(
            "deployment files call it by this name; make a new one for another",
        );
        name_text_edit(ui, name_id(), "Name");
    });
}

/// A pasted URL replaces what is there, its password taken out before it is drawn; a typed one is cleaned as it is typed.
fn place(ui: &mut Ui, form: &mut Form) {
    let id = Id::new("connection-url");
    let fault = form.fault(Field::Url);
    labelled(ui, "URL", fault, |ui| {
        let focused = ui.memory(|it| it.has_focus(id));
        if let Some(pasted) = focused.then(|| take_paste(ui)).flatten() {
            form.take_url(joined(&form.url, &pasted));
        }
        let edit = field(
            &mut form.url,
            id,
            "for example postgres://ann@db.example/shop",
        );
        let changed = ui.add(edit.font(theme::mono(theme::MONO))).changed();
        name_text_edit(ui, id, "Connection URL");
        let typed = form.url.clone();
        if changed && form.take_url(typed) {
            url::forget(ui, id);
        }
    });
}

/// A whole URL takes the place of what was there; a piece of one goes to its end.
fn joined(before: &str, pasted: &str) -> String {
    if pasted.contains(':') {
        pasted.to_owned()
    } else {
        format!("{before}{pasted}")
    }
}

fn secret(ui: &mut Ui, form: &mut Form) {
    labelled(ui, "secret from", None, |ui| {
        ui.horizontal_wrapped(|ui| {
            for (source, word) in Source::ALL {
                if ui.selectable_label(form.source == source, word).clicked() {
                    form.source = source;
                }
            }
        });
    });
    match form.source {
        Source::None => {
            note(ui, form, "The server lets you in without one.");
        }
        Source::Keychain => keychain(ui, form),
        Source::Variable => from(ui, form, "variable", "SHOP_PASSWORD"),
        Source::File => from(ui, form, "path", "/run/secrets/shop"),
        Source::Command => from(ui, form, "command", "pass show shop/db"),
    }
}

fn note(ui: &mut Ui, form: &Form, text: &str) {
    let lost = form.source != Source::Keychain && !form.secret.0.is_empty();
    labelled(ui, "", None, |ui| {
        caption(ui, text);
        if lost {
            caption(
                ui,
                "The password that was in the URL will not be kept: only the keychain keeps one.",
            );
        }
    });
}

fn keychain(ui: &mut Ui, form: &mut Form) {
    let id = Id::new("connection-secret");
    let hint = if form.is_new() {
        "the password"
    } else {
        "leave it empty to keep the one that is there"
    };
    labelled(ui, "secret", None, |ui| {
        let edit = field(&mut form.secret.0, id, hint).password(true);
        ui.add(edit);
        name_text_edit(ui, id, "Secret");
        caption(
            ui,
            "Kept in this system's keychain; never in a file, and never shown again.",
        );
    });
}

fn from(ui: &mut Ui, form: &mut Form, label: &str, hint: &str) {
    let id = Id::new("connection-secret-place");
    let fault = form.fault(Field::Place);
    labelled(ui, label, fault, |ui| {
        let edit = field(&mut form.place, id, hint);
        ui.add(edit.font(theme::mono(theme::MONO)));
        name_text_edit(ui, id, &format!("Secret's {label}"));
    });
    note(
        ui,
        form,
        "Read when the connection is made, and kept nowhere.",
    );
}

fn environment(ui: &mut Ui, form: &mut Form) {
    labelled(ui, "environment", None, |ui| {
        let chosen = Sign::environment(form.environment);
        let combo = ComboBox::from_id_salt("connection-environment")
            .selected_text(format!("{} {}", chosen.mark, chosen.word))
            .width(180.0);
        let shown = combo.show_ui(ui, |ui| {
            let all = [
                Environment::Dev,
                Environment::Staging,
                Environment::Production,
            ];
            for it in std::iter::once(None).chain(all.map(Some)) {
                let sign = Sign::environment(it);
                let text = format!("{} {}", sign.mark, sign.word);
                ui.selectable_value(&mut form.environment, it, text);
            }
        });
        announce(ui, &shown.response, WidgetType::ComboBox, "Environment");
    });
}

fn access(ui: &mut Ui, form: &mut Form) {
    labelled(ui, "access", None, |ui| {
        ui.horizontal(|ui| {
            for (access, word) in [
                (Access::ReadOnly, "read-only"),
                (Access::ReadWrite, "read and write"),
            ] {
                if ui.selectable_label(form.access == access, word).clicked() {
                    form.access = access;
                }
            }
        });
        let text = match form.access {
            Access::ReadOnly => {
                "Parallax itself only ever reads. Statements that would write are refused, by the server where it can."
            }
            Access::ReadWrite => {
                "▲ Statements that you type may change data. Trace, lag and checks still only read."
            }
        };
        ui.add(egui::Label::new(RichText::new(text).size(theme::CAPTION)).wrap());
    });
}

fn tags(ui: &mut Ui, form: &mut Form) {
    let id = Id::new("connection-tags");
    labelled(ui, "tags", None, |ui| {
        ui.add(field(&mut form.tags, id, "shop, eu-west"));
        name_text_edit(ui, id, "Tags");
    });
}

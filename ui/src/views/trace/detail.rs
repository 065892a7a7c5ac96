//! Below the matrix: the chosen representation's reason, raw record and statement.

use egui::{RichText, Ui};
use parallax_core::trace::Trace;
use parallax_core::value::{Record, Value};

use crate::action::Action;
use crate::theme::{self, Palette};
use crate::widgets::{Sign, caption, card, failure, pill, title};

/// Blanks that are not dropped where a line begins.
const INDENT: &str = "\u{a0}\u{a0}";

pub(super) fn ui(ui: &mut Ui, trace: &Trace, chosen: usize) -> Option<Action> {
    let it = trace.observations.get(chosen)?;
    let mut action = None;
    card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let sign = Sign::verdict(it.verdict);
        ui.horizontal(|ui| {
            title(ui, it.dataset.to_string());
            pill(ui, sign, sign.word);
            if ui.button("Open in Query").clicked() {
                let (store, text) = (it.dataset.store.clone(), it.statement.clone());
                action = Some(Action::Edit { store, text });
            }
        });
        let reason = RichText::new(&it.reason).color(Palette::of(ui).text);
        ui.add(egui::Label::new(reason).wrap());
        if let Some(error) = &it.error {
            failure(ui, error);
        }
        ui.columns(2, |columns| {
            if let [left, right] = columns {
                raw(left, it.raw.as_ref());
                statement(right, &it.statement);
            }
        });
    });
    action
}

fn raw(ui: &mut Ui, record: Option<&Record>) {
    caption(ui, "the record in the store's own form");
    let Some(record) = record else {
        caption(ui, "no record");
        return;
    };
    let mut text = String::new();
    pretty(&record.body, 0, &mut text);
    for (name, value) in &record.meta {
        text.push_str(&format!("\n{name}: "));
        pretty(value, 0, &mut text);
    }
    code(ui, &text);
}

fn statement(ui: &mut Ui, text: &str) {
    caption(ui, "the statement that read it");
    code(ui, text);
}

fn code(ui: &mut Ui, text: &str) {
    let palette = Palette::of(ui);
    let frame = egui::Frame::new()
        .fill(palette.sunken)
        .corner_radius(egui::CornerRadius::same(theme::SMALL_RADIUS))
        .inner_margin(egui::Margin::same(10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let text = RichText::new(text)
            .font(theme::mono(theme::MONO))
            .color(palette.text);
        ui.add(egui::Label::new(text).wrap().selectable(true));
    });
}

/// A value over several lines; scalars exactly as in the grid, text in quotes.
fn pretty(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Map(members) if !members.is_empty() => {
            let inside = members.iter().map(|(name, it)| (format!("{name}: "), it));
            block(("{", "}"), inside, depth, out);
        }
        Value::List(items) if !items.is_empty() => {
            block(
                ("[", "]"),
                items.iter().map(|it| (String::new(), it)),
                depth,
                out,
            );
        }
        Value::Text(text) => out.push_str(&format!("{text:?}")),
        other => out.push_str(&other.to_string()),
    }
}

fn block<'v>(
    brackets: (&str, &str),
    members: impl Iterator<Item = (String, &'v Value)>,
    depth: usize,
    out: &mut String,
) {
    let indent = INDENT.repeat(depth + 1);
    out.push_str(brackets.0);
    for (name, it) in members {
        out.push_str(&format!("\n{indent}{name}"));
        pretty(it, depth + 1, out);
    }
    out.push_str(&format!("\n{}{}", INDENT.repeat(depth), brackets.1));
}

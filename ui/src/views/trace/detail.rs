//! Below the matrix: the chosen representation's reason, raw record and statement.

use egui::{RichText, Ui};
use parallax_core::trace::Trace;
use parallax_core::value::{Record, Value};

use crate::action::Action;
use crate::theme::{self, Palette, Tone};
use crate::widgets::{Sign, caption, card, failure, pill, title};

const INDENT: &str = "  ";

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
        if let Some(copy) = it.searchable.as_ref().filter(|it| !it.words.is_empty()) {
            let words = RichText::new(&copy.words).color(Palette::of(ui).tone(Tone::Warning));
            ui.add(egui::Label::new(words).wrap());
        }
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
    let meta = record.meta.iter();
    let known = meta.map(|(name, it)| format!("{name}: {}", pretty(it, 0)));
    let lines: Vec<_> = [pretty(&record.body, 0)].into_iter().chain(known).collect();
    code(ui, &lines.join("\n"));
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
        // Columns justify their lines, which would take the blanks off where a line begins.
        ui.vertical(|ui| ui.add(egui::Label::new(text).wrap().selectable(true)));
    });
}

/// A value over several lines; scalars exactly as in the grid, text in quotes.
fn pretty(value: &Value, depth: usize) -> String {
    let indent = INDENT.repeat(depth + 1);
    let (brackets, lines): (_, Vec<_>) = match value {
        Value::Map(members) if !members.is_empty() => {
            let line =
                |(name, it): &(String, Value)| format!("{indent}{name}: {}", pretty(it, depth + 1));
            (["{", "}"], members.iter().map(line).collect())
        }
        Value::List(items) if !items.is_empty() => {
            let line = |it: &Value| format!("{indent}{}", pretty(it, depth + 1));
            (["[", "]"], items.iter().map(line).collect())
        }
        Value::Text(text) => return format!("{text:?}"),
        other => return other.to_string(),
    };
    let end = INDENT.repeat(depth);
    format!(
        "{}\n{}\n{end}{}",
        brackets[0],
        lines.join("\n"),
        brackets[1]
    )
}

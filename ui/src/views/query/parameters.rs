//! Parameters that all panes share: found in their texts as `{{name}}`, typed once.

use std::collections::BTreeMap;

use egui::{Id, RichText, Ui};
use parallax_core::value::Value;

use crate::theme::{self, Palette};
use crate::widgets::{announce, caption, line_edit};

/// What was typed for each name, kept while the name is not in use.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// The values of the names that `texts` use: JSON where it reads as JSON, else text.
    pub(super) fn values(&self, texts: &[&str]) -> Vec<(String, Value)> {
        let typed = names(texts).into_iter().map(|name| {
            let text = self.0.get(&name).cloned().unwrap_or_default();
            let value = read(&text);
            (name, value)
        });
        typed.collect()
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, texts: &[String]) {
        let names = names(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        if names.is_empty() {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            caption(ui, "parameters");
            for name in &names {
                self.field(ui, name);
            }
        });
    }

    fn field(&mut self, ui: &mut Ui, name: &str) {
        let palette = Palette::of(ui);
        let label = RichText::new(name)
            .font(theme::mono(theme::MONO))
            .color(palette.parameter);
        ui.label(label);
        let id = Id::new(("parameter", name));
        let text = self.0.entry(name.to_owned()).or_default();
        let kind = if text.is_empty() {
            "text, empty".to_owned()
        } else {
            kind(text)
        };
        let edit = line_edit(text)
            .id(id)
            .desired_width(140.0)
            .font(theme::mono(theme::MONO));
        ui.add(edit);
        crate::widgets::name_text_edit(ui, id, &format!("Parameter {name}"));
        let kind = caption(ui, kind);
        announce(
            ui,
            &kind,
            egui::WidgetType::Label,
            &format!("type of {name}"),
        );
        ui.add_space(theme::GAP);
    }
}

fn kind(text: &str) -> String {
    read(text).type_name().to_owned()
}

fn read(text: &str) -> Value {
    Value::from_json(text).unwrap_or_else(|_| Value::Text(text.to_owned()))
}

/// The names in `{{…}}`, in the order in which the texts first use them.
pub(super) fn names(texts: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        let inside = text
            .split("{{")
            .skip(1)
            .filter_map(|it| it.split_once("}}"));
        for (name, _) in inside {
            let name = name.trim();
            if is_name(name) && !names.iter().any(|it| it == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    let starts_well = text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    starts_well
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_once_and_in_order() {
        let texts = [
            "select {{b}}, {{ a }}, {{b}}",
            "GET user:{{a}} {{}} {{9}} {{open",
        ];
        assert_eq!(names(&texts), ["b", "a"]);
    }

    #[test]
    fn what_reads_as_json_is_json_and_the_rest_is_text() {
        assert_eq!(read("9007199254740993"), Value::I64(9_007_199_254_740_993));
        assert_eq!(read("\"42\""), Value::from("42"));
        assert_eq!(read("ann@x.example"), Value::from("ann@x.example"));
    }
}

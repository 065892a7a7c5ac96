//! What is to be checked: which entities, which flows, which keys.

use std::time::Duration;

use egui::{ComboBox, DragValue, Ui, WidgetType};
use parallax_core::deployment::{Endpoint, Entity, Role};
use parallax_core::human;
use parallax_core::name::DatasetId;
use parallax_core::report::Scope;

use crate::app::Model;
use crate::widgets::{announce, caption, name_text_edit};

const SINCE: [u64; 6] = [
    15 * 60,
    3_600,
    6 * 3_600,
    24 * 3_600,
    7 * 86_400,
    30 * 86_400,
];

/// The choices, as a person left them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setup {
    pub(super) entity: Option<String>,
    pub(super) from: Option<DatasetId>,
    pub(super) to: Option<DatasetId>,
    pub(super) keys: Keys,
    /// The share of a sample, in per cent.
    pub(super) percent: f64,
    pub(super) since: Duration,
}

/// Which keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    All,
    Sample,
    Changed,
}

impl Keys {
    const ALL: [(Self, &'static str); 3] = [
        (Self::All, "all keys"),
        (Self::Sample, "a sample"),
        (Self::Changed, "changed lately"),
    ];
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            entity: None,
            from: None,
            to: None,
            keys: Keys::All,
            percent: 5.0,
            since: Duration::from_hours(1),
        }
    }
}

impl Setup {
    pub(super) fn compare(&mut self, model: &Model, from: DatasetId, to: DatasetId) {
        let holds = |it: &&Entity, dataset: &DatasetId| {
            it.representations
                .iter()
                .any(|it| it.dataset.same_as(dataset))
        };
        let entity = entities(model).iter().find(|it| holds(it, &to));
        self.from = entity.filter(|it| holds(it, &from)).map(|_| from);
        self.entity = entity.map(|it| it.name.clone());
        self.to = Some(to);
    }

    /// What is no longer there, or not of the chosen entity, is not chosen.
    pub(super) fn keep_to(&mut self, model: &Model) {
        let names = model.entity_names();
        let is_there = |it: &mut String| names.contains(&it.as_str());
        self.entity.take_if(|it| !is_there(it));
        let sources = self.sources(model);
        self.from.take_if(|it| !sources.contains(it));
        let copies = self.copies(model);
        self.to.take_if(|it| !copies.contains(it));
    }

    pub(super) fn scope(&self) -> Scope {
        Scope {
            entities: self.entity.clone().into_iter().collect(),
            from: self.from.clone(),
            to: self.to.clone(),
            sample: (self.keys == Keys::Sample).then_some(self.percent / 100.0),
            since: (self.keys == Keys::Changed).then_some(self.since),
        }
    }

    /// The entities that are chosen.
    pub(super) fn entities<'m>(&self, model: &'m Model) -> Vec<&'m Entity> {
        let is_chosen = |it: &&Entity| self.entity.as_ref().is_none_or(|name| *name == it.name);
        entities(model).iter().filter(is_chosen).collect()
    }

    /// Datasets of the chosen entities from which a flow begins.
    fn sources(&self, model: &Model) -> Vec<DatasetId> {
        let flows = model.overview.value().map_or(&[][..], |it| &it.flows);
        let begins = |dataset: &DatasetId| {
            let is_it = |from: &Endpoint| from.covers(dataset);
            flows.iter().any(|it| is_it(&it.from))
        };
        let entities = self.entities(model);
        let all = entities.iter().flat_map(|it| &it.representations);
        all.map(|it| &it.dataset)
            .filter(|it| begins(it))
            .cloned()
            .collect()
    }

    fn copies(&self, model: &Model) -> Vec<DatasetId> {
        let entities = self.entities(model);
        let all = entities.iter().flat_map(|it| &it.representations);
        let derived = all.filter(|it| it.role == Role::Derived);
        derived.map(|it| it.dataset.clone()).collect()
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, model: &Model) {
        let names = model.entity_names();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        caption(ui, "entity");
        choose(ui, &mut self.entity, &names, &Words::ENTITY);
        caption(ui, "from");
        let sources = self.sources(model);
        choose(ui, &mut self.from, &sources, &Words::FROM);
        caption(ui, "to");
        let copies = self.copies(model);
        choose(ui, &mut self.to, &copies, &Words::TO);
        for (keys, word) in Keys::ALL {
            if ui.selectable_label(self.keys == keys, word).clicked() {
                self.keys = keys;
            }
        }
        self.amount(ui);
    }

    fn amount(&mut self, ui: &mut Ui) {
        match self.keys {
            Keys::All => {}
            Keys::Sample => {
                let value = DragValue::new(&mut self.percent)
                    .range(0.1..=100.0)
                    .speed(0.5)
                    .max_decimals(1)
                    .suffix(" %");
                let response = ui.add(value);
                name_text_edit(ui, response.id, "Share of keys in per cent");
            }
            Keys::Changed => {
                let combo = ComboBox::from_id_salt("check-since")
                    .selected_text(within(self.since))
                    .width(120.0);
                let shown = combo.show_ui(ui, |ui| {
                    for since in SINCE.map(Duration::from_secs) {
                        ui.selectable_value(&mut self.since, since, within(since));
                    }
                });
                announce(ui, &shown.response, WidgetType::ComboBox, "Changed within");
            }
        }
    }
}

/// A span as the chooser says it: whole days without their hours.
pub(super) fn span(since: Duration) -> String {
    let seconds = since.as_secs();
    match seconds {
        3_600 => "hour".to_owned(),
        _ if seconds.is_multiple_of(86_400) && seconds > 86_400 => {
            human::plural(seconds / 86_400, "day")
        }
        _ if seconds.is_multiple_of(3_600) => human::plural(seconds / 3_600, "hour"),
        _ => human::plural(seconds / 60, "minute"),
    }
}

fn within(since: Duration) -> String {
    format!("in the last {}", span(since))
}

/// What a chooser says: of nothing chosen, and for the accessibility tree.
struct Words {
    id: &'static str,
    name: &'static str,
    all: &'static str,
    width: f32,
}

impl Words {
    const ENTITY: Self = Self {
        id: "check-entity",
        name: "Entity to check",
        all: "every entity",
        width: 112.0,
    };
    const FROM: Self = Self {
        id: "check-from",
        name: "Check what flows from",
        all: "anywhere",
        width: 150.0,
    };
    const TO: Self = Self {
        id: "check-to",
        name: "Check what flows to",
        all: "every copy",
        width: 170.0,
    };
}

fn choose<T: Clone + PartialEq + ToString>(
    ui: &mut Ui,
    chosen: &mut Option<T>,
    options: &[T],
    words: &Words,
) {
    let text = chosen
        .as_ref()
        .map_or_else(|| words.all.to_owned(), ToString::to_string);
    let combo = ComboBox::from_id_salt(words.id)
        .selected_text(text)
        .width(words.width)
        .truncate();
    let shown = combo.show_ui(ui, |ui| {
        ui.selectable_value(chosen, None, words.all);
        for option in options {
            ui.selectable_value(chosen, Some(option.clone()), option.to_string());
        }
    });
    announce(ui, &shown.response, WidgetType::ComboBox, words.name);
}

fn entities(model: &Model) -> &[Entity] {
    model.overview.value().map_or(&[], |it| &it.entities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_whole_words() {
        let said = SINCE.map(|it| span(Duration::from_secs(it)));
        let expected = [
            "15 minutes",
            "hour",
            "6 hours",
            "24 hours",
            "7 days",
            "30 days",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn only_the_chosen_limit_is_in_the_scope() {
        let mut setup = Setup {
            keys: Keys::Sample,
            ..Setup::default()
        };
        assert_eq!(setup.scope().sample, Some(0.05));
        assert_eq!(setup.scope().since, None);
        setup.keys = Keys::Changed;
        assert_eq!(setup.scope().sample, None);
        assert_eq!(setup.scope().since, Some(Duration::from_hours(1)));
    }
}

//! What a check will do, in words, and what it will cost, before it runs.

use std::time::Duration;

use egui::{Grid, RichText, ScrollArea, Ui};
use parallax_core::deployment::{Deployment, Entity, Presence, Role};
use parallax_core::flow::Flow;
use parallax_core::human;
use parallax_core::name::DatasetId;

use super::setup::{Keys, Setup, span};
use super::sizes::Sizes;
use crate::app::Model;
use crate::format;
use crate::theme::{self, Palette};
use crate::widgets::{caption, right, title};

const HEADINGS: [&str; 6] = [
    "entity",
    "◆ source of truth",
    "records",
    "copy",
    "records",
    "the copy",
];

/// The entities that are compared, with their datasets.
#[derive(Debug, Default)]
pub(super) struct Plan {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    entity: String,
    source: DatasetId,
    copies: Vec<(DatasetId, Presence)>,
}

impl Plan {
    /// What the workbench will make of the choices; it decides, this foretells.
    pub(super) fn of(setup: &Setup, model: &Model) -> Self {
        let reached = setup.from.as_ref().map(|from| reached(from, model));
        let is_wanted = |it: &DatasetId| {
            let is_to = setup.to.as_ref().is_none_or(|to| to.same_as(it));
            is_to && reached.as_ref().is_none_or(|all| all.contains(it))
        };
        let parts = setup.entities(model).into_iter().filter_map(|entity| {
            let source = source(entity)?;
            let derived = entity
                .representations
                .iter()
                .filter(|it| it.role == Role::Derived);
            let copies = derived.filter(|it| is_wanted(&it.dataset));
            Some(Part {
                entity: entity.name.clone(),
                source: source.clone(),
                copies: copies.map(|it| (it.dataset.clone(), it.presence)).collect(),
            })
        });
        Self {
            parts: parts.filter(|it| !it.copies.is_empty()).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Every dataset that it reads, the sources of truth first within their entities.
    pub(super) fn datasets(&self) -> impl Iterator<Item = &DatasetId> {
        self.parts
            .iter()
            .flat_map(|it| std::iter::once(&it.source).chain(it.copies.iter().map(|it| &it.0)))
    }

    /// What is compared and what that costs; `pace` is what the last check read in a second.
    pub(super) fn sentence(&self, setup: &Setup, sizes: &Sizes, pace: Option<f64>) -> String {
        if self.is_empty() {
            return "No flow leads there: there is nothing to compare. Choose other ends of the flow."
                .to_owned();
        }
        let entities: Vec<_> = self.parts.iter().map(|it| it.entity.as_str()).collect();
        let entities = listed(&entities);
        let copies: usize = self.parts.iter().map(|it| it.copies.len()).sum();
        let copies = match copies {
            1 => "1 copy".to_owned(),
            more => format!("{more} copies"),
        };
        let whole =
            |keys: &str| format!("{keys} of {entities} in {copies} against the source of truth.");
        let what = match setup.keys {
            Keys::All => whole("Compares every key"),
            Keys::Sample => whole(&format!("Compares {} % of the keys", setup.percent)),
            Keys::Changed => whole(&format!(
                "Compares keys that changed in the last {}",
                span(setup.since)
            )),
        };
        format!("{what} {}", self.cost(setup, sizes, pace))
    }

    fn cost(&self, setup: &Setup, sizes: &Sizes, pace: Option<f64>) -> String {
        let scanned: Vec<_> = match setup.keys {
            Keys::All | Keys::Sample => self.datasets().collect(),
            Keys::Changed => self.parts.iter().map(|it| &it.source).collect(),
        };
        let known: Vec<_> = scanned.iter().filter_map(|it| sizes.of(it)).collect();
        let records: u64 = known.iter().sum();
        let how = match setup.keys {
            Keys::All => "only keys that differ are read again",
            Keys::Sample => {
                "every dataset is still read to its end, since a sample is taken by key"
            }
            Keys::Changed => {
                "copies are read key by key, so records that only a copy has are not seen"
            }
        };
        let read = human::plural(scanned.len(), "dataset");
        let is = if scanned.len() == 1 { "is" } else { "are" };
        let amount = amount(scanned.len(), known.len(), records);
        let time = time(pace, records, known.len() == scanned.len());
        format!("{read} {is} scanned once, {amount}{time}; {how}.")
    }

    /// The datasets, one row a copy.
    pub(super) fn ui(&self, ui: &mut Ui, sizes: &Sizes) {
        title(ui, "What will be read");
        let area = ScrollArea::vertical().id_salt("check-plan");
        area.auto_shrink([false, true])
            .max_height(ui.available_height() - 60.0)
            .show(ui, |ui| {
                let grid = Grid::new("check-plan").num_columns(6);
                let grid = grid.spacing([24.0, 2.0]).min_row_height(22.0);
                grid.show(ui, |ui| {
                    for (at, heading) in HEADINGS.into_iter().enumerate() {
                        if matches!(at, 2 | 4) {
                            right(ui, |ui| caption(ui, heading));
                        } else {
                            caption(ui, heading);
                        }
                    }
                    ui.end_row();
                    for part in &self.parts {
                        part.ui(ui, sizes);
                    }
                });
            });
    }
}

impl Part {
    fn ui(&self, ui: &mut Ui, sizes: &Sizes) {
        for (at, (copy, presence)) in self.copies.iter().enumerate() {
            if at == 0 {
                ui.label(&self.entity);
                dataset(ui, &self.source);
                right(ui, |ui| caption(ui, size(sizes, &self.source)));
            } else {
                for _ in 0..3 {
                    caption(ui, "");
                }
            }
            dataset(ui, copy);
            right(ui, |ui| caption(ui, size(sizes, copy)));
            caption(ui, absent(*presence));
            ui.end_row();
        }
    }
}

fn absent(presence: Presence) -> &'static str {
    match presence {
        Presence::Required => "must have every record",
        Presence::Optional => "may lack records",
    }
}

fn dataset(ui: &mut Ui, dataset: &DatasetId) {
    let color = Palette::of(ui).text;
    let text = RichText::new(dataset.to_string()).font(theme::mono(theme::MONO));
    ui.label(text.color(color));
}

fn size(sizes: &Sizes, dataset: &DatasetId) -> String {
    sizes.of(dataset).map_or_else(
        || "size unknown".to_owned(),
        |it| format!("about {}", human::count(it)),
    )
}

fn amount(scanned: usize, known: usize, records: u64) -> String {
    let records = human::plural(records, "record");
    match scanned - known {
        0 => format!("about {records} in all"),
        _ if known == 0 => "of unknown size".to_owned(),
        unknown => format!("about {records} and {unknown} of unknown size"),
    }
}

/// Only where every size is known: half an estimate would be a promise.
fn time(pace: Option<f64>, records: u64, is_whole: bool) -> String {
    let pace = pace.filter(|it| *it >= 1.0 && is_whole && records > 0);
    pace.map_or_else(String::new, |pace| {
        let seconds = (format::as_f64(records) / pace).max(0.1);
        let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        format!(
            " (about {} at the last check's pace)",
            human::duration(time)
        )
    })
}

/// `a`, `a and b`, `a, b and c`; of many, the first and how many more.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second, third, more @ ..] if !more.is_empty() => {
            let more = more.len();
            format!("{first}, {second}, {third} and {more} more")
        }
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

fn source(entity: &Entity) -> Option<&DatasetId> {
    let all = &entity.representations;
    let source = all.iter().find(|it| it.role == Role::SystemOfRecord);
    source.map(|it| &it.dataset)
}

/// The representations to which a way leads from `from`.
fn reached(from: &DatasetId, model: &Model) -> Vec<DatasetId> {
    let Some(overview) = model.overview.value() else {
        return Vec::new();
    };
    let deployment = Deployment {
        name: overview.name.clone(),
        stores: Vec::new(),
        entities: overview.entities.clone(),
        flows: overview.flows.clone(),
    };
    let flow = Flow::new(&deployment);
    let all = overview.entities.iter().flat_map(|it| &it.representations);
    let reached = all.filter(|it| !flow.ways(from, &it.dataset).is_empty());
    reached.map(|it| it.dataset.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_estimate_says_what_it_lacks() {
        assert_eq!(amount(3, 3, 120), "about 120 records in all");
        assert_eq!(amount(3, 1, 120), "about 120 records and 2 of unknown size");
        assert_eq!(amount(3, 0, 0), "of unknown size");
        assert_eq!(time(Some(10.0), 100, false), "");
        assert_eq!(
            time(Some(10.0), 100, true),
            " (about 10 s at the last check's pace)"
        );
    }

    #[test]
    fn names_are_listed_as_people_do() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}

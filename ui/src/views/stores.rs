//! Every store: its state and why, what it can answer, and the datasets it holds, listed when asked for.

use std::collections::BTreeMap;

use egui::{RichText, ScrollArea, Ui};
use parallax_core::error::{Error, ErrorKind};
use parallax_core::human;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{Capability, Dataset, FieldShape, Shape};
use parallax_core::wire::{Request, StoreStatus};

use super::map::model_name;
use crate::action::Action;
use crate::app::Model;
use crate::format;
use crate::loadable::Loadable;
use crate::theme;
use crate::widgets::{Sign, caption, card, empty, fact, failure, pill, title};

/// Which store is chosen, and what was listed of each.
#[derive(Debug, Default)]
pub(crate) struct StoresView {
    chosen: Option<StoreId>,
    datasets: BTreeMap<StoreId, Loadable<Vec<Dataset>>>,
    shapes: BTreeMap<DatasetId, Loadable<Shape>>,
    dataset: Option<DatasetId>,
}

impl StoresView {
    pub(crate) fn begin_datasets(&mut self, store: &StoreId) {
        self.datasets.entry(store.clone()).or_default().begin();
    }

    pub(crate) fn show_datasets(&mut self, store: StoreId, datasets: Vec<Dataset>) {
        self.datasets.entry(store).or_default().succeed(datasets);
    }

    pub(crate) fn fail_datasets(&mut self, store: &StoreId, error: Error) {
        self.datasets.entry(store.clone()).or_default().fail(error);
    }

    pub(crate) fn begin_shape(&mut self, dataset: &DatasetId) {
        self.shapes.entry(dataset.clone()).or_default().begin();
    }

    pub(crate) fn show_shape(&mut self, dataset: DatasetId, shape: Shape) {
        self.shapes.entry(dataset).or_default().succeed(shape);
    }

    pub(crate) fn fail_shape(&mut self, dataset: &DatasetId, error: Error) {
        self.shapes.entry(dataset.clone()).or_default().fail(error);
    }

    pub(crate) fn ui(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        let mut actions = Vec::new();
        let stores = model.stores();
        let Some(first) = stores.first() else {
            empty(
                ui,
                "No stores",
                "name them under [stores] in the deployment file",
            );
            return actions;
        };
        let chosen = self
            .chosen
            .as_ref()
            .and_then(|it| model.store(it))
            .unwrap_or(first);
        if !self.datasets.contains_key(&chosen.name) {
            let store = chosen.name.clone();
            actions.push(Action::Ask(Request::Datasets { store }));
        }
        let frame = egui::Frame::new().inner_margin(egui::Margin::same(12));
        let list = egui::Panel::left("stores-list")
            .exact_size(240.0)
            .resizable(false);
        let picked = list
            .frame(frame)
            .show(ui, |ui| pick(ui, stores, chosen))
            .inner;
        let page = egui::CentralPanel::default().frame(frame);
        actions.extend(page.show(ui, |ui| self.page(ui, model, chosen)).inner);
        if picked.is_some() {
            self.chosen = picked;
            self.dataset = None;
        }
        actions
    }

    fn page(&mut self, ui: &mut Ui, model: &Model, store: &StoreStatus) -> Vec<Action> {
        let mut actions = Vec::new();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            card(ui).show(ui, |ui| {
                ui.set_width(ui.available_width());
                about(ui, model, store);
                actions.extend(trust(ui, store));
            });
            ui.add_space(theme::HALF_GAP);
            let listing = card(ui).show(ui, |ui| {
                ui.set_width(ui.available_width());
                self.listing(ui, store)
            });
            actions.extend(listing.inner);
        });
        actions
    }

    fn listing(&mut self, ui: &mut Ui, store: &StoreStatus) -> Vec<Action> {
        let mut actions = Vec::new();
        let listed = self.datasets.get(&store.name);
        ui.horizontal(|ui| {
            title(ui, "Datasets");
            if ui.button("List again").clicked() {
                let store = store.name.clone();
                actions.push(Action::Ask(Request::Datasets { store }));
            }
        });
        if let Some(error) = listed.and_then(Loadable::error) {
            failure(ui, error);
        }
        let Some(datasets) = listed.and_then(Loadable::value) else {
            caption(ui, "listing…");
            return actions;
        };
        if datasets.is_empty() {
            caption(ui, "The store holds no datasets that this login can see.");
        }
        let datasets: Vec<_> = datasets.clone();
        for dataset in datasets {
            actions.extend(self.dataset(ui, &dataset));
        }
        actions
    }

    fn dataset(&mut self, ui: &mut Ui, dataset: &Dataset) -> Option<Action> {
        let open = self.dataset.as_ref() == Some(&dataset.id);
        let size = dataset
            .estimate
            .map(|it| format!("about {} records", human::count(it)));
        let size = size.unwrap_or_else(|| "size unknown".to_owned());
        let mark = if open { "▾" } else { "▸" };
        let clicked = ui.horizontal(|ui| {
            let text = format!("{mark} {}", dataset.id.name);
            let text = RichText::new(text).font(theme::mono(theme::MONO));
            let clicked = ui.selectable_label(open, text).clicked();
            caption(ui, format!("{} · {size}", model_name(dataset.model)));
            clicked
        });
        if clicked.inner {
            self.dataset = (!open).then(|| dataset.id.clone());
        }
        if !open {
            return None;
        }
        self.shape(ui, &dataset.id)
    }

    fn shape(&self, ui: &mut Ui, dataset: &DatasetId) -> Option<Action> {
        let Some(shape) = self.shapes.get(dataset) else {
            let dataset = dataset.clone();
            return Some(Action::Ask(Request::Describe { dataset }));
        };
        if let Some(error) = shape.error() {
            failure(ui, error);
        }
        match shape.value() {
            Some(shape) => fields(ui, shape),
            None if shape.is_loading() => drop(caption(ui, "reading its fields…")),
            None => {}
        }
        None
    }
}

fn pick(ui: &mut Ui, stores: &[StoreStatus], chosen: &StoreStatus) -> Option<StoreId> {
    let mut picked = None;
    for store in stores {
        let sign = Sign::store(store.state);
        let text = format!("{} {}", sign.mark, store.name);
        let size = egui::vec2(ui.available_width(), 30.0);
        let button = egui::Button::selectable(store.name == chosen.name, text).min_size(size);
        let response = ui.add(button).on_hover_text(sign.word);
        if response.clicked() {
            picked = Some(store.name.clone());
        }
    }
    picked
}

fn about(ui: &mut Ui, model: &Model, store: &StoreStatus) {
    ui.horizontal(|ui| {
        title(ui, store.name.to_string());
        let sign = Sign::store(store.state);
        pill(ui, sign, sign.word);
    });
    if let Some(error) = &store.error {
        failure(ui, error);
    }
    let unknown = || "unknown".to_owned();
    let version = store.version.as_deref().unwrap_or_default();
    let product = store.product.as_ref().map(|it| format!("{it} {version}"));
    fact(ui, "product", product.unwrap_or_else(unknown));
    fact(
        ui,
        "round trip",
        store.latency.map_or_else(unknown, human::duration),
    );
    let asked = store.asked_at.map(|it| format::age(it, model.now));
    fact(ui, "asked", asked.unwrap_or_else(|| "never".to_owned()));
    fact(ui, "where", store.url.clone());
    fact(ui, "can", abilities(store.capability));
    if let Some(why) = &store.why {
        fact(ui, "why it", why.clone());
    }
}

/// A deployment file that names secrets is trusted once, by a person who has looked at it.
fn trust(ui: &mut Ui, store: &StoreStatus) -> Option<Action> {
    let error = store.error.as_ref()?;
    if error.kind != ErrorKind::Untrusted {
        return None;
    }
    caption(
        ui,
        "Look at the file first: it says to which addresses your secrets will be sent.",
    );
    let clicked = ui.button("Trust the deployment file").clicked();
    clicked.then_some(Action::Ask(Request::Trust))
}

fn abilities(it: Capability) -> String {
    let all = [
        (it.cancel, "stop a statement on the server"),
        (it.read_only_session, "refuse writes itself"),
        (it.multiple_results, "several results a text"),
        (it.parameters, "bind parameters"),
        (it.find, "find by a field"),
        (it.newest, "read the newest records"),
        (it.backlog, "read an outbox"),
        (it.parts, "be scanned in parts"),
        (it.snapshot, "one snapshot over all parts"),
    ];
    let can: Vec<_> = all
        .iter()
        .filter(|(can, _)| *can)
        .map(|(_, what)| *what)
        .collect();
    if can.is_empty() {
        "not known yet".to_owned()
    } else {
        can.join(" · ")
    }
}

fn fields(ui: &mut Ui, shape: &Shape) {
    let how = match shape.sampled {
        Some(records) => format!("from a sample of {} records", human::count(records)),
        None => "as the store declares it".to_owned(),
    };
    caption(ui, how);
    egui::Grid::new(("fields", &shape.dataset))
        .num_columns(3)
        .min_row_height(20.0)
        .spacing([24.0, 4.0])
        .show(ui, |ui| {
            for field in &shape.fields {
                ui.label(RichText::new(&field.name).font(theme::mono(theme::MONO)));
                caption(ui, types(field));
                let key = if shape.key.contains(&field.name) {
                    "key"
                } else {
                    ""
                };
                let null = if field.nullable { "may be null" } else { "" };
                caption(ui, format!("{key} {null}").trim().to_owned());
                ui.end_row();
            }
        });
}

fn types(field: &FieldShape) -> String {
    if let Some(declared) = &field.declared {
        return declared.clone();
    }
    let share = |it: &parallax_core::store::TypeShare| {
        format!("{} {}", it.type_name, format::percent(it.share))
    };
    field.types.iter().map(share).collect::<Vec<_>>().join(", ")
}

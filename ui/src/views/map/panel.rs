//! Beside the map: what is known of the chosen store or of the chosen flows.

use egui::{RichText, ScrollArea, Ui};
use parallax_core::deployment::{Edge, Endpoint};
use parallax_core::human;
use parallax_core::lag::{ProbeKind, Reading};
use parallax_core::wire::{Request, StoreStatus};

use super::Selection;
use super::sketch::{Bundle, Card, Sketch, lag_of, model_name, sign_of};
use crate::action::Action;
use crate::app::Model;
use crate::format;
use crate::theme::{self, Palette};
use crate::views::View;
use crate::widgets::{Sign, caption, card, fact, failure, named_button, pill, title};

pub(super) fn ui(
    ui: &mut Ui,
    model: &Model,
    sketch: &Sketch,
    selection: &mut Selection,
) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal(|ui| {
        title(ui, heading(sketch, selection));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Close").on_hover_text("Escape").clicked() {
                *selection = Selection::Nothing;
            }
        });
    });
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(ui, |ui| match selection {
            Selection::Nothing => {}
            Selection::Card(at) => {
                let chosen = sketch.cards.get(*at);
                let store = chosen.and_then(|it| model.store(&it.store));
                if let (Some(chosen), Some(store)) = (chosen, store) {
                    actions.extend(store_facts(ui, model, chosen, store));
                }
            }
            Selection::Bundle(at) => {
                if let Some(bundle) = sketch.bundles.get(*at) {
                    actions.extend(flows(ui, model, bundle));
                }
            }
        });
    actions
}

fn heading(sketch: &Sketch, selection: &Selection) -> String {
    let name = |at: usize| sketch.cards.get(at).map(|it| it.store.to_string());
    let text = match selection {
        Selection::Nothing => None,
        Selection::Card(at) => name(*at),
        Selection::Bundle(at) => sketch
            .bundles
            .get(*at)
            .and_then(|it| Some(format!("{} → {}", name(it.from)?, name(it.to)?))),
    };
    text.unwrap_or_default()
}

fn store_facts(ui: &mut Ui, model: &Model, chosen: &Card, store: &StoreStatus) -> Vec<Action> {
    let sign = Sign::store(store.state);
    pill(ui, sign, sign.word);
    if let Some(error) = &store.error {
        failure(ui, error);
    }
    let unknown = || "unknown".to_owned();
    let version = store.version.as_deref().unwrap_or_default();
    let product = store.product.as_ref().map(|it| format!("{it} {version}"));
    fact(ui, "product", product.unwrap_or_else(unknown));
    let models: Vec<_> = store.models.iter().map(|it| model_name(*it)).collect();
    fact(ui, "model", models.join(", "));
    fact(
        ui,
        "round trip",
        store.latency.map_or_else(unknown, human::duration),
    );
    let asked = store.asked_at.map(|it| format::age(it, model.now));
    fact(ui, "asked", asked.unwrap_or_else(|| "never".to_owned()));
    fact(ui, "environment", store.environment.to_string());
    fact(ui, "access", access(store));
    fact(ui, "where", store.url.clone());
    if let Some(why) = &store.why {
        fact(ui, "why it", why.clone());
    }
    ui.add_space(theme::GAP);
    datasets(ui, chosen);
    store_actions(ui)
}

fn access(store: &StoreStatus) -> &'static str {
    match store.access {
        parallax_core::store::Access::ReadOnly => "read-only",
        parallax_core::store::Access::ReadWrite => "read and write",
    }
}

fn datasets(ui: &mut Ui, chosen: &Card) {
    caption(
        ui,
        format!("{} in use", human::plural(chosen.rows.len(), "dataset")),
    );
    for row in &chosen.rows {
        let role = if row.is_source {
            "◆ source of truth of"
        } else {
            "holds"
        };
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&row.dataset).font(theme::mono(theme::MONO)));
            caption(ui, format!("{role} {}", row.entity));
        });
    }
}

fn store_actions(ui: &mut Ui) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.add_space(theme::GAP);
    ui.horizontal(|ui| {
        if ui.button("Ask again").clicked() {
            actions.push(Action::Ask(Request::Stores));
        }
        if ui.button("Show all stores").clicked() {
            actions.push(Action::Open(View::Stores));
        }
    });
    actions
}

fn flows(ui: &mut Ui, model: &Model, bundle: &Bundle) -> Vec<Action> {
    let mut actions = Vec::new();
    let all = model.overview.value().map_or(&[][..], |it| &it.flows);
    for flow in bundle.flows.iter().filter_map(|at| all.get(*at)) {
        card(ui).shadow(egui::Shadow::NONE).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = theme::HALF_GAP;
            one_flow(ui, model, flow);
            actions.extend(check_this(ui, flow));
        });
    }
    actions
}

/// A check compares datasets, so only a flow between two of them leads to one.
fn check_this(ui: &mut Ui, flow: &Edge) -> Option<Action> {
    let (Endpoint::Dataset(from), Endpoint::Dataset(to)) = (&flow.from, &flow.to) else {
        return None;
    };
    let name = format!("Check the flow {from} → {to}");
    named_button(ui, "Check this flow", &name).then(|| Action::Compare {
        from: from.clone(),
        to: to.clone(),
    })
}

fn one_flow(ui: &mut Ui, model: &Model, flow: &Edge) {
    let text = RichText::new(format!("{} → {}", flow.from, flow.to));
    ui.add(egui::Label::new(text.font(theme::mono(theme::CAPTION))).wrap());
    let sign = sign_of(model, flow);
    pill(ui, sign, sign.word);
    fact(ui, "mechanism", flow.via.to_string());
    fact(ui, "objective", human::duration(flow.objective));
    let Some(lag) = lag_of(model, flow) else {
        caption(ui, "“Measure now” above asks how far it is behind.");
        return;
    };
    let reading = &lag.reading;
    fact(ui, "behind", time(reading));
    fact(ui, "waiting", records(reading));
    fact(ui, "method", probe_name(reading.probe));
    fact(
        ui,
        "unchanged since",
        format::time_of_day(reading.measured_at),
    );
    if let Some(why) = &reading.why {
        let color = Palette::of(ui).tone(sign.tone);
        ui.add(egui::Label::new(RichText::new(why).color(color)).wrap());
    }
}

/// The lag in time with its error bar; what is unknown says so.
pub(crate) fn time(reading: &Reading) -> String {
    let Some(time) = reading.lag.time else {
        return "unknown".to_owned();
    };
    let error = human::duration(reading.uncertainty);
    format!("{} ± {error}", human::duration(time))
}

/// The lag in changes and bytes, as far as known.
pub(crate) fn records(reading: &Reading) -> String {
    let records = reading
        .lag
        .records
        .map(|it| format!("{} changes", human::count(it)));
    let bytes = reading.lag.bytes.map(human::bytes);
    let known: Vec<_> = records.into_iter().chain(bytes).collect();
    if known.is_empty() {
        "unknown".to_owned()
    } else {
        known.join(", ")
    }
}

/// How an edge is measured, in plain words.
pub(crate) fn probe_name(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Outbox => "outbox rows not sent",
        ProbeKind::Group => "consumer group's backlog",
        ProbeKind::Newest => "newest versions compared",
        ProbeKind::Replication => "replication positions",
        ProbeKind::Heartbeat => "heartbeat",
    }
}

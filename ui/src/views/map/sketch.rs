//! What the map says, before it is drawn: a card a store, a bundle of flows a pair of stores.

use std::time::Duration;

use parallax_core::deployment::{Edge, Role};
use parallax_core::human;
use parallax_core::lag::State;
use parallax_core::name::StoreId;
use parallax_core::store::DataModel;
use parallax_core::wire::{EdgeLag, StoreStatus};

use crate::app::Model;
use crate::theme::Tone;
use crate::widgets::Sign;

/// The whole map; two that are equal look the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sketch {
    pub(super) cards: Vec<Card>,
    pub(super) bundles: Vec<Bundle>,
}

/// One store.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Card {
    pub(super) store: StoreId,
    pub(super) model: DataModel,
    pub(super) sign: Sign,
    /// Product, version, model, latency.
    pub(super) about: String,
    /// Facts are written here first.
    pub(super) is_source: bool,
    pub(super) rows: Vec<Row>,
}

/// One dataset in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) dataset: String,
    pub(super) entity: String,
    pub(super) is_source: bool,
}

/// All flows from one store to another.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bundle {
    /// The cards' indices.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Mechanism and number of flows.
    pub(super) what: String,
    /// The worst lag in words.
    pub(super) lag: String,
    pub(super) sign: Sign,
    /// The flows' indices in the deployment.
    pub(super) flows: Vec<usize>,
    /// What a screen reader says.
    pub(super) name: String,
}

impl Sketch {
    pub(super) fn of(model: &Model) -> Self {
        let cards: Vec<_> = model.stores().iter().map(|it| card(model, it)).collect();
        let bundles = bundles(model, &cards);
        Self { cards, bundles }
    }

    pub(super) fn summary(&self) -> String {
        let flows = self.bundles.iter().map(|it| it.flows.len()).sum::<usize>();
        let stores = human::plural(self.cards.len(), "store");
        format!("{stores} · {}", human::plural(flows, "flow"))
    }
}

fn card(model: &Model, store: &StoreStatus) -> Card {
    let rows: Vec<_> = model
        .datasets_of(&store.name)
        .into_iter()
        .map(row)
        .collect();
    let data_model = store
        .models
        .first()
        .copied()
        .unwrap_or(DataModel::Relational);
    Card {
        store: store.name.clone(),
        model: data_model,
        sign: Sign::store(store.state),
        about: about(store, data_model),
        is_source: rows.iter().any(|it| it.is_source),
        rows,
    }
}

fn row((dataset, entity, role): (String, String, Role)) -> Row {
    let is_source = role == Role::SystemOfRecord;
    Row {
        dataset,
        entity,
        is_source,
    }
}

fn about(store: &StoreStatus, model: DataModel) -> String {
    let product = store.product.as_deref().unwrap_or("product unknown");
    let version = store.version.as_deref().unwrap_or_default();
    let latency = store.latency.map(human::duration);
    let parts = [
        Some(format!("{product} {version}")),
        Some(model_name(model).to_owned()),
        latency,
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .flatten()
        .map(|it| it.trim().to_owned())
        .collect();
    parts.join(" · ")
}

/// The data model in plain words.
pub(crate) fn model_name(model: DataModel) -> &'static str {
    match model {
        DataModel::Relational => "relational",
        DataModel::Document => "documents",
        DataModel::KeyValue => "key-value",
        DataModel::Search => "search",
        DataModel::Graph => "graph",
        DataModel::WideColumn => "wide-column",
        DataModel::Columnar => "columnar",
        DataModel::TimeSeries => "time series",
        DataModel::Vector => "vectors",
        DataModel::Stream => "event bus",
    }
}

fn bundles(model: &Model, cards: &[Card]) -> Vec<Bundle> {
    let flows = model.overview.value().map_or(&[][..], |it| &it.flows);
    let mut pairs: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    for (at, flow) in flows.iter().enumerate() {
        let index = |store: &StoreId| cards.iter().position(|it| it.store == *store);
        let (Some(from), Some(to)) = (index(flow.from.store()), index(flow.to.store())) else {
            continue;
        };
        match pairs.iter_mut().find(|it| (it.0, it.1) == (from, to)) {
            Some(pair) => pair.2.push(at),
            None => pairs.push((from, to, vec![at])),
        }
    }
    let bundle = |(from, to, at)| Bundle::new(model, cards, flows, (from, to), at);
    pairs.into_iter().filter_map(bundle).collect()
}

/// The measurement of a flow, found by the flow itself: a report may be older than the deployment.
pub(crate) fn lag_of<'m>(model: &'m Model, flow: &Edge) -> Option<&'m EdgeLag> {
    let report = model.lag.value()?;
    report.edges.iter().find(|it| it.edge == *flow)
}

impl Bundle {
    fn new(
        model: &Model,
        cards: &[Card],
        flows: &[Edge],
        ends: (usize, usize),
        at: Vec<usize>,
    ) -> Option<Self> {
        let edges: Vec<_> = at.iter().filter_map(|it| flows.get(*it)).collect();
        let signs = edges.iter().map(|flow| sign_of(model, flow));
        let sign = signs.max_by_key(|it| severity(*it))?;
        let mechanisms = mechanisms(&edges);
        let what = format!("{mechanisms} · {}", human::plural(edges.len(), "flow"));
        let lag = worst_lag(model, &edges, sign);
        let end = |at: usize| {
            cards
                .get(at)
                .map(|it| it.store.as_str())
                .unwrap_or_default()
        };
        let name = format!(
            "{} → {}: {what} · {lag} {}",
            end(ends.0),
            end(ends.1),
            sign.mark
        );
        Some(Self {
            from: ends.0,
            to: ends.1,
            what,
            lag,
            sign,
            flows: at,
            name,
        })
    }
}

/// The sign of one flow; unmeasured is unknown.
pub(super) fn sign_of(model: &Model, flow: &Edge) -> Sign {
    lag_of(model, flow).map_or(Sign::unmeasured(), |it| {
        Sign::lag(&it.reading, flow.objective)
    })
}

/// What is wrong comes before what is unknown, and that before what is well.
fn severity(sign: Sign) -> Tone {
    sign.severity()
}

fn mechanisms(edges: &[&Edge]) -> String {
    let mut names: Vec<_> = edges.iter().map(|it| it.via.to_string()).collect();
    names.dedup();
    names.join(", ")
}

/// The largest time lag; what is unknown or broken says so instead of a number.
fn worst_lag(model: &Model, edges: &[&Edge], sign: Sign) -> String {
    let readings: Vec<_> = edges.iter().filter_map(|it| lag_of(model, it)).collect();
    let time: Option<Duration> = readings.iter().filter_map(|it| it.reading.lag.time).max();
    let behind = readings.iter().any(|it| it.reading.state == State::Behind);
    let Some(time) = time else {
        return sign.word.to_owned();
    };
    match sign.tone {
        Tone::Unknown => format!("{} · one unknown", human::duration(time)),
        Tone::Bad => format!("broken · {}", human::duration(time)),
        _ if !behind => "caught up".to_owned(),
        Tone::Good | Tone::Accent | Tone::Warning => human::duration(time),
    }
}

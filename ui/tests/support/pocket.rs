//! The sample `pocket`: one shop over five stores.

use std::time::Duration;

use parallax_core::deployment::{
    Edge, Endpoint, Entity, Environment, KeyTemplate, MapMode, Presence, Probe, Propagation,
    Representation, Role,
};
use parallax_core::flow::GlobalLag;
use parallax_core::lag::{Lag, ProbeKind, Reading, State};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{
    Access, Capability, DataModel, Dataset, FieldShape, Language, Shape, TypeShare,
};
use parallax_core::wire::{EdgeLag, LagReport, Overview, StoreState, StoreStatus};

use super::ago;

pub(crate) fn id(name: &str) -> StoreId {
    StoreId::new(name).expect("a store's name")
}

pub(crate) fn dataset(name: &str) -> DatasetId {
    name.parse().expect("a dataset")
}

const STORES: [(&str, DataModel, u64, &str); 5] = [
    (
        "shop",
        DataModel::Relational,
        400,
        "system of record: transactions keep users, products, orders and the outbox in step",
    ),
    (
        "docs",
        DataModel::Document,
        520,
        "whole documents for the pages that show one user, product or order at a time",
    ),
    (
        "cache",
        DataModel::KeyValue,
        310,
        "hot values by key with an expiry; whatever is not kept is read from the shop",
    ),
    (
        "search",
        DataModel::Search,
        840,
        "full-text search over names, titles and states; may be seconds behind",
    ),
    (
        "graph",
        DataModel::Graph,
        460,
        "who bought what: recommendations walk the relationships",
    ),
];

pub(crate) const ENTITIES: [(&str, [&str; 5]); 3] = [
    (
        "user",
        [
            "shop.users",
            "docs.users",
            "cache.user:{id}",
            "search.users",
            "graph.User",
        ],
    ),
    (
        "product",
        [
            "shop.products",
            "docs.products",
            "cache.product:{sku}",
            "search.products",
            "graph.Product",
        ],
    ),
    (
        "order",
        [
            "shop.orders",
            "docs.orders",
            "cache.order:{region}:{number}",
            "search.orders",
            "graph.(:User)-[:BOUGHT]->(:Product)",
        ],
    ),
];

pub(crate) fn stores() -> Vec<StoreStatus> {
    STORES
        .iter()
        .map(|(name, model, micros, why)| status(name, *model, *micros, why))
        .collect()
}

fn status(name: &str, model: DataModel, micros: u64, why: &str) -> StoreStatus {
    StoreStatus {
        name: id(name),
        url: format!("sqlite:{name}.db"),
        product: Some("SQLite".into()),
        version: Some("3.50.4".into()),
        models: vec![model],
        language: Language::Sql,
        state: StoreState::Up,
        latency: Some(Duration::from_micros(micros)),
        error: None,
        capability: Capability {
            cancel: true,
            parameters: true,
            find: true,
            newest: true,
            ..Capability::default()
        },
        access: Access::ReadOnly,
        environment: Environment::Dev,
        why: Some(why.into()),
        asked_at: Some(ago(3_000)),
    }
}

pub(crate) fn overview() -> Overview {
    Overview {
        name: "pocket".into(),
        environment: Environment::Dev,
        stores: stores(),
        entities: ENTITIES
            .iter()
            .map(|(name, datasets)| entity(name, datasets))
            .collect(),
        flows: flows(),
        lag: None,
        remarks: Vec::new(),
    }
}

fn entity(name: &str, datasets: &[&str]) -> Entity {
    let representations = datasets.iter().enumerate().map(|(at, it)| Representation {
        dataset: dataset(it),
        role: if at == 0 {
            Role::SystemOfRecord
        } else {
            Role::Derived
        },
        key: KeyTemplate::Fields(vec![FieldPath::name("id")]),
        fields: Vec::new(),
        ignore: Vec::new(),
        map: MapMode::Automatic,
        version: Some(FieldPath::name("updated_at")),
        presence: if at == 2 {
            Presence::Optional
        } else {
            Presence::Required
        },
        filter: None,
        null_is_absent: false,
    });
    Entity {
        name: name.into(),
        key: vec!["id".into()],
        representations: representations.collect(),
    }
}

pub(crate) fn flows() -> Vec<Edge> {
    let targets =
        |datasets: [&'static str; 5]| [1, 2, 4, 3].map(|at| (datasets[0], datasets[at], at));
    let all = ENTITIES.iter().flat_map(|(_, datasets)| targets(*datasets));
    all.map(|(from, to, at)| edge(from, to, at == 3)).collect()
}

fn edge(from: &str, to: &str, newest: bool) -> Edge {
    Edge {
        from: Endpoint::Dataset(dataset(from)),
        to: Endpoint::Dataset(dataset(to)),
        via: Propagation::Outbox,
        probe: if newest {
            Probe::Newest
        } else {
            Probe::Heartbeat
        },
        objective: Duration::from_secs(if newest { 30 } else { 5 }),
    }
}

/// Docs caught up, the cache within its objective, the graph unknown, search late.
pub(crate) fn lag() -> LagReport {
    LagReport {
        at: ago(1_000),
        edges: flows().into_iter().map(measured).collect(),
    }
}

fn measured(edge: Edge) -> EdgeLag {
    let target = edge.to.store().as_str().to_owned();
    let (state, time, records, why) = match target.as_str() {
        "docs" => (State::CaughtUp, Some(0), Some(0), None),
        "cache" => (State::Behind, Some(800), Some(2), None),
        "search" => (
            State::Behind,
            Some(41_300),
            Some(17),
            Some("none of the newest 64 changes is visible: the lag may be larger"),
        ),
        _ => (
            State::Unknown,
            None,
            None,
            Some("the outbox has no column `graph_sent_at`"),
        ),
    };
    let time = time.map(Duration::from_millis);
    let global = time.map_or(
        GlobalLag::Unknown {
            edge: "shop → graph".into(),
        },
        GlobalLag::AtMost,
    );
    let reading = Reading {
        state,
        why: why.map(Into::into),
        lag: Lag {
            time,
            records,
            bytes: None,
            headroom: None,
        },
        probe: if target == "search" {
            ProbeKind::Newest
        } else {
            ProbeKind::Outbox
        },
        uncertainty: Duration::from_micros(1_400),
        measured_at: ago(1_000),
        frontier: None,
    };
    EdgeLag {
        edge,
        reading,
        global,
    }
}

pub(crate) fn datasets(store: &StoreId) -> Vec<Dataset> {
    let model = STORES
        .iter()
        .find(|it| it.0 == store.as_str())
        .map_or(DataModel::Relational, |it| it.1);
    let all = ENTITIES.iter().flat_map(|it| it.1).map(dataset);
    let here = all.filter(|it| it.store == *store);
    here.map(|id| Dataset {
        id,
        model,
        estimate: Some(120_000),
    })
    .collect()
}

pub(crate) fn shape(dataset: &DatasetId) -> Shape {
    let field = |name: &str, kind: &str| FieldShape {
        name: name.into(),
        declared: Some(kind.into()),
        types: vec![TypeShare {
            type_name: "text".into(),
            share: 1.0,
        }],
        precision: None,
        nullable: name == "city",
    };
    Shape {
        dataset: dataset.clone(),
        model: DataModel::Relational,
        fields: vec![
            field("id", "INTEGER"),
            field("name", "TEXT"),
            field("city", "TEXT"),
        ],
        key: vec!["id".into()],
        indices: Vec::new(),
        estimate: Some(120_000),
        sampled: None,
    }
}

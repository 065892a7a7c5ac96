//! The mapping and the lag of the rich report.

use std::time::Duration;

use super::{at, dataset};
use crate::compare::{Cast, FieldRule, Lens};
use crate::deployment::{Edge, Endpoint, Probe, Propagation};
use crate::lag::{Lag, ProbeKind, Reading, State};
use crate::mapping::{FieldMapping, Mapping, RepresentationMapping, ShapeSource};
use crate::name::FieldPath;
use crate::report::LagDuring;

pub(super) fn mapping() -> Mapping {
    let names = ["id", "email", "name", "city", "balance", "updated_at"];
    let field = |name: &str| FieldMapping {
        name: name.to_owned(),
        rule: Some(FieldRule::plain(FieldPath::name(name))),
        compared: !matches!(name, "id" | "updated_at"),
    };
    let plain = |place: &str| RepresentationMapping {
        dataset: dataset(place),
        fields: names.map(field).into(),
        version: Some(FieldPath::name("updated_at")),
        source: ShapeSource::Declared,
    };
    let mut cache = plain("cache.user:{id}");
    cache.source = ShapeSource::Sampled(1_000);
    for field in &mut cache.fields {
        match (field.name.as_str(), &mut field.rule) {
            ("email", Some(rule)) => rule.path = FieldPath::name("mail"),
            ("name", Some(rule)) => rule.compare = vec![Lens::Casefold],
            ("balance", Some(rule)) => {
                (rule.path, rule.scale) = (FieldPath::name("balance_e4"), -4);
                rule.cast = Some(Cast::Decimal(4));
            }
            ("city", rule) => *rule = None,
            _ => {}
        }
    }
    Mapping {
        entity: "user".to_owned(),
        fields: names.map(str::to_owned).into(),
        representations: vec![plain("shop.users"), cache, plain("docs.users")],
    }
}

pub(super) fn lags() -> Vec<LagDuring> {
    let behind = Reading {
        state: State::Behind,
        lag: Lag {
            time: Some(Duration::from_millis(800)),
            records: Some(41),
            ..Lag::default()
        },
        ..reading()
    };
    let unknown = Reading {
        state: State::Unknown,
        why: Some("could not read users in search: connection refused".to_owned()),
        lag: Lag::default(),
        probe: ProbeKind::Newest,
        ..reading()
    };
    let cache = LagDuring {
        first: behind,
        max: Some(Duration::from_secs(6)),
        ..lag("cache.user:{id}", reading())
    };
    let search = LagDuring {
        max: None,
        ..lag("search.users", unknown)
    };
    vec![cache, search]
}

fn reading() -> Reading {
    Reading {
        state: State::CaughtUp,
        why: None,
        lag: Lag {
            time: Some(Duration::ZERO),
            records: Some(0),
            ..Lag::default()
        },
        probe: ProbeKind::Outbox,
        uncertainty: Duration::from_millis(12),
        measured_at: at(2_000),
        frontier: None,
    }
}

fn lag(to: &str, reading: Reading) -> LagDuring {
    LagDuring {
        edge: Edge {
            from: Endpoint::Dataset(dataset("shop.users")),
            to: Endpoint::Dataset(dataset(to)),
            via: Propagation::Outbox,
            probe: Probe::None,
            objective: Duration::from_secs(5),
        },
        first: reading.clone(),
        last: reading,
        max: Some(Duration::ZERO),
        samples: 3,
    }
}

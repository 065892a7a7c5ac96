//! Measures the lag of edges.

use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::Timestamp;
use parallax_core::deployment::{Deployment, Edge, Endpoint, Entity, Probe, Representation};
use parallax_core::error::Result;
use parallax_core::flow::Flow;
use parallax_core::lag::{
    Backlog, OutboxProbe, ProbeKind, Reading, completeness, from_backlog, from_completeness,
    unknown,
};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Newest, Purpose, Subject};
use parallax_core::value::{Key, Record};
use parallax_core::version::{change_time, order};
use parallax_core::wire::{EdgeLag, LagReport};

use crate::clock;
use crate::entities::{Shapes, mapping, projection, shapes};
use crate::sessions::Sessions;

/// How many of the newest versions at the source are looked up at the target.
const NEWEST: u32 = 200;

/// Measures every edge at once.
pub(crate) async fn measure_all(
    deployment: &Deployment,
    sessions: &Sessions,
    known: &Shapes,
) -> LagReport {
    let edges = &deployment.flows;
    let readings = join_all(
        edges
            .iter()
            .map(|it| measure(deployment, sessions, known, it)),
    )
    .await;
    let flow = Flow::new(deployment);
    let lags = edges
        .iter()
        .zip(&readings)
        .enumerate()
        .map(|(at, (edge, reading))| EdgeLag {
            edge: edge.clone(),
            reading: reading.clone(),
            global: flow.global_lag(at, &readings),
        });
    LagReport {
        edges: lags.collect(),
        at: clock::now(),
    }
}

/// Measures one edge; what fails is an unknown reading with its reason.
pub(crate) async fn measure(
    deployment: &Deployment,
    sessions: &Sessions,
    known: &Shapes,
    edge: &Edge,
) -> Reading {
    match &edge.probe {
        Probe::Outbox(probe) => {
            let began = Instant::now();
            let backlog = backlog(deployment, sessions, probe, edge, None).await;
            backlog_reading(backlog.as_ref(), began.elapsed())
        }
        Probe::Newest => newest(deployment, sessions, known, edge).await,
        Probe::Group(_) => not_measured(ProbeKind::Group),
        Probe::Replication { .. } => not_measured(ProbeKind::Replication),
        Probe::Heartbeat => not_measured(ProbeKind::Heartbeat),
        Probe::None => {
            let why = "no probe is declared, and no version is known on both sides to measure by";
            unknown(ProbeKind::Newest, why, clock::now())
        }
    }
}

fn not_measured(probe: ProbeKind) -> Reading {
    unknown(
        probe,
        "none of the connected stores can answer this kind of probe",
        clock::now(),
    )
}

/// The reading of an outbox edge from its backlog, as read in `took`.
pub(crate) fn backlog_reading(
    backlog: Result<&Backlog, &parallax_core::error::Error>,
    took: Duration,
) -> Reading {
    match backlog {
        Ok(backlog) => from_backlog(ProbeKind::Outbox, backlog, took, clock::now()),
        Err(error) => unknown(ProbeKind::Outbox, error.to_string(), clock::now()),
    }
}

/// What the outbox of `edge` still holds of the edge's source, and of one key of it.
pub(crate) async fn backlog(
    deployment: &Deployment,
    sessions: &Sessions,
    probe: &OutboxProbe,
    edge: &Edge,
    key: Option<&Key>,
) -> Result<Backlog> {
    let store = &probe.table.store;
    let subject = Subject {
        names: names(deployment, &edge.from),
        keys: key.map(ToString::to_string).into_iter().collect(),
    };
    let call = sessions.call(store, Purpose::Lag);
    sessions
        .store(store)?
        .backlog(&call, probe, &subject)
        .await
        .map_err(|it| it.at(store))
}

/// The names under which an outbox may know the source of an edge: its dataset's, whole and last part, and its entity's.
fn names(deployment: &Deployment, from: &Endpoint) -> Vec<String> {
    let Endpoint::Dataset(dataset) = from else {
        return Vec::new();
    };
    let mut names = vec![dataset.to_string(), dataset.name.clone()];
    names.extend(dataset.parts().last().cloned());
    let entities = deployment
        .entities
        .iter()
        .filter(|it| representation(it, dataset).is_some());
    names.extend(entities.map(|it| it.name.clone()));
    names.dedup();
    names
}

async fn newest(
    deployment: &Deployment,
    sessions: &Sessions,
    known: &Shapes,
    edge: &Edge,
) -> Reading {
    let began = clock::now();
    let timer = Instant::now();
    match visible_changes(deployment, sessions, known, edge).await {
        // Whatever is visible was so at the earliest when the source was read.
        Ok(changes) => from_completeness(
            &completeness(&changes, edge.objective),
            timer.elapsed(),
            began,
        ),
        Err(why) => unknown(ProbeKind::Newest, why, began),
    }
}

/// The newest changes at the source, and whether the target shows each.
async fn visible_changes(
    deployment: &Deployment,
    sessions: &Sessions,
    known: &Shapes,
    edge: &Edge,
) -> Result<Vec<(Timestamp, bool)>, String> {
    let pair =
        Pair::of(deployment, edge).ok_or("its ends are not representations of one entity")?;
    let shapes = shapes(pair.entity, sessions, known).await;
    let mapping = mapping(pair.entity, &shapes);
    let version = |of: &Representation| {
        let found = mapping
            .representations
            .iter()
            .find(|it| it.dataset == of.dataset)?;
        found.version.clone()
    };
    let from = version(pair.from)
        .ok_or_else(|| format!("no version is known in {}", pair.from.dataset))?;
    let to =
        version(pair.to).ok_or_else(|| format!("no version is known in {}", pair.to.dataset))?;
    let source = pair
        .newest(sessions, &from)
        .await
        .map_err(|it| it.to_string())?;
    let keys: Vec<Key> = source.iter().map(|it| it.key.clone()).collect();
    let target = pair
        .copies(sessions, &keys, &to)
        .await
        .map_err(|it| it.to_string())?;
    let changes = source.iter().zip(&target).filter_map(|(record, copy)| {
        let truth = record.at(&from)?;
        let shown = copy.as_ref().ok()?.as_ref().and_then(|it| it.at(&to));
        let visible = shown
            .and_then(|it| order(it, truth))
            .is_some_and(std::cmp::Ordering::is_ge);
        Some((change_time(truth)?, visible))
    });
    let changes: Vec<_> = changes.collect();
    if changes.is_empty() && !source.is_empty() {
        return Err(format!(
            "the version {from} is no time, or no record could be read at the target"
        ));
    }
    Ok(changes)
}

/// The two ends of an edge as representations of one entity.
struct Pair<'d> {
    entity: &'d Entity,
    from: &'d Representation,
    to: &'d Representation,
}

impl<'d> Pair<'d> {
    fn of(deployment: &'d Deployment, edge: &Edge) -> Option<Self> {
        let (Endpoint::Dataset(from), Endpoint::Dataset(to)) = (&edge.from, &edge.to) else {
            return None;
        };
        deployment.entities.iter().find_map(|entity| {
            Some(Self {
                entity,
                from: representation(entity, from)?,
                to: representation(entity, to)?,
            })
        })
    }

    async fn newest(&self, sessions: &Sessions, version: &FieldPath) -> Result<Vec<Record>> {
        let store = &self.from.dataset.store;
        let fields = projection(
            self.entity,
            self.from,
            Fields::Listed(vec![version.clone()]),
        );
        let wanted = Newest {
            version: version.clone(),
            limit: NEWEST,
        };
        let call = sessions.call(store, Purpose::Lag);
        sessions
            .store(store)?
            .newest(&call, &self.from.dataset, &wanted, &fields)
            .await
            .map_err(|it| it.at(store))
    }

    async fn copies(
        &self,
        sessions: &Sessions,
        keys: &[Key],
        version: &FieldPath,
    ) -> Result<Vec<Result<Option<Record>>>> {
        let store = &self.to.dataset.store;
        let fields = projection(self.entity, self.to, Fields::Listed(vec![version.clone()]));
        let call = sessions.call(store, Purpose::Lag);
        let got = sessions
            .store(store)?
            .get(&call, &self.to.dataset, keys, &fields)
            .await;
        got.map(|it| it.found).map_err(|it| it.at(store))
    }
}

fn representation<'d>(entity: &'d Entity, dataset: &DatasetId) -> Option<&'d Representation> {
    entity
        .representations
        .iter()
        .find(|it| it.dataset == *dataset || it.dataset.same_as(dataset))
}

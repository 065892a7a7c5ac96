//! Measures the lag of edges.

use std::time::Instant;

use futures::future::join_all;
use jiff::Timestamp;
use parallax_core::deployment::{Deployment, Edge, Endpoint, Entity, Probe, Representation};
use parallax_core::error::Result;
use parallax_core::flow::Flow;
use parallax_core::lag::{
    Backlog, ProbeKind, Reading, SubjectBacklog, completeness, from_backlog, from_completeness,
    unknown,
};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{Fields, Newest, Purpose, Subject};
use parallax_core::value::{Key, Record};
use parallax_core::version::{change_time, order};
use parallax_core::wire::{EdgeLag, LagReport};

use crate::clock;
use crate::entities::{Deployed, mapping, projection, shapes};
use crate::sessions::Sessions;

/// How many of the newest versions at the source are looked up at the target.
const NEWEST: u32 = 200;

/// Measures every edge at once.
pub(crate) async fn measure_all(deployed: Deployed<'_>) -> LagReport {
    let deployment = deployed.deployment;
    let edges = &deployment.flows;
    let readings = join_all(edges.iter().map(|it| measure(deployed, it))).await;
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
pub(crate) async fn measure(deployed: Deployed<'_>, edge: &Edge) -> Reading {
    if let Some(held) = held(deployed, edge, None, &[]).await {
        return held.reading;
    }
    match &edge.probe {
        Probe::Newest => newest(deployed, edge).await,
        Probe::Replication { .. } => not_measured(ProbeKind::Replication),
        Probe::Heartbeat => not_measured(ProbeKind::Heartbeat),
        Probe::None | Probe::Outbox(_) | Probe::Group(_) => {
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

/// What an outbox or a consumer group still holds for the target of an edge.
#[derive(Debug)]
pub(crate) struct Held {
    /// The edge's lag.
    pub(crate) reading: Reading,
    /// One a key that was asked about; empty where the probe knows no keys or could not be read.
    pub(crate) subjects: Vec<SubjectBacklog>,
}

/// What the mechanism of `edge` still holds of its source, and of each of `keys`, in one call.
///
/// Of `entity` only, where one is named; otherwise of all that the edge carries. `None` where the edge has no probe
/// that holds changes.
pub(crate) async fn held(
    deployed: Deployed<'_>,
    edge: &Edge,
    entity: Option<&Entity>,
    keys: &[String],
) -> Option<Held> {
    let (kind, store) = match &edge.probe {
        Probe::Outbox(probe) => (ProbeKind::Outbox, &probe.table.store),
        Probe::Group(probe) => (ProbeKind::Group, &probe.stream.store),
        _ => return None,
    };
    let subject = Subject {
        names: names(deployed.deployment, edge, entity),
        keys: keys.to_vec(),
    };
    let timer = Instant::now();
    let backlog = backlog(deployed.sessions, edge, store, &subject).await;
    let held = match backlog {
        Ok(backlog) => Held {
            reading: from_backlog(kind, &backlog, timer.elapsed(), clock::now()),
            subjects: backlog.subjects,
        },
        Err(error) => Held {
            reading: unknown(kind, error.to_string(), clock::now()),
            subjects: Vec::new(),
        },
    };
    Some(held)
}

async fn backlog(
    sessions: &Sessions,
    edge: &Edge,
    id: &StoreId,
    subject: &Subject,
) -> Result<Backlog> {
    let call = sessions.call(id, Purpose::Lag);
    let store = sessions.store(id)?;
    let backlog = match &edge.probe {
        Probe::Outbox(probe) => store.backlog(&call, probe, subject).await,
        Probe::Group(probe) => store.pending(&call, probe, subject).await,
        _ => Ok(Backlog::default()),
    };
    backlog.map_err(|it| it.at(id))
}

/// The names under which an outbox or a stream may know what an edge carries.
///
/// Those of the edge's source, and those of the systems of record whose changes come that way: what a stream holds is
/// about them, not about the stream.
fn names(deployment: &Deployment, edge: &Edge, entity: Option<&Entity>) -> Vec<String> {
    let mut names = Vec::new();
    if let Endpoint::Dataset(from) = &edge.from {
        names.extend(dataset_names(from));
    }
    let carried = match entity {
        Some(entity) => vec![entity],
        None => carried(deployment, edge),
    };
    for entity in carried {
        names.extend(dataset_names(&entity.system_of_record().dataset));
        names.push(entity.name.clone());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// A dataset's names: whole, as its store knows it, and its last part.
fn dataset_names(dataset: &DatasetId) -> Vec<String> {
    let mut names = vec![dataset.to_string(), dataset.name.clone()];
    names.extend(dataset.parts().last().cloned());
    names
}

/// The entities whose changes travel along an edge: those of which its source is a representation, else those to one
/// of whose representations a way leads along it.
fn carried<'d>(deployment: &'d Deployment, edge: &Edge) -> Vec<&'d Entity> {
    let entities = || deployment.entities.iter();
    if let Endpoint::Dataset(from) = &edge.from {
        let direct: Vec<_> = entities()
            .filter(|it| representation(it, from).is_some())
            .collect();
        if !direct.is_empty() {
            return direct;
        }
    }
    let flow = Flow::new(deployment);
    let along = |entity: &&Entity| {
        let source = &entity.system_of_record().dataset;
        let ways = entity
            .representations
            .iter()
            .flat_map(|it| flow.ways(source, &it.dataset));
        ways.flat_map(|it| it.edges)
            .any(|(_, it)| std::ptr::eq(it, edge))
    };
    entities().filter(along).collect()
}

async fn newest(deployed: Deployed<'_>, edge: &Edge) -> Reading {
    let began = clock::now();
    let timer = Instant::now();
    match visible_changes(deployed, edge).await {
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
    deployed: Deployed<'_>,
    edge: &Edge,
) -> Result<Vec<(Timestamp, bool)>, String> {
    let Deployed {
        deployment,
        sessions,
        known,
    } = deployed;
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

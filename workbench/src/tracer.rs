//! Reads one entity in all its representations, and reads again what differs before anything is called drift.
//!
//! The first round reads every representation at once; if all agree, that is all. What differs is read again in an
//! order that proves something: the source, then the position of each edge, then the copy, then the source once more.
//! A change that an edge no longer holds was applied before the copy was read, so a copy that still differs is drift.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::future::join_all;
use jiff::Timestamp;
use parallax_core::deployment::{Deployment, Edge, Entity, Probe, Representation, Role};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::flow::{Flow, edge_name};
use parallax_core::lag::OutboxProbe;
use parallax_core::mapping::Mapping;
use parallax_core::name::DatasetId;
use parallax_core::store::{Fields, Got, Purpose, ReadSpan};
use parallax_core::trace::{Evidence, Observation, Read, Trace, Verdict, Way, WayStep, judge};
use parallax_core::value::{Key, Record};

use crate::clock;
use crate::entities::{Shapes, mapping, named, projection, shapes, typed_key};
use crate::keys::by_field;
use crate::monitor::{backlog, backlog_reading, measure};
use crate::sessions::Sessions;

/// How often a source that changes under the eyes is read again.
const MAX_ROUNDS: u32 = 3;

/// Traces entities of one deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracer<'w> {
    pub(crate) deployment: &'w Deployment,
    pub(crate) sessions: &'w Sessions,
    pub(crate) known: &'w Shapes,
}

impl Tracer<'_> {
    /// Traces one entity by its key, or by a canonical field.
    pub(crate) async fn trace(&self, entity: &str, text: &str, by: Option<&str>) -> Result<Trace> {
        let entity = named(self.deployment, entity)?;
        let shapes = shapes(entity, self.sessions, self.known).await;
        let mapping = mapping(entity, &shapes);
        let key = match by {
            None => typed_key(entity, &shapes, text)?,
            Some(field) => by_field(self.sessions, entity, &mapping, field, text).await?,
        };
        let case = Case {
            tracer: *self,
            entity,
            mapping,
            key,
        };
        let trace = case.trace().await;
        if trace
            .observations
            .iter()
            .all(|it| it.state == parallax_core::trace::Found::Absent)
        {
            return Err(nowhere(entity, &trace.key.to_string()));
        }
        Ok(trace)
    }
}

fn nowhere(entity: &Entity, key: &str) -> Error {
    let mut stores: Vec<_> = entity
        .representations
        .iter()
        .map(|it| &it.dataset.store)
        .collect();
    stores.sort_unstable();
    stores.dedup();
    let stores = stores.len();
    Error::new(ErrorKind::NotFound, format!("find {} {key}", entity.name))
        .because(format!("no {} {key} in {stores} stores", entity.name))
        .hint(format!(
            "the key is `{}`; find by another field with --by FIELD",
            entity.key.join(", ")
        ))
}

/// One trace under way.
struct Case<'w> {
    tracer: Tracer<'w>,
    entity: &'w Entity,
    mapping: Mapping,
    key: Key,
}

impl Case<'_> {
    async fn trace(self) -> Trace {
        let mut reads = self.read_all().await;
        let mut trace = self.judged(reads.clone());
        for _ in 0..MAX_ROUNDS {
            let differing = differing(&trace.observations);
            if differing.is_empty() {
                break;
            }
            let settled = self.read_again(&mut reads, &differing).await;
            trace = self.judged(reads.clone());
            if settled {
                break;
            }
        }
        trace
    }

    fn judged(&self, reads: Vec<Read>) -> Trace {
        let evidence = Evidence {
            key: self.key.clone(),
            reads,
            mapping: self.mapping.clone(),
        };
        judge(evidence, clock::now())
    }

    async fn read_all(&self) -> Vec<Read> {
        join_all(self.entity.representations.iter().map(|it| self.read(it))).await
    }

    /// Source, positions, copies, source. Says whether the source stood still meanwhile.
    async fn read_again(&self, reads: &mut [Read], differing: &[usize]) -> bool {
        let source = self
            .entity
            .representations
            .iter()
            .position(|it| it.role == Role::SystemOfRecord);
        let Some(source) = source else { return true };
        self.refresh(reads, &[source]).await;
        let before = reads.get(source).map(|it| it.found.clone());
        let ways = self.ways(differing).await;
        self.refresh(reads, differing).await;
        self.refresh(reads, &[source]).await;
        let settled = before == reads.get(source).map(|it| it.found.clone());
        for (at, mut way) in ways {
            if !settled {
                way.forget_positions();
            }
            if let Some(read) = reads.get_mut(at) {
                read.way = Some(way.0);
            }
        }
        settled
    }

    async fn refresh(&self, reads: &mut [Read], wanted: &[usize]) {
        let representations = wanted
            .iter()
            .filter_map(|at| self.entity.representations.get(*at));
        let fresh = join_all(representations.map(|it| self.read(it))).await;
        for (at, fresh) in wanted.iter().zip(fresh) {
            if let Some(read) = reads.get_mut(*at) {
                *read = Read {
                    reads: read.reads + 1,
                    way: read.way.take(),
                    ..fresh
                };
            }
        }
    }

    async fn read(&self, representation: &Representation) -> Read {
        let dataset = &representation.dataset;
        let began = clock::now();
        let got = self.get(representation).await;
        let whole = ReadSpan {
            began,
            ended: clock::now(),
        };
        let (found, statement, span) = match got {
            Ok(got) => (first(got.found), got.statement, got.read),
            Err(error) => (Err(error), String::new(), whole),
        };
        Read {
            role: representation.role,
            presence: representation.presence,
            found: found.map_err(|it| it.at(&dataset.store)),
            statement,
            span,
            reads: 1,
            way: None,
        }
    }

    async fn get(&self, representation: &Representation) -> Result<Got> {
        let dataset = &representation.dataset;
        let sessions = self.tracer.sessions;
        let fields = projection(self.entity, representation, Fields::All);
        let call = sessions.call(&dataset.store, Purpose::Trace);
        sessions
            .store(&dataset.store)?
            .get(&call, dataset, std::slice::from_ref(&self.key), &fields)
            .await
    }

    async fn ways(&self, wanted: &[usize]) -> Vec<(usize, Measured)> {
        let flow = Flow::new(self.tracer.deployment);
        let source = &self.entity.system_of_record().dataset;
        let mut steps: BTreeMap<usize, &Edge> = BTreeMap::new();
        let mut paths = Vec::new();
        for at in wanted {
            let Some(representation) = self.entity.representations.get(*at) else {
                continue;
            };
            let Some(path) = flow
                .ways(source, &representation.dataset)
                .into_iter()
                .next()
            else {
                continue;
            };
            steps.extend(path.edges.iter().copied());
            paths.push((*at, path));
        }
        let measured = join_all(
            steps
                .iter()
                .map(|(at, edge)| async { (*at, self.step(edge).await) }),
        )
        .await;
        let measured: BTreeMap<usize, WayStep> = measured.into_iter().collect();
        let told = measured
            .values()
            .find_map(|it| it.subject.as_ref()?.last_created);
        let changed_at = match told {
            None => self.outbox_word(source).await,
            told => told,
        };
        let way = |path: &parallax_core::flow::Path<'_>| Way {
            allowed: path.allowed(),
            steps: path
                .edges
                .iter()
                .filter_map(|(at, _)| measured.get(at).cloned())
                .collect(),
            changed_at,
        };
        paths
            .iter()
            .map(|(at, path)| (*at, Measured(way(path))))
            .collect()
    }

    /// When the key last changed, as any outbox of the source says; edges measured otherwise do not know deletions.
    async fn outbox_word(&self, source: &DatasetId) -> Option<Timestamp> {
        let Tracer {
            deployment,
            sessions,
            ..
        } = self.tracer;
        let knows_keys = |probe: &&OutboxProbe| probe.key.is_some();
        let (edge, probe) = deployment
            .flows
            .iter()
            .filter(|it| it.from.covers(source))
            .find_map(|it| match &it.probe {
                Probe::Outbox(probe) => Some((it, Some(probe).filter(knows_keys)?)),
                _ => None,
            })?;
        let backlog = backlog(deployment, sessions, probe, edge, Some(&self.key))
            .await
            .ok()?;
        backlog.subjects.first()?.last_created
    }

    async fn step(&self, edge: &Edge) -> WayStep {
        let Tracer {
            deployment,
            sessions,
            known,
        } = self.tracer;
        let mut step = WayStep {
            edge: edge_name(&edge.from, &edge.to),
            via: edge.via,
            subject: None,
            reading: None,
            objective: edge.objective,
        };
        if let Probe::Outbox(probe) = &edge.probe {
            let began = Instant::now();
            let backlog = backlog(deployment, sessions, probe, edge, Some(&self.key)).await;
            step.reading = Some(backlog_reading(backlog.as_ref(), began.elapsed()));
            step.subject = backlog.ok().and_then(|it| it.subjects.into_iter().next());
        } else {
            step.reading = Some(measure(deployment, sessions, known, edge).await);
        }
        step
    }
}

/// A way whose positions hold only while the source stands still.
struct Measured(Way);

impl Measured {
    fn forget_positions(&mut self) {
        for step in &mut self.0.steps {
            // An unsent change stays evidence whatever came after it; that all were sent does not.
            if step.subject.as_ref().is_some_and(|it| it.unsent == 0) {
                step.subject = None;
                step.reading = None;
            }
        }
    }
}

fn differing(observations: &[Observation]) -> Vec<usize> {
    let differs =
        |it: &Observation| it.verdict.is_drift() || matches!(it.verdict, Verdict::InFlight { .. });
    observations
        .iter()
        .enumerate()
        .filter(|(_, it)| differs(it))
        .map(|(at, _)| at)
        .collect()
}

fn first(found: Vec<Result<Option<Record>>>) -> Result<Option<Record>> {
    found.into_iter().next().unwrap_or(Ok(None))
}

//! The ways by which changes reach the representations of an entity, and where on them the changes of some keys are.

use std::collections::BTreeMap;

use futures::future::join_all;
use parallax_core::deployment::{Deployment, Edge, Entity, Probe};
use parallax_core::flow::{Flow, Path, edge_name};
use parallax_core::lag::SubjectBacklog;
use parallax_core::trace::{Way, WayStep};
use parallax_core::value::{Key, Timestamp};

use crate::entities::Deployed;
use crate::monitor::{held, measure};

/// The shortest way from the system of record to each of some representations.
#[derive(Debug)]
pub(crate) struct Ways<'d> {
    entity: &'d Entity,
    paths: BTreeMap<usize, Path<'d>>,
}

/// What was measured of each edge, by its index in the deployment, and what an outbox of the source says besides.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    edges: BTreeMap<usize, Position>,
    told: Vec<SubjectBacklog>,
}

/// One edge's measurement: its reading, and what it holds of each key where it knows keys.
#[derive(Debug)]
struct Position {
    step: WayStep,
    subjects: Vec<SubjectBacklog>,
}

impl<'d> Ways<'d> {
    /// The ways to these representations, by their index; those that no edge reaches have none.
    pub(crate) fn to(deployment: &'d Deployment, entity: &'d Entity, wanted: &[usize]) -> Self {
        let flow = Flow::new(deployment);
        let source = &entity.system_of_record().dataset;
        let path = |at: &usize| {
            let target = &entity.representations.get(*at)?.dataset;
            Some((*at, flow.ways(source, target).into_iter().next()?))
        };
        Self {
            entity,
            paths: wanted.iter().filter_map(path).collect(),
        }
    }

    /// The way to a representation, if an edge reaches it.
    pub(crate) fn path(&self, representation: usize) -> Option<&Path<'d>> {
        self.paths.get(&representation)
    }

    /// Measures the edges in the order of the ways, each for all `keys` at once.
    ///
    /// The second edge is measured after the first: a change that moves from one to the other in between is then seen in
    /// the second, or in both, and never in neither. Edges at the same place of different ways are measured together.
    pub(crate) async fn measure(&self, deployed: Deployed<'d>, keys: &[Key]) -> Positions {
        let keys: &[String] = &keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut positions = Positions::default();
        let longest = self.paths.values().map(|it| it.edges.len()).max();
        for place in 0..longest.unwrap_or_default() {
            let edges: BTreeMap<usize, &Edge> = self
                .paths
                .values()
                .filter_map(|it| it.edges.get(place).copied())
                .filter(|(at, _)| !positions.edges.contains_key(at))
                .collect();
            let measured = edges
                .into_iter()
                .map(|(at, edge)| async move { (at, self.position(deployed, edge, keys).await) });
            positions.edges.extend(join_all(measured).await);
        }
        if !self.paths.is_empty() && !positions.edges.values().any(Position::knows_keys) {
            positions.told = self.outbox_word(deployed, keys).await;
        }
        positions
    }

    async fn position(&self, deployed: Deployed<'_>, edge: &Edge, keys: &[String]) -> Position {
        let held = held(deployed, edge, Some(self.entity), keys).await;
        let (reading, subjects) = match held {
            Some(held) => (held.reading, held.subjects),
            None => (measure(deployed, edge).await, Vec::new()),
        };
        let step = WayStep {
            edge: edge_name(&edge.from, &edge.to),
            via: edge.via,
            subject: None,
            reading: Some(reading),
            objective: edge.objective,
        };
        Position { step, subjects }
    }

    /// When each key last changed, as any outbox of the source says; edges measured otherwise do not know deletions.
    async fn outbox_word(&self, deployed: Deployed<'_>, keys: &[String]) -> Vec<SubjectBacklog> {
        let source = &self.entity.system_of_record().dataset;
        let mut edges = deployed.deployment.flows.iter();
        let knows_keys = |it: &&Edge| matches!(&it.probe, Probe::Outbox(it) if it.key.is_some());
        let edge = edges.find(|it| it.from.covers(source) && knows_keys(it));
        let Some(edge) = edge else {
            return Vec::new();
        };
        let held = held(deployed, edge, Some(self.entity), keys).await;
        held.map(|it| it.subjects).unwrap_or_default()
    }

    /// The way to a representation with its positions for one key, by the key's index.
    ///
    /// That an edge holds nothing of a key says something only where the source stood still.
    pub(crate) fn of(
        &self,
        positions: &Positions,
        representation: usize,
        key: usize,
        settled: bool,
    ) -> Option<Way> {
        let path = self.path(representation)?;
        let steps = path.edges.iter().filter_map(|(at, _)| {
            let position = positions.edges.get(at)?;
            Some(position.step(key, settled))
        });
        Some(Way {
            allowed: path.allowed(),
            steps: steps.collect(),
            changed_at: positions.changed_at(path, key),
        })
    }
}

impl Position {
    fn knows_keys(&self) -> bool {
        !self.subjects.is_empty()
    }

    fn step(&self, key: usize, settled: bool) -> WayStep {
        let mut step = self.step.clone();
        step.subject = self.subjects.get(key).cloned();
        let has_passed = step.subject.as_ref().is_some_and(|it| it.unsent == 0);
        if has_passed && !settled {
            // A change that is still held stays evidence whatever came after it; that none is held does not.
            step.subject = None;
            step.reading = None;
        }
        step
    }
}

impl Positions {
    /// When the key last changed, as the first edge on the way says that knows keys, else as any other does.
    fn changed_at(&self, path: &Path<'_>, key: usize) -> Option<Timestamp> {
        let on_way = path.edges.iter().filter_map(|(at, _)| self.edges.get(at));
        let elsewhere = self.edges.values();
        let subjects = on_way.chain(elsewhere).map(|it| it.subjects.get(key));
        subjects
            .chain(std::iter::once(self.told.get(key)))
            .find_map(|it| it?.last_created)
    }
}

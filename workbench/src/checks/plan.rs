//! What a check compares: its scope, resolved against the deployment.

use std::collections::BTreeSet;
use std::time::Duration;

use parallax_core::deployment::{DEFAULT_OBJECTIVE, Deployment, Entity, Role};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::flow::{Flow, Path};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::report::Scope;

use super::rerun;
use crate::entities::named;
use crate::open::Open;
use crate::ways::Ways;

/// What a check compares.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) scope: Scope,
    pub(super) entities: Vec<Part>,
    /// The command that does the same again.
    pub(super) rerun: String,
}

/// One entity, and which of its representations are compared.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) entity: Entity,
    /// The index of the system of record.
    pub(super) source: usize,
    /// Derived representations, by index.
    pub(super) targets: Vec<usize>,
    /// The age of a change that is allowed, one a representation.
    pub(super) allowed: Vec<Duration>,
    /// The flows on the ways to the targets, by index.
    pub(super) edges: BTreeSet<usize>,
}

impl Plan {
    /// Resolves a scope; fails where it names what there is not, or leaves nothing to compare.
    pub(super) fn new(open: &Open, scope: Scope) -> Result<Self> {
        let deployment = open.deployment();
        check_bounds(&scope)?;
        let chosen: Vec<&Entity> = match scope.entities.as_slice() {
            [] => deployment.entities.iter().collect(),
            names => (deployment.entities.iter())
                .filter(|it| names.contains(&it.name))
                .collect(),
        };
        for name in &scope.entities {
            named(deployment, name)?;
        }
        for dataset in scope.from.iter().chain(&scope.to) {
            is_represented(dataset, &chosen)?;
        }
        let parts = chosen.iter().map(|it| Part::new(deployment, it, &scope));
        let entities: Vec<Part> = parts.filter(|it| !it.targets.is_empty()).collect();
        if entities.is_empty() {
            return Err(nothing(&scope));
        }
        let rerun = rerun::command(open.file(), &scope);
        Ok(Self {
            scope,
            entities,
            rerun,
        })
    }

    /// The stores that are read.
    pub(super) fn stores(&self) -> BTreeSet<&StoreId> {
        let datasets = self.entities.iter().flat_map(Part::datasets);
        datasets.map(|it| &it.store).collect()
    }

    /// The flows on the ways to what is compared, by index.
    pub(super) fn edges(&self) -> BTreeSet<usize> {
        let edges = self.entities.iter().flat_map(|it| &it.edges);
        edges.copied().collect()
    }
}

impl Part {
    fn new(deployment: &Deployment, entity: &Entity, scope: &Scope) -> Self {
        let flow = Flow::new(deployment);
        let is_wanted = |at: &usize| {
            let Some(it) = entity.representations.get(*at) else {
                return false;
            };
            let reaches = |from: &DatasetId| !flow.ways(from, &it.dataset).is_empty();
            it.role == Role::Derived
                && scope.to.as_ref().is_none_or(|to| it.dataset.same_as(to))
                && scope.from.as_ref().is_none_or(reaches)
        };
        let all: Vec<usize> = (0..entity.representations.len()).collect();
        let targets: Vec<usize> = all.iter().copied().filter(is_wanted).collect();
        let ways = Ways::to(deployment, entity, &all);
        let allowed = |at: &usize| ways.path(*at).map_or(DEFAULT_OBJECTIVE, Path::allowed);
        let paths = targets.iter().filter_map(|it| ways.path(*it));
        let edges = paths.flat_map(|it| it.edges.iter().map(|(at, _)| *at));
        let source = entity.representations.iter();
        let source = source.take_while(|it| it.role != Role::SystemOfRecord);
        Self {
            source: source.count(),
            allowed: all.iter().map(allowed).collect(),
            edges: edges.collect(),
            targets,
            entity: entity.clone(),
        }
    }

    /// The datasets that are read, the system of record first.
    pub(super) fn datasets(&self) -> impl Iterator<Item = &DatasetId> {
        let indices = std::iter::once(&self.source).chain(&self.targets);
        let read = indices.filter_map(|it| self.entity.representations.get(*it));
        read.map(|it| &it.dataset)
    }
}

fn check_bounds(scope: &Scope) -> Result<()> {
    let refused = |operation: &str, why: &str, hint: &str| {
        let error = Error::new(ErrorKind::InvalidInput, operation.to_owned());
        Err(error.because(why).hint(hint.to_owned()))
    };
    if scope.sample.is_some_and(|it| !(it > 0.0 && it <= 1.0)) {
        return refused(
            "take a sample",
            "a share is above 0 and at most 1",
            "for example 5% or 0.05",
        );
    }
    if scope.since.is_some_and(|it| it.is_zero()) {
        return refused("look back", "the time is nothing", "for example 1h or 30m");
    }
    Ok(())
}

fn is_represented(dataset: &DatasetId, entities: &[&Entity]) -> Result<()> {
    let known = || entities.iter().flat_map(|it| &it.representations);
    if known().any(|it| it.dataset.same_as(dataset)) {
        return Ok(());
    }
    let names: Vec<String> = known().map(|it| it.dataset.to_string()).collect();
    Err(Error::new(
        ErrorKind::NotFound,
        format!("find the dataset \"{dataset}\""),
    )
    .because("no entity in scope is represented there")
    .hint(format!("entities are represented in: {}", names.join(", "))))
}

fn nothing(scope: &Scope) -> Error {
    let why = match (&scope.from, &scope.to) {
        (Some(from), Some(to)) => {
            format!("no flow leads from {from} to {to}, or it is the system of record")
        }
        (Some(from), None) => format!("no flow leads from {from} to another representation"),
        (None, Some(to)) => format!("{to} is the system of record, with which others are compared"),
        (None, None) => "no entity in scope has more than its system of record".to_owned(),
    };
    Error::new(ErrorKind::InvalidInput, "find something to compare")
        .because(why)
        .hint("`parallax map` shows the flows, and the deployment file the representations")
}

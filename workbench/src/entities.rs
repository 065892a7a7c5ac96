//! Entities with what the stores say about them: shapes, mappings, typed keys, and the ways changes take.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures::future::join_all;
use parallax_core::deployment::{Deployment, Entity, KeyTemplate, Representation};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::mapping::{self, Mapping};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{DataModel, Fields, KeyPart, Projection, Purpose, Shape};
use parallax_core::value::Key;

use crate::sessions::Sessions;

/// A deployment, its stores, and what is known of their datasets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deployed<'w> {
    pub(crate) deployment: &'w Deployment,
    pub(crate) sessions: &'w Sessions,
    pub(crate) known: &'w Shapes,
}

/// Shapes as read once: the names of a sampled dataset do not change from trace to trace.
#[derive(Debug, Default)]
pub(crate) struct Shapes(Mutex<BTreeMap<DatasetId, Shape>>);

impl Shapes {
    /// The shape of a dataset; a failure is not kept, so that the next call asks again.
    pub(crate) async fn of(&self, sessions: &Sessions, dataset: &DatasetId) -> Result<Shape> {
        if let Some(shape) = self.known().get(dataset).cloned() {
            return Ok(shape);
        }
        let shape = sessions.describe(dataset, Purpose::Trace).await?;
        self.known().insert(dataset.clone(), shape.clone());
        Ok(shape)
    }

    /// Forgets every shape: a store may now be somewhere else.
    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<DatasetId, Shape>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entity of that name, or an error that names the ones there are.
pub(crate) fn named<'d>(deployment: &'d Deployment, name: &str) -> Result<&'d Entity> {
    deployment.entity(name).ok_or_else(|| {
        let known: Vec<&str> = deployment
            .entities
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        Error::new(ErrorKind::NotFound, format!("find the entity {name:?}"))
            .because("the deployment declares no such entity")
            .hint(format!("it declares: {}", known.join(", ")))
    })
}

/// The shapes of an entity's representations, in order.
pub(crate) async fn shapes(
    entity: &Entity,
    sessions: &Sessions,
    known: &Shapes,
) -> Vec<Result<Shape>> {
    join_all(
        entity
            .representations
            .iter()
            .map(|it| known.of(sessions, &it.dataset)),
    )
    .await
}

/// The data models of the datasets that the deployment uses in a store, as far as they can be read.
pub(crate) async fn models(
    deployment: &Deployment,
    sessions: &Sessions,
    known: &Shapes,
    store: &StoreId,
) -> Vec<DataModel> {
    let representations = deployment
        .entities
        .iter()
        .flat_map(|it| &it.representations);
    let used = representations
        .map(|it| &it.dataset)
        .filter(|it| it.store == *store);
    let shapes = join_all(used.map(|it| known.of(sessions, it))).await;
    let mut models: Vec<DataModel> = shapes.into_iter().flatten().map(|it| it.model).collect();
    models.sort_unstable();
    models.dedup();
    models
}

/// How the representations of an entity are compared.
pub(crate) fn mapping(entity: &Entity, shapes: &[Result<Shape>]) -> Mapping {
    mapping::resolve(entity, shapes)
}

/// Reads a key's text as the types that the system of record declares for its columns.
pub(crate) fn typed_key(entity: &Entity, shapes: &[Result<Shape>], text: &str) -> Result<Key> {
    let key = Key::parse(text, entity.key.len())?;
    let source = entity.system_of_record();
    let at = entity
        .representations
        .iter()
        .position(|it| it.dataset == source.dataset);
    let Some(Ok(shape)) = at.and_then(|it| shapes.get(it)) else {
        return Ok(key);
    };
    let types: Vec<&str> = key_paths(source)
        .iter()
        .map(|it| shape.field(it.first()).map_or("text", |it| it.type_name()))
        .collect();
    Ok(key.typed(&types))
}

fn key_paths(representation: &Representation) -> &[FieldPath] {
    match &representation.key {
        KeyTemplate::Fields(paths) => paths,
        KeyTemplate::Pattern(_) => &[],
    }
}

/// How a representation is read: its key, its filter, and these fields.
pub(crate) fn projection(
    entity: &Entity,
    representation: &Representation,
    fields: Fields,
) -> Projection {
    let paths = key_paths(representation);
    let key = entity.key.iter().enumerate().map(|(at, name)| KeyPart {
        name: name.clone(),
        path: paths
            .get(at)
            .cloned()
            .unwrap_or_else(|| FieldPath::name(name.clone())),
    });
    Projection {
        key: key.collect(),
        fields,
        filter: representation.filter.clone(),
    }
}

//! Finds entities by whatever a person has: a key, a name, a part of an e-mail address.

use futures::future::join_all;
use parallax_core::deployment::Entity;
use parallax_core::error::Result;
use parallax_core::mapping::{FieldMapping, Mapping};
use parallax_core::name::FieldPath;
use parallax_core::store::{Fields, Needle, Purpose, Search, Shape};
use parallax_core::value::{Key, Record};
use parallax_core::wire::Candidate;

use crate::entities::{Deployed, Shapes, mapping, named, projection, shapes, typed_key};
use crate::sessions::Sessions;

/// The fields that name an entity, the best first.
const NAMES: [&str; 4] = ["name", "title", "label", "email"];

/// Looks in the system of record of one entity, or of all; an exact key comes first, then names, then other text.
pub(crate) async fn find(
    deployed: Deployed<'_>,
    entity: Option<&str>,
    text: &str,
    limit: u32,
) -> Result<Vec<Candidate>> {
    let Deployed {
        deployment,
        sessions,
        known,
    } = deployed;
    let entities: Vec<&Entity> = match entity {
        Some(name) => vec![named(deployment, name)?],
        None => deployment.entities.iter().collect(),
    };
    let searches = entities
        .into_iter()
        .map(|entity| in_entity(sessions, known, entity, text, limit));
    let mut found = Vec::new();
    let mut failure = None;
    for answer in join_all(searches).await {
        match answer {
            Ok(candidates) => found.extend(candidates),
            Err(error) => failure = Some(error),
        }
    }
    // One entity's silent store costs its own candidates only.
    if let (true, Some(error)) = (found.is_empty(), failure) {
        return Err(error);
    }
    found.sort_by_key(|(rank, _)| *rank);
    let best = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(found.into_iter().map(|(_, it)| it).take(best).collect())
}

async fn in_entity(
    sessions: &Sessions,
    known: &Shapes,
    entity: &Entity,
    text: &str,
    limit: u32,
) -> Result<Vec<(usize, Candidate)>> {
    let shapes = shapes(entity, sessions, known).await;
    let mapping = mapping(entity, &shapes);
    let source = Source {
        sessions,
        entity,
        mapping: &mapping,
    };
    let mut records: Vec<Record> = Vec::new();
    if let Ok(key) = typed_key(entity, &shapes, text) {
        records.extend(source.by_key(&key).await);
    }
    let paths = text_paths(entity, &mapping, &shapes);
    if !paths.is_empty() {
        let search = Search {
            paths,
            needle: Needle::Contains(text.to_owned()),
            limit,
        };
        let found = source.by_text(&search).await?;
        records.extend(
            found
                .into_iter()
                .filter(|it| !is_known(&records, it))
                .collect::<Vec<_>>(),
        );
    }
    Ok(records
        .into_iter()
        .map(|it| source.candidate(&it, text))
        .collect())
}

fn is_known(records: &[Record], record: &Record) -> bool {
    records.iter().any(|it| it.key == record.key)
}

fn text_paths(entity: &Entity, mapping: &Mapping, shapes: &[Result<Shape>]) -> Vec<FieldPath> {
    let source = &entity.system_of_record().dataset;
    let at = mapping
        .representations
        .iter()
        .position(|it| it.dataset == *source);
    let Some((mapped, Ok(shape))) =
        at.and_then(|at| mapping.representations.get(at).zip(shapes.get(at)))
    else {
        return Vec::new();
    };
    let is_text = |it: &FieldPath| {
        shape
            .field(it.first())
            .is_some_and(|it| it.type_name() == "text")
    };
    let paths = mapped
        .fields
        .iter()
        .filter_map(|it| it.rule.as_ref())
        .map(|it| it.path.clone());
    paths.filter(is_text).collect()
}

/// The system of record of one entity, as a search sees it.
struct Source<'s> {
    sessions: &'s Sessions,
    entity: &'s Entity,
    mapping: &'s Mapping,
}

impl Source<'_> {
    async fn by_key(&self, key: &Key) -> Option<Record> {
        let source = self.entity.system_of_record();
        let fields = projection(self.entity, source, Fields::All);
        let call = self.sessions.call(&source.dataset.store, Purpose::Trace);
        let store = self.sessions.store(&source.dataset.store).ok()?;
        let got = store
            .get(&call, &source.dataset, std::slice::from_ref(key), &fields)
            .await
            .ok()?;
        got.found.into_iter().next()?.ok()?
    }

    async fn by_text(&self, search: &Search) -> Result<Vec<Record>> {
        let source = self.entity.system_of_record();
        let id = &source.dataset.store;
        let fields = projection(self.entity, source, Fields::All);
        let call = self.sessions.call(id, Purpose::Trace);
        self.sessions
            .store(id)?
            .find(&call, &source.dataset, search, &fields)
            .await
            .map_err(|it| it.at(id))
    }

    /// The candidate with its rank: 0 for the very key, then by the name's place, then the rest.
    fn candidate(&self, record: &Record, text: &str) -> (usize, Candidate) {
        let value = |name: &str| {
            let rule = self.fields().find(|it| it.name == name)?.rule.as_ref()?;
            record
                .at(&rule.path)
                .filter(|it| !it.is_null())
                .map(ToString::to_string)
        };
        let key = record.key.to_string();
        let wanted = text.to_lowercase();
        let answers =
            |name: &&str| value(name).is_some_and(|it| it.to_lowercase().contains(&wanted));
        let by_name = NAMES.iter().position(answers);
        let others = || self.fields().map(|it| it.name.as_str()).find(answers);
        let (rank, field) = match (key == text, by_name) {
            (true, _) => (0, None),
            (false, Some(at)) => (at + 1, NAMES.get(at).copied()),
            (false, None) => (NAMES.len() + 1, others()),
        };
        let matched = field.map_or_else(
            || (self.entity.key.join(", "), key.clone()),
            |field| (field.to_owned(), value(field).unwrap_or_default()),
        );
        let label = NAMES.iter().find_map(|it| value(it)).unwrap_or(key);
        (
            rank,
            Candidate {
                entity: self.entity.name.clone(),
                key: record.key.clone(),
                label,
                matched,
            },
        )
    }

    fn fields(&self) -> impl Iterator<Item = &FieldMapping> {
        let source = &self.entity.system_of_record().dataset;
        let mapped = self
            .mapping
            .representations
            .iter()
            .find(|it| it.dataset == *source);
        mapped.into_iter().flat_map(|it| &it.fields)
    }
}

//! `[entities.NAME]`: a business object, its key, and the datasets that represent it.

use std::collections::BTreeMap;

use super::item::{Item, Table};
use super::representation::{self, Draft, Subject};
use super::store::Stores;
use super::{Entity, MapMode, Role, suggest};
use crate::name::{DatasetId, FieldPath};

/// Reads `[entities]`.
pub(super) fn read(entities: Option<Item<'_>>, stores: &Stores<'_>) -> Vec<Entity> {
    let entities = entities.and_then(|it| it.open_table());
    let items = entities.map_or_else(Vec::new, |it| it.items());
    items
        .iter()
        .filter_map(|it| read_entity(it, stores))
        .collect()
}

/// Reads `[entities.NAME]`. Every mistake in it is noted; `None` where what is left is no entity.
fn read_entity(item: &Item<'_>, stores: &Stores<'_>) -> Option<Entity> {
    let table = item.table(&["key", "in"])?;
    let key = table.need("key").and_then(|it| read_key(&it));
    let places = table
        .need("in")
        .and_then(|it| it.tables(&representation::KEYS));
    let subject = Subject {
        entity: item.name,
        key: key.as_deref(),
    };
    let drafts: Vec<Draft<'_>> = places?
        .iter()
        .map(|it| representation::read(it, subject, stores))
        .collect();
    check_system_of_record(item.name, &table, &drafts);
    check_twice(&drafts);
    check_canonical_names(&table, subject, &drafts);
    let representations = drafts.into_iter().map(|it| it.representation);
    Some(Entity {
        name: item.name.to_owned(),
        representations: representations.collect::<Option<_>>()?,
        key: key?,
    })
}

/// The canonical names of the key's parts; each must be a path, for that is how it is found where nothing else is said.
fn read_key(item: &Item<'_>) -> Option<Vec<String>> {
    let texts = read_parts(item)?;
    let mut sound = true;
    for (item, text) in &texts {
        if let Err(error) = text.parse::<FieldPath>() {
            item.refuse(text, error);
            sound = false;
        }
    }
    sound.then(|| texts.iter().map(|(_, text)| (*text).to_owned()).collect())
}

/// One string or a list of different ones, at least one.
pub(super) fn read_parts<'a>(item: &Item<'a>) -> Option<Vec<(Item<'a>, &'a str)>> {
    let texts = item.texts()?;
    if texts.is_empty() {
        item.wrong(format!("{:?} is empty", item.name));
        return None;
    }
    let mut sound = true;
    for (at, (item, text)) in texts.iter().enumerate() {
        if texts.iter().take(at).any(|(_, earlier)| earlier == text) {
            item.wrong(format!("{text:?} is listed twice in {:?}", item.name));
            sound = false;
        }
    }
    sound.then_some(texts)
}

/// Notes none and two systems of record, with the lines; a role that could not be read may have been one.
fn check_system_of_record(entity: &str, table: &Table<'_>, drafts: &[Draft<'_>]) {
    let line = |it: &Draft<'_>| table.notes.line(it.role_at).to_string();
    let records: Vec<_> = drafts
        .iter()
        .filter(|it| it.role == Some(Role::SystemOfRecord))
        .collect();
    if let [_, .., last] = records.as_slice() {
        let lines: Vec<_> = records.iter().map(|it| line(it)).collect();
        let lines = lines.join(" and ");
        let message = format!("entity {entity:?} has a system of record on each of lines {lines}");
        let hint = "exactly one representation is where facts are written first".to_owned();
        table.notes.add(last.role_at, message, Some(hint));
    } else if records.is_empty() && drafts.iter().all(|it| it.role.is_some()) {
        let lines: Vec<_> = drafts.iter().map(line).collect();
        let message = if lines.is_empty() {
            format!("entity {entity:?} has no representation")
        } else {
            let lines = lines.join(", ");
            format!(
                "entity {entity:?} has no system of record among the representations on lines {lines}"
            )
        };
        let hint = "give one of them role = \"system-of-record\"".to_owned();
        table.notes.add_missing(table.at, message, Some(hint));
    }
}

/// Notes a dataset that represents the entity a second time.
fn check_twice(drafts: &[Draft<'_>]) {
    let mut seen: BTreeMap<(&str, Vec<String>), usize> = BTreeMap::new();
    for draft in drafts {
        let Some((item, dataset)) = &draft.dataset else {
            continue;
        };
        let name = (dataset.store.as_str(), dataset.parts());
        if let Some(first) = seen.insert(name, item.at()) {
            let line = item.notes.line(first);
            let message = same_as(dataset, line);
            item.wrong_so(message, "an entity names each dataset once");
        }
    }
}

fn same_as(dataset: &DatasetId, line: usize) -> String {
    let dataset = dataset.to_string();
    format!("{dataset:?} is represented on line {line} already")
}

/// Notes names that stand for nothing, where the system of record lists all the fields there are.
fn check_canonical_names(table: &Table<'_>, subject: Subject<'_>, drafts: &[Draft<'_>]) {
    let Some(known) = listed_names(subject.key, drafts) else {
        return;
    };
    let derived = drafts.iter().filter(|it| it.role == Some(Role::Derived));
    for (at, name) in derived.flat_map(|it| &it.names) {
        if known.iter().all(|it| it != name) {
            let entity = subject.entity;
            let message = format!("the system of record of {entity:?} lists no field {name:?}");
            let hint = suggest::one_of(name, known.iter().map(String::as_str));
            table.notes.add(*at, message, hint);
        }
    }
}

/// The names of key, version and listed fields, if the one system of record says `map = "listed"`.
fn listed_names(key: Option<&[String]>, drafts: &[Draft<'_>]) -> Option<Vec<String>> {
    let mut records = drafts
        .iter()
        .filter_map(|it| it.representation.as_ref())
        .filter(|it| it.role == Role::SystemOfRecord);
    let record = records.next().filter(|it| it.map == MapMode::Listed)?;
    let mut names = key?.to_vec();
    names.extend(record.fields.iter().map(|(name, _)| name.clone()));
    names.extend(representation::canonical_version(record));
    names.dedup();
    Some(names)
}

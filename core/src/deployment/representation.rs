//! `[[entities.NAME.in]]`: one dataset's form of an entity.

use super::item::{Item, Table};
use super::store::{self, Stores};
use super::{KeyTemplate, MapMode, Presence, Representation, Role, entity, rule, suggest};
use crate::compare::FieldRule;
use crate::name::{DatasetId, FieldPath, KeyPattern};

/// The keys of a representation.
pub(super) const KEYS: [&str; 10] = [
    "dataset", "role", "key", "fields", "ignore", "map", "version", "presence", "where", "null",
];

/// What `role` may say.
const ROLES: [(&str, Role); 2] = [
    ("system-of-record", Role::SystemOfRecord),
    ("derived", Role::Derived),
];

/// What `map` may say.
const MAPS: [(&str, MapMode); 2] = [
    ("listed", MapMode::Listed),
    ("automatic", MapMode::Automatic),
];

/// What `presence` may say.
const PRESENCES: [(&str, Presence); 2] = [
    ("required", Presence::Required),
    ("optional", Presence::Optional),
];

/// The entity that a representation belongs to.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    /// Its name.
    pub(super) entity: &'s str,
    /// The names of its key's parts, if they could be read.
    pub(super) key: Option<&'s [String]>,
}

/// A representation and what the checks across an entity need, even where it could not be read as a whole.
pub(super) struct Draft<'a> {
    /// The role; `None` where the file says none that there is.
    pub(super) role: Option<Role>,
    /// Where the role stands, or else the table.
    pub(super) role_at: usize,
    /// The dataset and where it stands.
    pub(super) dataset: Option<(Item<'a>, DatasetId)>,
    /// The canonical names that it maps or ignores, each with its first byte.
    pub(super) names: Vec<(usize, &'a str)>,
    /// All of it.
    pub(super) representation: Option<Representation>,
}

/// The canonical name of a system of record's version: as its own fields rename it, or else its own.
pub(super) fn canonical_version(record: &Representation) -> Option<String> {
    let version = record.version.as_ref()?;
    let renamed = record.fields.iter().find(|(_, rule)| rule.path == *version);
    Some(renamed.map_or_else(|| version.to_string(), |(name, _)| name.clone()))
}

/// Reads one representation of `subject`.
pub(super) fn read<'a>(table: &Table<'a>, subject: Subject<'_>, stores: &Stores<'_>) -> Draft<'a> {
    let place = table.need("dataset");
    let dataset = place.and_then(|it| Some((it, stores.dataset(&it)?)));
    let role = table.get("role");
    let mut draft = Draft {
        role: role.map_or(Some(Role::Derived), |it| it.choice(&ROLES)),
        role_at: role.map_or(table.at, |it| it.at()),
        dataset,
        names: Vec::new(),
        representation: None,
    };
    draft.representation = read_rest(table, subject, &mut draft);
    draft
}

/// Reads all but the dataset and its role, and collects the field names that are checked once every representation is
/// known.
fn read_rest<'a>(
    table: &Table<'a>,
    subject: Subject<'_>,
    draft: &mut Draft<'a>,
) -> Option<Representation> {
    let fields = read_fields(table, &mut draft.names);
    let ignore = table.get("ignore").and_then(|it| it.texts());
    let ignore = ignore.unwrap_or_default();
    draft
        .names
        .extend(ignore.iter().map(|(item, text)| (item.at(), *text)));
    let map = table.get("map").and_then(|it| it.choice(&MAPS));
    let presence = table.get("presence").and_then(|it| it.choice(&PRESENCES));
    let filter = table.get("where").and_then(|it| it.text());
    let version = table.get("version").and_then(|it| it.parsed());
    let null = table.get("null").and_then(|it| it.choice(&rule::NULLS));
    let (_, dataset) = draft.dataset.as_ref()?;
    let key = read_key(table, dataset, &fields, subject);
    Some(Representation {
        dataset: dataset.clone(),
        role: draft.role?,
        key: key?,
        fields,
        ignore: ignore.iter().map(|(_, it)| (*it).to_owned()).collect(),
        map: map.unwrap_or_default(),
        version,
        presence: presence.unwrap_or_default(),
        filter: filter.map(str::to_owned),
        null_is_absent: null.unwrap_or_default(),
    })
}

/// Reads the rules of fields, in the order of the file.
fn read_fields<'a>(
    table: &Table<'a>,
    names: &mut Vec<(usize, &'a str)>,
) -> Vec<(String, FieldRule)> {
    let fields = table.get("fields").and_then(|it| it.open_table());
    let items = fields.map_or_else(Vec::new, |it| it.items());
    names.extend(items.iter().map(|it| (it.name_at, it.name)));
    let rules = items
        .iter()
        .filter_map(|it| Some((it.name.to_owned(), rule::read(it)?)));
    rules.collect()
}

/// By the pattern in the dataset's name, or else by fields: those that `key` names, or those that hold the canonical parts.
fn read_key(
    table: &Table<'_>,
    dataset: &DatasetId,
    fields: &[(String, FieldRule)],
    subject: Subject<'_>,
) -> Option<KeyTemplate> {
    let key = table.get("key");
    if let Some(pattern) = store::pattern(dataset) {
        if let Some(key) = key {
            let dataset = dataset.to_string();
            let message = format!("the key of {dataset:?} stands in its pattern");
            let hint = "take \"key\" away".to_owned();
            table.notes.add(key.name_at, message, Some(hint));
        }
        return read_pattern(table, pattern.ok()?, subject).map(KeyTemplate::Pattern);
    }
    let paths = match key {
        Some(key) => read_paths(&key, subject),
        None => canonical_paths(fields, subject),
    };
    paths.map(KeyTemplate::Fields)
}

/// Where the parts of the canonical key are: where a listed field says so, or else at their own names.
fn canonical_paths(fields: &[(String, FieldRule)], subject: Subject<'_>) -> Option<Vec<FieldPath>> {
    let paths = subject.key?.iter().map(|part| {
        let listed = fields.iter().find(|(name, _)| name == part);
        listed.map_or_else(|| part.parse().ok(), |(_, rule)| Some(rule.path.clone()))
    });
    paths.collect()
}

/// Reads a key that stands in fields: as many paths as the entity's key has parts.
fn read_paths(key: &Item<'_>, subject: Subject<'_>) -> Option<Vec<FieldPath>> {
    let parts = entity::read_parts(key)?;
    let paths: Vec<_> = parts.iter().map(|(item, _)| item.parsed()).collect();
    let canonical = subject.key?;
    if canonical.len() != parts.len() {
        let message = format!(
            "this key has {}, the key of entity {:?} has {}",
            count(parts.len()),
            subject.entity,
            count(canonical.len())
        );
        key.wrong_so(
            message,
            format!("name one path each for {}", listed(canonical)),
        );
        return None;
    }
    paths.into_iter().collect()
}

/// Checks that the parts of a pattern are those of the entity's key: each of them, once, and nothing else.
fn read_pattern(
    table: &Table<'_>,
    pattern: KeyPattern,
    subject: Subject<'_>,
) -> Option<KeyPattern> {
    let place = table.get("dataset")?;
    let key = subject.key?;
    let parts: Vec<&str> = pattern.parts().collect();
    let is_key = |part: &str| key.iter().any(|it| it == part);
    let strange = parts.iter().find(|it| !is_key(it));
    let missing = key.iter().find(|it| !parts.contains(&it.as_str()));
    let entity = subject.entity;
    if let Some(part) = strange {
        let part_text = format!("{{{part}}}");
        let message = format!("{part_text:?} is no part of the key of entity {entity:?}");
        let hint = suggest::one_of(part, key.iter().map(String::as_str));
        table.notes.add(place.at(), message, hint);
    } else if let Some(part) = missing {
        let message =
            format!("this pattern lacks {part:?}, a part of the key of entity {entity:?}");
        place.wrong(message);
    } else if parts.len() > key.len() {
        place.wrong("this pattern holds a part of the key twice");
    } else {
        return Some(pattern);
    }
    None
}

fn count(parts: usize) -> String {
    match parts {
        1 => "1 part".to_owned(),
        _ => format!("{parts} parts"),
    }
}

/// Names in quotes, for a message.
fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|it| format!("{it:?}")).collect();
    names.join(", ")
}

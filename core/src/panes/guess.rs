//! Which entity the panes show, and which dataset of it each of them: by the names in their statements.

use std::collections::BTreeSet;

use crate::deployment::{Entity, KeyTemplate, Representation};
use crate::name::StoreId;

/// The entity whose datasets most statements name; `None` where fewer than two do.
///
/// Each statement stands with its store. Of entities that are named as often, the first of the deployment is taken.
pub fn entity<'d>(entities: &'d [Entity], statements: &[(StoreId, String)]) -> Option<&'d Entity> {
    let named = |entity: &Entity| {
        let statements = statements.iter();
        statements
            .filter(|(store, text)| named(entity, store, text).is_some())
            .count()
    };
    let mut best: Option<(&Entity, usize)> = None;
    for entity in entities {
        let times = named(entity);
        if times >= 2 && best.is_none_or(|(_, most)| times > most) {
            best = Some((entity, times));
        }
    }
    best.map(|(entity, _)| entity)
}

/// The place of the representation of `entity` that a statement reads: one that it names, else the only one in its store.
pub fn representation(entity: &Entity, store: &StoreId, text: &str) -> Option<usize> {
    named(entity, store, text).or_else(|| {
        let mut here = in_store(entity, store);
        let only = here.next();
        only.filter(|_| here.next().is_none()).map(|(at, _)| at)
    })
}

/// The representation whose name stands in the text; of several the one with the longest name.
fn named(entity: &Entity, store: &StoreId, text: &str) -> Option<usize> {
    let words = words(text);
    let named = in_store(entity, store).filter(|(_, it)| is_named(it, &words));
    named
        .max_by_key(|(_, it)| it.dataset.name.len())
        .map(|(at, _)| at)
}

fn in_store<'e>(
    entity: &'e Entity,
    store: &'e StoreId,
) -> impl Iterator<Item = (usize, &'e Representation)> {
    let all = entity.representations.iter().enumerate();
    all.filter(move |(_, it)| it.dataset.store == *store)
}

/// Whether every word of the dataset's own name is a word of the statement; a pattern's parts are no words of it.
fn is_named(representation: &Representation, statement: &BTreeSet<String>) -> bool {
    let name = match &representation.key {
        KeyTemplate::Pattern(pattern) => pattern.prefix().to_owned(),
        KeyTemplate::Fields(_) => {
            let parts = representation.dataset.parts();
            parts.last().cloned().unwrap_or_default()
        }
    };
    let words = words(&name);
    !words.is_empty() && words.is_subset(statement)
}

/// The words of a text in lower case, without those of parameters.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (before, after) = rest.split_once("{{").unwrap_or((rest, ""));
        let found = before.split(|it: char| !(it.is_alphanumeric() || it == '_'));
        words.extend(found.filter(|it| !it.is_empty()).map(str::to_lowercase));
        rest = after.split_once("}}").map_or("", |(_, after)| after);
    }
    words
}

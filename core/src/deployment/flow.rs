//! `[[flows]]`: how changes travel from one dataset, or whole store, to another.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::item::{Item, Table};
use super::store::Stores;
use super::{DEFAULT_OBJECTIVE, Edge, Endpoint, Entity, Propagation, probe};

/// What a flow may hold.
const KEYS: [&str; 5] = ["from", "to", "via", "probe", "objective"];

/// Reads `[[flows]]`.
pub(super) fn read(flows: Option<Item<'_>>, stores: &Stores<'_>, entities: &[Entity]) -> Vec<Edge> {
    let tables = flows.and_then(|it| it.tables(&KEYS)).unwrap_or_default();
    let edges = tables
        .iter()
        .map(|it| (it, read_flow(it, stores, entities)));
    let edges: Vec<_> = edges
        .filter_map(|(table, edge)| Some((table, edge?)))
        .collect();
    check_twice(&edges);
    edges.into_iter().map(|(_, edge)| edge).collect()
}

/// Reads one flow.
///
/// A flow that names no probe gets the one that its ends allow, and one without an objective the default.
fn read_flow(table: &Table<'_>, stores: &Stores<'_>, entities: &[Entity]) -> Option<Edge> {
    let from = table.need("from").and_then(|it| read_end(&it, stores));
    let to = table.need("to").and_then(|it| read_end(&it, stores));
    let via = table
        .need("via")
        .and_then(|it| it.choice(&Propagation::ALL));
    let named = table.get("probe").map(|it| probe::read(&it, stores));
    let objective = table.get("objective").map(|it| read_objective(&it));
    let (from, to, via) = (from?, to?, via?);
    check_ends(table, &from, &to, via)?;
    let probe = named.unwrap_or_else(|| Some(probe::default(entities, &from, &to)));
    Some(Edge {
        from,
        to,
        via,
        probe: probe?,
        objective: objective.unwrap_or(Some(DEFAULT_OBJECTIVE))?,
    })
}

/// A name without a dot is a whole store.
fn read_end(item: &Item<'_>, stores: &Stores<'_>) -> Option<Endpoint> {
    if item.text()?.contains('.') {
        return stores.dataset(item).map(Endpoint::Dataset);
    }
    stores.store(item).map(Endpoint::Store)
}

/// Whole stores are joined with each other, by replication only; and nothing flows to where it comes from.
fn check_ends(table: &Table<'_>, from: &Endpoint, to: &Endpoint, via: Propagation) -> Option<()> {
    let (from_text, to_text) = (from.to_string(), to.to_string());
    let (message, hint) = match (from, to) {
        _ if identity(from) == identity(to) => (
            format!("a flow from {from_text:?} to itself"),
            "name the dataset that the changes go to",
        ),
        (Endpoint::Store(_), Endpoint::Store(_)) if via != Propagation::Replication => (
            format!("whole stores are not joined by {via}"),
            "name datasets as STORE.NAME, or say via = \"replication\"",
        ),
        (Endpoint::Store(_), Endpoint::Dataset(_)) | (Endpoint::Dataset(_), Endpoint::Store(_)) => {
            (
                format!(
                    "a flow from {from_text:?} to {to_text:?} joins a dataset with a whole store"
                ),
                "name two datasets as STORE.NAME, or two stores",
            )
        }
        _ => return Some(()),
    };
    table.notes.add(table.at, message, Some(hint.to_owned()));
    None
}

/// Notes a flow with the ends and the mechanism of an earlier one.
fn check_twice(edges: &[(&Table<'_>, Edge)]) {
    let mut seen = BTreeMap::new();
    for (table, edge) in edges {
        let same = (
            identity(&edge.from),
            identity(&edge.to),
            edge.via.to_string(),
        );
        if let Some(first) = seen.insert(same, table.at) {
            let line = table.notes.line(first);
            let (from, to, via) = (edge.from.to_string(), edge.to.to_string(), edge.via);
            let message = format!(
                "the {via} flow from {from:?} to {to:?} is declared on line {line} already"
            );
            table.notes.add(table.at, message, None);
        }
    }
}

/// What two spellings of the same end have in common.
fn identity(end: &Endpoint) -> (String, Option<Vec<String>>) {
    let parts = match end {
        Endpoint::Dataset(dataset) => Some(dataset.parts()),
        Endpoint::Store(_) => None,
    };
    (end.store().to_string(), parts)
}

/// Reads a length of time above zero: `5s`, `2m`, `1h30m`.
fn read_objective(item: &Item<'_>) -> Option<Duration> {
    let text = item.text()?;
    let length = text.parse::<SignedDuration>().ok();
    let message = match length {
        Some(length) if length.is_positive() => return Some(length.unsigned_abs()),
        Some(_) => "\"objective\" must be longer than nothing".to_owned(),
        None => format!("{text:?} is no length of time"),
    };
    item.wrong_so(message, r#"for example "500ms", "5s", "2m" or "1h30m""#);
    None
}

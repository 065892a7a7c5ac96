//! `probe`: how the lag of a flow is measured.

use super::item::{Item, Table};
use super::store::Stores;
use super::{Endpoint, Entity, MapMode, Probe, Representation, Role, representation};
use crate::lag::{GroupProbe, OutboxProbe};

/// Each kind of probe with the keys that it takes.
const KINDS: [(&str, &[&str]); 5] = [
    (
        "outbox",
        &["kind", "table", "created", "sent", "dataset", "key"],
    ),
    ("group", &["kind", "stream", "group", "dataset", "key"]),
    ("newest", &["kind"]),
    ("replication", &["kind", "slot", "replica"]),
    ("heartbeat", &["kind"]),
];

/// Reads a probe.
pub(super) fn read(item: &Item<'_>, stores: &Stores<'_>) -> Option<Probe> {
    let table = item.open_table()?;
    let kind = table.need("kind")?;
    table.only(kind.choice(&KINDS)?);
    match kind.text()? {
        "outbox" => read_outbox(&table, stores),
        "group" => read_group(&table, stores),
        "replication" => Some(read_replication(&table)),
        "newest" => Some(Probe::Newest),
        "heartbeat" => Some(Probe::Heartbeat),
        _ => None,
    }
}

/// The probe of a flow that names none: the newest versions, where both ends have one.
pub(super) fn default(entities: &[Entity], from: &Endpoint, to: &Endpoint) -> Probe {
    let comparable = entities.iter().any(|it| {
        let has_version = |end| represented_by(it, end).is_some_and(|one| has_version(it, one));
        has_version(from) && has_version(to)
    });
    if comparable {
        Probe::Newest
    } else {
        Probe::None
    }
}

/// Reads a probe of an outbox table: unsent rows are those whose `sent` is null.
fn read_outbox(table: &Table<'_>, stores: &Stores<'_>) -> Option<Probe> {
    let outbox = table.need("table").and_then(|it| stores.dataset(&it));
    let created = table.need("created").and_then(|it| it.parsed());
    let sent = table.need("sent").and_then(|it| it.parsed());
    let dataset = table.get("dataset").and_then(|it| it.parsed());
    let key = table.get("key").and_then(|it| it.parsed());
    Some(Probe::Outbox(OutboxProbe {
        table: outbox?,
        created: created?,
        sent: sent?,
        dataset,
        key,
    }))
}

/// Reads a probe of a stream's consumer group.
fn read_group(table: &Table<'_>, stores: &Stores<'_>) -> Option<Probe> {
    let stream = table.need("stream").and_then(|it| stores.dataset(&it));
    let group = table.need("group").and_then(|it| it.text());
    let dataset = table.get("dataset").and_then(|it| it.parsed());
    let key = table.get("key").and_then(|it| it.parsed());
    Some(Probe::Group(GroupProbe {
        stream: stream?,
        group: group?.to_owned(),
        dataset,
        key,
    }))
}

/// Reads a probe of a database's own replication, which is named by its slot or its replica.
fn read_replication(table: &Table<'_>) -> Probe {
    let text = |name| table.get(name).and_then(|it| it.text()).map(str::to_owned);
    if table.get("slot").is_none() && table.get("replica").is_none() {
        let hint = "or replica = \"NAME\"".to_owned();
        table.missing("slot", Some(hint));
    }
    Probe::Replication {
        slot: text("slot"),
        replica: text("replica"),
    }
}

/// The entity's representation at an end of a flow; none where the end is a whole store.
fn represented_by<'e>(entity: &'e Entity, end: &Endpoint) -> Option<&'e Representation> {
    if matches!(end, Endpoint::Store(_)) {
        return None;
    }
    entity
        .representations
        .iter()
        .find(|it| end.covers(&it.dataset))
}

/// Whether it declares a version, or may have the field that maps to the system of record's.
fn has_version(entity: &Entity, one: &Representation) -> bool {
    // The file may be wrong so far, and have no system of record.
    let record = entity
        .representations
        .iter()
        .find(|it| it.role == Role::SystemOfRecord);
    one.version.is_some() || record.is_some_and(|it| maps_version_of(it, one))
}

/// Whether a representation maps the version of the system of record, so that the newest of both can be compared.
fn maps_version_of(record: &Representation, one: &Representation) -> bool {
    let Some(name) = representation::canonical_version(record) else {
        return false;
    };
    let is_listed = one.fields.iter().any(|(it, _)| *it == name);
    let is_automatic = one.map == MapMode::Automatic && !name.starts_with('@');
    is_listed || (is_automatic && !one.ignore.contains(&name))
}

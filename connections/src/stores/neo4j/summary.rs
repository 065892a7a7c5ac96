//! What the server says at the end of a statement.

use neo4rs::RunResult;
use neo4rs::summary::Notification;

/// How much was changed: nodes and relationships, else what they hold, else the schema; `None` where nothing was.
pub(super) fn affected(summary: &RunResult) -> Option<u64> {
    let it = summary.stats();
    let elements =
        it.nodes_created + it.nodes_deleted + it.relationships_created + it.relationships_deleted;
    let contents = it.properties_set + it.labels_added + it.labels_removed;
    let schema =
        it.indexes_added + it.indexes_removed + it.constraints_added + it.constraints_removed;
    let counts = [elements, contents, schema, it.system_updates];
    counts.into_iter().find(|it| *it > 0)
}

/// What was changed, in words, and what the server has to say of the statement.
pub(super) fn notices(summary: &RunResult) -> Vec<String> {
    let said = summary.notifications().iter().filter_map(said);
    changes(summary).into_iter().chain(said).collect()
}

fn changes(summary: &RunResult) -> Option<String> {
    let it = summary.stats();
    let counts = [
        (it.nodes_created, "nodes created"),
        (it.nodes_deleted, "nodes deleted"),
        (it.relationships_created, "relationships created"),
        (it.relationships_deleted, "relationships deleted"),
        (it.properties_set, "properties set"),
        (it.labels_added, "labels added"),
        (it.labels_removed, "labels removed"),
        (it.indexes_added, "indexes added"),
        (it.indexes_removed, "indexes removed"),
        (it.constraints_added, "constraints added"),
        (it.constraints_removed, "constraints removed"),
        (it.system_updates, "changes of the system"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told
        .map(|(count, what)| format!("{what}: {count}"))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn said(it: &Notification) -> Option<String> {
    let title = it.title.as_deref().unwrap_or_default();
    let text = it.description.as_deref().unwrap_or(title);
    (!text.is_empty()).then(|| text.to_owned())
}

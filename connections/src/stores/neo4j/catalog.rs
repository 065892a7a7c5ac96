//! The datasets of a graph: its labels, and its types of relationships between labels.

use std::collections::{BTreeMap, BTreeSet};

use neo4rs::Row;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{DataModel, Dataset};

use super::cell::{Cell, ROW, cells};
use super::layout::{Form, Source, label_name, relationship_name};
use super::lease::{Cypher, Lease};
use super::lexer::quoted;
use crate::suggest;

const OPERATION: &str = "list datasets";

/// Questions in one statement: each is a branch of a `UNION`.
const BRANCHES: usize = 50;

/// Labels and types that are listed, each.
const MAX_NAMES: usize = 1_000;

/// Relationships of a type that are looked at for the labels of their nodes.
const SAMPLE: usize = 1_000;

/// Every label, then every type between the labels of a sample of its relationships.
pub(super) async fn datasets(lease: &mut Lease, store: &StoreId) -> Result<Vec<Dataset>> {
    let labels = labels(lease).await?;
    let kinds = kinds(lease).await?;
    let nodes = labels.iter().map(|it| {
        let count = format!("MATCH (n:{}) RETURN", quoted(it));
        (it.clone(), count)
    });
    let relationships = kinds.iter().map(|it| {
        let count = format!("MATCH ()-[n:{}]->() RETURN", quoted(it));
        (it.clone(), count)
    });
    let n_nodes = counted(lease, nodes.collect()).await?;
    let n_relationships = counted(lease, relationships.collect()).await?;
    let between = between(lease, &kinds).await?;
    let dataset = |name: String, estimate: Option<u64>| Dataset {
        id: DatasetId {
            store: store.clone(),
            name,
        },
        model: DataModel::Graph,
        estimate,
    };
    let mut all: Vec<Dataset> = labels
        .iter()
        .map(|it| dataset(label_name(it), n_nodes.get(it).copied()))
        .collect();
    for kind in &kinds {
        let ends = between.get(kind).cloned().unwrap_or_default();
        // How many there are between two labels only a scan would tell, unless they are all.
        let count = n_relationships
            .get(kind)
            .copied()
            .filter(|_| ends.len() < 2);
        for (start, end) in ends {
            let name = relationship_name(start.as_deref(), kind, end.as_deref());
            all.push(dataset(name, count));
        }
    }
    Ok(all)
}

/// The labels that nodes have.
async fn labels(lease: &mut Lease) -> Result<Vec<String>> {
    let text = format!(
        "CALL db.labels() YIELD label WITH label ORDER BY label LIMIT {MAX_NAMES} RETURN [label] AS {ROW}"
    );
    names(lease, &text).await
}

/// The types that relationships have.
async fn kinds(lease: &mut Lease) -> Result<Vec<String>> {
    let text = format!(
        "CALL db.relationshipTypes() YIELD relationshipType AS it WITH it ORDER BY it LIMIT {MAX_NAMES} RETURN [it] AS {ROW}"
    );
    names(lease, &text).await
}

async fn names(lease: &mut Lease, text: &str) -> Result<Vec<String>> {
    let rows = lease.rows(&Cypher::new(text), OPERATION).await?;
    let name = |row: &Row| Some(cells(row).ok()?.first()?.text()?.to_owned());
    Ok(rows.iter().filter_map(name).collect())
}

/// How many records there are of each name, from the server's own counters.
async fn counted(lease: &mut Lease, all: Vec<(String, String)>) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for chunk in all.chunks(BRANCHES) {
        let branches = chunk.iter().enumerate();
        let branches =
            branches.map(|(nth, (_, count))| format!("{count} [{nth}, count(n)] AS {ROW}"));
        for row in union(lease, branches.collect()).await? {
            let cells = cells(&row)?;
            let number = |at: usize| cells.get(at).and_then(Cell::number);
            let place = number(0).and_then(|it| usize::try_from(it).ok());
            let name = place.and_then(|it| chunk.get(it));
            let count = number(1).and_then(|it| u64::try_from(it).ok());
            counts.extend(name.map(|(it, _)| it.clone()).zip(count));
        }
    }
    Ok(counts)
}

type Ends = BTreeSet<(Option<String>, Option<String>)>;

/// Between which labels the relationships of each type run.
async fn between(lease: &mut Lease, kinds: &[String]) -> Result<BTreeMap<String, Ends>> {
    let mut found: BTreeMap<String, Ends> = BTreeMap::new();
    for chunk in kinds.chunks(BRANCHES) {
        let branches = chunk.iter().enumerate().map(|(nth, kind)| {
            let kind = quoted(kind);
            format!(
                "MATCH (s)-[r:{kind}]->(t) WITH s, t LIMIT {SAMPLE} RETURN DISTINCT [{nth}, labels(s), labels(t)] AS {ROW}"
            )
        });
        for row in union(lease, branches.collect()).await? {
            let cells = cells(&row)?;
            let place = cells.first().and_then(Cell::number);
            let kind = place.and_then(|it| chunk.get(usize::try_from(it).ok()?));
            // Of several labels the first: all of them together would seldom be what people mean.
            let first = |at: usize| cells.get(at).and_then(|it| it.texts().into_iter().next());
            if let Some(kind) = kind {
                found
                    .entry(kind.clone())
                    .or_default()
                    .insert((first(1), first(2)));
            }
        }
    }
    Ok(found)
}

async fn union(lease: &mut Lease, branches: Vec<String>) -> Result<Vec<Row>> {
    let text = branches.join("\nUNION ALL ");
    lease.rows(&Cypher::new(text), OPERATION).await
}

/// About how many records a dataset has, from the server's own counters; exact but for the labels of both ends.
pub(super) async fn estimate(lease: &mut Lease, source: &Source) -> Result<Option<u64>> {
    let pattern = match &source.form {
        Form::Nodes(all) => match all.as_slice() {
            [only] => format!("(n:{})", quoted(only)),
            // Several at once are counted nowhere.
            _ => return Ok(None),
        },
        Form::Relationships { kind, start, end } => {
            let one = |all: &[String]| all.first().map(|it| format!(":{}", quoted(it)));
            let kind = quoted(kind);
            // Of two labels only one is counted along with the type.
            match (one(start), one(end)) {
                (Some(start), _) => format!("({start})-[n:{kind}]->()"),
                (None, end) => format!("()-[n:{kind}]->({})", end.unwrap_or_default()),
            }
        }
    };
    let text = format!("MATCH {pattern} RETURN [count(n)] AS {ROW}");
    let rows = lease.rows(&Cypher::new(text), "count records").await?;
    let count = rows
        .first()
        .and_then(|row| cells(row).ok()?.first()?.number());
    Ok(count.and_then(|it| u64::try_from(it).ok()))
}

/// Fails with [`ErrorKind::NotFound`] where the graph has no such label, or type.
pub(super) async fn check(lease: &mut Lease, source: &Source) -> Result<()> {
    let (wanted, known, what) = match &source.form {
        Form::Nodes(all) => (all.clone(), labels(lease).await?, "label"),
        Form::Relationships { kind, .. } => (
            vec![kind.clone()],
            kinds(lease).await?,
            "type of relationships",
        ),
    };
    let missing = wanted.iter().find(|it| !known.contains(it));
    let Some(missing) = missing.filter(|_| known.len() < MAX_NAMES) else {
        return Ok(());
    };
    let operation = format!("find the dataset {:?}", source.dataset.to_string());
    Err(Error::new(ErrorKind::NotFound, operation)
        .because(format!("no {what} is called {missing:?}"))
        .hint(suggest::hint(missing, known.iter().map(String::as_str))))
}

//! What the sample itself knows to be different: the yardstick of its tests. The engine never uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::{Connection, SqliteConnection};

use crate::database::{Files, json};
use crate::error::Result;
use crate::model::{Entity, Kind, Target};
use crate::{pocket, shop, targets};

/// A representation that is not what the system of record says now, because it is absent, altered or left over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The entity's name.
    pub entity: &'static str,
    /// The key as the command line takes it.
    pub key: String,
    /// The dataset, spelled as in the deployment file.
    pub dataset: &'static str,
}

/// Compares every record of every target with one made anew from the system of record; sorted by entity, key and dataset.
///
/// A cached entity whose key is gone is listed too, though the deployment file allows it. No writer may be active.
pub async fn differences(dir: &Path) -> Result<Vec<Difference>> {
    let mut files = Files::open(dir).await?;
    let mut found = BTreeSet::new();
    for target in Target::ALL {
        let mut reference = SqliteConnection::connect("sqlite::memory:").await?;
        sqlx::raw_sql(pocket::schema(target))
            .execute(&mut reference)
            .await?;
        for kind in Kind::ALL {
            let entities = shop::all(&mut files.shop, kind).await?;
            fill(&mut reference, target, kind, &entities).await?;
        }
        for kind in Kind::ALL {
            let expected = targets::contents(&mut reference, target, kind).await?;
            let actual = targets::contents(files.target(target), target, kind).await?;
            let keys = differing(expected, actual).into_iter();
            found.extend(keys.map(|key| Difference {
                entity: kind.entity(),
                key,
                dataset: target.dataset(kind),
            }));
        }
    }
    files.close().await?;
    Ok(found.into_iter().collect())
}

async fn fill(
    reference: &mut SqliteConnection,
    target: Target,
    kind: Kind,
    entities: &[Entity],
) -> Result<()> {
    for batch in entities.chunks(1_000) {
        targets::upsert_all(reference, target, kind, batch).await?;
    }
    Ok(())
}

/// Keys whose contents differ, or that stand on one side alone or twice on one side.
fn differing(expected: Vec<(String, String)>, actual: Vec<(String, String)>) -> Vec<String> {
    let (expected, actual) = (by_key(expected), by_key(actual));
    let keys: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    let differ = keys
        .into_iter()
        .filter(|key| expected.get(*key) != actual.get(*key));
    differ.cloned().collect()
}

fn by_key(records: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, content) in records {
        by_key.entry(key).or_default().push(content);
    }
    by_key
        .into_iter()
        .map(|(key, contents)| (key, json(&contents)))
        .collect()
}

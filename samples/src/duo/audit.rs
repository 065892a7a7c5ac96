//! What the sample itself knows to be different: the yardstick of its tests. The engine never uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use redis::aio::MultiplexedConnection;
use sqlx::Connection as _;

use crate::audit::Difference;
use crate::duo::bus::STREAM;
use crate::duo::form::{Form, form};
use crate::duo::lease::OWNER;
use crate::duo::place::Place;
use crate::duo::stores::Stores;
use crate::duo::{KINDS, shop};
use crate::error::{Error, Result};

/// How many keys are read at a time.
const BATCH: usize = 500;

/// Compares every key of the cache with one made anew from the system of record; sorted by entity, key and dataset.
///
/// A presence that is gone is listed too, though the deployment file allows it. No writer may be active.
pub async fn differences(dir: &Path) -> Result<Vec<Difference>> {
    let stores = Stores::open(dir).await?;
    let mut shop = stores.shop().await?;
    let mut expected = BTreeMap::new();
    for kind in KINDS {
        for entity in shop::all(&mut shop, kind).await? {
            for place in stores.places.iter().filter(|it| it.kind() == Some(kind)) {
                let form = form(*place, &entity).map(|it| (place.key(&entity.key()), it));
                expected.extend(form);
            }
        }
    }
    shop.close().await?;
    let actual = contents(&mut stores.cache().await?).await?;
    let keys: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    let differing = keys
        .into_iter()
        .filter(|key| expected.get(*key) != actual.get(*key));
    let mut found = differing
        .map(|it| difference(it))
        .collect::<Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

fn difference(key: &str) -> Result<Difference> {
    let read = Place::read_key(key).and_then(|(place, key)| {
        Some(Difference {
            entity: place.kind()?.entity(),
            key: key.to_string(),
            dataset: place.dataset(),
        })
    });
    read.ok_or_else(|| Error::new(format!("a key of no copy: {key:?}")))
}

/// Every key of the cache that is a copy, or should not be there.
async fn contents(cache: &mut MultiplexedConnection) -> Result<BTreeMap<String, Form>> {
    let mut keys = BTreeSet::new();
    let mut cursor = 0_u64;
    loop {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("COUNT").arg(1_000);
        let (next, page): (u64, Vec<String>) = command.query_async(cache).await?;
        keys.extend(page);
        if next == 0 {
            break;
        }
        cursor = next;
    }
    keys.retain(|it| it != STREAM && it != OWNER);
    let keys: Vec<String> = keys.into_iter().collect();
    let mut contents = BTreeMap::new();
    for batch in keys.chunks(BATCH) {
        let forms = forms(cache, batch).await?;
        contents.extend(batch.iter().cloned().zip(forms));
    }
    Ok(contents)
}

async fn forms(cache: &mut MultiplexedConnection, keys: &[String]) -> Result<Vec<Form>> {
    let mut pipe = redis::pipe();
    for key in keys {
        pipe.cmd("TYPE").arg(key);
    }
    let types: Vec<String> = pipe.query_async(cache).await?;
    let mut forms = Vec::new();
    for (key, type_name) in keys.iter().zip(types) {
        forms.push(read(cache, key, &type_name).await?);
    }
    Ok(forms)
}

async fn read(cache: &mut MultiplexedConnection, key: &str, type_name: &str) -> Result<Form> {
    let mut command = redis::cmd(match type_name {
        "hash" => "HGETALL",
        "set" => "SMEMBERS",
        "string" => "GET",
        other => return Err(Error::new(format!("{key:?} is a {other}"))),
    });
    command.arg(key);
    Ok(match type_name {
        "hash" => Form::Hash(command.query_async(cache).await?),
        "set" => Form::Set(command.query_async(cache).await?),
        _ => {
            let text = command.query_async(cache).await?;
            let expiry: i64 = redis::cmd("PEXPIRETIME")
                .arg(key)
                .query_async(cache)
                .await?;
            Form::Text(text, (expiry >= 0).then_some(expiry))
        }
    })
}

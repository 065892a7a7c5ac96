//! Indices, aliases and data streams, without those that the server keeps for itself.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join3;
use parallax_core::error::Result;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{DataModel, Dataset};
use serde::Deserialize;

use super::client::Exchange;
use super::request::Request;
use super::resource::Resource;
use super::target::spelled;

const OPERATION: &str = "list indices";

#[derive(Deserialize)]
struct Index {
    #[serde(rename = "index")]
    name: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default, rename = "docs.count")]
    documents: Option<String>,
}

#[derive(Deserialize)]
struct Alias {
    #[serde(rename = "alias")]
    name: String,
    index: String,
    #[serde(default)]
    filter: Option<String>,
}

#[derive(Default, Deserialize)]
struct Streams {
    #[serde(default)]
    data_streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    name: String,
    #[serde(default)]
    indices: Vec<Backing>,
}

#[derive(Deserialize)]
struct Backing {
    index_name: String,
}

/// Lists what can be read, by name. Documents are counted by the server, deleted and nested ones not told apart.
pub(super) async fn datasets(exchange: &Exchange, store: &StoreId) -> Result<Vec<Dataset>> {
    let listed = |what: &str, columns: &str| {
        let resource = Resource::of(&["_cat", what]);
        Request::get(resource.with("format", "json").with("h", columns))
    };
    let indices = listed("indices", "index,status,docs.count");
    let aliases = listed("aliases", "alias,index,filter");
    let streams = Request::get(Resource::of(&["_data_stream"]));
    let (indices, aliases, streams) = join3(
        exchange.ask(&indices, OPERATION),
        exchange.ask(&aliases, OPERATION),
        exchange.read(&streams),
    )
    .await;
    let indices: Vec<Index> = indices?.read(OPERATION)?;
    let aliases: Vec<Alias> = aliases?.read(OPERATION)?;
    // Not every version and distribution has data streams.
    let streams = streams.ok().filter(|it| !it.is_error());
    let streams: Streams =
        streams.map_or_else(|| Ok(Streams::default()), |it| it.read(OPERATION))?;
    let mut found = counted(&indices, &aliases, &streams);
    found.retain(|name, _| !name.starts_with('.'));
    let datasets = found.into_iter().map(|(name, estimate)| Dataset {
        id: DatasetId {
            store: store.clone(),
            name: spelled(&name),
        },
        model: DataModel::Search,
        estimate,
    });
    Ok(datasets.collect())
}

/// Every name, and how many documents stand behind it.
fn counted(
    indices: &[Index],
    aliases: &[Alias],
    streams: &Streams,
) -> BTreeMap<String, Option<u64>> {
    let open = indices
        .iter()
        .filter(|it| it.status.as_deref() != Some("close"));
    let counts: BTreeMap<&str, Option<u64>> = open
        .map(|it| {
            (
                it.name.as_str(),
                it.documents.as_deref().and_then(|it| it.parse().ok()),
            )
        })
        .collect();
    let backing: BTreeSet<&str> = (streams.data_streams.iter())
        .flat_map(|it| it.indices.iter().map(|it| it.index_name.as_str()))
        .collect();
    let mut found: BTreeMap<String, Option<u64>> = (counts.iter())
        .filter(|(name, _)| !backing.contains(*name))
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    let mut groups: BTreeMap<&str, (Vec<&str>, bool)> = BTreeMap::new();
    for alias in aliases {
        let (members, is_filtered) = groups.entry(&alias.name).or_default();
        members.push(&alias.index);
        *is_filtered |= alias.filter.as_deref().is_some_and(|it| it != "-");
    }
    for stream in &streams.data_streams {
        let members = stream.indices.iter().map(|it| it.index_name.as_str());
        groups.insert(&stream.name, (members.collect(), false));
    }
    for (name, (members, is_filtered)) in groups {
        let counted = members.iter().filter_map(|it| counts.get(it).copied());
        let counted: Vec<Option<u64>> = counted.collect();
        // An alias of closed indices cannot be read.
        if !counted.is_empty() {
            let sum: Option<u64> = counted.into_iter().sum();
            found.insert(name.to_owned(), sum.filter(|_| !is_filtered));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_streams_sum_what_stands_behind_them() {
        let indices = r#"[{"index":"a","status":"open","docs.count":"2"},{"index":"b","status":"open","docs.count":"3"},
            {"index":"shut","status":"close"},{"index":".ds-logs-1","status":"open","docs.count":"7"}]"#;
        let aliases = r#"[{"alias":"both","index":"a","filter":"-"},{"alias":"both","index":"b"},
            {"alias":"some","index":"a","filter":"*"},{"alias":"gone","index":"shut"}]"#;
        let streams =
            r#"{"data_streams":[{"name":"logs","indices":[{"index_name":".ds-logs-1"}]}]}"#;
        let found = counted(
            &serde_json::from_str::<Vec<Index>>(indices).expect("indices"),
            &serde_json::from_str::<Vec<Alias>>(aliases).expect("aliases"),
            &serde_json::from_str::<Streams>(streams).expect("streams"),
        );
        let found: Vec<(&str, Option<u64>)> = found
            .iter()
            .map(|(name, it)| (name.as_str(), *it))
            .collect();
        assert_eq!(
            found,
            [
                ("a", Some(2)),
                ("b", Some(3)),
                ("both", Some(5)),
                ("logs", Some(7)),
                ("some", None)
            ]
        );
    }
}

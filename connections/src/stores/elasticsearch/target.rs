//! What the name of a dataset stands for: one index, or an alias, data stream or pattern of several.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parallax_core::error::{ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::client::{Exchange, lock};
use super::request::Request;
use super::resource::Resource;

const OPERATION: &str = "look up the index";

/// How long an answer is believed: an alias may be moved at any time.
const FRESH: Duration = Duration::from_secs(5);

/// The most names that are remembered.
const MAX_KNOWN: usize = 64;

/// The indices behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// As requests say it: an index, an alias, a data stream, or a list or pattern of them.
    pub(super) name: String,
    /// The indices, in order.
    pub(super) indices: Vec<String>,
    /// Whether it is an alias that shows only some of the documents.
    pub(super) is_filtered: bool,
}

impl Target {
    /// A name of which the server does not tell us what it stands for: it is taken for an index.
    fn taken_by_its_word(name: String) -> Self {
        Self {
            indices: vec![name.clone()],
            name,
            is_filtered: false,
        }
    }
}

/// What was looked up a moment ago.
#[derive(Debug, Default)]
pub(super) struct Targets(Mutex<BTreeMap<String, (Instant, Arc<Target>)>>);

impl Targets {
    fn fresh(&self, name: &str) -> Option<Arc<Target>> {
        let known = lock(&self.0);
        let (at, target) = known.get(name)?;
        (at.elapsed() < FRESH).then(|| Arc::clone(target))
    }

    fn keep(&self, target: &Arc<Target>) {
        let mut known = lock(&self.0);
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(target.name.clone(), (Instant::now(), Arc::clone(target)));
    }
}

/// The name as requests say it. There are no folders, so dots belong to it, in quotes or not.
pub(super) fn name(dataset: &DatasetId) -> String {
    dataset.parts().join(".")
}

/// The spelling of a name as a dataset.
pub(super) fn spelled(name: &str) -> String {
    FieldPath::name(name).to_string()
}

#[derive(Deserialize)]
struct Index<'a> {
    #[serde(borrow, default)]
    aliases: BTreeMap<Cow<'a, str>, Alias>,
}

#[derive(Deserialize)]
struct Alias {
    filter: Option<IgnoredAny>,
}

/// Looks a dataset up; fails with [`NotFound`](parallax_core::error::ErrorKind::NotFound) where nothing has that name.
pub(super) async fn target(exchange: &Exchange, dataset: &DatasetId) -> Result<Arc<Target>> {
    let name = name(dataset);
    if let Some(target) = exchange.client.targets.fresh(&name) {
        return Ok(target);
    }
    let request = Request::get(Resource::of(&[name.as_str(), "_alias"]));
    let answer = match exchange.ask(&request, OPERATION).await {
        Err(error) if error.kind == ErrorKind::PermissionDenied => {
            return Ok(Arc::new(Target::taken_by_its_word(name)));
        }
        answer => answer?,
    };
    let indices: BTreeMap<String, Index<'_>> = answer.read(OPERATION)?;
    let is_filtered = |it: &Index<'_>| {
        let alias = it.aliases.get(name.as_str());
        alias.is_some_and(|it| it.filter.is_some())
    };
    let target = Arc::new(Target {
        is_filtered: indices.values().any(is_filtered),
        indices: indices.into_keys().collect(),
        name,
    });
    exchange.client.targets.keep(&target);
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_dots_is_one_name() {
        let named = |text: &str| name(&text.parse().expect("a dataset"));
        assert_eq!(named("search.users"), "users");
        assert_eq!(named("search.logs-2026.11"), "logs-2026.11");
        assert_eq!(named(r#"search."logs-2026.11""#), "logs-2026.11");
        assert_eq!(spelled("logs-2026.11"), r#""logs-2026.11""#);
    }
}

//! What the server is, at which version, and what follows from it.

use std::borrow::Cow;

use parallax_core::error::{Error, ErrorKind, Result};
use serde::Deserialize;

use super::client::Exchange;
use super::fault;
use super::request::{Answer, Request};
use super::resource::Resource;

const OPERATION: &str = "ask the server for its version";

/// Who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Elasticsearch,
    OpenSearch,
}

/// The product and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) maker: Maker,
    /// As the server says it.
    pub(super) version: String,
    major: u32,
    minor: u32,
}

impl Product {
    fn new(maker: Maker, version: &str) -> Self {
        let mut numbers = version.split('.').map(|it| it.parse().unwrap_or(0));
        Self {
            maker,
            version: version.to_owned(),
            major: numbers.next().unwrap_or(0),
            minor: numbers.next().unwrap_or(0),
        }
    }

    /// Its name as its makers write it.
    pub(super) fn name(&self) -> &'static str {
        match self.maker {
            Maker::Elasticsearch => "Elasticsearch",
            Maker::OpenSearch => "OpenSearch",
        }
    }

    fn is(&self, maker: Maker, major: u32, minor: u32) -> bool {
        self.maker == maker && (self.major, self.minor) >= (major, minor)
    }

    /// Whether it keeps a point in time open, which slices can read side by side in the order of their shards.
    pub(super) fn has_points_in_time(&self) -> bool {
        self.is(Maker::Elasticsearch, 7, 15) || self.is(Maker::OpenSearch, 3, 3)
    }

    /// Whether an index may still have several types of documents, and requests name them.
    pub(super) fn has_types(&self) -> bool {
        !self.is(Maker::Elasticsearch, 8, 0) && !self.is(Maker::OpenSearch, 2, 0)
    }

    /// Whether wildcards can ignore case.
    pub(super) fn ignores_case(&self) -> bool {
        self.is(Maker::Elasticsearch, 7, 10) || self.maker == Maker::OpenSearch
    }
}

#[derive(Deserialize)]
struct Root<'a> {
    #[serde(borrow)]
    version: Option<Version<'a>>,
}

#[derive(Deserialize)]
struct Version<'a> {
    #[serde(borrow)]
    number: Cow<'a, str>,
    #[serde(borrow, default)]
    distribution: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "lucene_version")]
    library: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Nodes<'a> {
    #[serde(borrow)]
    nodes: std::collections::BTreeMap<String, Node<'a>>,
}

#[derive(Deserialize)]
struct Node<'a> {
    #[serde(borrow)]
    version: Cow<'a, str>,
}

/// Asks the server what it is, in one round trip where it has a root, and in two where that module is missing.
pub(super) async fn probe(exchange: &Exchange) -> Result<Product> {
    let root = exchange.send(&Request::get(Resource::default())).await?;
    match root.status {
        200 => by_root(&root),
        400 | 404 | 405 if root.is_named => by_nodes(exchange).await,
        _ => Err(fault::answered(&root, OPERATION)),
    }
}

fn by_root(answer: &Answer) -> Result<Product> {
    let root: Option<Root<'_>> = serde_json::from_slice(&answer.body).ok();
    let Some(version) = root.and_then(|it| it.version) else {
        return Err(other());
    };
    let maker = match version.distribution.as_deref() {
        Some("opensearch") => Maker::OpenSearch,
        // Before version 7.14 no header says it, but only such a server is built on this library.
        _ if answer.is_named || version.library.is_some() => Maker::Elasticsearch,
        _ => return Err(other()),
    };
    Ok(Product::new(maker, &version.number))
}

async fn by_nodes(exchange: &Exchange) -> Result<Product> {
    let resource = Resource::of(&["_nodes", "_local"]).with("filter_path", "nodes.*.version");
    let answer = exchange.ask(&Request::get(resource), OPERATION).await?;
    let nodes: Nodes<'_> = answer.read(OPERATION)?;
    let node = nodes.nodes.values().next().ok_or_else(other)?;
    Ok(Product::new(Maker::Elasticsearch, &node.version))
}

fn other() -> Error {
    Error::new(ErrorKind::Unsupported, OPERATION)
        .because("something answers there, but it is no search server that we know")
        .hint("does the URL lead to a search server, and not to a page in front of it?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(body: &str, is_named: bool) -> Result<Product> {
        by_root(&Answer {
            status: 200,
            body: body.as_bytes().to_vec(),
            warnings: Vec::new(),
            is_named,
        })
    }

    #[test]
    fn a_server_says_what_it_is() {
        let modern = root(
            r#"{"version":{"distribution":"opensearch","number":"3.8.0","lucene_version":"10.5.0"}}"#,
            false,
        );
        let modern = modern.expect("a product");
        assert_eq!(
            (modern.name(), modern.version.as_str()),
            ("OpenSearch", "3.8.0")
        );
        assert!(modern.has_points_in_time() && !modern.has_types());
        let old = root(
            r#"{"version":{"number":"6.8.23","lucene_version":"7.7.3"}}"#,
            false,
        );
        let old = old.expect("a product");
        assert_eq!(old.name(), "Elasticsearch");
        assert!(!old.has_points_in_time() && old.has_types() && !old.ignores_case());
        assert!(root(r#"{"version":{"number":"1"}}"#, false).is_err());
        assert!(root("<html>", false).is_err());
    }

    #[test]
    fn versions_are_numbers() {
        assert!(Product::new(Maker::Elasticsearch, "10.1.0").has_points_in_time());
        assert!(!Product::new(Maker::Elasticsearch, "7.9.3").has_points_in_time());
        assert!(!Product::new(Maker::OpenSearch, "3.2.0").has_points_in_time());
        assert!(Product::new(Maker::OpenSearch, "1.3.0").has_types());
    }
}

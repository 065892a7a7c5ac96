//! The stores that hold copies, and the datasets in them.

use crate::error::{Error, Result};
use crate::model::Kind;

/// A store that holds copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Rows over the MySQL wire.
    Crm,
    /// Documents over the MongoDB wire.
    Docs,
    /// Nodes and relationships over Bolt.
    Graph,
    /// Documents of search indexes.
    Search,
}

impl Target {
    /// Every one, in the order of the deployment file.
    pub const ALL: [Self; 4] = [Self::Crm, Self::Docs, Self::Graph, Self::Search];

    /// The store's name in the deployment file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crm => "crm",
            Self::Docs => "docs",
            Self::Graph => "graph",
            Self::Search => "search",
        }
    }

    /// Reads a store's name.
    pub fn from_name(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(format!("no target {text:?}")).hint(format!("one of {names}"))
        })
    }

    /// The server that it is loaded into, as `cargo xtask servers` names it.
    pub fn server(self) -> &'static str {
        match self {
            Self::Crm => "mariadb",
            Self::Docs => "ferretdb",
            Self::Graph => "neo4j",
            Self::Search => "elasticsearch",
        }
    }

    /// The variable that the deployment file takes its secret from.
    pub fn secret(self) -> &'static str {
        match self {
            Self::Crm => "ENSEMBLE_MARIADB_PASSWORD",
            Self::Docs => "ENSEMBLE_DOCUMENTS_PASSWORD",
            Self::Graph => "ENSEMBLE_GRAPH_PASSWORD",
            Self::Search => "ENSEMBLE_SEARCH_PASSWORD",
        }
    }

    /// Its part of the deployment file, that of its orders, and the URL in them that a load replaces.
    pub(crate) fn deployment(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Crm => (
                include_str!("../../ensemble/crm.toml"),
                include_str!("../../ensemble/crm-orders.toml"),
                "mysql://parallax@127.0.0.1:3306/ensemble",
            ),
            Self::Docs => (
                include_str!("../../ensemble/docs.toml"),
                include_str!("../../ensemble/docs-orders.toml"),
                "mongodb://parallax@127.0.0.1:27017/ensemble",
            ),
            Self::Graph => (
                include_str!("../../ensemble/graph.toml"),
                include_str!("../../ensemble/graph-orders.toml"),
                "bolt://neo4j@127.0.0.1:7687",
            ),
            Self::Search => (
                include_str!("../../ensemble/search.toml"),
                include_str!("../../ensemble/search-orders.toml"),
                "elasticsearch://parallax@127.0.0.1:9200",
            ),
        }
    }

    /// The dataset that holds a kind. A server without databases holds those of many folders, each with a mark of its own.
    pub(crate) fn dataset(self, kind: Kind, mark: &str) -> String {
        match (self, kind) {
            (Self::Crm | Self::Docs, _) => format!("{}.{}", self.name(), kind.aggregate()),
            (Self::Search, _) => format!("search.{mark}{}", kind.aggregate()),
            (Self::Graph, Kind::User) => format!("graph.User{mark}"),
            (Self::Graph, Kind::Product) => format!("graph.Product{mark}"),
            (Self::Graph, Kind::Order) => {
                format!("graph.(:User{mark})-[:BOUGHT{mark}]->(:Product{mark})")
            }
        }
    }

    /// The mark in the name of a dataset of users, as [`Self::dataset`] makes it.
    pub(crate) fn mark(self, users: &str) -> String {
        let mark = match self {
            Self::Crm | Self::Docs => None,
            Self::Graph => users.strip_prefix("graph.User"),
            Self::Search => users
                .strip_prefix("search.")
                .and_then(|it| it.strip_suffix("users")),
        };
        mark.unwrap_or_default().to_owned()
    }

    /// The mark, where this one has any.
    #[cfg(test)]
    pub(crate) fn marked(self, mark: &str) -> &str {
        match self {
            Self::Crm | Self::Docs => "",
            Self::Graph | Self::Search => mark,
        }
    }

    /// The canonical fields that can be altered there, in the order of the source's columns.
    ///
    /// A relationship's buyer is compared too, but a buyer who is not there leaves no relationship.
    pub fn fields(self, kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Order if self == Self::Graph => {
                &["sku", "quantity", "total", "state", "placed_at"]
            }
            Kind::User => &[
                "public_id",
                "name",
                "email",
                "city",
                "balance",
                "points",
                "plan",
                "tags",
                "settings",
                "born",
                "is_active",
                "created_at",
            ],
            Kind::Order => &["user_id", "sku", "quantity", "total", "state", "placed_at"],
            Kind::Product => &[],
        }
    }
}

//! What the sample is about: three kinds of objects in a system of record and four targets.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

mod entity;
mod key;

pub use entity::{Entity, Order, Product, User};
pub(crate) use entity::{decimal, elsewhere, next_state, units};
pub use key::Key;
pub(crate) use key::expiry_ms;

/// A kind of business object; an entity of the deployment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Somebody who buys, by number.
    User,
    /// Something to buy, by SKU.
    Product,
    /// A purchase, by region and number.
    Order,
}

impl Kind {
    /// Every kind, in the order of the deployment file.
    pub const ALL: [Self; 3] = [Self::User, Self::Product, Self::Order];

    /// The entity's name in the deployment file.
    pub fn entity(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Product => "product",
            Self::Order => "order",
        }
    }

    /// The table's name, which is also the outbox's aggregate.
    pub fn aggregate(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Product => "products",
            Self::Order => "orders",
        }
    }

    /// Reads an aggregate's name.
    pub fn from_aggregate(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|it| it.aggregate() == text);
        found.ok_or_else(|| {
            Error::new(format!("no aggregate {text:?}")).hint("one of users, products, orders")
        })
    }

    /// The columns of the system of record, in their order: the canonical field names.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::User => &[
                "id",
                "name",
                "email",
                "city",
                "active",
                "balance",
                "points",
                "born",
                "created_at",
                "updated_at",
            ],
            Self::Product => &["sku", "title", "price", "tags", "stock", "updated_at"],
            Self::Order => &[
                "region",
                "number",
                "user_id",
                "sku",
                "quantity",
                "total",
                "status",
                "placed_at",
                "updated_at",
            ],
        }
    }

    /// The canonical fields that a target holds beside key and version, in the order of the columns.
    pub fn compared(self, target: Target) -> &'static [&'static str] {
        match (self, target) {
            (Self::User, Target::Docs) => &[
                "name",
                "email",
                "city",
                "active",
                "balance",
                "points",
                "born",
                "created_at",
            ],
            (Self::User, Target::Cache) => &["email", "balance"],
            (Self::User, Target::Search) => &["name", "email", "city"],
            (Self::User, Target::Graph) => &["name", "email", "city", "points"],
            (Self::Product, Target::Docs) => &["title", "price", "tags", "stock"],
            (Self::Product, Target::Cache) => &["title", "price", "stock"],
            (Self::Product, Target::Search) => &["title", "price", "tags"],
            (Self::Product, Target::Graph) => &["title", "price"],
            (Self::Order, Target::Docs) => {
                &["user_id", "sku", "quantity", "total", "status", "placed_at"]
            }
            (Self::Order, Target::Cache) => &["total", "status"],
            (Self::Order, Target::Search) => &["status"],
            (Self::Order, Target::Graph) => &["quantity", "total", "status"],
        }
    }
}

/// A store that changes are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Documents.
    Docs,
    /// Keys with expiry.
    Cache,
    /// Full-text indexes.
    Search,
    /// Nodes and relationships.
    Graph,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 4] = [Self::Docs, Self::Cache, Self::Search, Self::Graph];

    /// The store's name in the deployment file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docs => "docs",
            Self::Cache => "cache",
            Self::Search => "search",
            Self::Graph => "graph",
        }
    }

    /// Reads a store's name.
    pub fn from_name(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| {
            Error::new(format!("no target {text:?}")).hint("one of docs, cache, search, graph")
        })
    }

    /// The database file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Docs => "docs.db",
            Self::Cache => "cache.db",
            Self::Search => "search.db",
            Self::Graph => "graph.db",
        }
    }

    /// The dataset that holds a kind, spelled as in the deployment file.
    pub fn dataset(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::Docs, Kind::User) => "docs.users",
            (Self::Docs, Kind::Product) => "docs.products",
            (Self::Docs, Kind::Order) => "docs.orders",
            (Self::Cache, Kind::User) => "cache.user:{id}",
            (Self::Cache, Kind::Product) => "cache.product:{sku}",
            (Self::Cache, Kind::Order) => "cache.order:{region}:{number}",
            (Self::Search, Kind::User) => "search.users",
            (Self::Search, Kind::Product) => "search.products",
            (Self::Search, Kind::Order) => "search.orders",
            (Self::Graph, Kind::User) => "graph.User",
            (Self::Graph, Kind::Product) => "graph.Product",
            (Self::Graph, Kind::Order) => "graph.(:User)-[:BOUGHT]->(:Product)",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a change does to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Writes it for the first time.
    Insert,
    /// Writes it again.
    Update,
    /// Removes it.
    Delete,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

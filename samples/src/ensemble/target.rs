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
}

impl Target {
    /// Every one, in the order of the deployment file.
    pub const ALL: [Self; 2] = [Self::Crm, Self::Docs];

    /// The store's name in the deployment file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crm => "crm",
            Self::Docs => "docs",
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
        }
    }

    /// The variable that the deployment file takes its secret from.
    pub fn secret(self) -> &'static str {
        match self {
            Self::Crm => "ENSEMBLE_MARIADB_PASSWORD",
            Self::Docs => "ENSEMBLE_DOCUMENTS_PASSWORD",
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
        }
    }

    /// The dataset that holds a kind, spelled as in the deployment file.
    pub fn dataset(self, kind: Kind) -> String {
        format!("{}.{}", self.name(), kind.aggregate())
    }

    /// The canonical fields that are compared there, in the order of the source's columns.
    pub fn fields(self, kind: Kind) -> &'static [&'static str] {
        match kind {
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

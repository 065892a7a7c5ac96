//! One object as the system of record holds it; the outbox and the stream carry it as JSON by column name.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::error::{Error, Result};
use crate::model::{Key, Kind, decimal, elsewhere, next_state, units};

/// The kinds of this sample: a shop without products of its own.
pub const KINDS: [Kind; 2] = [Kind::User, Kind::Order];

/// The columns of the system of record, in their order: the canonical field names. None for a kind that is not here.
pub fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::User => &[
            "id",
            "name",
            "email",
            "city",
            "balance",
            "points",
            "tags",
            "born",
            "is_active",
            "created_at",
            "updated_at",
        ],
        Kind::Order => &[
            "region",
            "number",
            "user_id",
            "sku",
            "quantity",
            "total",
            "state",
            "placed_at",
            "updated_at",
        ],
        Kind::Product => &[],
    }
}

/// Somebody who buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The key; may exceed 2^53.
    pub id: i64,
    /// Full name, in any alphabet.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Where the user lives, if known.
    pub city: Option<String>,
    /// Money with two decimals, exact.
    pub balance: String,
    /// Loyalty points; may exceed 2^53.
    pub points: i64,
    /// Words about the user, each once; at least one.
    pub tags: Vec<String>,
    /// Day of birth.
    pub born: Date,
    /// Whether the account is open.
    pub is_active: bool,
    /// When the account was opened.
    pub created_at: Micros,
    /// The version.
    pub updated_at: Micros,
}

/// A purchase by one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// First part of the key.
    pub region: String,
    /// Second part of the key, counted within the region.
    pub number: i64,
    /// Who bought.
    pub user_id: i64,
    /// What was bought.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// Money with two decimals, exact.
    pub total: String,
    /// `new`, `paid`, `shipped` or `returned`.
    pub state: String,
    /// When it was bought.
    pub placed_at: Micros,
    /// The version.
    pub updated_at: Micros,
}

/// One object of either kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Entity {
    /// A user.
    User(User),
    /// An order.
    Order(Order),
}

impl Entity {
    /// Reads JSON by column name, as the outbox carries it.
    pub fn parse(kind: Kind, json: &str) -> Result<Self> {
        match kind {
            Kind::User => Ok(Self::User(serde_json::from_str(json)?)),
            Kind::Order => Ok(Self::Order(serde_json::from_str(json)?)),
            Kind::Product => Err(Error::new("duo has no products")),
        }
    }

    /// The kind of object.
    pub fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Order(_) => Kind::Order,
        }
    }

    /// The key.
    pub fn key(&self) -> Key {
        match self {
            Self::User(it) => Key::User(it.id),
            Self::Order(it) => Key::Order(it.region.clone(), it.number),
        }
    }

    /// The version.
    pub fn updated_at(&self) -> Micros {
        match self {
            Self::User(it) => it.updated_at,
            Self::Order(it) => it.updated_at,
        }
    }

    /// Gives it another version.
    pub fn touch(&mut self, version: Micros) {
        match self {
            Self::User(it) => it.updated_at = version,
            Self::Order(it) => it.updated_at = version,
        }
    }

    /// Changes one field by the least that every copy shows: a millisecond, a cent, the last bit of a large number.
    ///
    /// Returns false, and changes nothing, where the kind has no such field or the field is key or version.
    pub fn alter(&mut self, field: &str) -> bool {
        match self {
            Self::User(it) => it.alter(field),
            Self::Order(it) => it.alter(field),
        }
    }
}

impl User {
    pub(crate) fn alter(&mut self, field: &str) -> bool {
        match field {
            "name" => self.name.push_str(" Jr"),
            "email" => self.email.insert(0, 'x'),
            "city" => self.city = Some(elsewhere(self.city.as_deref())),
            "balance" => self.balance = decimal(units(&self.balance).wrapping_add(1), 2),
            "points" => self.points = self.points.wrapping_add(1),
            "tags" => self.tags.push(format!("altered {}", self.tags.len())),
            "born" => self.born = self.born.saturating_add(1.day()),
            "is_active" => self.is_active = !self.is_active,
            "created_at" => self.created_at = self.created_at.plus(1_000),
            _ => return false,
        }
        true
    }
}

impl Order {
    pub(crate) fn alter(&mut self, field: &str) -> bool {
        match field {
            "user_id" => self.user_id = self.user_id.wrapping_add(1),
            "sku" => self.sku.push('!'),
            "quantity" => self.quantity = self.quantity.wrapping_add(1),
            "total" => self.total = decimal(units(&self.total).wrapping_add(1), 2),
            "state" => next_state(&self.state).clone_into(&mut self.state),
            "placed_at" => self.placed_at = self.placed_at.plus(1_000),
            _ => return false,
        }
        true
    }
}

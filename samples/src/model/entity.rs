//! One object as the system of record holds it; the outbox carries it as JSON by column name.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::error::Result;
use crate::model::{Key, Kind};

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
    /// Whether the account is open.
    pub active: bool,
    /// Money with four decimals, exact.
    pub balance: String,
    /// Loyalty points; may exceed 2^53.
    pub points: i64,
    /// Day of birth.
    pub born: Date,
    /// When the account was opened.
    pub created_at: Time,
    /// The version.
    pub updated_at: Time,
}

/// Something to buy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The key, with quotes, spaces and whatever else a supplier thought of.
    pub sku: String,
    /// What it is called.
    pub title: String,
    /// Money with two decimals, exact.
    pub price: String,
    /// Words it is found by.
    pub tags: Vec<String>,
    /// How many there are.
    pub stock: i64,
    /// The version.
    pub updated_at: Time,
}

/// A purchase of one product by one user.
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
    pub status: String,
    /// When it was bought.
    pub placed_at: Time,
    /// The version.
    pub updated_at: Time,
}

/// One object of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Entity {
    /// A user.
    User(User),
    /// A product.
    Product(Product),
    /// An order.
    Order(Order),
}

impl Entity {
    /// Reads JSON by column name, as the outbox carries it.
    pub fn parse(kind: Kind, json: &str) -> Result<Self> {
        Ok(match kind {
            Kind::User => Self::User(serde_json::from_str(json)?),
            Kind::Product => Self::Product(serde_json::from_str(json)?),
            Kind::Order => Self::Order(serde_json::from_str(json)?),
        })
    }

    /// The kind of object.
    pub fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Product(_) => Kind::Product,
            Self::Order(_) => Kind::Order,
        }
    }

    /// The key.
    pub fn key(&self) -> Key {
        match self {
            Self::User(it) => Key::User(it.id),
            Self::Product(it) => Key::Product(it.sku.clone()),
            Self::Order(it) => Key::Order(it.region.clone(), it.number),
        }
    }

    /// The version.
    pub fn updated_at(&self) -> Time {
        match self {
            Self::User(it) => it.updated_at,
            Self::Product(it) => it.updated_at,
            Self::Order(it) => it.updated_at,
        }
    }

    /// Gives it another version.
    pub fn touch(&mut self, version: Time) {
        match self {
            Self::User(it) => it.updated_at = version,
            Self::Product(it) => it.updated_at = version,
            Self::Order(it) => it.updated_at = version,
        }
    }

    /// Changes one field by the least that can be seen: a nanosecond, a cent, the last bit of a large number.
    ///
    /// Returns false, and changes nothing, where the kind has no such field or the field is key or version.
    pub fn alter(&mut self, field: &str) -> bool {
        match self {
            Self::User(it) => it.alter(field),
            Self::Product(it) => it.alter(field),
            Self::Order(it) => it.alter(field),
        }
    }
}

impl User {
    fn alter(&mut self, field: &str) -> bool {
        match field {
            "name" => self.name.push_str(" Jr"),
            "email" => self.email.insert(0, 'x'),
            "city" => self.city = Some(elsewhere(self.city.as_deref())),
            "active" => self.active = !self.active,
            "balance" => self.balance = decimal(units(&self.balance).wrapping_add(1), 4),
            "points" => self.points = self.points.wrapping_add(1),
            "born" => self.born = self.born.saturating_add(1.day()),
            "created_at" => self.created_at = self.created_at.plus_nanos(1),
            _ => return false,
        }
        true
    }
}

impl Product {
    fn alter(&mut self, field: &str) -> bool {
        match field {
            "title" => self.title.push('s'),
            "price" => self.price = decimal(units(&self.price).wrapping_add(1), 2),
            "tags" => self.tags.push("altered".to_owned()),
            "stock" => self.stock = self.stock.wrapping_add(1),
            _ => return false,
        }
        true
    }
}

impl Order {
    /// The states of an order, in the order it passes them.
    pub const STATES: [&'static str; 4] = ["new", "paid", "shipped", "returned"];

    fn alter(&mut self, field: &str) -> bool {
        match field {
            "user_id" => self.user_id = self.user_id.wrapping_add(1),
            "sku" => self.sku.push('!'),
            "quantity" => self.quantity = self.quantity.wrapping_add(1),
            "total" => self.total = decimal(units(&self.total).wrapping_add(1), 2),
            "status" => next_state(&self.status).clone_into(&mut self.status),
            "placed_at" => self.placed_at = self.placed_at.plus_nanos(1),
            _ => return false,
        }
        true
    }
}

/// The state that follows; the first follows the last.
pub(crate) fn next_state(state: &str) -> &'static str {
    let now = Order::STATES.iter().position(|it| *it == state);
    let mut states = Order::STATES.into_iter().cycle();
    states.nth(now.map_or(0, |it| it + 1)).unwrap_or("new")
}

/// Another city.
pub(crate) fn elsewhere(city: Option<&str>) -> String {
    let name = if city == Some("Elsewhere") {
        "Nowhere"
    } else {
        "Elsewhere"
    };
    name.to_owned()
}

/// The text of a decimal: `decimal(-5, 2)` is `-0.05`.
pub(crate) fn decimal(units: i64, digits: u32) -> String {
    let one = 10_u64.pow(digits);
    let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    let width = usize::try_from(digits).unwrap_or(0);
    format!("{sign}{}.{:0width$}", size / one, size % one)
}

/// The units of a decimal's last digit: `-0.05` is -5. 0 where the text is no decimal or has more than 18 digits.
pub(crate) fn units(decimal: &str) -> i64 {
    decimal.replacen('.', "", 1).parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits() {
        for text in ["0.0000", "-0.0005", "1234.5000", "12345678901234.5678"] {
            assert_eq!(decimal(units(text), 4), text);
        }
    }

    #[test]
    fn every_compared_field_can_be_altered() {
        let mut rng = crate::rng::Rng::new(1);
        for entity in crate::pocket::generate::one_of_each(&mut rng) {
            for target in crate::model::Target::ALL {
                for field in entity.kind().compared(target) {
                    let mut altered = entity.clone();
                    assert!(altered.alter(field), "{field}");
                    assert_ne!(altered, entity, "{field}");
                }
            }
        }
    }
}

//! What this sample is about: users with more types than in `duo`, and its orders.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::Micros;
use crate::duo::{self, Order};
use crate::error::{Error, Result};
use crate::inject::objects::Object;
use crate::model::{Key, Kind};

/// The kinds of this sample.
pub const KINDS: [Kind; 2] = [Kind::User, Kind::Order];

/// What a user may pay for.
pub(crate) const PLANS: [&str; 3] = ["free", "plus", "pro"];

/// The columns of the system of record, in their order: the canonical field names. None for a kind that is not here.
pub fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::User => &[
            "id",
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
            "updated_at",
        ],
        Kind::Order | Kind::Product => duo::columns(kind),
    }
}

/// Somebody who buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What the users of `duo` have too.
    #[serde(flatten)]
    pub common: duo::User,
    /// A UUID that is shown to others, in lower case.
    pub public_id: String,
    /// `free`, `plus` or `pro`.
    pub plan: String,
    /// Choices of the user: an object with members, a list and numbers.
    pub settings: Value,
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
    pub fn parse(kind: Kind, text: &str) -> Result<Self> {
        match kind {
            Kind::User => Ok(Self::User(serde_json::from_str(text)?)),
            Kind::Order => Ok(Self::Order(serde_json::from_str(text)?)),
            Kind::Product => Err(Error::new("ensemble has no products")),
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
            Self::User(it) => Key::User(it.common.id),
            Self::Order(it) => Key::Order(it.region.clone(), it.number),
        }
    }

    /// The version.
    pub fn updated_at(&self) -> Micros {
        match self {
            Self::User(it) => it.common.updated_at,
            Self::Order(it) => it.updated_at,
        }
    }

    /// Gives it another version.
    pub fn touch(&mut self, version: Micros) {
        match self {
            Self::User(it) => it.common.updated_at = version,
            Self::Order(it) => it.updated_at = version,
        }
    }
}

impl Object for Entity {
    fn key(&self) -> Key {
        self.key()
    }

    fn alter(&mut self, field: &str) -> bool {
        match self {
            Self::User(it) => it.alter(field),
            Self::Order(it) => it.alter(field),
        }
    }
}

impl User {
    fn alter(&mut self, field: &str) -> bool {
        match field {
            "public_id" => self.public_id = next_digit(&self.public_id),
            "plan" => self.plan = next_plan(&self.plan),
            "settings" => self.settings["limits"]["daily"] = next_limit(&self.settings),
            _ => return self.common.alter(field),
        }
        true
    }
}

/// The same UUID with another last digit.
fn next_digit(uuid: &str) -> String {
    let last = if uuid.ends_with('0') { '1' } else { '0' };
    let mut uuid = uuid.to_owned();
    uuid.pop();
    uuid.push(last);
    uuid
}

fn next_plan(plan: &str) -> String {
    let at = PLANS.iter().position(|it| *it == plan).unwrap_or(0);
    let next = PLANS.get(at + 1).unwrap_or(&PLANS[0]);
    (*next).to_owned()
}

/// A quarter more, deep inside.
fn next_limit(settings: &Value) -> Value {
    let limit = settings["limits"]["daily"].as_f64().unwrap_or(0.0);
    json!(limit + 0.25)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::{LoadOptions, generate};

    #[test]
    fn every_field_but_key_and_version_can_be_altered_and_then_differs() {
        let options = LoadOptions::whole(20, 1);
        for kind in KINDS {
            let entity = generate::entity_at(&options, kind, 3);
            let names = columns(kind)
                .iter()
                .filter(|it| !["id", "region", "number", "updated_at"].contains(*it));
            for field in names {
                let mut other = entity.clone();
                assert!(Object::alter(&mut other, field), "{field}");
                assert_ne!(entity, other, "{field}");
                assert_eq!(entity.key(), other.key(), "{field}");
            }
        }
    }

    #[test]
    fn an_object_is_read_back_from_what_the_outbox_carries() {
        let options = LoadOptions::whole(20, 1);
        for kind in KINDS {
            let entity = generate::entity_at(&options, kind, 19);
            let text = serde_json::to_string(&entity).expect("JSON");
            assert_eq!(Entity::parse(kind, &text), Ok(entity));
        }
    }
}

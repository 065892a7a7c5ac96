//! What the cache holds of one object: a hash, a string that holds JSON, a set, a string that expires.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use redis::Pipeline;
use serde::Serialize;

use crate::clock::Micros;
use crate::database::json;
use crate::duo::entity::{Entity, Order, User};
use crate::duo::place::Place;
use crate::model::{Key, expiry_ms, units};

/// One key's type and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A hash by field.
    Hash(BTreeMap<String, String>),
    /// A string, and when it expires in Unix milliseconds.
    Text(String, Option<i64>),
    /// A set.
    Set(BTreeSet<String>),
}

#[derive(Serialize)]
struct Profile<'a> {
    display_name: &'a str,
    mail: &'a str,
    address: Address<'a>,
    balance: &'a str,
    points: i64,
    tags: &'a [String],
    born: Date,
    active: bool,
    created_at: Micros,
    updated_at: Micros,
}

#[derive(Serialize)]
struct Address<'a> {
    city: Option<&'a str>,
}

/// The copy of an object at a place; `None` where the place does not keep it.
pub(crate) fn form(place: Place, entity: &Entity) -> Option<Form> {
    match (place, entity) {
        (Place::User, Entity::User(it)) => Some(Form::Hash(user(it))),
        (Place::Profile, Entity::User(it)) => Some(Form::Text(profile(it), None)),
        (Place::Tags, Entity::User(it)) => Some(Form::Set(it.tags.iter().cloned().collect())),
        (Place::Presence, Entity::User(it)) => presence(it),
        (Place::Order, Entity::Order(it)) => Some(Form::Hash(order(it))),
        _ => None,
    }
}

fn user(it: &User) -> BTreeMap<String, String> {
    let fields = [
        ("name", Some(it.name.clone())),
        ("mail", Some(it.email.clone())),
        ("city", it.city.clone()),
        ("balance_cents", Some(units(&it.balance).to_string())),
        ("points", Some(it.points.to_string())),
        ("born", Some(it.born.to_string())),
        ("active", Some(i64::from(it.is_active).to_string())),
        ("created_ms", Some(it.created_at.unix_millis().to_string())),
        ("updated_at", Some(it.updated_at.to_string())),
    ];
    let kept = fields.into_iter();
    kept.filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn profile(it: &User) -> String {
    json(&Profile {
        display_name: &it.name.to_lowercase(),
        mail: &it.email,
        address: Address {
            city: it.city.as_deref(),
        },
        balance: &it.balance,
        points: it.points,
        tags: &it.tags,
        born: it.born,
        active: it.is_active,
        created_at: it.created_at,
        updated_at: it.updated_at,
    })
}

/// About 60 % of the users have been seen; three quarters of those for a time only.
fn presence(it: &User) -> Option<Form> {
    let key = Key::User(it.id);
    let word = if it.is_active { "on" } else { "off" };
    let text = Form::Text(word.to_owned(), expiry_ms(&key));
    key.is_cached().then_some(text)
}

fn order(it: &Order) -> BTreeMap<String, String> {
    let fields = [
        ("user_id", it.user_id.to_string()),
        ("sku", it.sku.clone()),
        ("quantity", it.quantity.to_string()),
        ("total", it.total.clone()),
        ("state", it.state.clone()),
        ("placed_at", it.placed_at.to_string()),
        ("updated_at", it.updated_at.to_string()),
    ];
    let named = fields.into_iter();
    named
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

impl Form {
    /// Adds the commands that write it under a new key.
    pub(crate) fn create(&self, pipe: &mut Pipeline, key: &str) {
        match self {
            Self::Hash(fields) => {
                let command = pipe.cmd("HSET").arg(key);
                for (name, value) in fields {
                    command.arg(name).arg(value);
                }
            }
            Self::Text(text, expiry) => {
                let command = pipe.cmd("SET").arg(key).arg(text);
                if let Some(expiry) = expiry {
                    command.arg("PXAT").arg(*expiry);
                }
            }
            Self::Set(members) => {
                let command = pipe.cmd("SADD").arg(key);
                for member in members {
                    command.arg(member);
                }
            }
        }
        pipe.ignore();
    }

    /// Adds the commands that write it in place of whatever stands there; together they must be one transaction.
    pub(crate) fn replace(&self, pipe: &mut Pipeline, key: &str) {
        if !matches!(self, Self::Text(..)) {
            pipe.cmd("DEL").arg(key).ignore();
        }
        self.create(pipe, key);
    }

    /// The same content in another spelling, which the deployment file's rules overlook; `None` where there is none.
    pub(crate) fn disguised(&self, place: Place) -> Option<Self> {
        let mut other = self.clone();
        match (place, &mut other) {
            (Place::User, Self::Hash(fields)) => {
                let is_active = fields.get("active").is_some_and(|it| it == "1");
                fields.insert("active".to_owned(), is_active.to_string());
            }
            (Place::Order, Self::Hash(fields)) => fields.get_mut("total")?.push('0'),
            (Place::Profile, Self::Text(text, _)) => {
                let mut profile: serde_json::Value = serde_json::from_str(text).ok()?;
                let name = profile.get_mut("display_name")?;
                *name = name.as_str()?.to_uppercase().into();
                *text = profile.to_string();
            }
            (Place::Presence, Self::Text(text, _)) => {
                let word = if text == "on" { "YES" } else { "no" };
                word.clone_into(text);
            }
            _ => return None,
        }
        Some(other)
    }
}

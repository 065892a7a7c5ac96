//! `db.users.find({…}).limit(5)`: what is named, and what is called on it.

use mongodb::bson::Bson;
use parallax_core::error::Result;

use super::lexer::{Kind, Place};
use super::value::Reader;
use crate::suggest;

/// One call and its arguments.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<Bson>,
    pub(super) place: Place,
}

/// What stands behind `db`.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The database, where the chain names one.
    pub(super) database: Option<String>,
    /// The collection; `None` where the database itself is called.
    pub(super) collection: Option<String>,
    pub(super) calls: Vec<Call>,
}

/// Calls on a database that lead to a collection or to another database.
const LEADING: [&str; 2] = ["getCollection", "getSiblingDB"];

impl Chain {
    /// Reads what stands behind `db`, up to the end of the statement.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let mut chain = Self {
            database: None,
            collection: None,
            calls: Vec::new(),
        };
        loop {
            if reader.sees('[') {
                chain.index(reader)?;
            } else if reader.takes('.') {
                chain.member(reader)?;
            } else {
                return Ok(chain);
            }
        }
    }

    /// `["odd name"]`.
    fn index(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        let place = reader.place();
        reader.expect('[')?;
        let name = reader.value(0)?;
        reader.expect(']')?;
        match name {
            Bson::String(name) if self.calls.is_empty() => {
                self.enter(&name);
                Ok(())
            }
            _ => {
                Err(place
                    .bad("a collection's name is text, and stands before what is called on it"))
            }
        }
    }

    /// `.name` or `.name(…)`.
    fn member(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        let place = reader.place();
        let name = match &reader.peek().kind {
            Kind::Word(it) | Kind::Number(it) => it.clone(),
            _ => return Err(reader.unexpected("a name behind the point")),
        };
        reader.take();
        if !reader.takes('(') {
            if !self.calls.is_empty() {
                return Err(place
                    .bad(format!("{name:?} is not called"))
                    .hint(format!("write {name}()")));
            }
            self.enter(&name);
            return Ok(());
        }
        let arguments = reader.items(')', 0)?;
        let call = Call {
            name,
            arguments,
            place,
        };
        if self.collection.is_none()
            && self.calls.is_empty()
            && LEADING.contains(&call.name.as_str())
        {
            return self.lead(&call);
        }
        self.calls.push(call);
        Ok(())
    }

    /// A name between points belongs to the collection's, which may hold points.
    fn enter(&mut self, name: &str) {
        self.collection = Some(match self.collection.take() {
            Some(before) => format!("{before}.{name}"),
            None => name.to_owned(),
        });
    }

    fn lead(&mut self, call: &Call) -> Result<()> {
        let [Bson::String(name)] = call.arguments.as_slice() else {
            return Err(call
                .place
                .bad(format!("{} takes one name, in quotes", call.name)));
        };
        if call.name == "getSiblingDB" {
            self.database = Some(name.clone());
        } else {
            self.collection = Some(name.clone());
        }
        Ok(())
    }
}

/// A call that is none.
pub(super) fn unknown(call: &Call, known: &[&str]) -> parallax_core::error::Error {
    let known = known.iter().copied();
    call.place
        .bad(format!("there is no {:?} here", call.name))
        .hint(suggest::hint(&call.name, known))
}

//! What may go wrong on the way to a target, and how it is written: `drop:docs:users:42`.

use std::str::FromStr;
use std::time::Duration;

use crate::clock;
use crate::error::{Error, Result};
use crate::model::{Key, Kind, Target};

const FORMS: &str = "write drop:ADDRESS, duplicate:ADDRESS, delay=10s:ADDRESS, corrupt=FIELD:ADDRESS or stop:TARGET, \
    where ADDRESS is TARGET[:AGGREGATE[:KEY]], for example drop:docs:users:42";

/// One thing that goes wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub action: Action,
    /// For which changes.
    pub address: Address,
}

/// What goes wrong with a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is marked as sent and never applied.
    Drop,
    /// It is sent no earlier than this after it was made.
    Delay(Duration),
    /// It is applied twice.
    Duplicate,
    /// This field, by its canonical name, arrives altered.
    Corrupt(String),
    /// Nothing is sent to the target at all.
    Stop,
}

/// Which changes: all to a target, those of one aggregate, or those of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The target.
    pub target: Target,
    /// The aggregate; every one where `None`.
    pub aggregate: Option<Kind>,
    /// The object; every one where `None`.
    pub key: Option<Key>,
}

impl Address {
    /// Whether the changes of an object are meant.
    pub fn covers(&self, key: &Key) -> bool {
        self.aggregate.is_none_or(|it| it == key.kind())
            && self.key.as_ref().is_none_or(|it| it == key)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The key comes last and may hold colons.
        let mut parts = text.splitn(3, ':');
        let target = Target::from_name(parts.next().unwrap_or_default())?;
        let aggregate = parts.next().map(Kind::from_aggregate).transpose()?;
        let key = aggregate.zip(parts.next());
        Ok(Self {
            target,
            aggregate,
            key: key.map(|(kind, text)| Key::parse(kind, text)).transpose()?,
        })
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| Error::new(format!("not a fault: {text:?}: {why}")).hint(FORMS);
        let (action, address) = text
            .split_once(':')
            .ok_or_else(|| wrong("it has no address"))?;
        let address: Address = address.parse()?;
        let action = match action.split_once('=') {
            None if action == "drop" => Action::Drop,
            None if action == "duplicate" => Action::Duplicate,
            None if action == "stop" => Action::Stop,
            Some(("delay", by)) => Action::Delay(clock::duration(by)?),
            Some(("corrupt", field)) => Action::Corrupt(field.to_owned()),
            _ => return Err(wrong("its action is unknown")),
        };
        let fault = Self { action, address };
        fault
            .contradiction()
            .map_or(Ok(fault), |why| Err(wrong(why)))
    }
}

impl Fault {
    /// Why it would have no effect, if it would have none.
    fn contradiction(&self) -> Option<&'static str> {
        let Address {
            target, aggregate, ..
        } = self.address;
        let kinds = Kind::ALL
            .into_iter()
            .filter(|it| aggregate.is_none_or(|only| only == *it));
        match &self.action {
            Action::Corrupt(field) => {
                let mut fields = kinds.flat_map(|it| it.compared(target));
                let is_held = fields.any(|it| it == field);
                (!is_held).then_some("the target holds no such field")
            }
            Action::Stop => aggregate.map(|_| "a target stops as a whole"),
            Action::Drop | Action::Delay(_) | Action::Duplicate => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = (Action, Target, Option<Kind>, Option<Key>);

    fn read(text: &str) -> Option<Parts> {
        let fault: Fault = text.parse().ok()?;
        Some((
            fault.action,
            fault.address.target,
            fault.address.aggregate,
            fault.address.key,
        ))
    }

    #[test]
    fn faults_are_read_from_their_text() {
        use Target::{Cache, Docs, Graph, Search};
        let user = Some(Key::User(42));
        let sku = Some(Key::Product("a:b:c".to_owned()));
        let order = Some(Key::Order("São Paulo".to_owned(), 17));
        let delay = Action::Delay(Duration::from_secs(10));
        let corrupt = Action::Corrupt("status".to_owned());
        let cases: [(&str, Parts); 5] = [
            (
                "drop:docs:users:42",
                (Action::Drop, Docs, Some(Kind::User), user),
            ),
            ("duplicate:graph", (Action::Duplicate, Graph, None, None)),
            ("stop:search", (Action::Stop, Search, None, None)),
            (
                "delay=10s:cache:products:a:b:c",
                (delay, Cache, Some(Kind::Product), sku),
            ),
            (
                r#"corrupt=status:docs:orders:["São Paulo",17]"#,
                (corrupt, Docs, Some(Kind::Order), order),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_would_have_no_effect_is_refused() {
        let texts = [
            "drop",
            "drop:shop",
            "lose:docs",
            "drop:docs:users:ada",
            "delay:docs",
            "stop:docs:users",
            "corrupt=points:search",
        ];
        for text in texts {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

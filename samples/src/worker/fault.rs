//! What may go wrong on the way to a target, and how it is written: `drop:docs:users:42`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::clock;
use crate::error::{Error, Result};
use crate::model::{Key, Kind, Target};

const FORMS: &str = "write drop:ADDRESS, duplicate:ADDRESS, delay=10s:ADDRESS, corrupt=FIELD:ADDRESS or stop:TARGET, \
    where ADDRESS is TARGET[:AGGREGATE[:KEY]], for example ";

/// Where something can go wrong: a target, or a step on the way to one.
pub trait Place: Copy + PartialEq + fmt::Debug {
    /// How an address is written.
    const EXAMPLE: &'static str;

    /// Reads its name.
    fn from_name(text: &str) -> Result<Self>;

    /// The canonical fields of a kind that pass it, beside key and version.
    fn fields(self, kind: Kind) -> &'static [&'static str];

    /// Whether it can wait or stop by itself.
    fn is_step(self) -> bool;
}

impl Place for Target {
    const EXAMPLE: &'static str = "drop:docs:users:42";

    fn from_name(text: &str) -> Result<Self> {
        Self::from_name(text)
    }

    fn fields(self, kind: Kind) -> &'static [&'static str] {
        kind.compared(self)
    }

    fn is_step(self) -> bool {
        true
    }
}

/// One thing that goes wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault<P = Target> {
    /// What goes wrong.
    pub action: Action,
    /// For which changes.
    pub address: Address<P>,
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
pub struct Address<P = Target> {
    /// The target, or the step on the way.
    pub target: P,
    /// The aggregate; every one where `None`.
    pub aggregate: Option<Kind>,
    /// The object; every one where `None`.
    pub key: Option<Key>,
}

impl<P> Address<P> {
    /// Whether the changes of an object are meant.
    pub fn covers(&self, key: &Key) -> bool {
        self.aggregate.is_none_or(|it| it == key.kind())
            && self.key.as_ref().is_none_or(|it| it == key)
    }
}

impl<P: Place> FromStr for Address<P> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The key comes last and may hold colons.
        let mut parts = text.splitn(3, ':');
        let target = P::from_name(parts.next().unwrap_or_default())?;
        let aggregate = parts.next().map(Kind::from_aggregate).transpose()?;
        let key = aggregate.zip(parts.next());
        Ok(Self {
            target,
            aggregate,
            key: key.map(|(kind, text)| Key::parse(kind, text)).transpose()?,
        })
    }
}

impl<P: Place> FromStr for Fault<P> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let hint = format!("{FORMS}{}", P::EXAMPLE);
            Error::new(format!("not a fault: {text:?}: {why}")).hint(hint)
        };
        let (action, address) = text
            .split_once(':')
            .ok_or_else(|| wrong("it has no address"))?;
        let address: Address<P> = address.parse()?;
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

impl<P: Place> Fault<P> {
    /// Why it would have no effect, if it would have none.
    fn contradiction(&self) -> Option<&'static str> {
        let Address {
            target, aggregate, ..
        } = self.address;
        let mut kinds = Kind::ALL
            .into_iter()
            .filter(|it| aggregate.is_none_or(|only| only == *it));
        match &self.action {
            Action::Corrupt(field) => {
                let mut fields = kinds.flat_map(|it| target.fields(it));
                let is_held = fields.any(|it| it == field);
                (!is_held).then_some("the target holds no such field")
            }
            Action::Stop if aggregate.is_some() => Some("a target stops as a whole"),
            Action::Stop | Action::Delay(_) if !target.is_step() => {
                Some("it does not wait or stop by itself")
            }
            Action::Stop | Action::Drop | Action::Delay(_) | Action::Duplicate => {
                let passes = kinds.any(|it| !target.fields(it).is_empty());
                (!passes).then_some("the target holds no such objects")
            }
        }
    }
}

/// What becomes of one change at one place.
#[derive(Debug)]
pub(crate) struct Fate<'f> {
    /// How often it is applied.
    pub(crate) times: usize,
    /// How old it must be at least.
    pub(crate) delay: Duration,
    /// Fields that arrive altered.
    pub(crate) corrupted: Vec<&'f str>,
}

/// What the faults make of the changes of an object at a place.
pub(crate) fn fate<'f, P: Place>(faults: &'f [Fault<P>], place: P, key: &Key) -> Fate<'f> {
    let mut fate = Fate {
        times: 1,
        delay: Duration::ZERO,
        corrupted: Vec::new(),
    };
    let here = |it: &&Fault<P>| it.address.target == place && it.address.covers(key);
    for fault in faults.iter().filter(here) {
        match &fault.action {
            Action::Drop => fate.times = 0,
            Action::Duplicate => fate.times *= 2,
            Action::Delay(delay) => fate.delay = fate.delay.max(*delay),
            Action::Corrupt(field) => fate.corrupted.push(field),
            Action::Stop => {}
        }
    }
    fate
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

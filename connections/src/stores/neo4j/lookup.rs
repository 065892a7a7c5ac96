//! Many records by key, in one statement.
//!
//! A graph declares no types: the key that another store has as a number may be a number or its text here. Both are asked
//! for at once, which an index answers as fast, and a scan in one pass; what has the very type of the key comes first.

use std::collections::HashMap;

use neo4rs::BoltType;
use parallax_core::canonical;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::{Decimal, Key, Record, Value};

use super::bind::bind;
use super::lease::{Cypher, Lease};
use super::records::Reader;

const OPERATION: &str = "read records by key";

/// Keys in one statement.
const KEYS_PER_STATEMENT: usize = 1_000;

/// What was found for each key, and the statement that found it.
pub(super) struct Lookup {
    pub(super) found: Vec<Result<Option<Record>>>,
    pub(super) statement: String,
}

pub(super) async fn get(lease: &mut Lease, reader: &Reader, keys: &[Key]) -> Result<Lookup> {
    let statement = statement(reader);
    let mut found: Vec<Found> = keys.iter().map(|_| Found::Nothing).collect();
    let places: Vec<usize> = (0..keys.len()).collect();
    for chunk in places.chunks(KEYS_PER_STATEMENT) {
        let asked = Asked::of(reader, keys, chunk);
        if asked.by_form.is_empty() {
            continue;
        }
        let rows = lease.rows(&asked.cypher(&statement)?, OPERATION).await?;
        for row in &rows {
            let record = reader.record(row)?;
            let places = asked.by_form.get(&form(record.key.parts()));
            for (place, rank) in places.into_iter().flatten() {
                if let (Some(key), Some(found)) = (keys.get(*place), found.get_mut(*place)) {
                    let key = key.clone();
                    found.take(
                        *rank,
                        Record {
                            key,
                            ..record.clone()
                        },
                    );
                }
            }
        }
    }
    let found = found.into_iter().zip(keys);
    Ok(Lookup {
        found: found.map(|(it, key)| it.answer(key)).collect(),
        statement,
    })
}

/// Each part of the key is among the wanted ones; of several parts, all together are as well.
fn statement(reader: &Reader) -> String {
    let parts = reader.key.iter().enumerate();
    let mut all: Vec<String> = parts
        .map(|(nth, it)| format!("{} IN $key{}", it.text, nth + 1))
        .collect();
    if reader.key.len() > 1 {
        let parts: Vec<&str> = reader.key.iter().map(|it| it.text.as_str()).collect();
        all.push(format!("[{}] IN $keys", parts.join(", ")));
    }
    let matching = reader.matching(Some(&all.join(" AND ")));
    format!("{matching} {}", reader.returning())
}

/// The forms in which keys may stand in the graph.
#[derive(Default)]
struct Asked {
    /// The places of the keys of each form, and how near that is to the key: 0 is the key itself.
    by_form: HashMap<Vec<u8>, Vec<(usize, usize)>>,
    forms: Vec<Vec<Value>>,
}

impl Asked {
    fn of(reader: &Reader, keys: &[Key], places: &[usize]) -> Self {
        let mut asked = Self::default();
        for place in places {
            let parts = keys.get(*place).map(Key::parts).unwrap_or_default();
            if parts.len() != reader.key.len()
                || parts.is_empty()
                || parts.iter().any(Value::is_null)
            {
                continue;
            }
            for (rank, parts) in combined(parts) {
                let known = asked.by_form.entry(form(&parts)).or_default();
                if known.is_empty() {
                    asked.forms.push(parts);
                }
                if !known.iter().any(|(it, _)| it == place) {
                    known.push((*place, rank));
                }
            }
        }
        asked
    }

    fn cypher(&self, statement: &str) -> Result<Cypher> {
        let mut cypher = Cypher::new(statement);
        let n_parts = self.forms.first().map_or(0, Vec::len);
        for nth in 0..n_parts {
            let values = self.forms.iter().filter_map(|it| it.get(nth));
            let values: Vec<BoltType> = values.map(bind).collect::<Result<_>>()?;
            cypher.bind(format!("key{}", nth + 1), values.into_iter().collect());
        }
        if n_parts > 1 {
            let form = |parts: &Vec<Value>| -> Result<BoltType> {
                let parts: Vec<BoltType> = parts.iter().map(bind).collect::<Result<_>>()?;
                Ok(parts.into_iter().collect())
            };
            let forms: Vec<BoltType> = self.forms.iter().map(form).collect::<Result<_>>()?;
            cypher.bind("keys", forms.into_iter().collect());
        }
        Ok(cypher)
    }
}

/// Every way to write the parts of a key, the nearest first.
fn combined(parts: &[Value]) -> Vec<(usize, Vec<Value>)> {
    let mut all = vec![(0, Vec::new())];
    for part in parts {
        let forms = forms(part);
        all = all
            .into_iter()
            .flat_map(|(rank, parts)| {
                let forms = forms.iter().enumerate();
                let longer = forms.map(|(nth, form)| {
                    let mut parts: Vec<Value> = parts.clone();
                    parts.push(form.clone());
                    (rank + nth, parts)
                });
                longer.collect::<Vec<_>>()
            })
            .collect();
    }
    all.sort_by_key(|(rank, _)| *rank);
    all
}

/// The ways in which a value may stand in a graph, its own first.
pub(super) fn forms(value: &Value) -> Vec<Value> {
    let text = || Value::Text(value.to_string());
    let mut forms = match value {
        Value::Text(it) => {
            let number = it
                .parse::<i64>()
                .ok()
                .filter(|whole| whole.to_string() == *it);
            let number = number.map(Value::I64);
            let float = it
                .parse::<f64>()
                .ok()
                .filter(|float| float.to_string() == *it);
            let float = float.filter(|_| it.contains('.')).map(Value::F64);
            let truth = it.parse::<bool>().ok().map(Value::Bool);
            let others = number.into_iter().chain(float).chain(truth);
            std::iter::once(value.clone()).chain(others).collect()
        }
        Value::I64(_) | Value::Bool(_) | Value::F64(_) => vec![value.clone(), text()],
        Value::Decimal(it) => vec![whole(it).unwrap_or_else(|| value.clone()), text()],
        Value::U64(_) | Value::BigInt(_) | Value::Uuid(_) => vec![text()],
        _ => vec![value.clone()],
    };
    forms.retain(|it| bind(it).is_ok());
    forms
}

fn whole(number: &Decimal) -> Option<Value> {
    number.to_int().map(Value::int)
}

/// What two keys share exactly if the store calls them equal: a whole float is the number.
fn form(parts: &[Value]) -> Vec<u8> {
    let plain = parts.iter().map(|it| match it {
        Value::F64(float) => {
            let whole = Decimal::from_f64(*float).and_then(|it| it.to_int());
            whole.map_or_else(|| it.clone(), Value::int)
        }
        _ => it.clone(),
    });
    canonical::bytes(Some(&Value::List(plain.collect())))
}

/// What was found for one key.
enum Found {
    Nothing,
    One(usize, Box<Record>),
    Several(usize),
}

impl Found {
    /// Takes a record that is so far from the key; a nearer one displaces what was found.
    fn take(&mut self, rank: usize, record: Record) {
        *self = match self {
            Self::One(known, _) | Self::Several(known) if *known < rank => return,
            Self::One(known, _) | Self::Several(known) if *known == rank => Self::Several(rank),
            _ => Self::One(rank, Box::new(record)),
        };
    }

    fn answer(self, key: &Key) -> Result<Option<Record>> {
        match self {
            Self::Nothing => Ok(None),
            Self::One(_, record) => Ok(Some(*record)),
            Self::Several(_) => Err(Error::new(
                ErrorKind::Unreadable,
                format!("read the record {:?}", key.to_string()),
            )
            .because("several records have this key")
            .hint("a constraint keeps a key unique: CREATE CONSTRAINT FOR (n:LABEL) REQUIRE n.KEY IS UNIQUE")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_as_number_and_as_text() {
        assert_eq!(
            forms(&Value::from("42")),
            [Value::from("42"), Value::I64(42)]
        );
        assert_eq!(forms(&Value::from("042")), [Value::from("042")]);
        let float = [Value::from("1.5"), Value::F64(1.5)];
        assert_eq!(forms(&Value::from("1.5")), float);
        assert_eq!(forms(&Value::I64(42)), [Value::I64(42), Value::from("42")]);
        assert_eq!(
            forms(&Value::U64(u64::MAX)),
            [Value::from("18446744073709551615")]
        );
        let decimal = Value::Decimal("7.00".parse().expect("a number"));
        assert_eq!(forms(&decimal), [Value::I64(7), Value::from("7.00")]);
    }

    #[test]
    fn a_whole_float_is_the_number() {
        assert_eq!(form(&[Value::F64(42.0)]), form(&[Value::I64(42)]));
        assert_ne!(form(&[Value::F64(42.5)]), form(&[Value::I64(42)]));
        assert_ne!(form(&[Value::from("42")]), form(&[Value::I64(42)]));
    }

    #[test]
    fn the_very_type_of_a_key_comes_first() {
        let record = |note: &str| Record {
            key: Key::new(Vec::new()),
            body: Value::from(note),
            meta: Vec::new(),
        };
        let mut found = Found::Nothing;
        found.take(1, record("text"));
        found.take(0, record("number"));
        found.take(1, record("text again"));
        let key = Key::new(vec![Value::I64(1)]);
        let answer = found.answer(&key).expect("one").expect("there");
        assert_eq!(answer.body, Value::from("number"));
        let mut found = Found::Nothing;
        found.take(0, record("one"));
        found.take(0, record("two"));
        assert_eq!(
            found.answer(&key).expect_err("two").kind,
            ErrorKind::Unreadable
        );
    }
}

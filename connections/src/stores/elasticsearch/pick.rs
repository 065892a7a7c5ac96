//! The cells of a row from the text of a document, without making values of what is not wanted.

use std::borrow::Cow;
use std::fmt;

use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_core::store::ValueRef;
use parallax_core::value::{Decimal, Value};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Where the wanted paths lead, name by name.
#[derive(Debug, Default)]
pub(super) struct Paths {
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    text: String,
    /// The cells that are this value.
    cells: Vec<usize>,
    inner: Paths,
}

impl Paths {
    /// Adds a path whose value is the cell at `at`.
    pub(super) fn add(&mut self, path: &FieldPath, at: usize) {
        self.add_segments(path.segments(), at);
    }

    fn add_segments(&mut self, segments: &[String], at: usize) {
        let Some((first, rest)) = segments.split_first() else {
            return;
        };
        let known = self.names.iter().position(|it| it.text == *first);
        let place = known.unwrap_or_else(|| {
            self.names.push(Name {
                text: first.clone(),
                cells: Vec::new(),
                inner: Self::default(),
            });
            self.names.len() - 1
        });
        if let Some(name) = self.names.get_mut(place) {
            if rest.is_empty() {
                name.cells.push(at);
            } else {
                name.inner.add_segments(rest, at);
            }
        }
    }

    /// Looks the paths up in a document; what is not there stays as it was.
    pub(super) fn pick<'a>(
        &self,
        document: &'a RawValue,
        cells: &mut [Option<&'a RawValue>],
    ) -> serde_json::Result<()> {
        let text = document.get();
        match text.as_bytes().first() {
            Some(b'{') => {
                let mut reader = serde_json::Deserializer::from_str(text);
                Picker { paths: self, cells }.deserialize(&mut reader)
            }
            Some(b'[') if !self.names.is_empty() => {
                let items: Vec<&'a RawValue> = serde_json::from_str(text)?;
                for name in &self.names {
                    let at = name.text.parse::<usize>().ok();
                    if let Some(item) = at.and_then(|it| items.get(it)) {
                        name.take(item, cells)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Name {
    fn take<'a>(
        &self,
        value: &'a RawValue,
        cells: &mut [Option<&'a RawValue>],
    ) -> serde_json::Result<()> {
        for at in &self.cells {
            if let Some(cell) = cells.get_mut(*at) {
                *cell = Some(value);
            }
        }
        if self.inner.names.is_empty() {
            return Ok(());
        }
        self.inner.pick(value, cells)
    }
}

/// Reads an object, and takes what is wanted out of it.
struct Picker<'p, 'c, 'a> {
    paths: &'p Paths,
    cells: &'c mut [Option<&'a RawValue>],
}

impl<'a> DeserializeSeed<'a> for Picker<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Picker<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Borrowed(name)) = members.next_key()? {
            match self.paths.names.iter().find(|it| it.text == name) {
                Some(name) => {
                    let value: &'a RawValue = members.next_value()?;
                    name.take(value, self.cells)
                        .map_err(serde::de::Error::custom)?;
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A name that is copied only where it is escaped.
#[derive(serde::Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

/// A value as a cell, lent from the text where it can be; otherwise it is put into `made` first.
pub(super) fn lend(raw: &RawValue) -> Option<ValueRef<'_>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'n' => Some(ValueRef::Null),
        b't' => Some(ValueRef::Bool(true)),
        b'f' => Some(ValueRef::Bool(false)),
        b'"' if !text.contains('\\') => {
            let inner = text.strip_prefix('"')?.strip_suffix('"')?;
            Some(ValueRef::Text(inner))
        }
        b'-' | b'0'..=b'9' => match text.parse() {
            Ok(whole) => Some(ValueRef::I64(whole)),
            Err(_) => Decimal::short(text.as_bytes())
                .map(|(digits, scale)| ValueRef::Decimal(digits, scale)),
        },
        b'{' | b'[' => Some(ValueRef::Json(text.as_bytes())),
        _ => None,
    }
}

/// A value that cannot be lent.
pub(super) fn made(raw: &RawValue) -> Result<Value> {
    Value::from_json(raw.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(document: &str, paths: &[&str]) -> Vec<String> {
        let mut tree = Paths::default();
        for (at, path) in paths.iter().enumerate() {
            tree.add(&path.parse().expect("a path"), at);
        }
        let raw: &RawValue = serde_json::from_str(document).expect("JSON");
        let mut cells = vec![None; paths.len()];
        tree.pick(raw, &mut cells).expect("picked");
        let text = |it: Option<&RawValue>| {
            let Some(raw) = it else {
                return "absent".to_owned();
            };
            match lend(raw) {
                Some(ValueRef::Null) => "null".to_owned(),
                Some(lent) => format!("lent {}", lent.to_value().expect("a value")),
                None => format!("made {}", made(raw).expect("a value")),
            }
        };
        cells.into_iter().map(text).collect()
    }

    #[test]
    fn only_what_is_wanted_is_picked_and_lent_where_it_can_be() {
        let document = r#"{"a":{"b":1,"c":[10,{"d":"x"}]},"t":"plain","e":"q\"é","big":18446744073709551616,"x.y":2,"n":null,"f":-7}"#;
        assert_eq!(
            row(
                document,
                &[
                    "a.b", "a.c.1.d", "t", "e", "big", r#""x.y""#, "n", "f", "gone", "a.c", "t.x",
                    "a.b"
                ]
            ),
            [
                "lent 1",
                "lent x",
                "lent plain",
                "made q\"é",
                "made 18446744073709551616",
                "lent 2",
                "null",
                "lent -7",
                "absent",
                r#"lent [10,{"d":"x"}]"#,
                "absent",
                "lent 1"
            ]
        );
    }

    #[test]
    fn a_decimal_keeps_its_digits() {
        assert_eq!(row(r#"{"d":0.10}"#, &["d"]), ["lent 0.10"]);
        assert_eq!(row("{}", &["d"]), ["absent"]);
    }
}

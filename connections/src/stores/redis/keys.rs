//! Datasets of keys: a pattern such as `user:{id}`, or one key.

use std::ops::Range;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, KeyPattern};
use parallax_core::store::KeyPart;
use parallax_core::value::{Key, Value};

/// The keys of one dataset, read as bytes: a key need not be text.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) dataset: DatasetId,
    /// What stands around the parts: one more than there are parts.
    literals: Vec<Vec<u8>>,
    names: Vec<String>,
}

impl Keys {
    /// Fails with [`ErrorKind::InvalidInput`] where the name is no key pattern.
    pub(super) fn of(dataset: &DatasetId) -> Result<Self> {
        // Dots are nothing special in a key.
        let pattern = KeyPattern::parse(&dataset.parts().join("."))?;
        // A key may hold a NUL, but who writes one into a pattern?
        let filled = pattern.fill(|_| Some("\0".into())).unwrap_or_default();
        let literals = filled.split('\0').map(|it| it.as_bytes().to_vec());
        let keys = Self {
            dataset: dataset.clone(),
            literals: literals.collect(),
            names: pattern.parts().map(ToOwned::to_owned).collect(),
        };
        if keys.literals.len() == keys.names.len() + 1 {
            return Ok(keys);
        }
        Err(
            Error::new(ErrorKind::InvalidInput, format!("read {dataset}"))
                .because("its pattern holds a NUL"),
        )
    }

    /// The names of the parts, in the order of the pattern.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The key, where the dataset is one.
    pub(super) fn single(&self) -> Option<&[u8]> {
        match self.literals.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The pattern as `SCAN … MATCH` reads it; matches more keys than are of the dataset.
    pub(super) fn glob(&self) -> Vec<u8> {
        let literals: Vec<Vec<u8>> = self.literals.iter().map(|it| escaped(it)).collect();
        literals.join(b"*".as_slice())
    }

    /// The pattern with its parts as parameters of a statement.
    pub(super) fn template(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (at, literal) in self.literals.iter().enumerate() {
            text.extend_from_slice(literal);
            if let Some(name) = self.names.get(at) {
                text.extend_from_slice(format!("{{{{{name}}}}}").as_bytes());
            }
        }
        text
    }

    /// Finds the parts in a key, in the order of the pattern; `false` if the key is not of the dataset.
    ///
    /// A part ends where the literal behind it first occurs; the last part takes what is left.
    pub(super) fn read(&self, key: &[u8], parts: &mut Vec<Range<usize>>) -> bool {
        parts.clear();
        let Some((first, behind)) = self.literals.split_first() else {
            return false;
        };
        if !key.starts_with(first) {
            return false;
        }
        let mut at = first.len();
        for (nth, literal) in behind.iter().enumerate() {
            let rest = key.get(at..).unwrap_or_default();
            let is_last = nth + 1 == behind.len();
            let Some(length) = part_length(rest, literal, is_last) else {
                return false;
            };
            parts.push(at..at + length);
            at += length + literal.len();
        }
        at == key.len()
    }

    /// The key of an entity as it stands in the store.
    ///
    /// Fails with [`ErrorKind::InvalidInput`] where a part is missing or null, or would be read back as another one.
    pub(super) fn fill(&self, key: &Key, names: &[KeyPart]) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        let mut expected = Vec::new();
        for (at, literal) in self.literals.iter().enumerate() {
            text.extend_from_slice(literal);
            let Some(name) = self.names.get(at) else {
                continue;
            };
            let part = part(key, names, name)
                .ok_or_else(|| self.no_key(key, &format!("the key has no part {name:?}")))?;
            let begin = text.len();
            text.extend_from_slice(&bytes_of(part));
            expected.push(begin..text.len());
        }
        let mut found = Vec::new();
        if self.read(&text, &mut found) && found == expected {
            return Ok(text);
        }
        Err(self.no_key(
            key,
            "a part of it holds what ends the part in the pattern, so it stands for another key",
        ))
    }

    fn no_key(&self, key: &Key, why: &str) -> Error {
        let key = key.to_string();
        Error::new(
            ErrorKind::InvalidInput,
            format!("find {key:?} in {}", self.dataset),
        )
        .because(why)
    }

    /// The places in the pattern of the parts that the projection names, in its order.
    ///
    /// A dataset that is one key has none.
    pub(super) fn places(&self, names: &[KeyPart]) -> Result<Vec<usize>> {
        if self.names.is_empty() {
            return Ok(Vec::new());
        }
        let place = |part: &KeyPart| {
            let mut all = self.names.iter();
            all.position(|it| *it == part.name).ok_or_else(|| {
                Error::new(ErrorKind::InvalidInput, format!("read {}", self.dataset))
                    .because(format!("its pattern has no part {:?}", part.name))
                    .hint(crate::suggest::hint(
                        &part.name,
                        self.names.iter().map(String::as_str),
                    ))
            })
        };
        names.iter().map(place).collect()
    }
}

fn part<'k>(key: &'k Key, names: &[KeyPart], name: &str) -> Option<&'k Value> {
    let at = names.iter().position(|it| it.name == name)?;
    key.parts().get(at).filter(|it| !it.is_null())
}

fn part_length(rest: &[u8], literal: &[u8], is_last: bool) -> Option<usize> {
    if is_last {
        return rest.strip_suffix(literal).map(<[u8]>::len);
    }
    let length = literal.len().max(1);
    rest.windows(length).position(|it| it == literal)
}

/// What a value is as an argument or a part of a key: text as it is, anything else as it is written.
pub(super) fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::Text(it) => it.as_bytes().to_vec(),
        Value::Bytes(it) => it.clone(),
        other => other.to_string().into_bytes(),
    }
}

/// Text where the bytes are text.
pub(super) fn text_or_bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Bytes(bytes.to_vec()),
    }
}

fn escaped(literal: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(literal.len());
    for byte in literal {
        if b"*?[]\\^-".contains(byte) {
            escaped.push(b'\\');
        }
        escaped.push(*byte);
    }
    escaped
}

/// The pattern of one key, as the name of a dataset: braces doubled, in quotes where a dot or space stands in it.
pub(super) fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A pattern as the name of a dataset.
pub(super) fn spelled(pattern: &str) -> String {
    let odd = |it: char| it.is_whitespace() || it.is_control() || matches!(it, '.' | '"');
    let nests = pattern.contains(['(', ')', '[', ']']);
    if pattern.is_empty() || nests || pattern.contains(odd) {
        format!("\"{}\"", pattern.replace('"', "\"\""))
    } else {
        pattern.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(name: &str) -> Keys {
        Keys::of(&format!("cache.{name}").parse().expect("a dataset")).expect("a pattern")
    }

    #[track_caller]
    fn read(name: &str, key: &[u8]) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        let found = keys(name).read(key, &mut parts);
        let text = |it: &Range<usize>| String::from_utf8_lossy(&key[it.clone()]).into_owned();
        found.then(|| parts.iter().map(text).collect())
    }

    #[test]
    fn a_key_gives_its_parts_back_as_the_core_reads_it() {
        for (pattern, key) in [
            ("user:{id}", "user:42"),
            ("order:{region}:{number}", "order:São Paulo:7:8"),
            ("a{x}b", "a-b-b"),
            ("user:{id}", "cart:42"),
            ("config", "config"),
            ("config", "config2"),
            ("{{tag}}:{id}", "{tag}:1"),
            ("{a}:{b}x", "1:2:3x"),
            ("user:{id}", "user:"),
        ] {
            let expected = KeyPattern::parse(pattern).expect("a pattern").read(key);
            assert_eq!(read(pattern, key.as_bytes()), expected, "{pattern} {key}");
        }
        assert!(read("user:{id}", b"user:\xff").is_some());
    }

    #[test]
    fn a_glob_takes_literals_literally() {
        let glob = |name: &str| String::from_utf8(keys(name).glob()).expect("text");
        assert_eq!(glob("user:{id}"), "user:*");
        assert_eq!(glob(r#""a*?[x]\{id}^""#), r"a\*\?\[x\]\\*\^");
        assert_eq!(glob("app.v1.user:{id}"), "app.v1.user:*");
    }

    #[test]
    fn a_part_that_would_be_read_back_otherwise_is_refused() {
        let keys = keys("order:{region}:{number}");
        let names: Vec<KeyPart> = ["number", "region"]
            .map(|it| KeyPart {
                name: it.to_owned(),
                path: parallax_core::name::FieldPath::name(it),
            })
            .into();
        let fill = |number: Value, region: &str| {
            let key = Key::new(vec![number, Value::from(region)]);
            keys.fill(&key, &names)
        };
        assert_eq!(fill(Value::I64(7), "eu").expect("a key"), b"order:eu:7");
        assert_eq!(
            fill(Value::Bytes(vec![0xff]), "eu").expect("a key"),
            b"order:eu:\xff"
        );
        assert!(fill(Value::I64(7), "e:u").is_err());
        assert!(fill(Value::Null, "eu").is_err());
        assert_eq!(keys.places(&names).expect("places"), [1, 0]);
    }

    #[test]
    fn a_name_is_spelled_so_that_it_reads_back() {
        for key in [
            "a b", "a.b", "a\"b", "{x}", "[a](b)", "a\nb", "ü", "plain:1",
        ] {
            let name = spelled(&literal(key));
            assert_eq!(keys(&name).single(), Some(key.as_bytes()), "{name}");
        }
    }
}

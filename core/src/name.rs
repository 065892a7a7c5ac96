//! Names as the deployment file spells them: stores, datasets, paths into records and key patterns.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

mod path;
mod pattern;

pub use path::FieldPath;
pub use pattern::KeyPattern;

/// The name that people give a store: `[a-z][a-z0-9_-]*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StoreId(String);

impl StoreId {
    /// Checks `name`; fails with [`ErrorKind::InvalidInput`].
    pub fn new(name: &str) -> Result<Self> {
        let mut letters = name.chars();
        let starts_well = letters.next().is_some_and(|it| it.is_ascii_lowercase());
        let goes_on_well = letters
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '_' | '-'));
        if starts_well && goes_on_well {
            return Ok(Self(name.to_owned()));
        }
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("use {name:?} as a store's name"),
        )
        .because(
            "a store's name is a lower-case letter, then lower-case letters, digits, `_` or `-`",
        ))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A dataset in a store: `STORE.` and the store's own name for a table, collection, key pattern, index, label or topic.
///
/// The spelling of the deployment file is kept, and is what `Display` gives back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DatasetId {
    /// The store.
    pub store: StoreId,
    /// The store's own name, spelled as in the file: `public.users`, `user:{id}`, `"odd.name"`.
    pub name: String,
}

impl DatasetId {
    /// The name's parts: split at dots, but not within double quotes, braces or parentheses; quotes are taken off.
    ///
    /// `public."a.b"` has the parts `public` and `a.b`; `user:{id}` and `(:User)-[:BOUGHT]->(:Product)` are one part.
    pub fn parts(&self) -> Vec<String> {
        split_name(&self.name).unwrap_or_else(|_| vec![self.name.clone()])
    }

    /// Whether the two name the same dataset, however each is spelled.
    pub fn same_as(&self, other: &Self) -> bool {
        self.store == other.store && (self.name == other.name || self.parts() == other.parts())
    }
}

impl FromStr for DatasetId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((store, name)) = text.split_once('.') else {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("read {text:?} as a dataset"),
            )
            .because("a dataset is a store's name, a dot, and the store's own name for it")
            .hint("for example `orders.users`"));
        };
        let store = StoreId::new(store)?;
        split_name(name)?;
        Ok(Self {
            store,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.store, self.name)
    }
}

/// Splits at dots outside quotes, braces and parentheses; a part in double quotes loses them, and a doubled quote is one.
pub(crate) fn split_name(text: &str) -> Result<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let part = parts.last_mut().expect("there is always a part");
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                part.push('"');
            }
            '"' if quoted || part.is_empty() => quoted = !quoted,
            '.' if !quoted && depth == 0 => parts.push(String::new()),
            _ => {
                if !quoted {
                    depth = nesting(depth, letter);
                }
                part.push(letter);
            }
        }
    }
    if quoted {
        return Err(bad_name(text, "a double quote is not closed"));
    }
    if parts.iter().any(String::is_empty) {
        return Err(bad_name(text, "a part of it is empty"));
    }
    Ok(parts)
}

/// How deep brackets are nested behind a letter; a dot inside brackets divides nothing.
fn nesting(depth: usize, letter: char) -> usize {
    match letter {
        '{' | '(' | '[' => depth + 1,
        '}' | ')' | ']' => depth.saturating_sub(1),
        _ => depth,
    }
}

fn bad_name(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("read the name {text:?}"))
        .because(why)
        .hint("a part that holds a dot, a space or a quote stands in double quotes, doubled inside")
}

/// Spells one part so that [`split_name`] reads it back.
pub(crate) fn quote_part(part: &str) -> String {
    let plain = !part.is_empty() && !part.contains(['.', ' ', '"', '{', '}', '(', ')', '[', ']']);
    if plain {
        part.to_owned()
    } else {
        format!("\"{}\"", part.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_name_is_lower_case() {
        assert!(StoreId::new("orders-2").is_ok());
        for bad in ["", "Orders", "2nd", "a b", "é", "a.b"] {
            assert!(StoreId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[track_caller]
    fn parts(text: &str) -> Vec<String> {
        text.parse::<DatasetId>().expect("a dataset").parts()
    }

    #[test]
    fn a_dataset_is_split_at_dots_outside_quotes_and_brackets() {
        assert_eq!(parts("orders.public.users"), ["public", "users"]);
        assert_eq!(
            parts(r#"orders."a.b"."say ""hi""""#),
            ["a.b", r#"say "hi""#]
        );
        assert_eq!(parts("cache.user:{id}"), ["user:{id}"]);
        assert_eq!(
            parts("graph.(:User)-[:BOUGHT]->(:Product)"),
            ["(:User)-[:BOUGHT]->(:Product)"]
        );
    }

    #[test]
    fn a_dataset_repeats_its_spelling() {
        let text = r#"orders."a.b".users"#;
        assert_eq!(
            text.parse::<DatasetId>().expect("a dataset").to_string(),
            text
        );
    }

    #[test]
    fn a_broken_dataset_says_what_is_wrong() {
        for bad in [
            "orders",
            "orders.",
            "orders.a..b",
            "orders.\"a",
            "Orders.users",
        ] {
            assert!(bad.parse::<DatasetId>().is_err(), "{bad:?}");
        }
    }
}

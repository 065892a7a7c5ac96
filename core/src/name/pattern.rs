//! Key patterns such as `cart:{id}`: a dataset of a store that knows nothing but keys.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// A key with named parts: `{name}` is a part, `{{` and `}}` are literal braces.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyPattern {
    pieces: Vec<Piece>,
}

/// A part of a pattern: text as it stands, or the name of a part of the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Piece {
    Literal(String),
    Part(String),
}

impl KeyPattern {
    /// Reads a pattern; fails where a brace is alone, a part has no name, or two parts touch.
    ///
    /// Two parts with nothing between them could not be told apart when a key is read back.
    pub fn parse(text: &str) -> Result<Self> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match (letter, letters.peek()) {
                ('{', Some('{')) | ('}', Some('}')) => {
                    letters.next();
                    literal.push(letter);
                }
                ('{', _) => {
                    let name: String = letters.by_ref().take_while(|it| *it != '}').collect();
                    push_part(text, &mut pieces, &mut literal, name)?;
                }
                ('}', _) => {
                    return Err(bad(
                        text,
                        "`}` closes nothing; a literal brace is written `}}`",
                    ));
                }
                _ => literal.push(letter),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        let pattern = Self { pieces };
        // An unclosed part swallows the rest of the text; written back, it gains the brace that was not there.
        if pattern.to_text() == text {
            Ok(pattern)
        } else {
            Err(bad(text, "a `{` is not closed"))
        }
    }

    /// The names of the parts, in the order of the pattern.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|it| match it {
            Piece::Part(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The text before the first part: what every key of the pattern begins with.
    pub fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(text)) => text,
            _ => "",
        }
    }

    /// Fills the parts in; `None` if `value` does not know one of them.
    pub fn fill<'v>(
        &self,
        value: impl Fn(&str) -> Option<std::borrow::Cow<'v, str>>,
    ) -> Option<String> {
        let mut key = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => key.push_str(text),
                Piece::Part(name) => key.push_str(&value(name)?),
            }
        }
        Some(key)
    }

    /// Reads the parts back from a key, in the order of the pattern; `None` if the key is not of the pattern.
    ///
    /// A part ends where the literal behind it first occurs; the last part takes what is left.
    pub fn read(&self, key: &str) -> Option<Vec<String>> {
        let mut rest = key;
        let mut parts = Vec::new();
        let mut pieces = self.pieces.iter().peekable();
        while let Some(piece) = pieces.next() {
            match (piece, pieces.peek()) {
                (Piece::Literal(text), _) => rest = rest.strip_prefix(text.as_str())?,
                (Piece::Part(_), Some(Piece::Literal(behind))) => {
                    // The last literal of the pattern ends the key, so it is looked for from the end.
                    let last = pieces.clone().count() == 1;
                    let at = if last {
                        rest.strip_suffix(behind.as_str())?.len()
                    } else {
                        rest.find(behind.as_str())?
                    };
                    let (part, behind) = rest.split_at_checked(at)?;
                    parts.push(part.to_owned());
                    rest = behind;
                }
                (Piece::Part(_), _) => parts.push(std::mem::take(&mut rest).to_owned()),
            }
        }
        rest.is_empty().then_some(parts)
    }

    /// The pattern as the deployment file spells it, with literal braces doubled.
    fn to_text(&self) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(it) => text.push_str(&it.replace('{', "{{").replace('}', "}}")),
                // Writing to a string cannot fail.
                Piece::Part(name) => drop(write!(text, "{{{name}}}")),
            }
        }
        text
    }
}

/// Ends a literal and begins a part. Two parts must have text between them, or no key could be told apart.
fn push_part(
    text: &str,
    pieces: &mut Vec<Piece>,
    literal: &mut String,
    name: String,
) -> Result<()> {
    if name.is_empty() {
        return Err(bad(text, "`{}` has no name"));
    }
    if literal.is_empty() && matches!(pieces.last(), Some(Piece::Part(_))) {
        return Err(bad(
            text,
            "two parts touch, so a key could not be read back",
        ));
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
    pieces.push(Piece::Part(name));
    Ok(())
}

fn bad(text: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("read the key pattern {text:?}"),
    )
    .because(why)
    .hint("a pattern looks like `cart:{id}`; `{{` and `}}` are literal braces")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(pattern: &str, key: &str) -> Option<Vec<String>> {
        KeyPattern::parse(pattern).expect("a pattern").read(key)
    }

    #[test]
    fn a_key_gives_its_parts_back() {
        assert_eq!(read("user:{id}", "user:42"), Some(vec!["42".into()]));
        assert_eq!(
            read("order:{region}:{number}", "order:São Paulo:7"),
            Some(vec!["São Paulo".into(), "7".into()])
        );
        assert_eq!(read("a{x}b", "a-b-b"), Some(vec!["-b-".into()]));
        assert_eq!(read("user:{id}", "cart:42"), None);
        assert_eq!(read("config", "config"), Some(vec![]));
        assert_eq!(read("config", "config2"), None);
    }

    #[test]
    fn doubled_braces_are_literal() {
        assert_eq!(read("{{tag}}:{id}", "{tag}:1"), Some(vec!["1".into()]));
    }

    #[test]
    fn a_pattern_is_filled_by_name() {
        let pattern = KeyPattern::parse("order:{region}:{number}").expect("a pattern");
        let key = pattern.fill(|it| Some(if it == "region" { "eu" } else { "7" }.into()));
        assert_eq!(key.as_deref(), Some("order:eu:7"));
        assert_eq!(pattern.prefix(), "order:");
    }

    #[test]
    fn a_broken_pattern_is_refused() {
        for bad in ["a{", "a{b", "a}", "a{}", "{a}{b}"] {
            assert!(KeyPattern::parse(bad).is_err(), "{bad:?}");
        }
    }
}

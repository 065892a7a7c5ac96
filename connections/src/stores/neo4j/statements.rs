//! A text of statements: each with the names of its parameters, and of the columns that it will give.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::Value;

use super::lexer::{Kind, Token, quoted, tokens};

/// One statement of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// The text for the server, with `$name` for each parameter.
    pub(super) text: String,
    /// The names of its parameters, each once.
    pub(super) parameters: Vec<String>,
    /// Where the tokens of the text stood in what was typed: pairs of both places, in bytes.
    places: Vec<(usize, usize)>,
}

/// Splits a text at its semicolons; what holds nothing but space and comments is no statement.
pub(super) fn split(text: &str) -> Vec<Split> {
    let mut found = Vec::new();
    let mut open = Open::default();
    for token in tokens(text) {
        if token.kind == Kind::Semicolon {
            found.extend(std::mem::take(&mut open).close());
        } else {
            open.push(token);
        }
    }
    found.extend(open.close());
    found
}

#[derive(Default)]
struct Open {
    text: String,
    parameters: Vec<String>,
    places: Vec<(usize, usize)>,
}

impl Open {
    fn push(&mut self, token: Token<'_>) {
        // Space in front belongs to no statement.
        if token.kind == Kind::Space && self.text.is_empty() {
            return;
        }
        self.places.push((self.text.len(), token.at));
        if token.kind != Kind::Parameter {
            return self.text.push_str(token.text);
        }
        let name = token.name();
        if token.text.starts_with('{') {
            self.text.push_str(&marked(&name));
        } else {
            self.text.push_str(token.text);
        }
        if !self.parameters.contains(&name) {
            self.parameters.push(name);
        }
    }

    fn close(self) -> Option<Split> {
        (!self.text.is_empty()).then(|| Split {
            text: self.text.trim_end().to_owned(),
            parameters: self.parameters,
            places: self.places,
        })
    }
}

/// A parameter as the language writes it.
fn marked(name: &str) -> String {
    let is_plain = name
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if is_plain {
        format!("${name}")
    } else {
        format!("${}", quoted(name))
    }
}

impl Split {
    /// The values of its parameters; fails with [`ErrorKind::InvalidInput`] where one is not given.
    pub(super) fn bound(&self, given: &[(String, Value)]) -> Result<Vec<(String, Value)>> {
        let value = |name: &String| {
            let found = given.iter().find(|(it, _)| it == name);
            found.cloned().ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidInput,
                    format!("bind the parameter {name:?}"),
                )
                .because("it has no value")
                .hint("give the parameter a value, or put the text in quotes if it is none")
            })
        };
        self.parameters.iter().map(value).collect()
    }

    /// Line and column, from 1, in the text that was typed, of a place in the text that was sent.
    ///
    /// The server counts in halves of UTF-16.
    pub(super) fn place(&self, typed: &str, offset: usize) -> (usize, usize) {
        let mut units = 0;
        let sent = self.text.char_indices().find(|(_, letter)| {
            units += letter.len_utf16();
            units > offset
        });
        let sent = sent.map_or(self.text.len(), |(at, _)| at);
        let token = self.places.iter().rfind(|(it, _)| *it <= sent);
        let at = token.map_or(0, |(own, theirs)| theirs + sent - own);
        let before = typed.get(..at).unwrap_or(typed);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |it| it.chars().count());
        (line, column + 1)
    }

    /// Its tokens, but for space and comments.
    pub(super) fn tokens(&self) -> Vec<Token<'_>> {
        tokens(&self.text)
            .filter(|it| it.kind != Kind::Space)
            .collect()
    }

    /// The keyword that it begins with, in upper case, behind what only says how it is planned.
    pub(super) fn verb(&self) -> String {
        let tokens = self.tokens();
        let mut rest = tokens.iter().peekable();
        if rest.next_if(|it| it.is_word("CYPHER")).is_some() {
            // `CYPHER 25`, `CYPHER planner = cost`.
            while rest
                .next_if(|it| it.kind == Kind::Number || is_option(&tokens, it))
                .is_some()
            {}
        }
        rest.next()
            .map_or_else(String::new, |it| it.text.to_uppercase())
    }
}

/// Whether a token belongs to a setting: `name = value`.
fn is_option(tokens: &[Token<'_>], token: &Token<'_>) -> bool {
    let place = tokens.iter().position(|it| it.at == token.at);
    let is_equals = |at: Option<usize>| {
        at.and_then(|it| tokens.get(it))
            .is_some_and(|it| it.is_sign("="))
    };
    token.is_sign("=")
        || is_equals(place.map(|it| it + 1))
        || is_equals(place.and_then(|it| it.checked_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_split_at_semicolons_outside_quotes() {
        let texts: Vec<String> = split("RETURN ';'; // a;b\n ;MATCH (`x;`) RETURN 1;")
            .into_iter()
            .map(|it| it.text)
            .collect();
        assert_eq!(texts, ["RETURN ';'", "MATCH (`x;`) RETURN 1"]);
    }

    #[test]
    fn parameters_keep_their_names_and_are_named_once() {
        let all = split("RETURN {{ a }} + $a + $`b c` + {{é}} + '{{x}}'");
        assert_eq!(all[0].text, "RETURN $a + $a + $`b c` + $`é` + '{{x}}'");
        assert_eq!(all[0].parameters, ["a", "b c", "é"]);
        let error = all[0].bound(&[("a".to_owned(), Value::Null)]);
        assert_eq!(error.expect_err("b c").kind, ErrorKind::InvalidInput);
    }

    #[test]
    fn a_place_in_what_was_sent_is_one_in_what_was_typed() {
        let typed = "RETURN 1;\n // é\n MATCH (n) WHERE n.a = {{ it }} RETUR n";
        let second = &split(typed)[1];
        let at = second.text.find("RETUR ").expect("there");
        assert_eq!(second.place(typed, at), (3, 33));
        assert_eq!(second.place(typed, 0), (3, 2));
    }

    #[test]
    fn the_verb_stands_behind_what_plans() {
        let verb = |text: &str| split(text)[0].verb();
        assert_eq!(verb("match (n) return n"), "MATCH");
        assert_eq!(
            verb("CYPHER 25 planner = cost EXPLAIN MATCH (n) RETURN n"),
            "EXPLAIN"
        );
        assert_eq!(verb("CYPHER runtime=slotted PROFILE RETURN 1"), "PROFILE");
    }
}

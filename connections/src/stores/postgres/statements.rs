//! A text as its statements, each with its parameters rewritten to positions.

use parallax_core::error::{Error, ErrorKind, Result};

use super::lexer::{Kind, Token, name, tokens};
use crate::sql::SqlStatement;

/// One statement, and every name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) statement: SqlStatement,
    /// Bare and quoted names as the server reads them: bare ones in lower case.
    pub(super) names: Vec<String>,
    /// Those of them that stand before an opening parenthesis.
    pub(super) called: Vec<String>,
}

impl Split {
    /// The keyword that says what it does, behind parentheses and named queries.
    pub(super) fn verb(&self) -> &str {
        let words = self.statement.words.iter().map(String::as_str);
        let first = words.clone().find(|it| *it != "(").unwrap_or("");
        if first == "WITH" {
            self.statement.verb()
        } else {
            first
        }
    }

    /// The bare words in upper case, and signs.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> + Clone {
        self.statement.words.iter().map(String::as_str)
    }
}

/// Splits a text at the semicolons that end statements.
///
/// Fails with [`ErrorKind::InvalidInput`] on a parameter without a name, for parameters are bound by name.
pub(super) fn split(text: &str) -> Result<Vec<Split>> {
    let mut found = Vec::new();
    let mut open = Open::default();
    for token in tokens(text) {
        if token.kind == Kind::Position {
            return Err(nameless(token.text));
        }
        if token.kind == Kind::Semicolon && !open.in_body() {
            found.extend(std::mem::take(&mut open).close());
        } else {
            open.push(token);
        }
    }
    found.extend(open.close());
    Ok(found)
}

fn nameless(text: &str) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("bind the parameter {text}"),
    )
    .because("parameters are bound by name")
    .hint("write `{{name}}` or `:name`")
}

/// A statement that is not closed yet.
#[derive(Default)]
struct Open {
    text: String,
    parameters: Vec<String>,
    words: Vec<String>,
    names: Vec<String>,
    called: Vec<String>,
    follows_name: bool,
}

impl Open {
    fn push(&mut self, token: Token<'_>) {
        if token.text == "(" && self.follows_name {
            self.called.extend(self.names.last().cloned());
        }
        if token.kind != Kind::Space {
            self.follows_name = matches!(token.kind, Kind::Word | Kind::Name);
        }
        match token.kind {
            Kind::Parameter => {
                let number = self.number(token.parameter());
                self.text.push_str(&format!("${number}"));
                self.words.push(token.text.to_owned());
                return;
            }
            Kind::Space => {}
            Kind::Word => {
                self.words.push(token.text.to_ascii_uppercase());
                self.names.push(token.text.to_lowercase());
            }
            Kind::Name => {
                self.words.push(token.text.to_owned());
                self.names.push(name(token));
            }
            _ => self.words.push(token.text.to_owned()),
        }
        self.text.push_str(token.text);
    }

    /// The number of a parameter, the same wherever its name stands.
    fn number(&mut self, name: &str) -> usize {
        if let Some(at) = self.parameters.iter().position(|it| it == name) {
            return at + 1;
        }
        self.parameters.push(name.to_owned());
        self.parameters.len()
    }

    /// Whether the body of a function is open: `BEGIN ATOMIC … END`, with `CASE … END` inside.
    fn in_body(&self) -> bool {
        if self.words.first().is_none_or(|it| it != "CREATE") {
            return false;
        }
        let mut depth = 0_usize;
        let mut before = "";
        for word in self.words.iter().map(String::as_str) {
            match word {
                "ATOMIC" if before == "BEGIN" => depth += 1,
                "CASE" if depth > 0 => depth += 1,
                "END" => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = word;
        }
        depth > 0
    }

    fn close(self) -> Option<Split> {
        let text = self.text.trim().to_owned();
        (!self.words.is_empty()).then_some(Split {
            statement: SqlStatement {
                text,
                parameters: self.parameters,
                words: self.words,
            },
            names: self.names,
            called: self.called,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn texts(text: &str, expected: &[&str]) {
        let found = split(text).expect("statements");
        let found: Vec<String> = found.into_iter().map(|it| it.statement.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_text_is_split_where_the_server_would() {
        texts(
            "select ';'; select $$;$$ ;; -- ;",
            &["select ';'", "select $$;$$"],
        );
        texts(
            "create function f() returns int begin atomic select 1; select case when true then 2 end; end; select 3",
            &[
                "create function f() returns int begin atomic select 1; select case when true then 2 end; end",
                "select 3",
            ],
        );
    }

    #[test]
    fn parameters_become_positions_and_casts_stay() {
        let found =
            split("select {{id}}::bigint, :name, '{{no}}', {{id}} where a = any(array[:b]::int[])")
                .expect("statements");
        let statement = &found[0].statement;
        assert_eq!(
            statement.text,
            "select $1::bigint, $2, '{{no}}', $1 where a = any(array[$3]::int[])"
        );
        assert_eq!(statement.parameters, ["id", "name", "b"]);
        assert!(split("select $1").is_err());
    }

    #[test]
    fn the_verb_stands_behind_parentheses() {
        let verb = |text: &str| split(text).expect("statements")[0].verb().to_owned();
        assert_eq!(verb("((select 1))"), "SELECT");
        assert_eq!(verb("with a as (select 1) delete from t"), "DELETE");
        assert_eq!(verb("/* x */ show all"), "SHOW");
    }
}

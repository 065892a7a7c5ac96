//! SQL text: its statements, what each begins with, and the parameters in it.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::Value;

mod lexer;

pub use lexer::{Kind, Token, tokens};

/// One statement of a text, with its parameters rewritten to positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlStatement {
    /// The text for the server, with placeholders.
    pub text: String,
    /// The names behind the placeholders, in the order of their numbers.
    pub parameters: Vec<String>,
    /// Its words and signs in upper case, without comments; text and quoted names stay as they are.
    pub words: Vec<String>,
}

impl SqlStatement {
    /// The keyword it begins with, in upper case.
    pub fn first(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The keyword that says what it does: behind `WITH …`, the one after the last of the named queries.
    pub fn verb(&self) -> &str {
        if self.first() != "WITH" {
            return self.first();
        }
        let mut depth = 0_usize;
        let mut closed = false;
        for word in &self.words {
            if closed && depth == 0 && VERBS.contains(&word.as_str()) {
                return word;
            }
            closed = word == ")";
            depth = match word.as_str() {
                "(" => depth + 1,
                ")" => depth.saturating_sub(1),
                _ => depth,
            };
        }
        "WITH"
    }

    /// Whether it counts the rows that it changes.
    pub fn changes_rows(&self) -> bool {
        matches!(
            self.verb(),
            "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE"
        )
    }

    /// The values of its parameters, in order; fails with [`ErrorKind::InvalidInput`] where one is not given.
    pub fn bound(&self, given: &[(String, Value)]) -> Result<Vec<Value>> {
        let names = self.parameters.iter();
        names.map(|name| value_of(name, given)).collect()
    }
}

const VERBS: [&str; 7] = [
    "SELECT", "VALUES", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE",
];

fn value_of(name: &str, given: &[(String, Value)]) -> Result<Value> {
    let found = given.iter().find(|(it, _)| it == name);
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            format!("bind the parameter {name:?}"),
        )
        .because("it has no value")
        .hint("give the parameter a value, or put the text in quotes if it is none")
    })
}

/// Splits `text` into statements; `placeholder` writes the place of the parameter of that number, from 1.
///
/// Semicolons in quotes, comments and the bodies of triggers split nothing. Fails with [`ErrorKind::InvalidInput`]
/// on a parameter without a name, for parameters are bound by name.
pub fn statements(text: &str, placeholder: fn(usize) -> String) -> Result<Vec<SqlStatement>> {
    let mut found = Vec::new();
    let mut open = Open::default();
    for token in tokens(text) {
        if token.kind == Kind::Position {
            return Err(nameless(token.text));
        }
        if token.kind == Kind::Semicolon && !open.in_trigger() {
            found.extend(std::mem::take(&mut open).close());
        } else {
            open.push(token, placeholder);
        }
    }
    found.extend(open.close());
    Ok(found)
}

/// Checks that `condition` is one expression that can stand in parentheses behind `AND`.
pub fn is_condition(condition: &str) -> bool {
    let mut depth = 0_i32;
    for token in tokens(condition) {
        match token.text {
            "(" if token.kind == Kind::Sign => depth += 1,
            ")" if token.kind == Kind::Sign => depth -= 1,
            _ if token.kind == Kind::Semicolon => return false,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// A name in double quotes, as every dialect of ours reads it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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
}

impl Open {
    fn push(&mut self, token: Token<'_>, placeholder: fn(usize) -> String) {
        match token.kind {
            Kind::Space => self.text.push_str(token.text),
            Kind::Parameter => {
                let number = self.number(token.parameter());
                self.text.push_str(&placeholder(number));
                self.words.push(token.text.to_owned());
            }
            _ => {
                self.text.push_str(token.text);
                self.words.push(word(token));
            }
        }
    }

    /// The number of a parameter, the same wherever its name stands.
    fn number(&mut self, name: &str) -> usize {
        if let Some(at) = self.parameters.iter().position(|it| it == name) {
            return at + 1;
        }
        self.parameters.push(name.to_owned());
        self.parameters.len()
    }

    /// A trigger ends at the semicolon behind `; END`, as the SQLite shell sees it.
    fn in_trigger(&self) -> bool {
        let mut words = self.words.iter().map(String::as_str);
        let creates = words.next() == Some("CREATE")
            && words.find(|it| !matches!(*it, "TEMP" | "TEMPORARY")) == Some("TRIGGER");
        let mut ends = self.words.iter().rev().map(String::as_str);
        creates && !(ends.next() == Some("END") && ends.next() == Some(";"))
    }

    fn close(self) -> Option<SqlStatement> {
        let text = self.text.trim().to_owned();
        (!self.words.is_empty()).then_some(SqlStatement {
            text,
            parameters: self.parameters,
            words: self.words,
        })
    }
}

fn word(token: Token<'_>) -> String {
    match token.kind {
        Kind::Word => token.text.to_ascii_uppercase(),
        _ => token.text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<SqlStatement> {
        statements(text, |it| format!("?{it}")).expect("statements")
    }

    #[track_caller]
    fn texts(text: &str, expected: &[&str]) {
        let found: Vec<String> = split(text).into_iter().map(|it| it.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_text_is_split_at_semicolons_outside_quotes_and_comments() {
        texts(
            "select ';'; -- ; \n select 2;;",
            &["select ';'", "-- ; \n select 2"],
        );
        texts("/* only a comment */ ;", &[]);
        texts("", &[]);
    }

    #[test]
    fn the_body_of_a_trigger_is_not_split() {
        let trigger = "create temp trigger t after insert on a begin update b set c = case 1 when 1 then 2 end; select 1; end";
        texts(&format!("{trigger}; select 3"), &[trigger, "select 3"]);
    }

    #[test]
    fn parameters_become_positions_by_name() {
        let found = split("select {{id}}, :name, ':id', {{ id }} -- :no\n; select $b, @c");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].text, "select ?1, ?2, ':id', ?1 -- :no");
        assert_eq!(found[0].parameters, ["id", "name"]);
        assert_eq!(found[1].text, "select ?1, ?2");
    }

    #[test]
    fn a_parameter_without_name_or_value_is_refused() {
        let error = statements("select ?", |it| it.to_string()).expect_err("an error");
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        let statement = &split("select :a, :b")[0];
        let given = [("a".to_owned(), Value::I64(1))];
        assert!(statement.bound(&given).is_err());
    }

    #[track_caller]
    fn verb(text: &str, expected: &str) {
        assert_eq!(split(text)[0].verb(), expected, "{text}");
    }

    #[test]
    fn the_verb_stands_behind_the_named_queries() {
        verb("/* c */ Select 1", "SELECT");
        verb(
            "with a(x) as (select 1), b as materialized (values(1)) select * from a",
            "SELECT",
        );
        verb(
            "with replace as (select 1) insert into t select * from replace",
            "INSERT",
        );
        verb("with a as (select 'delete') delete from t", "DELETE");
        verb(
            "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n",
            "SELECT",
        );
    }

    #[test]
    fn a_condition_cannot_break_out_of_its_parentheses() {
        assert!(is_condition("a = ')' and (b or c)"));
        for bad in ["a) or (1", "a; drop table b", "(a", "a -- \n) --"] {
            assert!(!is_condition(bad), "{bad}");
        }
    }
}

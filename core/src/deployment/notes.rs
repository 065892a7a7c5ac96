//! Collecting mistakes by their place in the text.

use std::cell::RefCell;

use super::{Problem, Problems};

/// What the TOML parser says of a value that it cannot tell the type of.
const UNQUOTED: &str = "string values must be quoted, expected literal string";

/// The mistakes found so far in one text.
///
/// Where the text is no TOML, the reader still goes on with what could be recovered; a mistake that only follows from
/// the broken syntax, on the same line or because something seems missing, is not noted.
pub(super) struct Notes<'a> {
    text: &'a str,
    syntax: Vec<Problem>,
    found: RefCell<Vec<Problem>>,
}

impl<'a> Notes<'a> {
    /// Begins with what the TOML parser itself refuses.
    pub(super) fn new(text: &'a str, errors: &[toml::de::Error]) -> Self {
        let syntax = errors.iter().map(|it| {
            let span = it.span().unwrap_or(text.len()..text.len());
            let message = match it.message() {
                // An empty string value is never written without quotes, so nothing stands there at all.
                UNQUOTED if span.is_empty() => "a value is missing here",
                UNQUOTED => "a string must be in quotes",
                message => message,
            };
            place(text, span.start, message.to_owned(), None)
        });
        Self {
            text,
            syntax: syntax.collect(),
            found: RefCell::default(),
        }
    }

    /// Notes a mistake at the byte `at`.
    pub(super) fn add(&self, at: usize, message: impl Into<String>, hint: Option<String>) {
        let problem = place(self.text, at, message.into(), hint);
        if self.syntax.iter().all(|it| it.line != problem.line) {
            self.found.borrow_mut().push(problem);
        }
    }

    /// Notes that something is missing from the table at the byte `at`.
    pub(super) fn add_missing(&self, at: usize, message: impl Into<String>, hint: Option<String>) {
        if self.syntax.is_empty() {
            self.add(at, message, hint);
        }
    }

    /// The line of the byte `at`, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        before(self.text, at).matches('\n').count() + 1
    }

    /// What was read, if nothing is wrong with the text; or else everything noted, in the order of the text.
    pub(super) fn finish<T>(self, file: &str, read: Option<T>) -> Result<T, Problems> {
        let mut list = self.syntax;
        list.extend(self.found.into_inner());
        list.sort_by_key(|it| (it.line, it.column));
        list.dedup();
        match read {
            Some(read) if list.is_empty() => Ok(read),
            _ => Err(Problems {
                file: file.to_owned(),
                list,
            }),
        }
    }
}

/// A problem at a byte of the text, told by line and column as editors count them, from 1 and in characters.
fn place(text: &str, at: usize, message: String, hint: Option<String>) -> Problem {
    let before = before(text, at);
    let line_start = before.rfind('\n').map_or(0, |it| it + 1);
    let on_the_line = before.get(line_start..).unwrap_or_default();
    Problem {
        line: before.matches('\n').count() + 1,
        column: on_the_line.trim_start_matches('\u{feff}').chars().count() + 1,
        message,
        hint,
    }
}

/// The text in front of the byte `at`, or of the character that holds it.
fn before(text: &str, at: usize) -> &str {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.get(..at).unwrap_or_default()
}

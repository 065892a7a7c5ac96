//! One testcase as XML, and the tally of several.

use crate::report::plain;

/// The longest name or message, in characters.
const LONGEST: usize = 400;

/// How many testcases came out which way.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) tests: u64,
    pub(super) failures: u64,
    pub(super) errors: u64,
    pub(super) skipped: u64,
}

impl Tally {
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            tests,
            failures,
            errors,
            skipped,
        } = self;
        write!(
            f,
            "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\""
        )
    }
}

/// One testcase: its name, and how it came out with a message and its details.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) outcome: Outcome,
}

/// How a testcase came out.
pub(super) enum Outcome {
    Passed,
    Failure {
        message: String,
        kind: &'static str,
        details: String,
    },
    Error {
        message: String,
    },
    Skipped {
        message: String,
    },
}

impl Case {
    pub(super) fn tally(&self) -> Tally {
        Tally {
            tests: 1,
            failures: u64::from(matches!(self.outcome, Outcome::Failure { .. })),
            errors: u64::from(matches!(self.outcome, Outcome::Error { .. })),
            skipped: u64::from(matches!(self.outcome, Outcome::Skipped { .. })),
        }
    }

    /// The case as an element; `class` is escaped already.
    pub(super) fn xml(&self, class: &str) -> String {
        let head = format!(
            "    <testcase name=\"{}\" classname=\"{class}\"",
            escape(&self.name)
        );
        let inner = match &self.outcome {
            Outcome::Passed => return format!("{head}/>\n"),
            Outcome::Failure {
                message,
                kind,
                details,
            } => format!(
                "<failure message=\"{}\" type=\"{kind}\">{}</failure>",
                escape(message),
                escape_lines(details)
            ),
            Outcome::Error { message } => {
                format!(
                    "<error message=\"{}\" type=\"not-checked\"/>",
                    escape(message)
                )
            }
            Outcome::Skipped { message } => format!("<skipped message=\"{}\"/>", escape(message)),
        };
        format!("{head}>\n      {inner}\n    </testcase>\n")
    }
}

/// Escapes for an attribute: on one line, cut where it is very long.
pub(super) fn escape(text: &str) -> String {
    escape_lines(&plain::line(text, LONGEST))
}

/// Escapes for an attribute or for text; what it is given holds nothing that XML cannot hold.
pub(super) fn escape_lines(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

//! The one error of Parallax: what a caller can act on, and what a person can do next.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::StoreId;

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as code acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The caller's text, file or argument is wrong; trying again changes nothing.
    InvalidInput,
    /// The named thing is not there.
    NotFound,
    /// The store does not answer: refused, gone, or its file cannot be opened.
    Unreachable,
    /// The store answers, but somebody else holds what is asked for.
    Busy,
    /// The deadline passed first.
    Timeout,
    /// The caller stopped it.
    Cancelled,
    /// The store, or our read-only guard, refuses.
    PermissionDenied,
    /// A secret is needed, and the person has not yet trusted the deployment file that names it.
    Untrusted,
    /// This store, at this version, cannot do that.
    Unsupported,
    /// What was read is not what it claims to be: malformed text, a broken row.
    Unreadable,
    /// A defect or a failure that fits nothing above.
    Other,
}

/// A failure: its kind, where it happened, its causes from the outermost in, and a hint.
///
/// `Display` is one line for the programmer, without the hint. No part may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// What code can act on.
    pub kind: ErrorKind,
    /// The store that failed, if one did.
    pub store: Option<StoreId>,
    /// What was tried, as the end of "could not …".
    pub operation: Cow<'static, str>,
    /// Why, the outermost cause first.
    pub causes: Vec<String>,
    /// What a person can do next.
    pub hint: Option<String>,
}

impl Error {
    /// An error of `kind`: `operation` completes the sentence "could not …".
    pub fn new(kind: ErrorKind, operation: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            store: None,
            operation: operation.into(),
            causes: Vec::new(),
            hint: None,
        }
    }

    /// The answer of a store that cannot do `operation`.
    pub fn unsupported(operation: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, operation).because("this store has no such capability")
    }

    /// Adds a cause below those already named.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Says what a person can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the store that failed, unless one is named already.
    #[must_use]
    pub fn at(mut self, store: &StoreId) -> Self {
        self.store.get_or_insert_with(|| store.clone());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}", self.operation)?;
        if let Some(store) = &self.store {
            write!(f, " in {store}")?;
        }
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_one_sentence_and_keeps_its_hint_apart() {
        let store = StoreId::new("cache").expect("a valid name");
        let error = Error::new(ErrorKind::Unreachable, "read users")
            .because("connection refused")
            .hint("is it running?")
            .at(&store);
        assert_eq!(
            error.to_string(),
            "could not read users in cache: connection refused"
        );
        assert_eq!(error.hint.as_deref(), Some("is it running?"));
    }
}

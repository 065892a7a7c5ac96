//! The one error of the samples.

use std::fmt;

use sqlx::error::DatabaseError as _;
use sqlx::sqlite::SqliteError;

/// What a fallible function of the samples returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What failed, why, and what a person can do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What failed and why: lower case, no full stop.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether the same call may succeed soon: a database was busy.
    pub busy: bool,
}

impl Error {
    /// An error that waiting does not mend.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            busy: false,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts `doing` before the message: `could not DOING: MESSAGE`.
    #[must_use]
    pub fn while_doing(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("could not {doing}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let database = error.as_database_error();
        let embedded = database.and_then(|it| it.try_downcast_ref::<SqliteError>());
        // SQLITE_BUSY and SQLITE_LOCKED, with their extended codes in the higher bytes.
        let busy = embedded.and_then(|it| it.code()?.parse::<u32>().ok());
        Self {
            busy: busy.is_some_and(|it| matches!(it & 0xff, 5 | 6)),
            ..Self::new(error.to_string())
        }
    }
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<mongodb::error::Error> for Error {
    fn from(error: mongodb::error::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<neo4rs::Error> for Error {
    fn from(error: neo4rs::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<neo4rs::DeError> for Error {
    fn from(error: neo4rs::DeError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<elasticsearch::Error> for Error {
    fn from(error: elasticsearch::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string())
    }
}

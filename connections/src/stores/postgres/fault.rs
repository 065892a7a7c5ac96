//! What goes wrong, and what it means: the server's SQLSTATE tells the kind.

use std::io;

use parallax_core::error::{Error, ErrorKind};
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

/// A failure as it comes from the driver.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The server said so.
    Server(Box<ServerError>),
    /// The socket failed.
    Io(String, io::ErrorKind),
    /// The server has closed the connection.
    Gone,
    /// No answer to the attempt to connect.
    Silent,
    /// TLS is wanted and not to be had, or the certificate is not good.
    Tls(String),
    /// The server asks for a password, and there is none.
    NoPassword,
    /// A text holds a NUL, at which it would end on its way.
    Unsendable,
    /// What came is not what the protocol says.
    Protocol(String),
}

impl Failure {
    /// A row is not of the cells that were asked for.
    pub(super) fn other_cells() -> Self {
        Self::Protocol("a row has another number of cells".to_owned())
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(it) => match it.try_downcast_ref::<PgDatabaseError>() {
                Some(said) => Self::Server(Box::new(ServerError::of(said))),
                None => Self::Protocol(it.message().to_owned()),
            },
            sqlx::Error::Io(it) => match it.kind() {
                io::ErrorKind::UnexpectedEof => Self::Gone,
                // What TLS finds wrong with a certificate or a message comes as bad data.
                io::ErrorKind::InvalidData => Self::Tls(it.to_string()),
                kind => Self::Io(it.to_string(), kind),
            },
            sqlx::Error::Tls(it) => Self::Tls(it.to_string()),
            other => Self::Protocol(other.to_string()),
        }
    }
}

impl Failure {
    /// The server's code for what went wrong, where the server said so.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Server(it) => &it.code,
            _ => "",
        }
    }

    /// What the server said.
    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Self::Server(it) => Some(&it.message),
            _ => None,
        }
    }
}

/// The fields of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerError {
    pub(super) code: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    /// Letters into the statement, from 1.
    position: Option<usize>,
}

impl ServerError {
    fn of(said: &PgDatabaseError) -> Self {
        Self {
            code: said.code().to_owned(),
            message: said.message().to_owned(),
            detail: said.detail().map(ToOwned::to_owned),
            hint: said.hint().map(ToOwned::to_owned),
            position: match said.position() {
                Some(PgErrorPosition::Original(it)) => Some(it),
                _ => None,
            },
        }
    }
}

/// What was being done when it went wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doing<'d> {
    pub(super) operation: &'static str,
    /// The statement, for the place of the mistake in it.
    pub(super) statement: Option<&'d str>,
    /// Whether the call has been cancelled.
    pub(super) cancelled: bool,
}

/// The error for `failure`.
pub(super) fn explain(failure: &Failure, doing: Doing<'_>) -> Error {
    let operation = doing.operation;
    let error = |kind, why: &str| Error::new(kind, operation).because(why);
    if doing.cancelled && !matches!(failure, Failure::Tls(_) | Failure::NoPassword) {
        return error(ErrorKind::Cancelled, "it was cancelled");
    }
    match failure {
        Failure::Server(it) => server(it, doing),
        Failure::Io(why, kind) => socket(error(ErrorKind::Unreachable, why), *kind),
        Failure::Gone => error(ErrorKind::Unreachable, "the server has closed the connection")
            .hint("it was perhaps restarted: try again, and look at its log"),
        Failure::Silent => error(ErrorKind::Unreachable, "the server did not answer in time")
            .hint("is the address right, and does a firewall let it through?"),
        Failure::Tls(why) => error(ErrorKind::Unreachable, why).hint(
            "`sslmode` says whether TLS is used, and what is checked; `sslrootcert=FILE` names the authority",
        ),
        Failure::NoPassword => {
            error(ErrorKind::PermissionDenied, "the server asks for a password, and this store has no secret")
                .hint(r#"say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#)
        }
        Failure::Unsendable => error(ErrorKind::InvalidInput, "a text holds a NUL character")
            .hint("no text of this server can hold one; `bytea` can"),
        Failure::Protocol(why) => error(ErrorKind::Other, why)
            .hint("does a server that speaks this protocol listen on this port?"),
    }
}

fn socket(error: Error, kind: io::ErrorKind) -> Error {
    match kind {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => error
            .hint("is the server running on this host and port? try: pg_isready -h HOST -p PORT"),
        _ => error,
    }
}

fn server(said: &ServerError, doing: Doing<'_>) -> Error {
    let (kind, ours) = meaning(said);
    let mut error = Error::new(kind, doing.operation).because(&said.message);
    if let Some(detail) = &said.detail {
        error = error.because(detail);
    }
    if let (Some(position), Some(statement)) = (said.position, doing.statement) {
        let (line, column) = place(statement, position);
        error = error.because(format!("line {line}, column {column}"));
    }
    match said.hint.as_deref().or(ours) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The kind of an error, and what a person can do next.
fn meaning(said: &ServerError) -> (ErrorKind, Option<&'static str>) {
    use ErrorKind::{
        Busy, Cancelled, InvalidInput, NotFound, Other, PermissionDenied, Timeout, Unreachable,
        Unsupported,
    };
    let code = said.code.as_str();
    match code {
        "28P01" => (
            PermissionDenied,
            Some("is the password in this store's secret right, and the user in its URL?"),
        ),
        "28000" => (
            PermissionDenied,
            Some(
                "the server's pg_hba.conf decides who may connect from where, and whether TLS is needed",
            ),
        ),
        "3D000" => (
            NotFound,
            Some("the path of the URL names the database: postgres://USER@HOST/DATABASE"),
        ),
        "25006" => (PermissionDenied, Some(NEEDS_WRITE)),
        // A function tried to let itself write.
        "25001" if said.message.contains("read-write mode") => {
            (PermissionDenied, Some(NEEDS_WRITE))
        }
        "42501" => (
            PermissionDenied,
            Some("ask for a grant: GRANT SELECT ON … TO …; reading needs no more than that"),
        ),
        "42P01" | "42703" | "42883" | "42704" | "3F000" => (NotFound, None),
        "57014" if said.message.contains("statement timeout") => {
            (Timeout, Some("give it more time, or limit what it reads"))
        }
        "57014" => (Cancelled, None),
        "55P03" | "40001" | "40P01" | "55006" => {
            (Busy, Some("somebody else holds what it needs; try again"))
        }
        "53300" => (
            Busy,
            Some("the server has no free connection; close some, or raise max_connections"),
        ),
        "57P03" => (
            Unreachable,
            Some("the server is starting up or shutting down; try again in a moment"),
        ),
        "08P01" if said.message.contains("startup parameter") => (
            Unsupported,
            Some(
                "a connection pooler stands in between: let it pass what it names, by `ignore_startup_parameters`, or connect to the server itself",
            ),
        ),
        "26000" | "25P02" | "25001" => (InvalidInput, None),
        "0A000" => (Unsupported, None),
        _ if code.starts_with("57P") || code.starts_with("08") => {
            (Unreachable, Some("it was perhaps restarted: try again"))
        }
        _ if code.starts_with("53") => (Busy, None),
        _ if ["22", "23", "42", "2B", "34", "2F"]
            .iter()
            .any(|it| code.starts_with(it)) =>
        {
            (InvalidInput, None)
        }
        _ => (Other, None),
    }
}

/// What lets a store be written to.
pub(super) const NEEDS_WRITE: &str = "writing needs `access = \"read-write\"` for this store, and a statement that you type yourself";

/// Line and column of the letter at `position`, all from 1.
fn place(statement: &str, position: usize) -> (usize, usize) {
    let before: String = statement.chars().take(position.saturating_sub(1)).collect();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |it| it.chars().count())
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOING: Doing<'_> = Doing {
        operation: "run the statement",
        statement: Some("select 1\nfrom nöwhere x"),
        cancelled: false,
    };

    fn said(code: &str) -> ServerError {
        ServerError {
            code: code.to_owned(),
            message: "no".to_owned(),
            ..ServerError::default()
        }
    }

    #[test]
    fn a_mistake_is_placed_by_line_and_column() {
        let said = ServerError {
            hint: Some("look".to_owned()),
            position: Some(15),
            ..said("42P01")
        };
        let error = explain(&Failure::Server(Box::new(said)), DOING);
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(error.causes, ["no", "line 2, column 6"]);
        assert_eq!(error.hint.as_deref(), Some("look"));
    }

    #[test]
    fn a_code_tells_the_kind() {
        for (code, kind) in [
            ("28P01", ErrorKind::PermissionDenied),
            ("25006", ErrorKind::PermissionDenied),
            ("42601", ErrorKind::InvalidInput),
            ("22012", ErrorKind::InvalidInput),
            ("57014", ErrorKind::Cancelled),
            ("57P01", ErrorKind::Unreachable),
            ("53300", ErrorKind::Busy),
            ("XX000", ErrorKind::Other),
        ] {
            let failure = Failure::Server(Box::new(said(code)));
            assert_eq!(explain(&failure, DOING).kind, kind, "{code}");
        }
    }

    #[test]
    fn what_a_cancel_brought_about_is_a_cancel() {
        let doing = Doing {
            cancelled: true,
            ..DOING
        };
        assert_eq!(explain(&Failure::Gone, doing).kind, ErrorKind::Cancelled);
    }
}

//! What goes wrong, and what it means: the server's code tells the kind.

use std::io;

use neo4rs::Error as Failure;
use parallax_core::error::{Error, ErrorKind};

/// What was being done when it went wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doing {
    pub(super) operation: &'static str,
    /// Whether the call has been cancelled.
    pub(super) cancelled: bool,
    /// Whether the store has a secret.
    pub(super) has_secret: bool,
}

/// What lets a store be written to.
pub(super) const NEEDS_WRITE: &str = "writing needs `access = \"read-write\"` for this store, and a statement that you type yourself";

/// The error for `failure`.
pub(super) fn explain(failure: &Failure, doing: Doing) -> Error {
    let error = |kind, why: &str| Error::new(kind, doing.operation).because(why);
    if doing.cancelled && !matches!(failure, Failure::AuthenticationError(_)) {
        return error(ErrorKind::Cancelled, "it was cancelled");
    }
    match failure {
        Failure::Neo4j(said) => server(said.code(), said.message(), doing),
        Failure::AuthenticationError(why) => {
            error(ErrorKind::PermissionDenied, first_line(why)).hint(login(why, doing))
        }
        Failure::IOError { detail } => socket(detail, doing),
        Failure::ConnectionClosed(_) => gone(doing),
        Failure::ConnectionTimedOut => silent(doing),
        Failure::ProtocolMismatch(_) | Failure::UnsupportedVersion(..) => {
            error(ErrorKind::Unsupported, &failure.to_string()).hint(
                "Bolt 4.0 to 4.4 is spoken here, usually on port 7687; 7474 is the port of the server's own pages",
            )
        }
        Failure::InvalidDnsName(_)
        | Failure::UrlParseError(_)
        | Failure::UnsupportedScheme(_)
        | Failure::StringTooLong
        | Failure::MapTooBig
        | Failure::BytesTooBig
        | Failure::ListTooLong => error(ErrorKind::InvalidInput, &failure.to_string()),
        Failure::DeserializationError(_) | Failure::UnknownType(_) | Failure::InvalidTypeMarker(_) => {
            error(ErrorKind::Unreadable, &failure.to_string())
                .hint("a value came of a type that the driver does not know; leave it out, or let the statement turn it to text")
        }
        _ => error(ErrorKind::Other, &failure.to_string()),
    }
}

/// The server did not answer the attempt to connect.
pub(super) fn silent(doing: Doing) -> Error {
    Error::new(ErrorKind::Unreachable, doing.operation)
        .because("the server did not answer in time")
        .hint("is the address right, and does a firewall let it through?")
}

fn gone(doing: Doing) -> Error {
    Error::new(ErrorKind::Unreachable, doing.operation)
        .because("the server has closed the connection")
        .hint("it was perhaps restarted: try again, and look at its log")
}

fn socket(detail: &io::Error, doing: Doing) -> Error {
    let error = |kind| Error::new(kind, doing.operation).because(detail);
    match detail.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            gone(doing)
        }
        // What TLS finds wrong with a certificate or a message comes as bad data.
        io::ErrorKind::InvalidData => error(ErrorKind::Unreachable).hint(
            "does the server speak TLS on this port? `?ca=FILE` names the authority that signed its certificate",
        ),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => error(ErrorKind::Unreachable)
            .hint("is the server running on this host and port? Bolt has usually 7687"),
        _ => error(ErrorKind::Unreachable),
    }
}

fn login(why: &str, doing: Doing) -> &'static str {
    if why.contains("too many times") {
        return "the server lets nobody in for a while after wrong passwords: wait some seconds";
    }
    if doing.has_secret {
        "is the password in this store's secret right, and the user in its URL?"
    } else {
        r#"this store has no secret; say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#
    }
}

fn server(code: &str, message: &str, doing: Doing) -> Error {
    let (kind, hint) = meaning(code);
    let error = Error::new(kind, doing.operation).because(first_line(message));
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Without the statement, which the server repeats, and without the place in it.
fn first_line(message: &str) -> &str {
    let line = message.split(" (line ").next().unwrap_or(message);
    line.lines().next().unwrap_or(message).trim_end()
}

/// Where in the statement the server found a mistake: letters from its beginning.
pub(super) fn offset(failure: &Failure) -> Option<usize> {
    let Failure::Neo4j(said) = failure else {
        return None;
    };
    let (_, behind) = said.message().rsplit_once("(offset: ")?;
    behind.split(')').next()?.parse().ok()
}

/// The kind of an error, and what a person can do next.
fn meaning(code: &str) -> (ErrorKind, Option<&'static str>) {
    use ErrorKind::{
        Busy, Cancelled, InvalidInput, NotFound, Other, PermissionDenied, Timeout, Unreachable,
        Unsupported,
    };
    let rest = code.strip_prefix("Neo.").unwrap_or(code);
    let mut parts = rest.split('.');
    let (class, subject, what) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    match (class, subject, what) {
        ("ClientError", "Statement", "AccessMode") => (PermissionDenied, Some(NEEDS_WRITE)),
        (_, "Security", "CredentialsExpired") => (
            PermissionDenied,
            Some(
                "the password must be changed first: ALTER CURRENT USER SET PASSWORD …, in the server's own shell",
            ),
        ),
        (_, "Security", "Unauthorized" | "AuthenticationRateLimit") => (
            PermissionDenied,
            Some("is the password in this store's secret right, and the user in its URL?"),
        ),
        (_, "Security", _) => (
            PermissionDenied,
            Some("ask for the privilege: GRANT TRAVERSE and GRANT READ are what reading needs"),
        ),
        (_, "Cluster", "NotALeader")
        | (_, "General", "ForbiddenOnReadOnlyDatabase" | "WriteOnReadOnlyAccessDatabase") => (
            PermissionDenied,
            Some("this member of the cluster takes no writes; name the one that does in the URL"),
        ),
        (_, "Database", "DatabaseNotFound") => (
            NotFound,
            Some("the path of the URL names the database: bolt://USER@HOST/DATABASE"),
        ),
        (_, "Database" | "General", "DatabaseUnavailable") => (
            Unreachable,
            Some("the database is starting or stopped; try again in a moment"),
        ),
        (_, "Procedure", "ProcedureNotFound") => {
            (NotFound, Some("SHOW PROCEDURES lists what this server has"))
        }
        (_, "Transaction", "TransactionTimedOut" | "TransactionTimedOutClientConfiguration") => {
            (Timeout, Some("give it more time, or limit what it reads"))
        }
        (_, "Transaction", "Terminated" | "LockClientStopped") => (Cancelled, None),
        (
            _,
            "General",
            "MemoryPoolOutOfMemoryError"
            | "OutOfMemoryError"
            | "TransactionOutOfMemoryError"
            | "StackOverFlowError",
        ) => (
            Busy,
            Some(
                "the server has not the memory for it; limit what the statement reads or collects",
            ),
        ),
        ("TransientError", ..) => (Busy, Some("try again")),
        (
            _,
            "Statement",
            "NotSystemDatabaseError"
            | "UnsupportedAdministrationCommand"
            | "UnsupportedOperationError",
        ) => (Unsupported, None),
        (_, "Statement", "EntityNotFound") => (NotFound, None),
        ("ClientError", "Statement" | "Schema" | "Procedure" | "Request" | "Transaction", _) => {
            (InvalidInput, None)
        }
        _ => (Other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOING: Doing = Doing {
        operation: "run the statement",
        cancelled: false,
        has_secret: false,
    };

    #[test]
    fn a_code_tells_the_kind() {
        for (code, kind) in [
            (
                "Neo.ClientError.Security.Unauthorized",
                ErrorKind::PermissionDenied,
            ),
            (
                "Neo.ClientError.Security.Forbidden",
                ErrorKind::PermissionDenied,
            ),
            (
                "Neo.ClientError.Statement.AccessMode",
                ErrorKind::PermissionDenied,
            ),
            (
                "Neo.ClientError.Statement.SyntaxError",
                ErrorKind::InvalidInput,
            ),
            (
                "Neo.ClientError.Schema.ConstraintValidationFailed",
                ErrorKind::InvalidInput,
            ),
            (
                "Neo.ClientError.Database.DatabaseNotFound",
                ErrorKind::NotFound,
            ),
            (
                "Neo.ClientError.Transaction.TransactionTimedOut",
                ErrorKind::Timeout,
            ),
            (
                "Neo.ClientError.Transaction.Terminated",
                ErrorKind::Cancelled,
            ),
            (
                "Neo.TransientError.Transaction.DeadlockDetected",
                ErrorKind::Busy,
            ),
            (
                "Neo.TransientError.General.DatabaseUnavailable",
                ErrorKind::Unreachable,
            ),
            ("Neo.DatabaseError.General.UnknownError", ErrorKind::Other),
        ] {
            assert_eq!(meaning(code).0, kind, "{code}");
        }
    }

    #[test]
    fn a_message_loses_the_statement_and_its_place() {
        let said =
            "Invalid input 'RETUR' (line 1, column 11 (offset: 10))\n\"MATCH (n) RETUR n\"\n   ^";
        assert_eq!(first_line(said), "Invalid input 'RETUR'");
    }

    #[test]
    fn without_a_secret_the_hint_says_so() {
        let failure = Failure::AuthenticationError("unauthorized".to_owned());
        let error = explain(&failure, DOING);
        assert_eq!(error.kind, ErrorKind::PermissionDenied);
        assert!(error.hint.is_some_and(|it| it.contains("no secret")));
    }
}

//! What goes wrong, and what it means: the server's error number tells the kind.

use std::io;

use parallax_core::error::{Error, ErrorKind};
use sqlx::mysql::MySqlDatabaseError;

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
            sqlx::Error::Database(it) => match it.try_downcast_ref::<MySqlDatabaseError>() {
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
    /// The server's number for what went wrong; 0 where it is not the server that said so.
    pub(super) fn number(&self) -> u16 {
        match self {
            Self::Server(it) => it.number,
            _ => 0,
        }
    }
}

/// The fields of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerError {
    number: u16,
    state: String,
    message: String,
}

impl ServerError {
    fn of(said: &MySqlDatabaseError) -> Self {
        Self {
            number: said.number(),
            state: said.code().unwrap_or_default().to_owned(),
            message: said.message().to_owned(),
        }
    }
}

/// What was being done when it went wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doing {
    pub(super) operation: &'static str,
    /// Whether the call has been cancelled.
    pub(super) cancelled: bool,
    /// Whether the store has a secret, where it matters.
    pub(super) has_secret: bool,
}

impl Doing {
    pub(super) fn plain(operation: &'static str) -> Self {
        Self {
            operation,
            cancelled: false,
            has_secret: true,
        }
    }
}

/// The error for `failure`.
pub(super) fn explain(failure: &Failure, doing: Doing) -> Error {
    let operation = doing.operation;
    let error = |kind, why: &str| Error::new(kind, operation).because(why);
    if doing.cancelled && !matches!(failure, Failure::Tls(_)) {
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
            "`ssl-mode` says whether TLS is used, and what is checked; `ssl-ca=FILE` names the authority",
        ),
        Failure::Protocol(why) => protocol(error(ErrorKind::Other, why), why),
    }
}

/// What the driver says of what it does not understand.
fn protocol(error: Error, why: &str) -> Error {
    let (kind, hint) = if why.contains("authentication plugin")
        || why.contains("RSA")
        || why.contains("cleartext")
    {
        (
            ErrorKind::Unsupported,
            "use TLS (`ssl-mode=required`), or an account with caching_sha2_password or mysql_native_password",
        )
    } else if why.contains("unknown column type") {
        (
            ErrorKind::Unsupported,
            "a column is of a type that the driver does not understand: convert it in the statement, for example by HEX(…)",
        )
    } else {
        (
            ErrorKind::Other,
            "does a server that speaks this protocol listen on this port?",
        )
    };
    Error { kind, ..error }.hint(hint)
}

fn socket(error: Error, kind: io::ErrorKind) -> Error {
    match kind {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
            error.hint("is the server running on this host and port?")
        }
        _ => error,
    }
}

fn server(said: &ServerError, doing: Doing) -> Error {
    if said.number == 1045 && !doing.has_secret {
        return Error::new(ErrorKind::PermissionDenied, doing.operation)
            .because("the server asks for a password, and this store has no secret")
            .hint(r#"say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#);
    }
    let (kind, hint) = meaning(said.number, &said.state);
    let error = Error::new(kind, doing.operation).because(format!(
        "{} (error {}, {})",
        said.message, said.number, said.state
    ));
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

const PASSWORD: &str = "is the password in this store's secret right, and the user in its URL?";
const GRANT: &str = "ask for a grant: GRANT SELECT ON … TO …; reading needs no more than that";
const AGAIN: &str = "it was perhaps restarted: try again";

/// What lets a store be written to.
pub(super) const NEEDS_WRITE: &str = "writing needs `access = \"read-write\"` for this store, and a statement that you type yourself";

/// The kind of an error, and what a person can do next.
fn meaning(number: u16, state: &str) -> (ErrorKind, Option<&'static str>) {
    use ErrorKind::{
        Busy, Cancelled, InvalidInput, NotFound, Other, PermissionDenied, Timeout, Unreachable,
        Unsupported,
    };
    match number {
        1045 | 1698 => (PermissionDenied, Some(PASSWORD)),
        1130 => (
            PermissionDenied,
            Some("the account may not connect from this machine: its host part decides"),
        ),
        3159 => (
            PermissionDenied,
            Some("the server takes encrypted connections only: `ssl-mode=required`"),
        ),
        1044 | 1142 | 1143 | 1227 | 1370 | 1419 => (PermissionDenied, Some(GRANT)),
        1792 | 1290 | 1836 => (PermissionDenied, Some(NEEDS_WRITE)),
        1049 => (
            NotFound,
            Some("the path of the URL names the database: mysql://USER@HOST/DATABASE"),
        ),
        1046 => (
            InvalidInput,
            Some("name the database: in the path of the URL, or before the table"),
        ),
        1051 | 1054 | 1091 | 1146 | 1305 | 1109 | 4091 => (NotFound, None),
        1969 | 3024 | 3169 => (Timeout, Some("give it more time, or limit what it reads")),
        1317 => (Cancelled, None),
        1205 | 1213 | 3572 => (Busy, Some("somebody else holds what it needs; try again")),
        1040 | 1203 | 1226 => (
            Busy,
            Some("the server has no free connection; close some, or raise max_connections"),
        ),
        1153 => (
            InvalidInput,
            Some("it is longer than the server's max_allowed_packet"),
        ),
        1053 | 1077 | 1079 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 3032 | 4031 => {
            (Unreachable, Some(AGAIN))
        }
        1235 | 1295 | 1286 => (Unsupported, None),
        _ if state.starts_with("08") => (Unreachable, Some(AGAIN)),
        _ if state == "25006" => (PermissionDenied, Some(NEEDS_WRITE)),
        _ if ["21", "22", "23", "42", "44", "0A"]
            .iter()
            .any(|it| state.starts_with(it)) =>
        {
            (InvalidInput, None)
        }
        _ => (Other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(number: u16, state: &str) -> Failure {
        Failure::Server(Box::new(ServerError {
            number,
            state: state.to_owned(),
            message: "no".to_owned(),
        }))
    }

    #[test]
    fn a_number_tells_the_kind() {
        for (number, state, kind) in [
            (1045, "28000", ErrorKind::PermissionDenied),
            (1792, "25006", ErrorKind::PermissionDenied),
            (1142, "42000", ErrorKind::PermissionDenied),
            (1064, "42000", ErrorKind::InvalidInput),
            (1146, "42S02", ErrorKind::NotFound),
            (1062, "23000", ErrorKind::InvalidInput),
            (1317, "70100", ErrorKind::Cancelled),
            (1969, "70100", ErrorKind::Timeout),
            (3024, "HY000", ErrorKind::Timeout),
            (1040, "08004", ErrorKind::Busy),
            (1053, "08S01", ErrorKind::Unreachable),
            (9999, "HY000", ErrorKind::Other),
        ] {
            let error = explain(&said(number, state), Doing::plain("run it"));
            assert_eq!(error.kind, kind, "{number}");
            assert!(error.causes[0].contains(&number.to_string()), "{error}");
        }
    }

    #[test]
    fn what_a_cancel_brought_about_is_a_cancel() {
        let doing = Doing {
            cancelled: true,
            ..Doing::plain("run it")
        };
        assert_eq!(explain(&Failure::Gone, doing).kind, ErrorKind::Cancelled);
    }

    #[test]
    fn a_missing_secret_is_told_from_a_wrong_one() {
        let doing = Doing {
            has_secret: false,
            ..Doing::plain("connect")
        };
        let error = explain(&said(1045, "28000"), doing);
        assert!(error.hint.is_some_and(|it| it.contains("keychain")));
    }

    #[test]
    fn what_the_driver_cannot_do_is_told() {
        let why = Failure::Protocol("unknown authentication plugin: parsec".to_owned());
        assert_eq!(
            explain(&why, Doing::plain("connect")).kind,
            ErrorKind::Unsupported
        );
    }
}

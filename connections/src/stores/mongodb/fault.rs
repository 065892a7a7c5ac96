//! The server's errors, the driver's, and those of the way to the server, in our words.

use std::borrow::Cow;
use std::io;

use mongodb::error::{CommandError, Error as Failure, ErrorKind as FailureKind, WriteFailure};
use parallax_core::error::{Error, ErrorKind};

use super::url::Address;

/// What the driver or the server answered instead of what was asked for.
pub(super) fn failed(
    failure: &Failure,
    operation: impl Into<Cow<'static, str>>,
    address: &Address,
) -> Error {
    let operation = operation.into();
    match failure.kind.as_ref() {
        FailureKind::Command(it) => refused(it, operation),
        FailureKind::Write(WriteFailure::WriteError(it)) => {
            Error::new(ErrorKind::InvalidInput, operation)
                .because(format!("{} (code {})", it.message, it.code))
        }
        FailureKind::Authentication { message, .. } => login(failure, message, address),
        FailureKind::Io(it) => unreachable(it, address),
        FailureKind::ServerSelection { message, .. } => {
            Error::new(ErrorKind::Unreachable, format!("reach {}", address.hosts))
                .because(message)
                .hint("is there a primary, or a server that `readPreference` allows? one server of a set by itself is read with directConnection=true")
        }
        FailureKind::ConnectionPoolCleared { .. } => lost("the connection was given up"),
        FailureKind::InvalidArgument { message, .. } => {
            Error::new(ErrorKind::InvalidInput, operation).because(message)
        }
        FailureKind::InvalidTlsConfig { message, .. } => {
            Error::new(ErrorKind::InvalidInput, "read the TLS options").because(message)
        }
        FailureKind::InvalidResponse { .. } | FailureKind::Bson(_) => {
            // What the driver says of it may hold what it has read, which may be anybody's data.
            Error::new(ErrorKind::Unreadable, operation)
                .because("the server's reply is not what the protocol says")
                .hint("does a server that speaks the wire protocol of MongoDB listen on this port?")
        }
        FailureKind::IncompatibleServer { message, .. } => {
            Error::new(ErrorKind::Unsupported, operation)
                .because(message)
                .hint("the driver speaks to servers from wire version 9 on, which is MongoDB 4.4")
        }
        FailureKind::SessionsNotSupported => {
            Error::new(ErrorKind::Unsupported, operation).because("the server has no sessions")
        }
        FailureKind::Shutdown => cancelled(),
        other => Error::new(ErrorKind::Other, operation).because(other),
    }
}

/// Whether the way to the server failed, so that a read may be tried again on another connection.
pub(super) fn is_broken_way(failure: &Failure) -> bool {
    match failure.kind.as_ref() {
        FailureKind::Io(it) => it.kind() != io::ErrorKind::TimedOut,
        FailureKind::ConnectionPoolCleared { .. } => true,
        _ => false,
    }
}

fn refused(error: &CommandError, operation: Cow<'static, str>) -> Error {
    let (kind, hint) = kind(error.code, &error.message);
    let name = match error.code_name.as_str() {
        "" => String::new(),
        name => format!(" {name}"),
    };
    let told = Error::new(kind, operation)
        .because(format!("{} (code {}{name})", error.message, error.code));
    match hint {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

fn kind(code: i32, message: &str) -> (ErrorKind, Option<&'static str>) {
    match code {
        11 | 18 => (ErrorKind::PermissionDenied, Some(LOGIN)),
        13 | 8000 => (
            ErrorKind::PermissionDenied,
            Some(
                "the user has no role that allows this; see: db.runCommand({connectionStatus: 1})",
            ),
        ),
        26 => (ErrorKind::NotFound, None),
        50 | 262 => (
            ErrorKind::Timeout,
            Some(
                "give it more time with --deadline TIME, or an index: db.COLLECTION.find(…).explain()",
            ),
        ),
        59 | 115 | 238 => (
            ErrorKind::Unsupported,
            Some("this server, at this version, does not have that"),
        ),
        40_234 | 40_324 => (
            ErrorKind::Unsupported,
            Some("is the stage's name right? this server may not have it"),
        ),
        237 | 11_601 => (ErrorKind::Cancelled, None),
        43 => (
            ErrorKind::Other,
            Some("the server forgot the cursor: it waits ten minutes for the next batch"),
        ),
        91 | 189 | 11_600 | 11_602 => (
            ErrorKind::Unreachable,
            Some("the server is ending, or choosing a primary; try again"),
        ),
        10_107 | 13_435 | 13_436 => (
            ErrorKind::Busy,
            Some(
                "this server is no primary now; name all servers of the set, or allow others with readPreference",
            ),
        ),
        292 | 146 => (
            ErrorKind::Busy,
            Some(
                "the server has not enough memory for this; limit it, or allow it the disk: {allowDiskUse: true}",
            ),
        ),
        // A server that keeps its documents in another one passes its answer on.
        1 | 8 if message.contains("authentication failed") => {
            (ErrorKind::PermissionDenied, Some(LOGIN))
        }
        1 | 8 => (ErrorKind::Other, None),
        _ if message.contains("not implemented") || message.contains("not supported") => {
            (ErrorKind::Unsupported, None)
        }
        _ => (ErrorKind::InvalidInput, None),
    }
}

const LOGIN: &str =
    "are the user and `authSource` right, and the password that `secret` points to?";

/// Says why the login failed; the server's own words stand deeper, where it said any.
fn login(failure: &Failure, message: &str, address: &Address) -> Error {
    let mut error = Error::new(ErrorKind::PermissionDenied, "log in").because(message);
    let source = std::error::Error::source(failure);
    if let Some(source) = source.and_then(|it| it.downcast_ref::<Failure>())
        && let FailureKind::Command(it) = source.kind.as_ref()
    {
        error = error.because(format!("{} (code {})", it.message, it.code));
    }
    if address.has_user {
        error.hint(LOGIN)
    } else {
        error.hint("name the user in the URL: mongodb://USER@HOST:PORT/DATABASE")
    }
}

/// The way to the server ends, or never began.
fn unreachable(error: &io::Error, address: &Address) -> Error {
    let operation = format!("connect to {}", address.hosts);
    let told = |why: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Unreachable, operation.clone()).because(why)
    };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => told(&"connection refused").hint(format!(
            "is a server running on this port? try: mongosh mongodb://{}",
            address.hosts
        )),
        io::ErrorKind::TimedOut => told(&"no answer in time")
            .hint("can this machine reach the host, and is the server not stopped?"),
        // The driver reports a bad certificate so.
        io::ErrorKind::InvalidData if address.is_encrypted => told(error)
            .hint("does an authority that is trusted here vouch for the server, for this name? a private one is named by tlsCAFile=FILE"),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::InvalidData => closed(address),
        _ => told(error).hint("is the host's name right, and can this machine reach it?"),
    }
}

fn closed(address: &Address) -> Error {
    let error = lost("the server closed the connection");
    if address.is_encrypted {
        error.hint("did the server end, or does this port not speak TLS?")
    } else {
        error.hint("did the server end, or does it want TLS (tls=true)? try again")
    }
}

fn lost(why: &str) -> Error {
    Error::new(ErrorKind::Unreachable, "talk to the server").because(why)
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "finish the call").because("it was cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        super::super::url::address("mongodb://h:1/shop", std::path::Path::new("/")).expect("read")
    }

    #[test]
    fn codes_have_kinds() {
        for (code, expected) in [
            (13, ErrorKind::PermissionDenied),
            (18, ErrorKind::PermissionDenied),
            (26, ErrorKind::NotFound),
            (50, ErrorKind::Timeout),
            (59, ErrorKind::Unsupported),
            (238, ErrorKind::Unsupported),
            (11_601, ErrorKind::Cancelled),
            (11_600, ErrorKind::Unreachable),
            (2, ErrorKind::InvalidInput),
        ] {
            assert_eq!(kind(code, "").0, expected, "{code}");
        }
        assert_eq!(
            kind(0, "`$x` is not implemented yet").0,
            ErrorKind::Unsupported
        );
    }

    #[test]
    fn where_the_way_ends_is_told() {
        let by = |kind: io::ErrorKind| failed(&io::Error::from(kind).into(), "read", &address());
        let refused = by(io::ErrorKind::ConnectionRefused);
        assert_eq!(refused.kind, ErrorKind::Unreachable);
        assert!(
            refused
                .hint
                .expect("a hint")
                .contains("mongosh mongodb://h:1")
        );
        assert!(
            by(io::ErrorKind::UnexpectedEof)
                .to_string()
                .contains("closed the connection")
        );
        assert!(is_broken_way(
            &io::Error::from(io::ErrorKind::BrokenPipe).into()
        ));
        assert!(!is_broken_way(
            &io::Error::from(io::ErrorKind::TimedOut).into()
        ));
    }
}

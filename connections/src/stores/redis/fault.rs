//! The server's errors, and those of the way to it, in our words.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind};
use redis::{RedisError, ServerError};

use super::url::Address;

/// The error that a server answers with: its first word is a code.
fn server(text: &str, operation: impl Into<Cow<'static, str>>) -> Error {
    let (code, _) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, hint) = kind(code, text);
    let error = Error::new(kind, operation).because(text);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The error that a server answers with, as the driver gives it.
pub(super) fn refused(error: &ServerError, operation: impl Into<Cow<'static, str>>) -> Error {
    server(&said(error), operation)
}

/// What the server said, from its code on.
pub(super) fn said(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

fn kind(code: &str, text: &str) -> (ErrorKind, Option<&'static str>) {
    match code {
        "NOAUTH" => (
            ErrorKind::PermissionDenied,
            Some("this server wants a password: say where it is kept with `secret = …`"),
        ),
        "WRONGPASS" => (
            ErrorKind::PermissionDenied,
            Some("is the user right, and the password that `secret` points to?"),
        ),
        "NOPERM" => (
            ErrorKind::PermissionDenied,
            Some("the user's access list does not allow this; see: ACL GETUSER NAME"),
        ),
        "READONLY" => (
            ErrorKind::PermissionDenied,
            Some("this server is a replica, which only its primary writes to"),
        ),
        "LOADING" => (
            ErrorKind::Busy,
            Some("the server is reading its data from disk; try again in a moment"),
        ),
        "BUSY" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" => (ErrorKind::Busy, None),
        "OOM" => (
            ErrorKind::Busy,
            Some("the server has used up its `maxmemory`; reading still works"),
        ),
        "MOVED" | "ASK" | "CROSSSLOT" => (
            ErrorKind::Unsupported,
            Some(
                "this is one node of a cluster, which holds only a part of the keys; connect to a proxy in front of it",
            ),
        ),
        "WRONGTYPE" => (
            ErrorKind::InvalidInput,
            Some("the key holds another type than this command is for; see: TYPE KEY"),
        ),
        "NOPROTO" => (ErrorKind::Unsupported, None),
        _ => general(text),
    }
}

fn general(text: &str) -> (ErrorKind, Option<&'static str>) {
    let text = text.to_ascii_lowercase();
    if text.contains("max number of clients") {
        return (
            ErrorKind::Busy,
            Some("the server has as many clients as `maxclients` allows"),
        );
    }
    if text.contains("without any password") || text.contains("no password is set") {
        return (
            ErrorKind::PermissionDenied,
            Some("the server knows no password for this user: take `secret` out of the store"),
        );
    }
    if text.contains("protected mode") || text.starts_with("denied") {
        return (
            ErrorKind::PermissionDenied,
            Some("the server is in protected mode and answers only on its own machine"),
        );
    }
    if text.contains("not allowed from read-only scripts") {
        return (
            ErrorKind::PermissionDenied,
            Some("let the script read only: what ends in _RO may not write"),
        );
    }
    if text.contains("no such key") {
        return (ErrorKind::NotFound, None);
    }
    (ErrorKind::InvalidInput, None)
}

/// Why there is no connection to `address`.
pub(super) fn connect(error: &RedisError, address: &Address) -> Error {
    if error.code().is_some() || error.kind() == redis::ErrorKind::Parse {
        return answered(error, "log in");
    }
    let operation = format!("connect to {}:{}", address.host, address.port);
    let io = io_error(error).map(io::Error::kind);
    let is_handshake = matches!(
        io,
        Some(
            io::ErrorKind::InvalidData
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        )
    );
    let refused = format!(
        "is a server running on this port? try: redis-cli -h {} -p {} ping",
        address.host, address.port
    );
    match error.kind() {
        redis::ErrorKind::Io if is_handshake && address.tls.is_none() => closed(),
        redis::ErrorKind::Io if is_handshake => {
            Error::new(ErrorKind::Unreachable, "connect over TLS")
                .because(error)
                .hint("does this port speak TLS, and does an authority that is trusted here vouch for it? a private one is named by `?ca=FILE`")
        }
        // A name that no certificate can be for.
        redis::ErrorKind::Io if io.is_none() => {
            Error::new(ErrorKind::InvalidInput, operation).because(error)
        }
        redis::ErrorKind::AuthenticationFailed => {
            Error::new(ErrorKind::PermissionDenied, operation)
                .because("the server refused the user and the password")
                .hint("is the user right, and the password that `secret` points to?")
        }
        _ if io == Some(io::ErrorKind::ConnectionRefused) => {
            Error::new(ErrorKind::Unreachable, operation).because(error).hint(refused)
        }
        _ => Error::new(ErrorKind::Unreachable, operation)
            .because(error)
            .hint("is the host's name right, and can this machine reach it?"),
    }
}

/// The error of the way to the server that a driver's error holds.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    type Shared = Arc<dyn std::error::Error + Send + Sync>;
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<Shared>()?.downcast_ref()
}

/// Whether the server is older than the greeting that chooses RESP 3.
pub(super) fn knows_no_hello(error: &RedisError) -> bool {
    let detail = error.detail().unwrap_or_default().to_ascii_lowercase();
    error.kind() == redis::ErrorKind::RESP3NotSupported
        || error.code() == Some("NOPROTO")
        || detail.starts_with("unknown command")
}

/// Why a connection cannot be used any more.
pub(super) fn broke(error: &RedisError) -> Error {
    answered(error, "talk to the server")
}

/// What the server answered, or why it cannot be read.
pub(super) fn answered(error: &RedisError, operation: &'static str) -> Error {
    if let Some(code) = error.code() {
        let detail = error.detail().unwrap_or_default();
        return server(format!("{code} {detail}").trim_end(), operation);
    }
    let cut_off = error.detail().is_some_and(|it| it.contains("end of input"));
    match error.kind() {
        // What the driver says of it holds what it has read, which may be anybody's data.
        redis::ErrorKind::Parse if !cut_off => broken("it is no RESP"),
        redis::ErrorKind::Parse => closed(),
        _ if error.is_connection_dropped() => closed(),
        _ => away(&error.to_string()),
    }
}

/// The server closed the connection.
pub(super) fn closed() -> Error {
    away("the server closed the connection")
}

fn away(why: &str) -> Error {
    Error::new(ErrorKind::Unreachable, "talk to the server")
        .because(why)
        .hint("did the server end, or end this client? try again")
}

/// The error of a reply that is no RESP, or not the one that was asked for.
pub(super) fn broken(why: &str) -> Error {
    Error::new(ErrorKind::Unreadable, "read the server's reply")
        .because(why)
        .hint("does a server that speaks RESP listen on this port?")
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "finish the call").because("it was cancelled")
}

#[cfg(test)]
mod tests {
    use super::super::url::Trust;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: ErrorKind) {
        let error = server(text, "read");
        assert_eq!(error.kind, expected, "{text}");
        assert!(error.to_string().contains(text), "{error}");
    }

    #[test]
    fn what_the_server_says_has_a_kind() {
        check(
            "NOAUTH Authentication required.",
            ErrorKind::PermissionDenied,
        );
        check(
            "NOPERM this user has no permissions",
            ErrorKind::PermissionDenied,
        );
        check("LOADING Redis is loading", ErrorKind::Busy);
        check("MOVED 3999 127.0.0.1:6381", ErrorKind::Unsupported);
        check("OOM command not allowed", ErrorKind::Busy);
        check("ERR max number of clients reached", ErrorKind::Busy);
        check("ERR no such key", ErrorKind::NotFound);
        check("ERR syntax error", ErrorKind::InvalidInput);
        check("LOADING", ErrorKind::Busy);
    }

    fn address(tls: Option<Trust>) -> Address {
        Address {
            host: "cache".to_owned(),
            port: 6379,
            user: None,
            database: 0,
            tls,
        }
    }

    #[test]
    fn where_the_way_ends_is_told() {
        let by = |kind: io::ErrorKind, tls: Option<Trust>| {
            connect(&RedisError::from(io::Error::from(kind)), &address(tls))
        };
        let hint = |error: Error| error.hint.expect("a hint");
        let refused = by(io::ErrorKind::ConnectionRefused, None);
        assert_eq!(refused.kind, ErrorKind::Unreachable);
        assert!(hint(refused).contains("redis-cli -h cache -p 6379"));
        let handshake = by(io::ErrorKind::InvalidData, Some(Trust::System));
        assert!(hint(handshake).contains("does this port speak TLS"));
        let closed = by(io::ErrorKind::ConnectionReset, None);
        assert!(closed.to_string().contains("closed the connection"));
        let lost = broke(&RedisError::from(io::Error::from(
            io::ErrorKind::BrokenPipe,
        )));
        assert_eq!(lost.kind, ErrorKind::Unreachable);
    }
}

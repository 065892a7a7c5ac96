//! The server's errors, and those of the way to it, in our words.

use std::borrow::Cow;
use std::io;

use parallax_core::error::{Error, ErrorKind};

use super::url::Address;

/// The error that a server answers with: its first word is a code.
pub(super) fn server(text: &str, operation: impl Into<Cow<'static, str>>) -> Error {
    let (code, _) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, hint) = kind(code, text);
    let error = Error::new(kind, operation).because(text);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The code of a server's error, such as `WRONGTYPE`.
pub(super) fn code(text: &str) -> &str {
    text.split_once(' ').map_or(text, |(code, _)| code)
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
pub(super) fn connect(error: &io::Error, address: &Address) -> Error {
    let operation = format!("connect to {}:{}", address.host, address.port);
    let hint = match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "is a server running on this port? try: redis-cli -h {} -p {} ping",
            address.host, address.port
        ),
        _ => "is the host's name right, and can this machine reach it?".to_owned(),
    };
    Error::new(ErrorKind::Unreachable, operation)
        .because(error)
        .hint(hint)
}

/// The connection broke off.
pub(super) fn broke(error: &io::Error) -> Error {
    let error = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        _ => error.to_string(),
    };
    Error::new(ErrorKind::Unreachable, "talk to the server")
        .because(error)
        .hint("did the server end, or end this client? try again")
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "finish the call").because("it was cancelled")
}

#[cfg(test)]
mod tests {
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
}

//! SQLite's errors in our words.

use std::io;
use std::path::Path;

use parallax_core::error::{Error, ErrorKind};

use super::control::Control;

const ERROR: i32 = 1;
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const CANTOPEN: i32 = 14;
const TOOBIG: i32 = 18;
const CONSTRAINT: i32 = 19;
const AUTH: i32 = 23;
const RANGE: i32 = 25;
const NOTADB: i32 = 26;

/// The primary result code behind an error, where it is SQLite's.
pub(super) fn code(error: &sqlx::Error) -> Option<i32> {
    extended(error).map(|it| it & 0xff)
}

fn extended(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether somebody else holds the file, so that trying again may help.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(BUSY | LOCKED))
}

/// Whether the connection is of no more use.
pub(super) fn ends_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(_) => {
            matches!(code(error), Some(INTERRUPT | IOERR | CORRUPT | NOTADB))
        }
        _ => true,
    }
}

/// `error` as it came while doing `operation`.
pub(super) fn explain(error: &sqlx::Error, operation: &'static str, control: &Control) -> Error {
    let message = error
        .as_database_error()
        .map_or_else(|| error.to_string(), |it| it.message().to_owned());
    if code(error) == Some(INTERRUPT) {
        return interrupted(operation, control);
    }
    let (kind, hint) = kind(error, &message);
    let explained = Error::new(kind, operation).because(message);
    match hint {
        Some(hint) => explained.hint(hint),
        None => explained,
    }
}

pub(super) fn interrupted(operation: &'static str, control: &Control) -> Error {
    if control.is_stopped() {
        return Error::new(ErrorKind::Cancelled, operation).because("it was cancelled");
    }
    Error::new(ErrorKind::Timeout, operation)
        .because("the deadline passed, and the statement was stopped")
        .hint("give it more time with --deadline TIME, or limit what it reads")
}

fn kind(error: &sqlx::Error, message: &str) -> (ErrorKind, Option<&'static str>) {
    match (code(error), error) {
        (Some(BUSY | LOCKED), _) => (
            ErrorKind::Busy,
            Some(
                "another process is writing to the file and holds its lock; try again, or see which: fuser FILE",
            ),
        ),
        (Some(READONLY), _) => (ErrorKind::PermissionDenied, Some(read_only_hint(error))),
        (Some(PERM | AUTH), _) => (ErrorKind::PermissionDenied, None),
        (Some(CANTOPEN), _) => (
            ErrorKind::Unreachable,
            Some(
                "may this user read the file and its folder? a file in WAL mode also needs its `-shm` beside it",
            ),
        ),
        (Some(NOTADB), _) => (
            ErrorKind::Unreadable,
            Some("is this an SQLite file, and not an encrypted one?"),
        ),
        (Some(CORRUPT), _) => (
            ErrorKind::Unreadable,
            Some("the file is damaged: try `PRAGMA integrity_check`"),
        ),
        (Some(IOERR), _) => (
            ErrorKind::Unreachable,
            Some("the file could not be read: is its disk there?"),
        ),
        (Some(ERROR), _) if message == "not authorized" => (ErrorKind::PermissionDenied, None),
        (Some(ERROR | TOOBIG | CONSTRAINT | RANGE), _) => (ErrorKind::InvalidInput, None),
        (_, sqlx::Error::WorkerCrashed) => (
            ErrorKind::Other,
            Some("the schema may have changed while the statement ran; run it again"),
        ),
        _ => (ErrorKind::Other, None),
    }
}

fn read_only_hint(error: &sqlx::Error) -> &'static str {
    match extended(error) {
        Some(READONLY) => "this session only reads; writing needs `access = \"read-write\"`",
        _ => "its last writer stopped half-way; open the file once with a program that may write",
    }
}

/// Why the file cannot be used at all.
pub(super) fn file(error: &io::Error, path: &Path) -> Error {
    let operation = format!("open {}", path.display());
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(ErrorKind::NotFound, operation)
            .because("there is no such file")
            .hint(
                "is the path right? it is relative to the deployment file; a file is never created",
            ),
        io::ErrorKind::PermissionDenied => {
            Error::new(ErrorKind::PermissionDenied, operation).because(error)
        }
        _ => Error::new(ErrorKind::Unreachable, operation).because(error),
    }
}

/// A path that is there and is no file.
pub(super) fn no_file(path: &Path) -> Error {
    Error::new(ErrorKind::Unreachable, format!("open {}", path.display()))
        .because("it is not a file")
}

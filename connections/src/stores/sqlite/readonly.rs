//! What a read-only session refuses before SQLite sees it, and why.
//!
//! SQLite's own means come first: the file is opened read-only, and `query_only` is on. What those leave open is closed
//! here by a list of what may pass: some statements act outside the file (`VACUUM INTO`, `ATTACH`), some take the guard
//! off (`PRAGMA query_only`), some hold a lock that keeps writers out (`PRAGMA locking_mode`), and some pragmas act while
//! they are compiled, even behind `EXPLAIN`.

use parallax_core::error::{Error, ErrorKind};

use crate::sql::SqlStatement;

/// Pragmas that read, with or without an argument.
const READING: &[&str] = &[
    "COLLATION_LIST",
    "COMPILE_OPTIONS",
    "DATABASE_LIST",
    "FOREIGN_KEY_CHECK",
    "FOREIGN_KEY_LIST",
    "FUNCTION_LIST",
    "INDEX_INFO",
    "INDEX_LIST",
    "INDEX_XINFO",
    "INTEGRITY_CHECK",
    "MODULE_LIST",
    "PRAGMA_LIST",
    "QUICK_CHECK",
    "TABLE_INFO",
    "TABLE_LIST",
    "TABLE_XINFO",
];

/// Pragmas that read without an argument, and set with one.
const SETTINGS: &[&str] = &[
    "APPLICATION_ID",
    "AUTO_VACUUM",
    "BUSY_TIMEOUT",
    "CACHE_SIZE",
    "DATA_VERSION",
    "ENCODING",
    "FOREIGN_KEYS",
    "FREELIST_COUNT",
    "JOURNAL_MODE",
    "JOURNAL_SIZE_LIMIT",
    "LOCKING_MODE",
    "MAX_PAGE_COUNT",
    "MMAP_SIZE",
    "PAGE_COUNT",
    "PAGE_SIZE",
    "QUERY_ONLY",
    "RECURSIVE_TRIGGERS",
    "SCHEMA_VERSION",
    "SECURE_DELETE",
    "SYNCHRONOUS",
    "TEMP_STORE",
    "USER_VERSION",
    "WAL_AUTOCHECKPOINT",
    "WRITABLE_SCHEMA",
];

/// What a statement does to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it reads.
    Reads,
    /// It leaves something behind in the session, such as a transaction, and reads otherwise.
    ChangesSession,
    /// It is, or may be, more than reading; why.
    Writes(&'static str),
}

/// What `statement` does, as far as its words tell.
pub(super) fn effect(statement: &SqlStatement) -> Effect {
    match statement.verb() {
        "SELECT" | "VALUES" => Effect::Reads,
        "EXPLAIN" => explain(statement),
        "PRAGMA" => pragma(statement),
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => Effect::ChangesSession,
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" => Effect::Writes("it changes rows"),
        "CREATE" | "ALTER" | "DROP" => {
            Effect::Writes("it changes the schema, be it only that of this session")
        }
        "ATTACH" | "DETACH" => Effect::Writes("it opens a file of its own choice"),
        "VACUUM" => Effect::Writes("it writes a file, and with INTO a new one"),
        "ANALYZE" | "REINDEX" => Effect::Writes("it rewrites statistics or indices"),
        _ => Effect::Writes("it is not a statement that is known to only read"),
    }
}

/// The refusal of a statement in a read-only session.
pub(super) fn refusal(statement: &SqlStatement, why: &str) -> Error {
    let name = statement.verb().to_owned();
    Error::new(ErrorKind::PermissionDenied, format!("run {name}"))
        .because(why)
        .because("the session is read-only")
        .hint("writing needs `access = \"read-write\"` for this store")
}

/// `EXPLAIN` runs nothing, but a pragma behind it would act while it is compiled.
fn explain(statement: &SqlStatement) -> Effect {
    let mut words = statement.words.iter().map(String::as_str).skip(1);
    let explained = words.find(|it| !matches!(*it, "QUERY" | "PLAN"));
    match explained {
        Some("SELECT" | "VALUES" | "WITH" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE") => {
            Effect::Reads
        }
        _ => Effect::Writes("only queries and changes of rows can be explained without an effect"),
    }
}

fn pragma(statement: &SqlStatement) -> Effect {
    let mut words: Vec<&str> = statement.words.iter().map(String::as_str).skip(1).collect();
    if words.get(1) == Some(&".") {
        words.drain(..2);
    }
    let (name, argument) = words
        .split_first()
        .map_or(("", false), |(it, rest)| (*it, !rest.is_empty()));
    if READING.contains(&name) || (SETTINGS.contains(&name) && !argument) {
        return Effect::Reads;
    }
    if SETTINGS.contains(&name) {
        return Effect::Writes("it changes a setting");
    }
    Effect::Writes("this pragma is not known to only read")
}

//! What may run without write access: commands that are known to read, without code that the server would run.
//!
//! The wire has no read-only session, so this list is what guards a read-only profile: what is not on it is refused
//! before it is sent.

use mongodb::bson::{Bson, Document};
use parallax_core::error::{Error, ErrorKind};

/// Commands that read, in lower case. `validate` is not one: it locks the collection and may repair it.
const READS: &[&str] = &[
    "aggregate",
    "balancerstatus",
    "buildinfo",
    "collstats",
    "connectionstatus",
    "count",
    "currentop",
    "datasize",
    "dbstats",
    "distinct",
    "explain",
    "features",
    "find",
    "getcmdlineopts",
    "getlog",
    "getparameter",
    "getshardmap",
    "hello",
    "hostinfo",
    "ismaster",
    "listcollections",
    "listcommands",
    "listdatabases",
    "listindexes",
    "listshards",
    "lockinfo",
    "ping",
    "plancachelistfilters",
    "replsetgetconfig",
    "replsetgetstatus",
    "rolesinfo",
    "serverstatus",
    "top",
    "usersinfo",
    "whatsmyuri",
];

/// Members that write, or run code, wherever they stand.
const WRITES: &[(&str, &str)] = &[
    ("$out", "it writes a collection"),
    ("$merge", "it writes a collection"),
    ("$where", "it runs code on the server"),
    ("$function", "it runs code on the server"),
    ("$accumulator", "it runs code on the server"),
];

/// Why a command is not run without write access; `None` where it only reads.
pub(super) fn refusal(command: &Document) -> Option<Error> {
    let name = command.keys().next().map_or("", String::as_str);
    let lower = name.to_ascii_lowercase();
    if !READS.contains(&lower.as_str()) {
        let why = "it is not one of the commands that are known to read";
        return Some(refused(name, why));
    }
    if let Some((member, why)) = writes(command) {
        return Some(refused(member, why));
    }
    if lower != "explain" {
        return None;
    }
    let explained = command.iter().next().and_then(|(_, it)| it.as_document());
    match explained {
        Some(inner) if !inner.keys().any(|it| it.eq_ignore_ascii_case("explain")) => refusal(inner),
        _ => Some(refused(name, "it does not say what is explained")),
    }
}

/// Why a condition that limits a dataset is not sent; `None` where it only reads.
pub(super) fn refusal_in(filter: &Document) -> Option<Error> {
    writes(filter).map(|(member, why)| refused(member, why))
}

fn writes(document: &Document) -> Option<(&'static str, &'static str)> {
    document.iter().find_map(|(name, value)| {
        let found = WRITES.iter().find(|(it, _)| it == name).copied();
        found.or_else(|| within(value))
    })
}

fn within(value: &Bson) -> Option<(&'static str, &'static str)> {
    match value {
        Bson::Document(it) => writes(it),
        Bson::Array(items) => items.iter().find_map(within),
        Bson::JavaScriptCode(_) | Bson::JavaScriptCodeWithScope(_) => {
            Some(("code", "it runs code on the server"))
        }
        _ => None,
    }
}

fn refused(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::PermissionDenied, format!("run {name:?}"))
        .because(why)
        .because("access is read-only")
        .hint("set `access = \"read-write\"` for this store, if you mean to write")
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    #[test]
    fn what_reads_passes() {
        for command in [
            doc! { "find": "a", "filter": { "b": { "$gt": 1 } } },
            doc! { "aggregate": "a", "pipeline": [{ "$lookup": { "pipeline": [{ "$match": {} }] } }] },
            doc! { "COUNT": "a" },
            doc! { "explain": { "find": "a" } },
            doc! { "serverStatus": 1 },
            doc! { "find": "a", "filter": { "note": "$where $out" } },
        ] {
            assert!(refusal(&command).is_none(), "{command}");
        }
    }

    #[test]
    fn what_may_write_or_run_code_does_not() {
        let nested = |stage: &str| doc! { "aggregate": "a", "pipeline": [{ "$facet": { "x": [{ "$unionWith": { "pipeline": [{ stage: "b" }] } }] } }] };
        for command in [
            doc! { "insert": "a" },
            doc! { "getMore": 1 },
            doc! { "mapReduce": "a" },
            doc! { "eval": "f" },
            doc! { "validate": "a" },
            doc! { "shutdown": 1 },
            doc! { "fsync": 1 },
            doc! { "": 1 },
            doc! {},
            nested("$out"),
            nested("$merge"),
            doc! { "find": "a", "filter": { "$or": [{ "$where": "true" }] } },
            doc! { "find": "a", "filter": { "$expr": { "$function": {} } } },
            doc! { "aggregate": "a", "pipeline": [{ "$group": { "x": { "$accumulator": {} } } }] },
            doc! { "find": "a", "filter": { "x": Bson::JavaScriptCode("f".to_owned()) } },
            doc! { "explain": { "delete": "a" } },
            doc! { "explain": { "explain": { "delete": "a" } } },
            doc! { "explain": 1 },
        ] {
            let error = refusal(&command).expect("refused");
            assert_eq!(error.kind, ErrorKind::PermissionDenied, "{command}");
            assert!(error.hint.is_some());
        }
    }
}

//! What the panes know of each language: its name, an example that teaches, and the words that stand out.

use parallax_core::store::Language;

/// The language's name.
pub(super) fn name(language: Language) -> &'static str {
    match language {
        Language::Sql => "SQL",
        Language::Commands => "commands",
        Language::Mql => "MQL",
        Language::QueryDsl => "query DSL",
        Language::Cypher => "Cypher",
    }
}

/// What an empty editor says.
pub(super) fn example(language: Option<Language>) -> &'static str {
    match language {
        None => {
            "choose a store, then type a statement in its own language; {{name}} is a parameter"
        }
        Some(Language::Sql) => "select * from users where id = {{user_id}}",
        Some(Language::Commands) => {
            "HGETALL user:{{user_id}}\nTTL user:{{user_id}}\n# one command a line; quotes as at the prompt"
        }
        Some(Language::Mql) => "db.users.find({ _id: {{user_id}} })",
        Some(Language::QueryDsl) => {
            "POST /users/_search\n{ \"query\": { \"term\": { \"id\": {{user_id}} } } }"
        }
        Some(Language::Cypher) => "match (u:User {id: {{user_id}}}) return u",
    }
}

/// Words that stand out wherever they stand; commands have none, for there the first word of a line does.
pub(super) fn words(language: Language) -> &'static [&'static str] {
    match language {
        Language::Sql => &SQL,
        Language::Commands => &[],
        Language::Mql => &MQL,
        Language::QueryDsl => &QUERY_DSL,
        Language::Cypher => &CYPHER,
    }
}

/// What begins a comment to the end of the line.
pub(super) fn comments(language: Language) -> &'static [&'static str] {
    match language {
        Language::Sql => &["--"],
        Language::Commands => &["#"],
        Language::QueryDsl => &["#", "//"],
        Language::Mql | Language::Cypher => &["//"],
    }
}

const SQL: [&str; 111] = [
    "add",
    "all",
    "alter",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "avg",
    "begin",
    "between",
    "by",
    "case",
    "cast",
    "check",
    "coalesce",
    "column",
    "commit",
    "conflict",
    "constraint",
    "count",
    "create",
    "cross",
    "current_date",
    "current_timestamp",
    "default",
    "delete",
    "desc",
    "describe",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "false",
    "fetch",
    "filter",
    "first",
    "for",
    "foreign",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "if",
    "ilike",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "key",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "listen",
    "materialized",
    "max",
    "min",
    "natural",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "primary",
    "recursive",
    "references",
    "returning",
    "right",
    "rollback",
    "row",
    "rows",
    "select",
    "set",
    "show",
    "some",
    "sum",
    "table",
    "temporary",
    "then",
    "trigger",
    "true",
    "union",
    "unique",
    "update",
    "using",
    "vacuum",
    "values",
    "view",
    "when",
    "where",
    "window",
    "with",
];

const CYPHER: [&str; 60] = [
    "all",
    "and",
    "any",
    "as",
    "asc",
    "by",
    "call",
    "case",
    "collect",
    "contains",
    "count",
    "create",
    "delete",
    "desc",
    "detach",
    "distinct",
    "else",
    "end",
    "ends",
    "exists",
    "explain",
    "false",
    "foreach",
    "from",
    "in",
    "is",
    "labels",
    "limit",
    "load",
    "match",
    "merge",
    "nodes",
    "none",
    "not",
    "null",
    "on",
    "optional",
    "or",
    "order",
    "profile",
    "properties",
    "relationships",
    "remove",
    "return",
    "set",
    "shortestpath",
    "single",
    "skip",
    "starts",
    "true",
    "type",
    "union",
    "unique",
    "unwind",
    "use",
    "when",
    "where",
    "with",
    "xor",
    "yield",
];

const MQL: [&str; 43] = [
    "aggregate",
    "bindata",
    "count",
    "countdocuments",
    "date",
    "db",
    "deletemany",
    "deleteone",
    "distinct",
    "estimateddocumentcount",
    "explain",
    "false",
    "find",
    "findone",
    "getcollection",
    "getindexes",
    "getsiblingdb",
    "hint",
    "insertmany",
    "insertone",
    "isodate",
    "limit",
    "maxkey",
    "minkey",
    "new",
    "null",
    "numberdecimal",
    "numberint",
    "numberlong",
    "objectid",
    "project",
    "regexp",
    "runcommand",
    "show",
    "skip",
    "sort",
    "timestamp",
    "toarray",
    "true",
    "undefined",
    "updatemany",
    "updateone",
    "uuid",
];

const QUERY_DSL: [&str; 9] = [
    "delete", "false", "get", "head", "null", "patch", "post", "put", "true",
];

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Language; 5] = [
        Language::Sql,
        Language::Commands,
        Language::Mql,
        Language::QueryDsl,
        Language::Cypher,
    ];

    #[test]
    fn every_example_shows_a_parameter() {
        for language in ALL {
            assert!(
                example(Some(language)).contains("{{user_id}}"),
                "{language:?}"
            );
        }
    }

    #[test]
    fn words_are_lower_case_and_stand_once() {
        for language in ALL {
            let words = words(language);
            assert!(words.is_sorted(), "{language:?}");
            assert!(words.iter().all(|it| it.to_lowercase() == *it));
        }
    }
}

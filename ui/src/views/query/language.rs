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
        Language::Commands | Language::QueryDsl => &["#"],
        Language::Mql | Language::Cypher => &["//"],
    }
}

const SQL: [&str; 64] = [
    "all",
    "alter",
    "and",
    "as",
    "asc",
    "begin",
    "between",
    "by",
    "case",
    "cast",
    "commit",
    "create",
    "cross",
    "delete",
    "desc",
    "distinct",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "false",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "lateral",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "recursive",
    "returning",
    "right",
    "rollback",
    "select",
    "set",
    "table",
    "then",
    "true",
    "union",
    "update",
    "using",
    "values",
    "when",
    "where",
    "with",
];

const CYPHER: [&str; 31] = [
    "and", "as", "asc", "by", "call", "case", "contains", "create", "delete", "desc", "detach",
    "distinct", "else", "end", "exists", "in", "is", "limit", "match", "merge", "not", "null",
    "optional", "or", "order", "return", "skip", "unwind", "when", "where", "with",
];

const MQL: [&str; 12] = [
    "aggregate",
    "count",
    "db",
    "distinct",
    "false",
    "find",
    "findone",
    "limit",
    "null",
    "skip",
    "sort",
    "true",
];

const QUERY_DSL: [&str; 8] = [
    "delete", "false", "get", "head", "null", "post", "put", "true",
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

//! What a read-only session may not run, though the server would let it.
//!
//! Every statement of ours runs in the server's access mode READ, in which it refuses whatever writes data, indices, users
//! or databases. What that mode lets through is refused here: files and addresses that the server reads, procedures that
//! administrate, and the end of other people's transactions.

use parallax_core::error::{Error, ErrorKind};

use super::fault::NEEDS_WRITE;
use super::lexer::{self, Kind, Token};
use super::statements::Split;

/// Why a read-only session does not run a statement; `None` if it does.
pub(super) fn refusal(statement: &Split) -> Option<Error> {
    let tokens = statement.tokens();
    let refused = escapes(&statement.text)
        .or_else(|| clause(&tokens))
        .or_else(|| called(&tokens))?;
    Some(
        Error::new(ErrorKind::PermissionDenied, "run the statement")
            .because(refused)
            .hint(NEEDS_WRITE),
    )
}

/// The server reads `\u0043` as the letter itself, wherever it stands: a word, a quote or the end of a comment that is
/// written so would not be seen here.
fn escapes(text: &str) -> Option<String> {
    let hidden = |token: &Token<'_>| match token.kind {
        Kind::Text | Kind::Name => quotes_by_number(token.text),
        Kind::Space => token.text.contains("\\u"),
        _ => token.text.contains('\\'),
    };
    let found = lexer::tokens(text).find(hidden)?;
    Some(format!(
        "{:?} hides a letter behind its number; write the letter itself",
        found.text
    ))
}

/// Whether a quoted text holds a quote, a backtick or a backslash by its number.
fn quotes_by_number(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("\\u") {
        let digits = behind.trim_start_matches('u').get(..4).unwrap_or_default();
        let letter = u32::from_str_radix(digits, 16)
            .ok()
            .and_then(char::from_u32);
        if letter.is_none_or(|it| matches!(it, '\'' | '"' | '`' | '\\')) {
            return true;
        }
        rest = behind;
    }
    false
}

/// Clauses and commands that the server's mode lets through.
fn clause(tokens: &[Token<'_>]) -> Option<String> {
    for pair in tokens.windows(2) {
        let [one, next] = pair else {
            continue;
        };
        if one.is_word("LOAD") && next.is_word("CSV") {
            return Some("LOAD CSV lets the server read a file or an address".to_owned());
        }
        if one.is_word("TERMINATE") && (next.is_word("TRANSACTION") || next.is_word("TRANSACTIONS"))
        {
            return Some("TERMINATE TRANSACTIONS ends what others run".to_owned());
        }
        if one.is_word("USE") && next.name().eq_ignore_ascii_case("system") {
            return Some("the database system holds users and databases".to_owned());
        }
    }
    let verb = tokens.first().map(|it| it.text.to_uppercase())?;
    ADMINISTRATION
        .contains(&verb.as_str())
        .then(|| format!("{verb} administrates"))
}

/// What a command that administrates begins with. `CREATE` and `DROP` are refused by the server.
const ADMINISTRATION: [&str; 11] = [
    "ALTER",
    "DEALLOCATE",
    "DENY",
    "DRYRUN",
    "ENABLE",
    "GRANT",
    "REALLOCATE",
    "RENAME",
    "REVOKE",
    "START",
    "STOP",
];

/// A procedure that is called and does more than read.
fn called(tokens: &[Token<'_>]) -> Option<String> {
    for (at, token) in tokens.iter().enumerate() {
        if !token.is_word("CALL") {
            continue;
        }
        let behind = tokens.iter().skip(at + 1);
        let name: String = behind
            .take_while(|it| matches!(it.kind, Kind::Word | Kind::Name) || it.is_sign("."))
            .map(Token::name)
            .collect();
        if is_guarded(&name) && !reads(&name) {
            return Some(format!("the procedure {name} does more than read"));
        }
    }
    None
}

/// Namespaces of the server and of its usual extensions. Of other procedures the server knows whether they write.
const GUARDED: [&str; 8] = [
    "db.",
    "dbms.",
    "tx.",
    "apoc.",
    "gds.",
    "fleetmanagement.",
    "mg.",
    "cdc.",
];

fn is_guarded(name: &str) -> bool {
    let name = name.to_lowercase();
    GUARDED.iter().any(|it| name.starts_with(it))
}

fn reads(name: &str) -> bool {
    let name = name.to_lowercase();
    // An algorithm that streams or counts keeps nothing.
    let is_algorithm = name.starts_with("gds.")
        && [".stream", ".stats", ".estimate"]
            .iter()
            .any(|it| name.ends_with(it));
    is_algorithm
        || READING.contains(&name.as_str())
        || READING
            .iter()
            .any(|it| it.ends_with('.') && name.starts_with(it))
}

/// Procedures that only read, and with a dot at the end whole namespaces of such.
const READING: [&str; 30] = [
    "apoc.algo.",
    "apoc.help",
    "apoc.meta.",
    "apoc.neighbors.",
    "apoc.node.",
    "apoc.path.",
    "apoc.schema.nodes",
    "apoc.schema.relationships",
    "apoc.stats.",
    "db.index.fulltext.",
    "db.index.vector.querynodes",
    "db.index.vector.queryrelationships",
    "db.info",
    "db.labels",
    "db.ping",
    "db.propertykeys",
    "db.relationshiptypes",
    "db.schema.",
    "db.stats.retrieve",
    "db.stats.retrieveallanonymized",
    "db.stats.status",
    "dbms.components",
    "dbms.info",
    "dbms.listcapabilities",
    "dbms.listconfig",
    "dbms.listconnections",
    "dbms.queryjmx",
    "dbms.routing.getroutingtable",
    "dbms.showcurrentuser",
    "gds.list",
];

/// Whether `condition` is one expression that can stand in parentheses behind `WHERE`, and only reads.
pub(super) fn is_condition(condition: &str) -> bool {
    let all = super::statements::split(condition);
    let [only] = all.as_slice() else {
        return false;
    };
    if !only.parameters.is_empty() || condition.contains(';') && only.text != condition.trim() {
        return false;
    }
    let mut open = Vec::new();
    for token in only.tokens() {
        match (token.kind, token.text) {
            (Kind::Sign, "(" | "[" | "{") => open.push(token.text),
            (Kind::Sign, ")") if open.pop() != Some("(") => return false,
            (Kind::Sign, "]") if open.pop() != Some("[") => return false,
            (Kind::Sign, "}") if open.pop() != Some("{") => return false,
            _ => {}
        }
    }
    open.is_empty() && is_closed(condition) && refusal(only).is_none()
}

/// Whether every quote and comment that is opened is closed.
fn is_closed(text: &str) -> bool {
    lexer::tokens(text).all(|it| match it.kind {
        Kind::Text | Kind::Name => {
            let quote = it.text.chars().next().unwrap_or_default();
            it.text.len() > 1 && it.text.ends_with(quote)
        }
        Kind::Space if it.text.starts_with("/*") => it.text.ends_with("*/"),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::super::statements::split;
    use super::*;

    #[track_caller]
    fn refused(text: &str) -> bool {
        split(text).iter().any(|it| refusal(it).is_some())
    }

    #[test]
    fn what_reads_may_run() {
        for good in [
            "MATCH (n) RETURN n",
            "CALL db.labels()",
            "CALL { MATCH (n) RETURN n } RETURN n",
            "CALL (n) { RETURN 1 AS x } RETURN x",
            "SHOW TRANSACTIONS",
            "RETURN 'LOAD CSV; TERMINATE TRANSACTIONS', '\\u00e9'",
            "MATCH (n:`LOAD CSV`) RETURN n",
            "CALL gds.pageRank.stream('g') YIELD nodeId RETURN nodeId",
            "CALL my.own.procedure()",
        ] {
            assert!(!refused(good), "{good}");
        }
    }

    #[test]
    fn what_the_mode_of_the_server_lets_through_is_refused() {
        for bad in [
            "LOAD /* x */ CSV FROM 'file:///etc/passwd' AS l RETURN l",
            "CALL dbms.killConnection('bolt-1')",
            "CALL `dbms` . `killConnections`(['x'])",
            "CALL DBMS.KILLCONNECTION('x')",
            "MATCH (n) CALL apoc.load.json('http://x') YIELD value RETURN value",
            "CALL apoc.export.csv.all('/tmp/x', {})",
            "CALL gds.graph.drop('g')",
            "SHOW TRANSACTIONS YIELD transactionId AS t TERMINATE TRANSACTIONS t",
            "TERMINATE TRANSACTION 'x'",
            "USE system SHOW USERS",
            "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
            "\\u004cOAD CSV FROM 'x' AS l RETURN l",
            "RETURN '\\u0027 LOAD CSV'",
            "RETURN 1 // \\u000aLOAD CSV FROM 'x' AS l RETURN l",
            "RETURN 1 /* *\\u002f LOAD CSV */",
            "CALL db.clearQueryCaches()",
            "CALL tx.setMetaData({a: 1})",
        ] {
            assert!(refused(bad), "{bad}");
        }
    }

    #[test]
    fn a_condition_is_one_expression_that_reads() {
        for good in [
            "n.a = ')' OR n.b IS NULL",
            "EXISTS { (n)-[:KNOWS]->() }",
            "n.`a)` = 1 // x",
        ] {
            assert!(is_condition(good), "{good}");
        }
        for bad in [
            "",
            "true) DETACH DELETE n //",
            "n.a = 1; MATCH (m) RETURN m",
            "n.a = 1;",
            "n.a = $x",
            "n.a = {{x}}",
            "n.a = 'x",
            "n.a = 1 /*",
            "(n.a = 1]",
        ] {
            assert!(!is_condition(bad), "{bad}");
        }
    }
}

//! The names of a result's columns, in order, told from the statement.
//!
//! The driver keeps a row as a table of names without order, and tells nothing of a result without rows. So the names are
//! those of the last `RETURN` or of `YIELD`, which the server spells as they were typed.

use super::lexer::{Kind, Token};
use super::statements::Split;

/// What a statement says of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// These, in this order.
    Named(Vec<String>),
    /// Those of this procedure.
    Of(String),
    /// Those of the rows that come.
    Told,
    /// There are none.
    None,
}

/// The columns that a statement announces.
pub(super) fn columns(statement: &Split) -> Columns {
    let tokens = statement.tokens();
    let outer = outer(&tokens);
    let is_union = outer.iter().any(|it| it.is_word("UNION"));
    let mut returns = outer.iter().filter(|it| it.is_word("RETURN"));
    let last = if is_union {
        returns.next()
    } else {
        returns.next_back()
    };
    if let Some(last) = last {
        return listed(&statement.text, &tokens, last);
    }
    match statement.verb().as_str() {
        "CALL" | "SHOW" | "TERMINATE" | "OPTIONAL" => {}
        _ => return Columns::None,
    }
    let yields = outer.iter().rfind(|it| it.is_word("YIELD"));
    match yields {
        Some(it) => listed(&statement.text, &tokens, it),
        None => procedure(&tokens).map_or(Columns::Told, Columns::Of),
    }
}

/// The tokens that stand in no bracket.
fn outer<'t>(tokens: &[Token<'t>]) -> Vec<Token<'t>> {
    let mut depth = 0_i32;
    let mut outer = Vec::new();
    for token in tokens {
        let step = nesting(token);
        if step < 0 {
            depth += step;
        }
        if depth == 0 {
            outer.push(*token);
        }
        if step > 0 {
            depth += step;
        }
    }
    outer
}

fn nesting(token: &Token<'_>) -> i32 {
    match (token.kind, token.text) {
        (Kind::Sign, "(" | "[" | "{") => 1,
        (Kind::Sign, ")" | "]" | "}") => -1,
        _ => 0,
    }
}

/// The items behind `RETURN` or `YIELD`, up to what ends their list.
fn listed(text: &str, tokens: &[Token<'_>], keyword: &Token<'_>) -> Columns {
    let behind = tokens.iter().skip_while(|it| it.at <= keyword.at);
    let mut items: Vec<Vec<Token<'_>>> = vec![Vec::new()];
    let mut depth = 0;
    let mut behind = behind.peekable();
    while let Some(token) = behind.next() {
        if depth == 0 && ends(token, behind.peek()) {
            break;
        }
        depth += nesting(token);
        if depth == 0 && token.is_sign(",") {
            items.push(Vec::new());
        } else if let Some(last) = items.last_mut() {
            let is_first = last.is_empty() && keyword.is_word("RETURN");
            if !(is_first && (token.is_word("DISTINCT") || token.is_word("ALL"))) {
                last.push(*token);
            }
        }
    }
    let names: Option<Vec<String>> = items.iter().map(|it| named(text, it)).collect();
    names.map_or(Columns::Told, Columns::Named)
}

/// Whether a token ends the list of items.
fn ends(token: &Token<'_>, next: Option<&&Token<'_>>) -> bool {
    let one = [
        "SKIP",
        "OFFSET",
        "LIMIT",
        "UNION",
        "NEXT",
        "WHERE",
        "TERMINATE",
    ];
    let is_order = token.is_word("ORDER") && next.is_some_and(|it| it.is_word("BY"));
    is_order || one.iter().any(|it| token.is_word(it))
}

/// The name of one item; `None` for all there is.
fn named(text: &str, item: &[Token<'_>]) -> Option<String> {
    match item {
        [] => None,
        [only] if only.is_sign("*") => None,
        [only] if matches!(only.kind, Kind::Word | Kind::Name) => Some(only.name()),
        [.., keyword, name] if keyword.is_word("AS") => Some(name.name()),
        [first, .., last] => text.get(first.at..last.end()).map(ToOwned::to_owned),
        [only] => Some(only.text.to_owned()),
    }
}

/// The name of the procedure that a statement consists of.
fn procedure(tokens: &[Token<'_>]) -> Option<String> {
    let call = tokens.iter().position(|it| it.is_word("CALL"))?;
    let name: String = tokens
        .iter()
        .skip(call + 1)
        .take_while(|it| matches!(it.kind, Kind::Word | Kind::Name) || it.is_sign("."))
        .map(Token::name)
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Puts the names of a row in an order that people expect: as the server documents them, the rest by the alphabet.
pub(super) fn in_order(mut names: Vec<String>) -> Vec<String> {
    let place = |name: &str| {
        USUAL
            .iter()
            .position(|it| *it == name)
            .unwrap_or(USUAL.len())
    };
    names.sort_by(|one, other| (place(one), one).cmp(&(place(other), other)));
    names
}

/// The columns of `SHOW …`, in the order of the manual.
const USUAL: [&str; 46] = [
    "database",
    "transactionId",
    "currentQueryId",
    "currentQuery",
    "connectionId",
    "clientAddress",
    "id",
    "name",
    "user",
    "username",
    "roles",
    "passwordChangeRequired",
    "suspended",
    "state",
    "startTime",
    "status",
    "elapsedTime",
    "populationPercent",
    "category",
    "value",
    "isDynamic",
    "defaultValue",
    "description",
    "mode",
    "worksOnSystem",
    "type",
    "entityType",
    "labelsOrTypes",
    "properties",
    "indexProvider",
    "owningConstraint",
    "ownedIndex",
    "propertyType",
    "lastRead",
    "readCount",
    "aliases",
    "access",
    "address",
    "role",
    "writer",
    "requestedStatus",
    "currentStatus",
    "statusMessage",
    "message",
    "default",
    "home",
];

#[cfg(test)]
mod tests {
    use super::super::statements::split;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let names = expected.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(columns(&split(text)[0]), Columns::Named(names), "{text}");
    }

    #[test]
    fn columns_are_named_as_they_are_typed() {
        check("RETURN 1", &["1"]);
        check(
            "MATCH (n) RETURN n.b , count( * ),n.a AS x",
            &["n.b", "count( * )", "x"],
        );
        check(
            "MATCH (n) RETURN DISTINCT n AS `a b` ORDER BY n.c, n.d LIMIT 2",
            &["a b"],
        );
        check(
            "WITH 1 AS `a b` RETURN `a b`, `a b` + 1",
            &["a b", "`a b` + 1"],
        );
        check("RETURN {a: 1, b: [1, 2]} AS m, 'x, y' AS t", &["m", "t"]);
        check(
            "RETURN 1 AS a, 2 AS b UNION ALL RETURN 3 AS a, 4 AS b",
            &["a", "b"],
        );
        check("MATCH (n) CALL (n) { RETURN 1 AS inner } RETURN n", &["n"]);
        check("CALL db.labels() YIELD label AS l", &["l"]);
        check(
            "SHOW INDEXES YIELD name, type WHERE type = 'RANGE'",
            &["name", "type"],
        );
        check("MATCH (order) RETURN order, {{x}}", &["order", "$x"]);
    }

    #[test]
    fn what_names_none_is_told_by_its_rows() {
        let columns = |text: &str| columns(&split(text)[0]);
        assert_eq!(columns("MATCH (n) RETURN *"), Columns::Told);
        assert_eq!(columns("SHOW INDEXES"), Columns::Told);
        assert_eq!(
            columns("CALL db.labels()"),
            Columns::Of("db.labels".to_owned())
        );
        assert_eq!(columns("CREATE (n:X {a: 1})"), Columns::None);
        assert_eq!(
            in_order(["b", "type", "a", "name"].map(String::from).into()),
            ["name", "type", "a", "b"]
        );
    }
}

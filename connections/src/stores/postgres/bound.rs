//! Statements with parameters: prepared by the server, their values bound and never part of the text.
//!
//! The server says of which types the parameters are. Each value then travels as text, the one form in which every type
//! can be written exactly, and `$1` stands in the statement as `(CAST($1 AS type))`. A cell whose binary form we do not
//! read is made text by the server itself, in a statement around the one that was typed.

use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::Value;

use super::fault::Failure;
use super::lease::Lease;
use super::lexer::{self, tokens};
use super::link::{Answer, Described, DescribedColumn};
use super::parameters;
use super::statements::Split;
use super::types::{Kind, Type};

const OPERATION: &str = "run the statement";

/// What no parameter is told to be, where nothing else says what it is.
const TEXT: u32 = 25;

/// A statement's parameters: the name, the value and the type of each.
pub(super) struct Parameters<'p> {
    names: &'p [String],
    values: Vec<Option<String>>,
    types: Vec<Place>,
}

/// The type of a parameter: as it is written in a statement, and as people know it.
struct Place {
    sql: String,
    declared: String,
}

impl Place {
    fn is_text(&self) -> bool {
        self.sql == "pg_catalog.text"
    }
}

/// What the server says of a statement, and of its parameters.
pub(super) struct Prepared<'p> {
    pub(super) parameters: Parameters<'p>,
    /// `None` where the driver does not understand the type of one.
    pub(super) columns: Option<Vec<DescribedColumn>>,
}

/// Learns from the server what the parameters of `split` are; nothing is run.
///
/// Where it cannot tell with the types that the values have by themselves, it is asked again with others, if `again`
/// says what to run before: the failure may have ended a transaction.
///
/// Fails with [`ErrorKind::InvalidInput`] where the text of a value holds a NUL, and with [`ErrorKind::Unsupported`] on a
/// statement that takes no parameters.
pub(super) async fn prepare<'p>(
    lease: &mut Lease,
    split: &'p Split,
    values: &[Value],
    again: Option<&str>,
) -> Result<Prepared<'p>> {
    let names = split.statement.parameters.as_slice();
    let text = &split.statement.text;
    let described = describe(lease, split, values, again).await;
    let described = described.map_err(|it| named(lease.fail(&it, OPERATION, Some(text)), names))?;
    let Some((described, has_columns)) = described else {
        return Err(not_understood());
    };
    if described.parameters.len() != values.len() {
        return Err(Error::new(ErrorKind::Unsupported, OPERATION)
            .because(format!("{} takes no parameters", split.verb()))
            .hint("write the values into the text"));
    }
    let types = places(lease, &described.parameters).await;
    let types = types.map_err(|it| lease.fail(&it, OPERATION, None))?;
    let wanted = described.parameters.iter().zip(names).zip(values);
    let texts = wanted.map(|((wanted, name), value)| bindable(name, value, *wanted));
    Ok(Prepared {
        parameters: Parameters {
            names,
            values: texts.collect::<Result<_>>()?,
            types,
        },
        columns: has_columns.then_some(described.columns),
    })
}

/// The text form of a value.
fn bindable(name: &str, value: &Value, wanted: u32) -> Result<Option<String>> {
    let text = parameters::text(value, Some(wanted));
    if text.as_ref().is_some_and(|it| it.contains('\0')) {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!("bind the parameter {name:?}"),
        )
        .because("its text holds a NUL character")
        .hint("no text of this server can hold one; `bytea` can"));
    }
    Ok(text)
}

pub(super) fn not_understood() -> Error {
    Error::new(ErrorKind::Unsupported, OPERATION)
        .because("a column or a parameter is of a type that the driver does not understand")
        .hint("cast the column to text, or the parameter from it: `{{name}}::text::TYPE`")
}

/// What the server says, and whether of the columns too; `None` where the driver does not understand it.
async fn describe(
    lease: &mut Lease,
    split: &Split,
    values: &[Value],
    again: Option<&str>,
) -> Result<Option<(Described, bool)>, Failure> {
    let mut guess = Guess::of(values);
    let mut first = None;
    loop {
        let failure = match attempt(lease, split, &guess.oids).await {
            Ok(it) => return Ok(it),
            Err(it) => it,
        };
        let is_better = guess.learn(values, &failure);
        let first = first.get_or_insert(failure);
        let (true, Some(again)) = (is_better, again) else {
            return Err(first.clone());
        };
        if !again.is_empty() {
            let ran = lease.link()?.run(again.to_owned()).await;
            ran.map_err(|(_, failure)| failure)?;
        }
    }
}

async fn attempt(
    lease: &mut Lease,
    split: &Split,
    oids: &[u32],
) -> Result<Option<(Described, bool)>, Failure> {
    let text = &split.statement.text;
    if let Some(described) = lease.link()?.describe(text, oids).await? {
        return Ok(Some((described, true)));
    }
    if !reads(split) {
        return Ok(None);
    }
    // Without its columns, only the parameters are left to understand.
    let bare = format!("SELECT FROM (\n{text}\n) AS q");
    let described = lease.link()?.describe(&bare, oids).await?;
    Ok(described.map(|it| (it, false)))
}

/// The types that the server is told; 0 lets it tell.
struct Guess {
    oids: Vec<u32>,
    is_loose: bool,
}

impl Guess {
    fn of(values: &[Value]) -> Self {
        Self {
            oids: values.iter().map(parameters::oid).collect(),
            is_loose: false,
        }
    }

    /// Takes up what a failure says; false where there is nothing else to try.
    fn learn(&mut self, values: &[Value], failure: &Failure) -> bool {
        match failure.code() {
            // Nothing in the statement says what the parameter is.
            "42P18" => {
                let at = failure.message().and_then(number);
                let open = at.and_then(|it| Some((self.oids.get_mut(it)?, values.get(it)?)));
                let Some((oid, value)) = open.filter(|(oid, _)| **oid == 0) else {
                    return false;
                };
                *oid = Some(parameters::oid(value))
                    .filter(|it| *it != 0)
                    .unwrap_or(TEXT);
                true
            }
            // No such operator or function: a number may stand for a text, as a postcode does.
            "42883" | "42804" if !self.is_loose => {
                self.is_loose = true;
                let before = self.oids.clone();
                for (oid, value) in self.oids.iter_mut().zip(values) {
                    if is_plain(value) {
                        *oid = 0;
                    }
                }
                self.oids != before
            }
            _ => false,
        }
    }
}

/// Whether nothing is lost where a value is read as another type, or that fails: a time would lose its date, a date its
/// zone.
fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::Bool(_)
            | Value::I64(_)
            | Value::U64(_)
            | Value::BigInt(_)
            | Value::Decimal(_)
            | Value::Uuid(_)
    )
}

/// The place of the parameter that a message calls `$1`, from 0.
fn number(message: &str) -> Option<usize> {
    let (_, behind) = message.split_once('$')?;
    let digits = behind.split(|it: char| !it.is_ascii_digit()).next()?;
    digits.parse::<usize>().ok()?.checked_sub(1)
}

/// How each type is written, whatever the session's search path is: `character` alone would be one letter.
async fn places(lease: &mut Lease, oids: &[u32]) -> Result<Vec<Place>, Failure> {
    let mut asked: Vec<u32> = oids.to_vec();
    asked.retain(|it| parameters::name(*it).is_none());
    let mut rows = Vec::new();
    if !asked.is_empty() {
        let list: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let text = format!(
            "SELECT t.oid, pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(t.typname), pg_catalog.format_type(t.oid, NULL)
            FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace WHERE t.oid IN ({})",
            list.join(", ")
        );
        let answers = lease.link()?.run(text).await;
        let answers = answers.map_err(|(_, failure)| failure)?;
        rows.extend(answers.into_iter().flat_map(|it| it.rows));
    }
    let place = |oid: &u32| {
        if let Some(name) = parameters::name(*oid) {
            return Ok(Place {
                sql: format!("pg_catalog.{name}"),
                declared: name.to_owned(),
            });
        }
        let row = rows.iter().find(|it| it.number(0) == Some(*oid));
        let names = row.and_then(|it| Some((it.text(1)?, it.text(2)?, it.text(3)?)));
        let (schema, name, declared) = names
            .ok_or_else(|| Failure::Protocol(format!("the server does not know its type {oid}")))?;
        Ok(Place {
            sql: format!("{schema}.{name}"),
            declared: declared.to_owned(),
        })
    };
    oids.iter().map(place).collect()
}

impl Parameters<'_> {
    /// The values, to be bound as texts.
    pub(super) fn values(&self) -> &[Option<String>] {
        &self.values
    }

    /// The statement that takes these parameters as texts.
    pub(super) fn taken(&self, text: &str) -> String {
        self.placed(text, |number, place| {
            if place.is_text() {
                format!("${number}")
            } else {
                format!("(CAST(${number} AS {}))", place.sql)
            }
        })
    }

    /// The statement with nulls in their places, which has the same columns.
    pub(super) fn nulled(&self, text: &str) -> String {
        self.placed(text, |_, place| format!("(CAST(NULL AS {}))", place.sql))
    }

    fn placed(&self, text: &str, place: impl Fn(usize, &Place) -> String) -> String {
        let mut written = String::with_capacity(text.len());
        for token in tokens(text) {
            let is_position = token.kind == lexer::Kind::Position;
            let at = number(token.text).filter(|_| is_position);
            match at.and_then(|it| Some((it + 1, self.types.get(it)?))) {
                Some((number, of)) => written.push_str(&place(number, of)),
                None => written.push_str(token.text),
            }
        }
        written
    }

    /// The error, with a hint that names the parameters whose values may be at fault.
    pub(super) fn blamed(&self, error: Error, code: &str) -> Error {
        if error.hint.is_some() || !code.starts_with("22") {
            return named(error, self.names);
        }
        let all = || {
            let typed = self.names.iter().zip(&self.values).zip(&self.types);
            typed.filter(|((_, value), of)| value.is_some() && !of.is_text())
        };
        let is_quoted = |value: &Option<String>| {
            let quoted = format!("\"{}\"", value.as_deref().unwrap_or_default());
            error.causes.iter().any(|it| it.contains(&quoted))
        };
        let mut blamed: Vec<_> = all().filter(|((_, value), _)| is_quoted(value)).collect();
        if blamed.is_empty() && matches!(code, "22P02" | "22007" | "22008") {
            blamed = all().collect();
        }
        let blamed = blamed.iter().map(|((name, _), of)| {
            format!(
                "is the value of the parameter {name:?} of the type {}?",
                of.declared
            )
        });
        let hints: Vec<String> = blamed.collect();
        if hints.is_empty() {
            return error;
        }
        error.hint(hints.join(" "))
    }
}

/// The error, with a hint that says which parameter it calls `$1`.
fn named(error: Error, names: &[String]) -> Error {
    let at = error.causes.iter().find_map(|it| number(it));
    match at.and_then(|it| Some((it + 1, names.get(it)?))) {
        Some((number, name)) if error.hint.is_none() => error.hint(format!(
            "${number} is the parameter {name:?}: it can stand where an expression can, and `{{{{{name}}}}}::TYPE` says its type"
        )),
        _ => error,
    }
}

/// Whether a statement can stand in parentheses behind `FROM`.
pub(super) fn reads(split: &Split) -> bool {
    // What changes rows in a named query has to stand at the top.
    let changes = ["INSERT", "UPDATE", "DELETE", "MERGE"];
    let is_nested =
        split.statement.first() == "WITH" && split.words().any(|it| changes.contains(&it));
    ["SELECT", "VALUES", "TABLE"].contains(&split.verb()) && !is_nested
}

/// The statement whose cells come in the form that we read: binary, or else the server's text.
///
/// Fails with [`ErrorKind::Unsupported`] where no statement can stand around `text`.
pub(super) fn readable(split: &Split, text: String, types: &[Arc<Type>]) -> Result<String> {
    if types.iter().all(|it| it.is_binary()) {
        return Ok(text);
    }
    let names: Vec<String> = (1..=types.len()).map(|it| format!("c{it}")).collect();
    let cells: Vec<String> = names
        .iter()
        .zip(types)
        .map(|(it, of)| cell(it, of))
        .collect();
    let (names, cells) = (names.join(", "), cells.join(", "));
    match split.verb() {
        _ if reads(split) => Ok(format!("SELECT {cells} FROM (\n{text}\n) AS q ({names})")),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" if split.statement.first() != "WITH" => Ok(
            format!("WITH q ({names}) AS (\n{text}\n) SELECT {cells} FROM q"),
        ),
        verb => Err(Error::new(ErrorKind::Unsupported, OPERATION)
            .because(format!(
                "a column of a {verb} with parameters is of a type whose binary form is not read here"
            ))
            .hint("cast the column to text")),
    }
}

/// A cell as the server itself writes it: some types have a cast to text that says more, or less.
fn cell(name: &str, of: &Type) -> String {
    match of.kind {
        _ if of.is_binary() => name.to_owned(),
        Kind::Native => {
            format!("CASE WHEN {name} IS NOT NULL THEN pg_catalog.concat({name}) END")
        }
        _ => format!("{name}::pg_catalog.text"),
    }
}

/// The columns of a statement that the driver cannot describe: those of one row of nulls, for which it need not run.
pub(super) async fn probed(
    lease: &mut Lease,
    split: &Split,
    text: &str,
) -> Result<Vec<DescribedColumn>> {
    let probe = format!("SELECT q.* FROM (SELECT) AS one LEFT JOIN (\n{text}\n) AS q ON false");
    let answers = match lease.link() {
        Ok(link) if reads(split) => link.run(probe).await,
        _ => Ok(Vec::new()),
    };
    match answers {
        Ok(them) if !them.is_empty() => Ok(them.iter().flat_map(Answer::columns).collect()),
        _ => Err(not_understood()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::postgres::statements::split;

    fn one(text: &str) -> Split {
        split(text).expect("statements").remove(0)
    }

    fn parameters<'p>(names: &'p [String], values: &[&str], types: &[&str]) -> Parameters<'p> {
        let place = |it: &&str| Place {
            sql: format!("pg_catalog.{it}"),
            declared: (*it).to_owned(),
        };
        Parameters {
            names,
            values: values.iter().map(|it| Some((*it).to_owned())).collect(),
            types: types.iter().map(place).collect(),
        }
    }

    #[test]
    fn only_what_is_a_parameter_is_bound() {
        let split =
            one("select {{id}}, :name, '{{id}} :name', \"$1\", $$ :id $$ /* :id */ -- {{id}}");
        let names = &split.statement.parameters;
        assert_eq!(names, &["id", "name"]);
        let found = parameters(names, &["1", "a"], &["int8", "text"]).taken(&split.statement.text);
        assert_eq!(
            found,
            "select (CAST($1 AS pg_catalog.int8)), $2, '{{id}} :name', \"$1\", $$ :id $$ /* :id */ -- {{id}}"
        );
    }

    #[test]
    fn a_cell_that_is_not_read_in_binary_is_made_text_around_the_statement() {
        let plain = Arc::new(Type {
            name: "int8".to_owned(),
            declared: "bigint".to_owned(),
            kind: Kind::Int8,
        });
        let list = Arc::new(Type {
            kind: Kind::Array(Arc::clone(&plain), ','),
            ..(*plain).clone()
        });
        let both = [Arc::clone(&plain), list];
        let wrapped = |text: &str| readable(&one(text), "X".to_owned(), &both).ok();
        let read = "SELECT c1, c2::pg_catalog.text FROM (\nX\n) AS q (c1, c2)";
        let changed = "WITH q (c1, c2) AS (\nX\n) SELECT c1, c2::pg_catalog.text FROM q";
        for (text, expected) in [
            ("select 1, :a -- x", Some(read)),
            ("with a as (select 1) select * from a", Some(read)),
            ("insert into t values (:a) returning a, b", Some(changed)),
            (
                "with a as (delete from t returning a) select * from a",
                None,
            ),
            ("execute p(:a)", None),
        ] {
            assert_eq!(wrapped(text).as_deref(), expected, "{text}");
        }
        let same = readable(&one("execute p(:a)"), "X".to_owned(), &[plain]);
        assert_eq!(same.ok().as_deref(), Some("X"));
    }

    #[test]
    fn the_parameter_at_fault_is_named() {
        let names = ["id".to_owned(), "n".to_owned()];
        let parameters = parameters(&names, &["abc", "7"], &["int8", "int4"]);
        let error = || Error::new(ErrorKind::InvalidInput, OPERATION);
        let hint = |why: &str, code: &str| parameters.blamed(error().because(why), code).hint;
        let quoted = hint("invalid input syntax for type bigint: \"abc\"", "22P02");
        assert_eq!(
            quoted.as_deref(),
            Some("is the value of the parameter \"id\" of the type int8?")
        );
        assert!(
            hint("no", "22P02").is_some_and(|it| it.contains("\"id\"") && it.contains("\"n\""))
        );
        assert_eq!(hint("division by zero", "22012"), None);
        let numbered = hint("syntax error at or near \"$2\"", "42601");
        assert!(numbered.is_some_and(|it| it.contains("$2 is the parameter \"n\"")));
    }
}

//! Values as parameters: bound in the binary protocol, never part of the text.
//!
//! Of numbers beyond 64 bits and of times the driver knows no form. They travel as text, and `?` stands in the statement as
//! `CAST(? AS type)`, so that the server compares them as what they are: a text beside a decimal would make floats of both.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::{Decimal, Value};
use sqlx::Arguments as _;
use sqlx::mysql::MySqlArguments;

use super::literal;
use super::statements::{Place, Split};

/// A statement and what is bound to it.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) text: String,
    pub(super) arguments: MySqlArguments,
    pub(super) has_parameters: bool,
}

/// The most digits that the server's decimals have, and the most of them behind the point.
const DIGITS: usize = 65;
const FRACTION: usize = 30;

/// Binds the values of the parameters of `split`.
///
/// Fails with [`ErrorKind::InvalidInput`] where one is not given, or no value of the server is exactly what is given.
pub(super) fn bind(split: &Split, given: &[(String, Value)]) -> Result<Bound> {
    let mut bound = Bound {
        text: String::new(),
        arguments: MySqlArguments::default(),
        has_parameters: !split.parameters.is_empty(),
    };
    let mut places = split.parameters.iter();
    for piece in &split.pieces {
        bound.text.push_str(piece);
        if let Some(place) = places.next() {
            let value = value_of(place, given)?;
            let sent = sent(place, &value).ok_or_else(|| unsendable(place))?;
            add(&mut bound, sent)
                .map_err(|it| it.because(format!("of the parameter {:?}", place.name)))?;
        }
    }
    Ok(bound)
}

fn value_of(place: &Place, given: &[(String, Value)]) -> Result<Value> {
    let found = given.iter().find(|(it, _)| *it == place.name);
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            format!("bind the parameter {:?}", place.name),
        )
        .because("it has no value")
        .hint("give the parameter a value, or put the text in quotes if it is none")
    })
}

fn unsendable(place: &Place) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("bind the parameter {:?}", place.name),
    )
    .because("no value of this server is exactly that: it is too long, or finer than a microsecond")
}

/// How a value travels.
enum Sent {
    Plain(Value),
    /// As text, of which the server makes the type.
    Cast(String, String),
}

fn sent(place: &Place, value: &Value) -> Option<Sent> {
    let cast = |text: String, of: &str| Some(Sent::Cast(text, of.to_owned()));
    match value {
        // Only a number can stand there.
        Value::Text(text) if place.is_limit => {
            let number = text.parse().ok().map(Value::U64);
            Some(Sent::Plain(number.unwrap_or_else(|| value.clone())))
        }
        Value::BigInt(it) => decimal(&it.to_string()),
        Value::Decimal(it) => decimal(&plain(it)?),
        Value::Timestamp(it) => cast(literal::timestamp(*it)?, "DATETIME(6)"),
        Value::DateTime(it) => cast(literal::datetime(*it)?, "DATETIME(6)"),
        Value::Date(it) => cast(it.to_string(), "DATE"),
        Value::Time(it) => cast(literal::time(*it)?, "TIME(6)"),
        Value::Duration(it) => cast(literal::span(*it)?, "TIME(6)"),
        other => Some(Sent::Plain(other.clone())),
    }
}

/// The digits without an exponent; `None` where there would be too many.
fn plain(number: &Decimal) -> Option<String> {
    let text = number.to_string();
    let is_plain = text
        .bytes()
        .all(|it| it.is_ascii_digit() || matches!(it, b'-' | b'.'));
    is_plain.then_some(text)
}

fn decimal(text: &str) -> Option<Sent> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let fraction = text.split_once('.').map_or(0, |(_, it)| it.len());
    (digits <= DIGITS && fraction <= FRACTION)
        .then(|| Sent::Cast(text.to_owned(), format!("DECIMAL({DIGITS},{fraction})")))
}

fn add(bound: &mut Bound, sent: Sent) -> Result<()> {
    let arguments = &mut bound.arguments;
    let mut place = "?".to_owned();
    let added = match sent {
        Sent::Cast(text, of) => {
            place = format!("CAST(? AS {of})");
            arguments.add(text)
        }
        Sent::Plain(Value::Null) => arguments.add(None::<&str>),
        Sent::Plain(Value::Bool(it)) => arguments.add(it),
        Sent::Plain(Value::I64(it)) => arguments.add(it),
        Sent::Plain(Value::U64(it)) => arguments.add(it),
        Sent::Plain(Value::F64(it)) => arguments.add(it),
        Sent::Plain(Value::Bytes(it)) => arguments.add(it),
        Sent::Plain(other) => arguments.add(other.to_string()),
    };
    bound.text.push_str(&place);
    added
        .map_err(|it| Error::new(ErrorKind::InvalidInput, "bind the value").because(it.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::lexer::Mode;
    use super::super::statements::split;
    use super::*;

    fn bound(text: &str, value: Value) -> Result<Bound> {
        let split = &split(text, Mode::default()).expect("a statement")[0];
        bind(split, &[("v".to_owned(), value)])
    }

    #[track_caller]
    fn text(value: Value, expected: &str) {
        assert_eq!(bound("select :v", value).expect("bound").text, expected);
    }

    #[test]
    fn what_the_driver_does_not_know_is_cast() {
        text(Value::I64(1), "select ?");
        text(Value::Null, "select ?");
        text(Value::from("it's"), "select ?");
        text(
            Value::Decimal("1.50".parse().expect("a number")),
            "select CAST(? AS DECIMAL(65,2))",
        );
        text(
            Value::Date("2024-02-29".parse().expect("a date")),
            "select CAST(? AS DATE)",
        );
        text(
            Value::Timestamp("2024-02-29T00:00:00Z".parse().expect("a time")),
            "select CAST(? AS DATETIME(6))",
        );
    }

    #[test]
    fn what_would_lose_digits_is_refused() {
        for value in [
            Value::Decimal("1e-40".parse().expect("a number")),
            Value::Timestamp("2024-02-29T00:00:00.000000001Z".parse().expect("a time")),
        ] {
            let error = bound("select :v", value).expect_err("an error");
            assert_eq!(error.kind, ErrorKind::InvalidInput);
        }
        assert!(bound("select :w", Value::Null).is_err());
    }
}

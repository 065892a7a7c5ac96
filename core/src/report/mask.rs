//! Personal data is masked in every report: a value is shown by its shape, never by its content.
//!
//! - Text keeps its first letter where it has at least three characters and begins with a letter, and its length:
//!   `a••• · 15 characters`. Text of digits only is `16 digits`.
//! - Numbers keep how many digits they have: `5 digits, 2 behind the point`. Times, UUIDs and truth values keep
//!   their type only, bytes and containers their size.
//! - Null, absent, empty, and whether two values differ are said; of two texts, lists or maps also where they first
//!   differ.
//! - Keys are not masked: without them nobody can look a record up. Names of fields and datasets are not data.
//! - Reasons may quote a value that does not fit its rule; [`why`] takes it out.

use crate::human;
use crate::value::Value;

/// The shape of a value; `None` is absent.
pub(super) fn shape(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "absent".to_owned();
    };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::I64(_) | Value::U64(_) | Value::BigInt(_) | Value::Decimal(_) => {
            number(&value.to_string())
        }
        Value::F64(_) => "a float".to_owned(),
        Value::Text(it) => text(it),
        Value::Bytes(it) => human::plural(it.len() as u64, "byte"),
        Value::Timestamp(_) | Value::DateTime(_) => "a date and time".to_owned(),
        Value::Date(_) => "a date".to_owned(),
        Value::Time(_) => "a time of day".to_owned(),
        Value::Duration(_) => "a span of time".to_owned(),
        Value::Uuid(_) => "a UUID".to_owned(),
        Value::List(it) => format!("a list of {}", human::plural(it.len() as u64, "item")),
        Value::Map(it) => format!("a map of {}", human::plural(it.len() as u64, "member")),
        Value::Vector(it) => format!("a vector of {}", human::plural(it.len() as u64, "number")),
        Value::Native { type_name, text } => {
            format!("{type_name}, {}", characters(text))
        }
    }
}

/// Where two values that differ do so first, as they are stored; `None` where that would tell their content, or nothing.
///
/// Positions count from 1: characters of texts, bytes, items of lists, members of maps. A rule may call earlier
/// differences equal, as when case does not count; the position is of the stored values.
pub(super) fn first_difference(truth: Option<&Value>, copy: Option<&Value>) -> Option<String> {
    let (truth, copy) = (truth?, copy?);
    match (truth, copy) {
        (Value::Text(one), Value::Text(other)) => at("character", one.chars(), other.chars()),
        (Value::Bytes(one), Value::Bytes(other)) => at("byte", one, other),
        (Value::List(one), Value::List(other)) => at("item", one, other),
        (Value::Map(one), Value::Map(other)) => at("member", one, other),
        (Value::Vector(one), Value::Vector(other)) => at("number", one, other),
        _ if truth.is_null() || copy.is_null() => None,
        _ if truth.type_name() != copy.type_name() => Some(format!(
            "{} here, {} there",
            truth.type_name(),
            copy.type_name()
        )),
        _ => None,
    }
}

/// The rule under which two values differ, without a reason that may quote one of them.
pub(super) fn rule(rule: &str) -> String {
    match rule.split_once(": ") {
        Some((rule, _)) => format!("{rule}; a value does not fit it"),
        None => rule.to_owned(),
    }
}

/// A reason without the value that it may quote: `"ann" is not a time` becomes `a text is not a time`.
///
/// Takes out what stands, as our own comparison words it, between `this` or `the source's` and `is not`.
pub(super) fn why(reason: &str) -> String {
    const SIDES: [&str; 2] = [": this ", ": the source's "];
    let quoted = SIDES.iter().find_map(|side| {
        let (before, after) = reason.split_once(side)?;
        let (value, form) = after.rsplit_once(" is not ")?;
        Some((before, side, value, form))
    });
    let Some((before, side, value, form)) = quoted else {
        return reason.to_owned();
    };
    let type_name = match value.split_once(' ') {
        _ if value.starts_with('"') => "text",
        Some((type_name, _)) => type_name,
        None => "value",
    };
    format!("{before}{side}{type_name} is not {form}")
}

/// A number by its digits, which tell no more than its size.
fn number(text: &str) -> String {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count() as u64;
    let behind = text.split_once('.').map_or(0, |(_, it)| digits(it));
    let all = human::plural(digits(text), "digit");
    if behind == 0 {
        all
    } else {
        format!("{all}, {} behind the point", human::count(behind))
    }
}

/// Text by its first letter and its length; text of fewer than three characters shows no letter.
fn text(text: &str) -> String {
    let n_letters = text.chars().count();
    let first = text.chars().next().filter(|it| it.is_alphabetic());
    match first {
        _ if text.is_empty() => "empty text".to_owned(),
        _ if text.chars().all(|it| it.is_ascii_digit()) => human::plural(n_letters as u64, "digit"),
        Some(first) if n_letters >= 3 => format!("{first}••• · {}", characters(text)),
        _ => format!("••• · {}", characters(text)),
    }
}

fn characters(text: &str) -> String {
    human::plural(text.chars().count() as u64, "character")
}

/// Where two sequences first differ, counted from 1; `None` where they are the same.
fn at<T: PartialEq>(
    unit: &str,
    one: impl IntoIterator<Item = T>,
    other: impl IntoIterator<Item = T>,
) -> Option<String> {
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut position = 1_u64;
    loop {
        match (one.next(), other.next()) {
            (None, None) => return None,
            (left, right) if left != right => {
                return Some(format!("from {unit} {} on", human::count(position)));
            }
            _ => position += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: impl Into<Value>, expected: &str) {
        assert_eq!(shape(Some(&value.into())), expected);
    }

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.parse().expect("a decimal"))
    }

    #[test]
    fn text_keeps_its_first_letter_and_its_length() {
        check("ann@old.example", "a••• · 15 characters");
        check("Łódź", "Ł••• · 4 characters");
        check("<script>", "••• · 8 characters");
        check("", "empty text");
    }

    #[test]
    fn text_that_its_first_letter_would_tell_keeps_only_its_length() {
        check("M", "••• · 1 character");
        check("no", "••• · 2 characters");
        check("4111111111111111", "16 digits");
        check("+4915112345678", "••• · 14 characters");
    }

    #[test]
    fn numbers_and_times_keep_their_kind_only() {
        check(Value::I64(-12_345), "5 digits");
        check(decimal("120.50"), "5 digits, 2 behind the point");
        check(Value::F64(0.1), "a float");
        check(Value::Bool(true), "true or false");
        check(Value::Date(jiff::civil::date(1990, 5, 1)), "a date");
    }

    #[test]
    fn containers_keep_their_size_only() {
        check(Value::List(vec![Value::from("Ann")]), "a list of 1 item");
        check(Value::Map(Vec::new()), "a map of 0 members");
        check(Value::Bytes(vec![0; 16]), "16 bytes");
    }

    #[test]
    fn null_and_absent_are_said_apart() {
        check(Value::Null, "null");
        assert_eq!(shape(None), "absent");
    }

    #[track_caller]
    fn differs(truth: impl Into<Value>, copy: impl Into<Value>, expected: Option<&str>) {
        assert_eq!(
            first_difference(Some(&truth.into()), Some(&copy.into())).as_deref(),
            expected
        );
    }

    #[test]
    fn of_two_texts_the_place_where_they_part_is_said() {
        differs("ann@new", "ann@old", Some("from character 5 on"));
        differs("ann", "ann lee", Some("from character 4 on"));
        let list = |items: &[i64]| Value::List(items.iter().copied().map(Value::I64).collect());
        differs(list(&[1, 2]), list(&[1, 3]), Some("from item 2 on"));
    }

    #[test]
    fn of_two_numbers_no_place_is_said() {
        differs(Value::I64(1_234), Value::I64(1_235), None);
        differs(Value::Null, Value::I64(1), None);
        differs(Value::I64(1), "1", Some("int here, text there"));
    }

    #[test]
    fn a_reason_loses_the_value_that_it_quotes() {
        let said = r#"born cannot be compared: as date: this "1990 is not \"x\"" is not a date"#;
        assert_eq!(
            why(said),
            "born cannot be compared: as date: this text is not a date"
        );
        assert_eq!(
            why("exact: this int 42 is not a date"),
            "exact: this int is not a date"
        );
        assert_eq!(why("connection refused"), "connection refused");
        assert_eq!(
            rule(r#"as date: this "x" is not a date"#),
            "as date; a value does not fit it"
        );
        assert_eq!(
            rule("zone:Europe/Berlin, as date"),
            "zone:Europe/Berlin, as date"
        );
    }
}

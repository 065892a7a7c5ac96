//! Rules and values in plain words.

use parallax_core::compare::FieldVerdict;
use parallax_core::trace::{FieldObservation, Found, Observation};
use parallax_core::value::Value;

/// A rule as a person says it: `ignoring case`, `as a decimal of 4 places`; nothing for an exact one.
pub(crate) fn rule(rule: &str) -> Option<String> {
    let words: Vec<_> = rule
        .split([',', ';'])
        .map(str::trim)
        .filter_map(one_rule)
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn one_rule(rule: &str) -> Option<String> {
    let known = match rule {
        "" | "exact" => return None,
        "casefold" => "ignoring case",
        "nfc" => "however letters are composed",
        "rtrim" => "ignoring blanks at the end",
        "set" => "in any order",
        other => return Some(cast(other)),
    };
    Some(known.to_owned())
}

fn cast(rule: &str) -> String {
    let Some(inner) = rule.strip_prefix("as ") else {
        return rule.to_owned();
    };
    match inner.trim_end_matches(')').split_once('(') {
        Some(("decimal", places)) => format!("to {places} decimals"),
        Some(("float", digits)) => format!("to {digits} digits"),
        Some(("timestamp", unit)) => format!("to the {unit}"),
        _ => format!("as {inner}"),
    }
}

/// A value exactly as it is; null says so.
pub(super) fn value(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), ToString::to_string)
}

/// What a cell says, whole: for the accessibility tree and for hovering.
pub(super) fn cell(observation: &Observation, field: &FieldObservation) -> String {
    let shown = value(field.value.as_ref());
    let said = match field.verdict {
        _ if observation.state == Found::Absent => "no record".to_owned(),
        _ if observation.state == Found::Failed => "not readable".to_owned(),
        FieldVerdict::Equal => match rule(&field.rule) {
            Some(rule) => format!("equal, {rule}: {shown}"),
            None => format!("equal: {shown}"),
        },
        FieldVerdict::Different => format!("different: {shown}"),
        FieldVerdict::Absent => "absent".to_owned(),
        FieldVerdict::NotMapped => not_compared(field),
        FieldVerdict::Unreadable => format!("unreadable: {}", field.rule),
    };
    let searched = searched(observation, field).map_or_else(String::new, |it| format!("; {it}"));
    format!(
        "{} in {}: {said}{searched}",
        field.name, observation.dataset
    )
}

/// What a search still finds, where that is not what is stored.
pub(super) fn searched(observation: &Observation, field: &FieldObservation) -> Option<String> {
    let copy = observation.searchable.as_ref()?;
    let found = copy.found(&field.name)?;
    Some(format!("a search finds {}", value(found)))
}

/// A key or a version is shown, though it is not compared.
pub(super) fn not_compared(field: &FieldObservation) -> String {
    let shown = field
        .value
        .as_ref()
        .map(|it| format!("{it} · not compared"));
    shown.unwrap_or_else(|| "not mapped".to_owned())
}

#[cfg(test)]
mod tests {
    use super::rule;

    #[test]
    fn rules_are_said_in_plain_words() {
        assert_eq!(rule("exact"), None);
        assert_eq!(rule("casefold").as_deref(), Some("ignoring case"));
        assert_eq!(rule("as decimal(4)").as_deref(), Some("to 4 decimals"));
        assert_eq!(rule("as timestamp(ms)").as_deref(), Some("to the ms"));
        assert_eq!(
            rule("as date, rtrim").as_deref(),
            Some("as date, ignoring blanks at the end")
        );
    }
}

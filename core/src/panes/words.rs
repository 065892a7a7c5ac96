//! A comparison in one sentence.

use super::{Comparison, Overall, SideSummary, Standing};
use crate::compare::FieldVerdict;
use crate::human;

/// More differing fields than these are counted, not named.
const MAX_NAMED: usize = 3;

pub(super) fn sentence(it: &Comparison) -> String {
    let fields = human::plural(it.fields.len() as u64, "field");
    if it.sides.len() < 2 {
        return "one result alone is compared with nothing".to_owned();
    }
    if it.fields.is_empty() && it.key.is_empty() {
        return "nothing was compared: the panes share no field".to_owned();
    }
    if it.keys == 0 {
        return "nothing was compared: no pane has a record".to_owned();
    }
    if it.overall() == Overall::Equal {
        let panes = human::plural(it.sides.len() as u64, "pane");
        let by = if it.key.is_empty() {
            String::new()
        } else {
            format!(" by {}", it.key.join(" and "))
        };
        let records = human::plural(it.keys, "record");
        if it.fields.is_empty() {
            return format!("equal: {panes} have the same {records}{by}");
        }
        return format!("equal: {panes} agree in {fields} of {records}{by}");
    }
    let others = it.sides.iter().enumerate().skip(1);
    let mut parts: Vec<String> = others.map(|(at, side)| about(it, at, side)).collect();
    parts.extend(it.sides.first().and_then(doubts));
    parts.join("; ")
}

/// What is said of one side.
fn about(it: &Comparison, at: usize, side: &SideSummary) -> String {
    let said = findings(it, at, side);
    let doubts = doubts(side);
    match (said, doubts) {
        (Some(said), None) => said,
        (Some(said), Some(doubts)) => format!("{said}, {doubts}"),
        (None, Some(doubts)) => doubts,
        (None, None) if side.equal == 0 => format!("{} has nothing to compare", side.name),
        (None, None) => format!("{} agrees", side.name),
    }
}

fn findings(it: &Comparison, at: usize, side: &SideSummary) -> Option<String> {
    if it.keys == 1 {
        return alone(it, at, side);
    }
    let counted = [
        (side.different, "different"),
        (side.missing, "missing"),
        (side.extra, "only there"),
        (side.unknown, "not comparable"),
    ];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    let counted: Vec<String> = counted
        .map(|(count, word)| format!("{} {word}", human::count(count)))
        .collect();
    (!counted.is_empty()).then(|| format!("{}: {}", side.name, counted.join(", ")))
}

/// Of one record, the fields are named.
fn alone(it: &Comparison, at: usize, side: &SideSummary) -> Option<String> {
    let record = it.rows.first()?.records.get(at)?;
    let name = &side.name;
    let with = |verdicts: &[FieldVerdict]| {
        let each = it.fields.iter().zip(&record.cells);
        let named = each.filter(|(_, cell)| verdicts.contains(&cell.verdict));
        list(&named.map(|(field, _)| field.as_str()).collect::<Vec<_>>())
    };
    match record.standing {
        Standing::Missing => Some(format!("{name} has no record")),
        Standing::Extra => Some(format!("only {name} has a record")),
        Standing::Different => {
            let fields = with(&[FieldVerdict::Different, FieldVerdict::Absent]);
            Some(format!("{name} differs in {fields}"))
        }
        Standing::Unknown => {
            let shares = it.sides.get(at).is_some_and(|it| it.fields > 0);
            let fields = with(&[FieldVerdict::Unreadable]);
            Some(if shares {
                format!("{name} cannot be compared in {fields}")
            } else {
                format!("{name} has no field to compare")
            })
        }
        Standing::First | Standing::Neither | Standing::Equal => None,
    }
}

/// Records that could not take part.
fn doubts(side: &SideSummary) -> Option<String> {
    let repeated = (side.repeated > 0).then(|| {
        let records = human::plural(side.repeated, "record");
        format!("{} repeats a key in {records}", side.name)
    });
    let keyless = (side.keyless > 0).then(|| {
        let records = human::plural(side.keyless, "record");
        format!("{} has {records} without a key", side.name)
    });
    let doubts: Vec<String> = repeated.into_iter().chain(keyless).collect();
    (!doubts.is_empty()).then(|| doubts.join(", "))
}

/// `a`, `a and b`, `a, b and 4 more`.
fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= MAX_NAMED => {
            format!("{} and {last}", first.join(", "))
        }
        _ => {
            let first: Vec<&str> = names.iter().take(MAX_NAMED).copied().collect();
            format!("{} and {} more", first.join(", "), names.len() - MAX_NAMED)
        }
    }
}

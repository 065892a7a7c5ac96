//! The compare of panes for people: the sentence, then each difference in a line.

use parallax_core::compare::FieldVerdict;
use parallax_core::panes::{ComparedCell, ComparedRow, Comparison, Standing};
use parallax_core::value::Value;

use crate::table::{Table, one_line};
use crate::terminal::Style;

/// Longer values are cut; JSON has them whole.
const CELL: usize = 40;
/// More differences are counted, not listed.
const LISTED: usize = 50;

/// The comparison as text.
pub(super) fn text(it: &Comparison, style: Style) -> String {
    let sentence = it.sentence();
    let sentence = if it.is_equal() {
        style.good(&sentence)
    } else {
        style.bad(&sentence)
    };
    let mut text = format!("{sentence}\n");
    let findings = it
        .rows
        .iter()
        .filter(|row| row.records.iter().any(|it| it.standing.is_finding()));
    let lines: Vec<Vec<String>> = findings.flat_map(|row| lines(it, row)).collect();
    if !lines.is_empty() {
        let sides = it.sides.iter().map(|it| it.name.clone());
        let head = ["key".to_owned(), "field".to_owned()];
        let mut table = Table::from_head(head.into_iter().chain(sides).collect());
        let more = lines.len().saturating_sub(LISTED);
        lines.into_iter().take(LISTED).for_each(|it| table.row(it));
        text.push_str(&table.render());
        if more > 0 {
            text.push_str(&format!("and {more} more; --json lists up to 500 keys\n"));
        }
    }
    let skipped = it
        .skipped
        .iter()
        .map(|it| format!("{} ({})", it.field, it.why));
    let skipped: Vec<String> = skipped.collect();
    if !skipped.is_empty() {
        let skipped = format!("not compared: {}", skipped.join(", "));
        text.push_str(&format!("{}\n", style.faint(&skipped)));
    }
    text
}

/// A line a field that differs; one alone for a record that is missing or extra.
fn lines(it: &Comparison, row: &ComparedRow) -> Vec<Vec<String>> {
    let key: Vec<String> = row.key.iter().map(ToString::to_string).collect();
    let key = one_line(&key.join(" "), CELL);
    let mut lines = Vec::new();
    let is_whole = |it: &Standing| matches!(it, Standing::Missing | Standing::Extra);
    if row.records.iter().any(|it| is_whole(&it.standing)) {
        let marks = row.records.iter().map(|it| mark(it.standing).to_owned());
        lines.push(
            [key.clone(), String::new()]
                .into_iter()
                .chain(marks)
                .collect(),
        );
    }
    for (at, field) in it.fields.iter().enumerate() {
        let cells: Vec<Option<&ComparedCell>> =
            row.records.iter().map(|it| it.cells.get(at)).collect();
        let differs = cells.iter().skip(1).flatten().any(|it| is_finding(it));
        if differs {
            let shown = cells.iter().enumerate().map(|(at, it)| cell(*it, at == 0));
            let start = [key.clone(), field.clone()].into_iter();
            lines.push(start.chain(shown).collect());
        }
    }
    lines
}

fn is_finding(cell: &ComparedCell) -> bool {
    matches!(
        cell.verdict,
        FieldVerdict::Different | FieldVerdict::Absent | FieldVerdict::Unreadable
    )
}

fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::First | Standing::Different | Standing::Unknown => "there",
        Standing::Equal => "=",
        Standing::Neither => "",
        Standing::Extra => "only here",
        Standing::Missing => "missing",
    }
}

fn cell(cell: Option<&ComparedCell>, is_first: bool) -> String {
    let Some(cell) = cell else {
        return String::new();
    };
    let value = cell
        .value
        .as_ref()
        .map_or_else(|| "absent".to_owned(), Value::to_string);
    let text = match (is_first, cell.verdict) {
        (true, _) => value,
        (false, FieldVerdict::Equal) => "=".to_owned(),
        (false, FieldVerdict::NotMapped) => "not compared".to_owned(),
        (false, FieldVerdict::Unreadable) => format!("? {value}"),
        (false, FieldVerdict::Different | FieldVerdict::Absent) => {
            let kind = cell.value.as_ref().filter(|_| is_only_another_type(cell));
            let kind = kind.map_or_else(String::new, |it| format!(" ({})", it.type_name()));
            format!("≠ {value}{kind}")
        }
    };
    one_line(&text, CELL)
}

/// The values look the same, and only their types keep them apart.
fn is_only_another_type(cell: &ComparedCell) -> bool {
    cell.why.as_ref().is_some_and(|it| it.contains(" here, "))
}

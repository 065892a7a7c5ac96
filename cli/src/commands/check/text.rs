//! A report for people: the sentence that answers first, then what stands behind it.

use parallax_core::human;
use parallax_core::lag::{Reading, State};
use parallax_core::report::{EntityReport, Finding, LagDuring, PairReport, Report, headline};
use parallax_core::trace::Verdict;

use crate::table::{Table, one_line};
use crate::terminal::Style;

/// So many findings are listed; files and JSON have all.
const FINDINGS: usize = 20;

/// Longer cells are cut.
const CELL: usize = 72;

/// The whole report.
pub(super) fn of(report: &Report) -> String {
    let style = Style::of_stdout();
    let mut text = format!("{}\n", style.strong(&headline(report)));
    for entity in &report.entities {
        text.push_str(&counts(entity, style));
    }
    text.push_str(&findings(report, style));
    text.push_str(&not_checked(report));
    text.push_str(&lag(report, style));
    let took = human::duration(report.took);
    text.push_str(&format!(
        "\nTook {took}. The same again: {}\n",
        report.rerun
    ));
    text
}

/// One row a dataset, the system of record first.
fn counts(entity: &EntityReport, style: Style) -> String {
    let mut table = Table::new([
        "",
        "dataset",
        "records",
        "agree",
        "in flight",
        "stale",
        "conflict",
        "missing",
        "orphaned",
        "unknown",
    ]);
    let records = |dataset| {
        let found = entity.compared.iter().find(|(it, _)| it == dataset);
        found.map_or_else(|| "?".to_owned(), |(_, rows)| human::count(*rows))
    };
    if let Some(source) = entity.pairs.first().map(|it| &it.source) {
        let name = format!("{source} (source of truth)");
        table.row(vec![" ".to_owned(), name, records(source)]);
    }
    for pair in &entity.pairs {
        let of = pair.counts;
        let mut row = vec![
            mark(entity, pair, style),
            pair.target.to_string(),
            records(&pair.target),
        ];
        let numbers = of.listed().map(|(_, number)| number);
        let is_known = entity.was_compared(pair);
        row.extend(numbers.map(|it| number(it, is_known)));
        table.row(row);
    }
    format!("\n{}\n{}", style.strong(&entity.entity), table.render())
}

/// A count; of what was not compared, zero is no answer.
fn number(of: u64, is_known: bool) -> String {
    if of > 0 || is_known {
        human::count(of)
    } else {
        "?".to_owned()
    }
}

/// What was not compared as a whole is not shown as equal.
fn mark(entity: &EntityReport, pair: &PairReport, style: Style) -> String {
    let of = pair.counts;
    let is_whole = entity.was_compared(pair) && entity.records_left_out(pair).next().is_none();
    if of.drifted() > 0 || of.late > 0 {
        style.bad("≠")
    } else if of.unknown > 0 || !is_whole {
        style.faint("?")
    } else if of.in_flight > 0 {
        style.warning("…")
    } else {
        style.good("=")
    }
}

fn findings(report: &Report, style: Style) -> String {
    let all = report.findings().count();
    if all == 0 {
        return String::new();
    }
    let mut table = Table::new(["", "entity", "key", "dataset", "verdict", "why"]);
    for (entity, finding) in report.findings().take(FINDINGS) {
        table.row(vec![
            style.bad("≠"),
            entity.to_owned(),
            one_line(&finding.key.to_string(), CELL / 2),
            finding.dataset.to_string(),
            verdict(finding),
            one_line(&finding.reason, CELL),
        ]);
    }
    let mut text = format!("\n{}", table.render());
    if all > FINDINGS {
        let more = human::count((all - FINDINGS) as u64);
        text.push_str(&format!("… {more} more, see --report FILE or --json\n"));
    }
    text
}

fn verdict(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Conflicts => "in conflict",
        Verdict::Orphan => "orphaned",
        other => other.name(),
    }
    .to_owned()
}

fn not_checked(report: &Report) -> String {
    let mut text = String::new();
    for entity in &report.entities {
        for part in &entity.not_checked {
            let what = one_line(&part.what, CELL);
            text.push_str(&format!(
                "  {}, {what}: {}\n",
                entity.entity,
                one_line(&part.why, 2 * CELL)
            ));
        }
    }
    if text.is_empty() {
        return text;
    }
    format!("\nNot checked:\n{text}")
}

fn lag(report: &Report, style: Style) -> String {
    if report.lag.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        "",
        "edge while it ran",
        "at first",
        "at most",
        "at last",
        "objective",
        "measured",
    ]);
    for edge in &report.lag {
        table.row(vec![
            state(edge, style),
            one_line(&format!("{} → {}", edge.edge.from, edge.edge.to), CELL),
            behind(&edge.first),
            edge.max.map_or_else(unknown, human::duration),
            behind(&edge.last),
            human::duration(edge.edge.objective),
            human::plural(edge.samples, "time"),
        ]);
    }
    format!("\n{}", table.render())
}

fn behind(reading: &Reading) -> String {
    reading.lag.time.map_or_else(unknown, human::duration)
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn state(edge: &LagDuring, style: Style) -> String {
    let late = edge.last.within(edge.edge.objective) == Some(false);
    match edge.last.state {
        State::Broken => style.bad("✕"),
        State::Unknown => style.faint("?"),
        State::Behind if late => style.bad("▲"),
        State::Behind => style.warning("◐"),
        State::CaughtUp => style.good("●"),
    }
}

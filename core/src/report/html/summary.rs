//! Counts of copies by dataset, and of drift by field.

use super::Markup;
use crate::human;
use crate::report::{Counts, EntityReport, PairReport, Report, words};

/// The columns; a mark in front of a name means that it holds numbers.
const COLUMNS: [&str; 10] = [
    "dataset",
    "#compared",
    "",
    "#agree",
    "#in flight",
    "#stale",
    "#conflicts",
    "#missing",
    "#orphans",
    "#unknown",
];

/// One row a copy, with a bar that shows the shares of its verdicts.
pub(super) fn write(page: &mut Markup, report: &Report) {
    page.element("h2", "Copies by dataset").own("\n");
    if report.entities.iter().all(|it| it.pairs.is_empty()) {
        page.element("p class=\"note\"", "No copy was in scope.")
            .own("\n");
        return;
    }
    page.table("Copies by dataset", &COLUMNS);
    for entity in &report.entities {
        for pair in &entity.pairs {
            let records = entity.compared.iter().find(|(it, _)| *it == pair.target);
            row(page, entity, pair, records.map(|(_, n)| *n));
        }
    }
    page.end_table();
    legend(page);
    by_field(page, report);
}

/// One copy. What was not compared has no bar, for an empty one would look like an answer.
fn row(page: &mut Markup, entity: &EntityReport, pair: &PairReport, records: Option<u64>) {
    page.own("<tr><th scope=\"row\" class=\"name\"><bdi>");
    page.sentence(&pair.target.to_string()).own("</bdi>");
    page.own("<span class=\"sub\">")
        .sentence(&entity.entity)
        .own(" from <bdi>");
    page.sentence(&pair.source.to_string())
        .own("</bdi></span></th>");
    match records {
        Some(records) => page.element("td class=\"num\"", &human::count(records)),
        None => page.element("td class=\"num none\"", "unknown"),
    };
    page.own("<td>");
    if entity.was_compared(pair) {
        bar(page, pair.counts);
    } else {
        page.element("span class=\"none\"", "not compared");
    }
    page.own("</td>");
    for (at, n) in words::counts(entity, pair).into_iter().enumerate() {
        number(page, at, n, pair.counts.late);
    }
    page.own("</tr>\n");
}

/// A count, in the color of its column unless it is zero; of those in flight, how many are late.
fn number(page: &mut Markup, column: usize, number: Option<u64>, late: u64) {
    let tag = match (column, number) {
        (_, None) => "td class=\"num none\"",
        (_, Some(0)) => "td class=\"num zero\"",
        (0, _) => "td class=\"num\"",
        (1, _) => "td class=\"num some warn\"",
        (6, _) => "td class=\"num some none\"",
        _ => "td class=\"num some bad\"",
    };
    page.open(tag).text(&words::number(number));
    if column == 1 && late > 0 {
        let late = format!("{} late", human::count(late));
        page.element("span class=\"sub\"", &late);
    }
    page.close(tag);
}

/// The shares of the verdicts; screen readers skip it, for the numbers stand beside it.
fn bar(page: &mut Markup, counts: Counts) {
    page.own("<div class=\"bar\" aria-hidden=\"true\">");
    page.piece("drift", counts.drifted())
        .piece("flight", counts.in_flight);
    page.piece("open", counts.unknown)
        .piece("agree", counts.agrees)
        .own("</div>");
}

fn legend(page: &mut Markup) {
    page.own("<p class=\"legend\" aria-hidden=\"true\">");
    for (class, word) in [
        ("drift", "drifted"),
        ("flight", "in flight"),
        ("open", "unknown"),
        ("agree", "agree"),
    ] {
        page.own("<span><span class=\"bar\">")
            .piece(class, 1)
            .own("</span>");
        page.text(word).own("</span>");
    }
    page.own("</p>\n");
}

/// Which fields differ most, over all entities on one scale.
fn by_field(page: &mut Markup, report: &Report) {
    let fields: Vec<_> = report.entities.iter().map(words::drift_by_field).collect();
    let Some(most) = fields.iter().flatten().map(|(_, _, n)| *n).max() else {
        return;
    };
    page.element("h2", "Drift by field").own("\n");
    page.table("Drift by field", &["dataset", "field", "#copies", ""]);
    for (dataset, field, copies) in fields.iter().flatten() {
        page.own("<tr>")
            .name("th scope=\"row\" class=\"name\"", dataset);
        page.name("td class=\"name\"", field);
        page.element("td class=\"num\"", &human::count(*copies));
        page.own("<td aria-hidden=\"true\"><div class=\"bar\">")
            .piece("drift", *copies);
        page.piece("rest", most - copies).own("</div></td></tr>\n");
    }
    page.end_table();
}

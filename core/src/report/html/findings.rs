//! The copies that drifted, and examples with masked values.

use super::{Markup, pill};
use crate::human;
use crate::report::{Difference, EntityReport, Finding, Report, mask, words};

/// Findings that are listed; all of them are in the JSON and CSV forms.
const LISTED: usize = 1_000;

/// The findings as a table an entity, then examples with masked values.
pub(super) fn write(page: &mut Markup, report: &Report) {
    let total = report.findings().count();
    page.element("h2", "Findings").own("\n");
    if total == 0 {
        page.element("p class=\"note\"", "No copy drifted.")
            .own("\n");
        return;
    }
    if total > LISTED {
        let more = format!(
            "The first {} of {} are listed; all of them are in the JSON and CSV forms of this report.",
            human::count(LISTED as u64),
            human::count(total as u64)
        );
        page.element("p class=\"note\"", &more).own("\n");
    }
    let mut left = LISTED;
    for entity in report.entities.iter().filter(|it| !it.findings.is_empty()) {
        list(page, entity, left);
        left = left.saturating_sub(entity.findings.len());
    }
    examples(page, report);
}

/// The findings of an entity, as many as the page's limit has left.
fn list(page: &mut Markup, entity: &EntityReport, limit: usize) {
    if limit == 0 {
        return;
    }
    page.open("h3")
        .sentence(&entity.entity)
        .own(" <span class=\"none\">by ");
    page.sentence(&entity.key.join(", "))
        .own("</span>")
        .close("h3")
        .own("\n");
    let columns = [
        "key",
        "dataset",
        "verdict",
        "fields",
        "why",
        "#changed before",
        "last seen",
        "#reads",
    ];
    page.table("Findings", &columns);
    for finding in entity.findings.iter().take(limit) {
        row(page, finding);
    }
    page.end_table();
}

fn row(page: &mut Markup, of: &Finding) {
    page.own("<tr>")
        .name("th scope=\"row\" class=\"name\"", &of.key.to_string());
    page.name("td class=\"name place\"", &of.dataset.to_string())
        .own("<td>");
    pill(page, of.verdict);
    page.own("</td><td class=\"name\">");
    for (at, field) in words::fields(of).into_iter().enumerate() {
        page.own(if at > 0 { ", " } else { "" }).name("span", field);
    }
    page.own("</td>")
        .element("td class=\"wide\"", &mask::why(&of.reason));
    page.element("td class=\"num\"", &words::age(of.age));
    page.own("<td class=\"keep\">")
        .text(&words::clock(of.last_seen));
    if of.first_seen != of.last_seen {
        let first = format!("first {}", words::clock(of.first_seen));
        page.element("span class=\"sub\"", &first);
    }
    page.own("</td>")
        .element("td class=\"num\"", &human::count(of.reads.into()));
    page.own("</tr>\n");
}

/// Differences field by field; nothing where no finding has values to show.
fn examples(page: &mut Markup, report: &Report) {
    let chosen: Vec<&Finding> = report.entities.iter().flat_map(words::examples).collect();
    if chosen.is_empty() {
        return;
    }
    page.element("h2", "Examples").own("\n");
    page.element("p class=\"note\"", words::MASKING).own("\n");
    let columns = [
        "key",
        "dataset",
        "field",
        "source of truth",
        "",
        "copy",
        "differs",
        "rule",
    ];
    page.table("Examples with masked values", &columns);
    for finding in chosen {
        for difference in &finding.differences {
            example(page, finding, difference);
        }
    }
    page.end_table();
}

fn example(page: &mut Markup, finding: &Finding, of: &Difference) {
    let (truth, copy) = (of.truth.as_ref(), of.copy.as_ref());
    page.own("<tr>")
        .name("th scope=\"row\" class=\"name\"", &finding.key.to_string());
    page.name("td class=\"name place\"", &finding.dataset.to_string());
    page.name("td class=\"name\"", &of.field);
    page.element("td", &mask::shape(truth))
        .own("<td class=\"bad\">≠</td>");
    page.element("td", &mask::shape(copy));
    page.element(
        "td class=\"keep\"",
        &mask::first_difference(truth, copy).unwrap_or_default(),
    );
    page.element("td", &mask::rule(&of.rule)).own("</tr>\n");
}

//! How the check went about it, what it left out, the lag meanwhile, and how to run it again.

use super::Markup;
use crate::human;
use crate::report::{LagDuring, Report, mask, words};

/// How it was done, what was left out, the lag meanwhile, and how to run it again.
pub(super) fn write(page: &mut Markup, report: &Report) {
    how(page, report);
    not_checked(page, report);
    lag(page, report);
    page.element("h2", "Run it again").own("\n<pre><code>");
    page.text(&report.rerun).own("</code></pre>\n");
}

/// The steps, how sure their answer is, and what they took.
fn how(page: &mut Markup, report: &Report) {
    page.element("h2", "How").own("\n<ol>\n");
    for step in words::method(&report.scope) {
        page.own("<li>").text(step).own("</li>\n");
    }
    page.own("</ol>\n<p>").text(words::CERTAINTY).own("</p>\n");
    let pairs = || report.entities.iter().flat_map(|it| &it.pairs);
    if pairs().next().is_none() {
        return;
    }
    page.own("<h3>Work</h3>\n");
    page.table(
        "Work",
        &[
            "from",
            "to",
            "#scans",
            "#sketch cells",
            "#candidates read again",
        ],
    );
    for pair in pairs() {
        page.own("<tr>")
            .name("td class=\"name place\"", &pair.source.to_string());
        page.name(
            "th scope=\"row\" class=\"name place\"",
            &pair.target.to_string(),
        );
        page.element("td class=\"num\"", &human::count(pair.scans.into()));
        page.element("td class=\"num\"", &human::count(pair.cells));
        page.element("td class=\"num\"", &human::count(pair.candidates))
            .own("</tr>\n");
    }
    page.end_table();
}

/// The share of copies that were judged, then each part that was not compared, with its reason.
fn not_checked(page: &mut Markup, report: &Report) {
    page.element(
        "h2 id=\"not-checked\"",
        "Coverage, and what was not checked",
    )
    .own("\n");
    page.element("p", &words::coverage(report)).own("\n");
    if report.entities.iter().all(|it| it.not_checked.is_empty()) {
        return;
    }
    page.table("Not checked", &["entity", "what", "why"]);
    for entity in &report.entities {
        for part in &entity.not_checked {
            page.own("<tr>").element("td", &entity.entity);
            page.name("th scope=\"row\" class=\"name\"", &part.what);
            page.element("td class=\"wide\"", &mask::why(&part.why))
                .own("</tr>\n");
        }
    }
    page.end_table();
}

fn lag(page: &mut Markup, report: &Report) {
    page.element("h2", "Lag while it ran").own("\n");
    if report.lag.is_empty() {
        page.element("p class=\"note\"", "No edge leads to the copies in scope.")
            .own("\n");
        return;
    }
    let columns = [
        "edge",
        "at the start",
        "#most",
        "at the end",
        "#objective",
        "measured by",
        "#measured",
    ];
    page.table("Lag while it ran", &columns);
    for it in &report.lag {
        edge(page, it);
    }
    page.end_table();
}

/// One edge: its lag at the start, at most and at the end, against its objective.
fn edge(page: &mut Markup, of: &LagDuring) {
    page.own("<tr>")
        .name("th scope=\"row\" class=\"name\"", &words::edge(of));
    page.element("td", &mask::why(&words::reading(&of.first)));
    let most = of.max.map_or_else(|| "unknown".to_owned(), human::duration);
    let tag = match of.max {
        Some(most) if most > of.edge.objective => "td class=\"num some bad\"",
        Some(_) => "td class=\"num\"",
        None => "td class=\"num none\"",
    };
    page.element(tag, &most)
        .element("td", &mask::why(&words::reading(&of.last)));
    page.element("td class=\"num\"", &human::duration(of.edge.objective));
    page.element("td", &words::probe(of));
    let times = human::plural(of.samples, "time");
    page.element("td class=\"num\"", &times).own("</tr>\n");
}

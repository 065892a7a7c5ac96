//! `parallax lag`.

use std::time::Duration;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::human;
use parallax_core::wire::LagReport;
use parallax_workbench::Workbench;
use serde_json::{Value, json};

use super::{edges, name, print_json};
use crate::args::LagArguments;
use crate::outcome::Outcome;
use crate::table::Table;
use crate::terminal::{Style, print};

/// How often `--watch` measures.
const EVERY: Duration = Duration::from_secs(2);

pub(crate) async fn run(
    workbench: &Workbench,
    arguments: &LagArguments,
    json: bool,
) -> Result<Outcome> {
    if arguments.since.is_some() {
        return Err(
            Error::new(ErrorKind::Unsupported, "show the history of lag")
                .because("no history is kept yet")
                .hint("`parallax lag --watch` shows it as it goes"),
        );
    }
    let outcome = once(workbench, json).await?;
    if !arguments.watch {
        return Ok(outcome);
    }
    loop {
        tokio::time::sleep(EVERY).await;
        print("\n")?;
        once(workbench, json).await?;
    }
}

async fn once(workbench: &Workbench, json: bool) -> Result<Outcome> {
    let report = workbench.lag().await?;
    if json {
        let edges: Vec<Value> = report.edges.iter().map(edges::document).collect();
        print_json(&json!({ "format": 1, "at": report.at.to_string(), "edges": edges }))?;
    } else {
        print(&text(&report))?;
    }
    Ok(edges::outcome(&report))
}

fn text(report: &LagReport) -> String {
    let style = Style::of_stdout();
    let mut table = Table::new([
        "edge",
        "via",
        "state",
        "behind",
        "changes",
        "objective",
        "measured by",
        "uncertainty",
    ]);
    for edge in &report.edges {
        let reading = &edge.reading;
        table.row(vec![
            format!("{} → {}", edge.edge.from, edge.edge.to),
            edge.edge.via.to_string(),
            edges::state(edge, style),
            edges::time(edge),
            reading
                .lag
                .records
                .map_or_else(|| "unknown".to_owned(), human::count),
            human::duration(edge.edge.objective),
            name(&reading.probe),
            format!("± {}", human::duration(reading.uncertainty)),
        ]);
    }
    let mut text = table.render();
    for edge in report.edges.iter().filter(|it| it.reading.why.is_some()) {
        let why = edge.reading.why.as_deref().unwrap_or_default();
        text.push_str(&format!("\n{} → {}: {why}\n", edge.edge.from, edge.edge.to));
    }
    text
}

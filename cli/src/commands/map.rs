//! `parallax map`: the data-flow graph, for people, for scripts and for drawing tools.

use parallax_core::deployment::{Endpoint, Role};
use parallax_core::error::Result;
use parallax_core::wire::{EdgeLag, LagReport, Overview};
use parallax_workbench::Workbench;
use serde_json::{Value, json};

use super::{edges, print_json};
use crate::args::MapFormat;
use crate::outcome::Outcome;
use crate::table::Table;
use crate::terminal::{Style, print};

pub(crate) async fn run(workbench: &Workbench, format: MapFormat) -> Result<Outcome> {
    let report = workbench.lag().await?;
    let overview = workbench.overview()?;
    match format {
        MapFormat::Json => print_json(&document(&overview, &report))?,
        MapFormat::Text => print(&text(&overview, &report))?,
        MapFormat::Mermaid => print(&mermaid(&report))?,
        MapFormat::Dot => print(&dot(&report))?,
    }
    Ok(edges::outcome(&report))
}

fn document(overview: &Overview, report: &LagReport) -> Value {
    let nodes: Vec<Value> = endpoints(report)
        .into_iter()
        .map(|it| {
            json!({ "dataset": it.to_string(), "store": it.store(), "system_of_record": is_source(overview, it) })
        })
        .collect();
    let edges: Vec<Value> = report.edges.iter().map(edges::document).collect();
    json!({
        "format": 1,
        "name": overview.name,
        "at": report.at.to_string(),
        "nodes": nodes,
        "edges": edges,
        "remarks": overview.remarks,
    })
}

fn text(overview: &Overview, report: &LagReport) -> String {
    let style = Style::of_stdout();
    let mut text = format!(
        "{} · {}\n",
        style.strong(&overview.name),
        overview.environment
    );
    let mut sources: Vec<&Endpoint> = report.edges.iter().map(|it| &it.edge.from).collect();
    sources.dedup();
    for source in sources {
        let badge = if is_source(overview, source) {
            " ◆ source of truth"
        } else {
            ""
        };
        text.push_str(&format!("\n{}{badge}\n", style.strong(&source.to_string())));
        let mut table = Table::from_head(vec![]);
        for edge in report.edges.iter().filter(|it| it.edge.from == *source) {
            table.row(vec![
                format!("  └─ {} ─▶", edge.edge.via),
                edge.edge.to.to_string(),
                edges::state(edge, style),
                edges::time(edge),
            ]);
        }
        text.push_str(table.render().trim_start_matches('\n'));
    }
    for remark in &overview.remarks {
        text.push_str(&format!("\nnote: {remark}\n"));
    }
    text
}

fn mermaid(report: &LagReport) -> String {
    let mut text = "flowchart LR\n".to_owned();
    let nodes = endpoints(report);
    for (at, node) in nodes.iter().enumerate() {
        // Quotes cannot stand in a label; Mermaid knows them by name.
        text.push_str(&format!(
            "  n{at}[\"{}\"]\n",
            node.to_string().replace('"', "#quot;")
        ));
    }
    for edge in &report.edges {
        let at = |wanted: &Endpoint| nodes.iter().position(|it| *it == wanted).unwrap_or(0);
        let (from, to) = (at(&edge.edge.from), at(&edge.edge.to));
        text.push_str(&format!("  n{from} -->|\"{}\"| n{to}\n", label(edge)));
    }
    text
}

fn dot(report: &LagReport) -> String {
    let mut text = "digraph flows {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for edge in &report.edges {
        let (from, to) = (
            quoted(&edge.edge.from.to_string()),
            quoted(&edge.edge.to.to_string()),
        );
        text.push_str(&format!(
            "  {from} -> {to} [label={}];\n",
            quoted(&label(edge))
        ));
    }
    text.push_str("}\n");
    text
}

fn label(edge: &EdgeLag) -> String {
    format!("{} {}", edge.edge.via, edges::time(edge))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn endpoints(report: &LagReport) -> Vec<&Endpoint> {
    let mut found: Vec<&Endpoint> = Vec::new();
    for end in report
        .edges
        .iter()
        .flat_map(|it| [&it.edge.from, &it.edge.to])
    {
        if !found.contains(&end) {
            found.push(end);
        }
    }
    found
}

fn is_source(overview: &Overview, endpoint: &Endpoint) -> bool {
    let Endpoint::Dataset(dataset) = endpoint else {
        return false;
    };
    let mut representations = overview.entities.iter().flat_map(|it| &it.representations);
    representations.any(|it| it.role == Role::SystemOfRecord && it.dataset.same_as(dataset))
}

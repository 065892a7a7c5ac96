//! Statements whose results are kept while they run, then printed: tables for people, one JSON document for scripts.

use std::io::{BufWriter, Stdout, Write as _};

use parallax_core::error::Result;
use parallax_core::human;
use parallax_core::panes::{self, Comparison, Mapped, Overall};
use parallax_core::store::{Batch, Column};
use parallax_core::value::Value;
use parallax_core::wire::{PaneProgress, PaneState, PaneStatement, ResultHead, ResultId, RunId};
use parallax_workbench::{Events, Workbench};
use serde_json::json;

use super::super::millis;
use super::{compared, readable};
use crate::args::RowFormat;
use crate::outcome::Outcome;
use crate::table::{Table, one_line};
use crate::terminal::{Style, print, written};

/// Rows that are read and printed at once; a table's columns keep the widths of each such block.
const BLOCK: u32 = 1_000;

/// Longer cells are cut in tables; the other formats have them whole.
const CELL: usize = 80;

pub(super) async fn run(
    workbench: &Workbench,
    panes: Vec<PaneStatement>,
    parameters: &[(String, Value)],
    format: RowFormat,
    compares: bool,
) -> Result<Outcome> {
    let run = workbench.start(panes.clone(), parameters, &Events::ignore())?;
    let ends = workbench.finished(run).await?;
    let all_done = ends.iter().all(|it| it.state == PaneState::Done);
    let comparison = if compares {
        Some(compare(workbench, run, &ends).await)
    } else {
        None
    };
    let report = Report {
        workbench,
        run,
        panes: &panes,
        ends: &ends,
        comparison: comparison.as_ref(),
    };
    if format == RowFormat::Json {
        report.json()?;
    } else {
        report.tables()?;
    }
    workbench.forget(run);
    let ended = if all_done {
        Outcome::Fine
    } else {
        Outcome::Unanswered
    };
    Ok(ended.max(comparison.map_or(Outcome::Fine, |it| outcome(&it))))
}

/// The last result of each pane, for what comes before it only leads to it.
async fn compare(workbench: &Workbench, run: RunId, ends: &[PaneProgress]) -> Result<Comparison> {
    let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    let results = ends.iter().enumerate().map(|(pane, end)| ResultId {
        run,
        pane: number(pane),
        index: number(end.results.len().saturating_sub(1)),
    });
    let results: Vec<ResultId> = results.collect();
    workbench.compare(&results, &Mapped::Guess, None).await
}

fn outcome(comparison: &Result<Comparison>) -> Outcome {
    match comparison.as_ref().map(Comparison::overall) {
        Ok(Overall::Equal) => Outcome::Fine,
        Ok(Overall::Different) => Outcome::Found,
        Ok(Overall::Unknown) | Err(_) => Outcome::Unanswered,
    }
}

struct Report<'w> {
    workbench: &'w Workbench,
    run: RunId,
    panes: &'w [PaneStatement],
    ends: &'w [PaneProgress],
    comparison: Option<&'w Result<Comparison>>,
}

impl Report<'_> {
    /// Written piece by piece, so that a large result is never in memory as a whole.
    fn json(&self) -> Result<()> {
        let mut out = BufWriter::new(std::io::stdout());
        written(write!(
            out,
            "{{\"format\":1,\"run\":{},\"panes\":[",
            self.run.0
        ))?;
        for (at, (pane, end)) in self.panes.iter().zip(self.ends).enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let mut head = pane_head(pane, end).to_string();
            // The head is an object; the results are written as its last member.
            head.pop();
            written(write!(out, "{comma}{head},\"results\":["))?;
            self.results(&mut out, at, end)?;
            written(write!(out, "]}}"))?;
        }
        written(write!(out, "]"))?;
        if let Some(comparison) = self.comparison {
            let json = match comparison {
                Ok(it) => panes::to_json(it),
                Err(error) => json!({ "error": error.to_string(), "hint": error.hint }),
            };
            written(write!(out, ",\"comparison\":{json}"))?;
        }
        written(writeln!(out, "}}"))?;
        written(out.flush())
    }

    fn results(&self, out: &mut BufWriter<Stdout>, pane: usize, end: &PaneProgress) -> Result<()> {
        for (at, result) in end.results.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let first = self.blocks(pane, at, result).next().transpose()?;
            let columns = result
                .columns
                .iter()
                .enumerate()
                .map(|(at, it)| column(it, at, first.as_ref()));
            let columns: serde_json::Value = columns.collect();
            let affected = json!(result.affected);
            written(write!(
                out,
                "{comma}{{\"columns\":{columns},\"affected\":{affected},\"rows\":["
            ))?;
            let mut separator = "";
            for batch in self.blocks(pane, at, result) {
                let batch = batch?;
                for row in batch.cells.chunks(batch.columns.len().max(1)) {
                    let row: serde_json::Value = row.iter().map(Value::to_json).collect();
                    written(write!(out, "{separator}{row}"))?;
                    separator = ",";
                }
            }
            written(write!(out, "]}}"))?;
        }
        Ok(())
    }

    fn tables(&self) -> Result<()> {
        let style = Style::of_stdout();
        for (at, (pane, end)) in self.panes.iter().zip(self.ends).enumerate() {
            if self.panes.len() > 1 {
                print(&format!(
                    "{} {}\n",
                    style.strong(pane.store.as_str()),
                    style.faint(&one_line(&pane.text, CELL))
                ))?;
            }
            self.pane(at, end)?;
            if end.error.is_none() {
                print(&format!("{}\n", style.faint(&summary(end))))?;
            }
            if let Some(error) = &end.error {
                crate::terminal::complain(error);
            }
        }
        match self.comparison {
            Some(Ok(it)) => print(&compared::text(it, style)),
            Some(Err(error)) => {
                crate::terminal::complain(error);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn pane(&self, at: usize, end: &PaneProgress) -> Result<()> {
        for (index, result) in end.results.iter().enumerate() {
            let firsts = (0..).step_by(BLOCK as usize);
            for (first, batch) in firsts.zip(self.blocks(at, index, result)) {
                print(&block(&batch?, first))?;
            }
            if result.rows == 0 && !result.columns.is_empty() {
                let none = Batch {
                    columns: result.columns.clone().into(),
                    rows: 0,
                    cells: Vec::new(),
                };
                print(&block(&none, 0))?;
            }
        }
        Ok(())
    }

    fn blocks(
        &self,
        pane: usize,
        index: usize,
        result: &ResultHead,
    ) -> impl Iterator<Item = Result<Batch>> {
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        let id = ResultId {
            run: self.run,
            pane: number(pane),
            index: number(index),
        };
        let starts = (0..result.rows).step_by(BLOCK as usize);
        starts.map(move |first| self.workbench.page(id, first, BLOCK))
    }
}

fn pane_head(pane: &PaneStatement, end: &PaneProgress) -> serde_json::Value {
    json!({
        "store": pane.store,
        "statement": pane.text,
        "state": end.state,
        "error": end.error.as_ref().map(ToString::to_string),
        "hint": end.error.as_ref().and_then(|it| it.hint.clone()),
        "first_row_ms": end.first_row.map(millis),
        "took_ms": millis(end.took),
        "rows_total": end.results.iter().map(|it| it.rows).sum::<u64>(),
        "notices": end.notices,
    })
}

/// The type is that of the values, as in a trace, so that it says what a string stands for; the declared one is beside it.
fn column(column: &Column, at: usize, first: Option<&Batch>) -> serde_json::Value {
    let cells = first.map_or(&[][..], |it| &it.cells);
    let values = cells
        .iter()
        .skip(at)
        .step_by(first.map_or(1, |it| it.columns.len().max(1)));
    let value = values.into_iter().find(|it| !it.is_null());
    let type_name = value.map_or(column.type_name.as_str(), Value::type_name);
    json!({ "name": column.name, "type": type_name, "declared": column.type_name })
}

/// Rows as a table, or member by member where there are documents in them.
fn block(batch: &Batch, first: u64) -> String {
    if readable::has_documents(batch) {
        readable::documents(batch, first)
    } else {
        table(batch)
    }
}

fn table(batch: &Batch) -> String {
    let mut table = Table::from_head(batch.columns.iter().map(|it| it.name.clone()).collect());
    for row in batch.cells.chunks(batch.columns.len().max(1)) {
        table.row(row.iter().map(|it| readable::cell(it, CELL)).collect());
    }
    table.render()
}

fn summary(end: &PaneProgress) -> String {
    let rows: u64 = end.results.iter().map(|it| it.rows).sum();
    let affected: u64 = end.results.iter().filter_map(|it| it.affected).sum();
    let first = end.first_row.map_or_else(String::new, |it| {
        format!(", first after {}", human::duration(it))
    });
    let changed = if affected > 0 {
        format!(", {} changed", human::plural(affected, "row"))
    } else {
        String::new()
    };
    format!(
        "{} in {}{first}{changed}",
        human::plural(rows, "row"),
        human::duration(end.took)
    )
}

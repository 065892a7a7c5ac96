//! `parallax check`: reconciles entities, for people, programs and report files.

mod files;
mod progress;
mod text;

use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::report::{EntityReport, PairReport, Report, Scope, render};
use parallax_core::wire::{CheckId, ReportFormat};
use parallax_workbench::{Events, Workbench};
use tokio::signal::ctrl_c;

use crate::args::CheckArguments;
use crate::outcome::Outcome;
use crate::terminal::{complain, print, warn};

use files::ReportFile;
use progress::Progress;

pub(crate) async fn run(
    workbench: &Workbench,
    arguments: CheckArguments,
    json: bool,
) -> Result<Outcome> {
    if arguments.resume {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "go on with a check that was stopped",
        )
        .because("`--resume` comes with a later version")
        .hint("leave it out: the check begins anew"));
    }
    let files = files::read(&arguments.reports)?;
    let scope = Scope {
        entities: arguments.entities,
        from: arguments.from,
        to: arguments.to,
        sample: arguments.sample,
        since: arguments.since,
    };
    let progress = Arc::new(Progress::new());
    let shown = Arc::clone(&progress);
    let check = workbench.check(scope, &Events::new(move |event| shown.show(&event)))?;
    let Some((report, ended)) = finished(workbench, check).await? else {
        progress.clear();
        return Ok(Outcome::Interrupted);
    };
    progress.clear();
    let written = write(workbench, check, &files).await;
    if json {
        print(&render(&report, ReportFormat::Json))?;
    } else {
        print(&text::of(&report))?;
    }
    Ok(ended.unwrap_or_else(|| outcome(&report).max(written)))
}

/// Waits for the end. Ctrl-C stops the check, and what it found until then is told; a second one ends at once.
async fn finished(
    workbench: &Workbench,
    check: CheckId,
) -> Result<Option<(Arc<Report>, Option<Outcome>)>> {
    tokio::select! {
        report = workbench.checked(check) => return Ok(Some((report?, None))),
        _ = ctrl_c() => warn("stopping; press Ctrl-C again to end at once"),
    }
    workbench.cancel_check(check)?;
    tokio::select! {
        report = workbench.checked(check) => Ok(Some((report?, Some(Outcome::Interrupted)))),
        _ = ctrl_c() => Ok(None),
    }
}

/// Writes the report files; one that cannot be written costs no other.
async fn write(workbench: &Workbench, check: CheckId, files: &[ReportFile]) -> Outcome {
    let mut outcome = Outcome::Fine;
    for file in files {
        match workbench.export(check, file.format, Some(&file.path)).await {
            Ok(path) => warn(&format!("wrote {}", path.display())),
            Err(error) => {
                complain(&error);
                outcome = Outcome::Unanswered;
            }
        }
    }
    outcome
}

/// Drift, lateness and missed objectives are found; silent stores and what could not be judged are not answered.
fn outcome(report: &Report) -> Outcome {
    let counts = report.counts();
    let misses =
        |it: &parallax_core::report::LagDuring| it.last.within(it.edge.objective) == Some(false);
    if counts.drifted() > 0 || counts.late > 0 || report.lag.iter().any(misses) {
        return Outcome::Found;
    }
    let is_open = |it: &EntityReport| it.pairs.iter().any(|pair| is_unanswered(report, it, pair));
    if counts.unknown > 0 || report.entities.iter().any(is_open) {
        return Outcome::Unanswered;
    }
    Outcome::Fine
}

/// Whether one of a pair's stores was silent, or something of its datasets was not compared.
fn is_unanswered(report: &Report, entity: &EntityReport, pair: &PairReport) -> bool {
    let answered = |store: &str| report.stores.iter().any(|(it, _)| it == store);
    let mut sides = [&pair.source, &pair.target].into_iter();
    let is_whole = entity.was_compared(pair) && entity.records_left_out(pair).next().is_none();
    !is_whole || sides.any(|it| !answered(it.store.as_str()))
}

//! How far the running check is: each dataset, its pace and what is left; then what was found so far.

use egui::{Grid, RichText, Ui};
use parallax_core::human;
use parallax_core::name::DatasetId;
use parallax_core::report::Counts;
use parallax_core::wire::CheckProgress;

use super::pace::{Pace, left};
use super::{Stop, chart};
use crate::format;
use crate::theme::{self, Palette};
use crate::widgets::{Sign, caption, card, failure, named_button, pill};

const BAR: f32 = 220.0;

/// Draws it; returns whether the person wants it to end.
pub(super) fn ui(ui: &mut Ui, progress: Option<&CheckProgress>, pace: &Pace, stop: &Stop) -> bool {
    let mut asked = false;
    card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        asked = head(ui, progress, stop);
        if let Stop::Failed(error) = stop {
            failure(ui, error);
        }
        if let Some(progress) = progress {
            datasets(ui, progress, pace);
            found(ui, progress);
        }
    });
    asked
}

fn head(ui: &mut Ui, progress: Option<&CheckProgress>, stop: &Stop) -> bool {
    let row = ui.horizontal(|ui| {
        let sign = Sign::run(parallax_core::wire::PaneState::Running);
        pill(ui, sign, sign.word);
        let phase = progress.map_or("starting", |it| it.phase.as_str());
        ui.add(egui::Label::new(phase).truncate());
        if let Some(progress) = progress {
            caption(ui, human::duration(progress.took));
        }
        if matches!(stop, Stop::Asked) {
            caption(ui, "stopping…");
            return false;
        }
        named_button(ui, "Cancel", "Cancel the check")
    });
    row.inner
}

fn datasets(ui: &mut Ui, progress: &CheckProgress, pace: &Pace) {
    Grid::new("check-progress")
        .num_columns(5)
        .spacing([16.0, 2.0])
        .min_row_height(22.0)
        .show(ui, |ui| {
            for (dataset, rows, estimate) in &progress.scanned {
                one(ui, dataset, (*rows, *estimate), pace.of(dataset));
                ui.end_row();
            }
        });
}

fn one(ui: &mut Ui, dataset: &DatasetId, scanned: (u64, Option<u64>), pace: Option<f64>) {
    let (rows, estimate) = scanned;
    let palette = Palette::of(ui);
    let name = RichText::new(dataset.to_string()).font(theme::mono(theme::MONO));
    ui.label(name.color(palette.text));
    let share = estimate
        .filter(|it| *it > 0)
        .map(|it| format::as_share(format::as_f64(rows) / format::as_f64(it)));
    let shown = share.map_or_else(|| "size unknown".to_owned(), percent);
    chart::share(ui, BAR, share, &format!("{dataset} scanned: {shown}"));
    caption(ui, shown);
    caption(ui, records(rows, estimate));
    caption(ui, rest(rows, estimate, pace));
}

/// An estimate may be too small: then it is not 100 % that is reached, but more than was thought.
fn percent(share: f32) -> String {
    if share > 1.0 {
        "more than estimated".to_owned()
    } else {
        format::percent(share)
    }
}

fn records(rows: u64, estimate: Option<u64>) -> String {
    let rows = human::count(rows);
    estimate.map_or_else(
        || human_rows(&rows),
        |it| format!("{rows} of about {} records", human::count(it)),
    )
}

fn human_rows(rows: &str) -> String {
    format!("{rows} records")
}

fn rest(rows: u64, estimate: Option<u64>, pace: Option<f64>) -> String {
    let speed = pace.map(|it| format!("{}/s", human::count(format::whole(it))));
    let time = left(rows, estimate, pace).map(|it| format!("{} left", human::duration(it)));
    let parts: Vec<_> = speed.into_iter().chain(time).collect();
    parts.join(" · ")
}

fn found(ui: &mut Ui, progress: &CheckProgress) {
    ui.horizontal_wrapped(|ui| {
        let again = if progress.candidates == 0 {
            "nothing to read again so far".to_owned()
        } else {
            format!(
                "{} differed at first sight, {} of them judged",
                human::plural(progress.candidates, "key"),
                human::count(progress.judged)
            )
        };
        caption(ui, again);
        for (sign, number) in signs(progress.counts) {
            if number > 0 {
                pill(ui, sign, &format!("{} {}", human::count(number), sign.word));
            }
        }
    });
}

/// Counts with their signs, in the order in which they are shown everywhere.
pub(super) fn signs(counts: Counts) -> [(Sign, u64); 8] {
    use parallax_core::trace::Verdict;
    let in_time = counts.in_flight - counts.late.min(counts.in_flight);
    [
        (Sign::verdict(Verdict::Agrees), counts.agrees),
        (Sign::verdict(Verdict::InFlight { late: false }), in_time),
        (Sign::verdict(Verdict::InFlight { late: true }), counts.late),
        (Sign::verdict(Verdict::Stale), counts.stale),
        (Sign::verdict(Verdict::Conflicts), counts.conflicts),
        (Sign::verdict(Verdict::Missing), counts.missing),
        (Sign::verdict(Verdict::Orphan), counts.orphan),
        (Sign::verdict(Verdict::Unknown), counts.unknown),
    ]
}

//! Counts by verdict, one row a copy; a count of drift leads to its findings.

use egui::{Grid, RichText, ScrollArea, Ui, WidgetType};
use parallax_core::human;
use parallax_core::report::{EntityReport, PairReport, Report};
use parallax_core::trace::Verdict;

use super::chart;
use super::filter::Filter;
use super::progress::signs;
use crate::theme::{self, Palette};
use crate::widgets::{Sign, announce, caption, right};

/// Rows that are seen at once; the rest scrolls.
const HEIGHT: f32 = 176.0;
const BAR: f32 = 120.0;

/// What can be drift, in the order of the columns.
const DRIFT: [Verdict; 4] = [
    Verdict::Stale,
    Verdict::Conflicts,
    Verdict::Missing,
    Verdict::Orphan,
];

/// Draws them; returns the filter that a click on a count wants.
pub(super) fn ui(ui: &mut Ui, report: &Report) -> Option<Filter> {
    let mut wanted = None;
    let area = ScrollArea::both()
        .id_salt("check-counts")
        .max_height(HEIGHT)
        .auto_shrink([false, true]);
    area.show(ui, |ui| {
        let grid = Grid::new("check-counts").num_columns(12);
        grid.spacing([14.0, 2.0])
            .min_row_height(22.0)
            .show(ui, |ui| {
                // A count that can be clicked is no higher than one that cannot.
                ui.spacing_mut().interact_size.y = 18.0;
                ui.spacing_mut().button_padding = egui::vec2(2.0, 0.0);
                headings(ui);
                for entity in &report.entities {
                    for pair in &entity.pairs {
                        wanted = row(ui, entity, pair).or(wanted.take());
                        ui.end_row();
                    }
                }
            });
    });
    wanted
}

fn headings(ui: &mut Ui) {
    caption(ui, "entity");
    caption(ui, "copy");
    caption(ui, "");
    for (sign, _) in signs(parallax_core::report::Counts::default()) {
        let color = Palette::of(ui).tone(sign.tone);
        let text = RichText::new(format!("{} {}", sign.mark, sign.word)).size(theme::CAPTION);
        right(ui, |ui| ui.label(text.color(color)));
    }
    // The last column takes what is left of the width.
    caption(ui, "");
    ui.end_row();
}

fn row(ui: &mut Ui, entity: &EntityReport, pair: &PairReport) -> Option<Filter> {
    let palette = Palette::of(ui);
    ui.label(RichText::new(&entity.entity).color(palette.text));
    let copy = RichText::new(pair.target.to_string()).font(theme::mono(theme::MONO));
    ui.label(copy.color(palette.text));
    chart::verdicts(ui, BAR, pair.counts);
    if let Some(why) = not_compared(entity, pair) {
        let sign = Sign::verdict(Verdict::Unknown);
        let text = format!("{} not compared", sign.mark);
        let text = RichText::new(text).color(palette.tone(sign.tone));
        ui.label(text).on_hover_text(why);
        return None;
    }
    let mut wanted = None;
    for (sign, number) in signs(pair.counts) {
        let verdict = DRIFT.into_iter().find(|it| Sign::verdict(*it) == sign);
        match verdict.filter(|_| number > 0) {
            Some(verdict) => wanted = drift(ui, pair, verdict, number).or(wanted),
            None => plain(ui, sign, number, pair),
        }
    }
    wanted
}

/// A count that is no drift; none is muted, so that what is there is seen.
fn plain(ui: &mut Ui, sign: Sign, number: u64, pair: &PairReport) {
    let palette = Palette::of(ui);
    let color = if number == 0 {
        palette.muted
    } else {
        palette.tone(sign.tone)
    };
    let text = RichText::new(human::count(number)).font(theme::mono(theme::MONO));
    let response = right(ui, |ui| ui.label(text.color(color)));
    let name = format!("{} {} in {}", human::count(number), sign.word, pair.target);
    announce(ui, &response, WidgetType::Label, &name);
}

fn drift(ui: &mut Ui, pair: &PairReport, verdict: Verdict, number: u64) -> Option<Filter> {
    let sign = Sign::verdict(verdict);
    let color = Palette::of(ui).tone(sign.tone);
    let text = RichText::new(human::count(number))
        .font(theme::mono(theme::MONO))
        .color(color)
        .underline();
    let button = egui::Button::new(text)
        .frame(false)
        .min_size(egui::Vec2::ZERO);
    let name = format!(
        "Show {} {} in {}",
        human::count(number),
        sign.word,
        pair.target
    );
    let response = right(ui, |ui| ui.add(button)).on_hover_text(&name);
    announce(ui, &response, WidgetType::Button, &name);
    response.clicked().then(|| Filter {
        verdict: Some(verdict),
        dataset: Some(pair.target.clone()),
        text: String::new(),
    })
}

/// Why a copy has no counts at all; zeros would look like an answer.
fn not_compared<'r>(entity: &'r EntityReport, pair: &PairReport) -> Option<&'r str> {
    let counts = pair.counts;
    let total = counts.agrees + counts.in_flight + counts.drifted() + counts.unknown;
    if total > 0 {
        return None;
    }
    let names = [pair.target.to_string(), pair.source.to_string()];
    let gap = entity
        .not_checked
        .iter()
        .find(|it| names.contains(&it.what));
    gap.map(|it| it.why.as_str())
}

//! The lag of the flows while the check ran: at its beginning, at its end, and the worst between.

use egui::{Grid, RichText, ScrollArea, Ui};
use parallax_core::human;
use parallax_core::report::LagDuring;

use crate::theme::{self, Palette};
use crate::views::map::{probe_name, time};
use crate::widgets::{Sign, caption};

const HEADINGS: [&str; 7] = [
    "flow",
    "at the beginning",
    "worst seen",
    "at the end",
    "objective",
    "measured",
    "method",
];

pub(super) fn ui(ui: &mut Ui, lags: &[LagDuring]) {
    if lags.is_empty() {
        caption(ui, "No flow was measured: the copies in scope have none.");
        return;
    }
    let area = ScrollArea::both().id_salt("check-lag").auto_shrink(false);
    area.show(ui, |ui| {
        let grid = Grid::new("check-lag").num_columns(HEADINGS.len());
        grid.spacing([20.0, 2.0])
            .min_row_height(24.0)
            .show(ui, |ui| {
                for heading in HEADINGS {
                    caption(ui, heading);
                }
                ui.end_row();
                for lag in lags {
                    row(ui, lag);
                    ui.end_row();
                }
            });
    });
}

fn row(ui: &mut Ui, lag: &LagDuring) {
    let palette = Palette::of(ui);
    let flow = format!("{} → {}", lag.edge.from, lag.edge.to);
    ui.label(RichText::new(flow).font(theme::mono(theme::CAPTION)));
    let first = Sign::lag(&lag.first, lag.edge.objective);
    let last = Sign::lag(&lag.last, lag.edge.objective);
    ui.label(format!("{} {}", first.mark, time(&lag.first)));
    ui.label(
        lag.max
            .map_or_else(|| "unknown".to_owned(), human::duration),
    );
    let end = RichText::new(format!("{} {} · {}", last.mark, time(&lag.last), last.word));
    let end = ui.label(end.color(palette.tone(last.tone)));
    if let Some(why) = &lag.last.why {
        end.on_hover_text(why);
    }
    ui.label(human::duration(lag.edge.objective));
    ui.label(human::plural(lag.samples, "time"));
    ui.label(probe_name(lag.last.probe));
}

//! Every edge in a table: how far behind, against what, measured how, and when.

use std::time::Duration;

use egui::{RichText, Ui};
use egui_extras::{Column, TableBuilder, TableRow};
use parallax_core::deployment::Edge;
use parallax_core::flow::GlobalLag;
use parallax_core::human;
use parallax_core::wire::EdgeLag;

use super::map::{probe_name, records, refresh_chooser, time};
use crate::action::Action;
use crate::app::Model;
use crate::theme::{self, Palette};
use crate::widgets::{Sign, card, empty, failure, title};

const HEADINGS: [&str; 9] = [
    "flow",
    "by",
    "state",
    "behind",
    "waiting",
    "objective",
    "from the root",
    "method",
    "remark",
];

/// The table's state; egui keeps the column widths.
#[derive(Debug)]
pub(crate) struct LagView;

impl LagView {
    #[expect(clippy::unused_self, reason = "every view is called alike")]
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        interval: Option<Duration>,
    ) -> Vec<Action> {
        let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8));
        let shown = frame.show(ui, |ui| {
            let actions = ui.horizontal(|ui| {
                title(ui, "Lag");
                refresh_chooser(ui, model, interval)
            });
            if let Some(error) = model.lag.error() {
                failure(ui, error);
            }
            let flows = model.overview.value().map_or(&[][..], |it| &it.flows);
            if flows.is_empty() {
                empty(
                    ui,
                    "No flows",
                    "declare them under [[flows]] in the deployment file",
                );
            } else {
                card(ui).show(ui, |ui| {
                    ui.set_max_width(ui.available_width());
                    table(ui, model, flows);
                });
            }
            actions.inner
        });
        shown.inner
    }
}

fn table(ui: &mut Ui, model: &Model, flows: &[Edge]) {
    let widths = [272.0, 60.0, 116.0, 96.0, 80.0, 64.0, 84.0, 160.0];
    let mut table = TableBuilder::new(ui)
        .resizable(true)
        .vscroll(true)
        .auto_shrink([false, false]);
    for width in widths {
        table = table.column(Column::initial(width).at_least(48.0).clip(true));
    }
    let table = table.column(Column::remainder().at_least(80.0).clip(true));
    let table = table.header(26.0, |mut row| {
        for heading in HEADINGS {
            row.col(|ui| {
                let color = Palette::of(ui).muted;
                ui.label(RichText::new(heading).size(theme::CAPTION).color(color));
            });
        }
    });
    table.body(|mut body| {
        body.ui_mut().spacing_mut().item_spacing.y = 0.0;
        body.rows(28.0, flows.len(), |mut row| {
            if let Some(flow) = flows.get(row.index()) {
                let lag = super::map::lag_of(model, flow);
                flow_row(&mut row, flow, lag);
            }
        });
    });
}

fn flow_row(row: &mut TableRow<'_, '_>, flow: &Edge, lag: Option<&EdgeLag>) {
    let sign = lag.map_or(Sign::unmeasured(), |it| {
        Sign::lag(&it.reading, flow.objective)
    });
    let unknown = || "unknown".to_owned();
    let reading = lag.map(|it| &it.reading);
    let cells = [
        format!("{} → {}", flow.from, flow.to),
        flow.via.to_string(),
        format!("{} {}", sign.mark, sign.word),
        reading.map_or_else(unknown, time),
        reading.map_or_else(unknown, records),
        human::duration(flow.objective),
        lag.map_or_else(unknown, |it| global(&it.global)),
        reading
            .map_or("unknown", |it| probe_name(it.probe))
            .to_owned(),
        reading.and_then(|it| it.why.clone()).unwrap_or_default(),
    ];
    for (at, text) in cells.into_iter().enumerate() {
        row.col(|ui| {
            let palette = Palette::of(ui);
            let color = if at == 2 {
                palette.tone(sign.tone)
            } else {
                palette.text
            };
            let shown = RichText::new(&text).color(color);
            let shown = if at == 0 {
                shown.font(theme::mono(theme::CAPTION))
            } else {
                shown
            };
            ui.add(egui::Label::new(shown).truncate())
                .on_hover_text(text);
        });
    }
}

fn global(lag: &GlobalLag) -> String {
    match lag {
        GlobalLag::AtMost(span) => format!("≤ {}", human::duration(*span)),
        GlobalLag::Unknown { .. } => "unknown".to_owned(),
    }
}

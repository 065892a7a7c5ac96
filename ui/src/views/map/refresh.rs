//! How often lag is measured, and how old the last measurement is.

use std::time::Duration;

use egui::{ComboBox, Ui};
use parallax_core::wire::Request;

use crate::action::Action;
use crate::app::Model;
use crate::format;
use crate::widgets::caption;

const CHOICES: [Option<u64>; 5] = [None, Some(1), Some(5), Some(15), Some(60)];

/// The interval chooser, a button that measures now, and the age of the last report.
pub(crate) fn refresh_chooser(
    ui: &mut Ui,
    model: &Model,
    interval: Option<Duration>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let combo = ComboBox::from_id_salt("refresh")
        .selected_text(label(interval))
        .width(110.0);
    let shown = combo.show_ui(ui, |ui| {
        for choice in CHOICES {
            let choice = choice.map(Duration::from_secs);
            if ui
                .selectable_label(choice == interval, label(choice))
                .clicked()
            {
                actions.push(Action::Refresh(choice));
            }
        }
    });
    crate::widgets::announce(
        ui,
        &shown.response,
        egui::WidgetType::ComboBox,
        "Measure lag how often",
    );
    if ui.button("Measure now").clicked() {
        actions.push(Action::Ask(Request::Lag));
    }
    caption(ui, since(model, interval));
    actions
}

fn label(interval: Option<Duration>) -> String {
    interval.map_or_else(
        || "not by itself".to_owned(),
        |it| format!("every {} s", it.as_secs()),
    )
}

/// A watched report stands for as long as no other comes, so it has no age, but a beginning.
fn since(model: &Model, interval: Option<Duration>) -> String {
    match model.lag.value() {
        Some(report) if interval.is_some() => {
            format!("unchanged since {}", format::time_of_day(report.at))
        }
        Some(report) => format!("measured {}", format::age(report.at, model.now)),
        None if model.lag.is_loading() => "measuring…".to_owned(),
        None => "not measured yet".to_owned(),
    }
}

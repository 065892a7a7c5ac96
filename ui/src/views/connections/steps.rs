//! The steps of a test: each with its mark, its time and what was found; a hint where one failed.

use egui::{Grid, RichText, Ui};
use parallax_core::human;
use parallax_core::profile::{StepKind, StepOutcome, TestStep};

use crate::loadable::Loadable;
use crate::theme::{self, Palette};
use crate::widgets::{Sign, caption, failure};

pub(super) fn ui(ui: &mut Ui, steps: &Loadable<Vec<TestStep>>) {
    if let Some(error) = steps.error() {
        failure(ui, error);
    }
    if steps.is_loading() {
        caption(ui, "testing…");
    }
    let Some(steps) = steps.value() else {
        return;
    };
    ui.label(RichText::new(verdict(steps)).color(Palette::of(ui).text));
    let grid = Grid::new("connection-steps").num_columns(3);
    grid.spacing([12.0, 2.0])
        .min_row_height(22.0)
        .show(ui, |ui| {
            for step in steps {
                row(ui, step);
                ui.end_row();
            }
        });
}

fn verdict(steps: &[TestStep]) -> String {
    let failed = steps.iter().find(|it| it.outcome == StepOutcome::Failed);
    match failed {
        Some(step) => format!("It failed at the step “{}”.", name(step.kind)),
        None if steps.is_empty() => "Nothing was tested.".to_owned(),
        None => "The connection works.".to_owned(),
    }
}

fn row(ui: &mut Ui, step: &TestStep) {
    let palette = Palette::of(ui);
    let sign = Sign::tested(step.outcome);
    let color = palette.tone(sign.tone);
    let text = RichText::new(format!("{} {}", sign.mark, name(step.kind)));
    ui.label(text.color(color)).on_hover_text(sign.word);
    let time = match step.outcome {
        StepOutcome::Skipped => String::new(),
        StepOutcome::Passed | StepOutcome::Failed => human::duration(step.took),
    };
    caption(ui, time);
    let Some(hint) = &step.hint else {
        detail(ui, step);
        return;
    };
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        detail(ui, step);
        let hint = RichText::new(format!("→ {hint}")).size(theme::CAPTION);
        ui.add(egui::Label::new(hint.color(palette.accent)).wrap());
    });
}

/// What a step that was not done would have found is nothing to dwell on.
fn detail(ui: &mut Ui, step: &TestStep) {
    let palette = Palette::of(ui);
    let color = match step.outcome {
        StepOutcome::Skipped => palette.muted,
        StepOutcome::Passed | StepOutcome::Failed => palette.text,
    };
    let detail = RichText::new(&step.detail).color(color);
    ui.add(egui::Label::new(detail).wrap());
}

fn name(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Url => "URL",
        StepKind::Secret => "secret",
        StepKind::Dns => "host name",
        StepKind::Tcp => "port",
        StepKind::Tls => "encryption",
        StepKind::Auth => "login",
        StepKind::Version => "version",
        StepKind::Capability => "abilities",
    }
}

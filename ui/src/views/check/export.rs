//! The report as a file in each of its forms, and the command that runs the check again.

use egui::Ui;
use parallax_core::error::Error;
use parallax_core::wire::{CheckId, ReportFormat, Request};

use crate::action::Action;
use crate::widgets::{caption, failure, named_button};

const FORMS: [(ReportFormat, &str, &str); 5] = [
    (
        ReportFormat::Html,
        "HTML",
        "Save the report as one HTML page",
    ),
    (
        ReportFormat::Markdown,
        "Markdown",
        "Save the report as Markdown",
    ),
    (ReportFormat::Json, "JSON", "Save the report as JSON"),
    (ReportFormat::Csv, "CSV", "Save the findings as CSV"),
    (ReportFormat::Junit, "JUnit", "Save the report as JUnit XML"),
];

/// Where the last export stands.
#[derive(Debug, Default)]
pub(super) enum Export {
    #[default]
    Nothing,
    Asked(&'static str),
    Written(String),
    Failed(Error),
}

impl Export {
    pub(super) fn written(&mut self, path: String) {
        *self = Self::Written(path);
    }

    pub(super) fn not_written(&mut self, error: Error) {
        *self = Self::Failed(error);
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, check: CheckId, rerun: &str) -> Option<Action> {
        let mut wanted = None;
        ui.horizontal_wrapped(|ui| {
            caption(ui, "save the report as");
            for (format, text, name) in FORMS {
                if named_button(ui, text, name) {
                    *self = Self::Asked(text);
                    let path = None;
                    wanted = Some(Action::Ask(Request::ExportReport {
                        check,
                        format,
                        path,
                    }));
                }
            }
            ui.separator();
            let copy = ui.button("Copy the command").on_hover_text(rerun);
            if copy.clicked() {
                ui.ctx().copy_text(rerun.to_owned());
            }
            self.state(ui);
        });
        if let Self::Failed(error) = self {
            failure(ui, error);
        }
        wanted
    }

    fn state(&self, ui: &mut Ui) {
        match self {
            Self::Nothing | Self::Failed(_) => {}
            Self::Asked(form) => {
                caption(ui, format!("writing {form}…"));
            }
            Self::Written(path) => {
                let shown = crate::format::shortened(path, 64);
                caption(ui, format!("written to {shown}")).on_hover_text(path);
                if named_button(ui, "Copy its path", "Copy the report's path") {
                    ui.ctx().copy_text(path.clone());
                }
            }
        }
    }
}

//! The check: what is compared and what that costs, how far it is, and what it found.

use egui::{Key, Modifiers, Ui};
use parallax_core::error::Error;
use parallax_core::human;
use parallax_core::name::DatasetId;
use parallax_core::report::Report;
use parallax_core::store::Dataset;
use parallax_core::wire::{CheckId, CheckProgress, PaneState, Request};

use crate::action::Action;
use crate::app::Model;
use crate::theme;
use crate::widgets::{caption, card, empty, failure, primary, title};

mod chart;
mod counts;
mod export;
mod filter;
mod findings;
mod lag;
mod outcome;
mod pace;
mod plan;
mod progress;
mod setup;
mod sizes;
mod table;

use outcome::Outcome;
use pace::Pace;
use plan::Plan;
use setup::Setup;
use sizes::Sizes;

/// Events that may come before the reply that names their check.
const MOST_EARLY: usize = 16;

/// What is asked for, the check that runs, and what the last one found.
#[derive(Debug, Default)]
pub(crate) struct CheckView {
    setup: Setup,
    sizes: Sizes,
    run: Run,
    pace: Pace,
    early: Vec<(CheckId, CheckProgress)>,
    outcome: Option<Outcome>,
}

/// Where the last check stands.
#[derive(Debug, Default)]
enum Run {
    #[default]
    Never,
    /// Asked for, not named yet.
    Asked,
    Named {
        check: CheckId,
        progress: Option<Box<CheckProgress>>,
        stop: Stop,
    },
    Refused(Error),
}

/// Whether a person wants it to end.
#[derive(Debug, Default)]
enum Stop {
    #[default]
    No,
    Asked,
    Failed(Error),
}

impl Run {
    fn state(&self) -> Option<PaneState> {
        match self {
            Self::Never => None,
            Self::Asked => Some(PaneState::Running),
            Self::Named { progress, .. } => {
                Some(progress.as_ref().map_or(PaneState::Running, |it| it.state))
            }
            Self::Refused(_) => Some(PaneState::Failed),
        }
    }

    fn is_running(&self) -> bool {
        self.state() == Some(PaneState::Running)
    }

    fn is(&self, wanted: CheckId) -> bool {
        matches!(self, Self::Named { check, .. } if *check == wanted)
    }
}

impl CheckView {
    /// Sets up a check of one flow; a dataset that represents no entity cannot be its beginning.
    pub(crate) fn compare(&mut self, model: &Model, from: DatasetId, to: DatasetId) {
        self.setup.compare(model, from, to);
    }

    /// Begins a check of what is set up, unless one runs.
    pub(crate) fn start(&mut self, model: &Model) -> Option<Action> {
        self.setup.keep_to(model);
        if self.run.is_running() || Plan::of(&self.setup, model).is_empty() {
            return None;
        }
        self.run = Run::Asked;
        self.pace = Pace::default();
        self.early.clear();
        Some(Action::Ask(Request::Check(self.setup.scope())))
    }

    /// The check has its name; what came of it before is taken up.
    pub(crate) fn begun(&mut self, check: CheckId) -> Option<Action> {
        self.run = Run::Named {
            check,
            progress: None,
            stop: Stop::No,
        };
        let early = std::mem::take(&mut self.early);
        let known = early.into_iter().filter(|it| it.0 == check);
        known
            .filter_map(|(_, progress)| self.progress(check, progress))
            .last()
    }

    pub(crate) fn refused(&mut self, error: Error) {
        self.run = Run::Refused(error);
    }

    /// Takes note of how far it is; at its end, asks what it found.
    pub(crate) fn progress(&mut self, of: CheckId, told: CheckProgress) -> Option<Action> {
        let Run::Named {
            check, progress, ..
        } = &mut self.run
        else {
            self.early.truncate(MOST_EARLY - 1);
            self.early.push((of, told));
            return None;
        };
        if *check != of {
            return None;
        }
        self.pace.note(&told);
        self.sizes.learn_progress(&told);
        let has_report = matches!(told.state, PaneState::Done | PaneState::Cancelled);
        *progress = Some(Box::new(told));
        has_report.then_some(Action::Ask(Request::CheckReport { check: of }))
    }

    pub(crate) fn show(&mut self, check: CheckId, report: Report) {
        if self.run.is(check) {
            self.sizes.learn_report(&report);
            self.outcome = Some(Outcome::new(check, report));
        }
    }

    /// What it found could not be had.
    pub(crate) fn lost(&mut self, check: CheckId, error: Error) {
        if self.run.is(check) {
            self.run = Run::Refused(error);
        }
    }

    pub(crate) fn not_stopped(&mut self, of: CheckId, error: Error) {
        if let Run::Named { check, stop, .. } = &mut self.run
            && *check == of
        {
            *stop = Stop::Failed(error);
        }
    }

    pub(crate) fn written(&mut self, check: CheckId, path: String) {
        if let Some(outcome) = self.outcome.as_mut().filter(|it| it.is(check)) {
            outcome.written(path);
        }
    }

    pub(crate) fn not_written(&mut self, check: CheckId, error: Error) {
        if let Some(outcome) = self.outcome.as_mut().filter(|it| it.is(check)) {
            outcome.not_written(error);
        }
    }

    /// Sizes that a store told, for the plan.
    pub(crate) fn learn(&mut self, datasets: &[Dataset]) {
        self.sizes.learn(datasets);
    }

    /// What runs now, in words, and what stops it.
    pub(crate) fn task(&self) -> Option<(String, Option<Request>)> {
        if !self.run.is_running() {
            return None;
        }
        let Run::Named {
            check,
            progress,
            stop,
        } = &self.run
        else {
            return Some(("check: starting…".to_owned(), None));
        };
        let text = match (stop, progress) {
            (Stop::Asked, _) => "check: stopping…".to_owned(),
            (_, Some(it)) => format!("check: {} · {}", it.phase, human::duration(it.took)),
            (_, None) => "check: starting…".to_owned(),
        };
        Some((text, Some(Request::CancelCheck { check: *check })))
    }

    pub(crate) fn ui(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        if model.entity_names().is_empty() {
            nothing(ui, model);
            return Vec::new();
        }
        self.setup.keep_to(model);
        let plan = Plan::of(&self.setup, model);
        let mut actions = self.sizes.wanted(&plan);
        let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8));
        frame.show(ui, |ui| {
            actions.extend(self.tools(ui, model, &plan));
            let pace = self.outcome.as_ref().and_then(Outcome::pace);
            let sentence = plan.sentence(&self.setup, &self.sizes, pace);
            ui.add(egui::Label::new(sentence).wrap());
            self.trouble(ui);
            actions.extend(self.progress_ui(ui));
            actions.extend(self.body(ui, model, &plan));
        });
        actions
    }

    /// Title, Run and the choices in one row, as far as they fit.
    fn tools(&mut self, ui: &mut Ui, model: &Model, plan: &Plan) -> Vec<Action> {
        let mut actions = Vec::new();
        ui.horizontal_wrapped(|ui| {
            title(ui, "Check");
            let can_run = !self.run.is_running() && !plan.is_empty();
            ui.add_enabled_ui(can_run, |ui| {
                let run = primary(ui, "Run the check").on_hover_text("Ctrl-Enter");
                if run.clicked() {
                    actions.extend(self.start(model));
                }
            });
            self.setup.ui(ui, model);
        });
        actions
    }

    /// Why the last check could not run, or did not end well.
    fn trouble(&self, ui: &mut Ui) {
        match &self.run {
            Run::Refused(error) => failure(ui, error),
            Run::Named { progress, .. } => {
                let error = progress.as_ref().and_then(|it| it.error.as_ref());
                if let Some(error) = error {
                    failure(ui, error);
                }
            }
            Run::Never | Run::Asked => {}
        }
    }

    fn progress_ui(&mut self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = Vec::new();
        match &mut self.run {
            Run::Asked => {
                caption(ui, "starting…");
            }
            Run::Named {
                check,
                progress,
                stop,
            } if progress
                .as_ref()
                .is_none_or(|it| it.state == PaneState::Running) =>
            {
                let asked = progress::ui(ui, progress.as_deref(), &self.pace, stop);
                if asked {
                    *stop = Stop::Asked;
                    actions.push(Action::Ask(Request::CancelCheck { check: *check }));
                }
            }
            Run::Never | Run::Named { .. } | Run::Refused(_) => {}
        }
        actions
    }

    fn body(&mut self, ui: &mut Ui, model: &Model, plan: &Plan) -> Vec<Action> {
        let running = self.run.is_running();
        let Some(outcome) = &mut self.outcome else {
            if !running {
                ui.add_space(theme::HALF_GAP);
                card(ui).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    plan.ui(ui, &self.sizes);
                });
                caption(
                    ui,
                    "A check only reads: nothing is written to any store. Ctrl-Enter runs it.",
                );
            }
            return Vec::new();
        };
        if running {
            caption(ui, "below: what the check before found");
        }
        outcome.ui(ui, model)
    }
}

/// Whether a key was pressed alone; nobody else sees it then.
fn pressed(ui: &Ui, key: Key) -> bool {
    ui.input_mut(|it| it.consume_key(Modifiers::NONE, key))
}

fn nothing(ui: &mut Ui, model: &Model) {
    if model.overview.value().is_some() {
        empty(
            ui,
            "Nothing to check yet",
            "declare an entity under [entities] in the deployment file: a check compares its copies",
        );
    } else if model.overview.is_loading() {
        empty(
            ui,
            "Opening the deployment…",
            "its entities and flows come next",
        );
    } else {
        empty(
            ui,
            "No deployment is open",
            "see above what went wrong, correct it, then start again",
        );
    }
}

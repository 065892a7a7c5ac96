//! A workbench by hand: answers each request from fixtures, keeps what was asked, and can be told to hold or refuse.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, SnapshotOptions};
use jiff::Timestamp;
use parallax_core::error::{Error, ErrorKind};
use parallax_core::panes::Comparison;
use parallax_core::profile::Profile;
use parallax_core::report::Report;
use parallax_core::store::Batch;
use parallax_core::wire::{CheckId, Event, Machine, Reply, ReportFormat, Request, RunId};
use parallax_ui::App;
use parallax_ui::backend::{Backend, Done, OnEvent};

pub(crate) mod panes;
pub(crate) mod pocket;
pub(crate) mod profiles;
pub(crate) mod reports;
pub(crate) mod rows;
pub(crate) mod traces;

/// The time of all fixtures: nothing moves unless a test says so.
pub(crate) const NOW: &str = "2026-03-02T12:03:07.120Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

/// A minute and a second before `NOW`, and so on.
pub(crate) fn ago(millis: i64) -> Timestamp {
    let now: Timestamp = NOW.parse().expect("a time");
    now.checked_sub(jiff::SignedDuration::from_millis(millis))
        .expect("a time")
}

/// The workbench's stand-in.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) asked: RefCell<Vec<Request>>,
    pub(crate) refuse: RefCell<Option<Error>>,
    pub(crate) holds: Cell<bool>,
    pub(crate) held: RefCell<Vec<(Request, Done)>>,
    on: RefCell<Option<OnEvent>>,
    runs: Cell<u64>,
    checks: Cell<u64>,
    /// What every check finds.
    pub(crate) report: RefCell<Option<Report>>,
    pub(crate) profiles: RefCell<Vec<Profile>>,
    /// The results of panes by their place in the run; a pane without one has a million rows.
    pub(crate) results: RefCell<BTreeMap<u32, Batch>>,
    /// What every comparison of panes finds, in place of comparing `results`.
    pub(crate) comparison: RefCell<Option<Comparison>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake").finish_non_exhaustive()
    }
}

impl Fake {
    pub(crate) fn asked(&self, is_it: impl Fn(&Request) -> bool) -> usize {
        self.asked.borrow().iter().filter(|it| is_it(it)).count()
    }

    pub(crate) fn last(&self, is_it: impl Fn(&Request) -> bool) -> Option<Request> {
        self.asked
            .borrow()
            .iter()
            .rev()
            .find(|it| is_it(it))
            .cloned()
    }

    pub(crate) fn tell(&self, event: Event) {
        self.on.borrow().as_ref().expect("the app listens")(event);
    }

    /// Answers what was held.
    pub(crate) fn release(&self) {
        self.holds.set(false);
        for (request, done) in self.held.take() {
            done(self.reply(&request));
        }
    }

    fn reply(&self, request: &Request) -> Reply {
        if let Some(error) = self.refuse.borrow().as_ref() {
            return Reply::Failed(error.clone());
        }
        match request {
            Request::Overview => Reply::Overview(Box::new(pocket::overview())),
            Request::Stores | Request::Trust => Reply::Stores(pocket::stores()),
            Request::Lag => Reply::Lag(pocket::lag()),
            Request::Datasets { store } => Reply::Datasets(pocket::datasets(store)),
            Request::Describe { dataset } => Reply::Shape(Box::new(pocket::shape(dataset))),
            Request::Trace { entity, key, .. } => trace(entity, key),
            Request::Find { text, .. } => Reply::Found(traces::found(text)),
            Request::Query { .. } => {
                self.runs.set(self.runs.get() + 1);
                Reply::Running(RunId(self.runs.get()))
            }
            Request::Page {
                result,
                first,
                count,
            } => Reply::Page(match self.results.borrow().get(&result.pane) {
                Some(batch) => panes::page(*result, batch, *first, *count),
                None => rows::page(*result, *first, *count),
            }),
            Request::CompareResults { results, key, .. } => {
                let known = self.comparison.borrow().clone();
                let compared = || panes::compare(&self.results.borrow(), results, key.as_deref());
                match known.map_or_else(compared, Ok) {
                    Ok(it) => Reply::Compared(Box::new(it)),
                    Err(error) => Reply::Failed(error),
                }
            }
            Request::Cancel { .. }
            | Request::Close { .. }
            | Request::Watch { .. }
            | Request::CancelCheck { .. } => Reply::Done,
            Request::Check(_) => {
                self.checks.set(self.checks.get() + 1);
                Reply::Checking(CheckId(self.checks.get()))
            }
            Request::CheckReport { .. } => {
                let report = self.report.borrow().clone();
                Reply::Report(Box::new(report.unwrap_or_else(reports::rich)))
            }
            Request::ExportReport { format, .. } => {
                let ending = ReportFormat::ALL.iter().find(|it| it.1 == *format);
                let ending = ending.map_or("", |it| it.0);
                let path = format!("/srv/reports/parallax-check-pocket-20260302-120303.{ending}");
                Reply::Written { path }
            }
            Request::Profiles => Reply::Profiles(self.profiles.borrow().clone()),
            Request::SaveProfile { profile, .. } => {
                let mut profiles = self.profiles.borrow_mut();
                profiles.retain(|it| it.name != profile.name);
                profiles.push(profile.clone());
                Reply::Profiles(profiles.clone())
            }
            Request::RemoveProfile { name } => {
                let mut profiles = self.profiles.borrow_mut();
                profiles.retain(|it| it.name != *name);
                Reply::Profiles(profiles.clone())
            }
            Request::TestProfile { .. } => Reply::Tested(profiles::wrong_password()),
            Request::Machine => Reply::Machine(Machine {
                cpu: 0.12,
                memory_used: 5_100_000_000,
                memory_total: 16_000_000_000,
                own_memory: 214_000_000,
            }),
        }
    }
}

fn trace(entity: &str, key: &str) -> Reply {
    match (entity, key) {
        ("user", "42") => Reply::Trace(Box::new(traces::user_42())),
        ("user", "44") => Reply::Trace(Box::new(traces::user_44())),
        _ => Reply::Failed(
            Error::new(ErrorKind::NotFound, format!("trace {entity} {key}"))
                .because("no representation has it")
                .hint("is the key right? Find takes part of a name"),
        ),
    }
}

impl Backend for Fake {
    fn call(&self, request: Request, done: Done) {
        self.asked.borrow_mut().push(request.clone());
        if self.holds.get() {
            self.held.borrow_mut().push((request, done));
            return;
        }
        done(self.reply(&request));
    }

    fn events(&self, on: OnEvent) {
        self.on.replace(Some(on));
    }
}

pub(crate) type Window = Harness<'static, App>;

/// A window of 1280 by 800, settled.
pub(crate) fn window(fake: &Rc<Fake>, theme: Theme) -> Window {
    let app = App::new(Rc::<Fake>::clone(fake), now);
    let mut opened = Harness::builder()
        .with_size([1280.0, 800.0])
        .with_theme(theme)
        .with_max_steps(12)
        .with_options(
            SnapshotOptions::new()
                .threshold(1.2)
                .max_failed_pixels(1500),
        )
        .build_ui_state(whole, app);
    opened.run();
    opened
}

/// The harness leaves a margin; the app fills its window.
fn whole(ui: &mut egui::Ui, app: &mut App) {
    let room = ui.ctx().content_rect();
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(room));
    inside.set_clip_rect(room);
    app.ui(&mut inside);
}

/// A window with the fixtures of the pocket sample.
pub(crate) fn open(theme: Theme) -> (Rc<Fake>, Window) {
    let fake = Rc::new(Fake::default());
    let opened = window(&fake, theme);
    (fake, opened)
}

/// Presses Ctrl and a key.
pub(crate) fn ctrl(window: &mut Window, key: Key) {
    window.key_press_modifiers(Modifiers::COMMAND, key);
    window.run();
}

/// Types into the entity box and presses Enter.
pub(crate) fn trace_by_keyboard(window: &mut Window, text: &str) {
    ctrl(window, Key::K);
    window.get_by_label("Entity").type_text(text);
    window.run();
    window.key_press(Key::Enter);
    window.run();
}

/// Types into the one field of that name.
pub(crate) fn type_into(window: &mut Window, label: &str, text: &str) {
    window.get_by_label(label).focus();
    window.run();
    window.get_by_label(label).type_text(text);
    window.run();
}

/// A layout takes a few frames, and asks for each of them.
pub(crate) fn settle(window: &mut Window) {
    for _ in 0..100 {
        if window.try_run().is_ok() {
            return;
        }
    }
    panic!("it never lies still");
}

/// Clicks the one widget of that name.
#[track_caller]
pub(crate) fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    window.run();
}

/// Every text on the screen: labels and values, one a line.
pub(crate) fn screen(window: &Window) -> String {
    let mut lines = Vec::new();
    for node in window.root().children_recursive() {
        let node = node.accesskit_node();
        lines.extend(node.label());
        lines.extend(node.value());
    }
    lines.join("\n")
}

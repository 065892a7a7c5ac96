//! The real workbench, in process, behind the real ui: what a person does first, on the sample.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::Timestamp;
use parallax_core::wire::{Event, Request};
use parallax_samples::source;
use parallax_tests::Pocket;
use parallax_ui::App;
use parallax_ui::backend::{Backend, Done, OnEvent};
use parallax_workbench::{Events, Workbench};
use tokio::runtime::Runtime;

/// Answers each request before it returns; events wait until the window is ready for them.
struct InProcess {
    runtime: Runtime,
    workbench: Workbench,
    waiting: Arc<Mutex<VecDeque<Event>>>,
    on: RefCell<Option<OnEvent>>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

impl Backend for InProcess {
    fn call(&self, request: Request, done: Done) {
        let waiting = Arc::clone(&self.waiting);
        let events = Events::new(move |event| waiting.lock().expect("no panic").push_back(event));
        done(
            self.runtime
                .block_on(self.workbench.handle(request, &events)),
        );
    }

    fn events(&self, on: OnEvent) {
        self.on.replace(Some(on));
    }
}

impl InProcess {
    fn deliver(&self) {
        let events: Vec<Event> = self.waiting.lock().expect("no panic").drain(..).collect();
        for event in events {
            self.on.borrow().as_ref().expect("the app listens")(event);
        }
    }
}

/// The window over a sample of its own.
struct Desk {
    sample: Pocket,
    backend: Rc<InProcess>,
    window: Harness<'static, App>,
}

impl Desk {
    fn open(seed: u64) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let sample = runtime.block_on(Pocket::load(200, seed));
        let workbench = runtime.block_on(async { sample.workbench() });
        let backend = InProcess {
            runtime,
            workbench,
            waiting: Arc::default(),
            on: RefCell::default(),
        };
        let backend = Rc::new(backend);
        let app = App::new(Rc::<InProcess>::clone(&backend), now);
        let window = Harness::builder()
            .with_size([1280.0, 800.0])
            .with_max_steps(20)
            .build_ui_state(whole, app);
        let mut desk = Self {
            sample,
            backend,
            window,
        };
        desk.settle();
        desk
    }

    fn settle(&mut self) {
        self.backend.deliver();
        self.window.run();
    }

    fn press(&mut self, key: Key) {
        self.window.key_press_modifiers(Modifiers::COMMAND, key);
        self.window.run();
    }

    fn type_into(&mut self, label: &str, text: &str) {
        self.window.get_by_label(label).focus();
        self.window.run();
        self.window.get_by_label(label).type_text(text);
        self.window.run();
    }

    fn screen(&self) -> String {
        let mut lines = Vec::new();
        for node in self.window.root().children_recursive() {
            let node = node.accesskit_node();
            lines.extend(node.label());
            lines.extend(node.value());
        }
        lines.join("\n")
    }

    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        let began = Instant::now();
        while !self.screen().contains(text) {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "{text:?} does not come:\n{}",
                self.screen()
            );
            std::thread::yield_now();
            self.settle();
        }
    }

    fn cell(&self, label: &str) -> Option<String> {
        self.window
            .get_all_by_label(label)
            .next()
            .and_then(|it| it.value())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test stands where the program would"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The harness leaves a margin; the app fills its window.
fn whole(ui: &mut egui::Ui, app: &mut App) {
    let screen = ui.ctx().content_rect();
    let mut root = ui.new_child(egui::UiBuilder::new().max_rect(screen));
    root.set_clip_rect(screen);
    app.ui(&mut root);
}

#[test]
fn the_map_shows_every_store_and_how_far_it_is_behind() {
    let mut desk = Desk::open(31);
    desk.wait_for("caught up");
    let screen = desk.screen();
    for part in [
        "pocket",
        "● dev",
        "shop",
        "docs",
        "cache",
        "search",
        "graph",
        "5 stores · 12 flows",
    ] {
        assert!(screen.contains(part), "{part}:\n{screen}");
    }
}

#[test]
fn a_user_is_traced_from_the_keyboard_and_a_waiting_change_is_in_flight() {
    let mut desk = Desk::open(32);
    let path = desk.sample.path().to_owned();
    let change = source::change_user(&path, 42, "email", "new@example.com");
    desk.backend
        .runtime
        .block_on(change)
        .expect("the user changes");
    desk.press(Key::K);
    desk.window.get_by_label("Entity").type_text("user 42");
    desk.window.run();
    desk.window.key_press(Key::Enter);
    desk.settle();
    desk.wait_for("in flight");
    let screen = desk.screen();
    assert!(
        screen.contains("new@example.com") && screen.contains("graph.User"),
        "{screen}"
    );
}

#[test]
fn the_grid_shows_what_the_store_holds_exactly() {
    let mut desk = Desk::open(33);
    desk.press(Key::Num3);
    desk.window.get_by_label("Remove pane 2").click();
    desk.window.run();
    let statement = "select 9007199254740993 as big, 18446744073709551616 as huge, balance, updated_at from users where id = {{id}}";
    desk.type_into("Statement 1", statement);
    desk.type_into("Parameter id", "42");
    desk.press(Key::Enter);
    desk.wait_for("1 row");
    assert_eq!(desk.cell("big, row 1").as_deref(), Some("9007199254740993"));
    let balance = desk.cell("balance, row 1").expect("a cell");
    assert_eq!(
        balance.split('.').nth(1).map(str::len),
        Some(4),
        "{balance}"
    );
    let time = desk.cell("updated_at, row 1").expect("a cell");
    assert!(time.ends_with('Z') && time.contains('.'), "{time}");
}

#[test]
fn a_closed_pane_stops_its_statement() {
    let mut desk = Desk::open(34);
    desk.press(Key::Num3);
    desk.type_into(
        "Statement 2",
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    );
    desk.press(Key::Enter);
    desk.settle();
    desk.window.get_by_label("Remove pane 2").click();
    desk.window.run();
    let began = Instant::now();
    desk.backend
        .runtime
        .block_on(desk.backend.workbench.close());
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "the statement still ran after {:?}",
        began.elapsed()
    );
}

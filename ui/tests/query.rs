//! Query: side by side, shared parameters, a grid of a million rows.

use std::rc::Rc;

use crate::support::{Fake, Window, click, ctrl, open, rows, screen, type_into};
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use parallax_core::error::{Error, ErrorKind};
use parallax_core::store::Language;
use parallax_core::value::Value;
use parallax_core::wire::{Event, PaneState, Request, RunId};

fn queried(theme: Theme) -> (Rc<Fake>, Window) {
    let (fake, mut window) = open(theme);
    ctrl(&mut window, Key::Num3);
    type_into(
        &mut window,
        "Statement 1",
        "select id, name, total, placed_at, note\nfrom orders -- the newest first\nwhere user_id = {{user_id}} and total > 10.5",
    );
    type_into(
        &mut window,
        "Statement 2",
        "select * from users where id = {{user_id}}",
    );
    (fake, window)
}

fn run(fake: &Fake, window: &mut Window) {
    type_into(window, "Parameter user_id", "42");
    ctrl(window, Key::Enter);
    fake.tell(rows::done(RunId(1), 0));
    fake.tell(rows::done(RunId(1), 1));
    window.run();
}

#[test]
fn one_run_takes_both_panes_and_the_parameter_once() {
    let (fake, mut window) = queried(Theme::Light);
    run(&fake, &mut window);
    let Some(Request::Query { panes, parameters }) =
        fake.last(|it| matches!(it, Request::Query { .. }))
    else {
        panic!("no query");
    };
    assert_eq!(panes.len(), 2);
    assert_eq!(panes[0].store.as_str(), "shop");
    assert_eq!(parameters, [("user_id".to_owned(), Value::I64(42))]);
}

#[test]
fn a_pane_says_how_long_it_took_and_how_much_it_read() {
    let (fake, mut window) = queried(Theme::Light);
    run(&fake, &mut window);
    let text = screen(&window);
    assert!(
        text.contains("first row 4.2 ms · total 1.4 s · 1,000,000 rows · 81 MB"),
        "{text}"
    );
}

#[test]
fn cells_are_exact() {
    let (fake, mut window) = queried(Theme::Light);
    click(&mut window, "Remove pane 2");
    run(&fake, &mut window);
    let value = |label: &str| {
        window
            .get_all_by_label(label)
            .next()
            .and_then(|it| it.value())
    };
    assert_eq!(value("id, row 1").as_deref(), Some("9007199254740993"));
    assert_eq!(value("total, row 3").as_deref(), Some("1234567890125.0002"));
    let time = value("placed_at, row 1").expect("a cell");
    assert!(time.ends_with(".123456789Z"), "{time}");
    assert_eq!(
        value("note, row 1").as_deref(),
        Some("paid by card\nsent the same day")
    );
    assert_eq!(value("note, row 2").as_deref(), Some("null"));
}

#[test]
fn only_the_visible_rows_of_a_million_are_built() {
    let (fake, mut window) = queried(Theme::Light);
    run(&fake, &mut window);
    let built = window.query_all_by_label_contains("id, row ").count();
    assert!((10..=80).contains(&built), "{built} rows are built");
    let pages = fake.asked(|it| matches!(it, Request::Page { .. }));
    assert!(pages <= 4, "{pages} pages");
}

#[test]
fn the_end_key_reaches_the_last_row() {
    let (fake, mut window) = queried(Theme::Light);
    run(&fake, &mut window);
    window
        .get_all_by_label("id, row 1")
        .next()
        .expect("a cell")
        .click();
    window.run();
    window.key_press(Key::End);
    window.run();
    let last = window.get_by_label("id, row 1000000");
    assert_eq!(last.value().as_deref(), Some("9007199255740992"));
    assert!(window.query_by_label("id, row 500000").is_none());
    assert!(screen(&window).contains("id · row 1,000,000 · int · BIGINT"));
}

#[test]
fn a_running_pane_can_be_cancelled() {
    let (fake, mut window) = queried(Theme::Light);
    ctrl(&mut window, Key::Enter);
    let progress = rows::progress(PaneState::Running, Vec::new());
    fake.tell(Event::Pane {
        run: RunId(1),
        pane: 1,
        progress,
    });
    window.run();
    click(&mut window, "Cancel pane 2");
    let asked = fake.last(|it| matches!(it, Request::Cancel { .. }));
    assert_eq!(
        asked,
        Some(Request::Cancel {
            run: RunId(1),
            pane: Some(1)
        })
    );
}

#[test]
fn a_pane_that_goes_stops_its_run_and_a_new_run_frees_the_old_one() {
    let (fake, mut window) = queried(Theme::Light);
    ctrl(&mut window, Key::Enter);
    click(&mut window, "Remove pane 2");
    assert_eq!(
        fake.asked(|it| *it
            == Request::Cancel {
                run: RunId(1),
                pane: Some(1)
            }),
        1
    );
    assert_eq!(fake.asked(|it| matches!(it, Request::Close { .. })), 0);
    ctrl(&mut window, Key::Enter);
    assert_eq!(fake.asked(|it| *it == Request::Close { run: RunId(1) }), 1);
}

#[test]
fn an_error_stands_in_its_pane_with_its_hint() {
    let (fake, mut window) = queried(Theme::Light);
    ctrl(&mut window, Key::Enter);
    let mut progress = rows::progress(PaneState::Failed, Vec::new());
    let error =
        Error::new(ErrorKind::InvalidInput, "run the statement").because("no such table: userz");
    progress.error = Some(error.hint("did you mean users?"));
    fake.tell(Event::Pane {
        run: RunId(1),
        pane: 0,
        progress,
    });
    window.run();
    let text = screen(&window);
    assert!(
        text.contains("no such table: userz") && text.contains("did you mean users?"),
        "{text}"
    );
}

#[test]
fn an_event_may_come_before_the_run_has_its_name() {
    let (fake, mut window) = queried(Theme::Light);
    fake.holds.set(true);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.step();
    fake.tell(rows::done(RunId(1), 0));
    window.run();
    fake.release();
    window.run();
    assert!(screen(&window).contains("1,000,000 rows"));
}

#[track_caller]
fn is_level(one: f32, other: f32) {
    assert!((one - other).abs() < 0.5, "{one} {other}");
}

#[test]
fn three_panes_stand_in_a_row_and_six_in_two() {
    let (_, mut window) = queried(Theme::Light);
    let rect = |window: &Window, at: usize| window.get_by_label(&format!("Statement {at}")).rect();
    click(&mut window, "Add pane");
    is_level(rect(&window, 1).top(), rect(&window, 3).top());
    for _ in 0..3 {
        click(&mut window, "Add pane");
    }
    is_level(rect(&window, 1).top(), rect(&window, 3).top());
    is_level(rect(&window, 1).left(), rect(&window, 4).left());
    assert!(rect(&window, 6).bottom() < 760.0);

    assert!(
        window
            .get_by_label("Add pane")
            .accesskit_node()
            .is_disabled()
    );
}

#[test]
fn unsaved_text_survives_switching_views() {
    let (_, mut window) = queried(Theme::Light);
    for key in [Key::Num1, Key::Num5, Key::Num7, Key::Num3] {
        ctrl(&mut window, key);
    }
    let statement = window.get_by_label("Statement 2").value();
    assert_eq!(
        statement.as_deref(),
        Some("select * from users where id = {{user_id}}")
    );
}

/// Three stores with three languages.
fn polyglot(theme: Theme) -> (Rc<Fake>, Window) {
    let (fake, mut window) = open(theme);
    let mut stores = crate::support::pocket::stores();
    stores[1].language = Language::Commands;
    stores[2].language = Language::Cypher;
    fake.tell(Event::Stores(stores));
    ctrl(&mut window, Key::Num3);
    click(&mut window, "Add pane");
    click(&mut window, "Store of pane 3");
    window
        .get_all_by_label("● cache")
        .last()
        .expect("an entry")
        .click();
    window.run();
    (fake, window)
}

#[test]
fn each_pane_names_its_language() {
    let (_, window) = polyglot(Theme::Light);
    let text = screen(&window);
    for name in ["SQL", "commands", "Cypher"] {
        assert!(text.lines().any(|it| it == name), "{name}\n{text}");
    }
}

#[test]
fn results_of_commands_stand_in_the_grid() {
    let (fake, mut window) = polyglot(Theme::Light);
    type_into(&mut window, "Statement 2", "HGETALL user:{{user_id}}");
    type_into(&mut window, "Parameter user_id", "42");
    ctrl(&mut window, Key::Enter);
    let Some(Request::Query { panes, parameters }) =
        fake.last(|it| matches!(it, Request::Query { .. }))
    else {
        panic!("no query");
    };
    assert_eq!(panes.len(), 1, "panes without a statement are left out");
    assert_eq!(panes[0].text, "HGETALL user:{{user_id}}");
    assert_eq!(parameters, [("user_id".to_owned(), Value::I64(42))]);
    fake.tell(rows::done(RunId(1), 0));
    window.run();
    window.get_by_label("Result of pane 2");
}

#[test]
fn three_languages_look_right() {
    let (fake, mut window) = polyglot(Theme::Light);
    let command = "# the hot copy, and how long it lives\nHGETALL user:{{user_id}}\nTTL user:{{user_id}}\nZRANGE board 0 -1 WITHSCORES";
    type_into(
        &mut window,
        "Statement 1",
        "select * from users where id = {{user_id}}",
    );
    type_into(&mut window, "Statement 2", command);
    type_into(&mut window, "Parameter user_id", "42");
    ctrl(&mut window, Key::Enter);
    fake.tell(rows::done(RunId(1), 0));
    fake.tell(rows::done(RunId(1), 1));
    window.run();
    window.remove_cursor();
    window.run();
    window.snapshot("query_languages_light");
}

#[test]
fn six_panes_look_right() {
    let (fake, mut window) = queried(Theme::Dark);
    for _ in 0..3 {
        click(&mut window, "Add pane");
    }
    run(&fake, &mut window);
    window.remove_cursor();
    window.run();
    window.snapshot("query_grid_dark");
}

#[track_caller]
fn looks_right(theme: Theme, name: &str) {
    let (fake, mut window) = queried(theme);
    run(&fake, &mut window);
    window
        .get_all_by_label("total, row 3")
        .next()
        .expect("a cell")
        .click();
    window.run();
    window.remove_cursor();
    window.run();
    window.snapshot(name);
}

#[test]
fn it_looks_right_in_the_light() {
    looks_right(Theme::Light, "query_light");
}

#[test]
fn it_looks_right_in_the_dark() {
    looks_right(Theme::Dark, "query_dark");
}

//! The check: the plan before it runs, its progress, and what it found.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::support::{Fake, Window, click, ctrl, open, reports, screen};
use egui::{Key, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use parallax_core::error::{Error, ErrorKind};
use parallax_core::report::{NotChecked, Scope};
use parallax_core::wire::{CheckId, Event, PaneState, ReportFormat, Request};

fn view(theme: Theme) -> (Rc<Fake>, Window) {
    let (fake, mut window) = open(theme);
    ctrl(&mut window, Key::Num5);
    (fake, window)
}

/// A check that has ended with what the fake reports.
fn checked(theme: Theme) -> (Rc<Fake>, Window) {
    let (fake, mut window) = view(theme);
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::ended(1, PaneState::Done));
    window.run();
    (fake, window)
}

/// Clicks an entry of an open chooser; the plan below may say the same word.
fn pick(window: &mut Window, label: &str) {
    let entry = window.get_all_by_label(label).last();
    entry.expect("an entry").click();
    window.run();
}

#[test]
fn the_plan_says_in_words_what_is_compared_and_what_it_costs() {
    let (_, mut window) = view(Theme::Light);
    let text = screen(&window);
    for part in [
        "Compares every key of user, product and order in 12 copies against the source of truth.",
        "15 datasets are scanned once, about 1,800,000 records in all; only keys that differ are read again.",
        "docs.users",
        "about 120,000",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    click(&mut window, "a sample");
    assert!(screen(&window).contains("Compares 5 % of the keys of user, product and order"));
    click(&mut window, "changed lately");
    let text = screen(&window);
    assert!(text.contains("changed in the last hour"), "{text}");
    assert!(text.contains("3 datasets are scanned once"), "{text}");
}

#[test]
fn a_size_that_is_not_known_is_not_taken_for_none() {
    let (fake, mut window) = open(Theme::Light);
    fake.refuse
        .replace(Some(Error::new(ErrorKind::Timeout, "list the datasets")));
    ctrl(&mut window, Key::Num5);
    let text = screen(&window);
    assert!(
        text.contains("15 datasets are scanned once, of unknown size"),
        "{text}"
    );
    assert!(text.contains("size unknown"), "{text}");
}

#[test]
fn the_stores_are_asked_once_for_their_sizes() {
    let (fake, mut window) = view(Theme::Light);
    ctrl(&mut window, Key::Num1);
    ctrl(&mut window, Key::Num5);
    assert_eq!(fake.asked(|it| matches!(it, Request::Datasets { .. })), 5);
}

#[test]
fn control_enter_runs_what_is_set_up_and_runs_it_once() {
    let (fake, mut window) = view(Theme::Light);
    click(&mut window, "a sample");
    ctrl(&mut window, Key::Enter);
    ctrl(&mut window, Key::Enter);
    let scope = Scope {
        sample: Some(0.05),
        ..Scope::default()
    };
    assert_eq!(fake.asked(|it| *it == Request::Check(scope.clone())), 1);
    assert_eq!(fake.asked(|it| matches!(it, Request::Query { .. })), 0);
}

#[test]
fn an_entity_narrows_the_plan_and_the_scope() {
    let (fake, mut window) = view(Theme::Light);
    click(&mut window, "Entity to check");
    pick(&mut window, "order");
    assert!(screen(&window).contains("Compares every key of order in 4 copies"));
    click(&mut window, "Check what flows to");
    pick(&mut window, "docs.orders");
    assert!(screen(&window).contains("Compares every key of order in 1 copy against"));
    click(&mut window, "Run the check");
    let scope = Scope {
        entities: vec!["order".into()],
        to: Some("docs.orders".parse().expect("a dataset")),
        ..Scope::default()
    };
    assert_eq!(
        fake.last(|it| matches!(it, Request::Check(_))),
        Some(Request::Check(scope))
    );
}

#[test]
fn a_flow_on_the_map_leads_to_its_check() {
    let (_, mut window) = open(Theme::Light);
    window.get_by_label_contains("shop → graph:").click();
    window.run();
    click(&mut window, "Check the flow shop.users → graph.User");
    let text = screen(&window);
    assert!(
        text.contains("Compares every key of user in 1 copy"),
        "{text}"
    );
    assert!(text.contains("graph.User"), "{text}");
}

#[test]
fn while_it_runs_each_dataset_says_how_far_it_is_and_what_is_left() {
    let (fake, mut window) = view(Theme::Light);
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::running(1, 1, 0));
    window.run();
    fake.tell(reports::running(1, 3, 40));
    window.run();
    let text = screen(&window);
    for part in [
        "scanning user in 5 datasets",
        "48,000 of about 120,000 records",
        "24,000/s · 3 s left",
        "size unknown",
        "41 keys differed at first sight, 12 of them judged",
        "✖ 7 stale",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn more_rows_than_estimated_are_no_whole() {
    let (fake, mut window) = view(Theme::Light);
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::running(1, 3, 80));
    window.run();
    let text = screen(&window);
    assert!(text.contains("more than estimated"), "{text}");
}

#[test]
fn the_bottom_bar_names_the_running_check_in_every_view_and_stops_it() {
    let (fake, mut window) = view(Theme::Light);
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::running(1, 3, 40));
    ctrl(&mut window, Key::Num1);
    assert!(screen(&window).contains("check: scanning user in 5 datasets · 3 s"));
    click(&mut window, "Cancel the running check");
    let stop = Request::CancelCheck { check: CheckId(1) };
    assert_eq!(fake.asked(|it| *it == stop), 1);
}

#[test]
fn a_cancelled_check_shows_what_it_had_found() {
    let (fake, mut window) = view(Theme::Light);
    let mut report = reports::rich();
    report.is_cancelled = true;
    fake.report.replace(Some(report));
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::running(1, 3, 40));
    window.run();
    click(&mut window, "Cancel the check");
    assert!(screen(&window).contains("stopping…"));
    fake.tell(reports::ended(1, PaneState::Cancelled));
    window.run();
    let text = screen(&window);
    assert!(text.contains("Stopped before its end"), "{text}");
    assert!(
        text.contains("1. user 42 in cache.user:{id}: stale"),
        "{text}"
    );
}

#[test]
fn a_check_that_is_refused_says_why_and_can_be_run_again() {
    let (fake, mut window) = view(Theme::Light);
    let error = Error::new(ErrorKind::InvalidInput, "find something to compare");
    fake.refuse
        .replace(Some(error.hint("the map shows the flows")));
    ctrl(&mut window, Key::Enter);
    let text = screen(&window);
    assert!(
        text.contains("could not find something to compare"),
        "{text}"
    );
    assert!(text.contains("the map shows the flows"));
    fake.refuse.replace(None);
    ctrl(&mut window, Key::Enter);
    assert!(!screen(&window).contains("could not find something to compare"));
}

#[test]
fn an_event_may_come_before_the_check_has_its_name() {
    let (fake, mut window) = view(Theme::Light);
    fake.holds.set(true);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::Enter);
    window.step();
    fake.tell(reports::ended(1, PaneState::Done));
    window.run();
    fake.release();
    window.run();
    assert!(screen(&window).contains("Findings · 7"));
}

#[test]
fn the_sentence_answers_first_and_counts_follow_with_their_words() {
    let (_, window) = checked(Theme::Light);
    let text = screen(&window);
    let sentence = parallax_core::report::headline(&reports::rich());
    assert!(text.contains(&sentence), "{text}");
    for part in [
        "1 conflicts in cache.user:{id}",
        "12 in flight, late in search.users",
        "0 stale in docs.users",
        "? not compared",
        "? Not checked · 2",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        !text.contains("0 agrees in graph.User"),
        "a copy that was not read has no zeros"
    );
}

#[test]
fn what_was_not_checked_says_why_and_the_lag_meanwhile_stands_beside_it() {
    let (_, mut window) = checked(Theme::Light);
    click(&mut window, "? Not checked · 2");
    assert!(screen(&window).contains("graph does not answer"));
    click(&mut window, "Lag meanwhile · 4 flows");
    let text = screen(&window);
    assert!(text.contains("shop.users → search.users"), "{text}");
    assert!(text.contains("41 s"), "{text}");
    assert!(text.contains("unknown"), "{text}");
    click(&mut window, "How it was done");
    assert!(screen(&window).contains(reports::RERUN));
}

#[test]
fn a_click_on_a_count_shows_its_findings() {
    let (_, mut window) = checked(Theme::Light);
    click(&mut window, "Show 1 conflicts in cache.user:{id}");
    let text = screen(&window);
    assert!(text.contains("1 of 7 shown"), "{text}");
    assert!(
        text.contains("1. user 108 in cache.user:{id}: conflicts"),
        "{text}"
    );
    click(&mut window, "Show all");
    assert!(screen(&window).contains("7 of 7 shown"));
}

#[test]
fn findings_are_filtered_by_text_and_sorted_by_column() {
    let (_, mut window) = checked(Theme::Light);
    window.get_by_label("Filter findings").focus();
    window.run();
    window.get_by_label("Filter findings").type_text("PHONE");
    window.run();
    assert!(screen(&window).contains("1. user 77 in search.users: stale"));
    click(&mut window, "Show all");
    click(&mut window, "Sort by verdict");
    window.get_by_label("1. user 9007199254740995 in search.users: orphan");
    click(&mut window, "Sort by verdict");
    window.get_by_label("1. user 108 in cache.user:{id}: conflicts");
    click(&mut window, "Sort by verdict");
    window.get_by_label("1. user 42 in cache.user:{id}: stale");
}

#[test]
fn a_click_on_a_finding_traces_it() {
    let (fake, mut window) = checked(Theme::Light);
    click(&mut window, "1. user 42 in cache.user:{id}: stale");
    let asked = fake.last(|it| matches!(it, Request::Trace { .. }));
    let Some(Request::Trace { entity, key, by }) = asked else {
        panic!("no trace");
    };
    assert_eq!((entity.as_str(), key.as_str(), by), ("user", "42", None));
    assert!(screen(&window).contains("Ann Lee"));
}

#[test]
fn arrows_choose_a_finding_and_enter_traces_it() {
    let (fake, mut window) = checked(Theme::Light);
    window.get_by_label("Findings, 7 shown").focus();
    window.run();
    for key in [Key::ArrowDown, Key::ArrowDown, Key::End] {
        window.key_press(key);
        window.run();
    }
    window.key_press(Key::Enter);
    window.run();
    let asked = fake.last(|it| matches!(it, Request::Trace { .. }));
    let Some(Request::Trace { entity, key, .. }) = asked else {
        panic!("no trace");
    };
    assert_eq!(
        (entity.as_str(), key.as_str()),
        ("order", r#"["us",4204201]"#)
    );
}

#[test]
fn every_form_of_the_report_can_be_saved_and_says_where_it_is() {
    let (fake, mut window) = checked(Theme::Light);
    let forms = [
        (
            "Save the report as one HTML page",
            ReportFormat::Html,
            "html",
        ),
        ("Save the report as Markdown", ReportFormat::Markdown, "md"),
        ("Save the report as JSON", ReportFormat::Json, "json"),
        ("Save the findings as CSV", ReportFormat::Csv, "csv"),
        ("Save the report as JUnit XML", ReportFormat::Junit, "xml"),
    ];
    for (name, format, ending) in forms {
        click(&mut window, name);
        let request = Request::ExportReport {
            check: CheckId(1),
            format,
            path: None,
        };
        assert_eq!(fake.asked(|it| *it == request), 1, "{name}");
        let text = screen(&window);
        assert!(
            text.contains(&format!("pocket-20260302-120303.{ending}")),
            "{text}"
        );
    }
    click(&mut window, "Copy the command");
}

#[test]
fn a_report_that_cannot_be_written_says_why() {
    let (fake, mut window) = checked(Theme::Light);
    let error = Error::new(ErrorKind::PermissionDenied, "write the report").because("disk is full");
    fake.refuse.replace(Some(error));
    click(&mut window, "Save the report as JSON");
    assert!(screen(&window).contains("could not write the report: disk is full"));
}

#[test]
fn nothing_compared_is_not_good() {
    let (fake, mut window) = view(Theme::Light);
    let mut report = reports::clean();
    let users = &mut report.entities[0];
    for pair in &mut users.pairs {
        pair.counts = parallax_core::report::Counts::default();
        users.not_checked.push(NotChecked {
            what: pair.target.to_string(),
            why: "it does not answer".into(),
        });
    }
    fake.report.replace(Some(report));
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::ended(1, PaneState::Done));
    window.run();
    let text = screen(&window);
    assert!(text.contains("? Not checked · 3"), "{text}");
    assert!(!text.contains("● All"), "{text}");
    assert_eq!(text.matches("? not compared").count(), 3);
}

#[test]
fn a_hundred_thousand_findings_scroll_without_being_built() {
    let (fake, mut window) = view(Theme::Light);
    fake.report.replace(Some(reports::huge(100_000)));
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::ended(1, PaneState::Done));
    window.run();
    let built = window.query_all_by_label_contains(". user ").count();
    assert!((5..=60).contains(&built), "{built} rows are built");
    window.get_by_label("Findings, 100,000 shown").focus();
    window.run();
    let began = Instant::now();
    for _ in 0..40 {
        window.key_press(Key::PageDown);
        window.step();
    }
    let a_frame = began.elapsed() / 40;
    window.key_press(Key::End);
    window.run();
    window.get_by_label("100000. user 99999 in cache.user:{id}: stale");
    assert!(a_frame < Duration::from_millis(60), "{a_frame:?} a frame");
    println!("a frame over 100,000 findings takes {a_frame:?}");
}

#[test]
fn hostile_and_long_texts_stay_in_their_places() {
    let (fake, mut window) = view(Theme::Light);
    let mut report = reports::rich();
    let long = "x".repeat(20_000);
    for finding in &mut report.entities[0].findings {
        finding.reason = format!("<script>alert(1)</script>\n\t\u{202e}{long}");
        finding.key = parallax_core::value::Key::new(vec![long.as_str().into()]);
    }
    report.entities[0].not_checked[0].why = long.clone();
    report.rerun = format!("parallax check --entity {long}");
    fake.report.replace(Some(report));
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::ended(1, PaneState::Done));
    window.run();
    for tab in ["? Not checked · 2", "How it was done", "Findings · 7"] {
        click(&mut window, tab);
    }
    for node in window.get_all_by_label_contains("in cache.user:{id}: ") {
        let rect = node.rect();
        assert!(rect.right() <= 1280.0 && rect.height() < 40.0, "{rect}");
    }
}

#[test]
fn a_running_check_lets_the_window_sleep_between_events() {
    let (fake, mut window) = view(Theme::Light);
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::running(1, 3, 40));
    window.run();
    window.step();
    let output = window.output();
    let delays = output.viewport_output.values().map(|it| it.repaint_delay);
    assert!(delays.min() >= Some(Duration::from_secs(4)));
    let stale = Event::Check {
        check: CheckId(99),
        progress: match reports::ended(99, PaneState::Done) {
            Event::Check { progress, .. } => progress,
            _ => panic!("a check's event"),
        },
    };
    fake.tell(stale);
    window.run();
    assert_eq!(
        fake.asked(|it| matches!(it, Request::CheckReport { .. })),
        0
    );
}

#[test]
fn it_looks_right_before_it_runs() {
    let (_, mut window) = view(Theme::Light);
    window.snapshot("check_plan_light");
}

#[test]
fn it_looks_right_while_it_runs() {
    let (fake, mut window) = view(Theme::Light);
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::running(1, 1, 0));
    window.run();
    fake.tell(reports::running(1, 3, 40));
    window.run();
    window.snapshot("check_running_light");
}

#[test]
fn it_looks_right_in_the_light() {
    let (_, mut window) = checked(Theme::Light);
    click(&mut window, "Save the report as one HTML page");
    window.get_by_label("Findings, 7 shown").focus();
    window.run();
    window.key_press(Key::ArrowDown);
    window.run();
    window.remove_cursor();
    window.run();
    window.snapshot("check_light");
}

#[test]
fn it_looks_right_in_the_dark() {
    let (_, mut window) = checked(Theme::Dark);
    window.snapshot("check_dark");
}

#[test]
fn agreement_looks_like_agreement() {
    let (fake, mut window) = view(Theme::Light);
    fake.report.replace(Some(reports::clean()));
    ctrl(&mut window, Key::Enter);
    fake.tell(reports::ended(1, PaneState::Done));
    window.run();
    let text = screen(&window);
    assert!(text.contains("No drift found"), "{text}");
    assert!(text.contains("Not checked · nothing left out"), "{text}");
    window.get_by_label("Findings · 0");
    window.snapshot("check_clean_light");
}

#[test]
fn every_control_has_a_name() {
    let (_, window) = checked(Theme::Light);
    for node in window.root().children_recursive() {
        let node = node.accesskit_node();
        let role = node.role();
        let is_control = matches!(
            role,
            egui::accesskit::Role::Button
                | egui::accesskit::Role::ComboBox
                | egui::accesskit::Role::TextInput
                | egui::accesskit::Role::SpinButton
        );
        if is_control {
            let label = node.label().unwrap_or_default();
            assert!(
                !label.trim().is_empty(),
                "{role:?} at {:?}",
                node.raw_bounds()
            );
        }
    }
}

//! The map: cards and flows, by their names; and that it lets the window sleep.

use crate::support::{Window, click, open, screen};
use egui::{Key, Theme};
use egui_kittest::kittest::Queryable as _;
use parallax_core::wire::Request;

#[test]
fn every_store_and_every_pair_of_stores_can_be_found_by_name() {
    let (_, window) = open(Theme::Light);
    for store in ["shop", "docs", "cache", "search", "graph"] {
        window.get_by_label_contains(&format!("Store {store}: up"));
    }
    for flow in [
        "shop → docs: outbox · 3 flows",
        "shop → graph: outbox · 3 flows · unknown ?",
    ] {
        window.get_by_label_contains(flow);
    }
}

#[test]
fn a_late_flow_wears_the_worst_mark_and_its_lag() {
    let (_, window) = open(Theme::Light);
    window.get_by_label("shop → search: outbox · 3 flows · 41 s ▲");
    window.get_by_label("shop → cache: outbox · 3 flows · 0.8 s ●");
}

#[test]
fn a_click_on_the_flows_lists_each_with_method_and_reason() {
    let (_, mut window) = open(Theme::Light);
    window.get_by_label_contains("shop → graph:").click();
    window.run();
    let text = screen(&window);
    for part in [
        "shop.users → graph.User",
        "outbox rows not sent",
        "the outbox has no column",
        "Close",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_click_on_a_store_says_why_it_was_chosen() {
    let (_, mut window) = open(Theme::Light);
    window.get_by_label_contains("Store search:").click();
    window.run();
    assert!(screen(&window).contains("full-text search over names"));
    window.key_press(Key::Escape);
    window.run();
    assert!(!screen(&window).contains("full-text search over names"));
}

#[test]
fn a_card_stays_where_it_is_dragged_to() {
    let (fake, mut window) = open(Theme::Light);
    let rect = |window: &Window| window.get_by_label_contains("Store docs:").rect();
    let before = rect(&window);
    let from = before.center_top() + egui::vec2(0.0, 14.0);
    window.drag_at(from);
    window.run();
    for step in [20.0, 60.0, 90.0] {
        window.hover_at(from + egui::vec2(0.0, step));
        window.run();
    }
    window.drop_at(from + egui::vec2(0.0, 90.0));
    window.run();
    let moved = rect(&window);
    assert!(
        (moved.top() - before.top()).abs() > 40.0,
        "{before} {moved}"
    );
    fake.tell(parallax_core::wire::Event::Lag(
        crate::support::pocket::lag(),
    ));
    window.run();
    assert_eq!(rect(&window), moved);
}

#[test]
fn labels_do_not_overlap_each_other_or_the_cards() {
    let (_, window) = open(Theme::Light);
    let all: Vec<_> = window
        .get_all_by_label_contains(" → ")
        .map(|it| it.rect())
        .collect();
    let cards: Vec<_> = window
        .get_all_by_label_contains("Store ")
        .map(|it| it.rect())
        .collect();
    assert_eq!((all.len(), cards.len()), (4, 5));
    for (at, one) in all.iter().enumerate() {
        for other in all.iter().skip(at + 1).chain(&cards) {
            assert!(!one.intersects(*other), "{one} {other}");
        }
    }
}

#[test]
fn a_quiet_window_asks_for_no_frame_but_to_let_ages_grow() {
    let (_, mut window) = open(Theme::Light);
    window.hover_at(egui::pos2(600.0, 400.0));
    window.run();
    for _ in 0..20 {
        window.step();
        let delay = window
            .output()
            .viewport_output
            .values()
            .map(|it| it.repaint_delay)
            .min();
        assert!(
            delay >= Some(std::time::Duration::from_secs(29)),
            "{delay:?}"
        );
    }
}

#[test]
fn the_workbench_is_told_once_how_often_to_measure_and_less_often_when_nobody_looks() {
    let (fake, mut window) = open(Theme::Light);
    let watched = |secs| {
        let every = Some(std::time::Duration::from_secs(secs));
        fake.asked(|it| *it == Request::Watch { every })
    };
    window.run();
    assert_eq!((watched(5), watched(60)), (1, 0));
    crate::support::ctrl(&mut window, Key::Num3);
    window.run();
    assert_eq!((watched(5), watched(60)), (1, 1));
}

#[test]
fn measure_now_does() {
    let (fake, mut window) = open(Theme::Light);
    click(&mut window, "Measure now");
    assert_eq!(fake.asked(|it| *it == Request::Lag), 2);
}

#[test]
fn it_looks_right_in_the_light() {
    let (_, mut light) = open(Theme::Light);
    light.snapshot("map_light");
}

#[test]
fn it_looks_right_in_the_dark_with_a_panel() {
    let (_, mut dark) = open(Theme::Dark);
    dark.get_by_label_contains("shop → search:").click();
    dark.run();
    dark.remove_cursor();
    dark.run();
    dark.snapshot("map_dark");
}

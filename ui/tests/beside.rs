//! Panes beside each other: none covers another, and each keeps all that belongs to it within its own border.

use egui::{Key, Rect, Theme, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use parallax_core::wire::{Event, PaneState, RunId};

use crate::support::panes::four_panes;
use crate::support::{Fake, Window, click, ctrl, open, rows, settle, type_into};

/// What every pane has, whatever became of its statement.
const HEAD: [&str; 5] = [
    "Store of pane",
    "Run pane",
    "Cancel pane",
    "Remove pane",
    "Statement",
];

/// The faces of a result.
const FACES: [&str; 3] = ["Grid of pane", "Tree of pane", "JSON of pane"];

fn resize(window: &mut Window, width: f32, height: f32) {
    window.set_size(vec2(width, height));
    settle(window);
}

/// The border of each pane.
fn borders(window: &Window, count: usize) -> Vec<Rect> {
    let panes = (1..=count).map(|at| window.get_by_label(&format!("Pane {at}")).rect());
    panes.collect()
}

#[track_caller]
fn stand_apart(borders: &[Rect]) {
    for (at, one) in borders.iter().enumerate() {
        for other in &borders[at + 1..] {
            assert!(!one.intersects(*other), "{one} and {other}");
        }
    }
}

/// Every widget of each pane, its own panel left out, lies within its border.
#[track_caller]
fn keep_their_own(window: &Window, borders: &[Rect], names: &[&str]) {
    for (at, border) in (1..).zip(borders) {
        for name in names {
            let rect = window.get_by_label(&format!("{name} {at}")).rect();
            let inside = border.shrink(1.0);
            assert!(
                inside.contains_rect(rect),
                "{name} {at}: {rect} in {border}"
            );
        }
        let name = format!("Pane {at}");
        let pane = window.get_by_label(&name);
        for it in pane.children_recursive().filter(has_a_place) {
            let (rect, name) = (it.rect(), it.accesskit_node().label());
            let wide = border.left() <= rect.left() && rect.right() <= border.right();
            assert!(wide, "{name:?}: {rect} in {border}");
        }
    }
}

/// Cells, lines and nodes are left out: they are scrolled and panned beyond the edges of their stage.
fn has_a_place(node: &egui_kittest::Node<'_>) -> bool {
    let node = node.accesskit_node();
    let name = node.label().unwrap_or_default();
    let is_scrolled = name.contains(", row ") || name.contains(": ") || name.starts_with("Node ");
    !name.is_empty() && !is_scrolled && node.bounding_box().is_some()
}

/// Beside each other, from the left to the right, in the same order as their numbers.
fn in_a_row(borders: &[Rect]) -> bool {
    let level = |pair: &[Rect]| (pair[0].top() - pair[1].top()).abs() < 0.5;
    borders.windows(2).all(level)
}

#[test]
fn four_panes_do_not_cover_each_other() {
    let (_, window) = four_panes(Theme::Light, "ann@new.example");
    let panes = borders(&window, 4);
    stand_apart(&panes);
    keep_their_own(&window, &panes, &HEAD);
    keep_their_own(&window, &panes, &FACES);
    window.get_by_label("Graph of pane 4");
}

#[test]
fn four_compared_panes_stand_in_a_row_and_none_is_cut() {
    let (_, mut window) = four_panes(Theme::Light, "ann@old.example");
    click(&mut window, "Compare");
    settle(&mut window);
    let panes = borders(&window, 4);
    assert!(in_a_row(&panes), "{panes:?}");
    stand_apart(&panes);
    keep_their_own(&window, &panes, &HEAD);
    keep_their_own(&window, &panes, &FACES);
    let last = panes[3].right();
    assert!(last <= 1280.0, "{last}");
}

#[test]
fn four_compared_panes_in_a_small_window_stand_in_two_rows_that_can_be_scrolled() {
    let (_, mut window) = four_panes(Theme::Light, "ann@old.example");
    click(&mut window, "Compare");
    resize(&mut window, 1024.0, 800.0);
    let panes = borders(&window, 4);
    assert!(!in_a_row(&panes), "{panes:?}");
    stand_apart(&panes);
    keep_their_own(&window, &panes, &HEAD);
    assert!(panes.iter().all(|it| it.height() >= 300.0), "{panes:?}");
    window.get_by_label("Statement 4").focus();
    settle(&mut window);
    let statement = window.get_by_label("Statement 4").rect();
    let below = window.get_by_label("Close the comparison").rect().top();
    assert!(statement.bottom() < below, "{statement} above {below}");
}

#[test]
fn two_and_three_panes_fit_a_window_of_1024() {
    let (fake, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num3);
    type_into(&mut window, "Statement 1", "select * from orders");
    type_into(&mut window, "Statement 2", "select * from users");
    ctrl(&mut window, Key::Enter);
    run(&fake, &mut window);
    resize(&mut window, 1024.0, 800.0);
    for count in [2, 3] {
        let panes = borders(&window, count);
        assert!(in_a_row(&panes), "{panes:?}");
        stand_apart(&panes);
        keep_their_own(&window, &panes, &HEAD);
        keep_their_own(&window, &panes[..2], &FACES);
        click(&mut window, "Add pane");
    }
}

/// The first pane is done and the second still runs.
fn run(fake: &Fake, window: &mut Window) {
    fake.tell(rows::done(RunId(1), 0));
    let mut progress = rows::progress(PaneState::Running, Vec::new());
    if let Event::Pane { progress: done, .. } = rows::done(RunId(1), 1) {
        progress.results = done.results;
    }
    let (run, pane) = (RunId(1), 1);
    fake.tell(Event::Pane {
        run,
        pane,
        progress,
    });
    window.run();
}

#[test]
fn up_to_six_panes_stand_apart_in_every_window() {
    let (_, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num3);
    for count in 2..=6 {
        for width in [800.0, 1024.0, 1280.0, 1600.0] {
            resize(&mut window, width, 700.0);
            let panes = borders(&window, count);
            stand_apart(&panes);
            keep_their_own(&window, &panes, &HEAD);
        }
        if count < 6 {
            click(&mut window, "Add pane");
        }
    }
}

#[track_caller]
fn looks_right(theme: Theme, name: &str) {
    let (_, mut window) = four_panes(theme, "ann@new.example");
    window.remove_cursor();
    window.run();
    window.snapshot(name);
}

#[test]
fn four_panes_look_right_in_the_light() {
    looks_right(Theme::Light, "query_four_light");
}

#[test]
fn four_panes_look_right_in_the_dark() {
    looks_right(Theme::Dark, "query_four_dark");
}

#[test]
fn three_panes_in_a_small_window_look_right() {
    let (fake, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num3);
    click(&mut window, "Add pane");
    type_into(&mut window, "Statement 1", "select * from orders");
    type_into(&mut window, "Statement 2", "select * from users");
    ctrl(&mut window, Key::Enter);
    run(&fake, &mut window);
    window.remove_cursor();
    resize(&mut window, 1024.0, 800.0);
    window.snapshot("query_three_small_light");
}

//! A result as a tree, as JSON and as a graph; the compare of panes; all panes stopped at once.

use std::rc::Rc;
use std::time::{Duration, Instant};

use egui::{Key, Theme, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use parallax_core::store::{Batch, Language};
use parallax_core::wire::{Event, PaneState, Request, RunId};

use crate::support::panes::four_panes;
use crate::support::{
    Fake, Window, click, ctrl, open, panes, pocket, rows, screen, settle, type_into,
};

/// The query view over stores of these languages, with the first pane's statement run and its result come.
fn one_pane(theme: Theme, language: Language, text: &str, batch: Batch) -> (Rc<Fake>, Window) {
    let (fake, mut window) = open(theme);
    let mut stores = pocket::stores();
    stores[0].language = language;
    fake.tell(Event::Stores(stores));
    ctrl(&mut window, Key::Num3);
    click(&mut window, "Remove pane 2");
    type_into(&mut window, "Statement 1", text);
    ctrl(&mut window, Key::Enter);
    fake.tell(panes::done(RunId(1), 0, &batch));
    fake.results.borrow_mut().insert(0, batch);
    settle(&mut window);
    (fake, window)
}

fn documents() -> Batch {
    let document = |id: u64, name: &str| {
        format!(
            r#"{{"_id":{id},"name":"{name}","mail":"{name}@new.example","points":{},"address":{{"city":"Ulm","zip":"89073","at":{{"lat":48.4011,"lon":9.9876}}}},"tags":["new","vip"],"orders":[{}]}}"#,
            9_007_199_254_740_993 + id,
            (0..250)
                .map(|it| format!(r#"{{"sku":"P-{it}","total":{it}.50}}"#))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    let names = ["ann", "bo", "cy", "dee", "eva", "fay"];
    let rows = (1..).zip(names).map(|(id, it)| document(id, it));
    panes::batch(&rows.collect::<Vec<_>>())
}

const FIND: &str = "// everybody in town\ndb.users.find({ 'address.city': {{city}}, points: { $gt: 10 } }).sort({ _id: 1 })";

#[test]
fn documents_begin_as_a_tree_with_exact_members() {
    let (_, window) = one_pane(Theme::Light, Language::Mql, FIND, documents());
    window.get_by_label("tree of pane 1");
    let text = screen(&window);
    for line in [
        "points: 9007199254740994",
        "city: \"Ulm\"",
        "lat: 48.4011",
        "orders [ 250 items ]",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(!text.contains("P-0"), "long lists begin closed");
}

#[test]
fn a_long_list_opens_in_groups_and_closes_again() {
    let (_, mut window) = one_pane(Theme::Light, Language::Mql, FIND, documents());
    click(&mut window, "orders [ 250 items ]");
    press(&mut window, &[(Key::ArrowDown, 1), (Key::ArrowRight, 1)]);
    press(&mut window, &[(Key::ArrowDown, 4), (Key::ArrowRight, 1)]);
    press(&mut window, &[(Key::ArrowDown, 2)]);
    window.get_by_label("total: 3.50");
    assert!(screen(&window).contains("orders.3.total · row 1 · decimal"));
    press(&mut window, &[(Key::ArrowUp, 7), (Key::ArrowLeft, 1)]);
    window.get_by_label("orders [ 250 items ]");
    assert!(window.query_by_label("0 – 99").is_none());
}

fn press(window: &mut Window, keys: &[(Key, u8)]) {
    for (key, times) in keys {
        for _ in 0..*times {
            window.key_press(*key);
            window.run();
        }
    }
}

#[test]
fn the_tree_is_walked_by_the_keyboard() {
    let (_, mut window) = one_pane(Theme::Light, Language::Mql, FIND, documents());
    click(&mut window, "_id: 1");
    for _ in 0..4 {
        window.key_press(Key::ArrowDown);
        window.run();
    }
    assert!(screen(&window).contains("address · row 1 · map"));
    window.key_press(Key::ArrowLeft);
    window.run();
    assert!(window.query_by_label("city: \"Ulm\"").is_none());
    window.key_press(Key::ArrowRight);
    window.run();
    window.get_by_label("city: \"Ulm\"");
}

#[test]
fn what_is_searched_is_opened_and_shown() {
    let (_, mut window) = one_pane(Theme::Light, Language::Mql, FIND, documents());
    type_into(&mut window, "Search tree of pane 1", "P-207");
    let text = screen(&window);
    assert!(text.contains("1 of 6 in the 6 rows at hand"), "{text}");
    assert!(text.contains("orders.207.sku · row 1"), "{text}");
    click(&mut window, "Next match in tree of pane 1");
    assert!(screen(&window).contains("orders.207.sku · row 2"));
    click(&mut window, "Previous match in tree of pane 1");
    click(&mut window, "Previous match in tree of pane 1");
    assert!(screen(&window).contains("orders.207.sku · row 6"));
}

#[test]
fn a_face_that_was_chosen_is_kept_for_the_next_run() {
    let (fake, mut window) = one_pane(Theme::Light, Language::Mql, FIND, documents());
    click(&mut window, "JSON of pane 1");
    let text = screen(&window);
    assert!(text.contains(r#""points": "9007199254740994","#), "{text}");
    assert!(text.contains(r#""lat": "48.4011","#), "{text}");
    click(&mut window, "Copy row 1 of JSON of pane 1");
    ctrl(&mut window, Key::Enter);
    let batch = fake.results.borrow()[&0].clone();
    fake.tell(panes::done(RunId(2), 0, &batch));
    window.run();
    assert!(window.query_by_label("tree of pane 1").is_none());
    assert!(screen(&window).contains(r#""points": "9007199254740994","#));
}

#[test]
fn a_million_rows_of_json_are_laid_out_as_far_as_they_are_seen() {
    let (fake, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num3);
    type_into(&mut window, "Statement 1", "select 1");
    ctrl(&mut window, Key::Enter);
    fake.tell(rows::done(RunId(1), 0));
    window.run();
    click(&mut window, "JSON of pane 1");
    let lines = window.query_all_by_label_contains("\"name\": ").count();
    assert!((2..=30).contains(&lines), "{lines}");
    let pages = fake.asked(|it| matches!(it, Request::Page { .. }));
    assert!(pages <= 4, "{pages} pages");
    click(&mut window, "Tree of pane 1");
    window.get_by_label("id: 9007199254740993");
}

const MATCH: &str = "match (u:User)-[b:BOUGHT]->(p:Product) return u, b, p limit 60";

#[test]
fn nodes_are_drawn_named_and_told_of() {
    let (_, mut window) = one_pane(Theme::Light, Language::Cypher, MATCH, panes::purchases(40));
    window.get_by_label("graph of pane 1");
    window.get_by_label("Label User 24");
    click(&mut window, "Node Bo Lee");
    let text = screen(&window);
    assert!(text.contains("city:") && text.contains("Ulm"), "{text}");
    let bought = window.query_all_by_label_contains("BOUGHT → ").count();
    assert!(bought > 0, "{text}");
    window
        .query_all_by_label_contains("BOUGHT → ")
        .next()
        .expect("a way")
        .click();
    window.run();
    assert!(screen(&window).contains("price:"));
}

#[test]
fn the_graph_is_walked_by_the_keyboard_and_asks_for_no_frame_when_it_lies_still() {
    let (_, mut window) = one_pane(Theme::Light, Language::Cypher, MATCH, panes::purchases(40));
    window.get_by_label("graph of pane 1").focus();
    window.run();
    for key in [Key::ArrowRight, Key::ArrowRight, Key::Plus, Key::Num0] {
        window.key_press(key);
        window.run();
    }
    let nodes = window.query_all_by_label_contains("Node ");
    assert_eq!(nodes.filter(is_chosen).count(), 1);
    // `run` would panic if a frame asked for another one without end.
    window.run();
}

fn is_chosen(node: &egui_kittest::Node<'_>) -> bool {
    node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
}

#[test]
fn a_label_of_the_legend_takes_the_colour_off_the_others() {
    let (_, mut window) = one_pane(Theme::Light, Language::Cypher, MATCH, panes::purchases(40));
    for chosen in [true, false] {
        window.get_by_label_contains("Label Product").click();
        window.run();
        assert_eq!(
            is_chosen(&window.get_by_label_contains("Label Product")),
            chosen
        );
    }
}

#[test]
fn a_large_graph_is_shown_whole_at_first_and_says_names_where_there_is_room() {
    let (_, mut window) = one_pane(Theme::Light, Language::Cypher, MATCH, panes::purchases(380));
    let labels = window.query_all_by_label_contains("Label ");
    let names = labels.filter_map(|it| it.accesskit_node().label());
    let of = |it: String| {
        it.rsplit(' ')
            .next()
            .and_then(|it| it.parse::<usize>().ok())
    };
    let nodes: usize = names.filter_map(of).sum();
    let stage = window.get_by_label("graph of pane 1").rect();
    let shown = window.query_all_by_label_contains("Node ");
    let inside = shown.filter(|it| stage.contains_rect(it.rect())).count();
    assert!(nodes > 300 && inside == nodes, "{inside} of {nodes}");
    window.get_by_label_contains("zoom in for names");
    for _ in 0..8 {
        click(&mut window, "Zoom into graph of pane 1");
    }
    assert!(!screen(&window).contains("zoom in for names"));
}

/// Pan and zoom of 500 nodes: what a frame costs this machine, without the screen's own part.
#[test]
fn five_hundred_nodes_pan_and_zoom_within_a_frame() {
    let (_, mut window) = one_pane(Theme::Dark, Language::Cypher, MATCH, panes::purchases(500));
    let stage = window.get_by_label("graph of pane 1").rect();
    let zoomed = frames(&mut window, |at| {
        let zoom = if at % 40 < 20 { 12.0 } else { -12.0 };
        vec![
            egui::Event::PointerMoved(stage.center()),
            egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: vec2(0.0, zoom),
                phase: egui::TouchPhase::Move,
                modifiers: egui::Modifiers::NONE,
            },
        ]
    });
    let corner = stage.left_top() + vec2(12.0, 12.0);
    let to_and_fro = |at: u8| f32::from(if at % 40 < 20 { at % 40 } else { 40 - at % 40 });
    let panned = frames(&mut window, |at| {
        let place = corner + vec2(6.0, 3.0) * to_and_fro(at);
        let press = (at == 0).then_some(egui::Event::PointerButton {
            pos: place,
            button: egui::PointerButton::Primary,
            pressed: true,
            modifiers: egui::Modifiers::NONE,
        });
        let moved = egui::Event::PointerMoved(place);
        [moved].into_iter().chain(press).collect()
    });
    for (what, times) in [("zoom", &zoomed), ("pan", &panned)] {
        let of = |percent: usize| times[(times.len() - 1) * percent / 100];
        let (median, p95, max) = (of(50), of(95), of(100));
        println!(
            "500 nodes, 1,000 relationships, {what}: median {median:?}, p95 {p95:?}, max {max:?} a frame"
        );
        let most = if cfg!(debug_assertions) { 160 } else { 16 };
        assert!(median <= Duration::from_millis(most), "{what}: {median:?}");
    }
}

/// What each of 120 frames took with its shapes made into triangles, the shortest first.
fn frames(window: &mut Window, events: impl Fn(u8) -> Vec<egui::Event>) -> Vec<Duration> {
    let frame = |at: u8| {
        for event in events(at) {
            window.event(event);
        }
        let began = Instant::now();
        window.step();
        let output = window.output();
        let shapes = output.shapes.clone();
        let meshes = window.ctx.tessellate(shapes, output.pixels_per_point);
        assert!(!meshes.is_empty());
        began.elapsed()
    };
    let mut times: Vec<Duration> = (0..120).map(frame).collect();
    times.sort_unstable();
    times
}

#[test]
fn four_languages_that_agree_are_said_to_be_equal() {
    let (fake, mut window) = four_panes(Theme::Light, "ann@new.example");
    click(&mut window, "Compare");
    let asked = fake.last(|it| matches!(it, Request::CompareResults { .. }));
    assert!(matches!(asked, Some(Request::CompareResults { results, .. }) if results.len() == 4));
    let text = screen(&window);
    assert!(
        text.contains("equal: 4 panes agree in 4 fields of 1 record"),
        "{text}"
    );
    assert!(text.contains("not compared: id (not in cache)"), "{text}");
    click(&mut window, "4 equal fields ▸");
    window.get_by_label("email in cache: equal: ann@new.example");
    click(&mut window, "Close the comparison");
    assert!(window.query_by_label("Close the comparison").is_none());
}

#[test]
fn what_differs_is_shown_and_compared_again_after_the_next_run() {
    let (fake, mut window) = four_panes(Theme::Light, "ann@old.example");
    click(&mut window, "Compare");
    let text = screen(&window);
    assert!(
        text.contains("docs agrees; cache differs in email; graph agrees"),
        "{text}"
    );
    window.get_by_label("email in cache: different: ann@old.example");
    ctrl(&mut window, Key::Enter);
    let healed = panes::hash(&[
        ("name", "Ann Lee"),
        ("email", "ann@new.example"),
        ("city", "Ulm"),
    ]);
    fake.results.borrow_mut().insert(2, healed);
    for pane in 0..4 {
        let batch = fake.results.borrow()[&pane].clone();
        fake.tell(panes::done(RunId(2), pane, &batch));
    }
    settle(&mut window);
    assert!(screen(&window).contains("equal: 4 panes agree"));
}

#[test]
fn several_records_stand_in_a_list_and_the_key_can_be_changed() {
    let (fake, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num3);
    type_into(
        &mut window,
        "Statement 1",
        "select id, sku, total from orders",
    );
    type_into(
        &mut window,
        "Statement 2",
        "select id, sku, total from orders",
    );
    ctrl(&mut window, Key::Enter);
    let row = |id: i32, total: i32| format!(r#"{{"id":{id},"sku":"P-{id}","total":{total}.50}}"#);
    let one: Vec<String> = (1..40).map(|it| row(it, it)).collect();
    let other: Vec<String> = (2..41)
        .map(|it| row(it, it + i32::from(it % 9 == 0)))
        .collect();
    for (pane, rows) in [(0, one), (1, other)] {
        let batch = panes::batch(&rows);
        fake.tell(panes::done(RunId(1), pane, &batch));
        fake.results.borrow_mut().insert(pane, batch);
    }
    window.run();
    click(&mut window, "Compare");
    let text = screen(&window);
    assert!(
        text.contains("docs: 4 different, 1 missing, 1 only there"),
        "{text}"
    );
    click(&mut window, "Key 9: docs differs");
    window.get_by_label("total in docs: different: 10.50");
    window.remove_cursor();
    window.run();
    window.snapshot("query_compare_list_light");
    click(&mut window, "Key that pairs the records");
    window.get_by_label("sku").click();
    window.run();
    let asked = fake.last(|it| matches!(it, Request::CompareResults { .. }));
    let Some(Request::CompareResults { key, .. }) = asked else {
        panic!("asked for nothing");
    };
    assert_eq!(key, Some(vec!["id".to_owned(), "sku".to_owned()]));
}

#[test]
fn a_comparison_that_is_refused_says_why() {
    let (fake, mut window) = four_panes(Theme::Light, "x");
    let error = parallax_core::error::Error::new(
        parallax_core::error::ErrorKind::InvalidInput,
        "compare the results",
    );
    fake.refuse.replace(Some(
        error.because("shop has 1,000,000 records").hint("limit it"),
    ));
    click(&mut window, "Compare");
    let text = screen(&window);
    assert!(
        text.contains("shop has 1,000,000 records") && text.contains("limit it"),
        "{text}"
    );
}

#[test]
fn all_panes_are_stopped_together() {
    let (fake, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num3);
    type_into(&mut window, "Statement 1", "select 1");
    type_into(&mut window, "Statement 2", "select 2");
    ctrl(&mut window, Key::Enter);
    for pane in 0..2 {
        let progress = rows::progress(PaneState::Running, Vec::new());
        let run = RunId(1);
        fake.tell(Event::Pane {
            run,
            pane,
            progress,
        });
    }
    window.run();
    click(&mut window, "Cancel all");
    let run = RunId(1);
    let stop = Request::Cancel { run, pane: None };
    assert_eq!(fake.asked(|it| *it == stop), 1);
    ctrl(&mut window, Key::Period);
    assert_eq!(fake.asked(|it| *it == stop), 2);
}

#[track_caller]
fn looks(window: &mut Window, name: &str) {
    window.remove_cursor();
    window.run();
    window.snapshot(name);
}

fn look_at_a_tree(theme: Theme, name: &str) {
    let (_, mut window) = one_pane(theme, Language::Mql, FIND, documents());
    click(&mut window, "lat: 48.4011");
    looks(&mut window, name);
}

// A test looks once: what it looked like the second time would be lost with the first.

#[test]
fn a_tree_looks_right_in_the_light() {
    look_at_a_tree(Theme::Light, "query_tree_light");
}

#[test]
fn a_tree_looks_right_in_the_dark() {
    look_at_a_tree(Theme::Dark, "query_tree_dark");
}

#[test]
fn json_looks_right() {
    let (_, mut window) = one_pane(Theme::Dark, Language::Mql, FIND, documents());
    click(&mut window, "JSON of pane 1");
    looks(&mut window, "query_json_dark");
}

#[test]
fn a_graph_of_forty_looks_right() {
    let (_, mut window) = one_pane(Theme::Light, Language::Cypher, MATCH, panes::purchases(40));
    click(&mut window, "Node Bo Lee");
    looks(&mut window, "query_graph_light");
}

fn look_at_five_hundred(theme: Theme, name: &str) {
    let (_, mut window) = one_pane(theme, Language::Cypher, MATCH, panes::purchases(500));
    looks(&mut window, name);
}

#[test]
fn a_graph_of_five_hundred_looks_right_in_the_light() {
    look_at_five_hundred(Theme::Light, "query_graph_500_light");
}

#[test]
fn a_graph_of_five_hundred_looks_right_in_the_dark() {
    look_at_five_hundred(Theme::Dark, "query_graph_500_dark");
}

fn look_at_a_comparison(theme: Theme, mail: &str, name: &str) {
    let (_, mut window) = four_panes(theme, mail);
    click(&mut window, "Compare");
    looks(&mut window, name);
}

#[test]
fn a_comparison_looks_right_in_the_light() {
    look_at_a_comparison(Theme::Light, "ann@old.example", "query_compare_light");
}

#[test]
fn a_comparison_looks_right_in_the_dark() {
    look_at_a_comparison(Theme::Dark, "ann@old.example", "query_compare_dark");
}

#[test]
fn panes_that_are_equal_look_so() {
    look_at_a_comparison(Theme::Light, "ann@new.example", "query_compare_equal_light");
}

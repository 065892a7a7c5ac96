//! The window around the views: bars, keys, themes, and what happens when the workbench refuses.

use std::rc::Rc;

use crate::support::{Fake, click, ctrl, open, pocket, screen, window};
use egui::{Key, Theme};
use egui_kittest::kittest::Queryable as _;
use parallax_core::error::{Error, ErrorKind};
use parallax_core::wire::{Event, Request, StoreState};

#[test]
fn the_first_frame_asks_what_is_open() {
    let (fake, _) = open(Theme::Light);
    let asked = fake.asked.borrow();
    assert_eq!(asked.first(), Some(&Request::Overview));
    for request in [Request::Stores, Request::Lag, Request::Machine] {
        assert!(asked.contains(&request), "{request:?}");
    }
}

#[test]
fn the_bars_name_the_deployment_its_environment_its_stores_and_this_machine() {
    let (_, window) = open(Theme::Light);
    let text = screen(&window);
    for part in [
        "pocket",
        "● dev",
        "● shop 400 µs",
        "● search 840 µs",
        "CPU 12 % · memory 5.1 GB of 16 GB",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn every_view_opens_by_its_key_and_by_its_entry() {
    let (_, mut window) = open(Theme::Light);
    let views = [
        (Key::Num2, "Nothing traced yet"),
        (Key::Num3, "Run all"),
        (Key::Num4, "from the root"),
        (Key::Num5, "Run the check"),
        (Key::Num6, "Datasets"),
        (Key::Num7, "No saved connections yet"),
        (Key::Num1, "Data flow"),
    ];
    for (key, sign) in views {
        ctrl(&mut window, key);
        assert!(screen(&window).contains(sign), "{key:?} {sign}");
    }
    click(&mut window, "Trace");
    assert!(screen(&window).contains("Nothing traced yet"));
}

#[test]
fn a_store_that_goes_down_says_so_with_a_mark_and_a_reason() {
    let (fake, mut window) = open(Theme::Light);
    let mut stores = pocket::stores();
    stores[2].state = StoreState::Down;
    stores[2].latency = None;
    stores[2].error = Some(
        Error::new(ErrorKind::Unreachable, "open cache.db")
            .because("no such file")
            .hint("is the path right?"),
    );
    fake.tell(Event::Stores(stores));
    window.run();
    assert!(screen(&window).contains("✖ cache"));
    window.get_by_label_contains("Store cache: down").click();
    window.run();
    assert!(screen(&window).contains("is the path right?"));
}

#[test]
fn a_deployment_file_is_trusted_by_a_person() {
    let (fake, mut window) = open(Theme::Light);
    let mut stores = pocket::stores();
    stores[0].state = StoreState::Down;
    stores[0].error = Some(Error::new(
        ErrorKind::Untrusted,
        "use the secret of a store",
    ));
    fake.tell(Event::Stores(stores));
    ctrl(&mut window, Key::Num6);
    assert_eq!(fake.asked(|it| *it == Request::Trust), 0);
    click(&mut window, "Trust the deployment file");
    assert_eq!(fake.asked(|it| *it == Request::Trust), 1);
    assert!(window.query_by_label("Trust the deployment file").is_none());
}

#[test]
fn a_refused_overview_says_why_and_what_next() {
    let fake = Rc::new(Fake::default());
    let error = Error::new(ErrorKind::NotFound, "open pocket.toml").because("no such file");
    fake.refuse
        .replace(Some(error.hint("give the path of a deployment file")));
    let window = window(&fake, Theme::Light);
    let text = screen(&window);
    assert!(
        text.contains("could not open pocket.toml: no such file"),
        "{text}"
    );
    assert!(text.contains("give the path of a deployment file"));
}

#[test]
fn a_refused_measurement_keeps_the_last_lag() {
    let (fake, mut window) = open(Theme::Light);
    fake.refuse
        .replace(Some(Error::new(ErrorKind::Timeout, "measure the lag")));
    click(&mut window, "Measure now");
    let text = screen(&window);
    assert!(
        text.contains("could not measure the lag") && text.contains("41 s ▲"),
        "{text}"
    );
}

#[test]
fn the_theme_is_toggled_and_nothing_moves_afterwards() {
    let (_, mut window) = open(Theme::Light);
    click(&mut window, "Dark theme");
    window.get_by_label("Light theme");
    window.run();
}

#[test]
fn a_dataset_unfolds_its_fields() {
    let (_, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num6);
    click(&mut window, "▸ users");
    let text = screen(&window);
    assert!(
        text.contains("INTEGER") && text.contains("may be null"),
        "{text}"
    );
}

#[test]
fn the_lag_table_looks_right() {
    let (_, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num4);
    window.snapshot("lag_light");
}

#[test]
fn the_stores_look_right() {
    let (_, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::Num6);
    click(&mut window, "▸ users");
    window.remove_cursor();
    window.run();
    window.snapshot("stores_light");
}

#[test]
fn the_tree_as_json_names_every_widget() {
    let ctx = egui::Context::default();
    parallax_ui::tree::Tree::install(&ctx);
    let fake = Rc::new(Fake::default());
    let mut app = parallax_ui::App::new(fake, crate::support::now);
    for _ in 0..3 {
        ctx.run_ui(egui::RawInput::default(), |ui| app.ui(ui))
            .drop_without_applying_deltas();
    }
    let json = parallax_ui::tree::Tree::json(&ctx);
    for part in [
        r#""label":"Entity""#,
        r#""label":"Measure now""#,
        r#""role":"Button""#,
        r#""rect":["#,
    ] {
        assert!(json.contains(part), "{part}\n{json}");
    }
    assert_eq!(parallax_ui::tree::Tree::frames(&ctx), 3);
}

#[test]
fn no_view_asks_for_frames_when_nothing_happens() {
    let (_, mut window) = open(Theme::Light);
    let keys = [
        Key::Num1,
        Key::Num2,
        Key::Num3,
        Key::Num4,
        Key::Num5,
        Key::Num6,
        Key::Num7,
    ];
    for key in keys {
        ctrl(&mut window, key);
        window.hover_at(egui::pos2(640.0, 420.0));
        window.run();
        for _ in 0..5 {
            window.step();
            let delay = window
                .output()
                .viewport_output
                .values()
                .map(|it| it.repaint_delay)
                .min();
            assert!(
                delay >= Some(std::time::Duration::from_secs(4)),
                "{key:?} {delay:?}"
            );
        }
    }
}

#[test]
fn a_focused_text_field_does_not_blink() {
    let (_, mut window) = open(Theme::Light);
    ctrl(&mut window, Key::K);
    window.step();
    let delay = window
        .output()
        .viewport_output
        .values()
        .map(|it| it.repaint_delay)
        .min();
    assert!(
        delay >= Some(std::time::Duration::from_secs(4)),
        "{delay:?}"
    );
}

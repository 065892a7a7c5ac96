//! Saved connections: the list, the form that a pasted URL fills, the steps of a test.

use std::rc::Rc;

use crate::support::{Fake, Window, click, ctrl, profiles, screen, window};
use egui::{Event, Key, Theme};
use egui_kittest::kittest::Queryable as _;
use parallax_core::deployment::{Environment, SecretSource};
use parallax_core::error::{Error, ErrorKind};
use parallax_core::profile::SecretText;
use parallax_core::store::Access;
use parallax_core::wire::Request;

const PASTED: &str = "postgres://ann:s3cret-canary@orders.example:5432/shop?sslmode=require";

fn with(theme: Theme, saved: Vec<parallax_core::profile::Profile>) -> (Rc<Fake>, Window) {
    let fake = Rc::new(Fake::default());
    fake.profiles.replace(saved);
    let mut opened = window(&fake, theme);
    ctrl(&mut opened, Key::Num7);
    (fake, opened)
}

fn view(theme: Theme) -> (Rc<Fake>, Window) {
    with(theme, profiles::saved())
}

fn paste(window: &mut Window, label: &str, text: &str) {
    window.get_by_label(label).focus();
    window.run();
    window.event(Event::Paste(text.to_owned()));
    window.run();
}

fn type_into(window: &mut Window, label: &str, text: &str) {
    window.get_by_label(label).focus();
    window.run();
    window.get_by_label(label).type_text(text);
    window.run();
}

#[test]
fn an_empty_list_says_what_to_do() {
    let (_, window) = with(Theme::Light, Vec::new());
    let text = screen(&window);
    assert!(text.contains("No saved connections yet"), "{text}");
    assert!(text.contains("paste a URL above"), "{text}");
}

#[test]
fn each_connection_says_where_it_stands_and_where_its_secret_is() {
    let (fake, window) = view(Theme::Light);
    assert_eq!(fake.asked(|it| *it == Request::Profiles), 1);
    let text = screen(&window);
    for part in [
        "orders",
        "postgres://parallax@orders.example:5432/shop",
        "■ production",
        "▲ staging",
        "● dev",
        "? environment not said",
        "▲ may write",
        "#eu-west",
        "read-only · secret from keychain",
        "read and write · secret from env:CACHE_PASSWORD",
        "read-only · no secret",
        "secret from cmd:vault",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        !text.contains("secret/x"),
        "a command's arguments may be private"
    );
}

#[test]
fn a_pasted_url_fills_the_form_and_its_password_is_never_shown() {
    let (fake, mut window) = view(Theme::Light);
    window.get_by_label("Paste a URL").focus();
    window.run();
    window.event(Event::Paste(PASTED.to_owned()));
    for _ in 0..6 {
        window.step();
        assert!(!screen(&window).contains("canary"), "{}", screen(&window));
    }
    let text = screen(&window);
    assert!(
        text.contains("postgres://ann@orders.example:5432/shop?sslmode=require"),
        "{text}"
    );
    assert!(
        text.contains("orders-2"),
        "a name that is taken gets a number"
    );
    click(&mut window, "Save");
    let asked = fake.last(|it| matches!(it, Request::SaveProfile { .. }));
    let Some(Request::SaveProfile { profile, secret }) = asked else {
        panic!("not saved");
    };
    assert_eq!(profile.secret, Some(SecretSource::Keychain));
    assert_eq!(profile.access, Access::ReadOnly);
    assert_eq!(secret, Some(SecretText("s3cret-canary".into())));
    assert!(!screen(&window).contains("canary"));
    assert!(screen(&window).contains("orders-2"), "the list has it");
    assert!(
        window.query_by_label("Secret").is_none(),
        "the form is gone"
    );
}

#[test]
fn a_url_that_is_typed_and_entered_fills_the_form_too() {
    let (_, mut window) = view(Theme::Light);
    type_into(&mut window, "Paste a URL", "rediss://queue.example:6380/1");
    window.key_press(Key::Enter);
    window.run();
    let name = window.get_by_label("Name").value();
    assert_eq!(name.as_deref(), Some("queue"));
    let url = window.get_by_label("Connection URL").value();
    assert_eq!(url.as_deref(), Some("rediss://queue.example:6380/1"));
}

#[test]
fn a_password_in_the_forms_own_field_is_taken_out_too_and_cannot_be_undone() {
    let (_, mut window) = view(Theme::Light);
    click(&mut window, "New");
    paste(&mut window, "Connection URL", PASTED);
    assert!(screen(&window).contains("postgres://ann@orders.example"));
    click(&mut window, "Cancel");
    click(&mut window, "New");
    type_into(&mut window, "Connection URL", PASTED);
    let text = screen(&window);
    assert!(text.contains("postgres://ann@orders.example"), "{text}");
    assert!(!text.contains("canary"), "{text}");
    ctrl(&mut window, Key::Z);
    assert!(!screen(&window).contains("canary"));
}

#[test]
fn the_secret_is_masked() {
    let (_, mut window) = view(Theme::Light);
    click(&mut window, "New");
    click(&mut window, "keychain");
    type_into(&mut window, "Secret", "s3cret-canary");
    assert!(!screen(&window).contains("canary"));
}

#[test]
fn what_is_wrong_is_said_beside_its_field_and_nothing_is_sent() {
    let (fake, mut window) = view(Theme::Light);
    click(&mut window, "New");
    assert!(!screen(&window).contains("give it a name"));
    click(&mut window, "Save");
    let text = screen(&window);
    assert!(text.contains("✖ give it a name"), "{text}");
    assert!(text.contains("✖ say where the store is"), "{text}");
    type_into(&mut window, "Name", "orders");
    assert!(screen(&window).contains("this name is taken"));
    click(&mut window, "environment variable");
    assert!(screen(&window).contains("✖ name the variable"));
    assert_eq!(
        fake.asked(|it| matches!(it, Request::SaveProfile { .. })),
        0
    );
}

#[test]
fn a_test_shows_each_step_and_a_hint_at_the_one_that_failed() {
    let (fake, mut window) = view(Theme::Light);
    click(&mut window, "Test orders");
    let asked = fake.last(|it| matches!(it, Request::TestProfile { .. }));
    assert!(matches!(
        asked,
        Some(Request::TestProfile { secret: None, .. })
    ));
    let text = screen(&window);
    for part in [
        "It failed at the step “login”.",
        "✔ host name",
        "11 ms",
        "✖ login",
        "→ the secret came from the keychain",
        "– version",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn control_enter_tests_the_form_with_the_secret_that_was_typed() {
    let (fake, mut window) = view(Theme::Light);
    paste(&mut window, "Paste a URL", PASTED);
    ctrl(&mut window, Key::Enter);
    let asked = fake.last(|it| matches!(it, Request::TestProfile { .. }));
    let Some(Request::TestProfile { secret, .. }) = asked else {
        panic!("not tested");
    };
    assert_eq!(secret, Some(SecretText("s3cret-canary".into())));
    assert!(screen(&window).contains("It failed at the step"));
}

#[test]
fn a_connection_is_edited_in_place_and_keeps_its_secret() {
    let (fake, mut window) = view(Theme::Light);
    click(&mut window, "Edit cache-staging");
    click(&mut window, "read-only");
    click(&mut window, "Environment");
    window
        .get_all_by_label("■ production")
        .last()
        .expect("an entry")
        .click();
    window.run();
    click(&mut window, "Save");
    let asked = fake.last(|it| matches!(it, Request::SaveProfile { .. }));
    let Some(Request::SaveProfile { profile, secret }) = asked else {
        panic!("not saved");
    };
    assert_eq!(profile.name, "cache-staging");
    assert_eq!(profile.environment, Some(Environment::Production));
    assert_eq!(profile.access, Access::ReadOnly);
    assert_eq!(
        profile.secret,
        Some(SecretSource::Env("CACHE_PASSWORD".into()))
    );
    assert_eq!(profile.tags, ["shop"]);
    assert_eq!(secret, None);
}

#[test]
fn removing_asks_once() {
    let (fake, mut window) = view(Theme::Light);
    let removed = |fake: &Fake| fake.asked(|it| matches!(it, Request::RemoveProfile { .. }));
    click(&mut window, "Remove pocket");
    assert_eq!(removed(&fake), 0);
    click(&mut window, "Keep pocket");
    click(&mut window, "Remove pocket");
    click(&mut window, "Remove pocket for good");
    assert_eq!(removed(&fake), 1);
    assert!(window.query_by_label("Edit pocket").is_none());
}

#[test]
fn a_refused_save_keeps_what_was_typed_and_says_why() {
    let (fake, mut window) = view(Theme::Light);
    paste(&mut window, "Paste a URL", PASTED);
    let error = Error::new(ErrorKind::Unsupported, "reach the keychain").because("none runs here");
    fake.refuse
        .replace(Some(error.hint("say env:NAME or file:PATH instead")));
    click(&mut window, "Save");
    let text = screen(&window);
    assert!(
        text.contains("could not reach the keychain: none runs here"),
        "{text}"
    );
    assert!(text.contains("say env:NAME"), "{text}");
    assert!(text.contains("postgres://ann@orders.example"), "{text}");
}

#[test]
fn a_list_that_cannot_be_read_says_why_and_is_asked_for_again() {
    let fake = Rc::new(Fake::default());
    let mut opened = window(&fake, Theme::Light);
    let error = Error::new(ErrorKind::InvalidInput, "read profiles.toml").because("line 3: no url");
    fake.refuse.replace(Some(error));
    ctrl(&mut opened, Key::Num7);
    assert!(screen(&opened).contains("could not read profiles.toml: line 3"));
    fake.refuse.replace(None);
    fake.profiles.replace(profiles::saved());
    click(&mut opened, "Ask again");
    opened.get_by_label("Edit orders");
}

#[test]
fn long_names_and_urls_stay_in_their_cards() {
    let mut saved = profiles::saved();
    saved[0].url = format!("postgres://{}@h/x", "u".repeat(4_000));
    saved[0].tags = vec!["t".repeat(3_000); 4];
    saved[1].name = "n".repeat(500);
    let (_, mut window) = with(Theme::Light, saved);
    click(&mut window, "New");
    let rect = window.get_by_label("Edit orders").rect();
    assert!(rect.right() < 700.0, "{rect}");
}

#[test]
fn it_looks_right_in_the_light() {
    let (_, mut window) = view(Theme::Light);
    paste(&mut window, "Paste a URL", PASTED);
    ctrl(&mut window, Key::Enter);
    window.remove_cursor();
    window.run();
    window.snapshot("connections_light");
}

#[test]
fn it_looks_right_in_the_dark() {
    let (_, mut window) = view(Theme::Dark);
    click(&mut window, "Test orders");
    window.remove_cursor();
    window.run();
    window.snapshot("connections_dark");
}

#[test]
fn it_looks_right_with_nothing_in_it() {
    let (_, mut window) = with(Theme::Light, Vec::new());
    window.snapshot("connections_empty_light");
}

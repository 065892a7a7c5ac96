//! The trace: the sentence first, then the matrix, then the record.

use crate::support::{Fake, Window, click, open, screen, trace_by_keyboard};
use egui::{Key, Theme};
use egui_kittest::kittest::Queryable as _;
use parallax_core::wire::Request;

fn traced(theme: Theme) -> (std::rc::Rc<Fake>, Window) {
    let (fake, mut window) = open(theme);
    trace_by_keyboard(&mut window, "user 42");
    (fake, window)
}

#[test]
fn the_keyboard_alone_leads_to_the_sentence() {
    let (_, window) = traced(Theme::Light);
    let text = screen(&window);
    for part in [
        "it was lost, not late",
        "✖ stale",
        "Ann Lee",
        "not one snapshot",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_bare_key_is_traced_as_the_first_entity() {
    let (fake, mut window) = open(Theme::Light);
    trace_by_keyboard(&mut window, "42");
    let asked = fake.last(|it| matches!(it, Request::Trace { .. }));
    let expected = Request::Trace {
        entity: "user".into(),
        key: "42".into(),
        by: None,
    };
    assert_eq!(asked, Some(expected));
}

#[test]
fn a_piece_of_a_name_offers_people_and_the_arrows_choose() {
    let (fake, mut window) = open(Theme::Light);
    crate::support::ctrl(&mut window, Key::K);
    window.get_by_label("Entity").type_text("ann");
    window.run();
    window.get_by_label("Joanna Day · user 77");
    for key in [Key::ArrowDown, Key::ArrowDown, Key::Enter] {
        window.key_press(key);
        window.run();
    }
    let asked = fake.last(|it| matches!(it, Request::Trace { .. }));
    let expected = Request::Trace {
        entity: "user".into(),
        key: "77".into(),
        by: None,
    };
    assert_eq!(asked, Some(expected));
}

#[test]
fn an_offered_person_can_be_clicked() {
    let (fake, mut window) = open(Theme::Light);
    crate::support::ctrl(&mut window, Key::K);
    window.get_by_label("Entity").type_text("hannes");
    window.run();
    window
        .get_by_label("Hannes Ek · user 9007199254740993")
        .click();
    window.run();
    let asked = fake.last(|it| matches!(it, Request::Trace { .. }));
    let key = "9007199254740993".into();
    assert_eq!(
        asked,
        Some(Request::Trace {
            entity: "user".into(),
            key,
            by: None
        })
    );
}

#[test]
fn differing_fields_come_first_and_equal_ones_are_folded() {
    let (_, mut window) = traced(Theme::Light);
    let cell = window.get_by_label("email in cache.user:{id}: different: ann@old.example");
    assert_eq!(cell.value().as_deref(), Some("ann@old.example"));
    assert!(
        window
            .query_by_label_contains("points in shop.users")
            .is_none()
    );
    click(&mut window, "7 equal fields ▸");
    let exact = window.get_by_label("points in shop.users: equal: 9007199254740993");
    assert_eq!(exact.value().as_deref(), Some("9007199254740993"));
    window.get_by_label("name in search.users: equal, ignoring case: ann lee");
}

#[test]
fn search_has_two_answers_while_a_refresh_is_pending() {
    let (_, mut window) = open(Theme::Light);
    trace_by_keyboard(&mut window, "user 44");
    // It agrees as stored, and stands among what differs all the same.
    window.get_by_label(
        "email in search.users: equal: ann@new.example; a search finds ann@old.example",
    );
    window
        .get_by_label("search.users: agrees, a refresh is pending")
        .click();
    window.run();
    let text = screen(&window);
    assert!(
        text.contains("until the next refresh (interval 30 s)"),
        "{text}"
    );
}

#[test]
fn a_head_that_is_clicked_shows_its_record_and_statement() {
    let (_, mut window) = traced(Theme::Light);
    assert!(screen(&window).contains("@ttl_ms: 189000"));
    window.get_by_label("search.users: in flight").click();
    window.run();
    let text = screen(&window);
    assert!(text.contains("the edge allows 30 s"), "{text}");
    assert!(!text.contains("@ttl_ms: 189000"));
}

#[test]
fn the_statement_opens_in_query() {
    let (_, mut window) = traced(Theme::Light);
    click(&mut window, "Open in Query");
    let edited = window.get_by_label("Statement 1").value();
    assert!(edited.is_some_and(|it| it.starts_with("SELECT * FROM \"user\"")));
}

#[test]
fn a_refused_trace_says_why_and_keeps_the_last_one() {
    let (_, mut window) = traced(Theme::Light);
    trace_by_keyboard(&mut window, "user 43");
    let text = screen(&window);
    for part in [
        "could not trace user 43",
        "is the key right?",
        "it was lost, not late",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn while_it_reads_again_the_last_trace_stays() {
    let (fake, mut window) = traced(Theme::Light);
    fake.holds.set(true);
    click(&mut window, "Trace again");
    let text = screen(&window);
    assert!(
        text.contains("reading again…") && text.contains("it was lost"),
        "{text}"
    );
    fake.release();
    window.run();
    assert!(!screen(&window).contains("reading again…"));
}

#[test]
fn nothing_traced_says_what_to_do() {
    let (_, mut window) = open(Theme::Light);
    crate::support::ctrl(&mut window, Key::Num2);
    assert!(screen(&window).contains("press Ctrl-K and type `user 42`"));
}

#[test]
fn it_looks_right_in_the_light() {
    let (_, mut light) = traced(Theme::Light);
    light.snapshot("trace_light");
}

#[test]
fn it_looks_right_in_the_dark_unfolded() {
    let (_, mut dark) = traced(Theme::Dark);
    click(&mut dark, "7 equal fields ▸");
    dark.remove_cursor();
    dark.run();
    dark.snapshot("trace_dark");
}

#[test]
fn the_offered_people_look_right() {
    let (_, mut window) = traced(Theme::Light);
    crate::support::ctrl(&mut window, Key::K);
    window.get_by_label("Entity").type_text("ann");
    window.run();
    window.key_press(Key::ArrowDown);
    window.run();
    window.snapshot("entity_box_light");
}

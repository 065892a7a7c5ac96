//! A deployment file that names secrets is trusted once, as it stands.

use crate::Case;
use crate::desk::{Desk, said};

pub(crate) const CASES: &[Case] = &[
    (
        "no secret is fetched before the file is trusted",
        nothing_before,
    ),
    (
        "trust is remembered until a URL or a secret changes",
        remembered,
    ),
    ("a file without secrets needs no trust", without_secrets),
    (
        "a store that cannot have its secret costs only itself",
        only_itself,
    ),
];

/// A store with a secret that a program prints, and one without.
fn desk() -> Desk {
    let desk = Desk::new();
    let program = desk.program("give", "hunter2", 0);
    desk.database("a.db");
    let secret = format!("cmd:{}", program.display());
    desk.does(&[
        "profiles",
        "add",
        "saved",
        "redis://127.0.0.1:1",
        "--secret",
        &secret,
    ]);
    desk.deployment("[stores.plain]\nurl = \"sqlite:a.db\"\n[stores.cache]\nprofile = \"saved\"");
    desk
}

fn ran(desk: &Desk) -> bool {
    desk.path().join("give.ran").exists()
}

fn is_refused(desk: &Desk) -> bool {
    let stores = desk.parallax(&["stores", "--json"]).json();
    let hint = &stores["stores"][1]["hint"];
    hint.as_str().is_some_and(|it| it.contains("--trust"))
}

fn nothing_before() {
    let desk = desk();
    for arguments in [
        &["stores"][..],
        &["describe", "cache"],
        &["query", "cache", "PING"],
        &["map"],
        &["lag"],
    ] {
        desk.parallax(arguments);
        assert!(!ran(&desk), "{arguments:?}");
    }
    let query = desk.parallax(&["query", "cache", "PING"]);
    assert_eq!(query.code, 2);
    assert!(said(&query).contains("--trust"), "{}", said(&query));
    desk.does(&["query", "plain", "select 1"]);
    let stores = desk.parallax(&["stores", "--trust", "--json"]);
    assert!(ran(&desk), "{}", said(&stores));
    assert!(!said(&stores).contains("hunter2"));
    let error = stores.json()["stores"][1]["error"].to_string();
    assert!(
        error.contains("refused"),
        "its secret was found, and the server asked: {error}"
    );
}

fn remembered() {
    let desk = desk();
    assert!(is_refused(&desk));
    desk.parallax(&["stores", "--trust"]);
    assert!(!is_refused(&desk));
    let text = "[stores.plain]\nurl = \"sqlite:a.db\"\n[stores.cache]\nprofile = \"saved\"\n";
    desk.deployment(&format!("{text}environment = \"staging\"\nwhy = \"fast\""));
    assert!(!is_refused(&desk), "neither URL nor secret changed");
    desk.deployment(&format!("{text}url = \"redis://127.0.0.1:2\""));
    assert!(is_refused(&desk), "the URL changed");
    desk.deployment(&format!("{text}secret = \"env:OTHER\""));
    assert!(is_refused(&desk), "the secret changed");
    desk.deployment(text);
    assert!(!is_refused(&desk), "it is again as it was trusted");
    desk.does(&[
        "profiles",
        "add",
        "saved",
        "redis://127.0.0.1:3",
        "--secret",
        "env:A",
        "--replace",
    ]);
    assert!(is_refused(&desk), "the profile changed");
    let trusted = std::fs::read_to_string(desk.config().join("trusted.toml")).expect("the file");
    assert!(trusted.starts_with("format = 1\n"), "{trusted}");
}

fn without_secrets() {
    let desk = Desk::new();
    desk.database("a.db");
    desk.deployment("[stores.a]\nurl = \"sqlite:a.db\"");
    desk.does(&["stores", "--trust"]);
    assert!(!desk.config().exists(), "there is nothing to remember");
}

fn only_itself() {
    let desk = Desk::new();
    desk.database("a.db");
    desk.deployment("[stores.plain]\nurl = \"sqlite:a.db\"\n[stores.cache]\nurl = \"redis://127.0.0.1:1\"\nsecret = \"env:PARALLAX_NEVER_SET\"");
    let ended = desk.parallax(&["stores", "--trust", "--json"]);
    assert_eq!(ended.code, 2);
    let stores = ended.json();
    assert_eq!(stores["stores"][0]["state"], "up", "{stores}");
    assert_eq!(stores["stores"][1]["state"], "down", "{stores}");
    let error = stores["stores"][1]["error"].as_str().expect("an error");
    assert!(
        error.contains("PARALLAX_NEVER_SET") && error.contains("in cache"),
        "{error}"
    );
}

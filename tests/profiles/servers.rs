//! Profiles on real servers: the right password from every source, and a wrong one.

use parallax_tests::servers::{self, Server};

use crate::Case;
use crate::desk::{Desk, said};

pub(crate) const CASES: &[(&str, &[Case])] = &[
    (
        "postgres",
        &[
            ("lets in by every source of its password", || {
                every_source("postgres");
            }),
            ("refuses a wrong password at the step auth", || {
                wrong_password("postgres");
            }),
            ("answers a deployment that names a profile", || {
                deployment("postgres");
            }),
        ],
    ),
    (
        "redis",
        &[
            ("lets in by every source of its password", || {
                every_source("redis");
            }),
            ("refuses a wrong password at the step auth", || {
                wrong_password("redis");
            }),
            ("answers a deployment that names a profile", || {
                deployment("redis");
            }),
        ],
    ),
];

const VARIABLE: &str = "PARALLAX_TEST_PASSWORD";

fn server(name: &str) -> Server {
    let server = servers::address(name);
    assert!(!server.password().is_empty(), "{name} wants a password");
    server
}

fn every_source(name: &str) {
    let server = server(name);
    let (url, password) = (server.url_without_password(), server.password());
    let desk = Desk::new();
    desk.write("config/pw", &format!("{password}\n"));
    let program = desk.program("give", password, 0);
    let command = format!("cmd:{}", program.display());
    for (profile, source) in [
        ("env", "env:PARALLAX_TEST_PASSWORD"),
        ("file", "file:pw"),
        ("cmd", &command),
    ] {
        desk.does(&["profiles", "add", profile, &url, "--secret", source]);
        let ended = desk.parallax_with(
            &["profiles", "test", profile, "--json"],
            (VARIABLE, password),
        );
        assert_eq!(ended.code, 0, "{source}: {}", said(&ended));
        assert!(!said(&ended).contains(password), "{source}");
        let steps = ended.json();
        let version = steps["steps"][6]["detail"].as_str().expect("a version");
        assert!(version.contains(&server.version), "{version}");
    }
}

fn wrong_password(name: &str) {
    let server = server(name);
    let desk = Desk::new();
    desk.does(&[
        "profiles",
        "add",
        "a",
        &server.url_without_password(),
        "--secret",
        "env:PARALLAX_TEST_PASSWORD",
    ]);
    let ended = desk.parallax_with(
        &["profiles", "test", "a", "--json"],
        (VARIABLE, "wr0ng-canary"),
    );
    assert_eq!(ended.code, 2);
    assert!(!said(&ended).contains("wr0ng-canary"), "{}", said(&ended));
    let steps = ended.json();
    assert_eq!(steps["steps"][3]["outcome"], "passed", "{steps}");
    assert_eq!(steps["steps"][5]["outcome"], "failed", "{steps}");
    let hint = steps["steps"][5]["hint"].as_str().expect("a hint");
    assert!(hint.contains("env:PARALLAX_TEST_PASSWORD"), "{hint}");
}

fn deployment(name: &str) {
    let server = server(name);
    let desk = Desk::new();
    desk.does(&[
        "profiles",
        "add",
        "a",
        &server.url_without_password(),
        "--secret",
        "env:PARALLAX_TEST_PASSWORD",
    ]);
    desk.deployment("[stores.one]\nprofile = \"a\"");
    let right = (VARIABLE, server.password());
    let ended = desk.parallax_with(&["stores", "--json"], right);
    assert!(said(&ended).contains("--trust"), "{}", said(&ended));
    let ended = desk.parallax_with(&["stores", "--json", "--trust"], right);
    assert_eq!(ended.code, 0, "{}", said(&ended));
    assert_eq!(ended.json()["stores"][0]["state"], "up");
    let ended = desk.parallax_with(&["stores", "--json"], right);
    assert_eq!(ended.code, 0, "it is trusted now: {}", said(&ended));
    let ended = desk.parallax_with(&["stores", "--json"], (VARIABLE, "wr0ng-canary"));
    assert_eq!(ended.code, 2, "a wrong password");
    assert!(!said(&ended).contains("wr0ng-canary"), "{}", said(&ended));
}

//! Adding, listing, testing and removing profiles, and deployments that use them.

use serde_json::json;

use crate::Case;
use crate::desk::{Desk, said};

pub(crate) const CASES: &[Case] = &[
    ("a profile is added, listed, tested and removed", whole_life),
    ("profiles need no deployment file", no_deployment),
    ("a name is taken only once, unless it is replaced", replaced),
    ("bad arguments are told what is wrong", bad_arguments),
    ("the file is for its owner only", owner_only),
    (
        "a broken file is told by line, and costs only what needs it",
        broken_file,
    ),
    (
        "a profile's environment and access are its store's",
        profile_of_a_store,
    ),
    ("a missing profile costs only its store", missing_profile),
    (
        "a failing test says which step, and what to do",
        failing_steps,
    ),
];

fn whole_life() {
    let desk = Desk::new();
    let url = format!("sqlite:{}", desk.database("crm.db").display());
    let add = [
        "profiles",
        "add",
        "crm",
        &url,
        "--environment",
        "staging",
        "--tag",
        "eu",
        "--tag",
        "team a",
        "--access",
        "read-write",
    ];
    desk.does(&add);
    let listed = desk.does(&["profiles", "list", "--json"]).json();
    let expected = json!({
        "format": 1,
        "profiles": [{ "name": "crm", "url": url, "secret": null, "environment": "staging", "access": "read-write", "tags": ["eu", "team a"] }],
    });
    assert_eq!(listed, expected);
    let text = desk.does(&["profiles", "list"]).stdout;
    assert!(
        text.contains("crm") && text.contains("staging") && text.contains("read-write"),
        "{text}"
    );
    let tested = desk.does(&["profiles", "test", "crm", "--json"]).json();
    assert_eq!(tested["passed"], true, "{tested}");
    let steps: Vec<_> = tested["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|it| (&it["step"], &it["outcome"]))
        .collect();
    let expected = json!([
        ["url", "passed"],
        ["secret", "skipped"],
        ["dns", "skipped"],
        ["tcp", "skipped"],
        ["tls", "skipped"],
        ["auth", "passed"],
        ["version", "passed"],
        ["capability", "passed"]
    ]);
    assert_eq!(json!(steps), expected);
    let removed = desk.does(&["profiles", "remove", "crm", "--json"]).json();
    assert_eq!(removed, json!({ "format": 1, "profiles": [] }));
    assert_eq!(desk.parallax(&["profiles", "test", "crm"]).code, 2);
}

fn no_deployment() {
    let desk = Desk::new();
    let text = desk.does(&["profiles", "list"]).stdout;
    assert!(text.contains("profiles add NAME URL"), "{text}");
    assert_eq!(
        desk.parallax(&["stores"]).code,
        2,
        "there is no deployment here"
    );
}

fn replaced() {
    let desk = Desk::new();
    desk.does(&["profiles", "add", "a", "sqlite:a.db"]);
    let again = desk.parallax(&["profiles", "add", "a", "sqlite:b.db"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--replace"), "{}", again.stderr);
    desk.does(&["profiles", "add", "a", "sqlite:b.db", "--replace"]);
    let listed = desk.does(&["profiles", "list", "--json"]).json();
    assert_eq!(listed["profiles"][0]["url"], "sqlite:b.db");
}

fn bad_arguments() {
    let desk = Desk::new();
    desk.does(&["profiles", "add", "shop", "sqlite:a.db"]);
    for (arguments, expected) in [
        (&["add", "Shop", "sqlite:a.db"][..], "lower-case"),
        (&["add", "b", "nowhere:a.db"], "known schemes are"),
        (&["add", "b", "crm.db"], "scheme"),
        (&["add", "b", "sqlite:"], "names no place"),
        (&["add", "b", "postgres://a:b@c/d"], "history"),
        (
            &["add", "b", "sqlite:a.db", "--secret", "env:"],
            "names no environment variable",
        ),
        (
            &["add", "b", "sqlite:a.db", "--secret", "keychian"],
            "did you mean \"keychain\"?",
        ),
        (
            &["add", "b", "sqlite:a.db", "--environment", "prod"],
            "possible values",
        ),
        (&["add", "b"], "required"),
        (&["test", "shp"], "saved are: shop"),
        (&["remove", "shp"], "did you mean \"shop\"?"),
        (&["frobnicate"], "unrecognized"),
    ] {
        let all: Vec<&str> = ["profiles"].iter().chain(arguments).copied().collect();
        let ended = desk.parallax(&all);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", said(&ended));
        assert!(
            ended.stderr.contains(expected),
            "{arguments:?} is told:\n{}",
            ended.stderr
        );
    }
}

fn owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    desk.does(&["profiles", "add", "a", "sqlite:a.db"]);
    let file = desk.config().join("profiles.toml");
    let mode = std::fs::metadata(&file)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(text, "format = 1\n\n[profiles.a]\nurl = \"sqlite:a.db\"\n");
}

fn broken_file() {
    let desk = Desk::new();
    desk.database("a.db");
    desk.write("config/profiles.toml", "format = 1\n[profiles.a]\nurl = \"sqlite:a.db\"\nsecrett = \"env:A\"\nenvironment = \"prod\"\n");
    for arguments in [
        &["profiles", "list"][..],
        &["profiles", "remove", "a"],
        &["profiles", "add", "b", "sqlite:b.db"],
    ] {
        let ended = desk.parallax(arguments);
        assert_eq!(ended.code, 2);
        for expected in [
            "profiles.toml:4:1: unknown key \"secrett\", did you mean \"secret\"?",
            "profiles.toml:5:15:",
        ] {
            assert!(ended.stderr.contains(expected), "{}", ended.stderr);
        }
    }
    desk.deployment("[stores.plain]\nurl = \"sqlite:a.db\"\n[stores.saved]\nprofile = \"a\"");
    let stores = desk.parallax(&["stores", "--json"]);
    assert_eq!(stores.code, 2);
    let stores = stores.json();
    assert_eq!(stores["stores"][0]["state"], "up", "{stores}");
    assert_eq!(stores["stores"][1]["state"], "down", "{stores}");
    assert!(
        stores["stores"][1]["error"]
            .as_str()
            .expect("an error")
            .contains("profiles.toml:4:1"),
        "{stores}"
    );
    desk.deployment("[stores.plain]\nurl = \"sqlite:a.db\"");
    desk.does(&["stores"]);
}

fn profile_of_a_store() {
    let desk = Desk::new();
    let url = format!("sqlite:{}", desk.database("a.db").display());
    desk.does(&[
        "profiles",
        "add",
        "a",
        &url,
        "--environment",
        "production",
        "--access",
        "read-write",
    ]);
    desk.does(&["profiles", "add", "b", &url]);
    desk.deployment("[stores.a]\nprofile = \"a\"\n[stores.b]\nprofile = \"b\"\n[stores.c]\nprofile = \"a\"\nenvironment = \"staging\"");
    let stores = desk.does(&["stores", "--json"]).json();
    let told: Vec<_> = stores["stores"]
        .as_array()
        .expect("stores")
        .iter()
        .map(|it| (&it["environment"], &it["access"], &it["url"]))
        .collect();
    let expected = json!([
        ["production", "read-write", url],
        ["dev", "read-only", url],
        ["staging", "read-write", url]
    ]);
    assert_eq!(json!(told), expected);
    desk.does(&["query", "a", "create table t (x)"]);
    let refused = desk.parallax(&["query", "b", "create table u (x)"]);
    assert_eq!(refused.code, 2, "{}", said(&refused));
    let map = desk.does(&["map"]).stdout;
    assert!(map.contains("production"), "{map}");
}

fn missing_profile() {
    let desk = Desk::new();
    desk.database("a.db");
    desk.does(&["profiles", "add", "shop", "sqlite:a.db"]);
    desk.deployment("[stores.plain]\nurl = \"sqlite:a.db\"\n[stores.saved]\nprofile = \"nowhere\"");
    let stores = desk.parallax(&["stores", "--json"]);
    assert_eq!(stores.code, 2);
    let stores = stores.json();
    assert_eq!(stores["stores"][0]["state"], "up", "{stores}");
    assert_eq!(stores["stores"][1]["hint"], "known here: shop", "{stores}");
    assert_eq!(desk.parallax(&["query", "saved", "select 1"]).code, 2);
    desk.does(&["query", "plain", "select 1"]);
}

fn failing_steps() {
    let desk = Desk::new();
    let secret = desk.program("fails", "hunter2", 3);
    let secret = format!("cmd:{}", secret.display());
    desk.does(&[
        "profiles",
        "add",
        "unset",
        "sqlite:a.db",
        "--secret",
        "env:PARALLAX_NEVER_SET",
    ]);
    desk.does(&[
        "profiles",
        "add",
        "fails",
        "sqlite:a.db",
        "--secret",
        &secret,
    ]);
    desk.does(&[
        "profiles",
        "add",
        "nofile",
        "sqlite:a.db",
        "--secret",
        "file:nowhere",
    ]);
    desk.does(&["profiles", "add", "refused", "redis://127.0.0.1:1"]);
    desk.does(&["profiles", "add", "noname", "redis://no-such-host.invalid"]);
    for (name, step, expected) in [
        ("unset", "secret", "set PARALLAX_NEVER_SET"),
        ("fails", "secret", "run it by hand"),
        ("nofile", "secret", "begins at the folder"),
        ("refused", "tcp", "is 1 its port?"),
        ("noname", "dns", "spelt right"),
    ] {
        let ended = desk.parallax(&["profiles", "test", name, "--json"]);
        assert_eq!(ended.code, 2, "{}", said(&ended));
        let tested = ended.json();
        let steps = tested["steps"].as_array().expect("steps");
        let failed: Vec<_> = steps
            .iter()
            .filter(|it| it["outcome"] == "failed")
            .collect();
        let [failed] = failed.as_slice() else {
            panic!("one step fails: {tested}")
        };
        assert_eq!(failed["step"], step, "{tested}");
        assert!(
            failed["hint"]
                .as_str()
                .is_some_and(|it| it.contains(expected)),
            "{tested}"
        );
    }
}

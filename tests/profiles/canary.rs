//! A password that is put wherever one may stand must come out nowhere.

use std::path::{Path, PathBuf};

use parallax_tests::{Ended, servers};

use crate::Case;
use crate::desk::{Desk, pocket};

pub(crate) const CASES: &[Case] = &[
    (
        "a password is shown by no command, in no form, and kept in no file",
        commands,
    ),
    (
        "a password in the wrong place is refused and not repeated",
        wrong_places,
    ),
    (
        "a password that is piped in is kept by the keychain or by nobody",
        piped,
    ),
    (
        "a wrong password is not repeated by a server that refuses it",
        refused_by_servers,
    ),
];

const CANARY: &str = "cAnArY-7f3e/Ü p%40ss";

/// The canary as URLs, JSON, HTML and base64 write it.
const DISGUISES: [&str; 4] = ["cAnArY", "cAnArY-7f3e", "Y0FuQXJZ", "cAnArY%2D"];

#[track_caller]
fn assert_silent(what: &str, ended: &Ended) {
    for disguise in DISGUISES {
        assert!(
            !ended.stdout.contains(disguise),
            "{what} prints it:\n{}",
            ended.stdout
        );
        assert!(
            !ended.stderr.contains(disguise),
            "{what} says it:\n{}",
            ended.stderr
        );
    }
}

/// Every file below `folder`, but for those where the canary was put.
fn files(folder: &Path, put: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !put.contains(&path) {
                found.push(path);
            }
        }
    }
    found
}

#[track_caller]
fn assert_kept_nowhere(folder: &Path, put: &[PathBuf]) {
    for file in files(folder, put) {
        let bytes = std::fs::read(&file).expect("a file");
        for disguise in DISGUISES {
            let holds = bytes
                .windows(disguise.len())
                .any(|it| it == disguise.as_bytes());
            assert!(!holds, "{} holds it", file.display());
        }
    }
}

const REPORTS: [&str; 5] = ["r.html", "r.md", "r.json", "r.csv", "r.xml"];

fn commands() {
    let sample = pocket(51);
    let desk = Desk::new();
    let variable = ("PARALLAX_CANARY", CANARY);
    let file = desk.write("pw", CANARY);
    let give = desk.program("give", CANARY, 0);
    let fail = desk.program("fail", CANARY, 3);
    for (name, program) in [("give", &give), ("fail", &fail)] {
        let secret = format!("cmd:{} --token {CANARY:?}", program.display());
        desk.does(&[
            "profiles",
            "add",
            name,
            "redis://127.0.0.1:1",
            "--secret",
            &secret,
        ]);
    }
    let text = std::fs::read_to_string(sample.deployment()).expect("the sample's file");
    let text = text
        .replace(
            "sqlite:docs.db\"",
            "sqlite:docs.db\"\nsecret = \"env:PARALLAX_CANARY\"",
        )
        .replace(
            "sqlite:graph.db\"",
            &format!("sqlite:graph.db\"\nsecret = \"file:{}\"", file.display()),
        );
    let more = "[stores.give]\nprofile = \"give\"\n[stores.fail]\nprofile = \"fail\"\n[stores.gone]\nurl = \"postgres://shop@127.0.0.1:1/shop\"\nsecret = \"env:PARALLAX_CANARY\"\n";
    let text = text.replacen("[entities.", &format!("{more}\n[entities."), 1);
    std::fs::write(sample.deployment(), text).expect("written");
    let deployment = sample.deployment().display().to_string();
    let reports: Vec<String> = REPORTS
        .iter()
        .map(|it| desk.path().join(it).display().to_string())
        .collect();
    let mut check = vec!["check"];
    check.extend(reports.iter().flat_map(|it| ["--report", it.as_str()]));
    for arguments in [
        &["stores"][..],
        &["stores", "--trust"],
        &["describe", "docs"],
        &["describe", "docs.users"],
        &["describe", "gone"],
        &["map"],
        &["lag"],
        &["query", "docs", "select 1"],
        &["query", "give", "PING"],
        &["query", "fail", "PING"],
        &["query", "-q", "gone=select 1", "-q", "shop=select 1"],
        &["trace", "user", "42"],
        &check,
        &["profiles", "list"],
        &["profiles", "test", "give"],
        &["profiles", "test", "fail"],
        &["profiles", "remove", "nobody"],
    ] {
        for form in [None, Some("--json")] {
            let mut all = vec!["-d", deployment.as_str()];
            all.extend(arguments.iter().copied().chain(form));
            let ended = desk.parallax_with(&all, variable);
            assert_silent(&format!("{arguments:?} {form:?}"), &ended);
        }
    }
    assert!(
        desk.path().join("give.ran").exists() && desk.path().join("fail.ran").exists(),
        "the programs ran"
    );
    for report in &reports {
        assert!(Path::new(report).exists(), "{report} is written");
    }
    // The person put it into the programs, the file and, as an argument of a program, into the profiles.
    let put = [file, give, fail, desk.config().join("profiles.toml")];
    assert!(
        !files(&desk.config(), &put).is_empty(),
        "what is trusted is looked at"
    );
    assert_kept_nowhere(desk.path(), &put);
    assert_kept_nowhere(sample.path(), &[]);
}

fn wrong_places() {
    let desk = Desk::new();
    let url = "postgres://shop:cAnArY-7f3e@127.0.0.1:1/shop";
    for arguments in [
        &["profiles", "add", "a", url][..],
        &["profiles", "add", "a", "redis://:cAnArY@127.0.0.1:1"],
        &["profiles", "add", "a", "postgres://h/d?password=cAnArY"],
        &["profiles", "add", "a", "sqlite:a.db", "--secret", "cAnArY"],
        &[
            "profiles",
            "add",
            "a",
            "sqlite:a.db",
            "--secret",
            "env:cAnArY-7f3e",
        ],
    ] {
        let ended = desk.parallax(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}");
        assert_silent(&format!("{arguments:?}"), &ended);
    }
    for store in [
        format!("url = \"{url}\""),
        "url = \"sqlite:a.db\"\nsecret = \"cAnArY\"".to_owned(),
        "url = \"sqlite:a.db\"\npassword = \"cAnArY\"".to_owned(),
        "url = \"sqlite:a.db\"\nsecret = cAnArY".to_owned(),
        "url = \"sqlite:a.db\"\nsecret = [\"cAnArY\"]".to_owned(),
    ] {
        let deployment = desk.deployment(&format!("[stores.a]\n{store}"));
        let profiles = desk.write(
            "config/profiles.toml",
            &format!("format = 1\n[profiles.a]\n{store}\n"),
        );
        for arguments in [
            &["stores"][..],
            &["stores", "--json"],
            &["map"],
            &["profiles", "list"],
            &["profiles", "test", "a"],
            &["profiles", "remove", "a"],
        ] {
            let ended = desk.parallax(arguments);
            assert_eq!(ended.code, 2, "{store}: {arguments:?}");
            assert_silent(&format!("{store}: {arguments:?}"), &ended);
        }
        std::fs::remove_file(&profiles).expect("removed");
        assert_kept_nowhere(desk.path(), &[deployment, desk.database("a.db")]);
    }
}

fn piped() {
    let desk = Desk::new();
    let name = format!("parallax-test-{}", std::process::id());
    let add = [
        "profiles",
        "add",
        &name,
        "redis://127.0.0.1:1",
        "--secret",
        "keychain",
    ];
    let ended = desk.parallax_reading(&add, &format!("{CANARY}\n"));
    assert_silent("add", &ended);
    if ended.code == 0 {
        let tested = desk.parallax(&["profiles", "test", &name, "--json"]);
        assert_eq!(
            tested.json()["steps"][1]["outcome"],
            "passed",
            "the keychain gives it back"
        );
        assert_silent("test", &tested);
        assert_silent("list", &desk.does(&["profiles", "list", "--json"]));
        assert_silent("remove", &desk.does(&["profiles", "remove", &name]));
    } else {
        assert!(
            ended.stderr.contains("no keychain runs here"),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains("env:NAME"), "{}", ended.stderr);
        let listed = desk.does(&["profiles", "list", "--json"]).json();
        assert_eq!(
            listed["profiles"].as_array().map(Vec::len),
            Some(0),
            "nothing is half saved"
        );
    }
    assert_silent("an empty secret", &desk.parallax_reading(&add, "\n"));
    assert_kept_nowhere(desk.path(), &[]);
}

fn refused_by_servers() {
    let desk = Desk::new();
    let found = ["postgres", "redis"].into_iter().filter_map(servers::find);
    let mut stores = String::from(
        "[stores.gone]\nurl = \"redis://127.0.0.1:1\"\nsecret = \"env:PARALLAX_CANARY\"\n",
    );
    for server in found {
        let url = server.url_without_password();
        stores.push_str(&format!(
            "[stores.{}]\nurl = \"{url}\"\nsecret = \"env:PARALLAX_CANARY\"\n",
            server.name
        ));
    }
    desk.deployment(&stores);
    for form in [
        &["stores", "--trust"][..],
        &["stores", "--json"],
        &["query", "gone", "PING"],
        &["map"],
    ] {
        let ended = desk.parallax_with(form, ("PARALLAX_CANARY", CANARY));
        assert_silent(&format!("{form:?}"), &ended);
    }
    assert_kept_nowhere(desk.path(), &[]);
}

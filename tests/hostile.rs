//! Data that tries to be a program stays data: a check of hostile names, keys and values, its report opened in a real browser.
//!
//! What is planted would change the page's title and fetch from a listener of ours, on every way that is known to us. A
//! control page does both in the same way, so that it is seen that the method would notice.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parallax_tests::{Ended, parallax};
use quick_xml::events::Event;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;

/// How long a browser may take to show one page.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says on the page that a script ran, and fetches.
fn script(port: u16) -> String {
    format!("document.title='owned';window.name='owned';fetch('http://127.0.0.1:{port}/fetched')")
}

/// Texts that break out of something, or look as if they were something else.
fn texts(port: u16) -> Vec<String> {
    let script = script(port);
    let at = format!("http://127.0.0.1:{port}");
    vec![
        format!("<script>{script}</script>"),
        format!("\"><img src=\"{at}/image\" onerror=\"{script}\">"),
        format!("'><svg onload=\"{script}\"><image href='{at}/svg'/></svg>"),
        format!("javascript:{script}"),
        format!("<a href=\"javascript:{script}\" onfocus=\"{script}\" autofocus>x</a>"),
        format!("</style></title></textarea></noscript><script>{script}</script>"),
        format!("]]></failure></testcase><script>{script}</script><![CDATA["),
        format!("--><script>{script}</script><!--"),
        format!("<style>@import url({at}/style);</style><link rel=stylesheet href={at}/link>"),
        format!("<iframe srcdoc=\"<script>{script}</script>\" src={at}/frame></iframe>"),
        format!("<meta http-equiv=refresh content=\"0;url={at}/refresh\"><base href={at}>"),
        format!("{{{{constructor.constructor(\"{script}\")()}}}} ${{{script}}} <%= {script} %>"),
        format!("<details open ontoggle=\"{script}\"><object data={at}/object></object>"),
        format!("+ADw-script+AD4-{script}+ADw-/script+AD4-"),
        format!("\u{202e}<script>{script}</script>\u{2066}\u{200b}"),
        format!("\u{1}\u{8}\u{1b}[2J\u{85}\u{fffe}<script>{script}</script>"),
        format!("=HYPERLINK(\"{at}/sheet\",\"x\")"),
        format!("+1,2;\"3\"\r\n4,\t5|6\u{2028}7 {script}"),
        format!("![x]({at}/markdown) [y](javascript:{script}) `<script>{script}</script>`"),
        "\\0 \\u0000 %00 &#0; &lt;script&gt; &#x3c;script&#x3e;".to_owned(),
        format!("{}<script>{script}</script>", "<".repeat(100_000)),
    ]
}

/// A name that a store takes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Two stores whose tables, columns, keys and values are hostile, and differ.
struct Sample {
    folder: TempDir,
    /// What drifted: the names of entities and the keys.
    drifted: BTreeSet<(String, String)>,
}

impl Sample {
    async fn new(port: u16) -> Self {
        let folder = TempDir::with_prefix("parallax-test-").expect("a temporary folder");
        let texts = texts(port);
        // Longer and stranger names are refused by the stores themselves.
        let names = texts.iter().filter(|it| is_name(it));
        let names: Vec<&String> = names.step_by(2).collect();
        let mut truth = open(&folder.path().join("truth.db")).await;
        let mut copy = open(&folder.path().join("copy.db")).await;
        let mut drifted = BTreeSet::new();
        for name in &names {
            fill(&mut truth, name, &texts, |_, text| Some(text.to_owned())).await;
            fill(&mut copy, name, &texts, spoilt).await;
            for (at, key) in texts.iter().enumerate() {
                if at % 3 < 2 {
                    drifted.insert(((*name).clone(), key.clone()));
                }
            }
        }
        truth.close().await.expect("the file is closed");
        copy.close().await.expect("the file is closed");
        let text = deployment(&names);
        std::fs::write(folder.path().join("deployment.toml"), text).expect("the file is written");
        Self { folder, drifted }
    }

    fn report(&self, ending: &str) -> PathBuf {
        self.folder.path().join(format!("report.{ending}"))
    }

    /// Checks it, with a report in every form.
    fn check(&self) -> Ended {
        let mut command = Command::new(parallax());
        command
            .arg("-d")
            .arg(self.folder.path().join("deployment.toml"));
        command.args(["check", "--json"]);
        for ending in ["html", "md", "json", "csv", "xml"] {
            command.arg("--report").arg(self.report(ending));
        }
        command.env("PARALLAX_CONFIG_DIR", self.folder.path().join("config"));
        Ended::of(command)
    }
}

fn is_name(text: &str) -> bool {
    text.len() < 400 && !text.contains(['{', '\u{1}', '\r'])
}

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    options.connect().await.expect("the file is made")
}

/// Of three values one differs, the next is missing, and the third is right.
fn spoilt(at: usize, text: &str) -> Option<String> {
    match at % 3 {
        0 => Some(format!("{text}<script>{text}")),
        1 => None,
        _ => Some(text.to_owned()),
    }
}

/// A table of that name, with a column of that name, and a row for each text that has a value.
async fn fill(
    store: &mut SqliteConnection,
    name: &str,
    texts: &[String],
    value: impl Fn(usize, &str) -> Option<String>,
) {
    let table = quoted(name);
    let column = quoted(&format!("{name} value"));
    let sql = format!("create table {table} (id text primary key, {column} text, updated_at text)");
    let made = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *store).await;
    made.unwrap_or_else(|error| panic!("{name}: {error}"));
    for (at, text) in texts.iter().enumerate() {
        let Some(value) = value(at, text) else {
            continue;
        };
        let sql = format!("insert into {table} values (?1, ?2, '2020-01-01T00:00:00Z')");
        let insert = sqlx::query(AssertSqlSafe(sql)).bind(text).bind(value);
        insert.execute(&mut *store).await.expect("a row");
    }
}

/// A flow that leaves no time, so that nothing is waited for.
fn flow(name: &str) -> toml::Value {
    let place = |store: &str| format!("{store}.{}", quoted(name));
    let flow = [
        ("from", place("truth")),
        ("to", place("copy")),
        ("via", "dual-write".to_owned()),
        ("objective", "1ms".to_owned()),
    ];
    toml::Value::Table(
        flow.map(|(key, it)| (key.to_owned(), it.into()))
            .into_iter()
            .collect(),
    )
}

fn deployment(names: &[&String]) -> String {
    let representation = |store: &str, name: &str, role: Option<&str>| {
        let mut table = toml::Table::new();
        table.insert(
            "dataset".to_owned(),
            format!("{store}.{}", quoted(name)).into(),
        );
        // What changed long ago is not waited for.
        table.insert("version".to_owned(), "updated_at".into());
        table.extend(role.map(|it| ("role".to_owned(), it.into())));
        toml::Value::Table(table)
    };
    let entity = |name: &str| {
        let mut table = toml::Table::new();
        table.insert("key".to_owned(), "id".into());
        let places = vec![
            representation("truth", name, Some("system-of-record")),
            representation("copy", name, None),
            representation("gone", name, None),
        ];
        table.insert("in".to_owned(), places.into());
        toml::Value::Table(table)
    };
    let store = |file: &str| {
        let mut table = toml::Table::new();
        table.insert("url".to_owned(), format!("sqlite:{file}").into());
        table.insert(
            "why".to_owned(),
            names.first().expect("a name").as_str().into(),
        );
        toml::Value::Table(table)
    };
    let mut file = toml::Table::new();
    file.insert("format".to_owned(), 1.into());
    file.insert(
        "name".to_owned(),
        names.first().expect("a name").as_str().into(),
    );
    let stores = [
        ("truth", store("truth.db")),
        ("copy", store("copy.db")),
        ("gone", store("<script>gone<img>.db")),
    ];
    let stores = stores.into_iter().map(|(name, it)| (name.to_owned(), it));
    file.insert("stores".to_owned(), toml::Value::Table(stores.collect()));
    let flows: Vec<toml::Value> = names.iter().map(|it| flow(it)).collect();
    file.insert("flows".to_owned(), flows.into());
    let entities = names.iter().map(|it| ((*it).clone(), entity(it)));
    file.insert(
        "entities".to_owned(),
        toml::Value::Table(entities.collect()),
    );
    file.to_string()
}

/// A listener that answers everything and keeps what was asked for.
struct Listener {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut line = String::new();
                // A browser opens connections that it does not use.
                let time = stream.set_read_timeout(Some(Duration::from_secs(1)));
                let read = time.and_then(|()| BufReader::new(&stream).read_line(&mut line));
                kept.lock()
                    .expect("nobody panicked")
                    .push(line.trim().to_owned());
                let answer = read.and_then(|_| {
                    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                });
                drop(answer);
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

/// The browser that is installed: the one that `PARALLAX_CHROMIUM` names, else one of the usual names.
fn browser() -> PathBuf {
    let named = std::env::var_os("PARALLAX_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known = ["chromium", "chromium-browser", "google-chrome"];
    let found = || {
        std::env::split_paths(&path)
            .flat_map(|folder| known.map(|it| folder.join(it)))
            .find(|it| it.is_file())
    };
    named
        .or_else(found)
        .unwrap_or_else(|| panic!("there is no Chromium here: `cargo xtask test` installs it"))
}

/// The document of a page after its scripts have run, if any did.
fn opened(page: &Path) -> String {
    let home = TempDir::with_prefix("parallax-browser-").expect("a temporary folder");
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string()).arg(browser());
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--virtual-time-budget=2000",
        "--dump-dom",
    ]);
    command.arg(format!("--user-data-dir={}", home.path().display()));
    command.arg(format!("file://{}", page.display()));
    let ended = Ended::of(command);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("</html>"), "{}", ended.stderr);
    ended.stdout
}

fn title(document: &str) -> &str {
    let title = document
        .split_once("<title>")
        .and_then(|(_, it)| it.split_once("</title>"));
    title.expect("a title").0
}

/// Elements that run, load or lead somewhere. Our page has none of them.
const ACTIVE: &[&str] = &[
    "script", "img", "image", "svg", "iframe", "object", "embed", "link", "base", "form", "input",
    "a", "audio", "video", "textarea", "template", "noscript", "math",
];

/// Every tag of a serialized document has the name of one of our elements, and no attribute that runs or leads away.
///
/// A browser writes `<` of texts as `&lt;`, and our attributes hold no data.
#[track_caller]
fn is_inert(document: &str) {
    let style = document
        .split_once("<style>")
        .zip(document.split_once("</style>"));
    let ((before, _), (_, after)) = style.expect("our style");
    for tag in before.split('<').chain(after.split('<')).skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let mut words = tag.split_ascii_whitespace();
        let name = words
            .next()
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_ascii_lowercase();
        assert!(!ACTIVE.contains(&name.as_str()), "<{tag}>");
        for word in words {
            let word = word.to_ascii_lowercase();
            let runs = word.starts_with("on") && word.contains('=');
            let leads = ["href=", "src=", "srcdoc="]
                .iter()
                .any(|it| word.starts_with(it));
            assert!(!runs && !leads, "<{tag}>");
        }
    }
}

#[test]
fn a_report_of_hostile_data_runs_nothing_in_a_browser_and_is_whole_in_every_form() {
    let listener = Listener::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sample = runtime.block_on(Sample::new(listener.port));
    let ended = sample.check();
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let found = findings(&ended.json());
    assert_eq!(
        found, sample.drifted,
        "what was planted is found, letter by letter"
    );
    assert!(found.len() > 100, "{} keys drifted", found.len());

    shows_its_data_and_runs_nothing(&sample, &listener);
    let asked = listener.asked();
    assert!(asked.is_empty(), "{asked:?}");
    method_would_notice(&sample, &listener);

    is_well_formed(&read(&sample.report("xml")));
    let lines = records(&read(&sample.report("csv")));
    assert_eq!(lines.len(), found.len() + 1);
    assert!(lines.iter().all(|it| it.len() == 10), "{lines:?}");
    let kept: serde_json::Value =
        serde_json::from_str(&read(&sample.report("json"))).expect("JSON");
    assert_eq!(findings(&kept), found);
    let markdown = without_code(&read(&sample.report("md")));
    for tag in [
        "<script",
        "<img",
        "<svg",
        "<iframe",
        "](javascript:",
        "](http",
    ] {
        let lines = markdown.lines().find(|it| it.contains(tag));
        assert_eq!(lines, None, "{tag} in Markdown");
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the report is there, in UTF-8")
}

/// Once as it is, and once without the policy by which it forbids itself scripts: its own text must do.
fn shows_its_data_and_runs_nothing(sample: &Sample, listener: &Listener) {
    let text = read(&sample.report("html"));
    let policy = "<meta http-equiv=\"Content-Security-Policy\"";
    let (before, rest) = text.split_once(policy).expect("the page has a policy");
    let (_, after) = rest.split_once("/>").expect("an end");
    let bare = sample.report("bare.html");
    std::fs::write(&bare, format!("{before}{after}")).expect("a file");
    let pages = [sample.report("html"), bare];
    let documents = std::thread::scope(|scope| {
        let opening = pages.each_ref().map(|page| scope.spawn(|| opened(page)));
        opening.map(|it| it.join().expect("the browser shows it"))
    });
    for document in documents {
        let title = title(&document);
        assert!(title.starts_with("Check of "), "{title}");
        assert!(
            document.contains("&lt;script&gt;document.title='owned'"),
            "the data is shown"
        );
        assert!(document.contains(&format!("127.0.0.1:{}/image", listener.port)));
        is_inert(&document);
    }
}

/// The same texts unescaped: the title changes, and the listener is asked.
fn method_would_notice(sample: &Sample, listener: &Listener) {
    let page = sample.report("control.html");
    let first = texts(listener.port).swap_remove(0);
    let image = format!("<img src=\"http://127.0.0.1:{}/control\">", listener.port);
    let text = format!(
        "<!DOCTYPE html><html><head><title>Check of it</title></head><body>{first}{image}</body></html>"
    );
    std::fs::write(&page, text).expect("a file");
    let document = opened(&page);
    assert_eq!(title(&document), "owned");
    let asked = listener.asked();
    for path in ["/control", "/fetched"] {
        assert!(
            asked.iter().any(|it| it.contains(path)),
            "{path}: {asked:?}"
        );
    }
}

/// Entity and key of every finding.
fn findings(report: &serde_json::Value) -> BTreeSet<(String, String)> {
    let findings = report["findings"].as_array().expect("findings");
    let text = |it: &serde_json::Value| it.as_str().expect("text").to_owned();
    findings
        .iter()
        .map(|it| (text(&it["entity"]), text(&it["key"])))
        .collect()
}

#[track_caller]
fn is_well_formed(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let known = [
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "skipped",
        "error",
        "properties",
        "property",
        "system-out",
        "system-err",
    ];
    let mut depth = 0_usize;
    loop {
        let name = match reader.read_event().expect("well-formed") {
            Event::Eof => break,
            Event::Start(it) => {
                depth += 1;
                it.name().as_ref().to_owned()
            }
            Event::Empty(it) => it.name().as_ref().to_owned(),
            Event::End(_) => {
                depth -= 1;
                continue;
            }
            Event::Comment(_) | Event::CData(_) | Event::PI(_) => panic!("none of these is ours"),
            _ => continue,
        };
        let name = String::from_utf8_lossy(name.as_ref()).into_owned();
        assert!(known.contains(&name.as_str()), "<{name}>");
    }
    assert_eq!(depth, 0, "an element is not closed");
}

/// Markdown without escaped marks, and without its spans of code, in which everything is text: each ends at as many
/// backticks as it begins with.
fn without_code(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines().map(without_escaped) {
        let mut rest = line.as_str();
        while let Some((before, code)) = rest.split_once('`') {
            let n_ticks = 1 + code.bytes().take_while(|it| *it == b'`').count();
            let code = code.trim_start_matches('`');
            kept.push_str(before);
            rest = behind(code, n_ticks).unwrap_or(code);
        }
        kept.push_str(rest);
        kept.push('\n');
    }
    kept
}

/// Our spans of code hold no backslash.
fn without_escaped(line: &str) -> String {
    let mut letters = line.chars();
    let mut kept = String::new();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else {
            kept.push(letter);
        }
    }
    kept
}

/// What follows the first run of just so many backticks.
fn behind(text: &str, n_ticks: usize) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, run) = rest.split_once('`')?;
        let after = run.trim_start_matches('`');
        if 1 + run.len() - after.len() == n_ticks {
            return Some(after);
        }
        rest = after;
    }
}

/// The records of a CSV file by RFC 4180.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let record = records.last_mut().expect("there is always a record");
        let field = record.last_mut().expect("there is always a field");
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if is_quoted || field.is_empty() => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(String::new()),
            '\r' if !is_quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                records.push(vec![String::new()]);
            }
            _ => field.push(letter),
        }
    }
    assert!(!is_quoted, "a quote is not closed");
    let end = records.pop().expect("there is always a record");
    assert_eq!(end, [""], "the file ends with a line end");
    records
}

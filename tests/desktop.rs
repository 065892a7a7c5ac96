//! The real window on a real screen, steered by WebDriver: what is painted, what a person can do, what it costs.
//!
//! `cargo xtask test` starts the screen and names the programs; a bare `cargo test` lists this as ignored. Pictures go
//! to `target/desktop`, and to `docs/pictures` for the README where `UPDATE_EXPECT` is set.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says by panicking that it failed, and prints what it measured"
)]

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions, MouseActions, PointerAction};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use parallax_samples::pocket;
use parallax_samples::source;
use parallax_tests::Pocket;
use parallax_tests::process::cpu_of_tree;
use serde_json::{Value, json};

/// How long anything on the screen may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the first start of a window on this machine may take.
const FIRST_PAINT: Duration = Duration::from_mins(1);

/// What explains a page that paints nothing.
const STATE_OF_THE_PAGE: &str = "return JSON.stringify({
    errors: window.__errors ?? null, loading: document.getElementById('loading')?.textContent ?? null,
    frames: window.__ui?.frames() ?? null, visibility: document.visibilityState, at: performance.now(),
    focus: document.hasFocus(), address: location.href,
})";

/// How long a window is watched for what it does while nothing happens.
const QUIET: Duration = Duration::from_secs(10);

/// Control, as WebDriver names it.
const CONTROL: char = '\u{e009}';
const ENTER: char = '\u{e007}';

fn program(variable: &str) -> PathBuf {
    let path = env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test`"));
    PathBuf::from(path)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// tauri-driver, ended with the test.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let (port, native) = (free_port(), free_port());
        let process = Command::new(program("PARALLAX_TAURI_DRIVER"))
            .args([
                "--port",
                &port.to_string(),
                "--native-port",
                &native.to_string(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self {
            process: process.expect("tauri-driver starts"),
            port,
        }
    }

    async fn open(&self, deployment: &Path) -> Window {
        let options =
            json!({ "application": program("PARALLAX_SHELL"), "args": ["-d", deployment] });
        let wanted = json!({ "browserName": "wry", "tauri:options": options });
        let capabilities: Capabilities = wanted.as_object().expect("an object").clone();
        let began = Instant::now();
        loop {
            let mut builder =
                ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
            let opened = builder
                .capabilities(capabilities.clone())
                .connect(&format!("http://127.0.0.1:{}", self.port))
                .await;
            match opened {
                Ok(client) => return Window { client },
                Err(error) => assert!(began.elapsed() < PATIENCE, "no session: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// One open window.
struct Window {
    client: Client,
}

impl Window {
    async fn script(&self, body: &str) -> Value {
        self.client
            .execute(body, Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    async fn number(&self, body: &str) -> Option<f64> {
        self.script(body).await.as_f64()
    }

    async fn tree(&self) -> Vec<Value> {
        let text = self
            .script("return window.__ui ? window.__ui.ui_tree() : '[]'")
            .await;
        serde_json::from_str(text.as_str().expect("text")).expect("JSON")
    }

    async fn texts(&self) -> String {
        let tree = self.tree().await;
        let texts = tree
            .iter()
            .flat_map(|it| [&it["label"], &it["value"]])
            .filter_map(Value::as_str);
        texts.collect::<Vec<_>>().join("\n")
    }

    async fn wait_for(&self, text: &str) {
        let began = Instant::now();
        loop {
            let texts = self.texts().await;
            if texts.contains(text) {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{text:?} does not come:\n{texts}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The first frame that showed the map with data, in milliseconds since the page began.
    async fn painted_at(&self) -> f64 {
        let began = Instant::now();
        loop {
            if let Some(at) = self
                .number("return window.__ui ? (window.__ui.painted_at() ?? null) : null")
                .await
            {
                return at;
            }
            if began.elapsed() > FIRST_PAINT {
                let state = self.script(STATE_OF_THE_PAGE).await;
                let texts = self.texts().await;
                panic!("the map is not painted; the page says {state}; it shows:\n{texts}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Clicks the middle of the one widget of that label, with a real pointer.
    async fn click(&self, label: &str) {
        let tree = self.tree().await;
        let widget = tree.iter().find(|it| it["label"] == label);
        let widget = widget.unwrap_or_else(|| panic!("no widget {label:?}"));
        let edge = |at: usize| widget["rect"][at].as_f64().expect("a number");
        let (x, y) = (
            f64::midpoint(edge(0), edge(2)),
            f64::midpoint(edge(1), edge(3)),
        );
        let button = fantoccini::actions::MOUSE_BUTTON_LEFT;
        let actions = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveTo {
                duration: None,
                x,
                y,
            })
            .then(PointerAction::Down { button })
            .then(PointerAction::Up { button });
        self.client
            .perform_actions(actions)
            .await
            .expect("the pointer moves");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    async fn keys(&self, keys: &[KeyAction]) {
        let actions = keys
            .iter()
            .fold(KeyActions::new("keys".to_owned()), |it, key| {
                it.then(key.clone())
            });
        self.client
            .perform_actions(actions)
            .await
            .expect("keys are pressed");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    async fn press(&self, letter: char) {
        self.keys(&[
            KeyAction::Down { value: letter },
            KeyAction::Up { value: letter },
        ])
        .await;
    }

    async fn press_with_control(&self, letter: char) {
        let down = |value| KeyAction::Down { value };
        let up = |value| KeyAction::Up { value };
        self.keys(&[down(CONTROL), down(letter), up(letter), up(CONTROL)])
            .await;
    }

    async fn type_text(&self, text: &str) {
        let keys: Vec<KeyAction> = text
            .chars()
            .flat_map(|value| [KeyAction::Down { value }, KeyAction::Up { value }])
            .collect();
        self.keys(&keys).await;
    }

    /// Keeps a picture of the window, and makes sure that something is on it.
    async fn picture(&self, name: &str) {
        let bytes = self.client.screenshot().await.expect("a picture");
        assert!(
            bytes.len() > 20_000,
            "the picture {name} is nearly empty: {} bytes",
            bytes.len()
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the workspace");
        let mut folders = vec![root.join("target/desktop")];
        if env::var_os("UPDATE_EXPECT").is_some() {
            folders.push(root.join("docs/pictures"));
        }
        for folder in folders {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(format!("{name}.png")), &bytes).expect("the picture is written");
        }
    }

    async fn close(self) {
        self.client.close().await.expect("the window closes");
    }
}

/// The shell's own process, below tauri-driver.
fn shell_of(driver: &Driver) -> u32 {
    driver.process.id()
}

async fn stays_quiet(window: &Window, driver: &Driver) {
    let frames = window
        .number("return window.__ui.frames()")
        .await
        .expect("a number");
    let cpu = cpu_of_tree(shell_of(driver));
    tokio::time::sleep(QUIET).await;
    let used = cpu_of_tree(shell_of(driver)).saturating_sub(cpu);
    let drawn = window
        .number("return window.__ui.frames()")
        .await
        .expect("a number")
        - frames;
    println!("quiet for {QUIET:?}: {drawn} frames, {used:?} of processor time in all processes");
    assert!(
        drawn <= 20.0,
        "a quiet window drew {drawn} frames in {QUIET:?}"
    );
}

/// A connection to a port where nothing listens: its test says at which step it failed, and what to do.
async fn connect(window: &Window) {
    window.press_with_control('7').await;
    window.wait_for("Paste a URL").await;
    window.click("Paste a URL").await;
    let port = free_port();
    window
        .type_text(&format!("postgres://ann@127.0.0.1:{port}/shop"))
        .await;
    window.press(ENTER).await;
    window.wait_for("New connection").await;
    window.press_with_control(ENTER).await;
    window.wait_for("It failed at the step").await;
}

#[tokio::test]
#[ignore = "needs a screen, the shell and tauri-driver: `cargo xtask test` has them"]
async fn the_real_window_shows_every_view_in_both_themes() {
    let sample = Pocket::load(400, 41).await;
    pocket::inject(sample.path(), 41, 1)
        .await
        .expect("faults are planted");
    source::change_user(sample.path(), 42, "email", "ann@new.example")
        .await
        .expect("the user changes");

    let driver = Driver::start();
    let window = driver.open(&sample.deployment()).await;
    let painted = window.painted_at().await;
    println!("the map was painted {painted:.0} ms after its page began");
    window.wait_for("5 stores · 12 flows").await;
    stays_quiet(&window, &driver).await;
    window.picture("map-light").await;

    window.press_with_control('k').await;
    window.type_text("user 42").await;
    window.press(ENTER).await;
    window.wait_for("ann@new.example").await;
    window.wait_for("graph.User").await;
    window.picture("trace-light").await;

    window.press_with_control('3').await;
    window.wait_for("Run all").await;
    window.click("Statement 1").await;
    window
        .type_text(
            "select id, name, points, balance, updated_at from users where points > {{least}}",
        )
        .await;
    window.click("Statement 2").await;
    window
        .type_text("select id, doc from users where id > {{least}} limit 500")
        .await;
    window.click("Parameter least").await;
    window.type_text("40").await;
    window.press_with_control(ENTER).await;
    window.wait_for("id, row 1").await;
    window.picture("query-light").await;

    window.press_with_control('5').await;
    window.wait_for("15 datasets are scanned once").await;
    window.press_with_control(ENTER).await;
    window.wait_for("Save the report as JSON").await;
    window.picture("check-light").await;
    connect(&window).await;
    window.picture("connections-light").await;

    window.click("Dark theme").await;
    window.picture("connections-dark").await;
    window.press_with_control('5').await;
    window.picture("check-dark").await;
    window.press_with_control('3').await;
    window.picture("query-dark").await;
    window.press_with_control('2').await;
    window.picture("trace-dark").await;
    window.press_with_control('1').await;
    window.wait_for("5 stores · 12 flows").await;
    window.picture("map-dark").await;
    let errors = window
        .script("return JSON.stringify(window.__errors ?? [])")
        .await;
    assert_eq!(errors, "[]", "errors of the page");
    window.close().await;
}

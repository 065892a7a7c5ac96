//! The real window, steered by WebDriver: tauri-driver in front of `WebKitWebDriver`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};

use crate::failure::{During, Failure, Result};
use crate::http;
use crate::install::{Tools, program};
use crate::running::{Running, free_port, poll};
use crate::screen::Screen;
use crate::tree::Tree;

/// A running driver that opens windows on one screen.
#[derive(Debug)]
pub(crate) struct Driver {
    port: u16,
    _process: Running,
}

/// A window that the driver opened; it closes when this is dropped.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    driver: &'a Driver,
    session: String,
}

impl Driver {
    pub(crate) fn start(tree: &Tree, tools: &Tools, screen: &Screen) -> Result<Self> {
        let native = program("WebKitWebDriver")
            .ok_or_else(|| Failure::usage("there is no WebKitWebDriver here"))?;
        let (port, native_port) = (free_port()?, free_port()?);
        let mut command = Command::new(&tools.tauri_driver);
        command.args([
            "--port",
            &port.to_string(),
            "--native-port",
            &native_port.to_string(),
        ]);
        command
            .arg("--native-driver")
            .arg(native)
            .env("DISPLAY", &screen.display)
            .env_remove("WAYLAND_DISPLAY");
        let driver = Self {
            port,
            _process: Running::start(&mut command, &tree.own().join("webdriver.log"))?,
        };
        let ready = poll(Duration::from_secs(10), || {
            http::request("GET", port, "/status", None).ok()
        });
        ready
            .map(|_| driver)
            .ok_or_else(|| Failure::new("tauri-driver did not answer within 10 s"))
    }

    /// Opens `application` with `arguments`; answers once its page is loaded.
    pub(crate) fn open(&self, application: &Path, arguments: &[String]) -> Result<Window<'_>> {
        let options = json!({ "application": application, "args": arguments });
        let body = json!({ "capabilities": { "alwaysMatch": { "browserName": "wry", "tauri:options": options } } });
        let answer = http::request("POST", self.port, "/session", Some(&body))?;
        let session = answer.pointer("/value/sessionId").and_then(Value::as_str);
        let session = session
            .ok_or_else(|| Failure::new(format!("the driver opened no session: {answer}")))?
            .to_owned();
        Ok(Window {
            driver: self,
            session,
        })
    }
}

impl Window<'_> {
    /// Runs `script` as the body of a function in the page.
    pub(crate) fn execute(&self, script: &str) -> Result<Value> {
        let answer = self.ask(
            "POST",
            "/execute/sync",
            Some(&json!({ "script": script, "args": [] })),
        )?;
        Ok(answer.get("value").cloned().unwrap_or(Value::Null))
    }

    /// What the page shows now, as PNG.
    pub(crate) fn screenshot(&self) -> Result<Vec<u8>> {
        let answer = self.ask("GET", "/screenshot", None)?;
        let text = answer
            .get("value")
            .and_then(Value::as_str)
            .unwrap_or_default();
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .during("decode the screenshot")
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        http::request(
            method,
            self.driver.port,
            &format!("/session/{}{path}", self.session),
            body,
        )
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        // The driver ends next, and takes the window with it.
        drop(self.ask("DELETE", "", None));
    }
}

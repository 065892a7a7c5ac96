//! The Parallax window: a Tauri shell around the front end and the workbench.
//!
//! It adds nothing to what the two say to each other: bytes in, bytes out.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod arguments;
mod bridge;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use parallax_workbench::{Options, Workbench};
use tauri::{
    App, AppHandle, Builder, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder, WindowEvent, Wry,
};

use crate::bridge::Bridge;

/// How long the window's end may wait for servers to be told what to stop.
const GOODBYE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    match arguments::deployment(env::args_os().skip(1)) {
        Ok(file) => run(file.or_else(deployment_of_the_environment)),
        Err(error) => complain(&format!("{error}\n{}", arguments::USAGE), 2),
    }
}

fn deployment_of_the_environment() -> Option<PathBuf> {
    env::var_os("PARALLAX_DEPLOYMENT")
        .filter(|file| !file.is_empty())
        .map(PathBuf::from)
}

fn run(deployment: Option<PathBuf>) -> ExitCode {
    if cfg!(target_os = "linux") && !has_screen() {
        return complain(
            "there is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set",
            2,
        );
    }
    match build(deployment) {
        Ok(app) => ExitCode::from(u8::try_from(app.run_return(on_run_event)).unwrap_or(1)),
        Err(error) => complain(&format!("could not open the window: {error}"), 1),
    }
}

fn has_screen() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|it| !it.is_empty()))
}

#[expect(
    clippy::exit,
    reason = "the macro ends the program where it cannot find itself"
)]
fn build(deployment: Option<PathBuf>) -> tauri::Result<App> {
    Builder::default()
        .invoke_handler(tauri::generate_handler![bridge::events, bridge::call])
        .setup(|app| {
            let options = Options {
                deployment,
                ..Options::default()
            };
            // Its tasks run on Tauri's runtime.
            let workbench = tauri::async_runtime::block_on(async { Workbench::open(&options) });
            app.manage(Bridge::new(workbench));
            open_window(app).map_err(Into::into)
        })
        .build(tauri::generate_context!())
}

fn open_window(app: &App) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title("Parallax")
        .inner_size(1280.0, 800.0)
        .min_inner_size(640.0, 400.0)
        .build()
        .map(drop)
}

fn on_run_event(app: &AppHandle<Wry>, event: RunEvent) {
    match event {
        RunEvent::WindowEvent {
            label,
            event: WindowEvent::Destroyed,
            ..
        } => app.state::<Bridge>().forget(&label),
        // The last window is gone: what runs on servers is stopped first.
        RunEvent::ExitRequested {
            code: None, api, ..
        } => {
            api.prevent_exit();
            let app = app.clone();
            tauri::async_runtime::spawn(async move { say_goodbye(app).await });
        }
        _ => {}
    }
}

async fn say_goodbye(app: AppHandle<Wry>) {
    // Past the limit the connections close with the process.
    drop(tokio::time::timeout(GOODBYE, app.state::<Bridge>().workbench.close()).await);
    app.exit(0);
}

#[expect(clippy::print_stderr, reason = "there is no window to say it in")]
fn complain(text: &str, status: u8) -> ExitCode {
    eprintln!("{text}");
    ExitCode::from(status)
}

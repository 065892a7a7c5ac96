//! `cargo xtask demo`: from a fresh clone to a window that shows a sample with planted faults.
//!
//! What the command line can show is shown first, for the window takes longer to build.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::install::{self, Tools};
use crate::running::poll;
use crate::sample::Sample;
use crate::screen::{self, Screen};
use crate::stage::Stages;
use crate::tree::Tree;
use crate::ui;
use crate::webdriver::{Driver, Window};

/// How long the window may take to show its first picture; drawing in software is slow.
const FIRST_PICTURE: Duration = Duration::from_secs(30);

/// How long the picture waits for the first measurements.
const FIRST_NUMBERS: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Options {
    no_window: bool,
    keep: bool,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for word in words {
            match word.as_str() {
                "--no-window" => options.no_window = true,
                "--keep" => options.keep = true,
                _ => {
                    return Err(Failure::usage(format!(
                        "`cargo xtask demo` knows --no-window and --keep, not {word:?}"
                    )));
                }
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(tree: &Tree, words: &[String]) -> Result<()> {
    let options = Options::parse(words)?;
    let mut stages = Stages::new(tree)?;
    let result = show(tree, &mut stages, &options);
    stages.print_times();
    result
}

fn show(tree: &Tree, stages: &mut Stages, options: &Options) -> Result<()> {
    let tools = install::run(tree, stages)?;
    let what = "compiles the command line and the samples";
    let programs = ["--bin", "parallax", "--bin", "parallax-samples"];
    stages.run("build cli", what, release(tree, &programs))?;

    let sample = Sample::load(tree, stages)?;
    let running = sample.start_changes()?;
    sample.show_on_the_command_line()?;
    if !options.no_window {
        build_window(tree, stages)?;
        show_window(tree, &tools, &sample)?;
    }
    drop(running);
    if options.keep {
        sample.say_how_to_go_on();
    } else {
        sample.remove()?;
    }
    Ok(())
}

fn build_window(tree: &Tree, stages: &mut Stages) -> Result<()> {
    ui::build(tree, stages)?;
    let what = "compiles the window around the front end";
    let programs = ["--bin", "parallax-desktop"];
    stages.run("build window", what, release(tree, &programs))?;
    Ok(())
}

/// Builds some programs of the three packages: named together, they share every dependency, compiled once.
fn release(tree: &Tree, programs: &[&str]) -> Command {
    let mut command = tree.cargo(["build", "--release"]);
    for package in ["parallax-cli", "parallax-samples", "parallax-desktop"] {
        command.args(["--package", package]);
    }
    command.args(programs);
    command
}

fn show_window(tree: &Tree, tools: &Tools, sample: &Sample<'_>) -> Result<()> {
    let application = tree.binary("release", "parallax-desktop");
    if screen::is_here() {
        println!("\nThe window opens; the demo ends when you close it.");
        return wait_for_window(&application, sample);
    }
    println!(
        "\nThere is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so the window opens on one in memory."
    );
    let picture = tree.target.join("demo/window.png");
    fs::write(&picture, photograph(tree, tools, &application, sample)?)
        .during("save the picture")?;
    println!("What it shows is in {}.", tree.shown(&picture));
    Ok(())
}

fn wait_for_window(application: &Path, sample: &Sample<'_>) -> Result<()> {
    let mut command = Command::new(application);
    command
        .arg("-d")
        .arg(sample.deployment())
        .stdin(Stdio::null());
    let status = command.status().during("open the window")?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("the window failed ({status})")))
    }
}

/// The real window, on a screen in memory.
fn photograph(
    tree: &Tree,
    tools: &Tools,
    application: &Path,
    sample: &Sample<'_>,
) -> Result<Vec<u8>> {
    let screen = Screen::start(tree)?;
    let driver = Driver::start(tree, tools, &screen)?;
    let arguments = ["-d".to_owned(), sample.deployment().display().to_string()];
    let window = driver.open(application, &arguments)?;
    if poll(FIRST_PICTURE, || is_drawn(&window).then_some(())).is_none() {
        let errors = window.execute("return JSON.stringify(window.__errors)")?;
        return Err(Failure::new(format!(
            "the window showed nothing within 30 s; its errors: {errors}"
        )));
    }
    // A picture without numbers is still a picture.
    poll(FIRST_NUMBERS, || is_measured(&window).then_some(()));
    window.screenshot()
}

/// The map has been painted, with what the workbench said is open.
fn is_drawn(window: &Window<'_>) -> bool {
    let script = "return !!window.__ui && window.__ui.painted_at() !== undefined";
    window.execute(script).is_ok_and(|answer| answer == true)
}

/// Every number that the map waits for has come.
fn is_measured(window: &Window<'_>) -> bool {
    let script = "return !window.__ui.ui_tree().includes('not measured yet')";
    window.execute(script).is_ok_and(|answer| answer == true)
}

//! The commands, one file each.

mod check;
mod describe;
mod edges;
mod lag;
mod map;
mod profiles;
mod query;
mod stores;
mod trace;
mod trust;

use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_workbench::{Options, Workbench};

use crate::args::{Arguments, Command, Later, MapFormat};
use crate::outcome::Outcome;
use crate::terminal;

/// Runs one command to its end, or until Ctrl-C; what runs on a server is stopped there first.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let options = Options {
        deployment: arguments.deployment.clone(),
        deadline: arguments.deadline,
        ..Options::default()
    };
    let workbench = Arc::new(Workbench::open(&options));
    // A check hears Ctrl-C itself, and tells what it found until then; what asks a person simply ends by it.
    let hears_it_itself = matches!(arguments.command, Command::Check(_) | Command::Profiles(_));
    let trusted = trust::ask(&workbench, &arguments).await;
    let work = async {
        trusted?;
        dispatch(&workbench, arguments).await
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c(), if !hears_it_itself => {
            terminal::warn("stopped");
            Ok(Outcome::Interrupted)
        }
    };
    workbench.close().await;
    outcome.unwrap_or_else(|error| ended(&error))
}

async fn dispatch(workbench: &Workbench, arguments: Arguments) -> Result<Outcome> {
    let json = arguments.json;
    if !needs_no_deployment(&arguments.command) {
        workbench.deployment()?;
    }
    match arguments.command {
        Command::Stores => stores::run(workbench, json).await,
        Command::Describe { subject } => describe::run(workbench, &subject, json).await,
        Command::Map { format } => {
            map::run(workbench, if json { MapFormat::Json } else { format }).await
        }
        Command::Lag(arguments) => lag::run(workbench, &arguments, json).await,
        Command::Query(arguments) => query::run(workbench, arguments, json).await,
        Command::Trace { entity, key, by } => {
            trace::run(workbench, &entity, &key, by.as_deref(), json).await
        }
        Command::Check(arguments) => check::run(workbench, arguments, json).await,
        Command::Profiles(command) => profiles::run(workbench, command, json).await,
        Command::Later(later) => Err(not_yet(&later)),
    }
}

fn needs_no_deployment(command: &Command) -> bool {
    matches!(command, Command::Profiles(_) | Command::Later(_))
}

fn not_yet(later: &Later) -> Error {
    let name = later.name();
    Error::new(ErrorKind::Unsupported, format!("run `parallax {name}`"))
        .because(format!("`{name}` comes with a later version"))
        .hint("`parallax --help` lists what there is")
}

fn ended(error: &Error) -> Outcome {
    // A reader that closed the pipe has what it wanted.
    if error.kind == ErrorKind::Cancelled {
        return Outcome::Fine;
    }
    terminal::complain(error);
    Outcome::Unanswered
}

/// Prints a JSON document, one line, as others parse it.
fn print_json(document: &serde_json::Value) -> Result<()> {
    terminal::print(&format!("{document}\n"))
}

/// Milliseconds with three decimals, as JSON gives spans that may be short.
fn millis(span: std::time::Duration) -> serde_json::Value {
    serde_json::json!((span.as_secs_f64() * 1e6).round() / 1e3)
}

/// Whole milliseconds, as JSON gives ages and lags.
fn whole_millis(span: std::time::Duration) -> serde_json::Value {
    serde_json::json!(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

/// The text of a value that serializes as one, such as an enum's name in kebab-case.
fn name<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

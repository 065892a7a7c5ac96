//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! Every command goes by stages: each says what it will do, shows that it lives, and is timed.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks to the person who runs it"
)]

mod bench;
mod bundle;
mod demo;
mod failure;
mod http;
mod install;
mod progress;
mod running;
mod sample;
mod screen;
mod servers;
mod stage;
mod suite;
mod tally;
mod tree;
mod ui;
mod webdriver;

use std::env;
use std::process::ExitCode;

use crate::failure::{Failure, Result};
use crate::stage::Stages;
use crate::tree::Tree;

const HELP: &str = "\
cargo xtask COMMAND

  demo [--no-window] [--keep]   installs what is missing, builds, loads a sample with planted faults and opens the window
  test                          installs what is missing, then runs every check and every test; `ci` is the same
  ui                            builds the window's front end into dist/
  servers up|down|status [NAME…] [--json]
                                runs real data servers for tests; target/servers/servers.json says where they are
  bench [check|load|query|trace]… [--scale N] [--keep]
                                measures beside raw scans and peers; --keep writes docs/bench.md
  soak [--minutes N]            checks for long while changes flow and servers are restarted
  install                       installs what the other commands need
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_told() {
                eprintln!("{failure}");
            }
            failure.exit_code()
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((command, options)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match command.as_str() {
        "demo" => demo::run(&Tree::find()?, options),
        "test" | "ci" => suite::run(Tree::find()?, options),
        "ui" => in_stages(ui::build),
        "install" => in_stages(|tree, stages| {
            install::run(tree, stages)?;
            servers::install(tree, stages, &[])
        }),
        "bundle" => bundle::run(options),
        "servers" => servers::run(&Tree::find()?, options),
        "bench" => bench::bench(&Tree::find()?, options),
        "soak" => bench::soak(&Tree::find()?, options),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(Failure::usage(format!(
            "no such command: {command:?}\n\n{HELP}"
        ))),
    }
}

fn in_stages(work: fn(&Tree, &mut Stages) -> Result<()>) -> Result<()> {
    let tree = Tree::find()?;
    let mut stages = Stages::new(&tree)?;
    let result = work(&tree, &mut stages);
    stages.print_times();
    result
}

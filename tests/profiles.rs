//! Saved profiles, secrets and trust, through the real command line with a folder of their own.
//!
//! Trials on servers need `cargo xtask servers up`; `PARALLAX_STORES` names those that must be there. Without it, trials of
//! servers that do not run are listed as ignored.

#![expect(clippy::print_stdout, reason = "the run says why trials were left out")]
#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

#[path = "profiles/canary.rs"]
mod canary;
#[path = "profiles/desk.rs"]
mod desk;
#[path = "profiles/saved.rs"]
mod saved;
#[path = "profiles/servers.rs"]
mod servers;
#[path = "profiles/trust.rs"]
mod trust;

use libtest_mimic::{Arguments, Failed, Trial};

type Case = (&'static str, fn());

fn main() {
    let arguments = Arguments::from_args();
    let local = [saved::CASES, trust::CASES, canary::CASES].concat();
    let mut trials: Vec<Trial> = local.into_iter().map(|it| trial("", it, true)).collect();
    let named = std::env::var("PARALLAX_STORES").ok();
    for (server, cases) in servers::CASES {
        let is_there = match &named {
            Some(stores) => stores.split(',').any(|it| it == *server),
            None => parallax_tests::servers::find(server).is_some(),
        };
        trials.extend(cases.iter().map(|it| trial(server, *it, is_there)));
    }
    if !arguments.list && trials.iter().any(Trial::has_ignored_flag) {
        println!("ignored: servers that do not run; `cargo xtask servers up` starts them");
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(of: &str, (name, case): Case, is_there: bool) -> Trial {
    let name = format!("{of} {name}").trim_start().to_owned();
    let run = move || -> Result<(), Failed> {
        case();
        Ok(())
    };
    Trial::test(name, run).with_ignored_flag(!is_there)
}

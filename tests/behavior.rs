//! What every store must do, whatever it is: a trial for each store and case, gated on what the store declares.
//!
//! `PARALLAX_STORES` names the stores that must answer, all of them without it; one that does not is a failure. Ends with
//! a count of them.

#![expect(
    clippy::print_stdout,
    reason = "the run ends with a count of the stores"
)]

use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use parallax_core::error::{Error, ErrorKind};
use parallax_tests::servers;
use tokio::runtime::Runtime;

#[path = "behavior/cases.rs"]
mod cases;
#[path = "behavior/ground.rs"]
mod ground;

use cases::{call, ensure, soon};
use ground::{Ground, Subject, connect, connect_to};

type Case = fn(&Runtime, &Ground) -> Result<(), Failed>;

/// A case by the name of its function.
macro_rules! case {
    ($name:ident) => {
        |runtime: &Runtime, ground: &Ground| runtime.block_on(cases::$name(ground))
    };
}

const CASES: &[(&str, Case)] = &[
    ("answers a ping with product and version", case!(ping)),
    ("lists datasets and describes each", case!(describe)),
    (
        "gets by key, in the order asked, and says what is not there",
        case!(get),
    ),
    ("answers a thousand gets at once", case!(many_at_once)),
    ("brings 8 MiB in one value", case!(wide)),
    ("scans every record once, if it declares so", case!(scan)),
    ("finds nothing in an empty dataset", case!(empty)),
    ("takes odd names and keys as they are", case!(odd)),
    (
        "streams several results in one statement, where it declares so",
        case!(several_results),
    ),
    ("says which parameter is missing", case!(missing_parameter)),
    ("ends at its deadline", case!(deadline)),
    ("stops when its stream is dropped", case!(drop_stops)),
    ("refuses to write in a read-only session", case!(read_only)),
    ("answers newest only if it declares so", case!(newest)),
    ("answers find only if it declares so", case!(find)),
    ("declares what it can and nothing else", case!(honest)),
];

type OnServer = fn(&Runtime, Subject) -> Result<(), Failed>;

const ON_SERVERS: &[(&str, OnServer)] = &[
    (
        "says that a password is wrong, and shows none",
        wrong_password,
    ),
    ("says that nobody listens", nobody_listens),
    ("answers again once its server is back", reconnects),
];

/// Kind, reason and hint of an error, in which there is no secret.
fn is_told(error: &Error, kind: ErrorKind, secret: &str) -> Result<(), Failed> {
    let shown = format!("{error:?} {error}");
    ensure(!shown.contains(secret), "a secret is shown")?;
    let is_so = error.kind == kind && !error.causes.is_empty() && error.hint.is_some();
    ensure(
        is_so,
        &format!("not {kind:?}, or without reason or hint: {shown}"),
    )
}

fn wrong_password(runtime: &Runtime, subject: Subject) -> Result<(), Failed> {
    let wrong = "hunter2-is-wrong";
    let store =
        runtime.block_on(async { connect_to(&subject.server()?, wrong).map_err(Failed::from) })?;
    let error = runtime
        .block_on(store.ping(&soon()))
        .err()
        .ok_or("it lets us in")?;
    is_told(&error, ErrorKind::PermissionDenied, wrong)?;
    ensure(
        !format!("{store:?}").contains(wrong),
        "the store shows its secret",
    )
}

fn nobody_listens(runtime: &Runtime, subject: Subject) -> Result<(), Failed> {
    let server = subject.server()?;
    // A port that was just free.
    let free = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let url = server.url_without_password();
    let url = url.replace(&format!(":{}", server.port()), &format!(":{free}"));
    let (secret, began) = (server.password(), Instant::now());
    let store = runtime.block_on(async { connect(&url, Some(secret), Path::new(".")) })?;
    let error = runtime
        .block_on(store.ping(&soon()))
        .err()
        .ok_or("it answers")?;
    is_told(&error, ErrorKind::Unreachable, secret)?;
    ensure(began.elapsed() < Duration::from_secs(2), "it took long")
}

fn reconnects(runtime: &Runtime, subject: Subject) -> Result<(), Failed> {
    let mut instance = servers::private(subject.name());
    let secret = instance.server().password().to_owned();
    let store = runtime.block_on(async { connect_to(instance.server(), &secret) })?;
    for _ in 0..2 {
        runtime.block_on(store.ping(&soon()))?;
        instance.kill();
        let gone = runtime.block_on(store.ping(&call(Duration::from_secs(2))));
        is_told(
            &gone.err().ok_or("it answers")?,
            ErrorKind::Unreachable,
            &secret,
        )?;
        instance.start();
    }
    runtime.block_on(store.ping(&soon()))?;
    Ok(())
}

fn trial(subject: Subject, name: &str, case: Case) -> Trial {
    Trial::test(format!("{} {name}", subject.name()), move || {
        let runtime = Runtime::new()?;
        let ground = runtime.block_on(subject.ground())?;
        let ended = case(&runtime, &ground);
        runtime.block_on(ground.remove())?;
        ended
    })
}

fn on_server(subject: Subject, name: &str, case: OnServer) -> Trial {
    Trial::test(format!("{} {name}", subject.name()), move || {
        case(&Runtime::new()?, subject)
    })
}

/// The stores that `PARALLAX_STORES` names; the first name that is none is the error.
fn wanted() -> Result<Vec<Subject>, String> {
    let Ok(names) = std::env::var("PARALLAX_STORES") else {
        return Ok(Subject::ALL.to_vec());
    };
    let subject = |name: &str| {
        let mut known = Subject::ALL.into_iter();
        known
            .find(|it| it.name() == name)
            .ok_or_else(|| name.to_owned())
    };
    let names = names.split(',').map(str::trim).filter(|it| !it.is_empty());
    names.map(subject).collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let subjects = match wanted() {
        Ok(subjects) => subjects,
        Err(name) => {
            let known = Subject::ALL.map(Subject::name).join(", ");
            println!("PARALLAX_STORES names {name:?}, which is none of {known}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials = Vec::new();
    for subject in &subjects {
        trials.extend(
            CASES
                .iter()
                .map(|(name, case)| trial(*subject, name, *case)),
        );
        if subject.is_server() {
            trials.extend(
                ON_SERVERS
                    .iter()
                    .map(|(name, case)| on_server(*subject, name, *case)),
            );
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        println!(
            "stores exercised: {} of {}",
            subjects.len(),
            Subject::ALL.len()
        );
    }
    conclusion.exit_code()
}

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
use parallax_tests::servers::{self, Server};
use tokio::runtime::Runtime;

#[path = "behavior/cases.rs"]
mod cases;
#[path = "behavior/ended.rs"]
mod ended;
#[path = "behavior/ground.rs"]
mod ground;
#[path = "behavior/grounds/mod.rs"]
mod grounds;
#[path = "behavior/table.rs"]
mod table;
#[path = "behavior/types.rs"]
mod types;

use cases::{by_id, call, ensure, key, soon};
use ground::{Ground, Stranger, Subject, connect, connect_to};

type Case = fn(&Runtime, Subject, &Ground) -> Result<(), Failed>;

/// A case by the name of its function.
macro_rules! case {
    ($module:ident::$name:ident) => {
        |runtime: &Runtime, _: Subject, ground: &Ground| runtime.block_on($module::$name(ground))
    };
}

// Cases that some stores have nothing to show of, by their names.
pub(crate) const DEADLINE: &str = "ends at its deadline";
pub(crate) const STOPS: &str = "stops when its stream is dropped";
pub(crate) const ENDED: &str = "ends a cancelled statement, as its own list says";
pub(crate) const DROPPED: &str = "ends a dropped statement, as its own list says";
pub(crate) const NO_RIGHTS: &str = "says that an account may not read";
pub(crate) const WRONG_PASSWORD: &str = "says that a password is wrong, and shows none";
pub(crate) const TLS_REFUSED: &str = "refuses a certificate of an authority that it does not know";
pub(crate) const NOBODY: &str = "says that nobody listens";
pub(crate) const RECONNECTS: &str =
    "gives up a silent server, and answers again once a killed one is back";

const CASES: &[(&str, Case)] = &[
    (
        "answers a ping with product and version",
        case!(cases::ping),
    ),
    ("lists datasets and describes each", case!(cases::describe)),
    (
        "gets by key, in the order asked, and says what is not there",
        case!(cases::get),
    ),
    (
        "answers a thousand gets at once",
        case!(cases::many_at_once),
    ),
    ("brings 8 MiB in one value", case!(cases::wide)),
    (
        "scans every record once, if it declares so",
        case!(cases::scan),
    ),
    ("finds nothing in an empty dataset", case!(cases::empty)),
    ("takes odd names and keys as they are", case!(cases::odd)),
    (
        "streams several results in one statement, where it declares so",
        case!(cases::several_results),
    ),
    (
        "says which parameter is missing",
        case!(cases::missing_parameter),
    ),
    (DEADLINE, case!(cases::deadline)),
    (STOPS, case!(cases::drop_stops)),
    (ENDED, case!(ended::cancelled_is_gone)),
    (DROPPED, case!(ended::dropped_is_gone)),
    (
        "may be dropped at any await",
        case!(ended::dropped_anywhere),
    ),
    (
        "refuses to write in a read-only session",
        case!(cases::read_only),
    ),
    (
        "answers newest only if it declares so",
        case!(cases::newest),
    ),
    ("answers find only if it declares so", case!(cases::find)),
    (
        "declares what it can and nothing else",
        case!(cases::honest),
    ),
    (
        "brings every type there and back",
        |runtime, subject, ground| runtime.block_on(types::round_trip(subject, ground)),
    ),
    (NO_RIGHTS, |runtime, subject, ground| {
        runtime.block_on(no_rights(subject, ground))
    }),
];

type OnServer = fn(&Runtime, Subject) -> Result<(), Failed>;

const ON_SERVERS: &[(&str, OnServer)] = &[
    (WRONG_PASSWORD, wrong_password),
    (TLS_REFUSED, tls_refused),
    (NOBODY, nobody_listens),
    (RECONNECTS, reconnects),
];

/// Kind, reason and hint of an error, in which there is no secret.
fn is_told(error: &Error, kind: ErrorKind, secret: &str) -> Result<(), Failed> {
    let shown = format!("{error:?} {error}");
    let is_shown = !secret.is_empty() && shown.contains(secret);
    ensure(!is_shown, "a secret is shown")?;
    let is_so = error.kind == kind && !error.causes.is_empty() && error.hint.is_some();
    ensure(
        is_so,
        &format!("not {kind:?}, or without reason or hint: {shown}"),
    )
}

fn wrong_password(runtime: &Runtime, subject: Subject) -> Result<(), Failed> {
    let wrong = "hunter2-is-wrong";
    let (store, _canceller) =
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
    let given = Some(secret).filter(|it| !it.is_empty());
    let (store, _canceller) = runtime.block_on(async { connect(&url, given, Path::new(".")) })?;
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
    let (store, _canceller) = runtime.block_on(async { connect_to(instance.server(), &secret) })?;
    // The slow ones start once more, the quick ones twice.
    for _ in 0..subject.restarts() {
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
    instance.pause();
    let began = Instant::now();
    let silent = runtime.block_on(store.ping(&call(Duration::from_millis(500))));
    let took = began.elapsed();
    instance.resume();
    let error = silent.err().ok_or("a paused server answers")?;
    is_told(&error, ErrorKind::Timeout, &secret)?;
    ensure(took < Duration::from_secs(2), &format!("{took:?}"))?;
    runtime.block_on(store.ping(&soon()))?;
    Ok(())
}

/// Login and TLS as `url` says.
async fn refusal(url: &str, secret: &str) -> Result<Error, Failed> {
    let secret = Some(secret).filter(|it| !it.is_empty());
    let (store, _canceller) = connect(url, secret, Path::new("."))?;
    let refused = store.ping(&soon()).await.err();
    Ok(refused.ok_or("it lets us in")?)
}

/// The URL by which a server's certificate is checked against the authorities of this machine.
fn checked_url(server: &Server) -> Result<String, Failed> {
    let tls = server.tls_url.clone().ok_or("it has no TLS")?;
    let tls = Server {
        url: tls,
        ..server.clone()
    };
    let url = tls.url_without_password();
    Ok(url
        .replace("sslmode=require", "sslmode=verify-full")
        .replace("ssl-mode=required", "ssl-mode=verify_identity"))
}

fn tls_refused(runtime: &Runtime, subject: Subject) -> Result<(), Failed> {
    let private =
        (subject == Subject::Elasticsearch).then(|| servers::private("elasticsearch-tls"));
    let server = match &private {
        Some(it) => it.server().clone(),
        None => subject.server()?,
    };
    let url = checked_url(&server)?;
    let error = runtime.block_on(refusal(&url, server.password()))?;
    is_told(&error, ErrorKind::Unreachable, server.password())?;
    let shown = error.to_string().to_lowercase();
    ensure(
        shown.contains("certificate") || shown.contains("tls"),
        &format!("it does not say what is wrong: {shown}"),
    )
}

/// An account that may log in is told that it may not read, by each way of reading.
async fn no_rights(subject: Subject, ground: &Ground) -> Result<(), Failed> {
    let Stranger { user, password } = ground.owner.stranger(&ground.mark).await?;
    let server = subject.server()?;
    let url = server.url_without_password();
    let own = format!("{}@", server.user());
    let url = if server.user().is_empty() {
        url.replace("://", &format!("://{user}@"))
    } else {
        url.replace(&own, &format!("{user}@"))
    };
    let (store, _canceller) = connect(&url, Some(&password), Path::new("."))?;
    let keys = [key("1")];
    let got = store
        .get(&soon(), &ground.users, &keys, &by_id(ground))
        .await;
    let refused = match got {
        Err(error) => error,
        Ok(got) => {
            let first = got.found.into_iter().next().ok_or("no answer")?;
            first.err().ok_or("it lets a stranger read")?
        }
    };
    is_told(&refused, ErrorKind::PermissionDenied, &password)?;
    let refused = cases::cells(&*store, &ground.words.big).await;
    ensure(refused.is_err(), "it lets a stranger ask")
}

fn trial(subject: Subject, name: &str, case: Case) -> Trial {
    Trial::test(format!("{} {name}", subject.name()), move || {
        let runtime = Runtime::new()?;
        let ground = runtime.block_on(subject.ground())?;
        let ended = case(&runtime, subject, &ground);
        runtime.block_on(ground.owner.remove())?;
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
        let applies = |name: &str| subject.not_applicable(name).is_none();
        let cases = CASES.iter().filter(|(name, _)| applies(name));
        trials.extend(cases.map(|(name, case)| trial(*subject, name, *case)));
        let on_servers = ON_SERVERS.iter().filter(|(name, _)| applies(name));
        trials.extend(on_servers.map(|(name, case)| on_server(*subject, name, *case)));
    }
    trials.extend(table::trials(&subjects));
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

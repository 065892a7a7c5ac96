//! What every store must do, whatever it is: a trial for each store and case, gated on what the store declares.
//!
//! `PARALLAX_STORES` names the stores that must answer; one that does not is a failure. Ends with a count of them.

#![expect(
    clippy::print_stdout,
    reason = "the run ends with a count of the stores"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use libtest_mimic::{Arguments, Failed, Trial};
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{
    Access, Call, CallId, Chunk, Fields, KeyPart, Newest, Projection, Purpose, Statement, Store,
};
use parallax_core::value::{Key, Value};
use parallax_tests::Pocket;
use tokio::runtime::Runtime;

/// A store under trial: how it is reached, and what it is given to do.
struct Subject {
    name: &'static str,
    dataset: &'static str,
    /// Runs until it is stopped.
    endless: &'static str,
    write: &'static str,
    connect: fn(&Path) -> Result<Arc<dyn Store>>,
}

const SUBJECTS: &[Subject] = &[Subject {
    name: "sqlite",
    dataset: "shop.users",
    endless: "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    write: "delete from users",
    connect: |folder| stores::connect(&config("sqlite:shop.db"), folder, None, Access::ReadOnly),
}];

fn config(url: &str) -> StoreConfig {
    StoreConfig {
        id: StoreId::new("shop").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access: Access::ReadOnly,
    }
}

fn call(deadline: Duration) -> Call {
    Call {
        id: CallId(7),
        deadline,
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

fn soon() -> Call {
    call(Duration::from_secs(10))
}

fn by_id() -> Projection {
    let key = vec![KeyPart {
        name: "id".to_owned(),
        path: FieldPath::name("id"),
    }];
    Projection {
        key,
        fields: Fields::All,
        filter: None,
    }
}

type Case = fn(&Runtime, &Subject, &dyn Store) -> Result<(), Failed>;

const CASES: &[(&str, Case)] = &[
    ("answers a ping with product and version", ping),
    ("lists datasets and describes each", describe),
    (
        "gets by key, in the order asked, and says what is not there",
        get,
    ),
    (
        "streams several results in one statement, where it declares so",
        several_results,
    ),
    ("says which parameter is missing", missing_parameter),
    ("ends at its deadline", deadline),
    ("stops when its stream is dropped", drop_stops),
    ("refuses to write in a read-only session", read_only),
    ("answers newest only if it declares so", newest),
];

fn ping(runtime: &Runtime, _: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let server = runtime.block_on(store.ping(&soon()))?;
    ensure(
        !server.product.is_empty() && !server.version.is_empty(),
        "product or version is empty",
    )
}

fn describe(runtime: &Runtime, _: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let datasets = runtime.block_on(store.datasets(&soon()))?;
    ensure(!datasets.is_empty(), "no datasets")?;
    for dataset in datasets {
        let shape = runtime.block_on(store.describe(&soon(), &dataset.id))?;
        ensure(!shape.fields.is_empty(), "a shape without fields")?;
    }
    Ok(())
}

fn get(runtime: &Runtime, subject: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let dataset: DatasetId = subject.dataset.parse()?;
    let keys = ["3", "no such key", "1"].map(|it| Key::new(vec![Value::from(it)]));
    let got = runtime.block_on(store.get(&soon(), &dataset, &keys, &by_id()))?;
    let found: Vec<bool> = got
        .found
        .into_iter()
        .map(|it| it.map(|it| it.is_some()))
        .collect::<Result<_>>()?;
    ensure(
        found == [true, false, true],
        "records are not in the order of their keys",
    )
}

fn several_results(runtime: &Runtime, _: &Subject, store: &dyn Store) -> Result<(), Failed> {
    if !store.capability().multiple_results {
        return Ok(());
    }
    let statement = Statement {
        text: "select 1; select 2".to_owned(),
        parameters: Vec::new(),
    };
    let chunks = runtime.block_on(async {
        Ok::<_, Failed>(
            store
                .query(&soon(), &statement)
                .await?
                .collect::<Vec<_>>()
                .await,
        )
    })?;
    let results = chunks
        .iter()
        .filter(|it| matches!(it, Ok(Chunk::NextResult)))
        .count();
    ensure(results == 1, "two results have one border")
}

fn missing_parameter(runtime: &Runtime, _: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let error = runtime.block_on(first_error(store, &soon(), "select {{nobody}}"));
    ensure(
        error.is_some_and(|it| it.to_string().contains("nobody")),
        "the parameter is not named",
    )
}

fn deadline(runtime: &Runtime, subject: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let began = Instant::now();
    let error = runtime.block_on(first_error(
        store,
        &call(Duration::from_millis(300)),
        subject.endless,
    ));
    ensure(
        error.is_some_and(|it| it.kind == ErrorKind::Timeout),
        "no timeout",
    )?;
    ensure(
        began.elapsed() < Duration::from_secs(2),
        "the deadline was missed by far",
    )
}

fn drop_stops(runtime: &Runtime, subject: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let statement = Statement {
        text: subject.endless.to_owned(),
        parameters: Vec::new(),
    };
    runtime.block_on(async {
        let mut rows = store.query(&soon(), &statement).await?;
        let waited = tokio::time::timeout(Duration::from_millis(300), rows.next()).await;
        ensure(waited.is_err(), "the endless statement ended")
    })?;
    // A store whose one worker still ran could not answer at once.
    let began = Instant::now();
    runtime.block_on(store.ping(&soon()))?;
    ensure(
        began.elapsed() < Duration::from_secs(1),
        "the store is still busy",
    )
}

fn read_only(runtime: &Runtime, subject: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let error = runtime.block_on(first_error(store, &soon(), subject.write));
    ensure(
        error.is_some_and(|it| it.kind == ErrorKind::PermissionDenied),
        "a write is not refused",
    )
}

fn newest(runtime: &Runtime, subject: &Subject, store: &dyn Store) -> Result<(), Failed> {
    let dataset: DatasetId = subject.dataset.parse()?;
    let wanted = Newest {
        version: FieldPath::name("updated_at"),
        limit: 5,
    };
    match runtime.block_on(store.newest(&soon(), &dataset, &wanted, &by_id())) {
        Ok(records) => ensure(
            store.capability().newest && records.len() == 5,
            "newest is not declared, or short",
        ),
        Err(error) => {
            let honest = !store.capability().newest && error.kind == ErrorKind::Unsupported;
            ensure(honest, &format!("newest is declared and fails: {error}"))
        }
    }
}

async fn first_error(
    store: &dyn Store,
    call: &Call,
    text: &str,
) -> Option<parallax_core::error::Error> {
    let statement = Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    };
    match store.query(call, &statement).await {
        Err(error) => Some(error),
        Ok(rows) => {
            rows.filter_map(|it| async { it.err() })
                .boxed()
                .next()
                .await
        }
    }
}

fn ensure(condition: bool, otherwise: &str) -> Result<(), Failed> {
    if condition {
        Ok(())
    } else {
        Err(Failed::from(otherwise))
    }
}

fn trial(subject: &'static Subject, name: &str, case: Case) -> Trial {
    Trial::test(format!("{} {name}", subject.name), move || {
        let runtime = Runtime::new()?;
        let sample = runtime.block_on(Pocket::load(100, 1));
        let store = runtime.block_on(async { (subject.connect)(sample.path()) })?;
        case(&runtime, subject, store.as_ref())
    })
}

fn main() {
    let arguments = Arguments::from_args();
    let wanted = std::env::var("PARALLAX_STORES").ok();
    let is_wanted = |it: &Subject| {
        wanted
            .as_deref()
            .is_none_or(|all| all.split(',').any(|name| name == it.name))
    };
    let subjects: Vec<&Subject> = SUBJECTS.iter().filter(|it| is_wanted(it)).collect();
    let trials = subjects
        .iter()
        .flat_map(|subject| CASES.iter().map(|(name, case)| trial(subject, name, *case)));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if !arguments.list {
        println!("stores exercised: {} of {}", subjects.len(), SUBJECTS.len());
    }
    conclusion.exit();
}

//! What every store must do with its data.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::join_all;
use libtest_mimic::Failed;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::lag::{GroupProbe, OutboxProbe};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{
    Access, Call, CallId, Chunk, Fields, KeyPart, Needle, Newest, Projection, Purpose, RowSink,
    Search, Statement, Store, Subject as About, ValueRef,
};
use parallax_core::value::{Key, Value};
use tokio::time::timeout;

use crate::ground::{Ground, ODD, USERS, WIDE};

/// Each call has an id of its own, by which it is cancelled.
pub(crate) fn call(deadline: Duration) -> Call {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Call {
        id: CallId(NEXT.fetch_add(1, Ordering::Relaxed)),
        deadline,
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

pub(crate) fn soon() -> Call {
    call(Duration::from_secs(10))
}

pub(crate) fn by_id(ground: &Ground) -> Projection {
    let key = vec![KeyPart {
        name: "id".to_owned(),
        path: ground.key.clone(),
    }];
    Projection {
        key,
        fields: Fields::All,
        filter: None,
    }
}

pub(crate) fn key(text: &str) -> Key {
    Key::new(vec![Value::from(text)])
}

pub(crate) async fn ping(ground: &Ground) -> Result<(), Failed> {
    let server = ground.store.ping(&soon()).await?;
    let is_named = !server.product.is_empty() && !server.version.is_empty();
    ensure(is_named, "product or version is empty")
}

pub(crate) async fn describe(ground: &Ground) -> Result<(), Failed> {
    let datasets = ground.store.datasets(&soon()).await?;
    // Others may come and go meanwhile.
    let own: Vec<_> = datasets
        .iter()
        .filter(|it| it.id.name.contains(&ground.listed))
        .collect();
    ensure(own.len() >= 3, &format!("{} datasets", own.len()))?;
    for dataset in own {
        let shape = ground.store.describe(&soon(), &dataset.id).await?;
        ensure(
            // What is sampled and empty has none.
            !shape.fields.is_empty() || shape.sampled == Some(0),
            &format!("{} has no fields", dataset.id),
        )?;
    }
    Ok(())
}

/// Whether there is a record under each key, in the order asked.
pub(crate) async fn found(
    ground: &Ground,
    dataset: &DatasetId,
    keys: &[Key],
) -> Result<Vec<bool>, Failed> {
    let call = call(Duration::from_mins(1));
    let got = ground
        .store
        .get(&call, dataset, keys, &by_id(ground))
        .await?;
    let found = got.found.into_iter().map(|it| it.map(|it| it.is_some()));
    Ok(found.collect::<Result<_>>()?)
}

pub(crate) async fn get(ground: &Ground) -> Result<(), Failed> {
    let keys = ["3", "no such key", "1"].map(key);
    let found = found(ground, &ground.users, &keys).await?;
    ensure(
        found == [true, false, true],
        "records are not in the order of their keys",
    )
}

pub(crate) async fn many_at_once(ground: &Ground) -> Result<(), Failed> {
    let gets = (0..1_000_u32).map(|at| async move {
        let keys = [key(&(at % 20 + 1).to_string()), key("no such key")];
        found(ground, &ground.users, &keys).await
    });
    for found in join_all(gets).await {
        ensure(found? == [true, false], "a record is lost")?;
    }
    Ok(())
}

/// Whether it is the long value, or a document with it.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Text(it) => it.len() == WIDE && it.bytes().all(|it| it == b'x'),
        Value::Map(members) => members.iter().any(|(_, it)| is_whole(it)),
        _ => false,
    }
}

pub(crate) async fn wide(ground: &Ground) -> Result<(), Failed> {
    ground.owner.widen(&ground.mark).await?;
    let got = ground
        .store
        .get(&soon(), &ground.wide, &[key("big")], &by_id(ground))
        .await?;
    let record = got
        .found
        .into_iter()
        .next()
        .ok_or("no answer")??
        .ok_or("no record")?;
    ensure(
        record.at(&ground.value).is_some_and(is_whole),
        "the record is not whole",
    )?;
    let statement = statement(&ground.words.big);
    let chunks: Vec<_> = ground
        .store
        .query(&soon(), &statement)
        .await?
        .collect()
        .await;
    let rows = chunks.into_iter().filter_map(|it| match it {
        Ok(Chunk::Rows(it)) => Some(Ok(it.cells)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    let cells: Vec<Vec<Value>> = rows.collect::<Result<_>>()?;
    ensure(cells.iter().flatten().any(is_whole), "the row is not whole")
}

/// Counts rows.
struct Count(u64);

impl RowSink for Count {
    fn row(&mut self, _: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

/// A scan wants its fields listed.
fn listed(ground: &Ground, field: &FieldPath) -> Projection {
    Projection {
        fields: Fields::Listed(vec![field.clone()]),
        ..by_id(ground)
    }
}

/// How many rows the parts of a dataset have.
async fn scanned(ground: &Ground, dataset: &DatasetId, field: &FieldPath) -> Result<u64, Failed> {
    let fields = listed(ground, field);
    let mut count = Count(0);
    for part in ground.store.parts(&soon(), dataset, &fields, 4).await? {
        ground
            .store
            .scan(&soon(), &part, &fields, &mut count)
            .await?;
    }
    Ok(count.0)
}

pub(crate) async fn scan(ground: &Ground) -> Result<(), Failed> {
    if !ground.store.capability().parts {
        return unsupported(
            ground
                .store
                .parts(&soon(), &ground.users, &by_id(ground), 4)
                .await,
        );
    }
    let rows = scanned(ground, &ground.users, &FieldPath::name("name")).await?;
    ensure(rows == u64::from(USERS), &format!("{rows} rows of {USERS}"))
}

pub(crate) async fn empty(ground: &Ground) -> Result<(), Failed> {
    let none = found(ground, &ground.empty, &[key("1")]).await?;
    ensure(none == [false], "there is a record")?;
    if ground.store.capability().parts {
        ensure(
            scanned(ground, &ground.empty, &ground.value).await? == 0,
            "there are rows",
        )?;
    }
    if ground.store.capability().newest {
        let wanted = Newest {
            version: FieldPath::name("updated_at"),
            limit: 5,
        };
        let newest = ground
            .store
            .newest(&soon(), &ground.empty, &wanted, &by_id(ground))
            .await?;
        ensure(newest.is_empty(), "there is something new")?;
    }
    Ok(())
}

pub(crate) async fn odd(ground: &Ground) -> Result<(), Failed> {
    let keys = [key(ODD), key("x"), key("*"), key("'; drop")];
    let found = found(ground, &ground.odd, &keys).await?;
    ensure(
        found == [true, false, false, false],
        "the odd record alone is there",
    )?;
    let shape = ground.store.describe(&soon(), &ground.odd).await?;
    ensure(!shape.fields.is_empty(), "a shape without fields")?;
    if ground.store.capability().parts {
        ensure(
            scanned(ground, &ground.odd, &ground.value).await? == 1,
            "not just one row",
        )?;
    }
    Ok(())
}

pub(crate) async fn several_results(ground: &Ground) -> Result<(), Failed> {
    let is_declared = ground.store.capability().multiple_results;
    let rows = ground
        .store
        .query(&soon(), &statement(&ground.words.two))
        .await?;
    let chunks: Vec<_> = rows.collect().await;
    let borders = chunks
        .iter()
        .filter(|it| matches!(it, Ok(Chunk::NextResult)))
        .count();
    let has_failed = chunks.iter().any(Result::is_err);
    ensure(
        if is_declared {
            borders == 1
        } else {
            has_failed
        },
        "two results have one border",
    )
}

pub(crate) async fn missing_parameter(ground: &Ground) -> Result<(), Failed> {
    let error = first_error(&*ground.store, &soon(), &ground.words.nobody).await;
    let is_named = error.is_some_and(|it| it.to_string().contains("nobody"));
    ensure(is_named, "the parameter is not named")
}

pub(crate) async fn deadline(ground: &Ground) -> Result<(), Failed> {
    let _held = ground.owner.hold().await?;
    let began = Instant::now();
    let call = call(Duration::from_millis(300));
    let error = first_error(&*ground.store, &call, &ground.words.endless).await;
    let error = error.ok_or("no end")?;
    let is_timeout = error.kind == ErrorKind::Timeout && error.hint.is_some();
    ensure(is_timeout, &format!("no timeout, or no hint: {error}"))?;
    let is_in_time = began.elapsed() < Duration::from_secs(2);
    ensure(is_in_time, "the deadline was missed by far")
}

pub(crate) async fn drop_stops(ground: &Ground) -> Result<(), Failed> {
    let _held = ground.owner.hold().await?;
    let statement = statement(&ground.words.endless);
    let run = async {
        let mut rows = ground.store.query(&soon(), &statement).await?;
        Ok::<_, Error>(rows.next().await)
    };
    let waited = timeout(Duration::from_millis(300), run).await;
    ensure(
        waited.is_err(),
        &format!("the endless statement ended: {waited:?}"),
    )?;
    // A store whose one worker still ran could not answer at once.
    let began = Instant::now();
    ground.store.ping(&soon()).await?;
    ensure(
        began.elapsed() < Duration::from_secs(1),
        "the store is still busy",
    )
}

pub(crate) async fn read_only(ground: &Ground) -> Result<(), Failed> {
    let error = first_error(&*ground.store, &soon(), &ground.words.write).await;
    let is_refused = error.is_some_and(|it| it.kind == ErrorKind::PermissionDenied);
    ensure(is_refused, "a write is not refused")?;
    let found = found(ground, &ground.users, &[key("1")]).await?;
    ensure(found == [true], "the write was made")
}

pub(crate) async fn newest(ground: &Ground) -> Result<(), Failed> {
    let wanted = Newest {
        version: FieldPath::name("updated_at"),
        limit: 5,
    };
    let newest = ground
        .store
        .newest(&soon(), &ground.users, &wanted, &by_id(ground))
        .await;
    if !ground.store.capability().newest {
        return unsupported(newest);
    }
    ensure(newest?.len() == 5, "not as many as asked")
}

pub(crate) async fn find(ground: &Ground) -> Result<(), Failed> {
    let search = Search {
        paths: vec![FieldPath::name("name")],
        needle: Needle::Contains("e".to_owned()),
        limit: 3,
    };
    let found = ground
        .store
        .find(&soon(), &ground.users, &search, &by_id(ground))
        .await;
    if !ground.store.capability().find {
        return unsupported(found);
    }
    ensure(found?.len() == 3, "not as many as asked")
}

/// What is not declared is unsupported; what is declared may fail only for another reason.
pub(crate) async fn honest(ground: &Ground) -> Result<(), Failed> {
    let (store, able) = (&ground.store, ground.store.capability());
    let about = About {
        names: vec!["users".to_owned()],
        keys: Vec::new(),
    };
    let outbox = OutboxProbe {
        table: ground.empty.clone(),
        created: FieldPath::name("updated_at"),
        sent: FieldPath::name("value"),
        dataset: None,
        key: None,
    };
    let group = GroupProbe {
        stream: ground.empty.clone(),
        group: "nobody".to_owned(),
        dataset: None,
        key: None,
    };
    is_honest(
        "backlog",
        able.backlog,
        store.backlog(&soon(), &outbox, &about).await,
    )?;
    is_honest(
        "group",
        able.group,
        store.pending(&soon(), &group, &about).await,
    )?;
    let parts = store.parts(&soon(), &ground.users, &by_id(ground), 4).await;
    is_honest("parts", able.parts, parts)
}

fn is_honest<T>(what: &str, is_declared: bool, answer: Result<T>) -> Result<(), Failed> {
    let is_unsupported = answer.is_err_and(|it| it.kind == ErrorKind::Unsupported);
    let otherwise = format!("{what} is declared: {is_declared}, and unsupported: {is_unsupported}");
    ensure(is_unsupported != is_declared, &otherwise)
}

fn unsupported<T>(answer: Result<T>) -> Result<(), Failed> {
    is_honest("it", false, answer)
}

pub(crate) fn statement(text: &str) -> Statement {
    Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    }
}

async fn first_error(store: &dyn Store, call: &Call, text: &str) -> Option<Error> {
    match store.query(call, &statement(text)).await {
        Err(error) => Some(error),
        Ok(rows) => {
            rows.filter_map(|it| async { it.err() })
                .boxed()
                .next()
                .await
        }
    }
}

pub(crate) fn ensure(condition: bool, otherwise: &str) -> Result<(), Failed> {
    if condition {
        Ok(())
    } else {
        Err(Failed::from(otherwise))
    }
}

/// The cells of every row that a statement answers.
pub(crate) async fn cells(store: &dyn Store, text: &str) -> Result<Vec<Value>, Failed> {
    let chunks: Vec<_> = store
        .query(&soon(), &statement(text))
        .await?
        .collect()
        .await;
    let mut cells = Vec::new();
    for chunk in chunks {
        if let Chunk::Rows(batch) = chunk? {
            cells.extend(batch.cells);
        }
    }
    Ok(cells)
}

/// Keeps rows of one key and one value.
struct Keep(Vec<(String, Value)>);

impl RowSink for Keep {
    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        if let [key, value] = row {
            let key = Key::new(vec![key.to_value().unwrap_or(Value::Null)]);
            self.0
                .extend(value.to_value().map(|it| (key.to_string(), it)));
        }
        ControlFlow::Continue(())
    }
}

/// Keys and values of a scan of one field.
pub(crate) async fn scanned_values(
    store: &dyn Store,
    dataset: &DatasetId,
    fields: &Projection,
) -> Result<Vec<(String, Value)>, Failed> {
    let mut rows = Keep(Vec::new());
    for part in store.parts(&soon(), dataset, fields, 1).await? {
        store.scan(&soon(), &part, fields, &mut rows).await?;
    }
    Ok(rows.0)
}

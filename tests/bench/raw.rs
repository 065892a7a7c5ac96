//! Raw scans: the same columns by each store's fastest path, rows received and dropped by our own client.

pub(crate) mod graph;
pub(crate) mod search;

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use mongodb::Collection;
use mongodb::bson::Document;
use redis::{AsyncCommands as _, Client, Value};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Connection as _, Decode, MySql, PgConnection, Row as _};
use tokio::task::JoinSet;

/// What a raw scan moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub(crate) wall: Duration,
    pub(crate) rows: u64,
    /// Where the driver shows them.
    pub(crate) bytes: Option<u64>,
}

/// `COPY (select) TO STDOUT (FORMAT BINARY)`; each message is a row, but for the header and the end.
pub(crate) async fn copy(url: &str, select: &str) -> Raw {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    let began = Instant::now();
    let statement = format!("COPY ({select}) TO STDOUT (FORMAT BINARY)");
    let mut stream = connection
        .copy_out_raw(&statement)
        .await
        .expect("the copy begins");
    let (mut rows, mut bytes) = (0, 0);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.expect("the copy goes on");
        rows += 1;
        bytes += chunk.len() as u64;
    }
    Raw {
        wall: began.elapsed(),
        rows: rows - 1,
        bytes: Some(bytes),
    }
}

/// `SCAN COUNT 1000` with pipelined `HMGET` of the same fields.
pub(crate) async fn hashes(url: &str, pattern: &str, fields: &[&str]) -> Raw {
    let client = Client::open(url).expect("a URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    let began = Instant::now();
    let (mut rows, mut bytes, mut cursor) = (0, 0, 0_u64);
    loop {
        let (next, keys): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(1_000)
            .query_async(&mut connection)
            .await
            .expect("the scan goes on");
        if !keys.is_empty() {
            let mut pipe = redis::pipe();
            for key in &keys {
                pipe.cmd("HMGET").arg(key).arg(fields);
            }
            let values: Vec<Value> = pipe
                .query_async(&mut connection)
                .await
                .expect("the hashes are read");
            rows += values.len() as u64;
            bytes += values.iter().map(size).sum::<u64>();
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    let _: String = connection.ping().await.expect("the server still answers");
    Raw {
        wall: began.elapsed(),
        rows,
        bytes: Some(bytes),
    }
}

fn size(value: &Value) -> u64 {
    match value {
        Value::BulkString(bytes) => bytes.len() as u64,
        Value::Array(items) => items.iter().map(size).sum(),
        _ => 0,
    }
}

/// A prepared statement, whose rows come in the binary protocol; each is received whole and dropped.
pub(crate) async fn rows(url: &str, select: &str) -> Raw {
    let mut connection = MySqlConnection::connect(url).await.expect("a connection");
    let began = Instant::now();
    let mut stream = sqlx::query(AssertSqlSafe(select.to_owned())).fetch(&mut connection);
    let (mut rows, mut bytes) = (0, 0);
    while let Some(row) = stream.next().await {
        let row = row.expect("the rows go on");
        rows += 1;
        bytes += width(&row);
    }
    Raw {
        wall: began.elapsed(),
        rows,
        bytes: Some(bytes),
    }
}

/// The bytes of a row's values.
fn width(row: &MySqlRow) -> u64 {
    let cells = (0..row.len()).filter_map(|at| row.try_get_raw(at).ok());
    let bytes = cells.filter_map(|it| <&[u8] as Decode<MySql>>::decode(it).ok());
    bytes.map(<[u8]>::len).sum::<usize>() as u64
}

/// `find` with a projection, batches of raw bytes; documents are counted and dropped.
pub(crate) async fn documents(url: &str, collection: &str, paths: &[&str]) -> Raw {
    let client = mongodb::Client::with_uri_str(url).await.expect("a client");
    let database = client.default_database().expect("the URL names a database");
    let collection: Collection<Document> = database.collection(collection);
    let projection: Document = paths
        .iter()
        .map(|it| ((*it).to_owned(), 1.into()))
        .collect();
    let began = Instant::now();
    let find = collection.find(Document::new()).projection(projection);
    let mut batches = find
        .batch_size(10_000)
        .batch()
        .await
        .expect("the find begins");
    let (mut rows, mut bytes) = (0, 0);
    while let Some(batch) = batches.next().await {
        let batch = batch.expect("the batches go on");
        rows += batch.doc_slices().expect("documents").into_iter().count() as u64;
        bytes += batch.as_raw_document().as_bytes().len() as u64;
    }
    Raw {
        wall: began.elapsed(),
        rows,
        bytes: Some(bytes),
    }
}

/// Both at once, each in a task of its own: the floor of a check that streams both sides.
pub(crate) async fn both(
    one: impl Future<Output = Raw> + Send + 'static,
    other: impl Future<Output = Raw> + Send + 'static,
) -> (Duration, Raw, Raw) {
    let began = Instant::now();
    let mut scans = JoinSet::new();
    scans.spawn(async move { (0, one.await) });
    scans.spawn(async move { (1, other.await) });
    let mut ended = scans.join_all().await;
    let wall = began.elapsed();
    ended.sort_by_key(|it| it.0);
    let [(_, one), (_, other)] = ended[..] else {
        panic!("both scans end")
    };
    (wall, one, other)
}

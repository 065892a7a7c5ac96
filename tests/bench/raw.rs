//! Raw scans: the same columns by each store's fastest path, rows received and dropped by our own client.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use redis::{AsyncCommands as _, Client, Value};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;

/// What a raw scan moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub(crate) wall: Duration,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
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
        bytes,
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
        bytes,
    }
}

fn size(value: &Value) -> u64 {
    match value {
        Value::BulkString(bytes) => bytes.len() as u64,
        Value::Array(items) => items.iter().map(size).sum(),
        _ => 0,
    }
}

/// Both at once, each in a task of its own: the floor of a check that streams both sides.
pub(crate) async fn both(
    copy_from: (String, String),
    hashes_from: (String, String, Vec<String>),
) -> (Duration, Raw, Raw) {
    let began = Instant::now();
    let mut scans = JoinSet::new();
    scans.spawn(async move { (0, copy(&copy_from.0, &copy_from.1).await) });
    scans.spawn(async move {
        let fields: Vec<&str> = hashes_from.2.iter().map(String::as_str).collect();
        (1, hashes(&hashes_from.0, &hashes_from.1, &fields).await)
    });
    let mut ended = scans.join_all().await;
    let wall = began.elapsed();
    ended.sort_by_key(|it| it.0);
    let [(_, one), (_, other)] = ended[..] else {
        panic!("both scans end")
    };
    (wall, one, other)
}

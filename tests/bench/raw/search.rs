//! The floor of an index: whole documents in slices of a point in time.

use std::time::Instant;

use elasticsearch::Elasticsearch;
use elasticsearch::auth::Credentials;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use elasticsearch::http::{Method, Url};
use futures::future::join_all;
use parallax_tests::servers::Server;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Raw;

/// Slices that are read at once.
const SLICES: u32 = 2;

/// Documents of one page: what servers allow by default.
const PAGE: usize = 10_000;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    hits: Hits<'a>,
}

#[derive(Deserialize)]
struct Hits<'a> {
    #[serde(borrow)]
    hits: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Last {
    sort: Value,
}

/// All documents of an index, received and dropped.
pub(crate) async fn documents(server: &Server, index: &str) -> Raw {
    let client = client(server);
    let (open, id) = if server.name == "opensearch" {
        ("_search/point_in_time", "pit_id")
    } else {
        ("_pit", "id")
    };
    let began = Instant::now();
    let path = format!("/{index}/{open}?keep_alive=5m");
    let point: Value = serde_json::from_str(&ask(&client, &path, "").await).expect("JSON");
    let slices = (0..SLICES).map(|nth| slice(&client, &point[id], nth));
    let read = join_all(slices).await;
    let wall = began.elapsed();
    let delete = match id {
        "pit_id" => ("/_search/point_in_time", json!({ "pit_id": [point[id]] })),
        _ => ("/_pit", json!({ "id": point[id] })),
    };
    send(&client, Method::Delete, delete.0, &delete.1.to_string()).await;
    Raw {
        wall,
        rows: read.iter().map(|it| it.0).sum(),
        bytes: Some(read.iter().map(|it| it.1).sum()),
    }
}

/// Documents and bytes of one slice.
async fn slice(client: &Elasticsearch, point: &Value, nth: u32) -> (u64, u64) {
    let (mut rows, mut bytes) = (0, 0);
    let mut body = json!({
        "size": PAGE,
        "pit": { "id": point, "keep_alive": "5m" },
        "slice": { "id": nth, "max": SLICES },
        "sort": [{ "_shard_doc": "asc" }],
        "track_total_hits": false,
    });
    loop {
        let text = ask(client, "/_search", &body.to_string()).await;
        let page: Page<'_> = serde_json::from_str(&text).expect("a page");
        let Some(last) = page.hits.hits.last() else {
            return (rows, bytes);
        };
        let last: Last = serde_json::from_str(last.get()).expect("a hit");
        rows += page.hits.hits.len() as u64;
        bytes += text.len() as u64;
        body["search_after"] = last.sort;
    }
}

fn client(server: &Server) -> Elasticsearch {
    let place = format!("http://127.0.0.1:{}", server.port());
    let node = SingleNodeConnectionPool::new(Url::parse(&place).expect("a URL"));
    let mut transport = TransportBuilder::new(node);
    if !server.password().is_empty() {
        let (user, password) = (server.user().to_owned(), server.password().to_owned());
        transport = transport.auth(Credentials::Basic(user, password));
    }
    Elasticsearch::new(transport.build().expect("a client"))
}

async fn ask(client: &Elasticsearch, path: &str, body: &str) -> String {
    send(client, Method::Post, path, body).await
}

async fn send(client: &Elasticsearch, method: Method, path: &str, body: &str) -> String {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Some(body.to_owned()).filter(|it| !it.is_empty());
    let answer = client.send(method, path, headers, None::<&()>, body, None);
    let answer = answer.await.expect("an answer");
    assert!(
        answer.status_code().is_success(),
        "{path}: {}",
        answer.status_code()
    );
    answer.text().await.expect("text")
}

//! How fast documents arrive; run alone, in release:
//! `cargo test --release -p parallax-connections --test elasticsearch speed -- --ignored --nocapture`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use elasticsearch::auth::Credentials;
use elasticsearch::http::headers::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use elasticsearch::http::{Method, Url};
use futures::future::join_all;
use parallax_core::store::{RowSink, ValueRef};

use crate::server::{Server, by, call_within, dataset, place};

const COUNT: usize = 300_000;
const FIELDS: &[&str] = &["name", "email", "balance", "updated_at"];

#[derive(Default)]
struct Count(u32);

impl RowSink for Count {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.0 += u32::from(!cells.is_empty());
        ControlFlow::Continue(())
    }
}

async fn fill(server: &Server, name: &str) {
    server
        .run(&format!("PUT /{name}\n{{\"settings\":{{\"number_of_shards\":1,\"number_of_replicas\":0,\"refresh_interval\":\"-1\"}}}}"))
        .await;
    let documents = (0..COUNT).map(|n| {
        let document = format!(
            r#"{{"id":{n},"name":"user {n}","email":"user{n}@example.com","balance":{}.{:02},"updated_at":"2026-01-01T00:00:{:02}Z","city":"Rome","note":"{:032}","points":{n}}}"#,
            n / 7, n % 100, n % 60, n
        );
        (n.to_string(), document)
    });
    let documents: Vec<(String, String)> = documents.collect();
    for chunk in documents.chunks(10_000) {
        let chunk: Vec<(&str, &str)> = chunk
            .iter()
            .map(|(id, it)| (id.as_str(), it.as_str()))
            .collect();
        server.write(name, &chunk).await;
    }
    server
        .run(&format!("POST /{name}/_forcemerge?max_num_segments=1"))
        .await;
}

fn transport(product: &str) -> Transport {
    let place = place(product);
    let (user, host) = match place
        .url
        .trim_start_matches("elasticsearch+http://")
        .rsplit_once('@')
    {
        Some((user, host)) => (user.to_owned(), host.to_owned()),
        None => (
            String::new(),
            place
                .url
                .trim_start_matches("elasticsearch+http://")
                .to_owned(),
        ),
    };
    let url = Url::parse(&format!("http://{host}")).expect("a URL");
    let builder = TransportBuilder::new(SingleNodeConnectionPool::new(url)).disable_proxy();
    let builder = match place.password {
        Some(password) => builder.auth(Credentials::Basic(user, password)),
        None => builder,
    };
    builder.build().expect("a transport")
}

async fn post(transport: &Transport, path: &str, body: &str) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let sent = transport
        .send(Method::Post, path, headers, None::<&()>, Some(body), None)
        .await;
    sent.expect("an answer")
        .bytes()
        .await
        .expect("a body")
        .into()
}

/// Reads slices of a point in time with the same fields, and drops what comes.
async fn raw(product: &str, name: &str, slices: usize) -> usize {
    let transport = transport(product);
    let open = if product == "opensearch" {
        "_search/point_in_time"
    } else {
        "_pit"
    };
    let opened = post(&transport, &format!("{name}/{open}?keep_alive=2m"), "").await;
    let text = String::from_utf8(opened).expect("text");
    let id = text.split('"').nth(3).expect("an id").to_owned();
    let slices = (0..slices).map(|nth| {
        let (transport, id) = (transport.clone(), id.clone());
        async move {
            let (mut after, mut bytes) = (String::new(), 0);
            let slice = if slices > 1 { format!(r#","slice":{{"id":{nth},"max":{slices}}}"#) } else { String::new() };
            loop {
                let body = format!(
                    r#"{{"size":10000,"_source":{{"includes":["balance","email","name","updated_at"]}},"track_total_hits":false,"sort":[{{"_shard_doc":"asc"}}],"pit":{{"id":"{id}","keep_alive":"2m"}}{slice}{after}}}"#
                );
                let page = post(&transport, "_search", &body).await;
                bytes += page.len();
                let tail = String::from_utf8_lossy(&page[page.len().saturating_sub(200)..]).into_owned();
                let Some((_, sort)) = tail.rsplit_once("\"sort\":[") else {
                    return bytes;
                };
                let sort = sort.split(']').next().expect("a value");
                after = format!(r#","search_after":[{sort}]"#);
            }
        }
    });
    join_all(slices).await.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures"]
async fn documents_arrive_fast() {
    for server in Server::all("parallax_speed").await {
        let name = "parallax_speed";
        fill(&server, name).await;
        for want in [1, 2] {
            for round in 0..3 {
                let began = Instant::now();
                let bytes = raw(server.product, name, want).await;
                let alone = began.elapsed().as_secs_f64();
                let fields = by("@id", FIELDS);
                let call = call_within(Duration::from_mins(5));
                let began = Instant::now();
                let parts = server
                    .store
                    .parts(&call, &dataset(name), &fields, want)
                    .await
                    .expect("parts");
                let scans = parts.iter().map(|part| async {
                    let mut count = Count::default();
                    let call = call_within(Duration::from_mins(5));
                    server
                        .store
                        .scan(&call, part, &fields, &mut count)
                        .await
                        .expect("scanned");
                    count.0
                });
                let rows: u32 = join_all(scans).await.into_iter().sum();
                let ours = began.elapsed().as_secs_f64();
                assert_eq!(rows as usize, COUNT);
                eprintln!(
                    "{} {want} slices, round {round}: raw {alone:.2} s ({} MB), ours {ours:.2} s, {:.2} times, {:.0} rows/s",
                    server.product,
                    bytes / 1_000_000,
                    ours / alone,
                    f64::from(rows) / ours
                );
            }
        }
        server.run(&format!("DELETE /{name}")).await;
    }
}

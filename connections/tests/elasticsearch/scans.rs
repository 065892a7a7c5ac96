//! Whole datasets, part by part.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use parallax_core::store::{Part, Projection, RowSink, ValueRef};
use parallax_core::value::Value;
use tokio::time::sleep;

use crate::server::{Server, by, call, dataset};

/// Rows as JSON, by their first cell; ends after `limit` rows.
struct Rows {
    by_key: BTreeMap<String, String>,
    fed: usize,
    limit: usize,
}

impl Rows {
    fn new(limit: usize) -> Self {
        Self {
            by_key: BTreeMap::new(),
            fed: 0,
            limit,
        }
    }
}

impl RowSink for Rows {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        let text = |it: &ValueRef<'_>| it.to_value().unwrap_or(Value::from("absent"));
        let cells: Vec<Value> = cells.iter().map(text).collect();
        let row = Value::List(cells.clone()).to_string();
        self.by_key.insert(cells[0].to_string(), row);
        self.fed += 1;
        if self.fed == self.limit {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// Makes an index of two shards with so many documents.
async fn filled(server: &Server, name: &str, count: usize) {
    server
        .run(&format!("PUT /{name}\n{{\"settings\":{{\"number_of_shards\":2,\"number_of_replicas\":0}},\"mappings\":{{\"dynamic\":false,\"properties\":{{\"n\":{{\"type\":\"long\"}}}}}}}}"))
        .await;
    let documents: Vec<(String, String)> =
        (0..count).map(|n| (n.to_string(), document(n))).collect();
    for chunk in documents.chunks(10_000) {
        let chunk: Vec<(&str, &str)> = chunk
            .iter()
            .map(|(id, it)| (id.as_str(), it.as_str()))
            .collect();
        server.write(name, &chunk).await;
    }
}

fn document(n: usize) -> String {
    match n % 3 {
        0 => format!(
            r#"{{"n":{n},"name":"Ann \"{n}\"","price":{n}.10,"a":{{"b":[{{"c":"x{n}"}}],"x.y":1}},"pad":"{}"}}"#,
            "p".repeat(100)
        ),
        1 => format!(r#"{{"n":{n},"name":null,"price":18446744073709551615,"a":7}}"#),
        _ => format!(r#"{{"n":{n}}}"#),
    }
}

fn row(n: usize) -> String {
    match n % 3 {
        0 => format!(r#"["{n}",{n},"Ann \"{n}\"",{n}.10,"x{n}"]"#),
        1 => format!(r#"["{n}",{n},null,18446744073709551615,"absent"]"#),
        _ => format!(r#"["{n}",{n},"absent","absent","absent"]"#),
    }
}

const FIELDS: &[&str] = &["n", "name", "price", "a.b.0.c"];

/// How many searches the index has open.
async fn open(server: &Server, name: &str) -> String {
    let text = format!("GET /{name}/_stats/search?filter_path=_all.total.search.open_contexts");
    server.ask(&text).await.cell()
}

/// Waits until the index has none open.
async fn none_is_open(server: &Server, name: &str) {
    for _ in 0..40 {
        if open(server, name).await.contains("\"open_contexts\":0") {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{}: {}", server.product, open(server, name).await);
}

#[tokio::test]
async fn every_document_is_fed_once_under_one_snapshot() {
    const COUNT: usize = 45_000;
    for server in Server::all("parallax_whole").await {
        let name = "parallax_whole";
        filled(&server, name, COUNT).await;
        let fields = by("@id", FIELDS);
        let parts = server
            .store
            .parts(&call(), &dataset(name), &fields, 4)
            .await
            .expect("parts");
        assert_eq!(parts.len(), 2, "{parts:?}");
        server.run(&format!("PUT /{name}/_doc/later?refresh=true\n{{\"n\":-1}}\nDELETE /{name}/_doc/1?refresh=true")).await;
        let (mut rows, mut fed) = (Rows::new(usize::MAX), 0);
        for part in &parts {
            let scanned = server
                .store
                .scan(&call(), part, &fields, &mut rows)
                .await
                .expect("scanned");
            assert_eq!(scanned.unreadable, 0);
            fed += scanned.rows;
        }
        assert_eq!(
            (fed, rows.by_key.len()),
            (COUNT as u64, COUNT),
            "{}",
            server.product
        );
        for n in [0, 1, 2, 3, 44_999] {
            assert_eq!(rows.by_key[&n.to_string()], row(n));
        }
        none_is_open(&server, name).await;
    }
}

#[tokio::test]
async fn a_scroll_feeds_the_same_where_there_is_no_point_in_time() {
    for server in Server::all("parallax_scroll").await {
        let name = "parallax_scroll";
        filled(&server, name, 12_500).await;
        let whole = Part {
            dataset: dataset(name),
            bounds: None,
            estimate: None,
        };
        let mut rows = Rows::new(usize::MAX);
        let scanned = server
            .store
            .scan(&call(), &whole, &by("@id", FIELDS), &mut rows)
            .await
            .expect("scanned");
        assert_eq!(
            (scanned.rows, rows.by_key.len()),
            (12_500, 12_500),
            "{}",
            server.product
        );
        assert_eq!(rows.by_key["12498"], row(12_498));
        let mut few = Rows::new(3);
        server
            .store
            .scan(&call(), &whole, &by("@id", FIELDS), &mut few)
            .await
            .expect("scanned");
        assert_eq!(few.fed, 3);
        none_is_open(&server, name).await;
    }
}

#[tokio::test]
async fn a_condition_limits_and_what_the_server_knows_can_be_scanned() {
    for server in Server::all("parallax_limited").await {
        let name = "parallax_limited";
        filled(&server, name, 100).await;
        for filter in [r#"{"range":{"n":{"gte":90}}}"#, "n:>=90"] {
            let fields = Projection {
                filter: Some(filter.to_owned()),
                ..by("@id", &["@version", "@seq_no", "@index", "n"])
            };
            let parts = server
                .store
                .parts(&call(), &dataset(name), &fields, 2)
                .await
                .expect("parts");
            let mut rows = Rows::new(usize::MAX);
            for part in &parts {
                server
                    .store
                    .scan(&call(), part, &fields, &mut rows)
                    .await
                    .expect("scanned");
            }
            assert_eq!(rows.by_key.len(), 10, "{}", server.product);
            assert!(
                rows.by_key["95"].starts_with(r#"["95",1,"#),
                "{}",
                rows.by_key["95"]
            );
        }
    }
}

#[tokio::test]
async fn a_dropped_scan_leaves_nothing_open() {
    for server in Server::all("parallax_dropped").await {
        let name = "parallax_dropped";
        filled(&server, name, 45_000).await;
        let fields = by("@id", FIELDS);
        let parts = server
            .store
            .parts(&call(), &dataset(name), &fields, 2)
            .await
            .expect("parts");
        let mut rows = Rows::new(usize::MAX);
        {
            let call = call();
            let scan = server.store.scan(&call, &parts[0], &fields, &mut rows);
            tokio::select! {
                scanned = scan => panic!("it ended: {scanned:?}"),
                () = sleep(Duration::from_millis(5)) => {}
            }
        }
        none_is_open(&server, name).await;
    }
}

#[tokio::test]
async fn large_documents_are_read_one_by_one() {
    const LARGE: usize = 8 << 20;
    for server in Server::all("parallax_large").await {
        let name = "parallax_large";
        server.run(&format!("PUT /{name}\n{{\"settings\":{{\"number_of_replicas\":0}},\"mappings\":{{\"enabled\":false}}}}")).await;
        for id in ["1", "2"] {
            let document = format!(r#"{{"t":"{}"}}"#, id.repeat(LARGE));
            server.write(name, &[(id, &document)]).await;
        }
        let fields = by("@id", &["t"]);
        let parts = server
            .store
            .parts(&call(), &dataset(name), &fields, 2)
            .await
            .expect("parts");
        let mut lengths = Lengths::default();
        for part in &parts {
            server
                .store
                .scan(&call(), part, &fields, &mut lengths)
                .await
                .expect("scanned");
        }
        assert_eq!(lengths.0, [LARGE, LARGE], "{}", server.product);
        let found = server.get(name, "@id", &crate::server::keys(&["2"])).await;
        let record = found[0].clone().expect("read").expect("there");
        assert!(
            matches!(record.at(&crate::server::path("t")), Some(Value::Text(it)) if it.len() == LARGE)
        );
        server.run(&format!("DELETE /{name}")).await;
    }
}

/// How long the second cell of each row is.
#[derive(Default)]
struct Lengths(Vec<usize>);

impl RowSink for Lengths {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        if let Some(ValueRef::Text(text)) = cells.get(1) {
            self.0.push(text.len());
        }
        ControlFlow::Continue(())
    }
}

//! Whole datasets, part by part.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use parallax_core::store::{RowSink, Store, ValueRef};
use parallax_core::value::Value;

use crate::ask::{call, fields};
use crate::server::{Server, dataset};

/// Keeps every row by its first cell.
#[derive(Default)]
struct Rows {
    rows: BTreeMap<String, Vec<Option<Value>>>,
    limit: Option<usize>,
}

impl RowSink for Rows {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        let values: Vec<Option<Value>> = cells.iter().map(|it| it.to_value()).collect();
        let key = values[0]
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        assert!(self.rows.insert(key, values).is_none(), "a row comes once");
        if self.limit == Some(self.rows.len()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

async fn scanned(
    store: &dyn Store,
    name: &str,
    key: &str,
    listed: &[&str],
    want: usize,
) -> (usize, Rows) {
    let projection = fields(&[key], listed);
    let parts = store
        .parts(&call(), &dataset(name), &projection, want)
        .await
        .expect("parts");
    let mut rows = Rows::default();
    let mut count = 0;
    for part in &parts {
        let scanned = store
            .scan(&call(), part, &projection, &mut rows)
            .await
            .expect("scanned");
        assert_eq!(scanned.unreadable, 0);
        count += usize::try_from(scanned.rows).expect("few");
    }
    assert_eq!(count, rows.rows.len());
    (parts.len(), rows)
}

#[tokio::test]
async fn parts_cover_every_row_once() {
    let server = Server::new(
        "parallax_parts",
        "CREATE TABLE t (id bigint PRIMARY KEY, v varchar(20)); INSERT INTO t SELECT seq, concat('v', seq) FROM seq_1_to_200000; DELETE FROM t WHERE id % 7 = 0; ANALYZE TABLE t;
        CREATE TABLE u (id bigint unsigned PRIMARY KEY) SELECT 18446744073709551615 - seq AS id FROM seq_0_to_150000; ANALYZE TABLE u;
        CREATE TABLE s (id varchar(20) PRIMARY KEY) SELECT v AS id FROM t; CREATE VIEW v AS SELECT * FROM t; CREATE TABLE e (id int PRIMARY KEY)",
    )
    .await;
    let expected = 200_000 - 200_000 / 7;
    for (name, want, most) in [("t", 4, 4), ("t", 1, 1), ("s", 4, 1), ("v", 4, 1)] {
        let (count, rows) = scanned(&*server.store, name, "id", &[], want).await;
        assert!((1..=most).contains(&count), "{name} {want}: {count}");
        assert_eq!(rows.rows.len(), expected, "{name} {want}");
    }
    let (count, _) = scanned(&*server.store, "t", "id", &["v"], 4).await;
    assert!(count > 1, "a long table is divided");
    let (count, rows) = scanned(&*server.store, "u", "id", &[], 3).await;
    assert_eq!((count > 1, rows.rows.len()), (true, 150_001));
    let (count, rows) = scanned(&*server.store, "e", "id", &[], 4).await;
    assert_eq!((count, rows.rows.len()), (1, 0));
}

#[tokio::test]
async fn every_cell_is_what_a_query_gives() {
    let server = Server::new(
        "parallax_cells",
        r#"CREATE TABLE t (id int PRIMARY KEY, f float, d double, n decimal(40,20), u bigint unsigned, b varbinary(9), s varchar(9), e enum('x','y'), da date, dt datetime(6), ts timestamp(6) NULL, ti time(3), bi bit(9), j json, y year);
        INSERT INTO t VALUES (1, 0.1, 0.1, 1.5, 18446744073709551615, x'00', 'ä', 'y', '2024-02-29', '2024-02-29 01:02:03.4', '2024-02-29 01:02:03.4', '-100:00:00.5', 257, '{"a": {"b": null, "c": [1]}}', 2024),
        (2, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, '10:00:00', NULL, NULL, NULL)"#,
    )
    .await;
    server
        .run("SET sql_mode = ''; INSERT INTO t (id, da, dt, ts) VALUES (3, '0000-00-00', '0000-00-00', '0000-00-00')")
        .await;
    let columns = [
        "f", "d", "n", "u", "b", "s", "e", "da", "dt", "ts", "ti", "bi", "y",
    ];
    let rows = server
        .rows(&format!(
            "SELECT id, {} FROM t ORDER BY id",
            columns.join(", ")
        ))
        .await;
    let (_, found) = scanned(&*server.store, "t", "id", &columns, 1).await;
    for row in rows {
        let cells: Vec<Value> = found.rows[&row[0].to_string()]
            .iter()
            .map(|it| it.clone().expect("there"))
            .collect();
        assert_eq!(cells, row);
    }
    let inside = ["j", "j.a", "j.a.b", "j.a.c.0", "j.x", "nowhere", "s.x"];
    let (_, found) = scanned(&*server.store, "t", "id", &inside, 1).await;
    let texts = |id: &str| -> Vec<Option<String>> {
        found.rows[id]
            .iter()
            .skip(1)
            .map(|it| it.as_ref().map(ToString::to_string))
            .collect()
    };
    let there = |it: &str| Some(it.to_owned());
    assert_eq!(
        texts("1"),
        [
            there(r#"{"a":{"b":null,"c":[1]}}"#),
            there(r#"{"b":null,"c":[1]}"#),
            there("null"),
            there("1"),
            None,
            None,
            None
        ]
    );
    assert_eq!(
        texts("2"),
        [there("null"), None, None, None, None, None, None]
    );
}

#[tokio::test]
async fn a_sink_that_has_enough_ends_the_scan() {
    let server = Server::new(
        "parallax_enough",
        "CREATE TABLE t (id int PRIMARY KEY) SELECT seq AS id FROM seq_1_to_300000",
    )
    .await;
    let projection = fields(&["id"], &[]);
    let parts = server
        .store
        .parts(&call(), &dataset("t"), &projection, 1)
        .await
        .expect("parts");
    let mut rows = Rows {
        limit: Some(10),
        ..Rows::default()
    };
    let scanned = server
        .store
        .scan(&call(), &parts[0], &projection, &mut rows)
        .await
        .expect("scanned");
    assert_eq!((scanned.rows, rows.rows.len()), (10, 10));
    assert_eq!(server.rows("SELECT 1").await, [[Value::I64(1)]]);
}

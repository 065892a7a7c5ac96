//! Whole datasets, part by part.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use parallax_core::store::{Fields, Projection, RowSink, Store, ValueRef};
use parallax_core::value::Value;

use crate::server::{Server, by, call, dataset};

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

fn fields(key: &[&str], listed: &[&str]) -> Projection {
    Projection {
        fields: Fields::Listed(
            listed
                .iter()
                .map(|it| it.parse().expect("a path"))
                .collect(),
        ),
        ..by(key)
    }
}

async fn scanned(store: &dyn Store, name: &str, fields: &Projection, want: usize) -> (usize, Rows) {
    let parts = store
        .parts(&call(), &dataset(name), fields, want)
        .await
        .expect("parts");
    let mut rows = Rows::default();
    let mut count = 0;
    for part in &parts {
        let scanned = store
            .scan(&call(), part, fields, &mut rows)
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
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 60000) AS i; DELETE FROM t WHERE id % 7 = 0;
        CREATE TABLE p (id int, v text) PARTITION BY HASH (id); CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 0);
        CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 1); CREATE TABLE p2 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 2); INSERT INTO p SELECT id, v FROM t;
        CREATE VIEW v AS SELECT * FROM t; CREATE TABLE e (id int)",
    )
    .await;
    let expected = 60000 - 60000 / 7;
    let projection = fields(&["id"], &["v"]);
    for (name, want, parts) in [
        ("t", 4, 4),
        ("t", 1, 1),
        ("p", 2, 2),
        ("p", 8, 3),
        ("v", 4, 1),
    ] {
        let (count, rows) = scanned(&*server.store, name, &projection, want).await;
        assert_eq!((count, rows.rows.len()), (parts, expected), "{name} {want}");
    }
    let (count, rows) = scanned(&*server.store, "e", &fields(&["id"], &[]), 4).await;
    assert_eq!((count, rows.rows.len()), (1, 0));
    let limited = Projection {
        filter: Some("id <= 100".to_owned()),
        ..projection
    };
    let (_, rows) = scanned(&*server.store, "t", &limited, 4).await;
    assert_eq!(rows.rows.len(), 86);
}

#[tokio::test]
async fn a_sink_that_has_enough_ends_the_scan() {
    let server = Server::new(
        "parallax_enough",
        "CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 500000) AS i",
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

#[tokio::test]
async fn cells_of_every_kind_are_those_that_a_record_has() {
    let server = Server::new(
        "parallax_cells",
        r#"CREATE TYPE spot AS (x int, y int); CREATE TABLE t (id bigint PRIMARY KEY, b boolean, s smallint, r real, f double precision, n numeric, t text, y bytea, z timestamptz, c timestamp, d date, m time, u uuid, j json, jb jsonb, i interval, a int[], o spot, k inet, w text[], v date[]);
        INSERT INTO t VALUES (1, true, -1, 0.1, 1e10, 1.50, 'ö', '\x00ff', '2024-02-29 12:00:00.5Z', '2024-02-29', '2024-02-29', '12:00', '67e55044-10b1-426f-9247-bb680e5fe0c8', '{"a":[1,{"b":null}]}', '{"a":2}', '1 day', '{1,NULL}', '(1,2)', '10.0.0.1', '{{"a,b",NULL},{"ü\"","null"}}', '{2024-02-29,infinity}'),
        (2), (3, false, 0, 'NaN', 'Infinity', 'NaN', '', '', 'infinity', '-infinity', 'infinity', '24:00', NULL, 'null', '[]', '1 hour', '{}', NULL, '::1', '{}', '{NULL}')"#
            .replace("(2),", &format!("(2{}),", ", NULL".repeat(20)))
            .as_str(),
    )
    .await;
    let columns = [
        "b", "s", "r", "f", "n", "t", "y", "z", "c", "d", "m", "u", "j", "jb", "i", "a", "o", "k",
        "nowhere", "j.a.1.b", "jb.a", "o.y", "a.0", "w", "v", "w.1.0",
    ];
    let projection = fields(&["id"], &columns);
    let (_, rows) = scanned(&*server.store, "t", &projection, 1).await;
    let keys: Vec<parallax_core::value::Key> = ["1", "2", "3"]
        .iter()
        .map(|it| parallax_core::value::Key::parse(it, 1).expect("a key"))
        .collect();
    let got = server
        .store
        .get(&call(), &dataset("t"), &keys, &by(&["id"]))
        .await
        .expect("got");
    for (key, record) in ["1", "2", "3"].iter().zip(&got.found) {
        let record = record
            .as_ref()
            .expect("no error")
            .as_ref()
            .expect("a record");
        for (at, column) in columns.iter().enumerate() {
            let expected = record.at(&column.parse().expect("a path"));
            let found = rows.rows[*key][at + 1].as_ref();
            assert_eq!(
                format!("{found:?}"),
                format!("{expected:?}"),
                "{key} {column}"
            );
        }
    }
}

//! Whole datasets.

use std::ops::ControlFlow;

use parallax_core::store::{Fields, RowSink, ValueRef};
use parallax_core::value::Value;

use crate::server::{Server, by, call};

/// Keeps what it is fed, at most so many rows.
struct Kept {
    rows: Vec<Vec<Option<Value>>>,
    most: usize,
}

impl RowSink for Kept {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.rows
            .push(cells.iter().map(|it| it.to_value()).collect());
        if self.rows.len() < self.most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

async fn scan(
    server: &Server,
    name: &str,
    key: &[&str],
    fields: &[&str],
    most: usize,
) -> Vec<Vec<Option<Value>>> {
    let (dataset, fields) = (server.dataset(name), by(key, fields));
    let parts = server
        .store
        .parts(&call(), &dataset, &fields, 4)
        .await
        .expect("parts");
    let mut kept = Kept {
        rows: Vec::new(),
        most,
    };
    for part in &parts {
        let scanned = server
            .store
            .scan(&call(), part, &fields, &mut kept)
            .await
            .expect("scanned");
        assert_eq!(scanned.unreadable, 0);
    }
    kept.rows.sort_by_key(|it| format!("{it:?}"));
    kept.rows
}

const NODES: &[&str] = &[
    "CREATE (:Item# {id: 1, name: 'a', tags: ['x', 'y'], at: datetime('2024-01-01T00:00:00Z'), place: point({x: 1, y: 2})}),
            (:Item# {id: 2, price: 1.5, raw: true})",
    "MATCH (a:Item# {id: 1}), (b:Item# {id: 2}) CREATE (a)-[:NEXT# {weight: 3}]->(b), (b)-[:NEXT#]->(a)",
];

#[tokio::test]
async fn cells_come_key_first_and_absent_where_they_are_not() {
    let server = Server::new(NODES).await;
    let fields = ["name", "price", "tags.1", "at", "place", "@labels"];
    let rows = scan(&server, "Item#", &["id"], &fields, 100).await;
    let instant = "2024-01-01T00:00:00Z".parse().expect("a time");
    let label = Some(Value::List(vec![Value::Text(server.named("Item#"))]));
    let point = Value::Native {
        type_name: "POINT".to_owned(),
        text: "point({srid:7203, x:1.0, y:2.0})".to_owned(),
    };
    assert_eq!(
        rows,
        [
            vec![
                Some(Value::I64(1)),
                Some(Value::from("a")),
                None,
                Some(Value::from("y")),
                Some(Value::Timestamp(instant)),
                Some(point),
                label.clone(),
            ],
            vec![
                Some(Value::I64(2)),
                None,
                Some(Value::F64(1.5)),
                None,
                None,
                None,
                label,
            ],
        ]
    );
}

#[tokio::test]
async fn relationships_are_scanned_by_the_keys_of_their_nodes() {
    let server = Server::new(NODES).await;
    let name = "(:Item#)-[:NEXT#]->(:Item#)";
    let rows = scan(&server, name, &["@start.id", "@end.id"], &["weight"], 100).await;
    let number = |it: i64| Some(Value::I64(it));
    assert_eq!(
        rows,
        [
            [number(1), number(2), number(3)],
            [number(2), number(1), None]
        ]
    );
}

#[tokio::test]
async fn a_scan_ends_where_the_sink_breaks_it() {
    let server = Server::new(&["UNWIND range(1, 50000) AS i CREATE (:Many# {id: i})"]).await;
    let rows = scan(&server, "Many#", &["id"], &[], 7).await;
    assert_eq!(rows.len(), 7);
    let rows = scan(&server, "Many#", &["id"], &[], usize::MAX).await;
    assert_eq!(rows.len(), 50_000);
    let distinct: std::collections::BTreeSet<String> =
        rows.iter().map(|it| format!("{it:?}")).collect();
    assert_eq!(distinct.len(), 50_000);
}

#[tokio::test]
async fn a_condition_limits_a_scan_and_a_label_without_nodes_is_empty() {
    let server = Server::new(NODES).await;
    let mut fields = by(&["id"], &["name"]);
    fields.filter = Some("n.price > 1".to_owned());
    let dataset = server.dataset("Item#");
    let parts = server
        .store
        .parts(&call(), &dataset, &fields, 4)
        .await
        .expect("parts");
    assert_eq!(parts[0].estimate, Some(2));
    let mut kept = Kept {
        rows: Vec::new(),
        most: 100,
    };
    let scanned = server
        .store
        .scan(&call(), &parts[0], &fields, &mut kept)
        .await
        .expect("scanned");
    assert_eq!((scanned.rows, kept.rows.len()), (1, 1));
    assert!(
        scan(&server, "Nobody#", &["id"], &["name"], 100)
            .await
            .is_empty()
    );
    fields.fields = Fields::All;
    let error = server
        .store
        .scan(&call(), &parts[0], &fields, &mut kept)
        .await;
    assert!(error.is_err());
}

//! Whole datasets: the parts cover them, and the cells are what the documents hold.

use std::ops::ControlFlow;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use parallax_core::error::ErrorKind;
use parallax_core::store::{Part, Projection, RowSink, Scanned, Store, ValueRef};
use parallax_core::value::Value;

use crate::server::{FERRET, JAVA, Server, ask, call, dataset, projection};

/// Keeps every row, up to a number.
struct Rows {
    rows: Vec<Vec<Option<Value>>>,
    most: usize,
}

impl RowSink for Rows {
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

async fn all(
    store: &dyn Store,
    name: &str,
    projection: &Projection,
    want: usize,
) -> (Vec<Vec<Option<Value>>>, Scanned, usize) {
    let parts = store
        .parts(&call(), &dataset(name), projection, want)
        .await
        .expect("parts");
    let mut rows = Rows {
        rows: Vec::new(),
        most: usize::MAX,
    };
    let mut scanned = Scanned::default();
    for part in &parts {
        let one = store
            .scan(&call(), part, projection, &mut rows)
            .await
            .expect("scanned");
        scanned.rows += one.rows;
        scanned.unreadable += one.unreadable;
    }
    (rows.rows, scanned, parts.len())
}

#[tokio::test]
async fn cells_are_key_first_then_fields_in_order() {
    for server in Server::all().await {
        let id = ObjectId::from_bytes([9; 12]);
        server
            .insert(
                "docs",
                &[
                    doc! { "_id": 1, "a": { "b": [10, { "c": "x" }] }, "d": 1.5, "e": true, "f": id },
                    doc! { "f": id, "e": null, "d": DateTime::from_millis(5), "_id": "two", "a": 7 },
                    doc! { "_id": id, "g": 1 },
                ],
            )
            .await;
        let wanted = projection(&["_id"], &["e", "a.b.1.c", "d", "@ttl_ms", "f", "a.b.0"]);
        let (mut rows, scanned, parts) = all(&*server.store(), "docs", &wanted, 4).await;
        assert_eq!(
            (scanned, parts),
            (
                Scanned {
                    rows: 3,
                    unreadable: 0
                },
                1
            )
        );
        rows.sort_by_key(|it| format!("{:?}", it[0]));
        let id = Value::Native {
            type_name: "objectId".into(),
            text: id.to_hex(),
        };
        let time =
            Value::Timestamp(parallax_core::value::Timestamp::from_millisecond(5).expect("one"));
        let expected = [
            vec![
                Some(Value::I64(1)),
                Some(Value::Bool(true)),
                Some(Value::from("x")),
                Some(Value::F64(1.5)),
                None,
                Some(id.clone()),
                Some(Value::I64(10)),
            ],
            vec![Some(id.clone()), None, None, None, None, None, None],
            vec![
                Some(Value::from("two")),
                Some(Value::Null),
                None,
                Some(time),
                None,
                Some(id),
                None,
            ],
        ];
        assert_eq!(rows, expected, "{}", server.place.name);
        server.end().await;
    }
}

#[tokio::test]
async fn filters_limit_and_a_sink_that_has_enough_ends_the_scan() {
    for server in Server::all().await {
        let documents: Vec<Document> = (0..3_000)
            .map(|it| doc! { "_id": it, "even": it % 2 == 0 })
            .collect();
        server.insert("many", &documents).await;
        let store = server.store();
        let mut wanted = projection(&["_id"], &["even"]);
        wanted.filter = Some("{ even: true }".to_owned());
        let (rows, ..) = all(&*store, "many", &wanted, 1).await;
        assert_eq!(rows.len(), 1_500);
        let parts = store
            .parts(&call(), &dataset("many"), &wanted, 1)
            .await
            .expect("parts");
        let mut few = Rows {
            rows: Vec::new(),
            most: 10,
        };
        let scanned = store
            .scan(&call(), &parts[0], &wanted, &mut few)
            .await
            .expect("scanned");
        assert_eq!((few.rows.len(), scanned.rows), (10, 10));
        let error = store
            .parts(&call(), &dataset("mnay"), &wanted, 1)
            .await
            .expect_err("not there");
        assert_eq!(error.kind, ErrorKind::NotFound);
        server.end().await;
    }
}

/// An answer with all of them would be longer than the driver takes, and this server sets no limit itself.
#[tokio::test]
async fn documents_of_a_mebibyte_come_in_several_answers() {
    let server = Server::of(FERRET).await;
    let value = "x".repeat(1 << 20);
    for id in 0..50 {
        server
            .insert("large", &[doc! { "_id": id, "value": &value }])
            .await;
    }
    let store = server.store();
    let wanted = projection(&["_id"], &["value"]);
    let (rows, ..) = all(&*store, "large", &wanted, 1).await;
    assert_eq!(rows.len(), 50);
    let answer = ask(&*store, "db.large.find()").await;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    assert_eq!(answer.rows(0).len(), 50);
    server.end().await;
}

/// What a server that reads ranges is asked for, on one that looks at every document for each. Keys of other types than
/// those at the ends are in the first part.
#[tokio::test]
async fn ranges_cover_every_document_once() {
    let server = Server::of(JAVA).await;
    let mut documents: Vec<Document> = (0..300).map(|it| doc! { "_id": it }).collect();
    documents.extend([
        doc! { "_id": "text" },
        doc! { "_id": -5 },
        doc! { "_id": 1e9 },
    ]);
    server.insert("many", &documents).await;
    let wanted = projection(&["_id"], &[]);
    let store = server.store();
    let whole = store
        .parts(&call(), &dataset("many"), &wanted, 8)
        .await
        .expect("parts");
    let bounds = [
        ("{ _id: { $not: { $gte: ? } } }", vec![100]),
        ("{ _id: { $gte: ?, $lt: ? } }", vec![100, 200]),
        ("{ _id: { $gte: ? } }", vec![200]),
    ];
    let mut keys = Rows {
        rows: Vec::new(),
        most: usize::MAX,
    };
    let mut counts = Vec::new();
    for (condition, values) in bounds {
        let values = values.into_iter().map(Value::I64).collect();
        let part = Part {
            bounds: Some((condition.to_owned(), values)),
            ..whole[0].clone()
        };
        let scanned = store.scan(&call(), &part, &wanted, &mut keys).await;
        counts.push(scanned.expect("scanned").rows);
    }
    let mut keys: Vec<String> = keys
        .rows
        .iter()
        .map(|it| it[0].as_ref().expect("a key").to_string())
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(whole.len(), 1);
    assert_eq!((counts, keys.len()), (vec![102, 100, 101], 303));
    server.end().await;
}

//! Records by key, by a field, the newest, outboxes, and what datasets there are.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, doc};
use parallax_core::error::ErrorKind;
use parallax_core::lag::OutboxProbe;
use parallax_core::store::{DataModel, Needle, Newest, Search, Subject};
use parallax_core::value::{Key, Value};

use crate::server::{FERRET, JAVA, Server, call, dataset, get, key, path, projection};

fn text(it: &str) -> Value {
    Value::from(it)
}

#[tokio::test]
async fn records_come_in_the_order_of_their_keys_whatever_type_those_have() {
    for server in Server::all().await {
        let id = ObjectId::parse_str("507f1f77bcf86cd799439011").expect("an id");
        let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
        let binary = mongodb::bson::Binary {
            subtype: mongodb::bson::spec::BinarySubtype::Uuid,
            bytes: uuid
                .parse::<parallax_core::value::Uuid>()
                .expect("one")
                .as_bytes()
                .to_vec(),
        };
        server
            .insert(
                "users",
                &[
                    doc! { "_id": 1, "n": "int32" },
                    doc! { "_id": 2_i64, "n": "int64" },
                    doc! { "_id": 3.0, "n": "double" },
                    doc! { "_id": 4.5, "n": "fraction" },
                    doc! { "_id": "5", "n": "text" },
                    doc! { "_id": id, "n": "objectId" },
                    doc! { "_id": Bson::Binary(binary), "n": "uuid" },
                    doc! { "_id": DateTime::from_millis(1_706_702_400_000), "n": "date" },
                ],
            )
            .await;
        let store = server.store();
        let keys = [
            text(uuid),
            text("1"),
            text("2"),
            text("gone"),
            text("3"),
            text("4.5"),
            text("5"),
            text("01"),
            text("507f1f77bcf86cd799439011"),
            text("2024-01-31T12:00:00Z"),
            Value::I64(5),
            Value::F64(1.0),
            text("1"),
        ];
        let keys: Vec<Key> = keys.into_iter().map(key).collect();
        let got = get(&*store, "users", &keys, &["*"]).await;
        let names: Vec<String> = got
            .found
            .into_iter()
            .map(|it| match it.expect("read") {
                Some(record) => record.at(&path("n")).expect("there").to_string(),
                None => "-".to_owned(),
            })
            .collect();
        assert_eq!(
            names.join(" "),
            "uuid int32 int64 - double fraction text - objectId date text int32 int32",
            "{}",
            server.place.name
        );
        assert!(
            got.statement.contains("find({ \"_id\": {{_id}} }"),
            "{}",
            got.statement
        );
        server.end().await;
    }
}

#[tokio::test]
async fn two_documents_under_one_key_are_told() {
    for server in Server::all().await {
        server
            .insert(
                "users",
                &[
                    doc! { "_id": 42, "a": 1 },
                    doc! { "_id": "42", "a": 2 },
                    doc! { "_id": 43 },
                ],
            )
            .await;
        let store = server.store();
        let got = get(
            &*store,
            "users",
            &[key(text("42")), key(text("43"))],
            &["*"],
        )
        .await;
        let error = got.found[0].as_ref().expect_err("two of them");
        assert_eq!(error.kind, ErrorKind::Unreadable);
        assert!(error.to_string().contains("several documents"), "{error}");
        assert!(got.found[1].as_ref().is_ok_and(Option::is_some));
        server.end().await;
    }
}

#[tokio::test]
async fn composite_keys_nested_fields_and_filters_are_the_servers_work() {
    for server in Server::all().await {
        let row = |region: &str, n: i32, deleted: bool| {
            doc! { "_id": { "region": region, "n": n }, "a": { "b": [1, { "c": n }] }, "z": 1, "deleted": deleted }
        };
        server
            .insert(
                "orders",
                &[row("eu", 1, false), row("eu", 2, true), row("us", 1, false)],
            )
            .await;
        let store = server.store();
        let mut projection = projection(&["_id.region", "_id.n"], &["a.b.1.c", "nothing"]);
        let keys: Vec<Key> = [("us", 1), ("eu", 2), ("eu", 1), ("eu", 3)]
            .into_iter()
            .map(|(region, n)| Key::new(vec![text(region), Value::I64(n)]))
            .collect();
        let got = store
            .get(&call(), &dataset("orders"), &keys, &projection)
            .await
            .expect("read");
        let values: Vec<Option<Value>> = got
            .found
            .iter()
            .map(|it| {
                it.as_ref()
                    .expect("read")
                    .as_ref()
                    .map(|it| it.at(&path("a.b.1.c")).expect("there").clone())
            })
            .collect();
        assert_eq!(
            values,
            [
                Some(Value::I64(1)),
                Some(Value::I64(2)),
                Some(Value::I64(1)),
                None
            ]
        );
        let first = got.found[0]
            .as_ref()
            .expect("read")
            .as_ref()
            .expect("there");
        assert!(
            first.at(&path("z")).is_none(),
            "only what is wanted is read"
        );
        projection.filter = Some("{ deleted: { $ne: true } }".to_owned());
        let got = store
            .get(&call(), &dataset("orders"), &keys, &projection)
            .await
            .expect("read");
        assert!(
            got.found[1].as_ref().expect("read").is_none(),
            "it is deleted"
        );
        assert!(got.found[2].as_ref().expect("read").is_some());
        server.end().await;
    }
}

#[tokio::test]
async fn fields_are_searched_by_what_their_text_means_or_holds() {
    for server in Server::all().await {
        server
            .insert(
                "users",
                &[
                    doc! { "_id": 1, "name": "Ann (a.b)", "age": 30, "tags": ["x", "y"] },
                    doc! { "_id": 2, "name": "ann aXb", "age": "30" },
                    doc! { "_id": 3, "name": "Bob", "age": 31 },
                ],
            )
            .await;
        let store = server.store();
        let found = async |paths: &[&str], needle: Needle, limit: u32| {
            let search = Search {
                paths: paths.iter().map(|it| path(it)).collect(),
                needle,
                limit,
            };
            let records = store
                .find(
                    &call(),
                    &dataset("users"),
                    &search,
                    &projection(&["_id"], &["*"]),
                )
                .await;
            let mut keys: Vec<String> = records
                .expect("found")
                .iter()
                .map(|it| it.key.to_string())
                .collect();
            keys.sort();
            keys.join(" ")
        };
        assert_eq!(
            found(&["age"], Needle::Equals("30".into()), 10).await,
            "1 2"
        );
        assert_eq!(found(&["tags"], Needle::Equals("y".into()), 10).await, "1");
        assert_eq!(
            found(&["name"], Needle::Contains("A.B".into()), 10).await,
            "1"
        );
        assert_eq!(
            found(&["name", "age"], Needle::Contains("ANN".into()), 10).await,
            "1 2"
        );
        assert_eq!(
            found(&["name"], Needle::Contains("n".into()), 1)
                .await
                .len(),
            1
        );
        assert_eq!(found(&[], Needle::Contains("n".into()), 1).await, "");
        server.end().await;
    }
}

#[tokio::test]
async fn the_newest_come_first() {
    for server in Server::all().await {
        let at = |millis: i64| DateTime::from_millis(millis);
        server
            .insert(
                "users",
                &[
                    doc! { "_id": 1, "at": at(5_000) },
                    doc! { "_id": 2, "at": at(9_000) },
                    doc! { "_id": 3 },
                    doc! { "_id": 4, "at": at(7_000) },
                ],
            )
            .await;
        let newest = Newest {
            version: path("at"),
            limit: 2,
        };
        let records = server
            .store()
            .newest(
                &call(),
                &dataset("users"),
                &newest,
                &projection(&["_id"], &["at"]),
            )
            .await;
        let keys: Vec<String> = records
            .expect("read")
            .iter()
            .map(|it| it.key.to_string())
            .collect();
        assert_eq!(keys, ["2", "4"], "{}", server.place.name);
        server.end().await;
    }
}

#[tokio::test]
async fn an_outbox_is_read() {
    for server in Server::all().await {
        let at = |seconds: i64| DateTime::from_millis(seconds * 1_000);
        server
            .insert(
                "outbox",
                &[
                    doc! { "_id": 1, "about": "users", "key": 7, "created": at(10), "sent": at(11) },
                    doc! { "_id": 2, "about": "users", "key": 7, "created": at(20), "sent": null },
                    doc! { "_id": 3, "about": "users", "key": "8", "created": at(15) },
                    doc! { "_id": 4, "about": "orders", "key": 7, "created": at(1), "sent": null },
                ],
            )
            .await;
        let probe = OutboxProbe {
            table: dataset("outbox"),
            created: path("created"),
            sent: path("sent"),
            dataset: Some(path("about")),
            key: Some(path("key")),
        };
        let subject = Subject {
            names: vec!["users".to_owned()],
            keys: vec!["8".to_owned(), "7".to_owned(), "9".to_owned()],
        };
        let backlog = server
            .store()
            .backlog(&call(), &probe, &subject)
            .await
            .expect("read");
        let second =
            |it: Option<parallax_core::value::Timestamp>| it.map(jiff::Timestamp::as_second);
        assert_eq!(
            (
                backlog.unsent,
                second(backlog.oldest),
                second(backlog.last_sent)
            ),
            (2, Some(15), Some(11))
        );
        let subjects: Vec<_> = backlog
            .subjects
            .iter()
            .map(|it| {
                (
                    it.unsent,
                    second(it.oldest),
                    second(it.last_created),
                    second(it.last_sent),
                )
            })
            .collect();
        assert_eq!(
            subjects,
            [
                (1, Some(15), Some(15), None),
                (1, Some(20), Some(20), Some(11)),
                (0, None, None, None),
            ]
        );
        server.end().await;
    }
}

#[tokio::test]
async fn datasets_are_collections_and_shapes_are_sampled() {
    for server in Server::all().await {
        server
            .insert(
                "users",
                &[
                    doc! { "_id": 1, "a": 1, "b": null, "d": DateTime::from_millis(0) },
                    doc! { "_id": 2, "a": "x", "c": { "z": 1 } },
                ],
            )
            .await;
        server.insert("odd.name here", &[doc! { "_id": 1 }]).await;
        let index = doc! { "createIndexes": "users", "indexes": [{ "key": { "a": 1, "c.z": -1 }, "name": "by_a", "unique": true }] };
        server.owner().run_command(index).await.expect("an index");
        let store = server.store();
        let datasets = store.datasets(&call()).await.expect("listed");
        let names: Vec<(&str, Option<u64>)> = datasets
            .iter()
            .map(|it| (it.id.name.as_str(), it.estimate))
            .collect();
        assert_eq!(names, [("\"odd.name here\"", Some(1)), ("users", Some(2))]);
        let shape = store
            .describe(&call(), &dataset("users"))
            .await
            .expect("described");
        assert_eq!(shape.model, DataModel::Document);
        assert_eq!((shape.estimate, shape.sampled), (Some(2), Some(2)));
        let fields: Vec<String> = shape
            .fields
            .iter()
            .map(|it| {
                let types: Vec<String> = it
                    .types
                    .iter()
                    .map(|it| format!("{}:{}", it.type_name, it.share))
                    .collect();
                format!("{} {} {}", it.name, types.join(","), it.nullable)
            })
            .collect();
        assert_eq!(
            fields,
            [
                "_id int:1 false",
                "a int:0.5,text:0.5 false",
                "b  true",
                "d timestamp:1 true",
                "c map:1 true"
            ]
        );
        let index = shape
            .indices
            .iter()
            .find(|it| it.name == "by_a")
            .expect("the index");
        assert_eq!(index.fields, ["a", "c.z (-1)"]);
        assert!(
            index.unique
                && shape
                    .indices
                    .iter()
                    .any(|it| it.fields == ["_id"] && it.unique)
        );
        let odd = store
            .describe(&call(), &datasets[0].id)
            .await
            .expect("described");
        assert_eq!(odd.sampled, Some(1));
        let error = store
            .describe(&call(), &dataset("usres"))
            .await
            .expect_err("not there");
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(error.hint.as_deref(), Some("did you mean \"users\"?"));
        let other = dataset(&format!("{}.users", server.database));
        assert!(
            store.describe(&call(), &other).await.is_ok(),
            "a dataset may name its database"
        );
        server.end().await;
    }
}

#[tokio::test]
async fn a_thousand_gets_at_one_time_lose_nothing() {
    for name in [FERRET, JAVA] {
        let server = Server::of(name).await;
        let documents: Vec<_> = (0..20).map(|it| doc! { "_id": it, "a": it * 2 }).collect();
        server.insert("users", &documents).await;
        let store = server.store();
        let gets = (0..1_000_i64).map(|at| {
            let store = &store;
            async move {
                let keys = [key(Value::I64(at % 20)), key(text("no such key"))];
                let got = get(&**store, "users", &keys, &["a"]).await;
                let first = got.found[0]
                    .as_ref()
                    .expect("read")
                    .as_ref()
                    .expect("there");
                assert_eq!(first.at(&path("a")), Some(&Value::I64(at % 20 * 2)));
                assert!(got.found[1].as_ref().expect("read").is_none());
            }
        });
        futures::future::join_all(gets).await;
        server.end().await;
    }
}

#[tokio::test]
async fn values_of_eight_mebibytes_pass() {
    for server in Server::all().await {
        let large = "x".repeat(8 << 20);
        server
            .insert("large", &[doc! { "_id": "big", "value": &large }])
            .await;
        let got = get(&*server.store(), "large", &[key(text("big"))], &["value"]).await;
        let record = got.found[0]
            .as_ref()
            .expect("read")
            .as_ref()
            .expect("there");
        assert!(matches!(record.at(&path("value")), Some(Value::Text(it)) if *it == large));
        server.end().await;
    }
}

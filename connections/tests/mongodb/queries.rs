//! Statements as in the shell, on both servers.

use std::time::Duration;

use futures::StreamExt as _;
use mongodb::bson::{Document, doc};
use parallax_core::error::ErrorKind;
use parallax_core::store::{Access, Chunk, Statement};
use parallax_core::value::Value;

use crate::server::{FERRET, Server, ask, ask_as, call, call_within, writing};

async fn with_users(server: &Server) {
    let user = |id: i32, name: &str, age: i32| doc! { "_id": id, "name": name, "age": age, "tags": ["a", name] };
    server
        .insert(
            "users",
            &[user(1, "Ann", 30), user(2, "Bob", 25), user(3, "Cid", 35)],
        )
        .await;
}

#[tokio::test]
async fn statements_of_the_shell_give_rows() {
    for server in Server::all().await {
        with_users(&server).await;
        let store = server.store();
        let first = async |text: &str| {
            let answer = ask(&*store, text).await;
            assert!(
                answer.error.is_none(),
                "{} {text}: {:?}",
                server.place.name,
                answer.error
            );
            let rows = answer.rows(0);
            rows.iter()
                .map(|it| it[0].to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (text, expected) in [
            (
                "db.users.find({age: {$gt: 26}}, {name: 1, _id: 0}).sort({age: -1})",
                "Cid Ann",
            ),
            ("db.users.find().sort({_id: 1}).skip(1).limit(1)", "2"),
            ("db.users.findOne({name: /^b/i})", "2"),
            ("db['users'].find({tags: 'Bob'})", "2"),
            (
                "db.getCollection('users').find({_id: {$in: [NumberLong('3')]}})",
                "3",
            ),
            (
                "db.users.aggregate([{$match: {age: {$lt: 31}}}, {$sort: {_id: 1}}])",
                "1 2",
            ),
            ("db.users.countDocuments({age: {$gt: 26}})", "2"),
            ("db.users.countDocuments({age: 99})", "0"),
            ("db.users.estimatedDocumentCount()", "3"),
            ("db.users.find({age: {$gt: 26}}).count()", "2"),
            ("db.users.distinct('name', {age: {$gt: 26}})", "Ann Cid"),
            ("{ \"count\": \"users\" }", "3"),
            ("db.runCommand({ping: 1})", "1.0"),
        ] {
            assert_eq!(first(text).await, expected, "{} {text}", server.place.name);
        }
        assert!(
            first("show dbs")
                .await
                .split(' ')
                .any(|it| it == server.database)
        );
        assert_eq!(first("show collections").await, "users");
        let indices = ask(&*store, "db.users.getIndexes()").await;
        assert!(indices.columns(0).contains(&"key"), "{indices:?}");
        let sibling = format!(
            "db.getSiblingDB('{}').users.find({{_id: 1}})",
            server.database
        );
        assert_eq!(first(&sibling).await, "1");
        server.end().await;
    }
}

#[tokio::test]
async fn several_statements_give_several_results() {
    for server in Server::all().await {
        with_users(&server).await;
        let text =
            "db.users.find({_id: 1}) // one\ndb.users.find({_id: 99}); db.users.countDocuments()";
        let answer = ask(&*server.store(), text).await;
        assert!(answer.error.is_none(), "{:?}", answer.error);
        let rows: Vec<usize> = (0..3).map(|it| answer.rows(it).len()).collect();
        assert_eq!(rows, [1, 0, 1]);
        assert_eq!(answer.affected.len(), 3);
        server.end().await;
    }
}

#[tokio::test]
async fn parameters_are_bound_with_their_type() {
    for server in Server::all().await {
        with_users(&server).await;
        let store = server.store();
        let text = "db.users.find({_id: {{id}}, name: {$ne: {{evil}}}})";
        let evil = Value::from("'}), db.users.drop()");
        let rows = async |id: Value| {
            let answer = ask_as(
                &*store,
                &call(),
                text,
                &[("id", id), ("evil", evil.clone())],
            )
            .await;
            assert!(answer.error.is_none(), "{:?}", answer.error);
            answer.rows(0).len()
        };
        assert_eq!(rows(Value::I64(1)).await, 1);
        assert_eq!(rows(Value::from("1")).await, 0, "text is no number");
        let answer = ask(&*store, text).await;
        let error = answer.error.expect("refused");
        assert!(error.to_string().contains("line 1, column 21"), "{error}");
        server.end().await;
    }
}

#[tokio::test]
async fn long_results_stream_and_later_fields_have_a_place() {
    for server in Server::all().await {
        let mut documents: Vec<Document> = (0..5_000)
            .map(|it| doc! { "_id": it, "a": "x".repeat(100) })
            .collect();
        documents.push(doc! { "_id": 5_000, "late": true });
        server.insert("many", &documents).await;
        let answer = ask(&*server.store(), "db.many.find().sort({_id: 1})").await;
        assert!(answer.error.is_none(), "{:?}", answer.error);
        assert_eq!(answer.columns(0), ["_id", "a", "@other"]);
        let rows = answer.rows(0);
        assert_eq!(rows.len(), 5_001);
        assert_eq!(rows[5_000][2].to_string(), "{\"late\":true}");
        assert_eq!(answer.notices.len(), 1);
        assert!(answer.results[0].iter().all(|it| it.rows <= 1_024));
        server.end().await;
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_told_with_code_and_place() {
    for server in Server::all().await {
        with_users(&server).await;
        let store = server.store();
        let error = ask(
            &*store,
            "db.users.find({_id: 1})\ndb.users.find({a: {$nonsense: 1}})",
        )
        .await
        .error;
        let error = error.expect("refused");
        assert!(
            matches!(error.kind, ErrorKind::InvalidInput | ErrorKind::Unsupported),
            "{error}"
        );
        assert!(
            error.to_string().contains("in line 2") && error.to_string().contains("code"),
            "{error}"
        );
        let error = ask(&*store, "db.users.aggregate([{$graphNonsense: {}}])")
            .await
            .error
            .expect("refused");
        assert!(
            matches!(error.kind, ErrorKind::InvalidInput | ErrorKind::Unsupported),
            "{error}"
        );
        let error = ask(&*store, "db.users.fnd()").await.error.expect("refused");
        assert_eq!(error.hint.as_deref(), Some("did you mean \"find\"?"));
        server.end().await;
    }
    let server = Server::of(FERRET).await;
    with_users(&server).await;
    let error = ask(
        &*server.store(),
        "db.users.aggregate([{$sample: {size: 1}}])",
    )
    .await
    .error
    .expect("refused");
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    server.end().await;
}

#[tokio::test]
async fn writes_are_counted_where_they_are_allowed() {
    for server in Server::all().await {
        let store = server.store_with(Access::ReadWrite);
        let text = "db.w.insertMany([{_id: 1, a: 1}, {_id: 2, a: 1}, {a: 2}]);
            db.w.updateMany({a: 1}, {$set: {a: 5}});
            db.w.updateOne({_id: 9}, {$set: {a: 5}}, {upsert: true});
            db.w.deleteOne({_id: 1})
            db.w.find({_id: 9})";
        let answer = ask_as(&*store, &writing(), text, &[]).await;
        assert!(
            answer.error.is_none(),
            "{} {:?}",
            server.place.name,
            answer.error
        );
        assert_eq!(
            answer.affected,
            [Some(3), Some(2), Some(1), Some(1), None],
            "{}",
            server.place.name
        );
        let error = ask_as(&*store, &writing(), "db.w.insertOne({_id: 2})", &[])
            .await
            .error;
        assert_eq!(error.expect("twice").kind, ErrorKind::InvalidInput);
        server.end().await;
    }
}

#[tokio::test]
async fn a_result_that_is_not_read_to_its_end_leaves_no_cursor() {
    let server = Server::of(FERRET).await;
    let documents: Vec<Document> = (0..5_000).map(|it| doc! { "_id": it }).collect();
    server.insert("many", &documents).await;
    let store = server.store();
    let statement = Statement {
        text: "db.many.find()".to_owned(),
        parameters: Vec::new(),
    };
    for _ in 0..40 {
        let mut rows = store.query(&call(), &statement).await.expect("begun");
        assert!(matches!(rows.next().await, Some(Ok(Chunk::Rows(_)))));
    }
    // More results were begun and dropped than there are connections: all of them are free again.
    let got = ask(&*store, "db.many.countDocuments()").await.cell();
    assert_eq!(got.to_string(), "5000");
    server.end().await;
}

/// One server ends a statement at the deadline by itself; the other is not told of the time, and works on for nobody.
#[tokio::test]
async fn a_statement_that_takes_long_ends_at_the_deadline() {
    for server in Server::all().await {
        // Few, for the second goes on with them after we have gone.
        let numbers: Vec<i32> = (0..120).collect();
        let wide = (0..2).map(|it| doc! { "_id": it, "a": &numbers, "b": &numbers });
        let last = if server.place.name == FERRET {
            20_000
        } else {
            2
        };
        let long = (2..last).map(|it| doc! { "_id": it, "c": "x".repeat(200) });
        server
            .insert("many", &wide.chain(long).collect::<Vec<Document>>())
            .await;
        let text = match server.place.name {
            FERRET => "db.many.find({c: /(x+x+)+y/}).sort({c: 1})",
            _ => {
                "db.many.aggregate([{$unwind: '$a'}, {$unwind: '$b'}, {$group: {_id: '$a', n: {$sum: 1}}}])"
            }
        };
        let store = server.store();
        store.ping(&call()).await.expect("an answer");
        let began = std::time::Instant::now();
        let answer = ask_as(&*store, &call_within(Duration::from_millis(100)), text, &[]).await;
        let took = began.elapsed();
        let name = server.place.name;
        let error = answer
            .error
            .unwrap_or_else(|| panic!("{name} was done after {took:?}"));
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
        assert!(took < Duration::from_secs(2), "{name}: {took:?}");
        store.ping(&call()).await.expect("it goes on");
        server.end().await;
    }
}

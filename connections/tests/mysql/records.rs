//! Records by key, by a field, by their version, and outboxes.

use parallax_core::error::ErrorKind;
use parallax_core::lag::OutboxProbe;
use parallax_core::store::{Needle, Newest, Search, Subject};
use parallax_core::value::{Key, Record, Value};

use crate::ask::{by, call, fields};
use crate::server::{Server, dataset};

fn keys(texts: &[&str], parts: usize) -> Vec<Key> {
    texts
        .iter()
        .map(|it| Key::parse(it, parts).expect("a key"))
        .collect()
}

fn number(record: &Record, path: &str) -> i64 {
    match record.at(&path.parse().expect("a path")) {
        Some(Value::I64(it)) => *it,
        other => panic!("{path} is {other:?}"),
    }
}

async fn found(server: &Server, name: &str, key: &[&str], asked: &[Key]) -> Vec<Option<i64>> {
    let got = server
        .store
        .get(&call(), &dataset(name), asked, &by(key))
        .await
        .expect("read");
    let one = |it: &Result<Option<Record>, _>| {
        it.as_ref()
            .expect("read")
            .as_ref()
            .map(|it| number(it, "n"))
    };
    got.found.iter().map(one).collect()
}

#[tokio::test]
async fn records_come_in_the_order_of_their_keys() {
    let server = Server::new(
        "parallax_keys",
        "CREATE TABLE t (id bigint PRIMARY KEY, n int); INSERT INTO t SELECT seq, seq FROM seq_1_to_20000",
    )
    .await;
    let asked: Vec<String> = (1..=12_000).rev().map(|it| (it * 2).to_string()).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let got = found(&server, "t", &["id"], &keys(&asked, 1)).await;
    for (text, found) in asked.iter().zip(got) {
        let id: i64 = text.parse().expect("a number");
        assert_eq!(found, (id <= 20_000).then_some(id));
    }
    let odd = keys(
        &["1", "x", "01", "1 or 1=1", "1", "99999999999999999999", ""],
        1,
    );
    let expected = [Some(1), None, None, None, Some(1), None, None];
    assert_eq!(found(&server, "t", &["id"], &odd).await, expected);
    assert!(found(&server, "t", &["id"], &[]).await.is_empty());
}

#[tokio::test]
async fn a_text_key_is_exactly_the_one_asked_for() {
    let server = Server::new(
        "parallax_exact",
        "CREATE TABLE t (id varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, n int); INSERT INTO t VALUES ('ann', 1), ('Bob', 2), ('é', 3), ('it''s \\\\ %', 4), ('', 5), ('日本', 6);
        CREATE TABLE l (id varchar(20) CHARACTER SET latin1 PRIMARY KEY, n int); INSERT INTO l VALUES ('ä', 1), ('a', 2);
        CREATE TABLE c (id char(5) PRIMARY KEY, n int); INSERT INTO c VALUES ('x', 1);
        CREATE TABLE same (id varchar(5), n int); INSERT INTO same VALUES ('a', 1), ('a', 2), ('A', 3)",
    )
    .await;
    for (text, expected) in [
        ("ann", Some(1)),
        ("ANN", None),
        ("ann ", None),
        ("bob", None),
        ("Bob", Some(2)),
        ("e", None),
        ("é", Some(3)),
        ("it's \\ %", Some(4)),
        ("", Some(5)),
        ("日本", Some(6)),
        ("日", None),
        ("😀", None),
    ] {
        assert_eq!(
            found(&server, "t", &["id"], &keys(&[text], 1)).await,
            [expected],
            "{text}"
        );
    }
    let latin = keys(&["ä", "a", "A", "日"], 1);
    assert_eq!(
        found(&server, "l", &["id"], &latin).await,
        [Some(1), Some(2), None, None]
    );
    let padded = keys(&["x", "x ", "X"], 1);
    assert_eq!(
        found(&server, "c", &["id"], &padded).await,
        [Some(1), None, None]
    );
    let several = keys(&["a", "A"], 1);
    let got = server
        .store
        .get(&call(), &dataset("same"), &several, &by(&["id"]))
        .await;
    let got = got.expect("read");
    assert_eq!(
        got.found[0].as_ref().expect_err("two").kind,
        ErrorKind::Unreadable
    );
    assert!(
        got.found[1].as_ref().expect("read").is_some(),
        "one key's failure is its own"
    );
}

#[tokio::test]
async fn a_key_is_compared_as_its_column_has_it() {
    let server = Server::new(
        "parallax_typed",
        "CREATE TABLE b (id binary(16) PRIMARY KEY, n int); INSERT INTO b VALUES (unhex('123e4567e89b12d3a456426614174000'), 1);
        CREATE TABLE u (id uuid PRIMARY KEY, n int); INSERT INTO u VALUES ('123e4567-e89b-12d3-a456-426614174000', 1);
        CREATE TABLE e (id enum('a','b') PRIMARY KEY, n int); INSERT INTO e VALUES ('b', 1);
        CREATE TABLE d (id decimal(10,2) PRIMARY KEY, n int); INSERT INTO d VALUES (1.50, 1);
        CREATE TABLE s (id timestamp(6) PRIMARY KEY, n int); INSERT INTO s VALUES ('2024-02-29 01:02:03.5', 1)",
    )
    .await;
    let uuid = "123e4567-e89b-12d3-a456-426614174000";
    let typed = [Key::new(vec![Value::Uuid(uuid.parse().expect("a UUID"))])];
    assert_eq!(found(&server, "b", &["id"], &typed).await, [Some(1)]);
    for (name, text, expected) in [
        ("u", uuid, Some(1)),
        ("u", "x", None),
        ("e", "b", Some(1)),
        ("e", "a", None),
        ("e", "B", None),
        ("e", "c", None),
        ("d", "1.5", Some(1)),
        ("d", "1.50", Some(1)),
        ("d", "1.501", None),
        ("s", "2024-02-29T01:02:03.5Z", Some(1)),
        ("s", "2024-02-29T02:02:03.5+01:00", Some(1)),
        ("s", "2024-02-29T01:02:03Z", None),
    ] {
        assert_eq!(
            found(&server, name, &["id"], &keys(&[text], 1)).await,
            [expected],
            "{name} {text}"
        );
    }
}

#[tokio::test]
async fn a_key_of_several_parts_is_one_statement_with_a_position() {
    let server = Server::new(
        "parallax_composite",
        "CREATE TABLE `t``x` (region varchar(5), `no``` int, n int, PRIMARY KEY (region, `no```)); INSERT INTO `t``x` VALUES ('eu', 17, 1), ('us', 17, 2), ('eu', 18, 3)",
    )
    .await;
    let asked = keys(
        &[
            r#"["us",17]"#,
            r#"["eu",18]"#,
            r#"["eu",19]"#,
            r#"["EU",17]"#,
        ],
        2,
    );
    let name = "\"t`x\"";
    assert_eq!(
        found(&server, name, &["region", "no`"], &asked).await,
        [Some(2), Some(3), None, None]
    );
    let got = server
        .store
        .get(
            &call(),
            &dataset(name),
            &asked,
            &fields(&["region", "no`"], &["n"]),
        )
        .await
        .expect("read");
    assert!(got.statement.ends_with("IN ((?, ?))"), "{}", got.statement);
    assert!(
        got.position.is_some_and(|it| it.position.is_some()),
        "the server keeps a log"
    );
    let body = &got.found[0]
        .as_ref()
        .expect("read")
        .as_ref()
        .expect("there")
        .body;
    assert_eq!(body.to_string(), r#"{"n":2}"#);
}

#[tokio::test]
async fn a_filter_limits_the_dataset_and_cannot_break_out() {
    let server = Server::new(
        "parallax_filter",
        "CREATE TABLE t (id int PRIMARY KEY, n int, gone bool); INSERT INTO t VALUES (1, 1, 0), (2, 2, 1)",
    )
    .await;
    let mut limited = by(&["id"]);
    limited.filter = Some("gone = 0 -- alive".to_owned());
    let got = server
        .store
        .get(&call(), &dataset("t"), &keys(&["1", "2"], 1), &limited)
        .await
        .expect("read");
    let there: Vec<bool> = got
        .found
        .iter()
        .map(|it| it.as_ref().expect("read").is_some())
        .collect();
    assert_eq!(there, [true, false]);
    limited.filter = Some("gone = 0) or (1".to_owned());
    let error = server
        .store
        .get(&call(), &dataset("t"), &keys(&["1"], 1), &limited)
        .await;
    assert_eq!(error.expect_err("broken").kind, ErrorKind::InvalidInput);
    let error = server
        .store
        .get(&call(), &dataset("t"), &keys(&["1"], 1), &by(&["ident"]))
        .await;
    assert_eq!(error.expect_err("no key").kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn records_are_found_by_a_field() {
    let server = Server::new(
        "parallax_find",
        r#"CREATE TABLE t (id bigint PRIMARY KEY, name varchar(50), note text, doc json, u uuid);
        INSERT INTO t VALUES (1, 'Ann', '100% sure_', '{"mail": "a@x"}', '123e4567-e89b-12d3-a456-426614174000'), (2, 'ANN', 'It|', '{"mail": "b@x"}', NULL), (3, 'bob', 'ÄRGER', '{}', NULL)"#,
    )
    .await;
    for (path, needle, expected) in [
        ("name", Needle::Equals("Ann".to_owned()), &[1][..]),
        ("id", Needle::Equals("2".to_owned()), &[2]),
        ("id", Needle::Equals("two".to_owned()), &[]),
        (
            "u",
            Needle::Equals("123e4567-e89b-12d3-a456-426614174000".to_owned()),
            &[1],
        ),
        ("doc.mail", Needle::Equals("b@x".to_owned()), &[2]),
        ("name", Needle::Contains("nn".to_owned()), &[1, 2]),
        ("note", Needle::Contains("0% SURE_".to_owned()), &[1]),
        ("note", Needle::Contains("%".to_owned()), &[1]),
        ("note", Needle::Contains("|".to_owned()), &[2]),
        ("note", Needle::Contains("ärg".to_owned()), &[3]),
        ("id", Needle::Contains("3".to_owned()), &[3]),
        ("nowhere", Needle::Contains("3".to_owned()), &[]),
    ] {
        let search = Search {
            paths: vec![path.parse().expect("a path")],
            needle: needle.clone(),
            limit: 10,
        };
        let records = server
            .store
            .find(&call(), &dataset("t"), &search, &by(&["id"]))
            .await;
        let mut ids: Vec<i64> = records
            .expect("found")
            .iter()
            .map(|it| number(it, "id"))
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{path} {needle:?}");
    }
}

#[tokio::test]
async fn the_newest_come_first() {
    let server = Server::new(
        "parallax_newest",
        "CREATE TABLE t (id int PRIMARY KEY, at datetime(6)); INSERT INTO t SELECT seq, IF(seq = 7, NULL, '2024-01-01' + INTERVAL seq SECOND) FROM seq_1_to_100",
    )
    .await;
    let newest = Newest {
        version: "at".parse().expect("a path"),
        limit: 3,
    };
    let records = server
        .store
        .newest(&call(), &dataset("t"), &newest, &by(&["id"]))
        .await
        .expect("read");
    let ids: Vec<i64> = records.iter().map(|it| number(it, "id")).collect();
    assert_eq!(ids, [100, 99, 98]);
}

#[tokio::test]
async fn an_outbox_tells_what_is_not_sent_of_each_key() {
    let server = Server::new(
        "parallax_outbox",
        "CREATE TABLE o (id bigint AUTO_INCREMENT PRIMARY KEY, entity varchar(20), k varchar(20), created_at timestamp(6) NULL, sent_at timestamp(6) NULL);
        INSERT INTO o (entity, k, created_at, sent_at) VALUES ('user', '1', '2024-01-01 00:00:00', '2024-01-01 00:00:01'), ('user', '1', '2024-01-01 00:00:02.5', NULL),
        ('user', '2', '2024-01-01 00:00:03', NULL), ('USER', '2', '2024-01-01 00:00:00', NULL), ('user', 'a', '2024-01-01 00:00:09', NULL), ('user', 'A', '2024-01-01 00:00:10', NULL)",
    )
    .await;
    let path = |it: &str| it.parse().expect("a path");
    let probe = OutboxProbe {
        table: dataset("o"),
        created: path("created_at"),
        sent: path("sent_at"),
        dataset: Some(path("entity")),
        key: Some(path("k")),
    };
    let subject = Subject {
        names: vec!["user".to_owned()],
        keys: ["1", "2", "a", "A", "9"].map(ToOwned::to_owned).to_vec(),
    };
    let backlog = server
        .store
        .backlog(&call(), &probe, &subject)
        .await
        .expect("read");
    let time = |it: &str| Some(it.parse().expect("a time"));
    assert_eq!(
        (backlog.unsent, backlog.oldest),
        (4, time("2024-01-01T00:00:02.5Z"))
    );
    assert_eq!(backlog.last_sent, time("2024-01-01T00:00:01Z"));
    let unsent: Vec<u64> = backlog.subjects.iter().map(|it| it.unsent).collect();
    assert_eq!(unsent, [1, 1, 1, 1, 0], "a and A are two keys");
    assert_eq!(
        backlog.subjects[0].last_created,
        time("2024-01-01T00:00:02.5Z")
    );
    assert_eq!(backlog.subjects[0].last_sent, time("2024-01-01T00:00:01Z"));
    assert_eq!(backlog.subjects[2].oldest, time("2024-01-01T00:00:09Z"));
}

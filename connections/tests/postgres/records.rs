//! Datasets, their shapes, and their records by key, field, version and outbox.

use parallax_core::error::ErrorKind;
use parallax_core::lag::OutboxProbe;
use parallax_core::store::{Fields, Needle, Newest, Precision, Search, Subject};
use parallax_core::value::{Key, Value};

use crate::server::{Server, by, call, dataset};

const USERS: &str = r#"CREATE TABLE users (id bigint PRIMARY KEY, mail varchar(80) UNIQUE, "Full Name" text, seen timestamp(3), doc jsonb, balance numeric(12,2) NOT NULL DEFAULT 0);
    CREATE INDEX by_name ON users (lower("Full Name"), seen);
    INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i, '2024-01-01'::timestamp + i * interval '1 hour', jsonb_build_object('tag', 't' || i, 'n', i), i / 100.0 FROM generate_series(1, 1000) AS i;
    ANALYZE users"#;

fn keys(texts: &[&str]) -> Vec<Key> {
    texts
        .iter()
        .map(|it| Key::parse(it, 1).expect("a key"))
        .collect()
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "what is expected of one catalogue is best read in one place"
)]
async fn tables_and_views_are_listed_and_described() {
    let server = Server::new(
        "parallax_listed",
        &format!("{USERS}; CREATE VIEW several AS SELECT * FROM users; CREATE MATERIALIZED VIEW kept AS SELECT 1 AS a;
        CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at); CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE TABLE \"Odd.name\" (\"A b\" int)"),
    )
    .await;
    let all = server.store.datasets(&call()).await.expect("datasets");
    let names = all.iter().map(|it| it.id.name.as_str());
    let ours: Vec<&str> = names
        .filter(|it| it.starts_with("parallax_listed."))
        .collect();
    assert_eq!(
        ours,
        [
            "parallax_listed.\"Odd.name\"",
            "parallax_listed.kept",
            "parallax_listed.parted",
            "parallax_listed.several",
            "parallax_listed.users"
        ]
    );
    assert!(!all.iter().any(|it| it.id.name.starts_with("pg_catalog")));
    let shape = server
        .store
        .describe(&call(), &dataset("users"))
        .await
        .expect("a shape");
    assert_eq!(shape.key, ["id"]);
    assert_eq!(shape.estimate, Some(1000));
    let declared: Vec<&str> = shape
        .fields
        .iter()
        .filter_map(|it| it.declared.as_deref())
        .collect();
    assert_eq!(
        declared,
        [
            "bigint",
            "character varying(80)",
            "text",
            "timestamp(3) without time zone",
            "jsonb",
            "numeric(12,2)"
        ]
    );
    let seen = shape.field("seen").expect("seen");
    assert_eq!(
        (seen.precision, seen.nullable, seen.type_name()),
        (Some(Precision::Millis), true, "datetime")
    );
    assert!(!shape.field("balance").expect("balance").nullable);
    let index = shape
        .indices
        .iter()
        .find(|it| it.name == "by_name")
        .expect("an index");
    assert_eq!(index.fields, ["lower(\"Full Name\")", "seen"]);
    for name in [
        "parallax_listed.users",
        "parallax.parallax_listed.users",
        "USERS",
        "\"Odd.name\"",
        "parted",
        "several",
    ] {
        server
            .store
            .describe(&call(), &dataset(name))
            .await
            .expect(name);
    }
    let error = server
        .store
        .describe(&call(), &dataset("usres"))
        .await
        .expect_err("no such table");
    assert_eq!(
        (error.kind, error.hint.as_deref()),
        (ErrorKind::NotFound, Some("did you mean \"users\"?"))
    );
    for name in ["other.parallax_listed.users", "a.b.c.d", "nowhere.users"] {
        let error = server
            .store
            .describe(&call(), &dataset(name))
            .await
            .expect_err(name);
        assert_eq!(error.kind, ErrorKind::NotFound, "{name}");
    }
}

#[tokio::test]
async fn records_come_in_the_order_of_their_keys() {
    let server = Server::new("parallax_got", USERS).await;
    let asked = keys(&["7", "0", "007", "x", "3", "7", "99999999999999999999"]);
    let got = server
        .store
        .get(&call(), &dataset("users"), &asked, &by(&["id"]))
        .await
        .expect("got");
    let found: Vec<Option<String>> = got
        .found
        .iter()
        .map(|it| {
            it.as_ref().expect("no error").as_ref().and_then(|it| {
                it.at(&"mail".parse().expect("a path"))
                    .map(ToString::to_string)
            })
        })
        .collect();
    let mail = |it: &str| Some(format!("u{it}@example.org"));
    assert_eq!(
        found,
        [mail("7"), None, None, None, mail("3"), mail("7"), None]
    );
    let record = got.found[0]
        .as_ref()
        .expect("no error")
        .as_ref()
        .expect("a record");
    assert_eq!(record.key, asked[0]);
    assert_eq!(
        record.at(&"doc.tag".parse().expect("a path")),
        Some(&Value::from("t7"))
    );
    assert!(
        got.statement.contains("$1") && !got.statement.contains("example"),
        "{}",
        got.statement
    );
    assert!(
        got.position
            .expect("a position")
            .position
            .expect("an LSN")
            .contains('/')
    );
}

#[tokio::test]
async fn keys_may_be_composite_inside_documents_or_of_any_type() {
    let server = Server::new(
        "parallax_keys",
        "CREATE TABLE c (region text, n int, v text, PRIMARY KEY (region, n)); INSERT INTO c VALUES ('eu', 1, 'a'), ('eu', 2, 'b'), ('it''s \"q\"', 3, 'c');
        CREATE TABLE k (u uuid, t timestamptz, i inet, d date, b char(5), doc json, twice int); INSERT INTO k VALUES
        ('67e55044-10b1-426f-9247-bb680e5fe0c8', '2024-02-29 12:00:00+00', '10.0.0.1', '2024-02-29', 'ab', '{\"id\":\"x1\"}', 1), (NULL, NULL, NULL, NULL, NULL, '{}', 1)",
    )
    .await;
    let composite = |texts: &[&str]| -> Vec<Key> {
        texts
            .iter()
            .map(|it| Key::parse(it, 2).expect("a key"))
            .collect()
    };
    let asked = composite(&[
        r#"["eu",2]"#,
        r#"["eu",3]"#,
        r#"["it's \"q\"",3]"#,
        r#"["eu",null]"#,
    ]);
    let got = server
        .store
        .get(&call(), &dataset("c"), &asked, &by(&["region", "n"]))
        .await
        .expect("got");
    let found: Vec<bool> = got
        .found
        .iter()
        .map(|it| matches!(it, Ok(Some(_))))
        .collect();
    assert_eq!(found, [true, false, true, false]);
    for (column, key) in [
        ("u", "67e55044-10b1-426f-9247-bb680e5fe0c8"),
        ("t", "2024-02-29T12:00:00Z"),
        ("i", "10.0.0.1"),
        ("d", "2024-02-29"),
        ("b", "ab"),
        ("doc.id", "x1"),
    ] {
        let asked = keys(&[key, "no such key at all"]);
        let got = server
            .store
            .get(&call(), &dataset("k"), &asked, &by(&[column]))
            .await
            .expect(column);
        assert!(
            matches!(got.found[0], Ok(Some(_))),
            "{column}: {:?}",
            got.found[0]
        );
        assert!(
            matches!(got.found[1], Ok(None)),
            "{column}: {:?}",
            got.found[1]
        );
    }
    let got = server
        .store
        .get(&call(), &dataset("k"), &keys(&["1"]), &by(&["twice"]))
        .await
        .expect("got");
    assert_eq!(
        got.found[0].as_ref().expect_err("two records").kind,
        ErrorKind::Unreadable
    );
    let error = server
        .store
        .get(&call(), &dataset("k"), &keys(&["1"]), &by(&["nokey"]))
        .await
        .expect_err("no column");
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn fields_and_filters_limit_what_is_read() {
    let server = Server::new("parallax_limited", USERS).await;
    let mut fields = by(&["id"]);
    fields.fields = Fields::Listed(vec![
        "doc.n".parse().expect("a path"),
        "Full Name".parse().expect("a path"),
    ]);
    fields.filter = Some("id <= 5 -- the first".to_owned());
    let got = server
        .store
        .get(&call(), &dataset("users"), &keys(&["5", "6"]), &fields)
        .await
        .expect("got");
    let record = got.found[0]
        .as_ref()
        .expect("no error")
        .as_ref()
        .expect("a record");
    assert_eq!(
        record.body.to_string(),
        r#"{"doc":{"n":5,"tag":"t5"},"Full Name":"User 5"}"#
    );
    assert!(matches!(got.found[1], Ok(None)));
    server
        .run("ALTER TABLE users ADD COLUMN extra int DEFAULT 3")
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let got = server
        .store
        .get(&call(), &dataset("users"), &keys(&["5"]), &by(&["id"]))
        .await
        .expect("got");
    let record = got.found[0]
        .as_ref()
        .expect("no error")
        .as_ref()
        .expect("a record");
    assert_eq!(
        record.at(&"extra".parse().expect("a path")),
        Some(&Value::I64(3))
    );
}

#[tokio::test]
async fn records_are_found_by_field_and_by_version() {
    let server = Server::new("parallax_found", USERS).await;
    let paths = |it: &[&str]| {
        it.iter()
            .map(|it| it.parse().expect("a path"))
            .collect::<Vec<_>>()
    };
    let find = async |search: Search| {
        let found = server
            .store
            .find(&call(), &dataset("users"), &search, &by(&["id"]))
            .await
            .expect("found");
        found
            .iter()
            .map(|it| it.key.to_string())
            .collect::<Vec<String>>()
    };
    let equals = |names: &[&str], text: &str| Search {
        paths: paths(names),
        needle: Needle::Equals(text.to_owned()),
        limit: 5,
    };
    assert_eq!(find(equals(&["id", "mail"], "7")).await, ["7"]);
    assert_eq!(find(equals(&["id", "mail"], "u9@example.org")).await, ["9"]);
    assert_eq!(find(equals(&["doc.tag"], "t12")).await, ["12"]);
    assert_eq!(find(equals(&["seen"], "2024-01-01 01:00:00")).await, ["1"]);
    assert_eq!(find(equals(&["balance"], "1")).await, ["100"]);
    assert!(find(equals(&["nowhere"], "1")).await.is_empty());
    let contains = |text: &str| Search {
        paths: paths(&["Full Name"]),
        needle: Needle::Contains(text.to_owned()),
        limit: 5,
    };
    assert_eq!(find(contains("uSER 999")).await, ["999"]);
    assert!(find(contains("User_9")).await.is_empty());
    assert_eq!(find(contains("user")).await.len(), 5);
    let newest = Newest {
        version: "seen".parse().expect("a path"),
        limit: 3,
    };
    let found = server
        .store
        .newest(&call(), &dataset("users"), &newest, &by(&["id"]))
        .await
        .expect("found");
    let found: Vec<String> = found.iter().map(|it| it.key.to_string()).collect();
    assert_eq!(found, ["1000", "999", "998"]);
}

#[tokio::test]
async fn an_outbox_tells_what_is_not_sent_of_each_key() {
    let server = Server::new(
        "parallax_outbox",
        "CREATE TABLE outbox (id bigserial PRIMARY KEY, aggregate text, aggregate_id bigint, created_at timestamptz, sent_at timestamptz);
        INSERT INTO outbox (aggregate, aggregate_id, created_at, sent_at) VALUES ('users', 1, '2024-01-01 00:00:00Z', '2024-01-01 00:00:01Z'),
        ('users', 1, '2024-01-01 00:00:02Z', NULL), ('users', 2, '2024-01-01 00:00:03Z', NULL), ('orders', 9, '2023-01-01Z', NULL)",
    )
    .await;
    let path = |it: &str| it.parse().expect("a path");
    let probe = OutboxProbe {
        table: dataset("outbox"),
        created: path("created_at"),
        sent: path("sent_at"),
        dataset: Some(path("aggregate")),
        key: Some(path("aggregate_id")),
    };
    let subject = Subject {
        names: vec!["users".to_owned(), "user".to_owned()],
        keys: ["2", "1", "3", "x"].map(ToOwned::to_owned).to_vec(),
    };
    let backlog = server
        .store
        .backlog(&call(), &probe, &subject)
        .await
        .expect("a backlog");
    let time = |it: &str| Some(it.parse().expect("a time"));
    assert_eq!(
        (backlog.unsent, backlog.oldest),
        (2, time("2024-01-01T00:00:02Z"))
    );
    assert_eq!(backlog.last_sent, time("2024-01-01T00:00:01Z"));
    let unsent: Vec<u64> = backlog.subjects.iter().map(|it| it.unsent).collect();
    assert_eq!(unsent, [1, 1, 0, 0]);
    assert_eq!(backlog.subjects[1].last_sent, time("2024-01-01T00:00:01Z"));
    assert_eq!(
        backlog.subjects[1].last_created,
        time("2024-01-01T00:00:02Z")
    );
    assert_eq!(
        backlog.subjects[2],
        parallax_core::lag::SubjectBacklog::default()
    );
}

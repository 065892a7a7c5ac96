//! Records by key and shapes, in each data model.

use parallax_core::error::ErrorKind;
use parallax_core::store::DataModel;
use parallax_core::value::Value;

use crate::common::{File, ask, call, statement};
use crate::short::{all, bodies, dataset, listed};

pub(crate) const ROWS: &str = "CREATE TABLE users (id BIGINT PRIMARY KEY, name TEXT NOT NULL, active BOOLEAN, balance DECIMALTEXT(20,4),
        born DATE, updated_at TIMESTAMP(9), tags JSON);
    INSERT INTO users VALUES
        (42, 'Zoë O''Neil', 1, '10.5000', '1990-02-28', '2024-01-01T00:00:00.123456789Z', '[\"a\"]'),
        (9007199254740993, 'Big', 0, 'n/a', 'never', '2024-01-02T00:00:00Z', NULL);
    CREATE TABLE codes (code TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
    INSERT INTO codes VALUES ('42', 1), ('042', 2), ('a b', 3), ('ü''\"{}:%', 4);
    CREATE TABLE orders (region TEXT, number BIGINT, total TEXT, PRIMARY KEY (region, number));
    INSERT INTO orders VALUES ('eu', 7, 'a'), ('eu', 8, 'b'), ('São Paulo', 7, 'c');
    CREATE TABLE \"odd.name\" (id INTEGER PRIMARY KEY, v);
    INSERT INTO \"odd.name\" VALUES (1, 'odd');";

#[tokio::test]
async fn rows_are_found_by_key_as_it_is_written() {
    let file = File::new(ROWS).await;
    let store = file.store();
    let by_id = listed(&["id"], &["name"]);
    let found = bodies(
        &*store,
        "users",
        &["42", "042", "9007199254740993", "9007199254740992", "x"],
        &by_id,
    )
    .await;
    assert_eq!(
        found,
        [
            r#"{"name":"Zoë O'Neil"}"#,
            "-",
            r#"{"name":"Big"}"#,
            "-",
            "-"
        ]
    );
    let by_code = listed(&["code"], &["n"]);
    let found = bodies(
        &*store,
        "main.codes",
        &["42", "042", "0042", "a b", "ü'\"{}:%"],
        &by_code,
    )
    .await;
    assert_eq!(
        found,
        [r#"{"n":1}"#, r#"{"n":2}"#, "-", r#"{"n":3}"#, r#"{"n":4}"#]
    );
    let found = bodies(&*store, "\"odd.name\"", &["1"], &all(&["id"])).await;
    assert_eq!(found, [r#"{"id":1,"v":"odd"}"#]);
}

#[tokio::test]
async fn composite_keys_are_found_by_all_their_parts() {
    let file = File::new(ROWS).await;
    let store = file.store();
    let by_both = listed(&["region", "number"], &["total"]);
    let keys = [
        r#"["eu",7]"#,
        r#"["São Paulo",7]"#,
        r#"["São Paulo",8]"#,
        r#"["eu","8"]"#,
    ];
    let found = bodies(&*store, "orders", &keys, &by_both).await;
    assert_eq!(
        found,
        [
            r#"{"total":"a"}"#,
            r#"{"total":"c"}"#,
            "-",
            r#"{"total":"b"}"#
        ]
    );
}

#[tokio::test]
async fn cells_come_without_loss() {
    let file = File::new(ROWS).await;
    let store = file.store();
    let found = bodies(&*store, "users", &["42", "9007199254740993"], &all(&["id"])).await;
    let first = r#"{"id":42,"name":"Zoë O'Neil","active":"true","balance":10.5000,"born":"1990-02-28","updated_at":"2024-01-01T00:00:00.123456789Z","tags":["a"]}"#;
    assert_eq!(found[0], first.replace("\"true\"", "true"));
    assert!(
        found[1].contains(r#""balance":"n/a","born":"never""#),
        "{}",
        found[1]
    );
    let answer = ask(
        &*store,
        &call(),
        &statement("SELECT balance, born, active, tags FROM users ORDER BY id"),
    )
    .await;
    let types: Vec<String> = crate::short::cells(&answer)
        .iter()
        .map(|it| it.type_name().to_owned())
        .collect();
    assert_eq!(
        types,
        [
            "decimal", "date", "bool", "list", "text", "text", "bool", "null"
        ]
    );
    assert_eq!(
        answer.results[0].0[0].columns[0].type_name,
        "DECIMALTEXT(20,4)"
    );
}

#[tokio::test]
async fn a_missing_dataset_is_not_found_with_a_guess() {
    let file = File::new(ROWS).await;
    let store = file.store();
    let error = store
        .describe(&call(), &dataset("usres"))
        .await
        .expect_err("no such table");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(error.hint.as_deref(), Some("did you mean \"users\"?"));
    let error = store
        .get(
            &call(),
            &dataset("users"),
            &[crate::short::key("1")],
            &all(&["ident"]),
        )
        .await;
    assert_eq!(error.expect_err("no such column").kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_shape_tells_what_is_declared() {
    let file = File::new(ROWS).await;
    let store = file.store();
    let shape = store
        .describe(&call(), &dataset("users"))
        .await
        .expect("a shape");
    assert_eq!(
        (shape.model, shape.estimate, shape.sampled),
        (DataModel::Relational, Some(2), None)
    );
    assert_eq!(shape.key, ["id"]);
    let types: Vec<&str> = shape
        .fields
        .iter()
        .map(parallax_core::store::FieldShape::type_name)
        .collect();
    assert_eq!(
        types[..6],
        ["int", "text", "bool", "decimal", "date", "timestamp"]
    );
    let names: Vec<String> = store
        .datasets(&call())
        .await
        .expect("datasets")
        .iter()
        .map(|it| it.id.name.clone())
        .collect();
    assert_eq!(names, ["codes", "\"odd.name\"", "orders", "users"]);
}

pub(crate) const DOCS: &str = r#"CREATE TABLE users (id BIGINT PRIMARY KEY, doc JSON NOT NULL);
    INSERT INTO users VALUES (1, '{"id":1,"mail":"a@x","n":9007199254740993,"p":1.50,"a":{"city":"Köln"}}'), (2, '{"id":2,"mail":');
    CREATE TABLE orders (id TEXT PRIMARY KEY NOT NULL, doc JSON NOT NULL);
    INSERT INTO orders VALUES ('["eu",7]', '{"region":"eu","number":7}'), ('x', '{"region":"us","number":8}'), ('["eu",9]', '{"reg');
    CREATE TABLE blobs (id INTEGER PRIMARY KEY, doc JSONB);
    INSERT INTO blobs VALUES (1, jsonb('{"a":1}')), (2, '[1]');"#;

#[tokio::test]
async fn documents_are_read_whole_and_a_broken_one_fails_alone() {
    let file = File::new(DOCS).await;
    let store = file.store();
    let found = bodies(&*store, "users", &["1", "2", "3"], &all(&["id"])).await;
    assert_eq!(
        found[0],
        r#"{"id":1,"mail":"a@x","n":9007199254740993,"p":1.50,"a":{"city":"Köln"}}"#
    );
    assert!(
        found[1].starts_with("! could not read the field \"doc\" in files"),
        "{}",
        found[1]
    );
    assert_eq!(found[2], "-");
    let by_mail = bodies(
        &*store,
        "users",
        &["Köln", "Bonn"],
        &listed(&["a.city"], &[]),
    )
    .await;
    assert!(
        by_mail[0].starts_with("{\"id\":1") && by_mail[1] == "-",
        "{by_mail:?}"
    );
    let keys = [r#"["eu",7]"#, r#"["us",8]"#, r#"["eu",9]"#, r#"["eu",10]"#];
    let orders = bodies(&*store, "orders", &keys, &all(&["region", "number"])).await;
    assert_eq!(orders[0], r#"{"region":"eu","number":7}"#);
    assert_eq!(orders[1], r#"{"region":"us","number":8}"#);
    assert!(
        orders[2].starts_with("! ") && orders[3] == "-",
        "{orders:?}"
    );
    assert_eq!(
        bodies(&*store, "blobs", &["1", "2"], &all(&["id"])).await,
        [r#"{"a":1}"#, "{}"]
    );
    let shape = store
        .describe(&call(), &dataset("users"))
        .await
        .expect("a shape");
    assert_eq!(
        (shape.model, shape.sampled, shape.key.as_slice()),
        (DataModel::Document, Some(1), &["id".to_owned()][..])
    );
    assert!(shape.field("mail").is_some());
}

pub(crate) const ENTRIES: &str = r#"CREATE TABLE kv (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, expires_at BIGINT);
    INSERT INTO kv VALUES ('user:1', '{"mail":"a"}', NULL), ('user:a b', '{"mail":"b"}', 4102444800000), ('user:old', '{"mail":"c"}', 1),
        ('user:bad', '{"mail":', NULL), ('user:plain', 'hello', NULL), ('order:eu:7', '{"total":"1"}', NULL), ('user%:{x}', '{"odd":1}', NULL),
        ('config', '[1]', NULL);"#;

#[tokio::test]
async fn entries_are_found_by_pattern_until_they_expire() {
    let file = File::new(ENTRIES).await;
    let store = file.store();
    let keys = ["1", "a b", "old", "bad", "plain", "none"];
    let found = bodies(&*store, "user:{id}", &keys, &all(&["id"])).await;
    assert_eq!(found[0], r#"{"mail":"a"}"#);
    assert_eq!(found[1], r#"{"mail":"b"}"#);
    assert_eq!(found[2], "-");
    assert!(found[3].starts_with("! "), "{}", found[3]);
    assert_eq!(found[4], "{}");
    assert_eq!(found[5], "-");
    let got = store
        .get(
            &call(),
            &dataset("user:{id}"),
            &[crate::short::key("a b"), crate::short::key("plain")],
            &all(&["id"]),
        )
        .await
        .expect("got");
    let record = got.found[0].clone().expect("read").expect("there");
    assert!(
        matches!(record.at(&"@ttl_ms".parse().expect("a path")), Some(Value::I64(it)) if *it > 0)
    );
    assert_eq!(
        record.at(&"@key".parse().expect("a path")),
        Some(&Value::from("user:a b"))
    );
    let plain = got.found[1].clone().expect("read").expect("there");
    assert_eq!(
        plain.at(&"@value".parse().expect("a path")),
        Some(&Value::from("hello"))
    );
    assert_eq!(
        plain.at(&"@ttl_ms".parse().expect("a path")),
        Some(&Value::Null)
    );

    let by_both = all(&["region", "number"]);
    assert_eq!(
        bodies(
            &*store,
            "order:{region}:{number}",
            &[r#"["eu",7]"#],
            &by_both
        )
        .await,
        [r#"{"total":"1"}"#]
    );
    assert_eq!(
        bodies(&*store, "kv.user:{id}", &["1"], &all(&["id"])).await,
        [r#"{"mail":"a"}"#]
    );
    assert_eq!(
        bodies(&*store, "user%:{{{id}}}", &["x"], &all(&["id"])).await,
        [r#"{"odd":1}"#]
    );
    let shape = store
        .describe(&call(), &dataset("user:{id}"))
        .await
        .expect("a shape");
    assert_eq!(
        (shape.model, shape.estimate),
        (DataModel::KeyValue, Some(4))
    );
    let names: Vec<String> = store
        .datasets(&call())
        .await
        .expect("datasets")
        .iter()
        .map(|it| it.id.name.clone())
        .collect();
    assert_eq!(
        names,
        [
            "kv",
            "config",
            "order:{part1}:{part2}",
            "user%:{id}",
            "user:{id}"
        ]
    );
}

pub(crate) const SEARCH: &str = "CREATE VIRTUAL TABLE users USING fts5(id UNINDEXED, name, email, updated_at UNINDEXED);
    INSERT INTO users(rowid, id, name, email, updated_at) VALUES (1, 1, 'anna müller', 'a@x', '2024'), (2, 2, 'bo', 'b@x', '2025'), (3, 30, 'carl', 'c@x', '2023');
    CREATE VIRTUAL TABLE products USING fts5(sku, title);
    INSERT INTO products VALUES ('SKU-001', 'red shoe'), ('SKU-002', 'blue shoe'), ('***', 'odd'), ('dup', 'a'), ('dup', 'b');";

#[tokio::test]
async fn search_tables_are_read_by_row_number_words_or_scan() {
    let file = File::new(SEARCH).await;
    let store = file.store();
    let found = bodies(
        &*store,
        "users",
        &["1", "3", "30", "4"],
        &listed(&["id"], &["name"]),
    )
    .await;
    assert_eq!(
        found,
        [r#"{"name":"anna müller"}"#, "-", r#"{"name":"carl"}"#, "-"]
    );
    let found = bodies(
        &*store,
        "products",
        &["SKU-001", "SKU 001", "***", "dup"],
        &listed(&["sku"], &["title"]),
    )
    .await;
    assert_eq!(
        found[..3],
        [r#"{"title":"red shoe"}"#, "-", r#"{"title":"odd"}"#]
    );
    assert!(found[3].contains("several records"), "{}", found[3]);
    let found = bodies(&*store, "users", &["2"], &listed(&["@id"], &["name"])).await;
    assert_eq!(found, [r#"{"name":"bo"}"#]);
}

pub(crate) const GRAPH: &str = r#"CREATE TABLE nodes (id INTEGER PRIMARY KEY, label TEXT NOT NULL, properties JSON NOT NULL);
    CREATE INDEX nodes_user ON nodes (label, json_extract(properties, '$.user_id'));
    CREATE TABLE edges (id INTEGER PRIMARY KEY, type TEXT NOT NULL, source BIGINT NOT NULL, target BIGINT NOT NULL, properties JSON NOT NULL);
    CREATE INDEX edges_order ON edges (type, json_extract(properties, '$.region'), json_extract(properties, '$.number'));
    INSERT INTO nodes VALUES (10, 'User', '{"user_id":1,"name":"anna"}'), (11, 'Product', '{"sku":"a"}'), (12, 'User', '{"user_id":2,"name":"bo",}');
    INSERT INTO edges VALUES (1, 'BOUGHT', 10, 11, '{"region":"eu","number":7}'), (2, 'KNOWS', 10, 12, '{}');"#;

#[tokio::test]
async fn a_graph_gives_nodes_and_relationships() {
    let file = File::new(GRAPH).await;
    let store = file.store();
    let found = bodies(&*store, "User", &["1", "2", "3"], &all(&["user_id"])).await;
    assert_eq!(found[0], r#"{"user_id":1,"name":"anna"}"#);
    assert!(found[1].starts_with("! "), "{}", found[1]);
    assert_eq!(found[2], "-");
    let both = all(&["region", "number"]);
    let got = store
        .get(
            &call(),
            &dataset("(:User)-[:BOUGHT]->(:Product)"),
            &[parallax_core::value::Key::parse(r#"["eu",7]"#, 2).expect("a key")],
            &both,
        )
        .await
        .expect("got");
    let record = got.found[0].clone().expect("read").expect("there");
    assert_eq!(
        record.at(&"@source".parse().expect("a path")),
        Some(&Value::I64(10))
    );
    assert_eq!(
        record.at(&"@type".parse().expect("a path")),
        Some(&Value::from("BOUGHT"))
    );
    let other = bodies(&*store, "(:Product)-[:BOUGHT]->()", &[r#"["eu",7]"#], &both).await;
    assert_eq!(other, ["-"]);
    let names: Vec<String> = store
        .datasets(&call())
        .await
        .expect("datasets")
        .iter()
        .map(|it| it.id.name.clone())
        .collect();
    assert_eq!(
        names,
        [
            "Product",
            "User",
            "(:User)-[:BOUGHT]->(:Product)",
            "(:User)-[:KNOWS]->(:User)"
        ]
    );
    let error = store
        .describe(&call(), &dataset("Usr"))
        .await
        .expect_err("no such label");
    assert_eq!(
        (error.kind, error.hint.as_deref()),
        (ErrorKind::NotFound, Some("did you mean \"User\"?"))
    );
}

#[tokio::test]
async fn lookups_use_indices_on_json() {
    let file = File::new(GRAPH).await;
    let store = file.store();
    let plan = async |name: &str, keys: &[&str], fields: &parallax_core::store::Projection| {
        let parts = fields.key.len();
        let keys: Vec<_> = keys
            .iter()
            .map(|it| parallax_core::value::Key::parse(it, parts).expect("a key"))
            .collect();
        let got = store
            .get(&call(), &dataset(name), &keys, fields)
            .await
            .expect("got");
        let text = got.statement.replace('?', "NULL");
        let answer = ask(
            &*store,
            &call(),
            &statement(&format!("EXPLAIN QUERY PLAN {text}")),
        )
        .await;
        assert!(answer.error.is_none(), "{:?}", answer.error);
        crate::short::cells(&answer)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let one = plan("User", &["1"], &all(&["user_id"])).await;
    assert!(
        one.contains("USING INDEX nodes_user (label=? AND <expr>=?)"),
        "{one}"
    );
    let two = plan(
        "(:User)-[:BOUGHT]->(:Product)",
        &[r#"["eu",7]"#, r#"["us",7]"#],
        &all(&["region", "number"]),
    )
    .await;
    assert!(
        two.contains("USING INDEX edges_order (type=? AND <expr>=?"),
        "{two}"
    );
}

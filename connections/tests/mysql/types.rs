//! Every type of the server, by both ways in which a value comes: a statement that people type, and a record.

use parallax_core::store::Precision;
use parallax_core::value::{Key, SignedDuration, Value};

use crate::ask::{by, call, fields};
use crate::server::{Server, dataset};

/// A type, and literals of its values.
const TYPES: &[(&str, &[&str])] = &[
    ("tinyint", &["-128", "127"]),
    ("tinyint(1)", &["-128", "2", "1"]),
    ("tinyint(1) unsigned", &["0", "255"]),
    ("tinyint unsigned zerofill", &["255"]),
    ("smallint", &["-32768", "32767"]),
    ("smallint unsigned", &["65535"]),
    ("mediumint", &["-8388608", "8388607"]),
    ("mediumint unsigned", &["16777215"]),
    ("int", &["-2147483648", "2147483647"]),
    ("int unsigned", &["4294967295"]),
    (
        "bigint",
        &[
            "-9223372036854775808",
            "9223372036854775807",
            "9007199254740993",
        ],
    ),
    (
        "bigint unsigned",
        &["18446744073709551615", "9223372036854775808"],
    ),
    ("year", &["2024", "1901"]),
    (
        "decimal(65,30)",
        &[
            "12345678901234567890123456789012345.123456789012345678901234567890",
            "-0.000000000000000000000000000001",
            "0",
        ],
    ),
    ("decimal(5,2)", &["1.50", "-999.99"]),
    ("bit(1)", &["b'1'", "b'0'"]),
    ("bit(10)", &["513"]),
    ("bit(64)", &["18446744073709551615"]),
    ("date", &["'2024-02-29'", "'1000-01-01'", "'9999-12-31'"]),
    (
        "time",
        &["'12:34:56'", "'838:59:59'", "'-838:59:59'", "'00:00:00'"],
    ),
    (
        "time(6)",
        &["'23:59:59.999999'", "'-00:00:00.000001'", "'24:00:00'"],
    ),
    (
        "datetime",
        &["'2024-02-29 23:59:59'", "'1000-01-01 00:00:00'"],
    ),
    ("datetime(3)", &["'2024-02-29 23:59:59.999'"]),
    (
        "datetime(6)",
        &[
            "'9999-12-31 23:59:59.999999'",
            "'2024-01-01 00:00:00.000001'",
        ],
    ),
    (
        "timestamp(6) null",
        &[
            "'2038-01-19 03:14:07.999999'",
            "'1970-01-01 00:00:01.000001'",
        ],
    ),
    ("char(5)", &["'a'", "'ä€😀'", "''"]),
    ("varchar(20) character set latin1", &["'äöü'", "'a '"]),
    ("varchar(20) collate utf8mb4_bin", &["'ä€😀'"]),
    ("char(5) collate utf8mb4_bin", &["'Ä'"]),
    ("text collate utf8mb4_bin", &["'ß'"]),
    ("longtext", &["repeat('x', 70000)"]),
    ("tinytext", &["'t'"]),
    ("enum('a','B','ö')", &["'ö'", "'a'"]),
    ("enum('a','B') collate utf8mb4_bin", &["'B'"]),
    ("set('x','y','z')", &["'x,z'", "''"]),
    ("inet4", &["'10.0.0.1'"]),
    ("inet6", &["'2001:db8::1'", "'::ffff:1.2.3.4'"]),
];

#[tokio::test]
async fn every_type_reads_as_the_server_writes_it() {
    let mut sql = String::new();
    for (nth, (declared, values)) in TYPES.iter().enumerate() {
        sql.push_str(&format!(
            "CREATE TABLE t{nth} (id int PRIMARY KEY, v {declared});"
        ));
        for (id, value) in values.iter().enumerate() {
            sql.push_str(&format!("INSERT INTO t{nth} VALUES ({id}, {value});"));
        }
        sql.push_str(&format!("INSERT INTO t{nth} VALUES (99, NULL);"));
    }
    let server = Server::new("parallax_types", &sql).await;
    for (nth, (declared, values)) in TYPES.iter().enumerate() {
        let is_bits = declared.starts_with("bit");
        let text = if is_bits {
            "CAST(v + 0 AS CHAR)"
        } else {
            "CAST(v AS CHAR)"
        };
        let rows = server
            .rows(&format!("SELECT v, {text} FROM t{nth} ORDER BY id"))
            .await;
        assert_eq!(rows.len(), values.len() + 1, "{declared}");
        let last = rows.last().expect("a row");
        assert_eq!(last[0], Value::Null, "{declared}");
        let keys: Vec<Key> = (0..values.len())
            .map(|it| Key::parse(&it.to_string(), 1).expect("a key"))
            .collect();
        let got = server
            .store
            .get(&call(), &dataset(&format!("t{nth}")), &keys, &by(&["id"]))
            .await;
        let got = got.expect("records");
        for (row, record) in rows.iter().zip(&got.found) {
            let (value, expected) = (&row[0], row[1].to_string());
            assert_eq!(server_text(value), stripped(&expected), "{declared}");
            let record = record.as_ref().expect("read").as_ref().expect("there");
            assert_eq!(
                record.at(&"v".parse().expect("a path")),
                Some(value),
                "{declared} as a record"
            );
        }
    }
}

/// A value as the server writes it.
fn server_text(value: &Value) -> String {
    match value {
        Value::Timestamp(it) => stripped(&it.to_string().replace('T', " ").replace('Z', "")),
        Value::DateTime(it) => stripped(&it.to_string().replace('T', " ")),
        Value::Time(it) => stripped(&it.to_string()),
        Value::Duration(it) => span(*it),
        other => stripped(&other.to_string()),
    }
}

fn span(it: SignedDuration) -> String {
    let sign = if it.is_negative() { "-" } else { "" };
    let (seconds, nanos) = (it.abs().as_secs(), it.abs().subsec_nanos());
    let text = format!(
        "{sign}{:02}:{:02}:{:02}.{nanos:09}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    stripped(&text)
}

/// Without the zeros at the end of the fraction of a second, of which the two write different numbers.
fn stripped(text: &str) -> String {
    match text.rsplit_once('.') {
        Some((before, fraction))
            if before.contains(':') && fraction.bytes().all(|it| it.is_ascii_digit()) =>
        {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() {
                before.to_owned()
            } else {
                format!("{before}.{fraction}")
            }
        }
        _ => text.to_owned(),
    }
}

#[tokio::test]
async fn what_has_a_type_of_its_own_keeps_it() {
    let server = Server::new(
        "parallax_kinds",
        r#"CREATE TABLE t (id int PRIMARY KEY, f float, d double, b varbinary(4), bb blob, j json, u uuid, g geometry, n int);
        INSERT INTO t VALUES (1, 0.1, 0.1, x'00ff', x'c3', '{"a": 9007199254740993, "b": [1.50]}', '123e4567-e89b-12d3-a456-426614174000', ST_GeomFromText('POINT(1 2.5)', 4326), NULL),
        (2, 16777216, 1e300, '', '', 'null', NULL, ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))'), NULL)"#,
    )
    .await;
    let keys = ["1", "2"].map(|it| Key::parse(it, 1).expect("a key"));
    let got = server
        .store
        .get(&call(), &dataset("t"), &keys, &by(&["id"]))
        .await
        .expect("records");
    let at = |record: usize, path: &str| {
        let record = got.found[record]
            .as_ref()
            .expect("read")
            .as_ref()
            .expect("there");
        record.at(&path.parse().expect("a path")).cloned()
    };
    assert_eq!(
        at(0, "f"),
        Some(Value::F64(0.1)),
        "what people wrote, not its 32 bits"
    );
    assert_eq!(at(0, "d"), Some(Value::F64(0.1)));
    assert_eq!(at(0, "b"), Some(Value::Bytes(vec![0, 255])));
    assert_eq!(at(0, "bb"), Some(Value::Bytes(vec![0xc3])));
    assert_eq!(at(0, "j.a"), Some(Value::I64(9_007_199_254_740_993)));
    assert_eq!(at(0, "j.b.0").expect("there").to_string(), "1.50");
    assert_eq!(at(0, "u").expect("there").type_name(), "uuid");
    assert_eq!(
        at(0, "g").expect("there").to_string(),
        "SRID=4326;POINT(1 2.5)"
    );
    assert_eq!(
        at(1, "g").expect("there").to_string(),
        "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))"
    );
    assert_eq!(at(1, "f"), Some(Value::F64(16_777_216.0)));
    assert_eq!(at(1, "d"), Some(Value::F64(1e300)));
    assert_eq!(at(1, "n"), Some(Value::Null));
    let rows = server
        .rows("SELECT x.j AS k, j + 0 FROM t AS x ORDER BY id")
        .await;
    assert_eq!(
        Some(&rows[0][0]),
        at(0, "j").as_ref(),
        "JSON in a result too"
    );
    assert_eq!(rows[1][0], Value::Null, "the null of JSON");
    let rows = server.rows("SELECT f, d, b, bb FROM t ORDER BY id").await;
    assert_eq!(
        rows[0],
        [
            Value::F64(0.1),
            Value::F64(0.1),
            Value::Bytes(vec![0, 255]),
            Value::Bytes(vec![0xc3])
        ]
    );
}

#[tokio::test]
async fn dates_that_no_calendar_has_are_not_lost() {
    let server = Server::new("parallax_zero", "").await;
    server
        .run(
            "SET sql_mode = 'ALLOW_INVALID_DATES'; CREATE TABLE t (id int PRIMARY KEY, d date, dt datetime(6), ts timestamp NULL);
            INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'), (2, '2024-02-31', '2024-00-15 10:00:00.5', NULL)",
        )
        .await;
    let text = |it: &Value| match it {
        Value::Native { text, type_name } => format!("{type_name} {text}"),
        other => format!("{other:?}"),
    };
    let rows = server.rows("SELECT d, dt, ts FROM t ORDER BY id").await;
    let keys = ["1", "2"].map(|it| Key::parse(it, 1).expect("a key"));
    let got = server
        .store
        .get(
            &call(),
            &dataset("t"),
            &keys,
            &fields(&["id"], &["d", "dt", "ts"]),
        )
        .await;
    for (row, record) in rows.iter().zip(got.expect("records").found) {
        let Value::Map(members) = record.expect("read").expect("there").body else {
            panic!("no map");
        };
        let values: Vec<Value> = members.into_iter().map(|(_, it)| it).collect();
        assert_eq!(&values, row, "both ways give the same");
    }
    assert_eq!(text(&rows[0][0]), "date 0000-00-00");
    assert_eq!(text(&rows[0][1]), "datetime 0000-00-00 00:00:00");
    assert_eq!(text(&rows[0][2]), "timestamp 0000-00-00 00:00:00");
    assert_eq!(text(&rows[1][0]), "date 2024-02-31");
    assert_eq!(text(&rows[1][1]), "datetime 2024-00-15 10:00:00.500000");
    assert_eq!(rows[1][2], Value::Null);
}

#[tokio::test]
async fn floats_of_32_bits_come_back_as_they_were_written() {
    let mut sql = "CREATE TABLE t (id int PRIMARY KEY, f float)".to_owned();
    let mut expected = Vec::new();
    let mut state: u32 = 12_345;
    for id in 0..300 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let number = f32::from_bits(state);
        if number.is_normal() {
            sql.push_str(&format!("; INSERT INTO t VALUES ({id}, {number:e})"));
            expected.push((id, number.to_string().parse::<f64>().expect("a number")));
        }
    }
    let server = Server::new("parallax_floats", &sql).await;
    let rows = server.rows("SELECT id, f FROM t ORDER BY id").await;
    let keys: Vec<Key> = expected
        .iter()
        .map(|(id, _)| Key::parse(&id.to_string(), 1).expect("a key"))
        .collect();
    let got = server
        .store
        .get(&call(), &dataset("t"), &keys, &by(&["id"]))
        .await
        .expect("records");
    for (((id, number), row), record) in expected.iter().zip(&rows).zip(&got.found) {
        assert_eq!(row[1], Value::F64(*number), "{id}");
        let record = record.as_ref().expect("read").as_ref().expect("there");
        assert_eq!(
            record.at(&"f".parse().expect("a path")),
            Some(&row[1]),
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_shape_tells_types_key_indices_and_precision() {
    let server = Server::new(
        "parallax_shape",
        "CREATE TABLE `odd ``name` (b varchar(10), a bigint unsigned, at datetime(3), ts timestamp(6) NULL, d datetime, j json NOT NULL, price decimal(12,2) NOT NULL,
        PRIMARY KEY (a, b), UNIQUE KEY by_price (price), KEY by_at (at, d)); INSERT INTO `odd ``name` (a, b, j, price) VALUES (1, 'x', '{}', 1); CREATE VIEW v AS SELECT * FROM `odd ``name`; CREATE SEQUENCE s",
    )
    .await;
    let shape = server
        .store
        .describe(&call(), &dataset("odd\u{20}`name").clone())
        .await;
    let shape = match shape {
        Ok(shape) => shape,
        Err(_) => server
            .store
            .describe(&call(), &dataset("\"odd `name\""))
            .await
            .expect("a shape"),
    };
    assert_eq!(shape.key, ["a", "b"]);
    assert_eq!((shape.estimate, shape.sampled), (Some(1), None));
    let told: Vec<(&str, &str, Option<Precision>, bool)> = shape
        .fields
        .iter()
        .map(|it| (it.name.as_str(), it.type_name(), it.precision, it.nullable))
        .collect();
    assert_eq!(
        told,
        [
            ("b", "text", None, false),
            ("a", "int", None, false),
            ("at", "datetime", Some(Precision::Millis), true),
            ("ts", "timestamp", Some(Precision::Micros), true),
            ("d", "datetime", Some(Precision::Seconds), true),
            ("j", "map", None, false),
            ("price", "decimal", None, false),
        ]
    );
    let declared = shape.field("a").and_then(|it| it.declared.clone());
    assert_eq!(declared.as_deref(), Some("bigint(20) unsigned"));
    let unique: Vec<(&str, bool)> = shape
        .indices
        .iter()
        .map(|it| (it.name.as_str(), it.unique))
        .collect();
    assert_eq!(
        unique,
        [("by_at", false), ("by_price", true), ("PRIMARY", true)]
    );
    let datasets = server.store.datasets(&call()).await.expect("datasets");
    let names: Vec<String> = datasets.iter().map(|it| it.id.name.clone()).collect();
    assert_eq!(names, ["parallax_shape.\"odd `name\"", "parallax_shape.v"]);
    let other = server
        .store
        .describe(&call(), &dataset("parallax_shape.v"))
        .await
        .expect("a view");
    assert_eq!((other.fields.len(), other.key.len()), (7, 0));
    let error = server
        .store
        .describe(&call(), &dataset("w"))
        .await
        .expect_err("none");
    assert!(error.hint.is_some(), "{error}");
}

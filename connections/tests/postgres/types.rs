//! Every value arrives as it was: compared with the server's own text.

use parallax_core::value::Value;

use crate::server::{Server, ask, call, statement};

/// A literal of each type, and some at the ends of its range.
#[rustfmt::skip]
const SAMPLES: &[(&str, &[&str])] = &[
    ("boolean", &["true", "false"]),
    ("smallint", &["-32768", "32767"]),
    ("integer", &["-2147483648", "2147483647"]),
    ("bigint", &["-9223372036854775808", "9223372036854775807"]),
    ("oid", &["4294967295"]),
    ("numeric", &["0", "0.000", "-1.50", "1e-20", "123456789012345678901234567890.123456789", "9999", "10000", "100000000", "1e100", "0.00010000"]),
    ("numeric(12,2)", &["1.5", "-0.01"]),
    ("text", &["", "São Paulo ☃", "a\"b\\c"]),
    ("varchar(5)", &["abc"]),
    ("\"char\"", &["x"]),
    ("name", &["pg_class"]),
    ("date", &["2024-02-29", "0001-01-01", "9999-12-31"]),
    ("time", &["00:00:00", "23:59:59.999999"]),
    ("uuid", &["67e55044-10b1-426f-9247-bb680e5fe0c8"]),
];

/// Types whose values we show by the server's own text.
#[rustfmt::skip]
const NATIVE: &[(&str, &[&str])] = &[
    ("numeric", &["NaN", "Infinity", "-Infinity"]),
    ("timestamptz", &["infinity", "-infinity", "0044-03-15 12:00:00.5+00 BC", "294276-12-31 23:59:59.999999+00", "4713-01-01 00:00:00+00 BC"]),
    ("timestamp", &["infinity", "-infinity", "0001-12-31 23:59:59.999999 BC", "10000-01-01 00:00:00"]),
    ("date", &["infinity", "-infinity", "0001-12-31 BC", "5874897-12-31", "10000-01-01"]),
    ("time", &["24:00:00"]),
    ("timetz", &["12:00:00+02"]),
    ("interval", &["1 mon 2 days 03:04:05.5", "1 year", "-1 days"]),
    ("money", &["$1.50"]),
    ("inet", &["10.0.0.1/8", "::1"]), ("cidr", &["10.0.0.0/8"]), ("macaddr", &["08:00:2b:01:02:03"]), ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("bit(3)", &["101"]), ("varbit", &["1011"]), ("xml", &["<a>b</a>"]),
    ("point", &["(1,2.5)"]), ("line", &["{1,2,3}"]), ("lseg", &["[(1,2),(3,4)]"]), ("box", &["(3,4),(1,2)"]),
    ("path", &["[(1,2),(3,4)]"]), ("polygon", &["((1,2),(3,4))"]), ("circle", &["<(1,2),3>"]),
    ("tsvector", &["'a':1 'b':2"]), ("tsquery", &["'a' & 'b'"]), ("pg_lsn", &["16/B374D848"]), ("xid", &["42"]), ("xid8", &["42"]), ("cid", &["7"]), ("tid", &["(1,2)"]),
    ("int4range", &["[1,5)", "empty"]), ("int4multirange", &["{[1,3),[5,7)}"]), ("tstzrange", &["[\"2024-01-01 00:00:00+00\",)"]), ("numrange", &["[1.5,2.5]"]),
    ("regclass", &["pg_type"]), ("jsonpath", &["$.\"a\""]), ("int2vector", &["1 2"]), ("oidvector", &["1 2"]), ("pg_snapshot", &["10:20:10,14,15"]),
];

/// Both ways that a value may come: at once, in binary where we read that, and inside an array, as text.
async fn both(server: &Server, of: &str, literal: &str) -> (Value, Value, Value) {
    let quoted = literal.replace('\'', "''");
    let rows = server
        .rows(&format!(
            "SELECT '{quoted}'::{of}, ARRAY['{quoted}'::{of}], format('%s', '{quoted}'::{of})"
        ))
        .await;
    let [one, list, text] = rows[0].as_slice() else {
        panic!("three cells");
    };
    let Value::List(items) = list else {
        panic!("no list but {list:?} for {of}");
    };
    (one.clone(), items[0].clone(), text.clone())
}

#[tokio::test]
async fn what_we_model_is_the_server_s_value() {
    let server = Server::new("parallax_types", "").await;
    for (of, literals) in SAMPLES {
        for literal in *literals {
            let (one, item, text) = both(&server, of, literal).await;
            assert!(
                !matches!(one, Value::Native { .. }),
                "{of} {literal}: {one:?}"
            );
            assert_eq!(one, item, "{of} {literal}");
            let text = if *of == "boolean" {
                *literal
            } else {
                &*text.to_string()
            };
            assert_eq!(one.to_string(), text, "{of} {literal}");
        }
    }
}

#[tokio::test]
async fn what_we_do_not_model_is_the_server_s_text() {
    let server = Server::new("parallax_native", "").await;
    for (of, literals) in NATIVE {
        for literal in *literals {
            let (one, item, text) = both(&server, of, literal).await;
            assert!(
                matches!(one, Value::Native { .. }),
                "{of} {literal}: {one:?}"
            );
            assert_eq!(one, item, "{of} {literal}");
            assert_eq!(one.to_string(), text.to_string(), "{of} {literal}");
        }
    }
}

#[tokio::test]
async fn every_type_of_the_catalogue_has_a_value() {
    let server = Server::new("parallax_every", "").await;
    // A null of each type shows that the type is known; the literals above show its values.
    let names = server
        .rows("SELECT format_type(oid, NULL) FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm', 'd') AND typisdefined ORDER BY oid")
        .await;
    assert!(names.len() > 100);
    for name in names {
        let answer = ask(
            &*server.store,
            &call(),
            &statement(&format!("SELECT NULL::{}", name[0])),
        )
        .await;
        assert_eq!(answer.error, None, "{}", name[0]);
        let batch = &answer.results[0].0[0];
        assert_eq!(batch.cells, [Value::Null], "{}", name[0]);
        assert!(!batch.columns[0].type_name.is_empty());
    }
}

#[tokio::test]
async fn types_that_people_make_are_read_by_what_they_are_made_of() {
    let server = Server::new(
        "parallax_made",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN age AS int CHECK (VALUE >= 0);
        CREATE TYPE spot AS (x int, label text, tags text[], at timestamptz); CREATE TABLE t (m mood, a age, s spot, v varchar(7), ss spot[])",
    )
    .await;
    server
        .run(r#"INSERT INTO t VALUES ('ok', 7, ROW(1, 'a "b", c', '{x,NULL}', '2024-02-29 12:00:00+00'), 'seven', ARRAY[ROW(2, NULL, NULL, 'infinity')::spot])"#)
        .await;
    let answer = ask(&*server.store, &call(), &statement("SELECT * FROM t")).await;
    let batch = &answer.results[0].0[0];
    let types: Vec<&str> = batch
        .columns
        .iter()
        .map(|it| it.type_name.as_str())
        .collect();
    assert_eq!(
        types,
        ["mood", "integer", "spot", "character varying(7)", "spot[]"]
    );
    let texts: Vec<String> = batch.cells.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "ok",
            "7",
            r#"{"x":1,"label":"a \"b\", c","tags":["x",null],"at":"2024-02-29T12:00:00Z"}"#,
            "seven",
            r#"[{"x":2,"label":null,"tags":null,"at":"infinity"}]"#,
        ]
    );
}

#[tokio::test]
async fn odd_values_lose_nothing() {
    let server = Server::new("parallax_odd", "").await;
    let rows = server
        .rows(
            r#"SELECT '[2:3]={1,2}'::int[], '{{1,2},{3,4}}'::int[], '{}'::text[], row(1, 'a'), 0.1::real, 1e300::float8,
            'NaN'::float8, '\x00ff'::bytea, '{"a":1.50,"b":[9007199254740993]}'::json, '{"b":1.50}'::jsonb,
            '01:02:03'::interval, '2024-02-29 12:00:00.123456+02'::timestamptz, '2024-02-29 12:00:00'::timestamp, 'ab'::char(5), ''::"char""#,
        )
        .await;
    let texts: Vec<String> = rows[0].iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "[2:3]={1,2}",
            "[[1,2],[3,4]]",
            "[]",
            "(1,a)",
            "0.1",
            "1e300",
            "NaN",
            "AP8=",
            r#"{"a":1.50,"b":[9007199254740993]}"#,
            r#"{"b":1.50}"#,
            "PT1H2M3S",
            "2024-02-29T10:00:00.123456Z",
            "2024-02-29T12:00:00",
            "ab   ",
            "",
        ]
    );
}

#[tokio::test]
async fn numbers_and_times_by_the_thousand_are_the_server_s() {
    let server = Server::new("parallax_many", "").await;
    let numbers = server
        .rows(
            "SELECT n, n::text FROM (SELECT ((random() - 0.5) * 10 ^ (i % 40 - 15))::numeric * (CASE WHEN i % 3 = 0 THEN 1000000007 ELSE 1 END) AS n
            FROM generate_series(1, 3000) AS i UNION ALL SELECT round(1e40 * random()::numeric, i % 30) FROM generate_series(1, 500) AS i) AS q",
        )
        .await;
    assert_eq!(numbers.len(), 3500);
    for row in numbers {
        assert_eq!(row[0].type_name(), "decimal");
        assert_eq!(row[0].to_string(), row[1].to_string());
    }
    let times = server
        .rows(
            "SELECT t, t::text, t::timestamp, t::timestamp::text, t::date, t::date::text FROM (
            SELECT '4000-01-01 BC'::timestamptz + i * interval '37 days 05:06:07.654321' AS t FROM generate_series(1, 160000, 37) AS i) AS q",
        )
        .await;
    for row in times {
        for pair in row.chunks(2) {
            let (ours, theirs) = (pair[0].to_string(), pair[1].to_string());
            let plain = ours.replace('T', " ").replace('Z', "+00");
            assert_eq!(plain, theirs, "{:?}", pair[0]);
        }
    }
}

//! Parameters of statements that people type: bound by the server, whatever they hold.

use parallax_core::error::{Error, ErrorKind};
use parallax_core::store::{Access, Call, Statement};
use parallax_core::value::Value;

use crate::server::{Answer, Server, ask, call};

fn text(it: &str) -> Value {
    Value::from(it)
}

fn with(text: &str, parameters: &[(&str, Value)]) -> Statement {
    let parameters = parameters.iter();
    Statement {
        text: text.to_owned(),
        parameters: parameters
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    }
}

async fn one(server: &Server, text: &str, value: Value) -> Answer {
    ask(&*server.store, &call(), &with(text, &[("it", value)])).await
}

async fn refused(server: &Server, text: &str, value: Value) -> Error {
    one(server, text, value).await.error.expect(text)
}

#[tokio::test]
async fn a_value_is_never_part_of_the_statement() {
    let server = Server::new(
        "parallax_injected",
        "CREATE TABLE t (a text); INSERT INTO t VALUES ('kept')",
    )
    .await;
    let long = "é\\'\"$1".repeat((1 << 20) / 7);
    for value in [
        "'; DELETE FROM t; --",
        "' OR 'a' = 'a",
        "\\'; DELETE FROM t; --",
        "$1",
        "{{it}} :it",
        "$$ ' $$ /* -- \n",
        "E'\\x27'",
        "",
        &long,
    ] {
        let answer = one(&server, "SELECT :it, length({{it}}::text)", text(value)).await;
        assert_eq!(answer.error, None, "{value:.40}");
        let length = i64::try_from(value.chars().count()).expect("a length");
        assert_eq!(answer.rows(), [[text(value), Value::I64(length)]]);
        let answer = one(&server, "SELECT a FROM t WHERE a = {{it}}", text(value)).await;
        assert_eq!(answer.error, None, "{value:.40}");
        assert!(answer.rows().is_empty(), "{value:.40}");
    }
    assert_eq!(server.rows("SELECT a FROM t").await, [[text("kept")]]);
    let error = refused(&server, "SELECT :it", text("a\0b")).await;
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    let said = error.to_string();
    assert!(said.contains("NUL") && said.contains("\"it\""), "{said}");
    for several in ["SELECT :it; DELETE FROM t", "SELECT 1; SELECT :it; COMMIT"] {
        let error = refused(&server, several, text("x")).await;
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{several}");
    }
}

#[tokio::test]
async fn the_driver_is_told_no_value_in_the_text() {
    let server = Server::new("parallax_told", "").await;
    let query = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND :it <> 'x'";
    let answer = one(&server, query, text("a secret value")).await;
    assert_eq!(answer.error, None);
    let sent = answer.rows()[0][0].to_string();
    assert!(sent.contains("$1") && !sent.contains("secret"), "{sent}");
}

#[tokio::test]
async fn every_type_takes_its_text_form() {
    let server = Server::new(
        "parallax_taken",
        "CREATE TYPE mood AS ENUM ('calm'); CREATE DOMAIN code AS varchar(4); CREATE TYPE pair AS (a int, b text)",
    )
    .await;
    for (of, value) in [
        ("bigint", "9223372036854775807"),
        ("numeric", "123456789012345678901234567890.0100"),
        ("boolean", "true"),
        ("double precision", "0.1"),
        ("character(3)", "abc"),
        ("character(3)[]", "{abc,d}"),
        ("bit(3)", "101"),
        ("varchar(2)", "ab"),
        ("\"char\"", "x"),
        ("date", "2024-02-29"),
        ("timestamptz", "2024-02-29 12:00:00.123456+00"),
        ("interval", "1 mon -2 days"),
        ("uuid", "67e55044-10b1-426f-9247-bb680e5fe0c8"),
        ("bytea", "\\x0001ff"),
        ("jsonb", "{\"a\": [1, 2.50]}"),
        ("text[]", "{a,NULL,\"b,c\"}"),
        ("inet", "10.0.0.1"),
        ("int4range", "[1,5)"),
        ("mood", "calm"),
        ("code", "abcd"),
        ("pair", "(1,\"a b\")"),
        ("mood[]", "{calm}"),
    ] {
        // The column says the type, and the value comes back in each of the ways that it may.
        let query = format!(
            "WITH t (a) AS (SELECT NULLIF('{value}', '')::{of}) SELECT a, {{{{it}}}}::{of}, a::text = {{{{it}}}}::{of}::text FROM t"
        );
        let answer = one(&server, &query, text(value)).await;
        assert_eq!(answer.error, None, "{of}");
        let row = &answer.rows()[0];
        assert_eq!((&row[0], &row[2]), (&row[1], &Value::Bool(true)), "{of}");
        let plain = server.rows(&format!("SELECT '{value}'::{of}")).await;
        assert_eq!(plain[0][0], row[1], "{of}: as without parameters");
        let null = one(&server, &query, Value::Null).await;
        assert_eq!(null.rows()[0][1], Value::Null, "{of}");
    }
}

#[tokio::test]
async fn a_type_is_taken_where_the_server_cannot_tell_one() {
    let server = Server::new(
        "parallax_untold",
        "CREATE TABLE t (id bigint, postcode text); INSERT INTO t VALUES (42, '12345')",
    )
    .await;
    for (query, value, expected) in [
        ("SELECT :it", text("a"), text("a")),
        ("SELECT :it", Value::I64(5), Value::I64(5)),
        ("SELECT :it IS NULL", text("a"), Value::Bool(false)),
        ("SELECT :it IS NULL", Value::Null, Value::Bool(true)),
        (
            "SELECT id FROM t WHERE id = {{it}}",
            text("42"),
            Value::I64(42),
        ),
        (
            "SELECT id FROM t WHERE id < 1e3 AND postcode = {{it}}",
            Value::I64(12345),
            Value::I64(42),
        ),
        (
            "SELECT id FROM t WHERE jsonb_build_object('a', :it) = '{\"a\":\"b\"}'",
            text("b"),
            Value::I64(42),
        ),
        (
            "SELECT id FROM t ORDER BY 1 LIMIT :it",
            text("1"),
            Value::I64(42),
        ),
        ("SELECT (:it::int[])[2]", text("{1,2}"), Value::I64(2)),
    ] {
        let answer = one(&server, query, value).await;
        assert_eq!(answer.error, None, "{query}");
        assert_eq!(answer.rows(), [[expected]], "{query}");
    }
    // The transaction that the failure ended was made read-only again.
    let answer = one(
        &server,
        "SELECT :it IS NULL, current_setting('transaction_read_only')",
        text("a"),
    )
    .await;
    assert_eq!(answer.rows()[0][1], text("on"));
}

#[tokio::test]
async fn a_cell_without_a_binary_form_comes_as_text() {
    let server = Server::new(
        "parallax_wrapped",
        "CREATE TABLE t (id int, tags text[], net inet)",
    )
    .await;
    let writing = Call {
        access: Access::ReadWrite,
        ..call()
    };
    let insert =
        "INSERT INTO t VALUES (1, {{tags}}, '10.0.0.1'), (2, NULL, NULL) RETURNING id, tags, net";
    let tags = [("tags", Value::List(vec![text("a"), Value::Null]))];
    let answer = ask(&*server.owner, &writing, &with(insert, &tags)).await;
    assert_eq!(answer.error, None);
    let native = |of: &str, it: &str| Value::Native {
        type_name: of.to_owned(),
        text: it.to_owned(),
    };
    let rows = [
        [Value::I64(1), tags[0].1.clone(), native("inet", "10.0.0.1")],
        [Value::I64(2), Value::Null, Value::Null],
    ];
    assert_eq!(answer.rows(), rows);
    assert_eq!(answer.results[0].1, Some(2), "rows are counted");
    let select = "SELECT id, tags, net FROM t WHERE id >= :it ORDER BY id -- all";
    let answer = one(&server, select, Value::I64(0)).await;
    assert_eq!(answer.rows(), rows);
    let names: Vec<&str> = answer.results[0].0[0]
        .columns
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["id", "tags", "net"]);
    let answer = one(
        &server,
        "SELECT '{[1,3)}'::int4multirange, :it::int",
        text("7"),
    )
    .await;
    assert_eq!(
        answer.rows(),
        [[native("int4multirange", "{[1,3)}"), Value::I64(7)]]
    );
    let explained = one(
        &server,
        "EXPLAIN (COSTS off) SELECT :it::int + 1",
        text("7"),
    )
    .await;
    assert_eq!(explained.error, None);
}

#[tokio::test]
async fn what_is_wrong_with_a_parameter_is_said_by_its_name() {
    let server = Server::new("parallax_blamed", "CREATE TABLE t (id bigint, d date)").await;
    for (query, value, kind) in [
        (
            "SELECT * FROM t WHERE id = {{it}}",
            "abc",
            ErrorKind::InvalidInput,
        ),
        (
            "SELECT * FROM t WHERE d = {{it}}",
            "2024-02-30",
            ErrorKind::InvalidInput,
        ),
        ("SELECT {{it}}::jsonb", "{", ErrorKind::InvalidInput),
        (
            "SELECT * FROM t LIMIT 1 {{it}}",
            "1",
            ErrorKind::InvalidInput,
        ),
        (
            "SELECT 1; SELECT {{it}} IS NULL",
            "1",
            ErrorKind::InvalidInput,
        ),
    ] {
        let error = refused(&server, query, text(value)).await;
        assert_eq!(error.kind, kind, "{query}: {error}");
        let hint = error.hint.unwrap_or_default();
        assert!(hint.contains("\"it\""), "{query}: {hint}");
    }
    for query in [
        "COPY (SELECT {{it}}) TO STDOUT",
        "PREPARE p AS SELECT {{it}}",
    ] {
        let error = refused(&server, query, text("a")).await;
        assert_eq!(error.kind, ErrorKind::Unsupported, "{query}");
    }
}

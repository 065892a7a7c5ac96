//! Every type of the store, as it comes in the result of a statement.

use parallax_core::value::Value;

use crate::server::Server;

fn native(type_name: &str, text: &str) -> Value {
    Value::Native {
        type_name: type_name.to_owned(),
        text: text.to_owned(),
    }
}

async fn check(server: &Server, expression: &str, expected: Value) {
    let answer = server.ask(&format!("RETURN {expression} AS it")).await;
    let cell = answer.cell();
    // NaN equals nothing, not even itself.
    assert_eq!(format!("{cell:?}"), format!("{expected:?}"), "{expression}");
}

#[tokio::test]
async fn plain_values_come_as_they_are() {
    let server = Server::new(&[]).await;
    for (expression, expected) in [
        ("null", Value::Null),
        ("true", Value::Bool(true)),
        ("-9223372036854775808", Value::I64(i64::MIN)),
        ("9223372036854775807", Value::I64(i64::MAX)),
        ("0.1", Value::F64(0.1)),
        ("0.0 / 0.0", Value::F64(f64::NAN)),
        ("-1.0 / 0.0", Value::F64(f64::NEG_INFINITY)),
        ("'ä\\n😀'", Value::from("ä\n😀")),
        (
            "[1, 'a', null, [2.5]]",
            Value::List(vec![
                Value::I64(1),
                Value::from("a"),
                Value::Null,
                Value::List(vec![Value::F64(2.5)]),
            ]),
        ),
        (
            "{b: 1, a: {c: null}}",
            Value::Map(vec![
                (
                    "a".to_owned(),
                    Value::Map(vec![("c".to_owned(), Value::Null)]),
                ),
                ("b".to_owned(), Value::I64(1)),
            ]),
        ),
        ("[]", Value::List(Vec::new())),
        ("{}", Value::Map(Vec::new())),
    ] {
        check(&server, expression, expected).await;
    }
}

#[tokio::test]
async fn times_keep_nanoseconds_offset_and_zone() {
    let server = Server::new(&[]).await;
    let timestamp = |it: &str| Value::Timestamp(it.parse().expect("a time"));
    for (expression, expected) in [
        (
            "date('2024-02-29')",
            Value::Date("2024-02-29".parse().expect("a date")),
        ),
        (
            "date('-0044-03-15')",
            Value::Date("-000044-03-15".parse().expect("a date")),
        ),
        ("date('+999999-01-01')", native("DATE", "+999999-01-01")),
        (
            "localtime('12:34:56.123456789')",
            Value::Time("12:34:56.123456789".parse().expect("a time")),
        ),
        (
            "time('12:34:56.5+01:30')",
            native("ZONED TIME", "12:34:56.5+01:30"),
        ),
        (
            "localdatetime('1969-12-31T23:59:59.000000001')",
            Value::DateTime("1969-12-31T23:59:59.000000001".parse().expect("a time")),
        ),
        (
            "datetime('2024-01-01T12:00:00.000000001Z')",
            timestamp("2024-01-01T12:00:00.000000001Z"),
        ),
        (
            "datetime('2024-01-01T12:00:00+02:00')",
            native("ZONED DATETIME", "2024-01-01T12:00:00+02:00"),
        ),
        (
            "datetime('2024-07-01T12:00:00[Europe/Berlin]')",
            native("ZONED DATETIME", "2024-07-01T12:00:00+02:00[Europe/Berlin]"),
        ),
        (
            "duration('PT-1.5S')",
            Value::Duration(jiff::SignedDuration::from_millis(-1_500)),
        ),
        (
            "duration('P1Y2M3DT4H5M6.7S')",
            native("DURATION", "P1Y2M3DT4H5M6.7S"),
        ),
        ("duration('P1D')", native("DURATION", "P1D")),
    ] {
        check(&server, expression, expected).await;
    }
}

#[tokio::test]
async fn points_keep_their_system() {
    let server = Server::new(&[]).await;
    check(
        &server,
        "point({x: 1.5, y: -2})",
        native("POINT", "point({srid:7203, x:1.5, y:-2.0})"),
    )
    .await;
    check(
        &server,
        "point({longitude: 13.4, latitude: 52.5, height: 34})",
        native("POINT", "point({srid:4979, x:13.4, y:52.5, z:34.0})"),
    )
    .await;
}

#[tokio::test]
async fn nodes_relationships_and_paths_say_what_they_join() {
    let server = Server::new(&["CREATE (:User# {id: 1})-[:KNOWS# {since: 2}]->(:User# {id: 2})<-[:KNOWS#]-(:User# {id: 3})"]).await;
    let answer = server
        .ask("MATCH p = (a:User# {id: 1})-[r:KNOWS#]->(b)<-[s]-(c) RETURN a, r, b, p, c, s")
        .await;
    let rows = answer.rows(0);
    let [one, first, two, path, three, second] = rows[0].as_slice() else {
        panic!("six cells");
    };
    let at = |value: &Value, path: &str| {
        let path: parallax_core::name::FieldPath = path.parse().expect("a path");
        path.of(value).cloned().unwrap_or(Value::Null)
    };
    let Value::Map(members) = one else {
        panic!("a node is a map");
    };
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["@node", "@labels", "properties"]);
    assert_eq!(
        at(one, "@labels"),
        Value::List(vec![Value::Text(server.named("User#"))])
    );
    assert_eq!(at(one, "properties.id"), Value::I64(1));
    assert_eq!(at(first, "@type"), Value::Text(server.named("KNOWS#")));
    assert_eq!(
        (at(first, "@start"), at(first, "@end")),
        (at(one, "@node"), at(two, "@node"))
    );
    assert_eq!(at(first, "properties.since"), Value::I64(2));
    let Value::List(steps) = at(path, "@path") else {
        panic!("a path is a list");
    };
    assert_eq!(steps.len(), 5);
    assert_eq!((&steps[0], &steps[1], &steps[2]), (one, first, two));
    assert_eq!((&steps[3], &steps[4]), (second, three));
    assert_eq!(
        (at(second, "@start"), at(second, "@end")),
        (at(three, "@node"), at(two, "@node"))
    );
    let answer = server
        .ask("MATCH (a:User# {id: 1}) RETURN {inside: [a]}")
        .await;
    assert_eq!(at(&answer.cell(), "inside.0.@node"), at(one, "@node"));
}

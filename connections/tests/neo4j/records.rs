//! Nodes and relationships by key, by a field, and the newest.

use parallax_core::error::ErrorKind;
use parallax_core::store::{Needle, Newest, Search};
use parallax_core::value::{Record, Value};

use crate::server::{Server, by, call, key};

fn body(record: &Record) -> String {
    record.body.to_string()
}

const USERS: &[&str] = &[
    "CREATE (:User# {id: 1, name: 'anna', updated_at: datetime('2024-01-01T00:00:00+02:00')}),
            (:User# {id: '2', name: 'Bo', tags: ['x', 'y'], updated_at: datetime('2024-01-02T00:00:00Z')}),
            (:User# {id: 3.0, name: 'cy', gone: true}),
            (:User# {id: 4, name: 'd1'}), (:User# {id: 4, name: 'd2'}),
            (:User# {id: 5, name: 'number'}), (:User# {id: '5', name: 'text'})",
];

#[tokio::test]
async fn a_node_is_found_whether_its_key_is_a_number_or_text() {
    let server = Server::new(USERS).await;
    let text = |it: &str| key(&[Value::from(it)]);
    let number = |it: i64| key(&[Value::I64(it)]);
    let keys = [
        text("1"),
        number(1),
        text("2"),
        number(2),
        text("3"),
        number(9),
        text("01"),
        number(5),
        text("5"),
    ];
    let found = server.get("User#", &keys, &by(&["id"], &["name"])).await;
    let names: Vec<Option<String>> = found
        .iter()
        .map(|it| it.as_ref().expect("read").as_ref().map(body))
        .collect();
    let name = |it: &str| Some(format!("{{\"name\":\"{it}\"}}"));
    assert_eq!(
        names,
        [
            name("anna"),
            name("anna"),
            name("Bo"),
            name("Bo"),
            name("cy"),
            None,
            None,
            name("number"),
            name("text"),
        ]
    );
    let first = found[1].clone().expect("read").expect("there");
    assert_eq!(first.key, number(1));
}

#[tokio::test]
async fn two_nodes_of_one_key_are_an_error_of_that_key_alone() {
    let server = Server::new(USERS).await;
    let keys = [key(&[Value::I64(4)]), key(&[Value::I64(1)])];
    let found = server.get("User#", &keys, &by(&["id"], &["*"])).await;
    let error = found[0].clone().expect_err("two");
    assert_eq!(error.kind, ErrorKind::Unreadable);
    assert!(
        error.to_string().contains("several records have this key"),
        "{error}"
    );
    assert!(found[1].as_ref().is_ok_and(Option::is_some));
}

#[tokio::test]
async fn a_whole_record_has_its_properties_its_id_and_its_labels() {
    let server = Server::new(USERS).await;
    let keys = [key(&[Value::from("2")])];
    let found = server.get("(:User#)", &keys, &by(&["id"], &["*"])).await;
    let record = found[0].clone().expect("read").expect("there");
    assert_eq!(
        body(&record),
        r#"{"id":"2","name":"Bo","tags":["x","y"],"updated_at":"2024-01-02T00:00:00Z"}"#
    );
    let at = |path: &str| record.at(&path.parse().expect("a path")).cloned();
    assert_eq!(at("@labels.0"), Some(Value::Text(server.named("User#"))));
    assert_eq!(at("tags.1"), Some(Value::from("y")));
    let id = at("@id").expect("an id");
    let by_id = server
        .get(
            "User#",
            &[key(&[id])],
            &by(&["@id"], &["name", "gone", "tags.0"]),
        )
        .await;
    let record = by_id[0].clone().expect("read").expect("there");
    assert_eq!(body(&record), r#"{"name":"Bo","tags":["x","y"]}"#);
}

#[tokio::test]
async fn a_time_in_a_record_is_the_instant_that_it_names() {
    let server = Server::new(USERS).await;
    let found = server
        .get(
            "User#",
            &[key(&[Value::I64(1)])],
            &by(&["id"], &["updated_at"]),
        )
        .await;
    let record = found[0].clone().expect("read").expect("there");
    let instant = "2023-12-31T22:00:00Z".parse().expect("a time");
    assert_eq!(
        record.at(&"updated_at".parse().expect("a path")),
        Some(&Value::Timestamp(instant))
    );
}

#[tokio::test]
async fn a_condition_limits_a_dataset() {
    let server = Server::new(USERS).await;
    let mut fields = by(&["id"], &["name"]);
    fields.filter = Some("n.gone IS NULL // those that are there".to_owned());
    let keys = [key(&[Value::I64(3)]), key(&[Value::I64(1)])];
    let found = server.get("User#", &keys, &fields).await;
    assert!(matches!(found[0], Ok(None)));
    assert!(matches!(found[1], Ok(Some(_))));
    fields.filter = Some("true) MATCH (m) RETURN m //".to_owned());
    let error = server
        .store
        .get(&call(), &server.dataset("User#"), &keys, &fields)
        .await;
    assert_eq!(
        error.expect_err("no condition").kind,
        ErrorKind::InvalidInput
    );
}

const BOUGHT: &[&str] = &[
    "CREATE (a:User# {id: 1}), (b:User# {id: 2}), (p:Product# {sku: 'x'}), (q:Product# {sku: 'y'}),
            (a)-[:BOUGHT# {number: 7, region: 'eu', at: date('2024-02-29')}]->(p),
            (a)-[:BOUGHT# {number: 8, region: 'eu'}]->(q), (b)-[:BOUGHT# {number: 7, region: 'us'}]->(p),
            (b)-[:KNOWS#]->(a)",
];

#[tokio::test]
async fn a_relationship_is_found_by_its_own_key_or_by_those_of_its_nodes() {
    let server = Server::new(BOUGHT).await;
    let name = "(:User#)-[:BOUGHT#]->(:Product#)";
    let keys = [
        key(&[Value::from("eu"), Value::I64(7)]),
        key(&[Value::from("us"), Value::from("7")]),
        key(&[Value::from("us"), Value::I64(8)]),
    ];
    let found = server
        .get(name, &keys, &by(&["region", "number"], &["*"]))
        .await;
    let record = found[0].clone().expect("read").expect("there");
    assert_eq!(
        body(&record),
        r#"{"at":"2024-02-29","number":7,"region":"eu"}"#
    );
    let at = |path: &str| record.at(&path.parse().expect("a path")).cloned();
    assert_eq!(at("@type"), Some(Value::Text(server.named("BOUGHT#"))));
    assert_eq!(at("@start.id"), Some(Value::I64(1)));
    assert_eq!(at("@end.sku"), Some(Value::from("x")));
    assert!(at("@source").is_some() && at("@source") != at("@target"));
    assert!(matches!(found[1], Ok(Some(_))));
    assert!(matches!(found[2], Ok(None)));
    let keys = [
        key(&[Value::I64(1), Value::from("y")]),
        key(&[Value::I64(2), Value::from("y")]),
    ];
    let fields = by(&["@start.id", "@end.sku"], &["number", "@start.id"]);
    let found = server.get("()-[:BOUGHT#]->()", &keys, &fields).await;
    let record = found[0].clone().expect("read").expect("there");
    assert_eq!(body(&record), r#"{"number":8}"#);
    assert_eq!(
        record.at(&"@start.id".parse().expect("a path")),
        Some(&Value::I64(1))
    );
    assert!(matches!(found[1], Ok(None)));
    let other = server
        .get("(:Product#)-[:BOUGHT#]->()", &keys, &fields)
        .await;
    assert!(matches!(other[0], Ok(None)));
}

#[tokio::test]
async fn names_that_would_end_a_statement_are_names() {
    let hostile = "x`) DETACH DELETE (n) // \\u0060";
    let server = Server::new(&[]).await;
    let text =
        server.named("CREATE (n:`x``) DETACH DELETE (n) // \\u005cu0060#` {`a``b. c`: 1, v: 2})");
    server.graph.run(text.as_str()).await.expect("created");
    let label = server.named(&format!("{hostile}#"));
    let name = format!("\"{label}\"");
    let fields = by(&["\"a`b. c\""], &["v"]);
    let found = server.get(&name, &[key(&[Value::I64(1)])], &fields).await;
    let record = found[0].clone().expect("read").expect("there");
    assert_eq!(body(&record), r#"{"v":2}"#);
    let shape = server
        .store
        .describe(&call(), &server.dataset(&name))
        .await
        .expect("a shape");
    assert_eq!(shape.fields.len(), 2);
    let listed = server.store.datasets(&call()).await.expect("datasets");
    assert!(
        listed.iter().any(|it| it.id.parts() == [label.clone()]),
        "{label}"
    );
}

#[tokio::test]
async fn a_value_of_eight_mebibytes_comes_whole() {
    let server = Server::new(&["UNWIND range(1, 13) AS i WITH collect(i) AS x
        WITH reduce(s = 'äbcdefg', i IN range(1, 20) | s + s) AS big CREATE (:Big# {id: 1, text: big})"])
    .await;
    let found = server
        .get("Big#", &[key(&[Value::I64(1)])], &by(&["id"], &["text"]))
        .await;
    let record = found[0].clone().expect("read").expect("there");
    let Some(Value::Text(text)) = record.at(&"text".parse().expect("a path")) else {
        panic!("no text");
    };
    assert_eq!(text.len(), 8 << 20);
    assert!(text.ends_with("äbcdefg"));
}

#[tokio::test]
async fn records_are_found_by_a_field() {
    let server = Server::new(USERS).await;
    let find = async |path: &str, needle: Needle| {
        let search = Search {
            paths: vec![
                "name".parse().expect("a path"),
                path.parse().expect("a path"),
            ],
            needle,
            limit: 10,
        };
        let dataset = server.dataset("User#");
        let found = server
            .store
            .find(&call(), &dataset, &search, &by(&["id"], &["name"]))
            .await;
        let mut names: Vec<String> = found.expect("found").iter().map(body).collect();
        names.sort();
        names
    };
    assert_eq!(
        find("id", Needle::Equals("3".to_owned())).await,
        [r#"{"name":"cy"}"#]
    );
    assert_eq!(
        find("id", Needle::Equals("5".to_owned())).await,
        [r#"{"name":"number"}"#, r#"{"name":"text"}"#]
    );
    assert_eq!(
        find("gone", Needle::Equals("true".to_owned())).await,
        [r#"{"name":"cy"}"#]
    );
    assert_eq!(
        find("tags", Needle::Contains("BO".to_owned())).await,
        [r#"{"name":"Bo"}"#]
    );
    assert!(
        find("id", Needle::Contains("%".to_owned()))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn the_newest_come_first() {
    let server = Server::new(USERS).await;
    let newest = Newest {
        version: "updated_at".parse().expect("a path"),
        limit: 5,
    };
    let found = server
        .store
        .newest(
            &call(),
            &server.dataset("User#"),
            &newest,
            &by(&["id"], &["name"]),
        )
        .await;
    let names: Vec<String> = found.expect("found").iter().map(body).collect();
    assert_eq!(names, [r#"{"name":"Bo"}"#, r#"{"name":"anna"}"#]);
}

#[tokio::test]
async fn the_statement_of_a_lookup_is_one_that_people_can_run() {
    let server = Server::new(USERS).await;
    let got = server
        .store
        .get(
            &call(),
            &server.dataset("User#"),
            &[key(&[Value::I64(1)])],
            &by(&["id"], &["name"]),
        )
        .await
        .expect("an answer");
    let label = server.named("User#");
    assert_eq!(
        got.statement,
        format!("MATCH (n:`{label}`) WHERE n.`id` IN $key1 RETURN [n.`id`, n.`name`] AS row")
    );
    assert!(got.read.began <= got.read.ended);
}

//! Records: what there is, what it looks like, and documents by key.

use parallax_core::error::{ErrorKind, Result};
use parallax_core::store::{Access, Call, Needle, Newest, Projection, Search};
use parallax_core::value::{Key, Record, Value};

use crate::server::{Server, ask_as, by, call, dataset, key, keys, path};

#[tokio::test]
async fn a_server_says_what_it_is() {
    for server in Server::all("parallax_ping").await {
        let told = server.store.ping(&call()).await.expect("an answer");
        assert_eq!(told.product.to_lowercase(), server.product);
        assert!(told.version.contains('.'), "{}", told.version);
        let capability = server.store.capability();
        assert!(capability.parts && capability.snapshot && capability.find);
    }
}

#[tokio::test]
async fn indices_and_aliases_are_datasets_and_their_mapping_is_their_shape() {
    for server in Server::all("parallax_shape").await {
        let properties = r#"{"name":{"type":"text","fields":{"keyword":{"type":"keyword"}}},"n":{"type":"long"},
            "address":{"properties":{"city":{"type":"keyword","index":false}}}}"#;
        server
            .index(
                "parallax_shape.a-1",
                properties,
                &[("1", r#"{"n":1}"#), ("2", r#"{"n":2}"#)],
            )
            .await;
        server.index("parallax_shape_b", "{}", &[("3", "{}")]).await;
        server
            .run(
                r#"POST /_aliases
{"actions":[{"add":{"index":"parallax_shape*","alias":"parallax_shape_all"}}]}"#,
            )
            .await;
        let found = server.store.datasets(&call()).await.expect("datasets");
        let own: Vec<(&str, Option<u64>)> = found
            .iter()
            .filter(|it| it.id.name.contains("parallax_shape"))
            .map(|it| (it.id.name.as_str(), it.estimate))
            .collect();
        assert_eq!(
            own,
            [
                (r#""parallax_shape.a-1""#, Some(2)),
                ("parallax_shape_all", Some(3)),
                ("parallax_shape_b", Some(1))
            ],
            "{}",
            server.product
        );
        assert!(
            found
                .iter()
                .all(|it| !it.id.name.trim_matches('"').starts_with('.'))
        );
        let shape = server
            .store
            .describe(&call(), &dataset(r#""parallax_shape.a-1""#))
            .await
            .expect("a shape");
        let fields: Vec<String> = shape
            .fields
            .iter()
            .map(|it| {
                format!(
                    "{}: {} = {}",
                    it.name,
                    it.type_name(),
                    it.declared.as_deref().unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(
            fields,
            [
                "address: map = object (city: keyword, not indexed)",
                "n: int = long",
                "name: text = text (keyword: keyword)"
            ]
        );
        assert_eq!(shape.estimate, Some(2));
        let error = server
            .store
            .describe(&call(), &dataset("parallax_none"))
            .await
            .expect_err("none");
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_document_is_read_exactly_by_its_id() {
    for server in Server::all("parallax_exact").await {
        // What is not mapped is kept as it was written.
        let document = r#"{"kept":{"big":18446744073709551615,"d":0.10,"e":1e400,"deep":{"n":9007199254740993},"t":"São\u0000Paulo","z":null}}"#;
        server
            .index(
                "parallax_exact",
                r#"{"kept":{"type":"object","enabled":false}}"#,
                &[("42", document)],
            )
            .await;
        let found = server
            .get(
                "parallax_exact",
                "@id",
                &[
                    Key::new(vec![Value::I64(42)]),
                    key("43"),
                    Key::new(vec![Value::Null]),
                ],
            )
            .await;
        let record = found[0].clone().expect("read").expect("there");
        assert_eq!(
            record.body,
            Value::from_json(document).expect("JSON"),
            "{}",
            server.product
        );
        let meta: Vec<String> = record
            .meta
            .iter()
            .map(|(name, it)| format!("{name}={it}"))
            .collect();
        assert_eq!(
            meta,
            [
                "@id=42",
                "@index=parallax_exact",
                "@version=1",
                "@seq_no=0",
                "@primary_term=1"
            ]
        );
        assert_eq!(found[1..], [Ok(None), Ok(None)]);
    }
}

#[tokio::test]
async fn ids_may_be_anything() {
    let long = "ü".repeat(256);
    let ids = [
        "a/b c",
        "..",
        ".",
        "_bulk",
        "é%2f",
        "\"q\"\\",
        "{{x}}",
        "#?&=+;",
        "\u{1F600}",
        long.as_str(),
    ];
    for server in Server::all("parallax_ids").await {
        let documents: Vec<(String, String)> = ids
            .iter()
            .enumerate()
            .map(|(n, id)| ((*id).to_owned(), format!(r#"{{"n":{n}}}"#)))
            .collect();
        server.index("parallax_ids", "{}", &[]).await;
        for (id, document) in &documents {
            // One by one, for the text of a request takes {{x}} for a parameter.
            let call = Call {
                access: Access::ReadWrite,
                ..call()
            };
            let text = "POST /parallax_ids/_bulk?refresh=true\n{\"index\":{\"_id\":{{id}}}}\n{{document}}\n";
            let answer = ask_as(
                &*server.owner,
                &call,
                text,
                &[
                    ("id", Value::from(id.as_str())),
                    ("document", Value::from_json(document).expect("JSON")),
                ],
            )
            .await;
            assert_eq!((answer.error, answer.notices), (None, Vec::new()), "{id}");
        }
        let found = server.get("parallax_ids", "@id", &keys(&ids)).await;
        for (n, found) in found.into_iter().enumerate() {
            let record = found
                .expect("read")
                .unwrap_or_else(|| panic!("{:?}", ids[n]));
            assert_eq!(
                record.at(&path("n")),
                Some(&Value::I64(i64::try_from(n).expect("small")))
            );
        }
        let too_long = "x".repeat(513);
        assert_eq!(
            server
                .get("parallax_ids", "@id", &keys(&["", &too_long]))
                .await,
            [Ok(None), Ok(None)]
        );
    }
}

#[tokio::test]
async fn a_key_may_be_a_field_or_several() {
    for server in Server::all("parallax_field").await {
        let properties = r#"{"n":{"type":"long"},"mail":{"type":"text","fields":{"raw":{"type":"keyword"}}},"note":{"type":"text"},"hidden":{"type":"keyword","index":false,"doc_values":false}}"#;
        server
            .index(
                "parallax_field",
                properties,
                &[
                    ("a", r#"{"n":1,"mail":"Ann@x.example","note":"red fox"}"#),
                    ("b", r#"{"n":2,"mail":"ann@x.example","note":"red"}"#),
                    ("c", r#"{"n":3,"mail":"twice","note":"x"}"#),
                    ("d", r#"{"n":4,"mail":"twice","note":"y"}"#),
                ],
            )
            .await;
        let ids = |found: &[Result<Option<Record>>]| -> Vec<String> {
            found
                .iter()
                .map(|it| match it {
                    Ok(Some(it)) => it.at(&path("@id")).expect("an id").to_string(),
                    Ok(None) => "none".to_owned(),
                    Err(error) => format!("{:?}", error.kind),
                })
                .collect()
        };
        let by_number = server
            .get(
                "parallax_field",
                "n",
                &[Key::new(vec![Value::I64(2)]), key("1"), key("x"), key("9")],
            )
            .await;
        assert_eq!(
            ids(&by_number),
            ["b", "a", "none", "none"],
            "{}",
            server.product
        );
        let by_text = server
            .get(
                "parallax_field",
                "mail",
                &keys(&["ann@x.example", "Ann@x.example", "twice"]),
            )
            .await;
        assert_eq!(ids(&by_text), ["b", "a", "Unreadable"]);
        let analysed = server
            .get("parallax_field", "note", &keys(&["red", "fox"]))
            .await;
        assert_eq!(ids(&analysed), ["b", "none"]);
        let both = Key::new(vec![Value::from("twice"), Value::I64(4)]);
        assert_eq!(
            ids(&server.get("parallax_field", "mail,n", &[both]).await),
            ["d"]
        );
        let error = server
            .store
            .get(
                &call(),
                &dataset("parallax_field"),
                &[key("x")],
                &by("hidden", &["*"]),
            )
            .await;
        assert_eq!(
            error.expect_err("not searchable").kind,
            ErrorKind::InvalidInput
        );
    }
}

#[tokio::test]
async fn documents_behind_an_alias_a_filter_or_a_routing_are_found() {
    for server in Server::all("parallax_alias").await {
        server
            .index(
                "parallax_alias_1",
                r#"{"live":{"type":"boolean"}}"#,
                &[("1", r#"{"live":true}"#), ("2", r#"{"live":false}"#)],
            )
            .await;
        server
            .run("PUT /parallax_alias_2\n{\"settings\":{\"number_of_shards\":3},\"mappings\":{\"_routing\":{\"required\":true},\"properties\":{\"live\":{\"type\":\"boolean\"}}}}\nPUT /parallax_alias_2/_doc/3?routing=eu&refresh=true\n{\"live\":true}")
            .await;
        server
            .run(r#"POST /_aliases
{"actions":[{"add":{"indices":["parallax_alias_1","parallax_alias_2"],"alias":"parallax_alias_both"}},
{"add":{"index":"parallax_alias_1","alias":"parallax_alias_live","filter":{"term":{"live":true}}}}]}"#)
            .await;
        let is_there = |found: Vec<Result<Option<Record>>>| -> Vec<bool> {
            found
                .into_iter()
                .map(|it| it.expect("read").is_some())
                .collect()
        };
        let all = keys(&["1", "2", "3", "4"]);
        assert_eq!(
            is_there(server.get("parallax_alias_both", "@id", &all).await),
            [true, true, true, false],
            "{}",
            server.product
        );
        assert_eq!(
            is_there(server.get("parallax_alias_live", "@id", &all).await),
            [true, false, false, false]
        );
        let filtered = Projection {
            filter: Some(r#"{"term":{"live":false}}"#.to_owned()),
            ..by("@id", &["*"])
        };
        let got = server
            .store
            .get(&call(), &dataset("parallax_alias_1"), &all, &filtered)
            .await
            .expect("read");
        assert_eq!(is_there(got.found), [false, true, false, false]);
    }
}

#[tokio::test]
async fn those_that_hold_a_text_are_found() {
    for server in Server::all("parallax_find").await {
        let properties = r#"{"name":{"type":"text","fields":{"keyword":{"type":"keyword"}}},"code":{"type":"keyword"},"note":{"type":"text"},"n":{"type":"long"}}"#;
        server
            .index(
                "parallax_find",
                properties,
                &[
                    ("1", r#"{"name":"Ann Lee","code":"A*1","note":"quick brown fox","n":7,"at":"2026-01-01T00:00:00Z"}"#),
                    ("2", r#"{"name":"ann other","code":"AB1","note":"slow","n":8,"at":"2026-03-01T00:00:00Z"}"#),
                    ("3", r#"{"name":"Bob","code":"x?y","note":"Foxes","n":9}"#),
                ],
            )
            .await;
        let find = async |paths: &[&str], needle| {
            let search = Search {
                paths: paths.iter().map(|it| path(it)).collect(),
                needle,
                limit: 10,
            };
            let found = server
                .store
                .find(
                    &call(),
                    &dataset("parallax_find"),
                    &search,
                    &by("@id", &["*"]),
                )
                .await;
            let found = found.unwrap_or_else(|error| panic!("{}: {error}", server.product));
            let mut ids: Vec<String> = found.iter().map(|it| it.key.to_string()).collect();
            ids.sort();
            ids.concat()
        };
        let contains = |it: &str| Needle::Contains(it.to_owned());
        let equals = |it: &str| Needle::Equals(it.to_owned());
        assert_eq!(
            find(&["name", "n"], contains("ANN")).await,
            "12",
            "{}",
            server.product
        );
        assert_eq!(find(&["note"], contains("fox")).await, "13");
        assert_eq!(find(&["note"], contains("brown f")).await, "1");
        assert_eq!(find(&["code"], contains("A*")).await, "1");
        assert_eq!(find(&["code"], contains("?")).await, "3");
        assert_eq!(find(&["name"], equals("Ann Lee")).await, "1");
        assert_eq!(find(&["name"], equals("ann lee")).await, "");
        assert_eq!(find(&["n", "name"], equals("8")).await, "2");
        assert_eq!(find(&["@id"], equals("3")).await, "3");
        assert_eq!(find(&["gone"], equals("3")).await, "");
    }
}

#[tokio::test]
async fn the_newest_come_first() {
    for server in Server::all("parallax_newest").await {
        let properties = r#"{"note":{"type":"text"},"at":{"type":"date"}}"#;
        let documents = [
            ("1", r#"{"at":"2026-01-01T00:00:00Z"}"#),
            ("2", r#"{"at":"2026-03-01T00:00:00Z"}"#),
            ("3", "{}"),
        ];
        server
            .index("parallax_newest", properties, &documents)
            .await;
        let newest = Newest {
            version: path("at"),
            limit: 2,
        };
        let found = server
            .store
            .newest(
                &call(),
                &dataset("parallax_newest"),
                &newest,
                &by("@id", &["*"]),
            )
            .await
            .expect("read");
        let ids: Vec<String> = found.iter().map(|it| it.key.to_string()).collect();
        assert_eq!(ids, ["2", "1"]);
        let by_text = Newest {
            version: path("note"),
            limit: 2,
        };
        let error = server
            .store
            .newest(
                &call(),
                &dataset("parallax_newest"),
                &by_text,
                &by("@id", &["*"]),
            )
            .await;
        assert_eq!(
            error.expect_err("cannot be sorted").kind,
            ErrorKind::Unsupported
        );
    }
}

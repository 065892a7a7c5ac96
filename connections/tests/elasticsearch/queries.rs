//! Requests as people type them, and what comes back.

use parallax_core::error::ErrorKind;
use parallax_core::value::Value;

use crate::server::{Server, ask_as, call};

const USERS: &[(&str, &str)] = &[
    ("1", r#"{"name":"Ann","n":9007199254740993,"city":"Rome"}"#),
    ("2", r#"{"name":"Bob","n":2,"city":"Rome"}"#),
    ("3", r#"{"name":"Cy","n":3,"city":"Oslo"}"#),
];

const PROPERTIES: &str =
    r#"{"name":{"type":"keyword"},"n":{"type":"long"},"city":{"type":"keyword"}}"#;

#[tokio::test]
async fn several_requests_give_several_results() {
    for server in Server::all("parallax_several").await {
        server.index("parallax_several", PROPERTIES, USERS).await;
        let answer = server
            .ask(
                r#"# the first
GET /parallax_several/_search
{ "sort": ["n"], "size": 2, // two of them
  "_source": ["n"], "aggs": {"by_city": {"terms": {"field": "city"}}, "most": {"max": {"field": "n"}}} }

POST parallax_several/_count
GET /_cat/indices/parallax_several?h=index,docs.count
HEAD /parallax_several
GET /parallax_several/_doc/9"#,
            )
            .await;
        assert_eq!(answer.error, None, "{}", server.product);
        assert_eq!(
            answer.rows(0),
            [
                r#"["2","parallax_several",null,{"n":2},[2]]"#,
                r#"["3","parallax_several",null,{"n":3},[3]]"#
            ]
        );
        assert_eq!(
            answer.columns(0),
            ["_id", "_index", "_score", "_source", "sort"]
        );
        assert_eq!(answer.notices, ["2 of 3 hits"]);
        assert_eq!(answer.columns(2), ["by_city", "doc_count"]);
        assert_eq!(answer.rows(2), [r#"["Rome",2]"#, r#"["Oslo",1]"#]);
        assert!(
            answer.rows(3)[0].contains(r#""count":3"#),
            "{:?}",
            answer.rows(3)
        );
        assert_eq!(
            (answer.columns(4), answer.rows(4)),
            (
                vec!["index", "docs.count"],
                vec![r#"["parallax_several","3"]"#.to_owned()]
            )
        );
        assert_eq!(answer.rows(5), ["[200]"]);
        assert!(answer.rows(6)[0].contains(r#""found":false"#));
        assert_eq!(answer.results.len(), 7);
    }
}

#[tokio::test]
async fn parameters_are_bound_and_never_pasted() {
    for server in Server::all("parallax_bound").await {
        server.index("parallax_bound", PROPERTIES, USERS).await;
        let parameters = [
            ("n", Value::I64(9_007_199_254_740_993)),
            ("name", Value::from(r#"x"}},{"match_all":{}}"#)),
            ("id", Value::from("1")),
        ];
        let text = r#"GET /parallax_bound/_search
{"_source": false, "query": {"term": {"n": {{n}} }}}
GET /parallax_bound/_search
{"query": {"term": {"name": "{{name}}"}}}
GET /parallax_bound/_doc/{{id}}?_source=name"#;
        let answer = ask_as(&*server.store, &call(), text, &parameters).await;
        assert_eq!(answer.error, None, "{}", server.product);
        assert_eq!(answer.rows(0), [r#"["1","parallax_bound",1.0]"#]);
        assert_eq!(answer.rows(1), [] as [&str; 0]);
        assert!(answer.rows(2)[0].contains(r#""_source":{"name":"Ann"}"#));
    }
}

#[tokio::test]
async fn several_searches_in_one_request_are_several_results() {
    for server in Server::all("parallax_multi").await {
        server.index("parallax_multi", PROPERTIES, USERS).await;
        let answer = server
            .ask("POST /parallax_multi/_msearch\n{}\n{\"query\":{\"ids\":{\"values\":[\"2\"]}}}\n{\"index\":\"parallax_multi_none\"}\n{}")
            .await;
        assert_eq!(answer.error, None, "{}", server.product);
        assert_eq!(answer.rows(0).len(), 1);
        assert!(
            answer.notices.iter().any(|it| it.contains("no such index")),
            "{:?}",
            answer.notices
        );
    }
}

#[tokio::test]
async fn the_server_says_where_a_query_is_wrong() {
    for server in Server::all("parallax_wrong").await {
        server.index("parallax_wrong", PROPERTIES, USERS).await;
        let error = async |text: &str| {
            server
                .ask(text)
                .await
                .error
                .unwrap_or_else(|| panic!("{text}"))
        };
        let wrong = error("GET /parallax_wrong/_search\n{\"query\":\n  {\"nonsense\": {}}}").await;
        assert_eq!(wrong.kind, ErrorKind::InvalidInput, "{wrong}");
        assert!(
            wrong.to_string().contains("line 2, column") && wrong.to_string().contains("in line 1"),
            "{wrong}"
        );
        let missing = error("GET /parallax_wrong/_count\nGET /parallax_wrong_none/_search").await;
        assert_eq!(missing.kind, ErrorKind::NotFound, "{missing}");
        assert!(missing.to_string().contains("in line 2"), "{missing}");
        let sql = error("POST /_sql\n{\"query\":\"SELECT 1\"}").await;
        assert!(
            sql.hint.is_some_and(|it| it.contains("SQL")),
            "{}",
            server.product
        );
        let esql = error("POST /_query\n{\"query\":\"FROM x\"}").await;
        assert!(
            esql.hint.is_some_and(|it| it.contains("ES|QL")),
            "{}",
            server.product
        );
    }
}

#[tokio::test]
async fn writes_are_counted_where_they_are_allowed() {
    for server in Server::all("parallax_counted").await {
        let answer = server
            .run("POST /parallax_counted/_bulk?refresh=true\n{\"index\":{\"_id\":\"1\"}}\n{\"n\":1}\n{\"create\":{\"_id\":\"1\"}}\n{\"n\":2}\nPUT /parallax_counted/_doc/2\n{}")
            .await;
        assert_eq!(answer.results[0].1, Some(1));
        assert!(
            answer.notices.iter().any(|it| it == "1 of 2 lines failed"),
            "{:?}",
            answer.notices
        );
        assert_eq!(answer.results[1].1, Some(1));
        assert!(
            answer.rows(0)[0].starts_with(r#"["index","parallax_counted","1",201,"created""#),
            "{:?}",
            answer.rows(0)
        );
    }
}

#[tokio::test]
async fn many_hits_come_in_several_batches() {
    for server in Server::all("parallax_many").await {
        let documents: Vec<(String, String)> = (0..3_000)
            .map(|n| (n.to_string(), format!(r#"{{"n":{n}}}"#)))
            .collect();
        let documents: Vec<(&str, &str)> = documents
            .iter()
            .map(|(id, it)| (id.as_str(), it.as_str()))
            .collect();
        server.index("parallax_many", PROPERTIES, &documents).await;
        let answer = server
            .ask("GET /parallax_many/_search\n{\"size\":3000}")
            .await;
        assert_eq!(answer.rows(0).len(), 3_000);
        assert!(
            answer.results[0].0.len() >= 3,
            "{}",
            answer.results[0].0.len()
        );
    }
}

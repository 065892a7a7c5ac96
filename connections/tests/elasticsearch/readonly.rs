//! What only reads is sent, and what may write is refused before it is.

use parallax_core::error::ErrorKind;
use parallax_core::store::{Access, Call};

use crate::server::{Server, ask_as, call};

/// Requests that would change something on these servers, if they got there.
const WRITES: &[&str] = &[
    "POST /parallax_guarded/_doc\n{\"n\":9}",
    "PUT /parallax_guarded/_doc/1\n{\"n\":9}",
    "POST /parallax_guarded/_update/1\n{\"doc\":{\"n\":9}}",
    "POST /parallax_guarded/_bulk\n{\"index\":{}}\n{\"n\":9}",
    "POST /_bulk\n{\"index\":{\"_index\":\"parallax_guarded\"}}\n{\"n\":9}",
    "POST /parallax_guarded/%5Fbulk\n{\"index\":{}}\n{\"n\":9}",
    "post parallax_guarded/_bulk/?filter_path=_search\n{\"index\":{}}\n{\"n\":9}",
    "POST /parallax_guarded/_delete_by_query\n{\"query\":{\"match_all\":{}}}",
    "POST /_reindex\n{\"source\":{\"index\":\"parallax_guarded\"},\"dest\":{\"index\":\"parallax_guarded_2\"}}",
    "DELETE /parallax_guarded",
    "DELETE /parallax_guarded/_doc/1",
    "PUT /parallax_guarded_2",
    "POST /parallax_guarded/_close",
    "GET /parallax_guarded/_refresh",
    "GET /parallax_guarded/_doc/1?refresh=true",
    "POST /_search/../parallax_guarded/_doc\n{\"n\":9}",
    "POST /parallax_guarded/_search/%2e%2e/_doc\n{\"n\":9}",
    "POST /parallax_guarded\\_doc\n{\"n\":9}",
    "PUT /_cluster/settings\n{\"transient\":{}}",
];

#[tokio::test]
async fn nothing_that_writes_reaches_the_server() {
    for server in Server::all("parallax_guarded").await {
        server
            .index("parallax_guarded", "{}", &[("1", r#"{"n":1}"#)])
            .await;
        for text in WRITES {
            let answer = server.ask(text).await;
            let error = answer
                .error
                .unwrap_or_else(|| panic!("{}: {text}", server.product));
            let is_refused = matches!(
                error.kind,
                ErrorKind::PermissionDenied | ErrorKind::InvalidInput
            );
            assert!(is_refused, "{text}: {error:?}");
        }
        let answer = server
            .ask("GET /parallax_guarded/_search?version=true\nGET /parallax_guarded*/_count")
            .await;
        assert_eq!(answer.rows(0).len(), 1, "{:?}", answer.error);
        assert!(
            answer.rows(0)[0].contains(r#"{"n":1}"#) && answer.rows(1)[0].contains(r#""count":1"#)
        );
    }
}

#[tokio::test]
async fn one_write_among_reads_stops_them_all_before_the_first() {
    for server in Server::all("parallax_among").await {
        server.index("parallax_among", "{}", &[]).await;
        let answer = server
            .ask("GET /parallax_among/_count\nPUT /parallax_among/_doc/1\n{}")
            .await;
        let error = answer.error.expect("refused");
        assert_eq!(error.kind, ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("in line 2"), "{error}");
        assert!(answer.results[0].0.is_empty());
    }
}

#[tokio::test]
async fn a_profile_that_may_not_write_does_not_though_the_call_asks() {
    for server in Server::all("parallax_profile").await {
        let call = Call {
            access: Access::ReadWrite,
            ..call()
        };
        let answer = ask_as(&*server.store, &call, "PUT /parallax_profile", &[]).await;
        assert_eq!(
            answer.error.expect("refused").kind,
            ErrorKind::PermissionDenied
        );
    }
}

#[tokio::test]
async fn what_reads_by_post_is_sent() {
    for server in Server::all("parallax_reads").await {
        server
            .index(
                "parallax_reads",
                r#"{"t":{"type":"text"}}"#,
                &[("1", r#"{"t":"red fox"}"#)],
            )
            .await;
        for text in [
            "POST /parallax_reads/_search",
            "POST /parallax_reads/_count",
            "POST /parallax_reads/_mget\n{\"ids\":[\"1\"]}",
            "POST /parallax_reads/_field_caps?fields=*",
            "POST /parallax_reads/_analyze\n{\"text\":\"Red Fox\"}",
            "POST /parallax_reads/_validate/query",
            "POST /parallax_reads/_explain/1\n{\"query\":{\"match_all\":{}}}",
            "POST /parallax_reads/_termvectors/1",
            "POST /parallax_reads/_search_shards",
        ] {
            let answer = server.ask(text).await;
            assert_eq!(answer.error, None, "{}: {text}", server.product);
        }
        let tokens = server
            .ask("GET /parallax_reads/_analyze\n{\"text\":\"Red Fox\"}")
            .await;
        assert_eq!(tokens.rows(0).len(), 2);
    }
}

//! One document in two states: as it is stored, and as searches find it until the next refresh.

use std::time::Duration;

use parallax_core::error::Result;
use parallax_core::store::{Refresh, Searchable};
use parallax_core::value::{Record, Value};

use crate::server::{Server, by, call, dataset, keys, path};

async fn searched(server: &Server, name: &str, key: &str, of: &[&str]) -> Searchable {
    let searched = server
        .store
        .searchable(&call(), &dataset(name), &keys(of), &by(key, &["*"]))
        .await;
    searched.expect("an answer").expect("a second answer")
}

fn names(found: &[Result<Option<Record>>]) -> Vec<String> {
    found
        .iter()
        .map(|it| {
            let record = it.as_ref().expect("read").as_ref();
            record.map_or("none".to_owned(), |it| {
                it.at(&path("name")).expect("a name").to_string()
            })
        })
        .collect()
}

#[tokio::test]
async fn a_change_is_stored_before_searches_find_it() {
    for server in Server::all("parallax_views").await {
        server
            .run("PUT /parallax_views\n{\"settings\":{\"number_of_shards\":1,\"refresh_interval\":\"30s\"},\"mappings\":{\"properties\":{\"name\":{\"type\":\"keyword\"},\"id\":{\"type\":\"long\"}}}}")
            .await;
        server
            .write(
                "parallax_views",
                &[
                    ("1", r#"{"id":1,"name":"old"}"#),
                    ("2", r#"{"id":2,"name":"gone"}"#),
                    ("4", r#"{"id":4,"name":"same"}"#),
                ],
            )
            .await;
        server
            .run("PUT /parallax_views/_doc/1\n{\"id\":1,\"name\":\"new\"}\nDELETE /parallax_views/_doc/2\nPUT /parallax_views/_doc/3\n{\"id\":3,\"name\":\"first\"}")
            .await;
        let ids = ["1", "2", "3", "4"];
        for key in ["@id", "id"] {
            let stored = server.get("parallax_views", key, &keys(&ids)).await;
            assert_eq!(
                names(&stored),
                ["new", "none", "first", "same"],
                "{} by {key}",
                server.product
            );
            let found = searched(&server, "parallax_views", key, &ids).await;
            assert_eq!(
                names(&found.found),
                ["old", "gone", "none", "same"],
                "{} by {key}",
                server.product
            );
            assert_eq!(found.refresh, Refresh::Every(Duration::from_secs(30)));
            assert!(
                found.read.began <= found.read.ended
                    && found.statement.starts_with("GET /parallax_views/_search")
            );
            let position = |record: &Record| record.at(&path("@seq_no")).cloned();
            let of = |it: &[Result<Option<Record>>], at: usize| {
                it[at].clone().expect("read").as_ref().and_then(position)
            };
            assert_eq!(
                (of(&stored, 0), of(&found.found, 0)),
                (Some(Value::I64(3)), Some(Value::I64(0)))
            );
            assert_eq!(of(&stored, 3), of(&found.found, 3));
        }
        server.run("POST /parallax_views/_refresh").await;
        let found = searched(&server, "parallax_views", "@id", &ids).await;
        assert_eq!(names(&found.found), ["new", "none", "first", "same"]);
        server
            .run("PUT /parallax_views/_settings\n{\"index\":{\"refresh_interval\":\"-1\"}}")
            .await;
        assert_eq!(
            searched(&server, "parallax_views", "@id", &ids)
                .await
                .refresh,
            Refresh::Never
        );
    }
}

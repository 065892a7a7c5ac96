//! The floor of a graph: rows that a statement returns, as the driver hands them out.

use std::time::Instant;

use neo4rs::{ConfigBuilder, Graph, query};
use parallax_tests::servers::Server;

use super::Raw;

/// Rows that are fetched at a time.
const FETCH: usize = 10_000;

/// A statement whose rows are received and dropped.
pub(crate) async fn returned(server: &Server, cypher: &str) -> Raw {
    let config = ConfigBuilder::default()
        .uri(format!("bolt://127.0.0.1:{}", server.port()))
        .user("neo4j")
        .password(server.password())
        .fetch_size(FETCH)
        .build();
    let graph = Graph::connect(config.expect("settings")).expect("a connection");
    let began = Instant::now();
    let mut stream = graph
        .execute(query(cypher))
        .await
        .expect("the statement begins");
    let mut rows = 0;
    while stream.next().await.expect("the rows go on").is_some() {
        rows += 1;
    }
    Raw {
        wall: began.elapsed(),
        rows,
        bytes: None,
    }
}

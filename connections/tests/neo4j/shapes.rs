//! The datasets of a graph, and what they hold.

use parallax_core::error::ErrorKind;
use parallax_core::store::DataModel;

use crate::server::{Server, call};

const GRAPH: &[&str] = &[
    "CREATE CONSTRAINT user_id# FOR (n:User#) REQUIRE n.id IS UNIQUE",
    "CREATE INDEX user_name# FOR (n:User#) ON (n.name, n.city)",
    "UNWIND range(1, 20) AS i CREATE (:User# {id: i, name: 'user' + i, odd: CASE i % 4 WHEN 0 THEN 'text' ELSE i END})",
    "CREATE (:Product# {sku: 'x'})",
    "MATCH (u:User#), (p:Product#) WHERE u.id <= 5 CREATE (u)-[:BOUGHT# {at: datetime()}]->(p)",
    "MATCH (u:User# {id: 1}), (v:User# {id: 2}) CREATE (u)-[:User#]->(v)",
];

async fn forget(server: &Server) {
    server.run("DROP CONSTRAINT user_id# IF EXISTS").await;
    server.run("DROP INDEX user_name# IF EXISTS").await;
}

#[tokio::test]
async fn labels_and_types_are_datasets_with_their_counts() {
    let server = Server::new(GRAPH).await;
    let all = server.store.datasets(&call()).await.expect("datasets");
    let mine = all.iter().filter(|it| it.id.name.contains(&server.mark));
    let mine: Vec<(String, Option<u64>)> = mine
        .inspect(|it| assert_eq!(it.model, DataModel::Graph))
        .map(|it| (it.id.name.replace(&server.mark, "#"), it.estimate))
        .collect();
    let expected = [
        ("Product#", Some(1)),
        ("User#", Some(20)),
        ("(:User#)-[:BOUGHT#]->(:Product#)", Some(5)),
        ("(:User#)-[:User#]->(:User#)", Some(1)),
    ];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(mine, expected);
    forget(&server).await;
}

#[tokio::test]
async fn a_label_is_described_by_a_sample_and_the_schema() {
    let server = Server::new(GRAPH).await;
    let shape = server
        .store
        .describe(&call(), &server.dataset("User#"))
        .await
        .expect("a shape");
    assert_eq!((shape.estimate, shape.sampled), (Some(20), Some(20)));
    assert_eq!(shape.key, ["id"]);
    let types = |name: &str| {
        let field = shape.field(name).expect(name);
        let types: Vec<String> = field
            .types
            .iter()
            .map(|it| format!("{} {}", it.type_name, it.share))
            .collect();
        (types.join(", "), field.nullable)
    };
    assert_eq!(types("id"), ("int 1".to_owned(), false));
    assert_eq!(types("odd"), ("int 0.75, text 0.25".to_owned(), false));
    let index = |unique: bool| shape.indices.iter().find(|it| it.unique == unique);
    assert_eq!(index(true).expect("unique").fields, ["id"]);
    assert_eq!(index(false).expect("an index").fields, ["name", "city"]);
    let name = "(:User#)-[:BOUGHT#]->(:Product#)";
    let shape = server
        .store
        .describe(&call(), &server.dataset(name))
        .await
        .expect("a shape");
    assert_eq!(
        (shape.estimate, shape.key),
        (Some(5), vec!["@id".to_owned()])
    );
    assert_eq!(shape.fields[0].type_name(), "timestamp");
    forget(&server).await;
}

#[tokio::test]
async fn a_label_that_is_not_there_is_told_with_a_guess() {
    let server = Server::new(&["CREATE (:User# {id: 1})"]).await;
    let error = server
        .store
        .describe(&call(), &server.dataset("Usr#"))
        .await
        .expect_err("not there");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error.hint.as_deref().is_some_and(|it| it.contains("User")),
        "{error:?}"
    );
    for name in ["()-[:NOTHING#]->()", "[:NOTHING#]"] {
        let error = server
            .store
            .describe(&call(), &server.dataset(name))
            .await
            .expect_err("not there");
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    }
    let error = server
        .store
        .describe(&call(), &server.dataset("a.b"))
        .await
        .expect_err("no name");
    assert_eq!(error.kind, ErrorKind::InvalidInput, "{error}");
}

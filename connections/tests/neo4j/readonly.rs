//! What a read-only session is kept from, by the server or by us.

use parallax_core::error::ErrorKind;

use crate::server::{Server, ask, call, statement};

#[tokio::test]
async fn the_server_refuses_what_writes() {
    let server = Server::new(&["CREATE (:User# {id: 1})"]).await;
    for text in [
        "CREATE (:User# {id: 2})",
        "MATCH (n:User#) SET n.id = 3",
        "MATCH (n:User#) DETACH DELETE n",
        "MERGE (:User# {id: 4})",
        "CREATE INDEX FOR (n:User#) ON (n.id)",
        "MATCH (n:User#) CALL (n) { SET n.id = 5 } IN TRANSACTIONS",
        "MATCH (n:User#) FOREACH (x IN [1] | SET n.id = x)",
        "CREATE USER nobody SET PASSWORD 'abcdefgh1'",
        "CALL db.createLabel('Odd#')",
        "MATCH (n:User#) WITH n LIMIT 1 SET n.id = 6 RETURN n",
    ] {
        let error = server.ask(text).await.error.expect(text);
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{text}: {error}");
        assert!(
            error
                .hint
                .as_deref()
                .is_some_and(|it| it.contains("read-write")),
            "{text}: {error:?}"
        );
    }
    assert_eq!(
        server
            .number("MATCH (n:User# {id: 1}) RETURN count(n)")
            .await,
        1
    );
}

#[tokio::test]
async fn what_the_server_would_let_through_is_refused_before_it_is_sent() {
    let server = Server::new(&[]).await;
    for text in [
        "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "CALL dbms.killConnection('bolt-0')",
        "CALL db.clearQueryCaches()",
        "TERMINATE TRANSACTIONS 'neo4j-transaction-0'",
        "RETURN 1; ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
    ] {
        let error = server.ask(text).await.error.expect(text);
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{text}: {error}");
        assert!(error.hint.is_some(), "{text}");
    }
}

#[tokio::test]
async fn what_reads_the_schema_may_run() {
    let server = Server::new(&["CREATE (:User# {id: 1})"]).await;
    for text in [
        "SHOW INDEXES",
        "SHOW TRANSACTIONS",
        "CALL db.labels()",
        "CALL db.schema.nodeTypeProperties()",
        "CALL { MATCH (n:User#) RETURN n } RETURN n",
    ] {
        let answer = server.ask(text).await;
        assert!(answer.error.is_none(), "{text}: {:?}", answer.error);
    }
}

#[tokio::test]
async fn a_profile_that_may_not_write_refuses_a_call_that_would() {
    let server = Server::new(&[]).await;
    let call = parallax_core::store::Call {
        access: parallax_core::store::Access::ReadWrite,
        ..call()
    };
    let answer = ask(&*server.store, &call, &statement("RETURN 1")).await;
    assert_eq!(
        answer.error.expect("refused").kind,
        ErrorKind::PermissionDenied
    );
}

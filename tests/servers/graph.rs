//! Neo4j.

use libtest_mimic::Failed;
use neo4rs::{ConfigBuilder, Graph, query};
use parallax_tests::servers::{self, Server};
use tokio::runtime::Runtime;

use crate::ensure;

pub(crate) fn password() -> Result<(), Failed> {
    let server = servers::address("neo4j");
    Runtime::new()?.block_on(async {
        let plain = connect(&server, "bolt", server.password())?;
        let safe = connect(&server, "bolt+s", server.password())?;
        for graph in [plain, safe] {
            let answer = number(&graph, "RETURN 42 AS answer").await?;
            ensure(answer == 42, "it answers something else")?;
        }
        let stranger = connect(&server, "bolt", "wrong")?;
        let error = number(&stranger, "RETURN 42 AS answer").await.err();
        let error = error.ok_or("it lets in who does not know the password")?;
        let message = error.message().unwrap_or_default();
        ensure(message.contains("authentication failure"), message)
    })
}

pub(crate) fn restart() -> Result<(), Failed> {
    let mut instance = servers::private("neo4j");
    let runtime = Runtime::new()?;
    let url = instance.server().url.clone();
    runtime.block_on(async {
        let graph = connect(instance.server(), "bolt", instance.server().password())?;
        graph.run(query("CREATE (:Kept {answer: 42})")).await?;
        Ok::<_, Failed>(())
    })?;
    // Waits until nobody takes connections there any more.
    instance.kill();
    instance.start();
    ensure(instance.server().url == url, "it moved")?;
    let answer = runtime.block_on(async {
        let graph = connect(instance.server(), "bolt", instance.server().password())?;
        number(&graph, "MATCH (n:Kept) RETURN n.answer AS answer").await
    })?;
    ensure(answer == 42, "the node changed")
}

/// With the certificate checked, if the scheme asks for one.
fn connect(server: &Server, scheme: &str, password: &str) -> neo4rs::Result<Graph> {
    let mut config = ConfigBuilder::new()
        .uri(format!("{scheme}://127.0.0.1:{}", server.port()))
        .user("neo4j")
        .password(password);
    if let Some(authority) = server.ca.as_ref().filter(|_| scheme == "bolt+s") {
        config = config.with_client_certificate(authority);
    }
    Graph::connect(config.build()?)
}

async fn number(graph: &Graph, statement: &str) -> Result<i64, Failed> {
    let mut rows = graph.execute(query(statement)).await?;
    let row = rows.next().await?.ok_or("no row")?;
    Ok(row.get("answer")?)
}

//! Labels of a Neo4j server that hold a mark.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use neo4rs::{ConfigBuilder, Graph, query};
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_tests::servers::Server;

use crate::ground::{
    Ground, ODD, ODD_NAME, ODD_NAME_ITSELF, Owner, Stranger, USERS, WIDE, Words, connect_to,
    dataset, mark,
};
use crate::types::{Place, Typed, typed};

const ALL_RIGHTS: &str = "the Community Edition gives every account every right";

pub(crate) const NOT_APPLICABLE: &[(&str, &str)] = &[(crate::NO_RIGHTS, ALL_RIGHTS)];

struct Nodes {
    graph: Graph,
    mark: String,
}

impl Owner for Nodes {
    fn running<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<usize, Failed>> {
        async move {
            let listed = format!(
                "SHOW TRANSACTIONS YIELD currentQuery AS q WHERE q CONTAINS '{mark}' AND NOT q STARTS WITH 'SHOW' RETURN count(q) AS n"
            );
            let mut rows = self.graph.execute(query(&listed)).await?;
            let row = rows.next().await?.ok_or("no answer")?;
            Ok(usize::try_from(row.get::<i64>("n")?)?)
        }
        .boxed()
    }

    fn typed<'a>(
        &'a self,
        mark: &'a str,
        types: &'a [Typed],
    ) -> BoxFuture<'a, Result<Vec<Place>, Failed>> {
        async move {
            let properties = types.iter().enumerate();
            let properties = properties.map(|(nth, it)| format!(", c{nth}: {}", it.literal));
            let properties: String = properties.collect();
            let create = format!("CREATE (:Typed_{mark} {{id: 1{properties}}})");
            self.graph.run(query(&create)).await?;
            let place = |nth| {
                Ok(Place {
                    dataset: dataset(&format!("Typed_{mark}"))?,
                    key_path: FieldPath::name("id"),
                    key: "1".to_owned(),
                    path: FieldPath::name(format!("c{nth}")),
                    statement: format!("MATCH (n:Typed_{mark}) RETURN n.c{nth}"),
                })
            };
            (0..types.len()).map(place).collect()
        }
        .boxed()
    }

    fn stranger<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>> {
        async { Err(Failed::from(ALL_RIGHTS)) }.boxed()
    }

    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>> {
        async move {
            let gone = format!(
                "MATCH (n) WHERE any(it IN labels(n) WHERE it ENDS WITH '{}') DETACH DELETE n",
                self.mark
            );
            self.graph.run(query(&gone)).await?;
            Ok(())
        }
        .boxed()
    }
}

/// The driver wants the address alone.
fn graph(server: &Server) -> Result<Graph, Failed> {
    let config = ConfigBuilder::default()
        .uri(format!("bolt://127.0.0.1:{}", server.port()))
        .user("neo4j")
        .password(server.password())
        .build()?;
    Ok(Graph::connect(config)?)
}

pub(crate) async fn ground(server: &Server) -> Result<Ground, Failed> {
    let mark = mark();
    let graph = graph(server)?;
    let odd = ODD.replace('\'', "\\'");
    for text in [
        format!(
            "UNWIND range(1, {USERS}) AS i CREATE (:User_{mark} {{id: i, name: 'user ' + i, updated_at: datetime() - duration({{seconds: i}})}})"
        ),
        format!("CREATE (:`{ODD_NAME_ITSELF}{mark}` {{id: '{odd}', value: 'odd'}})"),
        format!("CREATE (n:Empty_{mark}) DELETE n"),
    ] {
        graph.run(query(&text)).await?;
    }
    let wide = format!("CREATE (:Wide_{mark} {{id: 'big', value: $value}})");
    graph
        .run(query(&wide).param("value", "x".repeat(WIDE)))
        .await?;
    let place = |name: &str| dataset(&format!("{name}_{mark}"));
    let (store, canceller) = connect_to(server, server.password())?;
    let odd_name = ODD_NAME.trim_end_matches('"');
    Ok(Ground {
        store,
        _canceller: canceller,
        key: FieldPath::name("id"),
        users: place("User")?,
        wide: place("Wide")?,
        empty: place("Empty")?,
        odd: dataset(&format!("{odd_name}{mark}\""))?,
        value: FieldPath::name("value"),
        words: Words {
            endless: format!(
                "UNWIND range(1, 10000000000) AS i WITH i WHERE i < 0 RETURN count(i) AS {mark}"
            ),
            write: format!("MATCH (n:User_{mark}) DETACH DELETE n"),
            two: "RETURN 1; RETURN 2".to_owned(),
            nobody: "RETURN {{nobody}}".to_owned(),
            big: format!("MATCH (n:Wide_{mark}) RETURN n.value"),
        },
        owner: Box::new(Nodes {
            graph,
            mark: mark.clone(),
        }),
        listed: mark.clone(),
        mark,
    })
}

/// Types of properties, with their ends. A property is never null.
pub(crate) fn types() -> Vec<Typed> {
    vec![
        typed("BOOLEAN", "true", "bool", "true"),
        typed(
            "INTEGER",
            "-9223372036854775808",
            "int",
            "-9223372036854775808",
        ),
        typed("FLOAT", "0.1", "float", "0.1"),
        typed("FLOAT", "0.0 / 0.0", "float", "NaN"),
        typed("STRING", "'ä€𝄞 \\'quoted\\''", "text", "ä€𝄞 'quoted'"),
        typed("DATE", "date('2024-02-29')", "date", "2024-02-29"),
        typed(
            "LOCAL TIME",
            "localtime('23:59:59.999999999')",
            "time",
            "23:59:59.999999999",
        ),
        typed(
            "LOCAL DATETIME",
            "localdatetime('2024-02-29T12:00:00.000000001')",
            "datetime",
            "2024-02-29T12:00:00.000000001",
        ),
        typed(
            "ZONED DATETIME",
            "datetime('2024-02-29T12:00:00.000000001+02:00')",
            "timestamp",
            "2024-02-29T10:00:00.000000001Z",
        )
        .in_result("ZONED DATETIME", "2024-02-29T12:00:00.000000001+02:00"),
        typed(
            "DURATION",
            "duration('P1Y2M3DT4H5M6.7S')",
            "DURATION",
            "P1Y2M3DT4H5M6.7S",
        ),
        typed(
            "POINT",
            "point({srid:7203, x:1.5, y:-2.0})",
            "POINT",
            "point({srid:7203, x:1.5, y:-2.0})",
        ),
        typed(
            "LIST<INTEGER>",
            "[1, 2, 9007199254740993]",
            "list",
            "[1,2,\"9007199254740993\"]",
        ),
    ]
}

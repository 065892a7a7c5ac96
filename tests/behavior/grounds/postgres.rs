//! A schema of a PostgreSQL server.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_tests::servers::Server;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::ground::{
    Ground, ODD, ODD_NAME, Owner, STRANGE, Stranger, USERS, WIDE, Words, connect_to, dataset, mark,
};
use crate::types::{Place, Typed, sql_places, sql_table, typed};

pub(crate) fn words(schema: &str) -> Words {
    Words {
        endless: String::new(),
        write: format!("delete from {schema}users"),
        two: "select 1; select 2".to_owned(),
        nobody: "select {{nobody}}".to_owned(),
        big: format!("select value from {schema}wide"),
    }
}

struct Schema {
    server: Server,
    schema: String,
}

async fn run(server: &Server, sql: &str) -> Result<(), Failed> {
    let mut own = PgConnection::connect(&server.url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut own).await?;
    Ok(own.close().await?)
}

impl Owner for Schema {
    fn running<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<usize, Failed>> {
        async move {
            let mut own = PgConnection::connect(&self.server.url).await?;
            let running: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and position($1 in query) > 0",
            )
            .bind(mark)
            .fetch_one(&mut own)
            .await?;
            own.close().await?;
            Ok(usize::try_from(running)?)
        }
        .boxed()
    }

    fn typed<'a>(
        &'a self,
        mark: &'a str,
        types: &'a [Typed],
    ) -> BoxFuture<'a, Result<Vec<Place>, Failed>> {
        async move {
            let table = format!("{mark}.typed");
            for statement in sql_table(&table, types) {
                run(&self.server, &statement).await?;
            }
            sql_places(&table, &table, types)
        }
        .boxed()
    }

    fn stranger<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>> {
        async move {
            let create = format!("create role {mark} login password '{STRANGE}'");
            run(&self.server, &create).await?;
            Ok(Stranger::new(mark))
        }
        .boxed()
    }

    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>> {
        async move {
            let drop = format!(
                "drop schema {0} cascade; drop role if exists {0}",
                self.schema
            );
            run(&self.server, &drop).await
        }
        .boxed()
    }
}

pub(crate) async fn ground(server: &Server) -> Result<Ground, Failed> {
    let schema = mark();
    let odd = ODD.replace('\'', "''");
    let sql = format!(
        "create schema {schema};
         set search_path to {schema};
         create table users (id bigint primary key, name text, updated_at timestamptz);
         insert into users select i, 'user ' || i, now() - make_interval(secs => i) from generate_series(1, {USERS}) i;
         create table wide (id text primary key, value text);
         insert into wide values ('big', repeat('x', {WIDE}));
         create table empty (id text primary key, value text, updated_at timestamptz);
         create table {ODD_NAME} (id text primary key, value text);
         insert into {ODD_NAME} values ('{odd}', 'odd')"
    );
    run(server, &sql).await?;
    let place = |name: &str| dataset(&format!("{schema}.{name}"));
    let (store, canceller) = connect_to(server, server.password())?;
    Ok(Ground {
        store,
        _canceller: canceller,
        key: FieldPath::name("id"),
        users: place("users")?,
        wide: place("wide")?,
        empty: place("empty")?,
        odd: place(ODD_NAME)?,
        value: FieldPath::name("value"),
        words: Words {
            endless: format!("select pg_sleep(600), '{schema}'"),
            ..words(&format!("{schema}."))
        },
        mark: schema.clone(),
        listed: schema.clone(),
        owner: Box::new(Schema {
            server: server.clone(),
            schema,
        }),
    })
}

/// Types of rows, with their ends.
pub(crate) fn types() -> Vec<Typed> {
    vec![
        typed("boolean", "true", "bool", "true"),
        typed("smallint", "-32768", "int", "-32768"),
        typed("integer", "2147483647", "int", "2147483647"),
        typed(
            "bigint",
            "-9223372036854775808",
            "int",
            "-9223372036854775808",
        ),
        typed(
            "numeric",
            "12345678901234567890.12345678901234567890",
            "decimal",
            "12345678901234567890.12345678901234567890",
        ),
        typed("numeric(12,2)", "1.50", "decimal", "1.50"),
        typed("numeric", "'NaN'", "numeric", "NaN"),
        typed("real", "0.1", "float", "0.1"),
        typed("double precision", "'-Infinity'", "float", "-Infinity"),
        typed("text", "'ä€𝄞 ''quoted'''", "text", "ä€𝄞 'quoted'"),
        typed("char(4)", "'ab'", "text", "ab  "),
        typed("bytea", "'\\x00ff'", "bytes", "AP8="),
        typed("date", "'2024-02-29'", "date", "2024-02-29"),
        typed("time", "'23:59:59.999999'", "time", "23:59:59.999999"),
        typed(
            "timestamp",
            "'2024-02-29 12:00:00.000001'",
            "datetime",
            "2024-02-29T12:00:00.000001",
        ),
        typed(
            "timestamptz",
            "'2024-02-29 12:00:00.000001+02'",
            "timestamp",
            "2024-02-29T10:00:00.000001Z",
        ),
        typed("timestamptz", "'infinity'", "timestamptz", "infinity"),
        typed(
            "interval",
            "'1 month 2 days 03:04:05.6'",
            "interval",
            "1 mon 2 days 03:04:05.6",
        ),
        typed(
            "uuid",
            "'00000000-0000-4000-8000-00000000002a'",
            "uuid",
            "00000000-0000-4000-8000-00000000002a",
        ),
        typed(
            "jsonb",
            "'{\"n\": 9007199254740993}'",
            "map",
            "{\"n\":\"9007199254740993\"}",
        ),
        typed("integer[]", "'{1,null,3}'", "list", "[1,null,3]"),
        typed("int4range", "'[1,5)'", "int4range", "[1,5)"),
        typed("inet", "'10.0.0.1/8'", "inet", "10.0.0.1/8"),
        typed("bit(4)", "b'1010'", "bit", "1010"),
        typed("point", "'(1,2)'", "point", "(1,2)"),
        typed("null", "null", "null", "null"),
    ]
}

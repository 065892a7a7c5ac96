//! A database of a MariaDB server.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_tests::servers::Server;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection};

use crate::ground::{
    Ground, ODD, ODD_NAME, ODD_NAME_ITSELF, Owner, STRANGE, Stranger, USERS, WIDE, Words,
    connect_to, dataset, mark,
};
use crate::types::{Place, Typed, sql_places, sql_table, typed};

pub(crate) const NOT_APPLICABLE: &[(&str, &str)] = &[];

struct Database {
    server: Server,
    database: String,
}

async fn run(server: &Server, sql: &str) -> Result<(), Failed> {
    let mut own = MySqlConnection::connect(&server.url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut own).await?;
    Ok(own.close().await?)
}

impl Owner for Database {
    fn running<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<usize, Failed>> {
        async move {
            let mut own = MySqlConnection::connect(&self.server.url).await?;
            let running: i64 = sqlx::query_scalar(
                "select count(*) from information_schema.processlist where id <> connection_id() and instr(info, ?) > 0",
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
            let [create, insert] = sql_table(&table, types);
            let sql = format!(
                "set names utf8mb4; set time_zone = '+00:00'; set sql_mode = ''; {create}; {insert}"
            );
            run(&self.server, &sql).await?;
            sql_places(&table, &table, types)
        }
        .boxed()
    }

    /// MariaDB shows an account no database in which it has no rights: it has one here, on another table.
    fn stranger<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>> {
        async move {
            let create = format!(
                "create user '{mark}'@'%' identified by '{STRANGE}'; grant select on {mark}.empty to '{mark}'@'%'; grant usage on *.* to '{mark}'@'%'"
            );
            run(&self.server, &create).await?;
            Ok(Stranger::new(mark))
        }
        .boxed()
    }

    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>> {
        async move {
            let drop = format!(
                "drop database {0}; drop user if exists '{0}'@'%'",
                self.database
            );
            run(&self.server, &drop).await
        }
        .boxed()
    }
}

pub(crate) async fn ground(server: &Server) -> Result<Ground, Failed> {
    let database = mark();
    let odd = ODD.replace('\'', "''");
    let sql = format!(
        "create database {database} character set utf8mb4;
         use {database};
         create table users (id bigint primary key, name varchar(100), updated_at timestamp(6));
         insert into users select seq, concat('user ', seq), now(6) - interval seq second from seq_1_to_{USERS};
         create table wide (id varchar(100) primary key, value longtext);
         insert into wide values ('big', repeat('x', {WIDE}));
         create table empty (id varchar(100) primary key, value text, updated_at timestamp(6));
         create table `{ODD_NAME_ITSELF}` (id varchar(100) primary key, value text);
         insert into `{ODD_NAME_ITSELF}` values ('{odd}', 'odd')"
    );
    run(server, &sql).await?;
    let place = |name: &str| dataset(&format!("{database}.{name}"));
    let (store, canceller) = connect_to(&server.in_database(&database), server.password())?;
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
            endless: format!("select sleep(600), '{database}'"),
            ..super::postgres::words(&format!("{database}."))
        },
        mark: database.clone(),
        // The URL names the database, so the names do not.
        listed: String::new(),
        owner: Box::new(Database {
            server: server.clone(),
            database,
        }),
    })
}

/// Types of rows, with their ends.
pub(crate) fn types() -> Vec<Typed> {
    vec![
        typed("tinyint", "-128", "int", "-128"),
        typed("tinyint(1)", "2", "int", "2"),
        typed("int unsigned", "4294967295", "int", "4294967295"),
        typed(
            "bigint",
            "-9223372036854775808",
            "int",
            "-9223372036854775808",
        ),
        typed(
            "bigint unsigned",
            "18446744073709551615",
            "int",
            "18446744073709551615",
        ),
        typed(
            "decimal(65,30)",
            "12345678901234567890123456789012345.123456789012345678901234567890",
            "decimal",
            "12345678901234567890123456789012345.123456789012345678901234567890",
        ),
        typed("float", "0.1", "float", "0.1"),
        typed(
            "double",
            "1.7976931348623157e308",
            "float",
            "1.7976931348623157e+308",
        ),
        typed(
            "bit(64)",
            "18446744073709551615",
            "int",
            "18446744073709551615",
        ),
        typed("year", "1901", "int", "1901"),
        typed("varchar(50)", "'ä€𝄞 ''quoted'''", "text", "ä€𝄞 'quoted'"),
        typed("varchar(20) character set latin1", "'äöü'", "text", "äöü"),
        typed("enum('a','B')", "'B'", "text", "B"),
        typed("set('x','y','z')", "'x,z'", "text", "x,z"),
        typed("varbinary(4)", "x'00ff'", "bytes", "AP8="),
        typed("date", "'2024-02-29'", "date", "2024-02-29"),
        typed("date", "'0000-00-00'", "date", "0000-00-00"),
        typed("time(6)", "'23:59:59.999999'", "time", "23:59:59.999999"),
        typed(
            "datetime(6)",
            "'2024-02-29 12:00:00.000001'",
            "datetime",
            "2024-02-29T12:00:00.000001",
        ),
        typed(
            "timestamp(6) null",
            "'2024-02-29 12:00:00.000001'",
            "timestamp",
            "2024-02-29T12:00:00.000001Z",
        ),
        typed(
            "uuid",
            "'00000000-0000-4000-8000-00000000002a'",
            "uuid",
            "00000000-0000-4000-8000-00000000002a",
        )
        .in_result("text", "00000000-0000-4000-8000-00000000002a"),
        typed(
            "json",
            "'{\"n\": 9007199254740993}'",
            "map",
            "{\"n\":\"9007199254740993\"}",
        ),
        typed("point", "point(1, 2)", "geometry", "POINT(1 2)"),
        typed("null", "null", "null", "null"),
    ]
}

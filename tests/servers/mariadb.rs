//! MariaDB, and its replica.

use std::str::FromStr as _;

use libtest_mimic::Failed;
use parallax_tests::servers;
use sqlx::mysql::{MySqlConnectOptions, MySqlRow, MySqlSslMode};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::runtime::Runtime;

use crate::{ensure, until};

pub(crate) fn tls() -> Result<(), Failed> {
    let server = servers::address("mariadb");
    let url = server.tls_url.as_deref().ok_or("no URL for TLS")?;
    let authority = server.ca.as_deref().ok_or("no certificate")?;
    let options = MySqlConnectOptions::from_str(url)?
        .ssl_mode(MySqlSslMode::VerifyIdentity)
        .ssl_ca(authority);
    let rows = Runtime::new()?.block_on(run(&options, "show status like 'Ssl_version'"))?;
    let version: String = rows.first().ok_or("no answer")?.try_get(1)?;
    ensure(
        version.starts_with("TLSv1."),
        "the session is not encrypted",
    )
}

pub(crate) fn restart() -> Result<(), Failed> {
    let mut instance = servers::private("mariadb");
    let runtime = Runtime::new()?;
    let url = instance.server().url.clone();
    let options = MySqlConnectOptions::from_str(&url)?;
    let ask = |sql| runtime.block_on(run(&options, sql));
    ask("create table kept (answer int primary key)")?;
    ask("insert into kept values (42)")?;
    instance.kill();
    ensure(ask("select 1").is_err(), "it lives")?;
    instance.start();
    ensure(instance.server().url == url, "it moved")?;
    let rows = ask("select answer from kept")?;
    let answer: i32 = rows.first().ok_or("the row is lost")?.try_get(0)?;
    ensure(answer == 42, "the row changed")
}

pub(crate) fn replica() -> Result<(), Failed> {
    let instance = servers::private("mariadb-replica");
    let primary = MySqlConnectOptions::from_str(&instance.needed("mariadb").url)?;
    let replica = MySqlConnectOptions::from_str(&instance.server().url)?;
    Runtime::new()?.block_on(async {
        run(&primary, "create table followed (answer int primary key)").await?;
        run(&primary, "insert into followed values (42)").await?;
        let count = "select count(*) from information_schema.tables where table_name = 'followed'";
        until(async || {
            let rows = run(&replica, count).await?;
            let is_there = rows.first().ok_or("no answer")?.try_get::<i64, _>(0)? == 1;
            Ok(is_there && run(&replica, "select answer from followed").await?.len() == 1)
        })
        .await?;
        let refused = run(&replica, "insert into followed values (43)").await;
        ensure(refused.is_err(), "the replica takes writes")
    })
}

async fn run(options: &MySqlConnectOptions, sql: &'static str) -> sqlx::Result<Vec<MySqlRow>> {
    let mut connection = options.connect().await?;
    let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(rows)
}

//! The servers that follow PostgreSQL.

use libtest_mimic::Failed;
use parallax_tests::servers;
use tokio::runtime::Runtime;

use crate::{ensure, run, until};

pub(crate) fn standby() -> Result<(), Failed> {
    let instance = servers::private("postgres-standby");
    let primary = &instance.needed("postgres").url;
    let standby = &instance.server().url;
    Runtime::new()?.block_on(async {
        run(primary, "create table followed as select 42 as answer").await?;
        let there = "select 1 from pg_tables where tablename = 'followed'";
        until(async || Ok(run(standby, there).await?.len() == 1)).await?;
        let rows = run(standby, "select answer from followed").await?;
        ensure(rows.len() == 1, "the row is missing")?;
        let refused = run(standby, "insert into followed values (43)").await;
        ensure(refused.is_err(), "the standby takes writes")?;
        let streams = "select 1 from pg_stat_replication where application_name = 'parallax_standby' and state = 'streaming'";
        ensure(run(primary, streams).await?.len() == 1, "the primary does not see it")
    })
}

pub(crate) fn subscriber() -> Result<(), Failed> {
    let instance = servers::private("postgres-subscriber");
    let primary = &instance.needed("postgres").url;
    let subscriber = &instance.server().url;
    Runtime::new()?.block_on(async {
        run(
            primary,
            "insert into parallax_replicated (id, body) values (42, 'one')",
        )
        .await?;
        let there = "select 1 from parallax_replicated where id = 42 and body = 'one'";
        until(async || Ok(run(subscriber, there).await?.len() == 1)).await?;
        run(primary, "update parallax_replicated set body = 'two'").await?;
        let changed = "select 1 from parallax_replicated where body = 'two'";
        until(async || Ok(run(subscriber, changed).await?.len() == 1)).await
    })
}

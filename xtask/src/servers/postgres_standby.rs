//! A physical standby of `postgres`: a copy of every database, for reading.

use std::process::Command;

use crate::failure::Result;
use crate::servers::catalog::Server;
use crate::servers::instance::Instance;
use crate::servers::postgres;
use crate::servers::postgres_follower::{PRIMARY, SOON_AGAIN, connection, introduce};

pub(crate) const SERVER: Server = Server {
    name: "postgres-standby",
    needs: &[PRIMARY],
    prepare,
    command,
    // The accounts were copied, too.
    ready: |instance| postgres::ready(&instance.with_password_of(PRIMARY)?),
    urls: |instance| postgres::urls(&instance.with_password_of(PRIMARY)?),
    ..postgres::SERVER
};

/// The slot on the primary, and how it calls itself there.
const NAME: &str = "parallax_standby";

fn prepare(instance: &Instance) -> Result<()> {
    introduce(instance, NAME)?;
    let mut copy = postgres::tool("pg_basebackup")?;
    copy.args(["--checkpoint=fast", "--wal-method=stream", "--no-sync"])
        .args(["--create-slot", "--slot", NAME])
        .arg("--dbname")
        .arg(connection(instance, NAME)?)
        .arg("--pgdata")
        .arg(postgres::data(instance));
    instance.run(copy)?;
    instance.write("data/standby.signal", "").map(drop)
}

fn command(instance: &Instance) -> Result<Command> {
    let mut command = postgres::command(instance)?;
    let primary = connection(instance, NAME)?;
    command
        .args(SOON_AGAIN)
        .args(["-c", &format!("primary_conninfo={primary}")])
        .args(["-c", &format!("primary_slot_name={NAME}")]);
    Ok(command)
}

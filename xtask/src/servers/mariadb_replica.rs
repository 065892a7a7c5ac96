//! A MariaDB that follows `mariadb` by global transaction ids, and takes no writes of its own.
//!
//! It begins with the first change that its primary ever wrote down, so its first start takes longer the more there is.

use std::process::Command;

use crate::failure::Result;
use crate::servers::catalog::Server;
use crate::servers::instance::Instance;
use crate::servers::mariadb::{self, USER};

pub(crate) const SERVER: Server = Server {
    name: "mariadb-replica",
    needs: &["mariadb"],
    prepare,
    command,
    ready,
    ..mariadb::SERVER
};

/// The account may do here what it may there, except to write.
fn prepare(instance: &Instance) -> Result<()> {
    let more = format!("revoke read only admin on *.* from {USER};\n");
    mariadb::prepare_with(instance, &more)
}

fn command(instance: &Instance) -> Result<Command> {
    let mut command = mariadb::command_as(instance, 2)?;
    command.arg("--read-only");
    Ok(command)
}

/// Follows its primary from the first answer on, and to another port.
fn ready(instance: &Instance) -> Result<String> {
    let version = mariadb::ready(instance)?;
    let primary = instance.needed("mariadb")?;
    let port = primary.port("sql")?;
    if followed_port(instance)? != Some(port) {
        follow(instance, &primary, port)?;
    }
    Ok(version)
}

/// The port of the primary that it knows.
fn followed_port(instance: &Instance) -> Result<Option<u16>> {
    // A line that numbers the row, then a line for each field: the state, the host, the user, the port.
    let status = mariadb::ask(instance, "show slave status\\G")?;
    Ok(status.lines().nth(4).and_then(|it| it.trim().parse().ok()))
}

/// The password stands in a file, for everybody may read a command line.
fn follow(instance: &Instance, primary: &Instance, port: u16) -> Result<()> {
    let text = format!(
        "stop slave;\n\
         change master to master_host='127.0.0.1', master_port={port}, master_user='{USER}', master_password='{}',\n\
         master_connect_retry=1, master_use_gtid=slave_pos;\n\
         start slave;\n",
        primary.password
    );
    let file = instance.write("follow.sql", &text)?;
    mariadb::ask(instance, &format!("source {}", file.display())).map(drop)
}

//! A PostgreSQL of its own that follows one table of `postgres` by logical replication.
//!
//! The table is `parallax_replicated` in the database `parallax`, with the fields `id`, `body` and `changed_at`; it is made,
//! and published under its own name, when this server is prepared.

use std::process::Command;

use crate::failure::Result;
use crate::servers::catalog::Server;
use crate::servers::instance::Instance;
use crate::servers::postgres::{self, ROLE, ask};
use crate::servers::postgres_follower::{PRIMARY, SOON_AGAIN, connection, introduce};

pub(crate) const SERVER: Server = Server {
    name: "postgres-subscriber",
    needs: &[PRIMARY],
    prepare,
    command,
    ready,
    ..postgres::SERVER
};

/// The subscription, and its slot on the primary.
const NAME: &str = "parallax_subscriber";
const TABLE: &str = "create table if not exists parallax_replicated (\
    id bigint primary key, body text not null, changed_at timestamptz not null default clock_timestamp())";
const PUBLICATION: &str = "do $$ begin \
    create publication parallax_replicated for table parallax_replicated; \
    exception when duplicate_object then null; end $$";

fn prepare(instance: &Instance) -> Result<()> {
    introduce(instance, NAME)?;
    let primary = instance.needed(PRIMARY)?;
    ask(&primary, ROLE, &[TABLE, PUBLICATION])?;
    postgres::prepare(instance)
}

fn command(instance: &Instance) -> Result<Command> {
    let mut command = postgres::command(instance)?;
    command.args(SOON_AGAIN);
    Ok(command)
}

/// Subscribes with the first answer, and follows its primary to another port.
fn ready(instance: &Instance) -> Result<String> {
    let version = postgres::ready(instance)?;
    let wanted = connection(instance, NAME)?;
    let known = ask(instance, ROLE, &["select subconninfo from pg_subscription"])?;
    if known.is_empty() {
        let subscribe = format!(
            "create subscription {NAME} connection {} publication parallax_replicated",
            quoted(&wanted)
        );
        ask(instance, ROLE, &[TABLE, &subscribe])?;
    } else if known != wanted {
        let follow = format!("alter subscription {NAME} connection {}", quoted(&wanted));
        ask(instance, ROLE, &[&follow])?;
    }
    Ok(version)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

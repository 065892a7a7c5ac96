//! What servers that follow `postgres` have in common: how they log in there, and how much it keeps for them.

use crate::failure::Result;
use crate::servers::instance::Instance;
use crate::servers::postgres::{ROLE, ask};

/// The server that is followed.
pub(crate) const PRIMARY: &str = "postgres";
/// How soon a follower that lost its primary looks for it: otherwise it waits for five seconds.
pub(crate) const SOON_AGAIN: [&str; 2] = ["-c", "wal_retrieve_retry_interval=500ms"];
const PASSWORD_FILE: &str = "pgpass";

/// Lets `instance` log in to its primary, with the password in a file; removes the slot that one before it left there.
pub(crate) fn introduce(instance: &Instance, slot: &str) -> Result<()> {
    let primary = instance.needed(PRIMARY)?;
    let line = format!("*:*:*:{ROLE}:{}\n", primary.password);
    instance.write(PASSWORD_FILE, &line)?;
    let end = format!(
        "select pg_terminate_backend(active_pid, 2000) from pg_replication_slots where slot_name = '{slot}' and active"
    );
    let remove = format!(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '{slot}'"
    );
    // A follower that is down for long must not fill the disk.
    let limit = "alter system set max_slot_wal_keep_size = '1GB'";
    let statements = [&end, &remove, limit, "select pg_reload_conf()"];
    ask(&primary, ROLE, &statements).map(drop)
}

/// How the server reaches its primary, which may have another port than before. Everybody may read it.
pub(crate) fn connection(instance: &Instance, name: &str) -> Result<String> {
    let port = instance.needed(PRIMARY)?.port("sql")?;
    let file = instance.home.join(PASSWORD_FILE).display().to_string();
    let file = file.replace('\\', "\\\\").replace('\'', "\\'");
    Ok(format!(
        "host=127.0.0.1 port={port} user={ROLE} dbname={ROLE} passfile='{file}' application_name={name}"
    ))
}

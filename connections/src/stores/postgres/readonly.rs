//! What a read-only profile refuses before the server sees it, and why.
//!
//! The server's own means come first: the session is read-only, and what people type runs inside one read-only
//! transaction that has taken its snapshot, so that it cannot be made writable again. What those leave open is closed
//! here by a list of what may pass: statements that would end that transaction, and functions that act outside it (files,
//! other sessions, other servers, the log, replication). A function that people have made themselves, and that calls one
//! of those, is beyond this list: the role's own grants decide about it.

use parallax_core::error::{Error, ErrorKind};

use super::fault::NEEDS_WRITE;
use super::statements::Split;

/// Why `split` is refused on a read-only profile; `None` where it may pass.
pub(super) fn refusal(split: &Split) -> Option<Error> {
    let why = verb(split).or_else(|| function(split))?;
    let operation = format!("run {}", split.verb());
    Some(
        Error::new(ErrorKind::PermissionDenied, operation)
            .because(why)
            .because("the session is read-only")
            .hint(NEEDS_WRITE),
    )
}

fn verb(split: &Split) -> Option<String> {
    let why = match split.verb() {
        "SELECT" | "VALUES" | "TABLE" | "SHOW" | "FETCH" | "MOVE" | "CLOSE" | "LISTEN"
        | "UNLISTEN" | "DEALLOCATE" => return into(split),
        "EXPLAIN" => return explained(split),
        "DECLARE" | "PREPARE" => return prepared(split),
        "EXECUTE" => return None,
        "SET" => return setting(split),
        "COPY" => return copy(split),
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE" => {
            "it would end or change the read-only transaction in which it runs"
        }
        "RESET" | "DISCARD" => "it takes settings back that keep the session read-only",
        "DO" | "CALL" => "it runs code that can do more than read",
        "NOTIFY" => "it wakes others up",
        "LOCK" => "it keeps writers out",
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" => "it changes rows",
        "CREATE" | "ALTER" | "DROP" | "COMMENT" | "GRANT" | "REVOKE" | "SECURITY" | "IMPORT"
        | "REASSIGN" | "REFRESH" => "it changes the schema",
        "VACUUM" | "ANALYZE" | "ANALYSE" | "REINDEX" | "CLUSTER" | "CHECKPOINT" => {
            "it rewrites files or statistics"
        }
        "LOAD" => "it loads code into the server",
        _ => "it is not a statement that is known to only read",
    };
    Some(why.to_owned())
}

/// `SELECT … INTO t` makes a table, and `FOR UPDATE` locks rows.
fn into(split: &Split) -> Option<String> {
    let mut before = "";
    for word in split.words() {
        match (before, word) {
            (_, "INTO") => return Some("it makes a table".to_owned()),
            ("FOR", "UPDATE" | "SHARE" | "NO" | "KEY") => {
                return Some("it locks the rows that it reads".to_owned());
            }
            _ => before = word,
        }
    }
    None
}

/// What can be explained is what may be run; the server runs it with `ANALYZE`.
fn explained(split: &Split) -> Option<String> {
    inner(
        split,
        &[
            "SELECT", "VALUES", "TABLE", "WITH", "EXECUTE", "INSERT", "UPDATE", "DELETE", "MERGE",
        ],
    )
}

fn prepared(split: &Split) -> Option<String> {
    let only_reads = inner(split, &["SELECT", "VALUES", "TABLE", "WITH"]);
    only_reads.or_else(|| into(split))
}

/// Refuses what holds none of the statements that may stand inside, or one that may not.
fn inner(split: &Split, known: &[&str]) -> Option<String> {
    let refused = ["CREATE", "REFRESH", "CALL", "DO"];
    let mut words = split.words().skip(1);
    let holds = words.clone().any(|it| known.contains(&it));
    let creates = words.any(|it| refused.contains(&it));
    (!holds || creates).then(|| "it is not known to only read".to_owned())
}

/// Settings that change how a query is planned or shown, and nothing else.
#[rustfmt::skip]
const SETTINGS: &[&str] = &[
    "search_path", "timezone", "time", "work_mem", "temp_buffers", "hash_mem_multiplier", "lock_timeout",
    "random_page_cost", "seq_page_cost", "effective_cache_size", "effective_io_concurrency", "from_collapse_limit",
    "join_collapse_limit", "plan_cache_mode", "constraint_exclusion", "default_statistics_target", "row_security",
    "extra_float_digits", "xmlbinary", "xmloption", "default_text_search_config", "recursive_worktable_factor",
    "application_name", "client_min_messages", "track_io_timing",
];

#[rustfmt::skip]
const SETTING_FAMILIES: &[&str] = &[
    "enable_", "cpu_", "jit", "parallel_", "max_parallel_", "min_parallel_", "geqo", "lc_",
    "hnsw", "ivfflat", "pg_trgm",
];

fn setting(split: &Split) -> Option<String> {
    let mut names = split.names.iter().map(String::as_str).skip(1);
    let name = names
        .find(|it| !matches!(*it, "local" | "session"))
        .unwrap_or("");
    let known = SETTINGS.contains(&name) || SETTING_FAMILIES.iter().any(|it| name.starts_with(it));
    (!known).then(|| format!("the setting {name:?} is not known to be harmless"))
}

/// Only what comes to us: neither a file of the server nor a program there.
fn copy(split: &Split) -> Option<String> {
    let words: Vec<&str> = split.words().collect();
    let to = words.iter().rposition(|it| *it == "TO");
    let target = to.and_then(|it| words.get(it + 1));
    if target != Some(&"STDOUT") || words.contains(&"PROGRAM") {
        return Some("it reads or writes files on the server, or changes rows".to_owned());
    }
    // The list of columns or the query stands before `TO`.
    let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"];
    words
        .iter()
        .any(|it| writes.contains(it))
        .then(|| "it changes rows".to_owned())
}

/// Functions that act outside the transaction, by the beginning of their names.
#[rustfmt::skip]
const ACTING: &[&str] = &[
    // Large objects, which old versions let a read-only transaction write.
    "lo_", "lowrite", "lo_import", "lo_export",
    // Files and programs of the server.
    "pg_read_", "pg_ls_", "pg_stat_file", "pg_file_", "pg_logdir_ls", "pg_execute_", "pg_rotate_logfile",
    // Other sessions, and the server itself.
    "pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_promote", "pg_notify", "pg_log_",
    "pg_switch_", "pg_create_restore_point", "pg_start_backup", "pg_stop_backup", "pg_backup_", "pg_xlog_", "pg_wal_",
    "pg_stat_reset", "pg_stat_statements_reset", "pg_stat_kcache_reset", "pg_qualstats_reset", "pg_wait_sampling_reset",
    "pg_import_system_collations", "pg_extension_config_dump", "pg_nextoid", "pg_stop_making_pinned_objects",
    "pg_truncate_visibility_map", "pg_prewarm", "pg_buffercache_evict", "pg_surgery", "heap_force_", "pg_restore_",
    "pg_clear_", "binary_upgrade_", "pg_prepared_xact_", "pg_export_snapshot",
    // Replication.
    "pg_create_physical_", "pg_create_logical_", "pg_drop_replication_slot", "pg_copy_", "pg_replication_",
    "pg_logical_slot_get_", "pg_logical_emit_", "pg_sync_replication_slots", "pglogical", "pg_replication_origin_",
    // Settings, by which the session might be made writable.
    "set_config",
    // Indices and sequences.
    "brin_summarize_", "brin_desummarize_", "gin_clean_", "nextval", "setval", "pg_sequence_",
    // Text that is run as a statement, in which nobody looks for any of these.
    "query_to_xml", "cursor_to_xml", "database_to_xml", "schema_to_xml", "ts_stat", "ts_rewrite", "crosstab", "connectby",
    "xpath_table",
    // Other servers, and work that is done later.
    "dblink", "postgres_fdw_disconnect", "http_", "net_http", "aws_", "schedule", "unschedule",
    "pg_background_", "pgagent_", "run_job", "add_job", "alter_job", "delete_job", "create_distributed", "run_command_on_",
    "master_", "citus_", "crdb_internal",
];

/// Functions that begin so and only read.
const READING: &[&str] = &[
    "pg_wal_lsn_diff",
    "pg_sequence_last_value",
    "pg_sequence_parameters",
];

fn function(split: &Split) -> Option<String> {
    let acts = |name: &&String| {
        let name = name.as_str();
        let begins = ACTING.iter().any(|it| name.starts_with(it));
        begins && !READING.contains(&name)
    };
    let name = split.called.iter().find(acts)?;
    Some(format!("{name} acts outside the read-only transaction"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::postgres::statements::split;

    fn refused(text: &str) -> Option<Error> {
        split(text).expect("statements").iter().find_map(refusal)
    }

    #[test]
    fn what_reads_passes() {
        for text in [
            "select 1",
            "table users",
            "values (1), (2)",
            "(select 1) union (select 2)",
            "with a as (select 1) select * from a",
            "explain (analyze, buffers) select * from users",
            "explain update users set name = 'x'",
            "show all",
            "set search_path to shop, public",
            "set local work_mem = '64MB'",
            "set time zone 'UTC'",
            "set enable_seqscan = off",
            "copy (select 1) to stdout",
            "copy users to stdout with (format csv)",
            "declare c cursor for select 1",
            "fetch all from c",
            "select pg_sleep(1), pg_advisory_lock(1), pg_wal_lsn_diff(a, b)",
            "select 'insert into t', $$drop table t$$",
            "select * from pg_replication_slots",
            "select http_status, pg_read_x from schedules where master_id in (1)",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }

    #[test]
    fn what_may_do_more_is_refused_with_a_reason() {
        for text in [
            "insert into t values (1)",
            "with a as (select 1) insert into t select * from a",
            "create temp table t ()",
            "select 1 into t",
            "select * from t for update",
            "explain analyze create table t as select 1",
            "commit",
            "rollback; delete from t",
            "set transaction read write",
            "set session characteristics as transaction read write",
            "set default_transaction_read_only = off",
            "set transaction_read_only to off",
            "set standard_conforming_strings = off",
            "set session_replication_role = replica",
            "reset all",
            "discard all",
            "do $$ begin end $$",
            "call p()",
            "notify x",
            "select pg_notify('x', 'y')",
            "lock table t",
            "copy t from stdin",
            "copy (select 1) to '/tmp/x'",
            "copy (select 1) to program 'sh'",
            "select set_config('transaction_read_only', 'off', false)",
            "select pg_catalog.\"set_config\"('a', 'b', true)",
            "select U&\"pg\\005fterminate\\005fbackend\"(1)",
            "select array[pg_terminate_backend(1)]",
            "select lo_import('/etc/passwd')",
            "select PG_Read_File('/etc/passwd')",
            "select * from dblink('', 'delete from t') as t(a int)",
            "select query_to_xml('select pg_reload_conf()', true, true, '')",
            "prepare p as delete from t",
            "prepare transaction 'x'",
            "alter system set work_mem = '1MB'",
            "vacuum",
            "checkpoint",
            "load 'x'",
        ] {
            let error = refused(text);
            let error = error.expect(text);
            assert_eq!(error.kind, ErrorKind::PermissionDenied, "{text}");
            assert!(error.hint.is_some(), "{text}");
        }
    }
}

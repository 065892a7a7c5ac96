//! What a read-only profile refuses before the server sees it, and why.
//!
//! The server's own means come first: the session's transactions are read-only, and what people type runs inside one that
//! was begun so. What those leave open is closed here by a list of what may pass: files of the server, settings, locks,
//! other sessions, comments that the server runs. Every statement is prepared by the server before it runs, which takes
//! one statement and no more, so that nothing can hide behind a semicolon which we see otherwise. A function that people
//! have made themselves, and that acts outside the server, is beyond this list: the account's own grants decide about it.

use parallax_core::error::{Error, ErrorKind};

use super::fault::NEEDS_WRITE;
use super::statements::Split;

/// Why `split` is refused on a read-only profile; `None` where it may pass.
pub(super) fn refusal(split: &Split) -> Option<Error> {
    let why = comment(split)
        .or_else(|| verb(split))
        .or_else(|| function(split))?;
    Some(
        Error::new(ErrorKind::PermissionDenied, format!("run {}", split.verb()))
            .because(why)
            .because("the session is read-only")
            .hint(NEEDS_WRITE),
    )
}

fn comment(split: &Split) -> Option<String> {
    let why = "it holds a comment that the server runs, which is not looked at here";
    split.has_executable_comment.then(|| why.to_owned())
}

fn verb(split: &Split) -> Option<String> {
    let why = match split.verb() {
        "SELECT" | "VALUES" | "TABLE" => return reads(split),
        "SHOW" | "HELP" | "USE" | "CHECKSUM" => return None,
        "EXPLAIN" | "DESCRIBE" | "DESC" | "ANALYZE" => return explained(split),
        "SET" => return setting(split),
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "XA" => {
            "it would end or change the read-only transaction in which it runs"
        }
        "DO" | "CALL" | "HANDLER" => "it can do more than read",
        "PREPARE" | "EXECUTE" | "DEALLOCATE" => "what it runs is not seen here",
        "LOCK" | "UNLOCK" => "it locks tables, and ends the read-only transaction",
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "TRUNCATE" | "LOAD" | "IMPORT" => {
            "it changes rows"
        }
        "CREATE" | "ALTER" | "DROP" | "RENAME" | "GRANT" | "REVOKE" => "it changes the schema",
        "OPTIMIZE" | "REPAIR" | "CHECK" | "CACHE" => "it rewrites files or statistics",
        "FLUSH" | "RESET" | "PURGE" | "KILL" | "SHUTDOWN" | "RESTART" | "BINLOG" | "CHANGE"
        | "STOP" | "INSTALL" | "UNINSTALL" | "CLONE" | "BACKUP" | "SIGNAL" | "RESIGNAL" => {
            "it acts on the server itself"
        }
        _ => "it is not a statement that is known to only read",
    };
    Some(why.to_owned())
}

/// `SELECT … INTO` writes a file or a variable, and `FOR UPDATE` locks rows.
fn reads(split: &Split) -> Option<String> {
    let words: Vec<&str> = split.words().collect();
    let pairs = words.windows(2);
    let locks = |pair: &[&str]| {
        matches!(
            pair,
            ["FOR", "UPDATE" | "SHARE"] | ["IN", "SHARE"] | ["LOCK", "IN"]
        )
    };
    if words.contains(&"INTO") {
        return Some("it writes a file of the server or a variable".to_owned());
    }
    if pairs.clone().any(locks) {
        return Some("it locks the rows that it reads".to_owned());
    }
    let next_value = |pair: &[&str]| matches!(pair, ["VALUE", "FOR"]);
    if words.windows(2).any(next_value) {
        return Some("it takes a value from a sequence".to_owned());
    }
    None
}

/// The server runs what it explains by `ANALYZE`, and some of it by a plain `EXPLAIN`.
fn explained(split: &Split) -> Option<String> {
    let mut words = split.words().skip_while(|it| *it == "(");
    let first = words.next();
    let writes = ["INSERT", "UPDATE", "DELETE", "REPLACE"];
    let analyzes = first == Some("ANALYZE") || words.clone().any(|it| it == "ANALYZE");
    if analyzes && words.clone().any(|it| writes.contains(&it)) {
        return Some("it runs what it explains, which changes rows".to_owned());
    }
    let statistics = ["TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG"];
    if first == Some("ANALYZE") && words.next().is_some_and(|it| statistics.contains(&it)) {
        return Some("it rewrites statistics".to_owned());
    }
    let acts = ["CALL", "DO", "INTO"];
    let acting = split.words().find(|it| acts.contains(it));
    match acting {
        Some("INTO") if split.words().any(|it| it == "INSERT" || it == "REPLACE") => None,
        Some(_) => Some("it is not known to only read".to_owned()),
        None => None,
    }
}

/// Settings that change how a query is planned or shown, and nothing else.
#[rustfmt::skip]
const SETTINGS: &[&str] = &[
    "OPTIMIZER_SWITCH", "OPTIMIZER_SEARCH_DEPTH", "OPTIMIZER_PRUNE_LEVEL", "OPTIMIZER_USE_CONDITION_SELECTIVITY",
    "OPTIMIZER_TRACE", "OPTIMIZER_TRACE_MAX_MEM_SIZE", "USE_STAT_TABLES", "HISTOGRAM_SIZE",
    "JOIN_BUFFER_SIZE", "JOIN_CACHE_LEVEL", "SORT_BUFFER_SIZE", "READ_BUFFER_SIZE", "READ_RND_BUFFER_SIZE",
    "TMP_TABLE_SIZE", "MAX_HEAP_TABLE_SIZE", "GROUP_CONCAT_MAX_LEN", "MAX_JOIN_SIZE", "SQL_SELECT_LIMIT", "SQL_BIG_SELECTS",
    "LC_TIME_NAMES", "DIV_PRECISION_INCREMENT", "DEFAULT_WEEK_FORMAT", "LOCK_WAIT_TIMEOUT", "INNODB_LOCK_WAIT_TIMEOUT",
    "EQ_RANGE_INDEX_DIVE_LIMIT", "RANGE_OPTIMIZER_MAX_MEM_SIZE", "CTE_MAX_RECURSION_DEPTH", "MAX_RECURSIVE_ITERATIONS",
    "WINDOWING_USE_HIGH_PRECISION", "MAX_STATEMENT_TIME", "MAX_EXECUTION_TIME", "PROFILING",
];

/// One setting of the session, given a plain value.
fn setting(split: &Split) -> Option<String> {
    let scopes = ["SESSION", "LOCAL", "@@SESSION", "@@LOCAL", "@", "."];
    let mut words = split.words().skip(1).skip_while(|it| scopes.contains(it));
    let name = words.next().unwrap_or("");
    let one = !split.words().any(|it| it == ",");
    let plain = !split.words().any(|it| it == "SELECT") && split.called.is_empty();
    if SETTINGS.contains(&name) && one && plain {
        return None;
    }
    Some(format!("the setting {name:?} is not known to be harmless"))
}

/// Functions that act outside the transaction, by the beginning of their names.
#[rustfmt::skip]
const ACTING: &[&str] = &[
    // Files and programs of the server.
    "load_file", "sys_exec", "sys_eval", "sys_set", "sys_get", "lib_mysqludf", "do_system", "bench_exec",
    // Sequences.
    "nextval", "setval",
    // Other servers, keys, audit, replication and the firewall.
    "spider_", "http_", "curl_", "memc_", "gman_", "keyring_", "audit_", "firewall_", "mysql_firewall", "set_firewall",
    "group_replication_", "asynchronous_connection_failover_", "version_tokens_", "wsrep_", "mask_", "masking_",
    "gen_dictionary_load", "gen_dictionary_drop", "service_", "query_rewrite", "load_rewrite_rules", "flush_rewrite",
];

fn function(split: &Split) -> Option<String> {
    let acts = |name: &&String| ACTING.iter().any(|it| name.starts_with(it));
    let name = split.called.iter().find(acts)?;
    Some(format!("{name} acts outside the read-only transaction"))
}

#[cfg(test)]
mod tests {
    use super::super::lexer::Mode;
    use super::super::statements::split;
    use super::*;

    fn refused(text: &str) -> Option<Error> {
        let statements = split(text, Mode::default()).expect("statements");
        statements.iter().find_map(refusal)
    }

    #[test]
    fn what_reads_passes() {
        for text in [
            "select 1",
            "(select 1) union (select 2)",
            "with a as (select 1) select * from a",
            "values (1), (2)",
            "table users",
            "show create table t",
            "show engine innodb status",
            "describe t",
            "explain select * from t",
            "explain format=json insert into t values (1)",
            "analyze format=json select * from t",
            "explain analyze select 1",
            "use shop",
            "set optimizer_switch = 'mrr=on'",
            "set session group_concat_max_len = 100000",
            "set @@session.join_buffer_size = 1048576",
            "checksum table t",
            "select sleep(1), benchmark(1, md5('a')), get_lock('a', 1)",
            "select 'into outfile', \"for update\", `into` from t -- into",
            "select '\\' into outfile \\''",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }

    #[test]
    fn what_may_do_more_is_refused_with_a_reason() {
        for text in [
            "insert into t values (1)",
            "with a as (select 1) delete from t",
            "create temporary table t (a int)",
            "create table t as select 1",
            "select 1 into outfile '/tmp/x'",
            "select 1e1into outfile '/tmp/x'",
            "select 1.5into dumpfile '/tmp/x'",
            "select .5into @a",
            "select 1 --1\n into outfile '/tmp/x'",
            "select 1 # x\n into outfile '/tmp/x'",
            "table t into outfile '/tmp/x'",
            "select * from t for update",
            "select * from t for share",
            "select * from t lock in share mode",
            "select load_file('/etc/passwd')",
            "select `load_file` ('/etc/passwd')",
            "select sys_exec('id')",
            "select nextval(s)",
            "select next value for s",
            "select 1 /*! into outfile '/tmp/x' */",
            "select 1 /*M! into outfile '/tmp/x' */",
            "/*!50000 delete from t */",
            "commit",
            "rollback; delete from t",
            "begin",
            "set transaction read write",
            "set session transaction read write",
            "set global max_connections = 1",
            "set persist max_connections = 1",
            "set @@global.max_connections = 1",
            "set tx_read_only = 0",
            "set sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "set names gbk",
            "set character_set_client = gbk",
            "set time_zone = '+01:00'",
            "set join_buffer_size = 1, tx_read_only = 0",
            "set join_buffer_size = (select load_file('x'))",
            "set statement max_statement_time = 1 for delete from t",
            "set password = 'x'",
            "set @x = 1",
            "do release_all_locks()",
            "call p()",
            "handler t open",
            "prepare s from 'delete from t'",
            "execute immediate 'delete from t'",
            "lock tables t write",
            "load data infile '/etc/passwd' into table t",
            "analyze table t",
            "analyze delete from t",
            "explain analyze delete from t",
            "optimize table t",
            "flush tables",
            "reset master",
            "kill 5",
            "binlog 'x'",
            "change master to master_host = 'x'",
            "install plugin x soname 'x'",
            "shutdown",
            "xa start 'x'",
            "nonsense",
        ] {
            let error = refused(text).expect(text);
            assert_eq!(error.kind, ErrorKind::PermissionDenied, "{text}");
            assert!(error.hint.is_some(), "{text}");
        }
    }
}

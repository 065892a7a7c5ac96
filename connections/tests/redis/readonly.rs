//! Nothing is written by a session that only reads, however it is asked.

use parallax_core::error::ErrorKind;
use parallax_core::store::Access;
use parallax_core::value::Value;

use crate::server::{PASSWORD, Server, ask, ask_as, store, type_in, writing};

/// Every one of these would change data, the server or the session.
const REFUSED: &[&str] = &[
    "SET a 2",
    "set a 2",
    "DEL h",
    "GETSET a 2",
    "GETDEL a",
    "GETEX a EX 5",
    "GETEX a",
    "INCR a",
    "APPEND a x",
    "SETRANGE a 0 x",
    "EXPIRE a 1",
    "PERSIST a",
    "RENAME a b",
    "COPY a b",
    "MOVE a 1",
    "HSET h f 1",
    "HINCRBY h f 1",
    "LPUSH l 1",
    "LPOP l",
    "RPOPLPUSH l m",
    "LMOVE l m LEFT LEFT",
    "BLPOP l 1",
    "SADD t 1",
    "SPOP t",
    "SMOVE t u 1",
    "SINTERSTORE x t t",
    "ZADD z 1 a",
    "ZPOPMIN z",
    "BZPOPMIN z 1",
    "ZUNIONSTORE x 1 z",
    "ZRANGESTORE x z 0 -1",
    "GEOADD g 1 1 a",
    "GEOSEARCHSTORE x g FROMLONLAT 1 1 BYRADIUS 1 km",
    "GEORADIUS g 1 1 1 km STORE x",
    "GEORADIUSBYMEMBER g a 1 km STORE x",
    "SORT l STORE x",
    "SORT l",
    "BITOP NOT x a",
    "BITFIELD a SET u8 0 1",
    "BITFIELD a INCRBY u8 0 1",
    "SETBIT a 0 1",
    "PFADD p 1",
    "PFMERGE p p",
    "XADD s * a b",
    "XDEL s 1-1",
    "XTRIM s MAXLEN 0",
    "XACK s g 1-1",
    "XGROUP CREATE s x 0",
    "XGROUP DESTROY s g",
    "XGROUP SETID s g 0",
    "XREADGROUP GROUP g c STREAMS s >",
    "XCLAIM s g c 0 1-1",
    "XAUTOCLAIM s g c 0 0",
    "XSETID s 9-9",
    "EVAL \"return redis.call('set','a',2)\" 0",
    "EVAL \"return 1\" 0",
    "EVALSHA abc 0",
    "FCALL f 0",
    "FUNCTION LOAD x",
    "FUNCTION FLUSH",
    "FUNCTION DELETE x",
    "FUNCTION RESTORE x",
    "SCRIPT LOAD x",
    "SCRIPT FLUSH",
    "SCRIPT KILL",
    "MULTI",
    "EXEC",
    "WATCH a",
    "DISCARD",
    "FLUSHALL",
    "FLUSHDB",
    "SWAPDB 0 1",
    "RESTORE x 0 y",
    "MIGRATE 127.0.0.1 1 a 0 1",
    "SHUTDOWN",
    "SAVE",
    "BGSAVE",
    "BGREWRITEAOF",
    "REPLICAOF NO ONE",
    "SLAVEOF NO ONE",
    "FAILOVER",
    "CONFIG SET maxmemory 1",
    "CONFIG REWRITE",
    "CONFIG RESETSTAT",
    "DEBUG SLEEP 0",
    "DEBUG SET-ACTIVE-EXPIRE 0",
    "CLIENT KILL TYPE normal",
    "CLIENT PAUSE 1",
    "CLIENT UNPAUSE",
    "CLIENT NO-EVICT on",
    "CLIENT REPLY OFF",
    "CLIENT SETNAME x",
    "CLIENT TRACKING on",
    "CLIENT UNBLOCK 1",
    "ACL SETUSER x",
    "ACL DELUSER x",
    "ACL LOG RESET",
    "ACL SAVE",
    "ACL LOAD",
    "MEMORY PURGE",
    "SLOWLOG RESET",
    "LATENCY RESET",
    "MODULE LOAD x",
    "MODULE UNLOAD x",
    "CLUSTER RESET",
    "CLUSTER FLUSHSLOTS",
    "CLUSTER MEET 127.0.0.1 1",
    "CLUSTER FAILOVER",
    "PUBLISH c m",
    "SPUBLISH c m",
    "SELECT 1",
    "AUTH x",
    "HELLO 2",
    "RESET",
    "SYNC",
    "PSYNC ? -1",
    "PFDEBUG GETREG p",
    "READWRITE",
    "ASKING",
];

/// Every one of these only looks.
const ALLOWED: &[&str] = &[
    "GET a",
    "MGET a b",
    "HGETALL h",
    "TYPE a",
    "TTL a",
    "EXISTS a",
    "KEYS *",
    "SCAN 0",
    "DBSIZE",
    "LRANGE l 0 -1",
    "SMEMBERS t",
    "ZRANGE z 0 -1",
    "XRANGE s - +",
    "XLEN s",
    "XINFO STREAM s",
    "XINFO GROUPS s",
    "XPENDING s g",
    "SORT_RO l",
    "BITFIELD_RO a GET u8 0",
    "STRLEN a",
    "EVAL_RO \"return redis.call('get', KEYS[1])\" 1 a",
    "OBJECT ENCODING a",
    "DUMP a",
    "PING",
    "ECHO x",
    "TIME",
    "INFO",
    "ROLE",
    "LASTSAVE",
    "COMMAND COUNT",
    "COMMAND INFO get",
    "CLIENT LIST",
    "CLIENT INFO",
    "CLIENT ID",
    "CLIENT GETNAME",
    "CONFIG GET maxmemory",
    "ACL WHOAMI",
    "ACL LIST",
    "ACL GETUSER default",
    "ACL LOG",
    "MEMORY USAGE a",
    "MEMORY STATS",
    "MEMORY DOCTOR",
    "SLOWLOG GET",
    "SLOWLOG LEN",
    "LATENCY LATEST",
    "LATENCY DOCTOR",
    "PUBSUB CHANNELS",
    "SCRIPT EXISTS abc",
    "FUNCTION LIST",
    "MODULE LIST",
    "WAIT 0 10",
    "LOLWUT",
];

fn seed(server: &Server) {
    let mut client = server.client();
    for line in [
        "SET a 1",
        "HSET h f 1",
        "RPUSH l 1 2",
        "SADD t 1",
        "ZADD z 1 a",
        "PFADD p 1",
        "XADD s 1-1 a b",
        "XGROUP CREATE s g 0",
        "GEOADD g 1 1 a",
    ] {
        type_in(&mut client, line);
    }
}

#[tokio::test]
async fn what_changes_anything_is_refused_with_its_reason() {
    let server = Server::with(&["--enable-debug-command", "yes"]);
    seed(&server);
    let store = server.store();
    let digest = || type_in(&mut server.client(), "DEBUG DIGEST");
    let before = digest();
    for text in REFUSED {
        let answer = ask(&*store, text).await;
        let error = answer.error.unwrap_or_else(|| panic!("{text} ran"));
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{text}: {error}");
        assert!(!error.causes.is_empty() && error.hint.is_some(), "{text}");
        assert_eq!(digest(), before, "{text}");
    }
    for text in ["PING\nDEL a", "GET a\nFLUSHALL\nGET a"] {
        let answer = ask(&*store, text).await;
        assert_eq!(answer.done, 0, "nothing runs before all is checked");
        assert_eq!(
            answer.error.expect("refused").kind,
            ErrorKind::PermissionDenied
        );
    }
    assert_eq!(digest(), before);
}

#[tokio::test]
async fn what_only_looks_runs() {
    let server = Server::start();
    seed(&server);
    let store = server.store();
    for text in ALLOWED {
        let answer = ask(&*store, text).await;
        assert_eq!(answer.error, None, "{text}");
        assert_eq!(answer.done, 1, "{text}");
    }
    let answer = ask(&*store, "EVAL_RO \"return redis.call('set','a',2)\" 0").await;
    assert!(
        answer.error.is_some(),
        "the server keeps a script from writing"
    );
    assert_eq!(ask(&*store, "GET a").await.cell(), Value::from("1"));
}

#[tokio::test]
async fn a_renamed_command_is_known_by_what_it_does() {
    let renamed = [
        "--rename-command",
        "FLUSHALL",
        "PONG",
        "--rename-command",
        "CONFIG",
        "SETUP",
    ];
    let server = Server::with(&renamed);
    seed(&server);
    let store = server.store();
    let error = ask(&*store, "PONG").await.error.expect("refused");
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
    assert_eq!(ask(&*store, "SETUP GET maxmemory").await.error, None);
    let error = ask(&*store, "SETUP SET maxmemory 1").await.error;
    assert_eq!(error.expect("refused").kind, ErrorKind::PermissionDenied);
    assert_eq!(ask(&*store, "GET a").await.cell(), Value::from("1"));
}

#[tokio::test]
async fn a_session_that_may_write_writes() {
    let server = Server::start();
    let store = server.store_with(Access::ReadWrite);
    let answer = ask_as(
        &*store,
        &writing(),
        "SET a 5\nINCR a\nSELECT 3\nSET a x",
        &[],
    )
    .await;
    assert_eq!(answer.error, None);
    assert_eq!(answer.rows(1), [[Value::I64(6)]]);
    // What a text did to its session is gone with it.
    assert_eq!(ask(&*store, "GET a").await.cell(), Value::from("6"));
}

#[tokio::test]
async fn the_servers_own_access_list_is_reported_as_such() {
    let server = Server::start();
    let mut client = server.client();
    type_in(&mut client, "SET a 1");
    type_in(&mut client, "SET b 1");
    type_in(&mut client, "ACL SETUSER ro on >pw ~a +@read");
    let url = format!("redis://ro@127.0.0.1:{}", server.port);
    let store = store(&url, Some("pw"), Access::ReadOnly).expect("a store");
    assert_eq!(ask(&*store, "GET a").await.cell(), Value::from("1"));
    let error = ask(&*store, "GET b").await.error.expect("no such right");
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("NOPERM") || error.to_string().contains("permission"));
    assert!(!format!("{error:?}").contains(PASSWORD));
}

//! Statements that write, typed on read-only profiles of real servers: each is refused with a reason, and nothing changes.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::StoreConfig;
use parallax_core::error::{Error, ErrorKind};
use parallax_core::name::StoreId;
use parallax_core::store::{Access, Call, CallId, Purpose, Statement, Store};
use parallax_tests::servers::{self, Server};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

#[path = "refused/documents.rs"]
mod documents;
#[path = "refused/rows.rs"]
mod rows;

/// Everything below is inside this schema, which is all that the test may change.
const SCHEMA: &str = "
    drop schema if exists refused cascade;
    create schema refused;
    set search_path to refused;
    create table kept (id bigint primary key, name text);
    insert into kept values (1, 'one'), (2, 'two');
    create sequence numbers;
    create view names as select id, name from kept;
    create materialized view frozen as select count(*) as n from kept;
    create type colour as enum ('red');
    create function writes() returns bigint language sql as $$ insert into refused.kept values (99, 'by function') returning id $$;
    create function writes_plpgsql() returns void language plpgsql as $$ begin delete from refused.kept; end $$;
    create function switches() returns void language plpgsql as $$ begin set transaction_read_only = off; delete from refused.kept; end $$;
    create procedure proceeds() language plpgsql as $$ begin commit; delete from refused.kept; end $$";

/// Each would change something if it were let through.
const SQL: &[&str] = &[
    "insert into refused.kept values (3, 'three')",
    "insert into refused.kept select 4, 'four' returning *",
    "insert into refused.kept values (1, 'x') on conflict (id) do update set name = 'x'",
    "update refused.kept set name = 'x'",
    "delete from refused.kept",
    "truncate refused.kept",
    "merge into refused.kept k using (select 1 as id) s on k.id = s.id when matched then delete",
    "with gone as (delete from refused.kept returning *) select * from gone",
    "with new as (insert into refused.kept values (5, 'five') returning id) select * from new",
    "with a as (select 1), b as (update refused.kept set name = 'x' returning id) select * from a, b",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3), w as (insert into refused.kept select 100 + i from n returning id) select * from w",
    "select refused.writes()",
    "select refused.writes_plpgsql()",
    "select refused.switches()",
    "select * from refused.kept, lateral refused.writes()",
    "call refused.proceeds()",
    "do $$ begin delete from refused.kept; end $$",
    "do $$ begin execute 'set transaction read write'; delete from refused.kept; end $$",
    "select nextval('refused.numbers')",
    "select setval('refused.numbers', 100)",
    "select 1; delete from refused.kept",
    "select 1; select 2; update refused.kept set name = 'x'; select 3",
    "begin; delete from refused.kept; commit",
    "begin read write; delete from refused.kept; commit",
    "commit; delete from refused.kept",
    "rollback; begin; delete from refused.kept; commit",
    "end; update refused.kept set name = 'x'",
    "abort; update refused.kept set name = 'x'",
    "start transaction read write; delete from refused.kept; commit",
    "set transaction read write; delete from refused.kept",
    "set transaction_read_only = off; delete from refused.kept",
    "set local transaction_read_only to off; delete from refused.kept",
    "set default_transaction_read_only = off; delete from refused.kept",
    "set session characteristics as transaction read write; delete from refused.kept",
    "reset default_transaction_read_only; delete from refused.kept",
    "reset all; delete from refused.kept",
    "discard all; delete from refused.kept",
    "select set_config('transaction_read_only', 'off', false); delete from refused.kept",
    "select set_config('default_transaction_read_only', 'off', false); delete from refused.kept",
    "/* comment */ delete /* inside */ from refused.kept",
    "-- comment\ndelete from refused.kept",
    "select ';'; delete from refused.kept",
    "select $q$;$q$; delete from refused.kept",
    "DeLeTe FrOm refused.kept",
    "create table refused.more (id int)",
    "create table refused.more as select 1 as id",
    "select 1 as id into refused.more",
    "create view refused.more as select 1 as id",
    "create unlogged table refused.more (id int)",
    "create index on refused.kept (name)",
    "create index concurrently on refused.kept (name)",
    "create schema more_refused",
    "create role refused_role",
    "create database refused_database",
    "create extension hstore",
    "create function refused.more() returns int language sql as 'select 1'",
    "create trigger t after insert on refused.kept for each row execute function suppress_redundant_updates_trigger()",
    "create type refused.more as (a int)",
    "create sequence refused.more",
    "alter table refused.kept add column more int",
    "alter table refused.kept rename to gone",
    "alter sequence refused.numbers restart with 7",
    "alter type refused.colour add value 'blue'",
    "alter system set work_mem = '8MB'",
    "alter role current_user set work_mem = '8MB'",
    "alter database parallax set work_mem = '8MB'",
    "drop table refused.kept",
    "drop view refused.names",
    "drop schema refused cascade",
    "drop function refused.writes()",
    "comment on table refused.kept is 'x'",
    "grant select on refused.kept to public",
    "revoke all on refused.kept from public",
    "reassign owned by current_user to current_user",
    "security label on table refused.kept is 'x'",
    "refresh materialized view refused.frozen",
    "cluster refused.kept using kept_pkey",
    "reindex table refused.kept",
    "vacuum refused.kept",
    "analyze refused.kept",
    "checkpoint",
    "lock table refused.kept in access exclusive mode",
    "select * from refused.kept for update",
    "select * from refused.kept for share",
    "copy refused.kept from program 'echo 7,seven' csv",
    "copy refused.kept to '/tmp/parallax-refused.csv'",
    "copy refused.kept to program 'cat > /tmp/parallax-refused.csv'",
    "copy (select 1) to program 'touch /tmp/parallax-refused.csv'",
    "select lo_create(424242)",
    "select lo_from_bytea(424243, 'x')",
    "select pg_notify('refused', 'x')",
    "notify refused, 'x'",
    "prepare transaction 'refused'",
    "prepare w as delete from refused.kept; execute w",
    "explain analyze delete from refused.kept",
    "explain (analyze, buffers) insert into refused.kept values (8, 'eight')",
    "declare c cursor with hold for select * from refused.kept for update",
    "select pg_create_logical_replication_slot('refused', 'test_decoding')",
    "select pg_create_physical_replication_slot('refused')",
    "select pg_logical_emit_message(true, 'refused', 'x')",
    "select pg_switch_wal()",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()",
    "select pg_cancel_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()",
    "select pg_stat_reset()",
    "select pg_promote()",
    "select query_to_xml('delete from refused.kept returning id', true, false, '')",
    "select pg_file_write('/tmp/parallax-refused.csv', 'x', false)",
    "set role postgres; delete from refused.kept",
    "import foreign schema x from server y into refused",
];

/// Each would change something if it were let through.
const COMMANDS: &[&str] = &[
    "SET refused:text changed",
    "set refused:text changed",
    "SETNX refused:new x",
    "SETEX refused:text 100 x",
    "PSETEX refused:text 100 x",
    "SETRANGE refused:text 0 x",
    "GETSET refused:text x",
    "GETDEL refused:text",
    "GETEX refused:text EX 100",
    "GETEX refused:text PERSIST",
    "MSET refused:text x refused:new y",
    "MSETNX refused:new x",
    "APPEND refused:text x",
    "INCR refused:number",
    "INCRBY refused:number 5",
    "INCRBYFLOAT refused:number 0.5",
    "DECR refused:number",
    "DEL refused:text",
    "UNLINK refused:text",
    "EXPIRE refused:text 1",
    "PEXPIREAT refused:text 1",
    "PERSIST refused:expiring",
    "RENAME refused:text refused:other",
    "RENAMENX refused:text refused:other",
    "COPY refused:text refused:other",
    "MOVE refused:text 9",
    "RESTORE refused:new 0 \"\\x00\\x01x\\n\\x00\"",
    "MIGRATE 127.0.0.1 1 refused:text 0 10",
    "HSET refused:hash a 2",
    "HMSET refused:hash a 2",
    "HSETNX refused:hash b 1",
    "HDEL refused:hash a",
    "HINCRBY refused:hash a 1",
    "LPUSH refused:list x",
    "RPUSHX refused:list x",
    "LPOP refused:list",
    "RPOPLPUSH refused:list refused:list",
    "LMOVE refused:list refused:list LEFT RIGHT",
    "BLPOP refused:list 1",
    "BLMPOP 1 1 refused:list LEFT",
    "LSET refused:list 0 x",
    "LREM refused:list 0 a",
    "LTRIM refused:list 0 0",
    "LINSERT refused:list BEFORE a x",
    "SADD refused:set x",
    "SREM refused:set a",
    "SPOP refused:set",
    "SMOVE refused:set refused:other a",
    "SINTERSTORE refused:other refused:set",
    "SUNIONSTORE refused:other refused:set",
    "SORT refused:list ALPHA STORE refused:other",
    "ZADD refused:zset 5 x",
    "ZINCRBY refused:zset 5 a",
    "ZREM refused:zset a",
    "ZPOPMIN refused:zset",
    "ZRANGESTORE refused:other refused:zset 0 -1",
    "ZREMRANGEBYRANK refused:zset 0 -1",
    "GEOADD refused:geo 1 1 x",
    "GEORADIUS refused:geo 1 1 1 km STORE refused:other",
    "GEOSEARCHSTORE refused:other refused:geo FROMLONLAT 1 1 BYRADIUS 1 km",
    "PFADD refused:hll x",
    "PFMERGE refused:other refused:hll",
    "SETBIT refused:text 1 1",
    "BITOP NOT refused:other refused:text",
    "BITFIELD refused:number SET u8 0 1",
    "BITFIELD refused:number INCRBY u8 0 1",
    "XADD refused:stream * a 1",
    "XDEL refused:stream 1-1",
    "XTRIM refused:stream MAXLEN 0",
    "XGROUP CREATE refused:stream more 0",
    "XGROUP DESTROY refused:stream g",
    "XREADGROUP GROUP g me COUNT 1 STREAMS refused:stream >",
    "XACK refused:stream g 1-1",
    "XCLAIM refused:stream g me 0 1-1",
    "XAUTOCLAIM refused:stream g me 0 0",
    "XSETID refused:stream 9-9",
    "FLUSHDB",
    "FLUSHALL ASYNC",
    "SWAPDB 0 1",
    "EVAL \"return redis.call('SET', KEYS[1], 'x')\" 1 refused:text",
    "EVAL \"return 1\" 0",
    "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
    "EVAL_RO \"return redis.call('SET', KEYS[1], 'x')\" 1 refused:text",
    "FCALL refused 1 refused:text",
    "FUNCTION LOAD \"#!lua name=refused\\nredis.register_function('refused', function() return 1 end)\"",
    "FUNCTION FLUSH",
    "FUNCTION DELETE refused",
    "FUNCTION RESTORE x",
    "SCRIPT LOAD \"return 1\"",
    "SCRIPT FLUSH",
    "CONFIG SET maxmemory 1",
    "CONFIG RESETSTAT",
    "CONFIG REWRITE",
    "ACL SETUSER refused on nopass ~* +@all",
    "ACL DELUSER refused",
    "CLIENT KILL TYPE normal",
    "CLIENT PAUSE 1",
    "CLIENT NO-EVICT on",
    "DEBUG SET-ACTIVE-EXPIRE 0",
    "DEBUG SLEEP 0",
    "MEMORY PURGE",
    "SLOWLOG RESET",
    "LATENCY RESET",
    "REPLICAOF NO ONE",
    "SLAVEOF 127.0.0.1 1",
    "FAILOVER",
    "SAVE",
    "BGSAVE",
    "BGREWRITEAOF",
    "SHUTDOWN NOSAVE",
    "PUBLISH refused x",
    "SPUBLISH refused x",
    "MULTI\nSET refused:text x\nEXEC",
    "GET refused:text\nSET refused:text x",
    "MODULE LOAD /tmp/x.so",
    "SELECT 9\nSET refused:text x",
    "RESET\nSET refused:text x",
];

#[tokio::test]
async fn writing_sql_is_refused_and_changes_nothing() {
    // Some of these would end everybody's sessions, so it is a server of our own.
    let private = servers::private("postgres");
    let server = private.server();
    let mut own = PgConnection::connect(&server.url)
        .await
        .expect("a connection");
    for statement in statements(SCHEMA) {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut own)
            .await
            .expect("the schema is made");
    }
    let mut before = sql_state(server).await;
    let store = store("refused-sql", server);
    let mut wrong = Vec::new();
    for statement in SQL {
        wrong.extend(not_refused(store.as_ref(), statement).await);
        let after = sql_state(server).await;
        if after != before {
            wrong.push(format!("{statement}\n  changed {before}\n  into {after}"));
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(!std::path::Path::new("/tmp/parallax-refused.csv").exists());
    let reads = "with a as (select id from refused.kept order by id) select * from a; explain select 1; show work_mem; table refused.kept; values (1)";
    assert_eq!(first_error(store.as_ref(), reads).await, None);
    println!("{} statements of SQL refused", SQL.len());
}

/// Functions in the schema hold semicolons between dollars.
fn statements(text: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    for (at, part) in text.split("$$").enumerate() {
        let last = statements.last_mut().expect("there is always one");
        if at % 2 == 1 {
            last.push_str(&format!("$${part}$$"));
            continue;
        }
        let mut pieces = part.split(';');
        last.push_str(pieces.next().unwrap_or_default());
        statements.extend(pieces.map(str::to_owned));
    }
    statements.retain(|it| !it.trim().is_empty());
    statements
}

/// What the statements could change, as one text; read by a connection of its own.
async fn sql_state(server: &Server) -> String {
    let mut own = PgConnection::connect(&server.url)
        .await
        .expect("the server still answers");
    let sql = "select concat_ws(' | ',
        (select string_agg(k::text, ',' order by id) from refused.kept k),
        (select string_agg(relname::text || relkind::text, ',' order by relname, relkind::text) from pg_class where relnamespace = 'refused'::regnamespace),
        (select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = 'refused.kept'::regclass and attnum > 0),
        (select last_value || '/' || is_called from refused.numbers),
        (select string_agg(proname, ',' order by proname) from pg_proc where pronamespace = 'refused'::regnamespace),
        (select string_agg(typname, ',' order by typname) from pg_type where typnamespace = 'refused'::regnamespace),
        (select string_agg(enumlabel, ',') from pg_enum e join pg_type t on t.oid = enumtypid where typnamespace = 'refused'::regnamespace),
        (select string_agg(rolname || coalesce(array_to_string(rolconfig, ','), ''), ',' order by rolname) from pg_roles where rolname !~ '^pg_'),
        (select string_agg(extname, ',' order by extname) from pg_extension),
        (select string_agg(nspname, ',' order by nspname) from pg_namespace where nspname like '%refused%'),
        (select count(*) from pg_database where datname like 'refused%'),
        (select count(*) from pg_replication_slots where slot_name = 'refused'),
        (select count(*) from pg_prepared_xacts where gid = 'refused'),
        (select count(*) from pg_db_role_setting),
        (select count(*) from pg_largeobject_metadata where oid in (424242, 424243)),
        obj_description('refused.kept'::regclass),
        (select relacl::text from pg_class where oid = 'refused.kept'::regclass),
        (select tgname from pg_trigger where tgrelid = 'refused.kept'::regclass limit 1))";
    let state: String = sqlx::query_scalar(sql)
        .fetch_one(&mut own)
        .await
        .expect("the state is read");
    own.close().await.expect("the connection closes");
    state
}

#[tokio::test]
async fn writing_commands_are_refused_and_change_nothing() {
    // Some of these would stop the server or empty it, so it is one of our own.
    let private = servers::private("redis");
    let server = private.server();
    let mut own = servers::commands(server).await.expect("a connection");
    let setup: &[&[&str]] = &[
        &["SET", "refused:text", "text"],
        &["SET", "refused:number", "7"],
        &["SET", "refused:expiring", "x", "EX", "10000"],
        &["HSET", "refused:hash", "a", "1"],
        &["RPUSH", "refused:list", "a", "b"],
        &["SADD", "refused:set", "a", "b"],
        &["ZADD", "refused:zset", "1", "a"],
        &["GEOADD", "refused:geo", "1", "1", "a"],
        &["PFADD", "refused:hll", "a"],
        &["XADD", "refused:stream", "1-1", "a", "1"],
        &["XADD", "refused:stream", "2-1", "a", "2"],
        &["XGROUP", "CREATE", "refused:stream", "g", "0"],
        &[
            "XREADGROUP",
            "GROUP",
            "g",
            "one",
            "COUNT",
            "1",
            "STREAMS",
            "refused:stream",
            ">",
        ],
    ];
    for command in setup {
        let mut cmd = redis::cmd(command[0]);
        cmd.arg(&command[1..]);
        let _: redis::Value = cmd.query_async(&mut own).await.expect("the data is made");
    }
    let mut before = redis_state(&mut own).await;
    let store = store("refused-commands", server);
    let mut wrong = Vec::new();
    for command in COMMANDS {
        wrong.extend(not_refused(store.as_ref(), command).await);
        let after = redis_state(&mut own).await;
        if after != before {
            wrong.push(format!("{command}\n  changed {before}\n  into {after}"));
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    let reads = "GET refused:text\nHGETALL refused:hash\nXINFO GROUPS refused:stream\nSORT_RO refused:list ALPHA\nEVAL_RO \"return redis.call('GET', KEYS[1])\" 1 refused:text\nPING\nCONFIG GET maxmemory";
    assert_eq!(first_error(store.as_ref(), reads).await, None);
    println!("{} commands refused", COMMANDS.len());
}

/// Every key's content, and what else the commands could change, as one text.
async fn redis_state(own: &mut redis::aio::MultiplexedConnection) -> String {
    let mut text = String::new();
    let mut keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(own)
        .await
        .expect("the keys");
    keys.sort();
    for key in keys {
        let dump: Vec<u8> = redis::cmd("DUMP")
            .arg(&key)
            .query_async(own)
            .await
            .expect("the content");
        let expires: i64 = redis::cmd("EXPIRETIME")
            .arg(&key)
            .query_async(own)
            .await
            .expect("the expiry");
        text += &format!("{key} {} {expires}\n", hex(&dump));
    }
    for command in [
        "ACL LIST",
        "CONFIG GET maxmemory",
        "FUNCTION LIST",
        "XINFO GROUPS refused:stream",
        "XPENDING refused:stream g",
        "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db",
        "ROLE",
    ] {
        let mut words = command.split(' ');
        let mut cmd = redis::cmd(words.next().unwrap_or_default());
        for word in words {
            cmd.arg(word);
        }
        let reply: redis::Value = cmd.query_async(own).await.expect("a reply");
        text += &format!("{command}: {reply:?}\n");
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    let digits = |text: String, it: &u8| text + &format!("{it:02x}");
    bytes.iter().fold(String::new(), digits)
}

fn store(name: &str, server: &Server) -> Arc<dyn Store> {
    let config = StoreConfig {
        id: StoreId::new(name).expect("a name"),
        url: Some(server.url_without_password()),
        profile: None,
        secret: None,
        environment: None,
        why: None,
        access: Access::ReadOnly,
    };
    let password = Some(server.password()).filter(|it| !it.is_empty());
    let secret = password.map(Secret::new);
    stores::connect(&config, std::path::Path::new("."), secret, Access::ReadOnly).expect("a driver")
}

/// How a statement was not refused as it should be, with a kind, a reason and a hint.
async fn not_refused(store: &dyn Store, text: &str) -> Option<String> {
    let Some(error) = first_error(store, text).await else {
        return Some(format!("{text}\n  was let through"));
    };
    if error.kind != ErrorKind::PermissionDenied {
        return Some(format!(
            "{text}\n  was refused as {:?}: {error}",
            error.kind
        ));
    }
    let is_explained = !error.causes.is_empty() && error.hint.is_some();
    (!is_explained).then(|| format!("{text}\n  was refused without reason or hint: {error}"))
}

async fn first_error(store: &dyn Store, text: &str) -> Option<Error> {
    let call = Call {
        id: CallId(1),
        deadline: Duration::from_secs(10),
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    };
    let statement = Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    };
    let mut rows = match store.query(&call, &statement).await {
        Ok(rows) => rows,
        Err(error) => return Some(error),
    };
    while let Some(chunk) = rows.next().await {
        if let Err(error) = chunk {
            return Some(error);
        }
    }
    None
}

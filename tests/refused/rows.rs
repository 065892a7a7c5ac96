//! The same over the MySQL wire.

use parallax_tests::servers::{self, Server};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{first_error, not_refused, store};

/// Everything below is inside this database, which is all that the test may change.
const SCHEMA: &[&str] = &[
    "set global log_bin_trust_function_creators = 1",
    "drop database if exists refused",
    "create database refused",
    "use refused",
    "create table kept (id bigint primary key, name varchar(20)) engine=InnoDB",
    "insert into kept values (1, 'one'), (2, 'two')",
    "create table loose (id bigint primary key) engine=MyISAM",
    "insert into loose values (1)",
    "create sequence numbers",
    "create view names as select id, name from kept",
    "create function writes() returns bigint modifies sql data begin insert into refused.kept values (99, 'f'); return 1; end",
    "create procedure proceeds() begin commit; delete from refused.kept; end",
    "create procedure harmless() begin select 1; end",
    "create user if not exists refused_user@localhost",
];

/// Each would change something if it were let through.
const SQL: &[&str] = &[
    "insert into refused.kept values (3, 'three')",
    "insert into refused.kept set id = 3",
    "insert ignore into refused.kept select 4, 'four'",
    "insert into refused.kept values (5, 'five') returning *",
    "insert into refused.kept values (1, 'x') on duplicate key update name = 'x'",
    "insert delayed into refused.loose values (7)",
    "replace into refused.kept values (1, 'x')",
    "update refused.kept set name = 'x'",
    "update refused.kept k join refused.loose l on k.id = l.id set k.name = 'x'",
    "delete from refused.kept",
    "delete from refused.kept where id = 1 returning *",
    "delete k from refused.kept k join refused.loose l on k.id = l.id",
    "delete from refused.loose",
    "truncate table refused.kept",
    "truncate refused.loose",
    "insert into refused.kept with a as (select 8 as i) select i, 'eight' from a",
    "select refused.writes()",
    "select * from refused.kept where refused.writes() = 1",
    "do refused.writes()",
    "set @x = refused.writes()",
    "call refused.proceeds()",
    "call refused.harmless(); delete from refused.kept",
    "select nextval(refused.numbers)",
    "select next value for refused.numbers",
    "select setval(refused.numbers, 100)",
    "select 1; delete from refused.kept",
    "select 1; select 2; update refused.kept set name = 'x'; select 3",
    "begin; delete from refused.kept; commit",
    "start transaction read write; delete from refused.kept; commit",
    "start transaction with consistent snapshot; delete from refused.kept; commit",
    "commit; delete from refused.kept",
    "commit and chain; delete from refused.kept",
    "rollback; delete from refused.kept",
    "rollback and no chain release; delete from refused.kept",
    "set transaction read write; delete from refused.kept",
    "set session transaction read write; delete from refused.kept",
    "set session tx_read_only = 0; delete from refused.kept",
    "set @@session.tx_read_only = off; delete from refused.kept",
    "set @@tx_read_only := 0; delete from refused.kept",
    "set autocommit = 1; delete from refused.kept",
    "set session sql_mode = 'ANSI_QUOTES'; delete from refused.kept",
    "set names latin1; delete from refused.kept",
    "set statement max_statement_time = 5 for delete from refused.kept",
    "set statement tx_read_only = 0 for delete from refused.kept",
    "set global max_connections = 5",
    "set global read_only = 1",
    "set @@global.general_log = 1",
    "set persist max_connections = 5",
    "set sql_log_bin = 0; delete from refused.kept",
    "set password = password('x')",
    "set password for refused_user@localhost = password('x')",
    "set default role none for refused_user@localhost",
    "lock tables refused.kept write",
    "lock table refused.kept read",
    "flush tables with read lock",
    "flush tables refused.kept for export",
    "flush privileges",
    "flush binary logs",
    "reset master",
    "reset query cache",
    "purge binary logs before now()",
    "select * from refused.kept for update",
    "select * from refused.kept lock in share mode",
    "select 1 into outfile '/tmp/parallax-refused-rows.csv'",
    "select 'x' into dumpfile '/tmp/parallax-refused-rows.csv'",
    "select * from refused.kept union select 1, 'x' into outfile '/tmp/parallax-refused-rows.csv'",
    "load data infile '/etc/hostname' into table refused.kept",
    "load data local infile '/etc/hostname' into table refused.kept",
    "load xml infile '/etc/hostname' into table refused.kept",
    "handler refused.kept open; delete from refused.kept",
    "create table refused.more (id int)",
    "create or replace table refused.kept (id int)",
    "create table refused.more as select 1 as id",
    "create table refused.more like refused.kept",
    "create temporary table refused.kept2 as select 1 as id",
    "create view refused.more as select 1 as id",
    "create index more on refused.kept (name)",
    "create database refused_more",
    "create user refused_other@localhost",
    "create role refused_role",
    "create function refused.more() returns int return 1",
    "create procedure refused.more() select 1",
    "create trigger refused.more before insert on refused.kept for each row set new.name = 'x'",
    "create event refused.more on schedule every 1 hour do delete from refused.kept",
    "create sequence refused.more",
    "create server refused_server foreign data wrapper mysql options (host '127.0.0.1')",
    "alter table refused.kept add column more int",
    "alter table refused.kept rename to refused.gone",
    "alter table refused.kept engine = MyISAM",
    "alter sequence refused.numbers restart 7",
    "alter database refused character set latin1",
    "alter user refused_user@localhost identified by 'x'",
    "rename table refused.kept to refused.gone",
    "rename user refused_user@localhost to refused_other@localhost",
    "drop table refused.kept",
    "drop temporary table if exists refused.kept",
    "drop view refused.names",
    "drop database refused",
    "drop function refused.writes",
    "drop procedure refused.proceeds",
    "drop sequence refused.numbers",
    "drop user refused_user@localhost",
    "drop index `PRIMARY` on refused.kept",
    "grant select on refused.* to refused_user@localhost",
    "revoke all privileges, grant option from refused_user@localhost",
    "optimize table refused.kept",
    "analyze table refused.kept",
    "repair table refused.loose",
    "analyze delete from refused.kept",
    "analyze format=json update refused.kept set name = 'x'",
    "explain select 1; analyze delete from refused.kept",
    "change master to master_host = '127.0.0.1'",
    "start slave",
    "stop slave",
    "install soname 'auth_ed25519'",
    "install plugin ed25519 soname 'auth_ed25519'",
    "uninstall soname 'auth_ed25519'",
    "kill query 1",
    "kill connection 1",
    "shutdown",
    "binlog 'x'",
    "backup stage start",
    "xa start 'refused'; delete from refused.kept; xa end 'refused'; xa commit 'refused' one phase",
    "prepare w from 'delete from refused.kept'; execute w",
    "execute immediate 'delete from refused.kept'",
    "execute immediate concat('dele', 'te from refused.kept')",
    "begin not atomic delete from refused.kept; end",
    "begin not atomic commit; delete from refused.kept; end",
    "if 1 then delete from refused.kept; end if",
    "/*! delete from refused.kept */",
    "/*!50000 delete from refused.kept */",
    "/*M! delete from refused.kept */",
    "/*M!100100 delete from refused.kept */",
    "select 1 /*! into outfile '/tmp/parallax-refused-rows.csv' */",
    "select 1 /*!; delete from refused.kept */",
    "/* comment */ delete /* inside */ from refused.kept",
    "-- comment\ndelete from refused.kept",
    "# comment\ndelete from refused.kept",
    "select ';'; delete from refused.kept",
    "select 'it\\'s;'; delete from refused.kept",
    "select \"a\"\";\"; delete from refused.kept",
    "select 1 as `;`; delete from refused.kept",
    "DeLeTe FrOm refused.kept",
    "(select 1); delete from refused.kept",
    "select 1 --\tx\n; delete from refused.kept",
];

/// What the statements could change, each a question with one column of text.
const STATE: &[&str] = &[
    "select concat_ws('/', id, name) from refused.kept order by id",
    "select concat(id) from refused.loose order by id",
    "select concat_ws('/', table_name, table_type, engine, table_collation) from information_schema.tables where table_schema = 'refused' order by 1",
    "select concat_ws('/', table_name, column_name, column_type) from information_schema.columns where table_schema = 'refused' order by 1",
    "select concat_ws('/', table_name, index_name, column_name) from information_schema.statistics where table_schema = 'refused' order by 1",
    "select concat_ws('/', routine_name, routine_type) from information_schema.routines where routine_schema = 'refused' order by 1",
    "select trigger_name from information_schema.triggers where trigger_schema = 'refused'",
    "select event_name from information_schema.events where event_schema = 'refused'",
    "select concat_ws('/', schema_name, default_character_set_name) from information_schema.schemata order by 1",
    "select concat_ws('/', user, host, priv) from mysql.global_priv order by 1",
    "select concat_ws('/', user, host, db) from mysql.db order by 1",
    "select concat_ws('/', next_not_cached_value, cycle_count) from refused.numbers",
    "select server_name from mysql.servers",
    "select concat_ws('/', @@global.max_connections, @@global.read_only, @@global.general_log)",
    "select concat(plugin_name) from information_schema.plugins where plugin_library is not null order by 1",
];

#[tokio::test]
async fn writing_sql_over_another_wire_is_refused_and_changes_nothing() {
    // Some of these would end everybody's sessions, so it is a server of our own.
    let private = servers::private("mariadb");
    let server = private.server();
    let mut own = connect(server).await;
    for statement in SCHEMA {
        let made = own.execute(sqlx::raw_sql(*statement)).await;
        made.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let mut before = state(server).await;
    let store = store("refused-rows", server);
    let mut wrong = Vec::new();
    for statement in SQL {
        wrong.extend(not_refused(store.as_ref(), statement).await);
        let after = state(server).await;
        if after != before {
            wrong.push(format!("{statement}\n  changed {before}\n  into {after}"));
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(!std::path::Path::new("/tmp/parallax-refused-rows.csv").exists());
    let reads = "with a as (select id from refused.kept order by id) select * from a; explain select 1; show databases; values (1); describe refused.kept; select /* ; */ 1 # end";
    assert_eq!(first_error(store.as_ref(), reads).await, None);
    assert!(SQL.len() >= 100);
    println!("{} statements of SQL refused", SQL.len());
}

async fn connect(server: &Server) -> MySqlConnection {
    let connection = MySqlConnection::connect(&server.url).await;
    connection.expect("the server still answers")
}

/// All answers as one text; read by a connection of its own.
async fn state(server: &Server) -> String {
    let mut own = connect(server).await;
    let mut text = String::new();
    for question in STATE {
        let rows = sqlx::query_scalar(AssertSqlSafe((*question).to_owned()));
        let rows: Vec<Vec<u8>> = rows.fetch_all(&mut own).await.expect("the state is read");
        let rows: Vec<_> = rows.iter().map(|it| String::from_utf8_lossy(it)).collect();
        text += &format!("{}\n", rows.join(","));
    }
    own.close().await.expect("the connection closes");
    text
}

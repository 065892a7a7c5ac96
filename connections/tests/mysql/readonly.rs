//! What a read-only profile cannot do, whoever asks and however.

use parallax_core::error::ErrorKind;
use parallax_core::store::{Access, Store as _};
use parallax_core::value::Value;

use crate::ask::{ask, call, statement, writing};
use crate::server::{Server, guarded, place};

const ATTEMPTS: &[&str] = &[
    "INSERT INTO t VALUES (2)",
    "WITH x AS (SELECT 1 AS a) DELETE FROM t",
    "REPLACE INTO t VALUES (2)",
    "UPDATE t SET a = 2",
    "DELETE t FROM t",
    "TRUNCATE t",
    "EXPLAIN ANALYZE DELETE FROM t",
    "ANALYZE DELETE FROM t",
    "ANALYZE FORMAT=JSON UPDATE t SET a = 3",
    "CREATE TABLE u AS SELECT 1",
    "CREATE TEMPORARY TABLE u (a int)",
    "CREATE OR REPLACE VIEW w AS SELECT 1",
    "DROP TABLE t",
    "ALTER TABLE t ADD b int",
    "RENAME TABLE t TO u",
    "SELECT nextval(s)",
    "SELECT NEXT VALUE FOR s",
    "SELECT setval(s, 100)",
    "SELECT writes()",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t LOCK IN SHARE MODE",
    "COMMIT; INSERT INTO t VALUES (2)",
    "ROLLBACK; DELETE FROM t",
    "BEGIN; DELETE FROM t",
    "START TRANSACTION READ WRITE; DELETE FROM t; COMMIT",
    "SET TRANSACTION READ WRITE; DELETE FROM t",
    "SET SESSION TRANSACTION READ WRITE",
    "SET tx_read_only = 0",
    "SET @@session.tx_read_only = OFF; DELETE FROM t",
    "SET `tx_read_only` = 0",
    "SET SESSION join_buffer_size = 200000, tx_read_only = 0",
    "SET STATEMENT tx_read_only = 0 FOR DELETE FROM t",
    "SET GLOBAL read_only = 0",
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "SET NAMES gbk",
    "SET time_zone = '+02:00'",
    "SET PASSWORD = PASSWORD('x')",
    "SET @a = (SELECT writes())",
    "DO writes()",
    "CALL p()",
    "HANDLER t OPEN",
    "PREPARE w FROM 'DELETE FROM t'",
    "EXECUTE IMMEDIATE 'DELETE FROM t'",
    "EXECUTE IMMEDIATE concat('DEL', 'ETE FROM t')",
    "BEGIN NOT ATOMIC DELETE FROM t; END",
    "LOCK TABLES t WRITE",
    "UNLOCK TABLES",
    "SELECT 1 INTO OUTFILE '/tmp/parallax-test-outfile'",
    "SELECT 1e1INTO OUTFILE '/tmp/parallax-test-outfile'",
    "SELECT .5INTO DUMPFILE '/tmp/parallax-test-outfile'",
    "SELECT 1 INTO @a",
    "SELECT a INTO OUTFILE '/tmp/parallax-test-outfile' FROM t",
    "(SELECT 1) UNION (SELECT 2) INTO OUTFILE '/tmp/parallax-test-outfile'",
    "VALUES (1) INTO OUTFILE '/tmp/parallax-test-outfile'",
    "SELECT 1 /*! INTO OUTFILE '/tmp/parallax-test-outfile' */",
    "SELECT 1 /*M! INTO OUTFILE '/tmp/parallax-test-outfile' */",
    "SELECT 1 --1\nINTO OUTFILE '/tmp/parallax-test-outfile'",
    "SELECT '\\' -- ' INTO OUTFILE '/tmp/parallax-test-outfile' -- '",
    "/*!50000 DELETE FROM t */",
    "SELECT load_file('/etc/passwd')",
    "SELECT `load_file`('/etc/passwd')",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t",
    "ANALYZE TABLE t",
    "OPTIMIZE TABLE t",
    "CHECK TABLE t",
    "FLUSH TABLES",
    "FLUSH STATUS",
    "RESET QUERY CACHE",
    "PURGE BINARY LOGS BEFORE '2000-01-01'",
    "KILL QUERY 1",
    "BINLOG 'x'",
    "CHANGE MASTER TO MASTER_HOST = 'x'",
    "INSTALL SONAME 'x'",
    "SHUTDOWN",
    "XA START 'x'",
    "SAVEPOINT a",
    "GRANT ALL ON *.* TO nobody",
    "CREATE DATABASE parallax_no",
    "SIGNAL SQLSTATE '45000'",
    "DELIMITER //",
];

const TABLES: &str = "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE SEQUENCE s; CREATE PROCEDURE p() BEGIN COMMIT; INSERT INTO t VALUES (99); END;
    CREATE FUNCTION writes() RETURNS int DETERMINISTIC BEGIN INSERT INTO t VALUES (98); RETURN 1; END";

#[tokio::test]
async fn no_statement_of_a_read_only_profile_writes() {
    let server = Server::new("parallax_readonly", TABLES).await;
    let before = server.rows("SHOW CREATE TABLE t").await;
    for attempt in ATTEMPTS {
        let answer = ask(&*server.store, &call(), &statement(attempt)).await;
        let error = answer
            .error
            .unwrap_or_else(|| panic!("{attempt} is let through"));
        let kinds = [ErrorKind::PermissionDenied, ErrorKind::InvalidInput];
        assert!(kinds.contains(&error.kind), "{attempt}: {error:?}");
        if error.kind == ErrorKind::PermissionDenied {
            assert!(error.hint.is_some(), "{attempt}: {error:?}");
        }
    }
    assert_eq!(server.rows("SELECT a FROM t").await, [[Value::I64(1)]]);
    assert_eq!(server.rows("SHOW CREATE TABLE t").await, before);
    let outfile = std::path::Path::new("/tmp/parallax-test-outfile");
    assert!(!outfile.exists(), "a file was written");
}

#[tokio::test]
async fn the_server_refuses_what_our_list_would_let_through() {
    let server = Server::new("parallax_refuses", TABLES).await;
    // A function that people have made is on no list of ours.
    let answer = ask(&*server.store, &call(), &statement("SELECT writes()")).await;
    let error = answer.error.expect("refused");
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("1792"), "{error}");
    assert_eq!(
        server.rows("SELECT count(*) FROM t").await,
        [[Value::I64(1)]]
    );
}

#[tokio::test]
async fn only_a_profile_that_may_writes() {
    let server = Server::new("parallax_writes", TABLES).await;
    let answer = ask(&*server.store, &writing(), &statement("DELETE FROM t")).await;
    assert_eq!(
        answer.error.expect("refused").kind,
        ErrorKind::PermissionDenied
    );
    let text = "START TRANSACTION; UPDATE t SET a = 2; ROLLBACK; SELECT a FROM t";
    assert_eq!(server.run(text).await, [[Value::I64(1)]]);
    let answer = ask(&*server.owner, &call(), &statement("DELETE FROM t")).await;
    assert_eq!(
        answer.error.expect("refused").kind,
        ErrorKind::PermissionDenied,
        "a call that only reads"
    );
}

#[tokio::test]
async fn what_the_account_may_not_is_told() {
    let server = Server::new(
        "parallax_grants",
        "CREATE TABLE t (a int); CREATE OR REPLACE USER 'parallax_poor'@'%' IDENTIFIED BY 'poor'; GRANT USAGE ON *.* TO 'parallax_poor'@'%'",
    )
    .await;
    let place = place();
    let (_, host) = place.url.split_once('@').expect("a host");
    let url = format!("mysql://parallax_poor@{host}");
    let store = guarded(&url, Some("poor"), Access::ReadOnly).expect("a store");
    store.ping(&call()).await.expect("a ping");
    for text in [
        "SELECT * FROM parallax_grants.t",
        "SHOW CREATE TABLE parallax_grants.t",
    ] {
        let answer = ask(&store, &call(), &statement(text)).await;
        let error = answer.error.expect(text);
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error}");
        assert!(error.hint.is_some_and(|it| it.contains("GRANT")));
    }
    server.run("DROP USER 'parallax_poor'@'%'").await;
}

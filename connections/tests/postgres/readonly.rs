//! What a read-only profile cannot do, whoever asks and however.

use parallax_core::error::ErrorKind;

use crate::server::{Server, ask, call, statement};

const ATTEMPTS: &[&str] = &[
    "INSERT INTO t VALUES (2)",
    "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN ANALYZE CREATE TABLE u AS SELECT 1",
    "SELECT * INTO u FROM t",
    "CREATE TABLE u AS SELECT 1",
    "CREATE TEMP TABLE u (a int)",
    "SELECT nextval('s')",
    "SELECT writes()",
    "SELECT writes_later()",
    "SELECT * FROM t FOR UPDATE",
    "COMMIT; INSERT INTO t VALUES (2)",
    "ROLLBACK; DELETE FROM t",
    "END; DROP TABLE t",
    "BEGIN READ WRITE; DELETE FROM t; COMMIT",
    "SET TRANSACTION READ WRITE; DELETE FROM t",
    "SET TRANSACTION_READ_ONLY = off; DELETE FROM t",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SET default_transaction_read_only = off",
    "SET LOCAL \"transaction_read_only\" = off; DELETE FROM t",
    "SET standard_conforming_strings = off",
    "RESET ALL; DELETE FROM t",
    "DISCARD ALL",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT \"set_config\" /* x */ ('default_transaction_read_only', 'off', false)",
    "SELECT pg_catalog . U&\"set\\005fconfig\"('transaction_read_only', 'off', true)",
    "SELECT unguard(); DELETE FROM t",
    "DO $$ BEGIN DELETE FROM t; END $$",
    "DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); DELETE FROM t; COMMIT; END $$",
    "CALL p()",
    "PREPARE w AS DELETE FROM t",
    "PREPARE TRANSACTION 'x'",
    "COPY t TO '/tmp/parallax-test-copy'",
    "COPY (SELECT 1) TO PROGRAM 'touch /tmp/parallax-test-copy'",
    "COPY t FROM PROGRAM 'echo 2'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_create(0)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE false",
    "SELECT array[pg_terminate_backend(0)]",
    "SELECT pg_reload_conf()",
    "SELECT pg_notify('a', 'b')",
    "NOTIFY a",
    "SELECT query_to_xml('DELETE FROM t', true, true, '')",
    "SELECT pg_logical_emit_message(false, 'a', 'b')",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_switch_wal()",
    "SELECT pg_stat_reset()",
    "ALTER SYSTEM SET work_mem = '5MB'",
    "CREATE DATABASE parallax_no",
    "VACUUM t",
    "ANALYZE t",
    "CHECKPOINT",
    "LOCK TABLE t IN EXCLUSIVE MODE",
    "TRUNCATE t",
    "REFRESH MATERIALIZED VIEW m",
    "GRANT ALL ON t TO PUBLIC",
    "COMMENT ON TABLE t IS 'x'",
    "REINDEX TABLE t",
    "CLUSTER",
    "LOAD 'plpgsql'",
    "SET ROLE parallax",
    "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
];

#[tokio::test]
async fn no_statement_of_a_read_only_profile_writes() {
    let server = Server::new(
        "parallax_readonly",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE SEQUENCE s; CREATE MATERIALIZED VIEW m AS SELECT 1;
        CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (9) RETURNING a';
        CREATE FUNCTION writes_later() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SET LOCAL transaction_read_only = off'; DELETE FROM t; RETURN 1; END $$;
        CREATE FUNCTION unguard() RETURNS text LANGUAGE sql AS $$ SELECT set_config('transaction_read_only', 'off', false) $$;
        CREATE PROCEDURE p() LANGUAGE sql AS 'DELETE FROM t'",
    )
    .await;
    let state = "SELECT array_agg(a ORDER BY a), (SELECT last_value::text || is_called::text FROM s), (SELECT count(*) FROM pg_class WHERE relnamespace = 'parallax_readonly'::regnamespace) FROM t";
    let before = server.rows(state).await;
    for text in ATTEMPTS {
        let answer = ask(&*server.store, &call(), &statement(text)).await;
        let error = answer
            .error
            .unwrap_or_else(|| panic!("{text} was not refused"));
        // What the server finds wrong of itself, such as the moment for a setting, is a refusal too.
        let refused = matches!(error.kind, ErrorKind::PermissionDenied)
            || (text.contains("unguard") || text.contains("writes_later"))
                && error.kind == ErrorKind::InvalidInput;
        assert!(refused, "{text}: {error:?}");
        assert_eq!(server.rows(state).await, before, "{text}");
    }
    assert!(!std::path::Path::new("/tmp/parallax-test-copy").exists());
}

#[tokio::test]
async fn a_filter_cannot_write_either() {
    let server = Server::new("parallax_filter", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
        CREATE FUNCTION writes() RETURNS boolean LANGUAGE sql AS 'INSERT INTO t VALUES (9) RETURNING true'").await;
    let dataset = crate::server::dataset("t");
    for filter in [
        "true) OR (true",
        "true; DELETE FROM t",
        "pg_reload_conf()",
        "writes()",
    ] {
        let mut fields = crate::server::by(&["id"]);
        fields.filter = Some(filter.to_owned());
        let got = server
            .store
            .get(
                &call(),
                &dataset,
                &[parallax_core::value::Key::new(vec![
                    1.to_string().as_str().into(),
                ])],
                &fields,
            )
            .await;
        assert!(got.is_err(), "{filter}");
    }
    assert_eq!(
        server.rows("SELECT count(*) FROM t").await,
        [[parallax_core::value::Value::I64(1)]]
    );
}

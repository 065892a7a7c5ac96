//! Whole datasets, while the keyspace changes under the scan.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parallax_core::error::ErrorKind;
use parallax_core::store::{Part, RowSink, Scanned, Store, ValueRef};
use parallax_core::value::Value;

use crate::server::{Server, call, dataset, projection, run, type_in};

/// Keeps the rows by their first cell.
#[derive(Default)]
struct Rows {
    rows: BTreeMap<String, Vec<Option<Value>>>,
    most: Option<usize>,
}

impl RowSink for Rows {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        let cells: Vec<Option<Value>> = cells.iter().map(|it| it.to_value()).collect();
        let key = cells[0].clone().expect("a key").to_string();
        self.rows.insert(key, cells);
        if self.most.is_some_and(|it| self.rows.len() >= it) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

async fn scan(store: &dyn Store, name: &str, fields: &[&str], sink: &mut Rows) -> Scanned {
    let projection = projection(&["id"], fields);
    let parts = store.parts(&call(), &dataset(name), &projection, 8).await;
    let parts = parts.expect("parts");
    assert_eq!(parts.len(), 1, "the cursor cannot be divided");
    let scanned = store.scan(&call(), &parts[0], &projection, sink).await;
    scanned.expect("scanned")
}

fn texts(cells: &[Option<Value>]) -> Vec<String> {
    let text = |it: &Option<Value>| it.as_ref().map_or("-".to_owned(), ToString::to_string);
    cells.iter().map(text).collect()
}

#[tokio::test]
async fn keys_that_stay_are_all_fed_while_others_come_and_go() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..5_000 {
        type_in(&mut client, &format!("HSET stay:{at} n {at} m x"));
    }
    let store = server.store();
    let ended = Arc::new(AtomicBool::new(false));
    let (stop, mut other) = (Arc::clone(&ended), server.client());
    // Writes beside the scan let the server's table grow and shrink, which moves keys about.
    let writer = std::thread::spawn(move || {
        for round in 0.. {
            for at in 0..2_000 {
                type_in(&mut other, &format!("HSET stay:extra{round}-{at} n {at}"));
            }
            for at in 0..2_000 {
                type_in(&mut other, &format!("DEL stay:extra{round}-{at}"));
            }
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    });
    for _ in 0..5 {
        let mut sink = Rows::default();
        let scanned = scan(&*store, "stay:{id}", &["n", "none"], &mut sink).await;
        assert_eq!(scanned.unreadable, 0);
        let missing: Vec<i32> = (0..5_000)
            .filter(|it| !sink.rows.contains_key(&it.to_string()))
            .collect();
        assert_eq!(missing, [0; 0]);
        assert_eq!(texts(&sink.rows["77"]), ["77", "77", "-"]);
    }
    ended.store(true, Ordering::Relaxed);
    writer.join().expect("the writer ended");
}

#[tokio::test]
async fn a_scan_takes_only_keys_of_the_pattern_and_reads_each_by_its_type() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..50 {
        type_in(&mut client, &format!("HSET a:{at}:x n {at}"));
        type_in(&mut client, &format!("PEXPIRE a:{at}:x 100000"));
    }
    type_in(&mut client, "HSET a:none:x other 1");
    type_in(&mut client, "SADD a:set:x 2 1");
    type_in(&mut client, "HSET a:1:y n 1");
    type_in(&mut client, "HSET A:1:x n 1");
    run(&mut client, &[b"SET", b"a:json:x", br#"{"n":7}"#]);
    run(&mut client, &[b"SET", b"a:bad:x", b"{"]);
    run(&mut client, &[b"HSET", b"a:\xff:x", b"n", b"\xfe"]);
    let store = server.store();
    let mut sink = Rows::default();
    let fields = ["n", "@ttl_ms", "@key", "@value"];
    let scanned = scan(&*store, "a:{id}:x", &fields, &mut sink).await;
    assert_eq!(scanned.unreadable, 1);
    assert_eq!(sink.rows.len(), 54);
    assert_eq!(sink.rows["3"][1], Some(Value::from("3")));
    assert!(matches!(sink.rows["3"][2], Some(Value::I64(1..=100_000))));
    assert_eq!(sink.rows["3"][3], Some(Value::from("a:3:x")));
    assert_eq!(
        texts(&sink.rows["none"]),
        ["none", "-", "null", "a:none:x", "-"]
    );
    assert_eq!(
        texts(&sink.rows["set"]),
        ["set", "-", "null", "a:set:x", "[\"1\",\"2\"]"]
    );
    assert_eq!(sink.rows["json"][1], Some(Value::I64(7)));
    let odd = &sink.rows[&Value::Bytes(vec![0xff]).to_string()];
    assert_eq!(odd[1], Some(Value::Bytes(vec![0xfe])));
}

#[tokio::test]
async fn strings_are_scanned_with_their_members_or_as_they_are() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..20 {
        let json = format!(r#"{{"n":{at},"in":{{"x":"y"}}}}"#);
        run(
            &mut client,
            &[b"SET", format!("d:{at}").as_bytes(), json.as_bytes()],
        );
    }
    type_in(&mut client, "SET d:plain 42");
    let store = server.store();
    let mut sink = Rows::default();
    scan(&*store, "d:{id}", &["n", "in.x", "@value"], &mut sink).await;
    assert_eq!(texts(&sink.rows["4"]), ["4", "4", "y", "-"]);
    assert_eq!(texts(&sink.rows["plain"]), ["plain", "-", "-", "42"]);
    assert_eq!(sink.rows.len(), 21);
}

#[tokio::test]
async fn long_values_are_fed_in_smaller_steps() {
    let server = Server::start();
    let mut client = server.client();
    let long = vec![b'x'; 100_000];
    for at in 0..600 {
        run(
            &mut client,
            &[b"HSET", format!("big:{at}").as_bytes(), b"v", &long],
        );
    }
    let store = server.store();
    let mut sink = Rows::default();
    let scanned = scan(&*store, "big:{id}", &["v"], &mut sink).await;
    assert_eq!(sink.rows.len(), 600);
    assert!(scanned.rows >= 600);
}

#[tokio::test]
async fn a_scan_ends_when_the_sink_has_enough_and_the_store_goes_on() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..3_000 {
        type_in(&mut client, &format!("HSET u:{at} n {at}"));
    }
    let store = server.store();
    let mut sink = Rows {
        most: Some(10),
        ..Rows::default()
    };
    assert_eq!(scan(&*store, "u:{id}", &["n"], &mut sink).await.rows, 10);
    let mut sink = Rows::default();
    scan(&*store, "u:{id}", &[], &mut sink).await;
    let keys: BTreeSet<&String> = sink.rows.keys().collect();
    assert_eq!(keys.len(), 3_000);
}

#[tokio::test]
async fn a_condition_and_a_dataset_of_nothing_are_told_apart() {
    let server = Server::start();
    let store = server.store();
    let mut projection = projection(&["id"], &["n"]);
    let part = Part {
        dataset: dataset("nothing:{id}"),
        bounds: None,
        estimate: None,
    };
    let mut sink = Rows::default();
    let scanned = store.scan(&call(), &part, &projection, &mut sink).await;
    assert_eq!(scanned, Ok(Scanned::default()));
    projection.filter = Some("n > 1".to_owned());
    let error = store.scan(&call(), &part, &projection, &mut sink).await;
    assert_eq!(error.expect_err("refused").kind, ErrorKind::InvalidInput);
}

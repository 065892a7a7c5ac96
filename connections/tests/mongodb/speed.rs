//! How long a scan takes beside a plain read of the same documents. Run by hand, in a release build:
//! `cargo test --release -p parallax-connections --test mongodb speed -- --ignored --nocapture`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use mongodb::bson::{Document, doc};
use parallax_core::store::{RowSink, ValueRef};

use crate::server::{FERRET, JAVA, Server, call_within, dataset, projection};

const DOCUMENTS: i32 = 50_000;

struct Count(u64);

impl RowSink for Count {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.0 += cells.len() as u64;
        ControlFlow::Continue(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures, and takes minutes"]
async fn a_scan_takes_little_longer_than_a_read_that_drops_what_it_reads() {
    for server in [Server::of(JAVA).await, Server::of(FERRET).await] {
        let name = format!("user number {DOCUMENTS}");
        let documents: Vec<Document> = (0..DOCUMENTS)
            .map(|it| doc! { "_id": it, "name": &name, "email": "someone@example.com", "age": it % 90, "at": mongodb::bson::DateTime::from_millis(i64::from(it) * 1_000), "a": { "b": it }, "rest": "x".repeat(100) })
            .collect();
        server.insert("users", &documents).await;
        let store = server.store();
        let wanted = projection(&["_id"], &["name", "email", "age", "at", "a.b"]);
        let parts = store
            .parts(
                &call_within(Duration::from_mins(2)),
                &dataset("users"),
                &wanted,
                1,
            )
            .await
            .expect("parts");
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let began = Instant::now();
            let mut count = Count(0);
            store
                .scan(
                    &call_within(Duration::from_mins(2)),
                    &parts[0],
                    &wanted,
                    &mut count,
                )
                .await
                .expect("scanned");
            ours.push(began.elapsed());
            let began = Instant::now();
            let only = doc! { "name": 1, "email": 1, "age": 1, "at": 1, "a.b": 1 };
            let collection = server.collection("users");
            let read = collection.find(doc! {}).projection(only).batch_size(10_000);
            let mut batches = read.batch().await.expect("a cursor");
            while let Some(batch) = batches.next().await {
                batch.expect("a batch");
            }
            plain.push(began.elapsed());
        }
        ours.sort();
        plain.sort();
        println!(
            "{}: scan {:?}, plain read {:?}, ratio {:.2}",
            server.place.name,
            ours[2],
            plain[2],
            ours[2].as_secs_f64() / plain[2].as_secs_f64()
        );
        server.end().await;
    }
}

//! Statements on connections that are open already: the time to the first row, and rows a second.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::StoreConfig;
use parallax_core::name::StoreId;
use parallax_core::store::{Access, Call, CallId, Chunk, Purpose, Statement, Store};
use parallax_tests::servers::Server;
use serde_json::Value;

/// Ends the output of a client that stays.
const END: &str = "the end of it";

/// What a statement took from when it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    pub(crate) first: Duration,
    pub(crate) wall: Duration,
    pub(crate) rows: u64,
}

/// The best of three, each time alone: the first row, and the wall.
pub(crate) fn best(all: [Opened; 3]) -> Opened {
    let first = all.iter().map(|it| it.first).min();
    let wall = all.iter().map(|it| it.wall).min();
    Opened {
        first: first.expect("three"),
        wall: wall.expect("three"),
        rows: all[0].rows,
    }
}

/// Our own store, every value decoded and dropped.
pub(crate) async fn own(server: &Server, text: &str) -> Opened {
    let config = StoreConfig {
        id: StoreId::new("bench").expect("a name"),
        url: Some(server.url_without_password()),
        profile: None,
        secret: None,
        environment: None,
        why: None,
        access: Access::ReadOnly,
    };
    let secret = Some(Secret::new(server.password()));
    let store = stores::guarded(&config, Path::new("."), secret, Access::ReadOnly);
    let store = store.expect("a store");
    store.ping(&call()).await.expect("the server answers");
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(once(&store, text).await);
    }
    best(all.try_into().expect("three"))
}

fn call() -> Call {
    Call {
        id: CallId(1),
        deadline: Duration::from_mins(10),
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

async fn once(store: &impl Store, text: &str) -> Opened {
    let statement = Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    };
    let began = Instant::now();
    let mut chunks = store.query(&call(), &statement).await.expect("it begins");
    let (mut first, mut rows) = (None, 0);
    while let Some(chunk) = chunks.next().await {
        if let Chunk::Rows(batch) = chunk.expect("the rows go on") {
            first.get_or_insert_with(|| began.elapsed());
            rows += u64::from(batch.rows);
        }
    }
    Opened {
        first: first.expect("there are rows"),
        wall: began.elapsed(),
        rows,
    }
}

/// A server's own client, which stays open: what it prints is read and dropped.
pub(crate) fn client(command: &mut Command, select: &str, rows: u64) -> Opened {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = child.stdout.take().expect("it is piped");
    let end = format!("select '{END}';\n");
    input.write_all(end.as_bytes()).expect("it listens");
    until_end(&mut output);
    let mut all = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        let text = format!("{select};\n{end}");
        input.write_all(text.as_bytes()).expect("it listens");
        let (first, wall) = until_end(&mut output);
        all.push(Opened {
            first: first.duration_since(began),
            wall: wall.duration_since(began),
            rows,
        });
    }
    drop(input);
    assert!(child.wait().expect("it ends").success(), "{command:?}");
    best(all.try_into().expect("three"))
}

/// Reads until the end is told; when the first byte came, and when the end did.
fn until_end(output: &mut impl std::io::Read) -> (Instant, Instant) {
    let mut buffer = vec![0; 1 << 18];
    let mut first = None;
    let mut tail: Vec<u8> = Vec::new();
    loop {
        let count = output.read(&mut buffer).expect("it prints");
        assert!(count > 0, "the client ended");
        first.get_or_insert_with(Instant::now);
        tail.extend_from_slice(&buffer[..count]);
        let from = tail.len().saturating_sub(4 * END.len());
        tail.drain(..from);
        if String::from_utf8_lossy(&tail).contains(&format!("{END}\n")) {
            return (first.expect("a byte came"), Instant::now());
        }
    }
}

/// A driver of Python, every row made an object and dropped; `None` where it is not installed.
pub(crate) fn python(driver: &str, url: &str, statement: &str) -> Option<Opened> {
    let mut child = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/bench/rows.py"))
        .args([driver, url, statement])
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut text = String::new();
    let mut output = child.stdout.take().expect("it is piped");
    output.read_to_string(&mut text).expect("text");
    if !child.wait().expect("it ends").success() {
        return None;
    }
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let seconds = |name: &str| Duration::from_secs_f64(told[name].as_f64().expect("seconds"));
    Some(Opened {
        first: seconds("first"),
        wall: seconds("wall"),
        rows: told["rows"].as_u64().expect("a count"),
    })
}

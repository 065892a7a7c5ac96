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

/// What is read: everything for the wall, and only a beginning for the first row, which takes too little to be measured
/// a few times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) whole: &'a str,
    pub(crate) beginning: &'a str,
}

/// More rows than any of the clients takes at once.
pub(crate) const BEGINNING: u64 = 20_000;

/// How often a beginning is read, of which the median counts, and the whole, of which the best does.
const BEGINNINGS: usize = 15;
const WHOLES: usize = 3;

impl Asked<'_> {
    async fn measure(self, mut once: impl AsyncFnMut(&str) -> Opened) -> Opened {
        let mut firsts = Vec::new();
        for _ in 0..BEGINNINGS {
            firsts.push(once(self.beginning).await.first);
        }
        firsts.sort_unstable();
        let mut wholes = Vec::new();
        for _ in 0..WHOLES {
            wholes.push(once(self.whole).await);
        }
        let best = wholes.into_iter().min_by_key(|it| it.wall);
        Opened {
            first: firsts[BEGINNINGS / 2],
            ..best.expect("there are runs")
        }
    }
}

/// Our own store, every value decoded and dropped.
pub(crate) async fn own(server: &Server, asked: Asked<'_>) -> Opened {
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
    asked.measure(async |text| once(&store, text).await).await
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
pub(crate) async fn client(command: &mut Command, asked: Asked<'_>, rows: u64) -> Opened {
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
    let once = async |select: &str| {
        let began = Instant::now();
        let text = format!("{select};\n{end}");
        input.write_all(text.as_bytes()).expect("it listens");
        let (first, wall) = until_end(&mut output);
        Opened {
            first: first.duration_since(began),
            wall: wall.duration_since(began),
            rows,
        }
    };
    let measured = asked.measure(once).await;
    drop(input);
    assert!(child.wait().expect("it ends").success(), "{command:?}");
    measured
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
        .args([BEGINNING, BEGINNINGS as u64, WHOLES as u64].map(|it| it.to_string()))
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

//! Servers that refuse, hang, restart, or are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mongodb::bson::doc;
use parallax_connections::guard::Guarded;
use parallax_core::error::ErrorKind;
use parallax_core::store::{Access, Store};
use parallax_core::value::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::server::{FERRET, JAVA, Server, call, call_within, get, guarded, in_database, key};

#[tokio::test]
async fn a_ping_tells_product_version_and_clock() {
    for (name, product, version) in [
        (FERRET, "FerretDB", "1.24.2"),
        (JAVA, "MongoDB Java Server", "5.0.0"),
    ] {
        let server = Server::of(name).await;
        let store = server.store();
        let found = store.ping(&call()).await.expect("an answer");
        assert_eq!(
            (found.product.as_str(), found.version.as_str()),
            (product, version)
        );
        assert!(found.clock.is_some());
        assert!(
            !store.capability().cancel,
            "neither of the two stops a statement"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_and_never_shown() {
    let server = Server::of(FERRET).await;
    if server.place.password.is_none() {
        return;
    }
    let store = guarded(&server.url(), Some("wrong-hunter2"), Access::ReadOnly).expect("a store");
    let error = store.ping(&call()).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error}");
    assert!(error.hint.is_some());
    let shown = format!("{error:?} {store:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let good = server.store();
    good.ping(&call()).await.expect("an answer");
    let password = server.place.password.as_deref().expect("one");
    assert!(!format!("{good:?}").contains(password));
    let error = guarded("mongodb://u:hunter2@h/x", None, Access::ReadOnly).expect_err("refused");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn nobody_there_is_said_at_once_with_a_way_to_try() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let store = guarded(
        &format!("mongodb://127.0.0.1:{port}/x"),
        None,
        Access::ReadOnly,
    )
    .expect("a store");
    for _ in 0..2 {
        let began = Instant::now();
        let error = store.ping(&call()).await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        assert!(error.hint.expect("a hint").contains("mongosh"));
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
    }
    let store =
        guarded("mongodb://no-such-host.invalid/x", None, Access::ReadOnly).expect("a store");
    let error = store.ping(&call()).await.expect_err("no such host");
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn a_server_of_another_kind_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let answers = async {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            // The driver may have gone.
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    };
    let store = guarded(
        &format!("mongodb://127.0.0.1:{port}/x"),
        None,
        Access::ReadOnly,
    )
    .expect("a store");
    let call = call_within(Duration::from_secs(5));
    let error = tokio::select! {
        () = answers => panic!("it does not end"),
        answer = store.ping(&call) => answer.expect_err("no such server"),
    };
    assert!(
        matches!(error.kind, ErrorKind::Unreadable | ErrorKind::Unreachable),
        "{error}"
    );
}

/// A way to a server that can be cut, and held up.
struct Way {
    port: u16,
    target: u16,
    open: JoinSet<()>,
    is_held: Arc<AtomicBool>,
}

impl Way {
    async fn to(url: &str) -> Self {
        let host = url
            .split("://")
            .nth(1)
            .expect("a host")
            .rsplit('@')
            .next()
            .expect("a host");
        let target = host
            .split('/')
            .next()
            .expect("a host")
            .rsplit(':')
            .next()
            .expect("a port");
        let mut way = Self {
            port: 0,
            target: target.parse().expect("a port"),
            open: JoinSet::new(),
            is_held: Arc::default(),
        };
        way.begin().await;
        way
    }

    async fn begin(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port))
            .await
            .expect("a port");
        self.port = listener.local_addr().expect("an address").port();
        let (target, is_held) = (self.target, Arc::clone(&self.is_held));
        self.open.spawn(async move {
            let mut pairs = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.expect("a client");
                let is_held = Arc::clone(&is_held);
                pairs.spawn(async move {
                    let far = TcpStream::connect(("127.0.0.1", target))
                        .await
                        .expect("the server");
                    let (mut from_near, mut to_near) = near.into_split();
                    let (mut from_far, mut to_far) = far.into_split();
                    tokio::select! {
                        () = pass(&mut from_near, &mut to_far, &is_held) => {}
                        () = pass(&mut from_far, &mut to_near, &is_held) => {}
                    }
                });
            }
        });
    }

    /// Closes every connection, and takes no more.
    async fn cut(&mut self) {
        self.open.shutdown().await;
    }
}

async fn pass(
    from: &mut tokio::net::tcp::OwnedReadHalf,
    to: &mut tokio::net::tcp::OwnedWriteHalf,
    is_held: &AtomicBool,
) {
    use tokio::io::AsyncReadExt as _;
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        while is_held.load(Ordering::Acquire) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// A store whose way leads over another port.
async fn over(server: &Server) -> (Way, Guarded) {
    let way = Way::to(&server.place.url).await;
    let url = in_database(&server.place.url, &server.database);
    let url = url.replace(&format!(":{}/", way.target), &format!(":{}/", way.port));
    let store = guarded(&url, server.place.password.as_deref(), Access::ReadOnly).expect("a store");
    (way, store)
}

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    for server in Server::all().await {
        server.insert("users", &[doc! { "_id": 1 }]).await;
        let (mut way, store) = over(&server).await;
        let is_there = async || {
            let got = get(&store, "users", &[key(Value::I64(1))], &["*"]).await;
            got.found[0].as_ref().is_ok_and(Option::is_some)
        };
        assert!(is_there().await);
        way.cut().await;
        way.begin().await;
        for _ in 0..3 {
            assert!(is_there().await, "{}", server.place.name);
        }
        way.cut().await;
        let began = Instant::now();
        let error = store.ping(&call()).await.expect_err("gone");
        assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{:?}",
            began.elapsed()
        );
        way.begin().await;
        assert!(is_there().await);
        server.end().await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_no_more_than_the_deadline() {
    let server = Server::of(JAVA).await;
    let (way, store) = over(&server).await;
    store.ping(&call()).await.expect("an answer");
    way.is_held.store(true, Ordering::Release);
    let began = Instant::now();
    for _ in 0..2 {
        let error = store
            .ping(&call_within(Duration::from_millis(400)))
            .await
            .expect_err("late");
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(2));
    way.is_held.store(false, Ordering::Release);
    store.ping(&call()).await.expect("it goes on");
}

#[tokio::test]
async fn tls_is_spoken_to_a_server_whose_authority_is_named() {
    let server = Server::of(FERRET).await;
    let (Some(url), Some(ca)) = (&server.place.tls, &server.place.ca) else {
        return;
    };
    let url = in_database(url, &server.database);
    let bare: Vec<&str> = url
        .split('&')
        .filter(|it| !it.contains("tlsCAFile"))
        .collect();
    let bare = bare.join("&");
    let password = server.place.password.as_deref();
    let with = if bare.contains("tls=true") {
        bare.clone()
    } else {
        format!("{bare}&tls=true")
    };
    let trusting = guarded(
        &format!("{with}&tlsCAFile={ca}"),
        password,
        Access::ReadOnly,
    )
    .expect("a store");
    trusting.ping(&call()).await.expect("an answer");
    let error = guarded(&with, password, Access::ReadOnly)
        .expect("a store")
        .ping(&call())
        .await;
    let error = error.expect_err("nobody vouches for it");
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.hint.expect("a hint").contains("tlsCAFile"));
}

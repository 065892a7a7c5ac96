//! A way to the server that a test may cut or hold up, as a restart or a stopped process would.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Passes on what it hears, in both directions.
pub(crate) struct Proxy {
    pub(crate) address: String,
    cuts: watch::Sender<u64>,
    is_held: Arc<AtomicBool>,
    /// The most connections that were open at one time.
    pub(crate) most: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server: SocketAddr = server.parse().expect("an address");
        let (cuts, heard) = watch::channel(0);
        let is_held = Arc::new(AtomicBool::new(false));
        let most = Arc::new(AtomicUsize::new(0));
        let mut task = JoinSet::new();
        task.spawn(serve(
            listener,
            server,
            heard,
            Arc::clone(&is_held),
            Arc::clone(&most),
        ));
        Self {
            address: address.to_string(),
            cuts,
            is_held,
            most,
            _task: task,
        }
    }

    /// Closes every connection, as a restart of the server does.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|it| *it += 1);
    }

    /// Lets nothing pass any more, as a stopped process does; new connections are taken and not answered.
    pub(crate) fn hold(&self) {
        self.is_held.store(true, Ordering::SeqCst);
    }

    pub(crate) fn release(&self) {
        self.is_held.store(false, Ordering::SeqCst);
    }
}

async fn serve(
    listener: TcpListener,
    server: SocketAddr,
    heard: watch::Receiver<u64>,
    is_held: Arc<AtomicBool>,
    most: Arc<AtomicUsize>,
) {
    let mut open = JoinSet::new();
    let now = Arc::new(AtomicUsize::new(0));
    loop {
        tokio::select! {
            taken = listener.accept() => {
                let (ours, _) = taken.expect("a connection");
                let mut heard = heard.clone();
                heard.mark_unchanged();
                let (is_held, most) = (Arc::clone(&is_held), Arc::clone(&most));
                let now = Arc::clone(&now);
                open.spawn(async move {
                    let theirs = TcpStream::connect(server).await.expect("the server");
                    let count = now.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(count, Ordering::SeqCst);
                    tokio::select! {
                        () = both(ours, theirs, &is_held) => {}
                        _ = heard.changed() => {}
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
            Some(_) = open.join_next(), if !open.is_empty() => {}
        }
    }
}

async fn both(ours: TcpStream, theirs: TcpStream, is_held: &AtomicBool) {
    let (mut from_us, mut to_us) = ours.into_split();
    let (mut from_them, mut to_them) = theirs.into_split();
    tokio::select! {
        () = pass(&mut from_us, &mut to_them, is_held) => {}
        () = pass(&mut from_them, &mut to_us, is_held) => {}
    }
}

async fn pass(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    is_held: &AtomicBool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        while is_held.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

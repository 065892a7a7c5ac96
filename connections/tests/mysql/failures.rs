//! A server that stops answering, and one that comes back: an instance of its own, which nobody else uses.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use parallax_core::error::ErrorKind;
use parallax_core::value::Value;
use tempfile::TempDir;

use crate::ask::{ask, call, call_within, statement};
use crate::server::{Place, Server};

/// A server with files of its own; it ends with the test.
struct Instance {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Instance {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut install = Command::new("mariadb-install-db");
        install
            .args([
                "--no-defaults",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ])
            .args(["--skip-name-resolve", "--innodb-flush-method=nosync"])
            .args(user())
            .arg(format!(
                "--datadir={}",
                folder.path().join("data").display()
            ));
        let made = install
            .output()
            .expect("mariadb-install-db, of the package mariadb-server");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let process = daemon(&folder, port);
        let instance = Self {
            folder,
            port,
            process,
        };
        instance.answers().await;
        instance
    }

    fn server(&self) -> Server {
        let place = Place {
            url: format!("mysql://root@127.0.0.1:{}", self.port),
            password: String::new(),
            ca: String::new(),
        };
        Server::at(&place, "mysql")
    }

    async fn answers(&self) {
        let began = Instant::now();
        while self
            .server()
            .store
            .ping(&call_within(Duration::from_secs(2)))
            .await
            .is_err()
        {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "it does not start"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.process.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }

    async fn start_again(&mut self) {
        self.process.wait().expect("ended");
        self.process = daemon(&self.folder, self.port);
        self.answers().await;
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Without rights, the server runs as whoever runs it; with all of them, it wants to be told.
fn user() -> Option<String> {
    let id = Command::new("id").arg("-u").output().expect("id");
    (id.stdout.trim_ascii() == b"0").then(|| "--user=root".to_owned())
}

fn daemon(folder: &TempDir, port: u16) -> Child {
    let usual = PathBuf::from("/usr/sbin/mariadbd");
    let program = if usual.is_file() {
        usual
    } else {
        PathBuf::from("mariadbd")
    };
    let file = |name: &str| folder.path().join(name).display().to_string();
    Command::new(program)
        .args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
        ])
        .args([
            "--innodb-buffer-pool-size=16M",
            "--innodb-flush-method=nosync",
        ])
        .args(user())
        .arg(format!("--port={port}"))
        .arg(format!("--datadir={}", file("data")))
        .arg(format!("--socket={}", file("socket")))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mariadbd, of the package mariadb-server")
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again_and_one_that_hangs_ends_with_the_deadline() {
    let mut instance = Instance::start().await;
    let server = instance.server();
    assert_eq!(server.rows("SELECT 1").await, [[Value::I64(1)]]);

    let running = call();
    let text = statement("SELECT sleep(20)");
    let asked = ask(&*server.store, &running, &text);
    let killed = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        instance.signal("-KILL");
    };
    let began = Instant::now();
    let (answer, ()) = futures::join!(asked, killed);
    assert_eq!(
        answer.error.expect("it went away").kind,
        ErrorKind::Unreachable
    );
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it is noticed at once"
    );
    let error = server.store.ping(&call()).await.expect_err("nobody there");
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    instance.start_again().await;
    assert_eq!(
        server.rows("SELECT 2").await,
        [[Value::I64(2)]],
        "a new connection"
    );

    instance.signal("-STOP");
    for what in ["an idle connection", "a new one"] {
        let began = Instant::now();
        let error = server
            .store
            .ping(&call_within(Duration::from_millis(700)))
            .await;
        // Which of the two clocks is first, that of the call or that of the attempt to connect, is open.
        let error = error.expect_err(what);
        let silent = [ErrorKind::Timeout, ErrorKind::Unreachable];
        assert!(silent.contains(&error.kind), "{what}: {error}");
        assert!(
            began.elapsed() < Duration::from_millis(1500),
            "{what}: {:?}",
            began.elapsed()
        );
    }
    instance.signal("-CONT");
    assert_eq!(server.rows("SELECT 3").await, [[Value::I64(3)]]);
    let socket = instance.folder.path().join("socket");
    let url = format!("mysql://root@localhost/mysql?socket={}", socket.display());
    let store = crate::server::store_at(&url, None).expect("a store");
    store.ping(&call()).await.expect("by the socket");
}

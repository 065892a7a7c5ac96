//! Redis, with nothing kept on disk.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::install::{Package, Sign};
use crate::servers::catalog::{Server, Urls};
use crate::servers::certificate::OPENSSL;
use crate::servers::instance::Instance;

pub(crate) const SERVER: Server = Server {
    name: "redis",
    product: "Redis",
    needs: &[],
    packages: &[
        Package {
            name: "redis-server",
            sign: Sign::Program("redis-server"),
        },
        OPENSSL,
    ],
    build: None,
    accounts: &["redis"],
    ports: &["plain", "tls"],
    recipe: 1,
    prepare,
    command,
    ready,
    urls,
    stop: "TERM",
};

const LIMIT: Duration = Duration::from_secs(2);

/// The password stands in a file, for everybody may read a command line.
fn prepare(instance: &Instance) -> Result<()> {
    let data = instance.folder_of_its_own("data")?;
    let file = |name: &str| quoted(&instance.home.join(name));
    let text = format!(
        "bind 127.0.0.1\n\
         dir {}\n\
         save \"\"\n\
         appendonly no\n\
         requirepass {}\n\
         tls-cert-file {}\n\
         tls-key-file {}\n\
         tls-auth-clients no\n",
        quoted(&data),
        instance.password,
        file("server.pem"),
        file("server.key"),
    );
    instance.write("redis.conf", &text).map(drop)
}

fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn command(instance: &Instance) -> Result<Command> {
    let mut command = Command::new("redis-server");
    command
        .arg(instance.home.join("redis.conf"))
        .args(["--port", &instance.port("plain")?.to_string()])
        .args(["--tls-port", &instance.port("tls")?.to_string()]);
    Ok(command)
}

/// Logs in, and asks it who it is. Its port for TLS opens at the same time.
fn ready(instance: &Instance) -> Result<String> {
    let mut session = Session::open(instance.port("plain")?).during("reach it")?;
    session.ask(&format!("AUTH {}", instance.password))?;
    let pong = session.ask("PING")?;
    if pong != "+PONG" {
        return Err(Failure::new(format!("it answered PING with {pong:?}")));
    }
    let text = session.ask("INFO server")?;
    let version = text
        .lines()
        .find_map(|it| it.strip_prefix("redis_version:"));
    version
        .map(|it| it.trim().to_owned())
        .ok_or_else(|| Failure::new("it does not tell its version"))
}

fn urls(instance: &Instance) -> Result<Urls> {
    let url = |scheme: &str, port: u16| {
        let password = &instance.password;
        format!("{scheme}://:{password}@127.0.0.1:{port}/0")
    };
    Ok(Urls {
        plain: url("redis", instance.port("plain")?),
        tls: Some(url("rediss", instance.port("tls")?)),
    })
}

/// The few words of the protocol that are needed here.
struct Session(BufReader<TcpStream>);

impl Session {
    fn open(port: u16) -> std::io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// A simple answer with its sign, or the content of a long one.
    fn ask(&mut self, command: &str) -> Result<String> {
        let answer = self.exchange(command).during("read its answer")?;
        match answer.strip_prefix('-') {
            Some(error) => Err(Failure::new(format!("it answered {error}"))),
            None => Ok(answer),
        }
    }

    fn exchange(&mut self, command: &str) -> std::io::Result<String> {
        self.0
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let Some(length) = line.strip_prefix('$').and_then(|it| it.trim().parse().ok()) else {
            return Ok(line.trim_end().to_owned());
        };
        let mut content = String::new();
        self.0.by_ref().take(length).read_to_string(&mut content)?;
        let mut end = [0; 2];
        self.0.read_exact(&mut end)?;
        Ok(content)
    }
}

//! What the server says of itself.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::Server;
use parallax_core::value::Timestamp;
use redis::Value as Reply;

use super::fault;
use super::link::Link;
use super::reply::ReplyExt as _;

/// One line of `INFO`: its section, its name and its value.
pub(super) struct Line<'t> {
    pub(super) section: &'t str,
    pub(super) name: &'t str,
    pub(super) value: &'t str,
}

/// The lines of an answer to `INFO`.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if let Some(name) = line.strip_prefix("# ") {
            section = name;
        } else if let Some((name, value)) = line.split_once(':') {
            lines.push(Line {
                section,
                name,
                value,
            });
        }
    }
    lines
}

fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let line = lines(text).into_iter().find(|it| it.name == name);
    line.map(|it| it.value)
}

/// Which product answers, and its version, by `INFO server`.
///
/// Products that speak the protocol say of which version they are compatible, and their own name and version elsewhere.
fn product(info: &str) -> (&'static str, String) {
    let version = |name: &str| field(info, name).unwrap_or_default().to_owned();
    let executable = field(info, "executable").unwrap_or_default();
    if let Some(own) = field(info, "dragonfly_version") {
        let own = own.strip_prefix("df-").unwrap_or(own);
        return ("Dragonfly", own.trim_start_matches('v').to_owned());
    }
    if field(info, "server_name") == Some("valkey") || field(info, "valkey_version").is_some() {
        return ("Valkey", version("valkey_version"));
    }
    if executable.contains("keydb") || field(info, "mvcc_depth").is_some() {
        return ("KeyDB", version("redis_version"));
    }
    ("Redis", version("redis_version"))
}

/// Makes one round trip: the product, its version and its clock.
pub(super) async fn ping(link: &mut Link) -> Result<Server> {
    link.push(["PING"]);
    link.push(["INFO", "server"]);
    link.push(["TIME"]);
    link.send().await?;
    let pong = link.answer("ping").await;
    let info = link.reply().await?;
    let time = link.reply().await?;
    // A user who may not ping may yet read.
    if let Err(error) = pong
        && error.kind != ErrorKind::PermissionDenied
    {
        return Err(error);
    }
    if let Reply::ServerError(error) = &info
        && error.code() != "NOPERM"
    {
        return Err(fault::refused(error, "ping"));
    }
    let (product, version) = info.text().map_or(("Redis", String::new()), product);
    Ok(Server {
        product: product.to_owned(),
        version,
        clock: clock(&time),
    })
}

/// Seconds and microseconds.
fn clock(time: &Reply) -> Option<Timestamp> {
    let seconds = time.items().first()?.integer()?;
    let micros = time.items().get(1)?.integer()?;
    Timestamp::from_microsecond(seconds.checked_mul(1_000_000)?.checked_add(micros)?).ok()
}

/// Fails with [`ErrorKind::Unsupported`] where the server is one of several that share the keys.
///
/// What one node lacks would be taken for missing.
pub(super) async fn holds_all_keys(link: &mut Link) -> Result<()> {
    let info = link.ask(["INFO", "server"], "look for a cluster").await;
    let clustered = info.is_ok_and(|it| {
        it.text()
            .is_some_and(|it| field(it, "redis_mode") == Some("cluster"))
    });
    if !clustered {
        return Ok(());
    }
    let cluster = link.ask(["CLUSTER", "INFO"], "look for a cluster").await;
    let size = cluster.ok().and_then(|it| {
        let size = field(it.text()?, "cluster_size")?;
        size.parse::<u32>().ok()
    });
    if size.is_some_and(|it| it <= 1) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unsupported, "look through all keys")
        .because("this is one node of a cluster, which holds only a part of them")
        .hint("connect to a proxy in front of the cluster"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_apart() {
        let check = |info: &str, name: &str, version: &str| {
            assert_eq!(product(info), (name, version.to_owned()), "{info}");
        };
        let redis = "# Server\r\nredis_version:7.0.15\r\nexecutable:/usr/bin/redis-server\r\n";
        check(redis, "Redis", "7.0.15");
        check(
            "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n",
            "Valkey",
            "8.0.1",
        );
        check(
            "# Server\r\nredis_version:6.3.4\r\nexecutable:/opt/keydb-server\r\n",
            "KeyDB",
            "6.3.4",
        );
        check(
            "# Server\r\nredis_version:7.2.0\r\ndragonfly_version:df-v1.23.0\r\n",
            "Dragonfly",
            "1.23.0",
        );
    }

    #[test]
    fn info_is_read_by_section() {
        let text = "# A\r\nx:1\r\n\r\n# B\r\ny:a:b\r\n";
        let found: Vec<_> = lines(text)
            .into_iter()
            .map(|it| (it.section, it.name, it.value))
            .collect();
        assert_eq!(found, [("A", "x", "1"), ("B", "y", "a:b")]);
    }
}

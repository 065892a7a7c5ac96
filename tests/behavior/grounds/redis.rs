//! Keys of a Redis server that begin with a mark.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_tests::servers::{self, Server};
use redis::aio::MultiplexedConnection;

use crate::ground::{
    Ground, ODD, Owner, STRANGE, Stranger, USERS, WIDE, Words, connect_to, dataset, mark,
};
use crate::types::{Place, Typed, typed};

pub(crate) const NOT_APPLICABLE: &[(&str, &str)] = &[];

struct Keys {
    server: Server,
    prefix: String,
}

async fn own_keys(own: &mut MultiplexedConnection, prefix: &str) -> Result<Vec<Vec<u8>>, Failed> {
    let mut keys = redis::cmd("KEYS");
    Ok(keys.arg(format!("{prefix}*")).query_async(own).await?)
}

impl Owner for Keys {
    /// The list of clients names each one's command, not its arguments: what blocks is `XREAD`, and nobody else runs one.
    fn running<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<usize, Failed>> {
        async move {
            let mut own = servers::commands(&self.server).await?;
            let clients: String = redis::cmd("CLIENT")
                .arg("LIST")
                .query_async(&mut own)
                .await?;
            let blocked = clients
                .lines()
                .filter(|it| it.split(' ').any(|it| it == "flags=b") && it.contains("cmd=xread"));
            Ok(blocked.count())
        }
        .boxed()
    }

    fn typed<'a>(
        &'a self,
        mark: &'a str,
        types: &'a [Typed],
    ) -> BoxFuture<'a, Result<Vec<Place>, Failed>> {
        async move {
            let mut own = servers::commands(&self.server).await?;
            let mut places = Vec::new();
            for (nth, it) in types.iter().enumerate() {
                let key = format!("{mark}:typed:{nth}");
                let mut words = it.literal.split(' ');
                let mut command = redis::cmd(words.next().unwrap_or_default());
                command.arg(&key);
                for word in words {
                    command.arg(bytes(word));
                }
                command.exec_async(&mut own).await?;
                let (path, read) = read_by(it.declared);
                places.push(Place {
                    dataset: dataset(&format!("{mark}:typed:{{id}}"))?,
                    key_path: FieldPath::name("id"),
                    key: nth.to_string(),
                    path: path.parse()?,
                    statement: read.replace("KEY", &key),
                });
            }
            Ok(places)
        }
        .boxed()
    }

    fn stranger<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>> {
        async move {
            let mut own = servers::commands(&self.server).await?;
            let mut account = redis::cmd("ACL");
            account
                .arg("SETUSER")
                .arg(mark)
                .arg("on")
                .arg(format!(">{STRANGE}"));
            account.arg("+@connection").arg("+info").arg("~nothing");
            account.exec_async(&mut own).await?;
            Ok(Stranger::new(mark))
        }
        .boxed()
    }

    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>> {
        async move {
            let mut own = servers::commands(&self.server).await?;
            let mut pipe = redis::pipe();
            for key in own_keys(&mut own, &self.prefix).await? {
                pipe.cmd("UNLINK").arg(key).ignore();
            }
            pipe.cmd("ACL").arg("DELUSER").arg(&self.prefix).ignore();
            Ok(pipe.exec_async(&mut own).await?)
        }
        .boxed()
    }
}

/// A word of a command, in which `\x00` is a byte.
fn bytes(word: &str) -> Vec<u8> {
    let mut parts = word.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.extend(u8::from_str_radix(digits, 16));
        bytes.extend(rest.as_bytes());
    }
    bytes
}

/// Where the value of a key of this type is, and the command that answers it in its last cell.
fn read_by(declared: &str) -> (&'static str, &'static str) {
    match declared {
        "hash" => ("f", "HGET KEY f"),
        "list" => ("@value", "LINDEX KEY -1"),
        "set" => ("@value", "SRANDMEMBER KEY"),
        "sorted set" => ("@value", "ZSCORE KEY a"),
        "JSON string" => ("n", "GET KEY"),
        _ => ("@value", "GET KEY"),
    }
}

pub(crate) async fn ground(server: &Server) -> Result<Ground, Failed> {
    let prefix = mark();
    let mut own = servers::commands(server).await?;
    let mut pipe = redis::pipe();
    for id in 1..=USERS {
        pipe.cmd("HSET").arg(format!("{prefix}:user:{id}"));
        pipe.arg("name")
            .arg(format!("user {id}"))
            .arg("updated_at")
            .arg(id)
            .ignore();
    }
    pipe.cmd("SET")
        .arg(format!("{prefix}:wide:big"))
        .arg("x".repeat(WIDE))
        .ignore();
    pipe.cmd("SET")
        .arg(format!("{prefix}:*?[a-z]'; é:{ODD}"))
        .arg("odd")
        .ignore();
    pipe.exec_async(&mut own).await?;
    let place = |name: &str| dataset(&format!("{prefix}:{name}"));
    let (store, canceller) = connect_to(server, server.password())?;
    Ok(Ground {
        store,
        _canceller: canceller,
        key: FieldPath::name("id"),
        users: place("user:{id}")?,
        wide: place("wide:{id}")?,
        empty: place("nothing:{id}")?,
        odd: place("*?[a-z]'; é:{id}")?,
        value: FieldPath::name("@value"),
        words: Words {
            endless: format!("XREAD BLOCK 0 STREAMS {prefix}:nothing $"),
            write: format!("DEL {prefix}:user:1"),
            two: "PING\nPING".to_owned(),
            nobody: "GET {{nobody}}".to_owned(),
            big: format!("GET {prefix}:wide:big"),
        },
        mark: prefix.clone(),
        listed: prefix.clone(),
        owner: Box::new(Keys {
            server: server.clone(),
            prefix,
        }),
    })
}

/// Types of keys, and what their texts may hold.
pub(crate) fn types() -> Vec<Typed> {
    vec![
        typed("string", "SET ä€𝄞", "text", "ä€𝄞"),
        typed(
            "string",
            "SET 18446744073709551616",
            "text",
            "18446744073709551616",
        ),
        typed("string", "SET \\x00\\xff", "bytes", "AP8="),
        typed(
            "JSON string",
            "SET {\"n\":9007199254740993}",
            "int",
            "9007199254740993",
        )
        .in_result("text", "{\"n\":9007199254740993}"),
        typed("hash", "HSET f 0042", "text", "0042"),
        typed("list", "RPUSH a b", "list", "[\"a\",\"b\"]").in_result("text", "b"),
        typed("set", "SADD a", "list", "[\"a\"]").in_result("text", "a"),
        typed("sorted set", "ZADD 0.1 a", "list", "[[\"a\",0.1]]").in_result("float", "0.1"),
    ]
}

//! What a typed command does, by the flags that the server itself gives it.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::Access;
use redis::Value as Reply;

use super::link::Link;
use super::reply::ReplyExt as _;
use super::words::Command;
use crate::suggest;

/// What the server calls a command: `get`, or `config|get` for a command with a subcommand, in lower case.
///
/// A command may have been renamed, so the typed word decides nothing where the server tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: String,
    flags: Vec<String>,
}

/// Commands that change nothing, though the server does not flag them `readonly`.
const HARMLESS: &[&str] = &[
    "acl|cat",
    "acl|getuser",
    "acl|help",
    "acl|list",
    "acl|log",
    "acl|users",
    "acl|whoami",
    "client|getname",
    "client|getredir",
    "client|help",
    "client|id",
    "client|info",
    "client|list",
    "client|trackinginfo",
    "cluster|countkeysinslot",
    "cluster|getkeysinslot",
    "cluster|help",
    "cluster|info",
    "cluster|keyslot",
    "cluster|links",
    "cluster|myid",
    "cluster|myshardid",
    "cluster|nodes",
    "cluster|replicas",
    "cluster|shards",
    "cluster|slaves",
    "cluster|slots",
    "command",
    "command|count",
    "command|docs",
    "command|getkeys",
    "command|getkeysandflags",
    "command|help",
    "command|info",
    "command|list",
    "config|get",
    "config|help",
    "echo",
    "function|dump",
    "function|help",
    "function|list",
    "function|stats",
    "info",
    "lastsave",
    "latency|doctor",
    "latency|graph",
    "latency|help",
    "latency|histogram",
    "latency|history",
    "latency|latest",
    "lolwut",
    "memory|doctor",
    "memory|help",
    "memory|malloc-stats",
    "memory|stats",
    "memory|usage",
    "module|help",
    "module|list",
    "monitor",
    "object|encoding",
    "object|freq",
    "object|help",
    "object|idletime",
    "object|refcount",
    "ping",
    "psubscribe",
    "pubsub|channels",
    "pubsub|help",
    "pubsub|numpat",
    "pubsub|numsub",
    "pubsub|shardchannels",
    "pubsub|shardnumsub",
    "role",
    "script|exists",
    "script|help",
    "slowlog|get",
    "slowlog|help",
    "slowlog|len",
    "ssubscribe",
    "subscribe",
    "time",
    "wait",
    "waitaof",
    "xinfo|consumers",
    "xinfo|groups",
    "xinfo|help",
    "xinfo|stream",
];

/// Reads that are allowed where the user's access list does not let us ask for flags.
const READS: &[&str] = &[
    "bitcount",
    "bitpos",
    "dbsize",
    "exists",
    "expiretime",
    "geodist",
    "geohash",
    "geopos",
    "geosearch",
    "get",
    "getbit",
    "getrange",
    "hexists",
    "hget",
    "hgetall",
    "hkeys",
    "hlen",
    "hmget",
    "hscan",
    "hstrlen",
    "hvals",
    "keys",
    "lindex",
    "llen",
    "lpos",
    "lrange",
    "mget",
    "pexpiretime",
    "pttl",
    "randomkey",
    "scan",
    "scard",
    "sdiff",
    "sinter",
    "sismember",
    "smembers",
    "smismember",
    "srandmember",
    "sscan",
    "strlen",
    "sunion",
    "ttl",
    "type",
    "xlen",
    "xpending",
    "xrange",
    "xread",
    "xrevrange",
    "zcard",
    "zcount",
    "zlexcount",
    "zmscore",
    "zrange",
    "zrangebylex",
    "zrangebyscore",
    "zrank",
    "zrevrange",
    "zrevrangebyscore",
    "zrevrank",
    "zscan",
    "zscore",
];

/// Commands after which no answer could be told from another; refused whatever is allowed.
const BREAKING: &[&str] = &["client|reply", "psync", "replconf", "sync"];

/// What to type instead of a command that may write.
const INSTEAD: &[(&str, &str)] = &[
    ("sort", "SORT_RO sorts without storing"),
    ("bitfield", "BITFIELD_RO reads without setting"),
    ("georadius", "GEORADIUS_RO and GEOSEARCH store nothing"),
    (
        "georadiusbymember",
        "GEORADIUSBYMEMBER_RO and GEOSEARCH store nothing",
    ),
    ("getex", "GET reads without touching the time to live"),
    ("getdel", "GET reads without deleting"),
    ("spop", "SRANDMEMBER reads without removing"),
    (
        "eval",
        "EVAL_RO runs a script that the server keeps from writing",
    ),
    (
        "evalsha",
        "EVALSHA_RO runs a script that the server keeps from writing",
    ),
    (
        "fcall",
        "FCALL_RO runs a function that the server keeps from writing",
    ),
    (
        "xreadgroup",
        "XREAD and XRANGE read without claiming entries",
    ),
    ("xautoclaim", "XPENDING shows entries without claiming them"),
    ("xclaim", "XPENDING shows entries without claiming them"),
    (
        "select",
        "the number of the database stands in the store's URL",
    ),
    (
        "multi",
        "each command of a text runs by itself; a transaction is for writes",
    ),
    (
        "exec",
        "each command of a text runs by itself; a transaction is for writes",
    ),
];

/// Asks the server what these commands are, and refuses those that `access` does not allow.
///
/// Fails with [`ErrorKind::PermissionDenied`], naming the flag, and with [`ErrorKind::InvalidInput`] on a command that
/// the server does not know.
pub(super) async fn check(
    link: &mut Link,
    commands: &[Command],
    access: Access,
) -> Result<Vec<Known>> {
    for command in commands {
        let mut words = vec!["COMMAND".to_owned(), "INFO".to_owned(), command.upper(0)];
        words.extend(subcommand(command).map(|it| format!("{}|{it}", command.upper(0))));
        link.push(&words);
    }
    link.send().await?;
    let mut replies = Vec::new();
    for _ in commands {
        replies.push(link.reply().await?);
    }
    let mut known = Vec::new();
    for (command, reply) in commands.iter().zip(&replies) {
        let this = match identify(command, reply) {
            Identity::Known(it) => it,
            Identity::Untold => untold(command),
            Identity::UnknownSubcommand(names) => return Err(unknown_subcommand(command, &names)),
            Identity::Unknown => return Err(unknown(link, command).await),
        };
        admit(command, &this, access)?;
        known.push(this);
    }
    Ok(known)
}

enum Identity {
    Known(Known),
    Unknown,
    UnknownSubcommand(Vec<String>),
    /// The server does not say.
    Untold,
}

/// The second word, where it may be a subcommand and not a key or a value.
fn subcommand(command: &Command) -> Option<String> {
    let word = command.words.get(1)?;
    let is_name = word.len() <= 32
        && word
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'));
    is_name.then(|| command.upper(1))
}

fn identify(command: &Command, reply: &Reply) -> Identity {
    if matches!(reply, Reply::ServerError(_)) {
        return Identity::Untold;
    }
    let mut entries = reply.items().iter();
    let Some(own) = entries.next().and_then(entry) else {
        return Identity::Unknown;
    };
    if let Some(sub) = entries.next().and_then(entry) {
        return Identity::Known(sub.0);
    }
    let (mut known, subcommands) = own;
    if command.words.len() > 1 && !subcommands.is_empty() {
        return Identity::UnknownSubcommand(subcommands);
    }
    // Older servers know no subcommands, so those that are containers there are told by the words.
    if let Some(word) = subcommand(command) {
        let full = format!("{}|{}", known.name, word.to_ascii_lowercase());
        if is_container(&known.name) {
            known.name = full;
        }
    }
    Identity::Known(known)
}

fn is_container(name: &str) -> bool {
    let prefix = format!("{name}|");
    name != "command" && HARMLESS.iter().any(|it| it.starts_with(&prefix)) || name == "script"
}

/// Name, arity, flags, …, and at last the subcommands, each as such an entry.
fn entry(reply: &Reply) -> Option<(Known, Vec<String>)> {
    let items = reply.items();
    let name = items.first()?.text()?.to_ascii_lowercase();
    let flags = items.get(2)?.items().iter().filter_map(Reply::text);
    let subcommands = items.get(9).map(Reply::items).unwrap_or_default();
    let names = subcommands
        .iter()
        .filter_map(|it| it.items().first()?.text())
        .map(|it| it.rsplit('|').next().unwrap_or(it).to_ascii_uppercase());
    let known = Known {
        name,
        flags: flags.map(str::to_ascii_lowercase).collect(),
    };
    Some((known, names.collect()))
}

fn untold(command: &Command) -> Known {
    let name = command.upper(0).to_ascii_lowercase();
    let full = subcommand(command).map(|it| format!("{name}|{}", it.to_ascii_lowercase()));
    let is_read = READS.contains(&name.as_str());
    Known {
        name: full.filter(|_| is_container(&name)).unwrap_or(name),
        flags: is_read.then(|| "readonly".to_owned()).into_iter().collect(),
    }
}

fn admit(command: &Command, known: &Known, access: Access) -> Result<()> {
    let name = known.name.as_str();
    if BREAKING.contains(&name) {
        return Err(
            refused(command, known, "answers could not be read behind it")
                .hint("leave it out: here every command has its answer"),
        );
    }
    if access == Access::ReadWrite {
        return Ok(());
    }
    // The one command of the list that also has a form that clears.
    if name == "acl|log" && command.has(2, "RESET") {
        return Err(refused(command, known, "with RESET it clears the log"));
    }
    let has = |flag: &str| known.flags.iter().any(|it| it == flag);
    if HARMLESS.contains(&name) || (has("readonly") && !has("write")) {
        return Ok(());
    }
    let why = if has("write") {
        "the server flags it `write`, and this session only reads"
    } else if has("admin") {
        "the server flags it `admin` and not `readonly`, and this session only reads"
    } else if known.flags.is_empty() {
        "it is not known to read only, and this user may not ask the server for its flags"
    } else {
        "the server does not flag it `readonly`, and this session only reads"
    };
    Err(refused(command, known, why))
}

fn refused(command: &Command, known: &Known, why: &str) -> Error {
    let instead = INSTEAD.iter().find(|(it, _)| *it == known.name);
    let hint = instead.map_or(
        "set `access = \"read-write\"` for this store, if you mean to write",
        |(_, hint)| hint,
    );
    let name = known.name.replace('|', " ").to_ascii_uppercase();
    Error::new(
        ErrorKind::PermissionDenied,
        format!("run {name} in line {}", command.line),
    )
    .because(why)
    .hint(hint)
}

fn unknown_subcommand(command: &Command, names: &[String]) -> Error {
    let word = command.upper(1);
    Error::new(
        ErrorKind::InvalidInput,
        format!("run line {}", command.line),
    )
    .because(format!("{} has no subcommand {word:?}", command.upper(0)))
    .hint(suggest::hint(&word, names.iter().map(String::as_str)))
}

async fn unknown(link: &mut Link, command: &Command) -> Error {
    let word = command.upper(0);
    let listed = link.ask(["COMMAND", "LIST"], "list commands").await;
    let names: Vec<String> = match &listed {
        Ok(reply) => reply
            .items()
            .iter()
            .filter_map(|it| Some(it.text()?.to_ascii_uppercase()))
            .collect(),
        Err(_) => READS.iter().map(|it| it.to_ascii_uppercase()).collect(),
    };
    let hint = suggest::nearest(&word, names.iter().map(String::as_str)).map_or_else(
        || "each line is one command; COMMAND LIST names all that this server knows".to_owned(),
        |it| format!("did you mean {it}? its arguments: COMMAND DOCS {it}"),
    );
    Error::new(
        ErrorKind::InvalidInput,
        format!("run line {}", command.line),
    )
    .because(format!("this server knows no command {word:?}"))
    .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::redis::words::commands;

    #[track_caller]
    fn check(text: &str, name: &str, flags: &[&str], allowed: bool) {
        let command = &commands(text, &[]).expect("a command")[0];
        let known = Known {
            name: name.to_owned(),
            flags: flags.iter().map(|it| (*it).to_owned()).collect(),
        };
        let answer = admit(command, &known, Access::ReadOnly);
        assert_eq!(answer.is_ok(), allowed, "{text}: {answer:?}");
        if let Err(error) = answer {
            assert_eq!(error.kind, ErrorKind::PermissionDenied);
            assert!(error.hint.is_some(), "{error}");
        }
    }

    #[test]
    fn flags_decide_and_not_the_typed_word() {
        check("get a", "get", &["readonly"], true);
        check("get a", "flushall", &["write"], false);
        check("ping", "ping", &["fast"], true);
        check("select 1", "select", &["loading", "stale"], false);
        check("config set a b", "config|set", &["admin"], false);
        check("config get a", "config|get", &["admin"], true);
        check("odd a", "odd", &["readonly", "write"], false);
        check("acl log reset", "acl|log", &["admin"], false);
        check("acl log 3", "acl|log", &["admin"], true);
        check("client reply off", "client|reply", &[], false);
    }

    #[test]
    fn what_breaks_the_session_is_refused_even_where_writes_are_allowed() {
        let command = &commands("CLIENT REPLY OFF", &[]).expect("a command")[0];
        let known = Known {
            name: "client|reply".to_owned(),
            flags: Vec::new(),
        };
        assert!(admit(command, &known, Access::ReadWrite).is_err());
    }

    #[test]
    fn without_the_servers_word_only_well_known_reads_run() {
        let of = |text: &str| untold(&commands(text, &[]).expect("a command")[0]);
        assert_eq!(of("GET a").flags, ["readonly"]);
        assert_eq!(of("config get x").name, "config|get");
        assert!(of("whatever a").flags.is_empty());
    }
}

//! Where a URL leads, as far as it can be told without its driver: hosts, ports, and whether TLS is asked for.

/// What the URL says of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// The connection is encrypted, or there is none.
    Required,
    /// The connection is encrypted where the server offers it.
    Offered,
    /// Nothing is encrypted.
    Off,
}

/// A place on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// Hosts, in the order in which they are tried; a socket of this machine is a host that begins with `/`.
    pub(crate) hosts: Vec<(String, u16)>,
    /// Whether the connection is encrypted.
    pub(crate) encryption: Encryption,
}

/// The port of each scheme of a server, and what it says of TLS by itself. What is not here, is a file.
const SERVERS: &[(&str, u16, Encryption)] = &[
    ("elasticsearch", 9200, Encryption::Off),
    ("elasticsearch+http", 9200, Encryption::Off),
    ("elasticsearch+https", 9200, Encryption::Required),
    ("opensearch", 9200, Encryption::Off),
    ("opensearch+http", 9200, Encryption::Off),
    ("opensearch+https", 9200, Encryption::Required),
    ("http", 80, Encryption::Off),
    ("https", 443, Encryption::Required),
    ("mariadb", 3306, Encryption::Offered),
    ("mongodb", 27017, Encryption::Off),
    ("mongodb+srv", 27017, Encryption::Required),
    ("mysql", 3306, Encryption::Offered),
    ("bolt", 7687, Encryption::Off),
    ("bolt+s", 7687, Encryption::Required),
    ("bolt+ssc", 7687, Encryption::Required),
    ("neo4j", 7687, Encryption::Off),
    ("neo4j+s", 7687, Encryption::Required),
    ("neo4j+ssc", 7687, Encryption::Required),
    ("postgres", 5432, Encryption::Offered),
    ("postgresql", 5432, Encryption::Offered),
    ("redis", 6379, Encryption::Off),
    ("rediss", 6379, Encryption::Required),
];

/// Where `url` leads; `None` for a file.
pub(crate) fn network(url: &str) -> Option<Network> {
    let (scheme, rest) = url.split_once("://")?;
    let (_, port, by_scheme) = SERVERS.iter().find(|(it, ..)| *it == scheme)?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let named = authority.rsplit('@').next().unwrap_or_default();
    let option = |name| {
        let pairs = query.split('&').filter_map(|it| it.split_once('='));
        pairs
            .filter(|(it, _)| *it == name)
            .map(|(_, value)| value.replace("%2F", "/").replace("%2f", "/"))
            .next_back()
    };
    let port = option("port")
        .and_then(|it| it.parse().ok())
        .unwrap_or(*port);
    let place = option("host").or_else(|| option("socket"));
    let named = place.unwrap_or_else(|| named.replace("%2F", "/").replace("%2f", "/"));
    Some(Network {
        hosts: named.split(',').map(|it| host(it, port)).collect(),
        encryption: match option("tls").or_else(|| option("ssl")).as_deref() {
            Some("true") => Encryption::Required,
            _ => option("sslmode")
                .or_else(|| option("ssl-mode"))
                .map_or(*by_scheme, |it| by_mode(&it.to_lowercase())),
        },
    })
}

fn by_mode(mode: &str) -> Encryption {
    match mode {
        "disable" | "disabled" => Encryption::Off,
        "allow" | "prefer" | "preferred" => Encryption::Offered,
        _ => Encryption::Required,
    }
}

/// `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; without a name, this machine.
fn host(text: &str, port: u16) -> (String, u16) {
    let (name, rest) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, rest)) => (address, rest),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let own = rest.strip_prefix(':').and_then(|it| it.parse().ok());
    let name = if name.is_empty() { "localhost" } else { name };
    (name.to_owned(), own.unwrap_or(port))
}

#[cfg(test)]
mod tests {
    use super::super::DRIVERS;
    use super::*;

    #[track_caller]
    fn check(url: &str, hosts: &[(&str, u16)], encryption: Encryption) {
        let hosts = hosts.iter().map(|(name, port)| ((*name).to_owned(), *port));
        let expected = Network {
            hosts: hosts.collect(),
            encryption,
        };
        assert_eq!(network(url), Some(expected), "{url}");
    }

    #[test]
    fn hosts_and_ports_are_found_or_usual() {
        use Encryption::{Off, Offered, Required};
        check("postgres://a@db/shop", &[("db", 5432)], Offered);
        check(
            "postgres://a@db:1,db2:2/shop?sslmode=verify-full",
            &[("db", 1), ("db2", 2)],
            Required,
        );
        check(
            "postgresql:///shop?host=%2Frun%2Fpg&port=7&sslmode=disable",
            &[("/run/pg", 7)],
            Off,
        );
        check(
            "mongodb://a@h:1,i/shop?tls=true",
            &[("h", 1), ("i", 27017)],
            Required,
        );
        check(
            "mysql://a@db/shop?ssl-mode=verify_identity",
            &[("db", 3306)],
            Required,
        );
        check(
            "mariadb://a@db/shop?socket=/run/db.sock&ssl-mode=DISABLED",
            &[("/run/db.sock", 3306)],
            Off,
        );
        check("redis://[::1]:6380/0", &[("::1", 6380)], Off);
        check("rediss://cache", &[("cache", 6379)], Required);
        check("redis://", &[("localhost", 6379)], Off);
    }

    #[test]
    fn a_file_is_no_place_on_the_network() {
        assert_eq!(network("sqlite:///tmp/a.db"), None);
        assert_eq!(network("sqlite:a.db"), None);
    }

    #[test]
    fn every_scheme_of_a_server_is_that_of_a_driver_or_of_none_yet() {
        let known: Vec<&str> = DRIVERS.iter().flat_map(|it| it.schemes).copied().collect();
        let servers = known.iter().filter(|it| **it != "sqlite");
        for scheme in servers {
            assert!(
                SERVERS.iter().any(|(it, ..)| it == scheme),
                "{scheme} has no port here"
            );
        }
    }
}

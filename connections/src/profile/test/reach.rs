//! Names and ports, before any protocol is spoken.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use parallax_core::error::{Error, ErrorKind, Result};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::Told;

/// Where hosts were found.
#[derive(Debug)]
pub(super) struct Found {
    addresses: Vec<SocketAddr>,
    /// Some host had a name that was looked up.
    by_name: bool,
}

impl Found {
    pub(super) fn told(&self) -> Told {
        if self.addresses.is_empty() {
            Told::Skipped("a socket of this machine")
        } else if self.by_name {
            let addresses = self.addresses.iter().map(|it| it.ip().to_string());
            let mut addresses: Vec<String> = addresses.collect();
            addresses.dedup();
            Told::Passed(addresses.join(", "))
        } else {
            Told::Skipped("an address, not a name")
        }
    }
}

/// `host:port`, an IPv6 address in brackets, a socket by its folder.
pub(super) fn shown(host: &str, port: u16) -> String {
    if host.starts_with('/') {
        host.to_owned()
    } else if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Looks every host's name up; one that is found is enough.
pub(super) async fn addresses(hosts: &[(String, u16)], deadline: Duration) -> Result<Found> {
    let mut found = Found {
        addresses: Vec::new(),
        by_name: false,
    };
    let mut failure = None;
    for (host, port) in hosts.iter().filter(|(host, _)| !host.starts_with('/')) {
        if let Ok(address) = host.parse::<IpAddr>() {
            found.addresses.push((address, *port).into());
            continue;
        }
        match timeout(deadline, lookup_host((host.as_str(), *port))).await {
            Ok(Ok(addresses)) => {
                found.addresses.extend(addresses);
                found.by_name = true;
            }
            Ok(Err(error)) => failure = Some(not_found(host, &error)),
            Err(_) => failure = Some(slow(host, deadline)),
        }
    }
    failure
        .filter(|_| found.addresses.is_empty())
        .map_or(Ok(found), Err)
}

fn not_found(host: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Unreachable, format!("find the host {host:?}"))
        .because(format!("the name {host:?} is not found"))
        .because(error)
        .hint("is it spelt right, and does this machine know it: by DNS, a VPN or its hosts file?")
}

fn slow(host: &str, deadline: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("find the host {host:?}"))
        .because(format!(
            "the name {host:?} was not found within {deadline:?}"
        ))
        .hint("does this machine's DNS answer?")
}

/// Opens a connection to the first address that lets us.
pub(super) async fn reach(found: &Found, deadline: Duration) -> Result<Told> {
    if found.addresses.is_empty() {
        return Ok(Told::Skipped("a socket of this machine"));
    }
    let mut failure = None;
    for address in &found.addresses {
        match timeout(deadline, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(Told::Passed(address.to_string())),
            Ok(Err(error)) => failure = Some(refused(address, &error)),
            Err(_) => failure = Some(silent(address, deadline)),
        }
    }
    failure.map_or(Ok(Told::Skipped("nothing to reach")), Err)
}

fn refused(address: &SocketAddr, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "nothing listens there: is the server running, and is {} its port?",
            address.port()
        ),
        _ => "is this machine on the right network?".to_owned(),
    };
    Error::new(ErrorKind::Unreachable, "reach the port")
        .because(format!("{address}: {error}"))
        .hint(hint)
}

fn silent(address: &SocketAddr, deadline: Duration) -> Error {
    Error::new(ErrorKind::Timeout, "reach the port")
        .because(format!("{address} did not answer within {deadline:?}"))
        .hint("is the address right? a firewall that is in the way looks like this too")
}

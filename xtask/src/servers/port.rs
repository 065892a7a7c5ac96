//! Ports for servers: free, and not among those that the system hands out.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::ops::Range;

use crate::failure::{Failure, Result};

/// Below what systems give to outgoing connections: a client that waits for such a port may reach itself. High enough that
/// no well-known server is there; the same plus 10000, which some servers take as well, is a port too.
const RANGE: Range<u16> = 20_000..32_000;
const TRIES: u16 = 1_000;

/// A port that was free on the loopback address a moment ago and is none of `taken`. Starts anywhere in the range, so that
/// two that choose at once seldom meet.
pub(crate) fn free(taken: &[u16]) -> Result<u16> {
    let size = u64::from(RANGE.end - RANGE.start);
    let from = RandomState::new().hash_one(0) % size;
    let candidates = (0..u64::from(TRIES)).filter_map(|step| {
        let offset = u16::try_from((from + step) % size).ok()?;
        Some(RANGE.start + offset)
    });
    candidates
        .filter(|port| !taken.contains(port))
        .find(|port| is_free(*port))
        .ok_or_else(|| Failure::new(format!("no port of {RANGE:?} is free")))
}

pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_port_is_free_and_below_those_that_the_system_hands_out() {
        for _ in 0..100 {
            let port = free(&[]).unwrap();
            assert!(RANGE.contains(&port) && port < 32_768, "{port}");
        }
    }

    #[test]
    fn a_taken_port_is_not_chosen() {
        let taken: Vec<u16> = RANGE.filter(|port| port % 100 != 7).collect();
        assert_eq!(free(&taken).unwrap() % 100, 7);
    }

    #[test]
    fn a_port_with_a_listener_is_not_free() {
        let port = free(&[]).unwrap();
        let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        assert!(!is_free(port));
    }
}

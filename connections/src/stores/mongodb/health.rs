//! Which servers answer, as the driver's monitors find: so that nobody waits for one that is not there.
//!
//! The driver by itself goes on looking for a server until its time is over. Here an operation ends as soon as each
//! server that is known has refused a fresh connection since the operation began.

use std::collections::BTreeMap;

use mongodb::error::Error;
use mongodb::event::EventHandler;
use mongodb::event::sdam::SdamEvent;
use tokio::sync::watch;

/// What is known of the servers.
#[derive(Debug)]
pub(super) struct Health(watch::Sender<Seen>);

#[derive(Debug, Default)]
struct Seen {
    failures: u64,
    servers: BTreeMap<String, Reach>,
}

#[derive(Debug)]
enum Reach {
    Unknown,
    /// It answered the monitor on this connection.
    Answers(u32),
    /// A fresh connection failed: the how manieth failure it was, and why.
    Failed(u64, Error),
}

impl Health {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Seen::default()))
    }

    /// Hears of what the monitors find.
    pub(super) fn listener(&self) -> EventHandler<SdamEvent> {
        let seen = self.0.clone();
        EventHandler::callback(move |event| seen.send_modify(|it| it.note(event)))
    }

    /// Ends when every server has failed since this was called; says why the last one did.
    pub(super) fn lost(&self) -> impl Future<Output = Error> + use<> {
        let mut seen = self.0.subscribe();
        let before = seen.borrow().failures;
        async move {
            loop {
                if let Some(error) = seen.borrow_and_update().lost_since(before) {
                    return error;
                }
                if seen.changed().await.is_err() {
                    // Nobody is left who could tell.
                    return std::future::pending().await;
                }
            }
        }
    }
}

impl Seen {
    fn note(&mut self, event: SdamEvent) {
        match event {
            SdamEvent::ServerOpening(it) => {
                self.servers.insert(it.address.to_string(), Reach::Unknown);
            }
            SdamEvent::ServerClosed(it) => {
                self.servers.remove(&it.address.to_string());
            }
            SdamEvent::ServerHeartbeatSucceeded(it) => {
                let reach = Reach::Answers(it.driver_connection_id);
                self.servers.insert(it.server_address.to_string(), reach);
            }
            SdamEvent::ServerHeartbeatFailed(it) => {
                self.failed(
                    it.server_address.to_string(),
                    it.driver_connection_id,
                    it.failure,
                );
            }
            _ => {}
        }
    }

    /// A connection that worked may have been closed by a restart: the monitor tries a fresh one at once.
    fn failed(&mut self, server: String, connection: u32, why: Error) {
        let worked =
            matches!(self.servers.get(&server), Some(Reach::Answers(it)) if *it == connection);
        let reach = if worked {
            Reach::Unknown
        } else {
            self.failures += 1;
            Reach::Failed(self.failures, why)
        };
        self.servers.insert(server, reach);
    }

    fn lost_since(&self, before: u64) -> Option<Error> {
        let mut last = None;
        for reach in self.servers.values() {
            match reach {
                Reach::Failed(at, why) if *at > before => last = Some(why.clone()),
                Reach::Failed(..) | Reach::Unknown | Reach::Answers(_) => return None,
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> Error {
        Error::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused))
    }

    #[test]
    fn all_servers_must_have_failed_afresh() {
        let mut seen = Seen::default();
        assert!(seen.lost_since(0).is_none());
        seen.servers.insert("a".into(), Reach::Unknown);
        seen.servers.insert("b".into(), Reach::Answers(7));
        seen.failed("a".into(), 1, error());
        assert!(seen.lost_since(0).is_none());
        seen.failed("b".into(), 7, error());
        assert!(
            seen.lost_since(0).is_none(),
            "a connection that worked was closed"
        );
        seen.failed("b".into(), 8, error());
        assert!(seen.lost_since(0).is_some());
        assert!(seen.lost_since(1).is_none(), "the first failed before");
    }
}

//! The sample `ensemble` on the test servers.

use std::ops::Deref;

use parallax_samples::ensemble::{self, LoadOptions, SECRET, Target};

use crate::OnServers;
use crate::on_servers::book;

/// The sample `ensemble`, loaded into databases of its own.
#[derive(Debug)]
pub struct Ensemble {
    loaded: OnServers,
    copies: Vec<(Target, String)>,
}

impl Ensemble {
    /// Loads the sample with `scale` users and orders, and the copies that are named, each in a server.
    pub async fn load(scale: u32, seed: u64, copies: &[(Target, &str)]) -> Self {
        let copies: Vec<(Target, String)> = copies
            .iter()
            .map(|(target, server)| (*target, (*server).to_owned()))
            .collect();
        let names = copies.iter().map(|(_, it)| it.as_str());
        let servers = book(names.chain(["postgres"]));
        let server = |name: &str| servers.server(name).expect("it is in the book");
        let secrets = copies.iter().map(|(it, name)| (it.secret(), server(name)));
        let loaded = OnServers::new(secrets.chain([(SECRET, server("postgres"))]));
        let options = LoadOptions {
            copies: copies.clone(),
            ..LoadOptions::whole(scale, seed)
        };
        ensemble::load(loaded.path(), &options, &servers)
            .await
            .expect("the sample is loaded");
        Self { loaded, copies }
    }

    /// How many stores it has.
    pub fn n_stores(&self) -> usize {
        1 + self.copies.len()
    }
}

impl Deref for Ensemble {
    type Target = OnServers;

    fn deref(&self) -> &OnServers {
        &self.loaded
    }
}

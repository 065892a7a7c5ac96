//! The sample `duo` on the test servers.

use std::ops::Deref;

use parallax_samples::duo::{self, LoadOptions, SECRETS};
use parallax_samples::servers::{Server, Servers};
use redis::IntoConnectionInfo as _;
use redis::aio::MultiplexedConnection;

use crate::OnServers;
use crate::servers::address;

/// The sample `duo`, loaded into databases of its own.
#[derive(Debug)]
pub struct Duo {
    loaded: OnServers,
    servers: Servers,
}

impl Duo {
    /// Loads the sample `duo` with `scale` users.
    pub async fn load(scale: u32, seed: u64) -> Self {
        let servers = Servers {
            postgres: Server::of(&address("postgres").url),
            redis: Server::of(&address("redis").url),
        };
        let [postgres, redis] = SECRETS;
        let loaded = OnServers::new([(postgres, &servers.postgres), (redis, &servers.redis)]);
        let options = LoadOptions::whole(scale, seed);
        duo::load(loaded.path(), &options, &servers)
            .await
            .expect("the sample is loaded");
        Self { loaded, servers }
    }

    /// A connection to its logical database in the cache, as another application would have one.
    pub async fn cache(&self) -> MultiplexedConnection {
        let url = self.url("cache");
        let place = url.into_connection_info().expect("a URL of the cache");
        let settings = place.redis_settings().clone();
        let settings = settings.set_password(self.servers.redis.password());
        let client = redis::Client::open(place.set_redis_settings(settings)).expect("a client");
        let connection = client.get_multiplexed_async_connection().await;
        connection.expect("a connection to the cache")
    }
}

impl Deref for Duo {
    type Target = OnServers;

    fn deref(&self) -> &OnServers {
        &self.loaded
    }
}

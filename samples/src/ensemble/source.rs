//! What tests ask of the system of record.

use std::path::Path;

use sqlx::Connection as _;

use crate::ensemble::{Stores, shop};
use crate::error::Result;
use crate::model::Key;

/// The keys of every object of a loaded sample, users first.
pub async fn keys(dir: &Path) -> Result<Vec<Key>> {
    let stores = Stores::open(dir).await?;
    let mut connection = stores.shop().await?;
    let mut keys = Vec::new();
    for kind in stores.kinds() {
        keys.extend(shop::keys(&mut connection, *kind).await?);
    }
    connection.close().await?;
    Ok(keys)
}

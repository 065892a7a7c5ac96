//! The products that speak Bolt, told by what they say of themselves.

use neo4rs::Row;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::Server;
use parallax_core::value::Value;

use super::cell::cells;
use super::lease::{Cypher, Lease};
use super::temporal::Zoned;

/// Their makers' names.
pub(super) const NAMES: &[&str] = &["Neo4j", "Memgraph", "Amazon Neptune"];

const COMPONENTS: &str = "CALL dbms.components() YIELD name, versions, edition
    RETURN [name, versions[0], edition, datetime.realtime('UTC')] AS row";

/// Asked of those that have no procedure for it.
const CLOCK: &str = "RETURN [datetime()] AS row";

/// Asks the server what it is.
pub(super) async fn ask(lease: &mut Lease) -> Result<Server> {
    match lease.tried(&Cypher::new(COMPONENTS)).await {
        Ok(rows) => {
            let mut found = rows.iter().filter_map(component);
            // Beside the server itself, its language is listed as well.
            let kernel = found.find(|it| it.product != "Cypher");
            kernel.ok_or_else(|| {
                Error::new(ErrorKind::Other, "ping").because("the server does not say what it is")
            })
        }
        // Its own failure is that of another product, or of a user who may not ask.
        Err(failure @ neo4rs::Error::Neo4j(_)) => match other(lease).await {
            Some(known) => Ok(known),
            None => Err(lease.fail(&failure, "ping")),
        },
        Err(failure) => Err(lease.fail(&failure, "ping")),
    }
}

fn component(row: &Row) -> Option<Server> {
    let cells = cells(row).ok()?;
    let text = |at: usize| cells.get(at).and_then(|it| it.text()).unwrap_or_default();
    let name = text(0);
    let product = NAMES.iter().find(|it| name.contains(**it)).copied();
    let version = [text(1), text(2)].join(" ");
    let clock = match cells.get(3).map(|it| it.value(Zoned::Instant)) {
        Some(Value::Timestamp(it)) => Some(it),
        _ => None,
    };
    Some(Server {
        product: product.unwrap_or(name).to_owned(),
        version: version.trim().to_owned(),
        clock,
    })
}

/// One that has not the procedure.
async fn other(lease: &mut Lease) -> Option<Server> {
    let version = lease.tried(&Cypher::new("SHOW VERSION")).await.ok();
    let version = version.and_then(|rows| rows.first()?.get::<String>("version").ok());
    let clock = lease.tried(&Cypher::new(CLOCK)).await.ok()?;
    let clock =
        clock.first().and_then(
            |row| match cells(row).ok()?.first()?.value(Zoned::Instant) {
                Value::Timestamp(it) => Some(it),
                _ => None,
            },
        );
    let product = if version.is_some() {
        "Memgraph"
    } else {
        "openCypher"
    };
    Some(Server {
        product: product.to_owned(),
        version: version.unwrap_or_default(),
        clock,
    })
}

//! The products that speak the wire protocol of MongoDB, and what each can do beyond reading.

use mongodb::bson::{Bson, Document};
use parallax_core::error::{Error, ErrorKind};

/// Their names, in the order of the README's table.
pub(super) const NAMES: &[&str] = &[
    "MongoDB",
    "FerretDB",
    "Amazon DocumentDB",
    "Azure Cosmos DB",
    "MongoDB Java Server",
];

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    MongoDb,
    FerretDb,
    DocumentDb,
    CosmosDb,
    /// A server for tests, which keeps its data in memory.
    JavaServer,
}

/// A server as it was when it was first asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) product: Product,
    /// The product's own version.
    pub(super) version: String,
}

impl Known {
    /// By its greeting, by what it says of its build, and where neither tells by the name of its host.
    pub(super) fn of(hosts: &str, greeting: &Document, build: &Document) -> Self {
        let of_build = build.get_str("version").unwrap_or_default();
        let (product, version) = match build.get_str("ferretdbVersion") {
            Ok(version) => (Product::FerretDb, version.trim_start_matches('v')),
            // Version 2 tells its own version in a document, beside that of MongoDB.
            Err(_) if build.contains_key("ferretdb") => {
                let own = build
                    .get_document("ferretdb")
                    .and_then(|it| it.get_str("version"));
                (
                    Product::FerretDb,
                    own.unwrap_or(of_build).trim_start_matches('v'),
                )
            }
            Err(_) => (by_host(hosts, greeting, build), of_build),
        };
        Self {
            product,
            version: version.to_owned(),
        }
    }

    /// Its name, as its makers write it.
    pub(super) fn name(&self) -> &'static str {
        match self.product {
            Product::MongoDb => "MongoDB",
            Product::FerretDb => "FerretDB",
            Product::DocumentDb => "Amazon DocumentDB",
            Product::CosmosDb => "Azure Cosmos DB",
            Product::JavaServer => "MongoDB Java Server",
        }
    }

    /// Whether it lists what it is doing with the comments of the clients, and stops it when asked.
    pub(super) fn stops_operations(&self) -> bool {
        matches!(self.product, Product::MongoDb | Product::DocumentDb)
    }

    /// Whether it has decimal numbers.
    pub(super) fn has_decimals(&self) -> bool {
        self.product != Product::FerretDb
    }

    /// Whether a login by the mechanism PLAIN is looked at only when documents are.
    pub(super) fn checks_logins_late(&self) -> bool {
        self.product == Product::FerretDb
    }

    /// Why a command is not sent: it holds a value of a type at which this server closes the connection.
    pub(super) fn refusal(&self, command: &Document) -> Option<Error> {
        if self.product != Product::FerretDb {
            return None;
        }
        let lacking = command.iter().find_map(|(_, it)| lacking(it))?;
        let operation = format!("send a value of the type {lacking}");
        Some(
            Error::new(ErrorKind::Unsupported, operation)
                .because(format!("{} does not have this type", self.name()))
                .hint("a double, text or a whole number serves, where one of them is meant"),
        )
    }

    /// Whether it ends an answer at 16 MiB, however many documents are asked for.
    pub(super) fn limits_answers(&self) -> bool {
        !matches!(self.product, Product::FerretDb | Product::JavaServer)
    }

    /// Whether it counts a collection without reading it; else its statistics tell about how many documents there are.
    pub(super) fn keeps_counts(&self) -> bool {
        self.product != Product::FerretDb
    }

    /// Whether it reads no more than a range of `_id` where a range is asked for; the others look at every document.
    pub(super) fn finds_ranges(&self) -> bool {
        !matches!(self.product, Product::FerretDb | Product::JavaServer)
    }

    /// Whether it picks documents at random.
    pub(super) fn picks_samples(&self) -> bool {
        matches!(
            self.product,
            Product::MongoDb | Product::DocumentDb | Product::CosmosDb
        )
    }

    /// Whether a command takes the longest time that it may run.
    pub(super) fn takes_time(&self, command: &str) -> bool {
        match self.product {
            Product::FerretDb => matches!(command, "find" | "aggregate"),
            _ => matches!(command, "find" | "aggregate" | "count" | "distinct"),
        }
    }
}

/// The type within a value that this server does not have.
fn lacking(value: &Bson) -> Option<&'static str> {
    match value {
        Bson::Document(it) => it.iter().find_map(|(_, it)| lacking(it)),
        Bson::Array(items) => items.iter().find_map(lacking),
        Bson::Decimal128(_) => Some("decimal128"),
        Bson::MinKey => Some("minKey"),
        Bson::MaxKey => Some("maxKey"),
        Bson::Undefined => Some("undefined"),
        Bson::Symbol(_) => Some("symbol"),
        Bson::DbPointer(_) => Some("dbPointer"),
        Bson::JavaScriptCode(_) | Bson::JavaScriptCodeWithScope(_) => Some("javascript"),
        _ => None,
    }
}

fn by_host(hosts: &str, greeting: &Document, build: &Document) -> Product {
    let ends = |end: &str| {
        let mut hosts = hosts.split(',').filter_map(|it| it.rsplit_once(':'));
        hosts.any(|(host, _)| host.ends_with(end))
    };
    if ends(".docdb.amazonaws.com") || ends(".docdb.amazonaws.com.cn") {
        Product::DocumentDb
    } else if ends(".cosmos.azure.com") || ends(".documents.azure.com") {
        Product::CosmosDb
    // Every build of the original names the commit that it was made from.
    } else if !build.contains_key("gitVersion") && !greeting.contains_key("topologyVersion") {
        Product::JavaServer
    } else {
        Product::MongoDb
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    #[test]
    fn types_that_a_server_lacks_are_not_sent() {
        let known = |product| Known {
            product,
            version: String::new(),
        };
        let command = doc! { "find": "a", "filter": { "$or": [{ "a": Bson::MinKey }] } };
        let error = known(Product::FerretDb).refusal(&command).expect("refused");
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(known(Product::MongoDb).refusal(&command).is_none());
        assert!(
            known(Product::FerretDb)
                .refusal(&doc! { "find": "a" })
                .is_none()
        );
    }

    #[test]
    fn products_are_told_apart() {
        let of = |hosts: &str, build: &Document| {
            let known = Known::of(hosts, &doc! {}, build);
            (known.product, known.version)
        };
        let original = doc! { "version": "8.0.4", "gitVersion": "bc35ab4" };
        assert_eq!(of("h:1", &original), (Product::MongoDb, "8.0.4".to_owned()));
        let ferret = doc! { "version": "7.0.42", "gitVersion": "x", "ferretdbVersion": "v1.24.2" };
        assert_eq!(of("h:1", &ferret), (Product::FerretDb, "1.24.2".to_owned()));
        let ferret = doc! { "version": "7.0.77", "ferretdb": { "version": "v2.7.0" } };
        assert_eq!(of("h:1", &ferret), (Product::FerretDb, "2.7.0".to_owned()));
        let java = doc! { "version": "5.0.0" };
        assert_eq!(of("h:1", &java).0, Product::JavaServer);
        let amazon = "c.cluster-1.eu-west-1.docdb.amazonaws.com:27017";
        assert_eq!(of(amazon, &java).0, Product::DocumentDb);
        assert_eq!(
            of("x.mongo.cosmos.azure.com:10255", &java).0,
            Product::CosmosDb
        );
    }
}

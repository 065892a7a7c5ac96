//! The products that speak this protocol, told by what `version()` says.

/// Every product, by a word of its banner; the server that all the others follow comes last.
const PRODUCTS: &[(&str, &str)] = &[
    ("CockroachDB", "CockroachDB"),
    ("YugabyteDB", "-YB-"),
    ("Amazon Redshift", "Redshift"),
    ("Greenplum", "Greenplum"),
    ("Materialize", "Materialize"),
    ("QuestDB", "QuestDB"),
    ("CrateDB", "CrateDB"),
    ("EDB Postgres Advanced Server", "EnterpriseDB"),
    ("openGauss", "openGauss"),
    ("TimescaleDB", "timescaledb"),
    ("PostgreSQL", "PostgreSQL"),
];

/// Their names.
pub(super) const NAMES: &[&str] = &[
    "PostgreSQL",
    "TimescaleDB",
    "CockroachDB",
    "YugabyteDB",
    "Amazon Redshift",
    "Greenplum",
    "Materialize",
    "QuestDB",
    "CrateDB",
    "EDB Postgres Advanced Server",
    "openGauss",
];

/// The product and its version; `number` is what the server called its version at the start.
pub(super) fn product(banner: &str, number: &str) -> (&'static str, String) {
    let found = PRODUCTS.iter().find(|(_, word)| banner.contains(word));
    let name = found.map_or("PostgreSQL", |(name, _)| name);
    let version = match name {
        "CockroachDB" => banner.split_whitespace().find(|it| is_version(it)),
        "YugabyteDB" => banner
            .split_once("-YB-")
            .and_then(|(_, it)| it.split(['-', ' ']).next()),
        "Greenplum" => banner
            .split_once("Greenplum Database ")
            .and_then(|(_, it)| it.split(' ').next()),
        "Amazon Redshift" => banner.split_once("Redshift ").map(|(_, it)| it),
        _ => None,
    };
    // Debian adds its own version in parentheses.
    let plain = number.split(' ').next().unwrap_or(number);
    (name, version.unwrap_or(plain).to_owned())
}

fn is_version(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next() == Some('v') && letters.next().is_some_and(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(banner: &str, number: &str, name: &str, version: &str) {
        assert_eq!(product(banner, number), (name, version.to_owned()));
        assert!(NAMES.contains(&name));
    }

    #[test]
    fn a_product_is_told_by_its_banner() {
        check(
            "PostgreSQL 15.18 (Debian 15.18-0) on x86_64",
            "15.18 (Debian 15.18-0)",
            "PostgreSQL",
            "15.18",
        );
        check(
            "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu)",
            "13.0.0",
            "CockroachDB",
            "v23.1.11",
        );
        check(
            "PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64",
            "11.2",
            "YugabyteDB",
            "2.20.1.0",
        );
        check(
            "PostgreSQL 9.4.26 (Greenplum Database 6.20.0 build x) on x86",
            "9.4.26",
            "Greenplum",
            "6.20.0",
        );
    }

    #[test]
    fn every_product_has_a_row() {
        assert!(PRODUCTS.iter().all(|(it, _)| NAMES.contains(it)));
        assert_eq!(PRODUCTS.len(), NAMES.len());
    }
}

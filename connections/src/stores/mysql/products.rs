//! The products that speak this protocol, told by what they say of themselves.

/// Every product, by a word of its version or of the comment on it, in lower case; the first that fits.
const PRODUCTS: &[(&str, &str)] = &[
    ("TiDB", "tidb"),
    ("SingleStore", "singlestore"),
    ("SingleStore", "memsql"),
    ("Vitess", "vitess"),
    ("Dolt", "dolt"),
    ("OceanBase", "oceanbase"),
    ("StarRocks", "starrocks"),
    ("Apache Doris", "doris"),
    ("MariaDB", "mariadb"),
    ("Percona Server", "percona"),
    ("Amazon Aurora", "aurora"),
    ("MySQL", ""),
];

/// Their names.
pub(super) const NAMES: &[&str] = &[
    "MySQL",
    "MariaDB",
    "Percona Server",
    "Amazon Aurora",
    "TiDB",
    "SingleStore",
    "Vitess",
    "Dolt",
    "OceanBase",
    "StarRocks",
    "Apache Doris",
];

/// The product and its version, of what `version()` and `@@version_comment` say.
pub(super) fn product(version: &str, comment: &str) -> (&'static str, String) {
    let said = format!("{version} {comment}").to_lowercase();
    let found = PRODUCTS.iter().find(|(_, word)| said.contains(word));
    let name = found.map_or("MySQL", |(name, _)| name);
    let own = match name {
        "TiDB" => version.split_once("-TiDB-").map(|(_, it)| it),
        "Vitess" => version.split_once("-Vitess").map(|(it, _)| it),
        // Before a version of its own, it says the one of the protocol that it follows.
        "MariaDB" => Some(version.strip_prefix("5.5.5-").unwrap_or(version)),
        _ => None,
    };
    let own = own.unwrap_or(version).trim_start_matches('v');
    let plain = own.split(['-', ' ']).next().unwrap_or(own);
    (name, plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, comment: &str, name: &str, expected: &str) {
        assert_eq!(product(version, comment), (name, expected.to_owned()));
        assert!(NAMES.contains(&name));
    }

    #[test]
    fn a_product_is_told_by_its_words() {
        check(
            "10.11.19-MariaDB-0+deb12u1-log",
            "Debian 12",
            "MariaDB",
            "10.11.19",
        );
        check(
            "5.5.5-10.6.1-MariaDB",
            "mariadb.org binary distribution",
            "MariaDB",
            "10.6.1",
        );
        check("8.4.2", "MySQL Community Server - GPL", "MySQL", "8.4.2");
        check(
            "8.0.36-28",
            "Percona Server (GPL)",
            "Percona Server",
            "8.0.36",
        );
        check(
            "8.0.11-TiDB-v7.5.1",
            "TiDB Server (Apache License 2.0)",
            "TiDB",
            "7.5.1",
        );
        check("8.0.30-Vitess", "Version: 19.0", "Vitess", "8.0.30");
        check(
            "5.7.32",
            "SingleStoreDB source distribution",
            "SingleStore",
            "5.7.32",
        );
    }

    #[test]
    fn every_product_has_a_name() {
        assert!(PRODUCTS.iter().all(|(it, _)| NAMES.contains(it)));
    }
}

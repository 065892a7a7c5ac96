//! Files that are right, and what is read from them.

use std::path::Path;
use std::time::Duration;

use super::super::*;
use super::{STORES, USER};
use crate::compare::{Cast, Encoding, Lens};
use crate::lag::GroupProbe;

/// The contract's own example, with the stores that it leaves out.
pub(super) const EXAMPLE: &str = r#"format = 1
name = "shop"

[stores.orders]                       # the name people see
url = "postgres://shop@127.0.0.1:5432/shop"
secret = "keychain"                   # or env:NAME, file:PATH; cmd:PROGRAM only in the user's own profile file
environment = "dev"                   # dev | staging | production: drives colours and guards
why = "ACID orders"                   # the decision, kept where it is used
# or: profile = "NAME", a saved profile of the user, whose keys this table may override, except access and cmd:

[stores.cache]
url = "redis://127.0.0.1"
secret = "env:CACHE_PASSWORD"
[stores.search]
profile = "shop-search"
environment = "production"

[entities.user]
key = "id"
[[entities.user.in]]
dataset = "orders.public.users"
role = "system-of-record"
version = "updated_at"
[[entities.user.in]]
dataset = "cache.user:{id}"           # a key pattern is a dataset
presence = "optional"                 # a cache may not hold it
fields.email = "mail"                 # canonical field = path there
fields.balance = { path = "balance_cents", as = "decimal(2)", scale = -2 }
[[entities.user.in]]
dataset = "search.users"
fields.name = { path = "name", compare = "casefold" }

[[flows]]
from = "orders.public.users"
to = "search.users"
via = "outbox"                        # replication | cdc | outbox | dual-write | write-through | write-behind | cache-aside | batch
probe = { kind = "outbox", table = "orders.public.outbox", created = "created_at", sent = "sent_at", dataset = "aggregate", key = "aggregate_id" }
objective = "5s"
"#;

#[track_caller]
fn read(text: &str) -> Deployment {
    parse(text, "d.toml").unwrap_or_else(|it| panic!("{it}"))
}

#[track_caller]
fn user_with(text: &str) -> Representation {
    let deployment = read(&format!("{STORES}{USER}{text}"));
    let user = deployment.entity("user").expect("the entity");
    user.representations.last().expect("the last one").clone()
}

#[track_caller]
fn flow(text: &str) -> Edge {
    let deployment = read(&format!(
        "{STORES}{USER}dataset = \"cache.user:{{id}}\"\n[[flows]]\n{text}"
    ));
    deployment.flows.first().expect("the flow").clone()
}

fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}

#[test]
fn the_example_of_the_contract_is_read() {
    let shop = read(EXAMPLE);
    let stores: Vec<_> = shop.stores.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(stores, ["orders", "cache", "search"]);
    let user = shop.entity("user").expect("the entity");
    let record = user.system_of_record();
    assert_eq!(record.dataset.to_string(), "orders.public.users");
    assert_eq!(record.version, Some(path("updated_at")));
    let flow = shop.flows.first().expect("the flow");
    assert_eq!(flow.objective, Duration::from_secs(5));
    assert!(matches!(&flow.probe, Probe::Outbox(it) if it.sent == path("sent_at")));
}

#[test]
fn stores_say_where_they_are_and_where_their_secrets_come_from() {
    let shop = read(EXAMPLE);
    let [orders, cache, search] = shop.stores.as_slice() else {
        panic!("three stores")
    };
    assert_eq!(orders.secret, Some(SecretSource::Keychain));
    assert_eq!(orders.environment, Some(Environment::Dev));
    assert_eq!(orders.why.as_deref(), Some("ACID orders"));
    assert_eq!(
        cache.secret,
        Some(SecretSource::Env("CACHE_PASSWORD".into()))
    );
    assert_eq!(search.profile.as_deref(), Some("shop-search"));
    assert_eq!(cache.environment, None);
    assert_eq!(search.environment, Some(Environment::Production));
}

#[test]
fn the_sample_pocket_is_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/pocket/deployment.toml");
    let text = std::fs::read_to_string(file).expect("the sample's file");
    let pocket = read(&text);
    let entities: Vec<_> = pocket.entities.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(entities, ["user", "product", "order"]);
}

#[test]
fn a_rule_says_how_a_field_is_found_and_compared() {
    let one = user_with(
        r#"dataset = "cache.users"
key = "meta.user_id"
fields.name = { path = "names.0", compare = ["nfc", "casefold"] }
fields.email = "mail"
fields.born = { from = "zone:Europe/Berlin", as = "timestamp(ms)", null = "absent" }
"#,
    );
    assert_eq!(one.key, KeyTemplate::Fields(vec![path("meta.user_id")]));
    let [(_, name), (second, email), (_, born)] = one.fields.as_slice() else {
        panic!("three fields")
    };
    assert_eq!(name.compare, [Lens::Nfc, Lens::Casefold]);
    assert_eq!((second.as_str(), &email.path), ("email", &path("mail")));
    assert_eq!(born.path, path("born"));
    assert_eq!(born.from, Some(Encoding::Zone("Europe/Berlin".into())));
    assert_eq!(
        born.cast.map(|it| it.to_string()).as_deref(),
        Some("timestamp(ms)")
    );
    assert!(born.null_is_absent && !email.null_is_absent);
}

#[test]
fn a_key_is_found_where_its_field_is_listed() {
    let one = user_with("dataset = \"cache.users\"\nfields.id = \"_id\"");
    assert_eq!(one.key, KeyTemplate::Fields(vec![path("_id")]));
    let one = user_with("dataset = \"cache.users\"\nkey = \"uid\"\nfields.id = \"_id\"");
    assert_eq!(one.key, KeyTemplate::Fields(vec![path("uid")]));
}

#[test]
fn every_type_that_a_rule_names_is_read_back_from_its_own_text() {
    for text in [
        "int",
        "decimal(2)",
        "float(6)",
        "text",
        "bool",
        "timestamp(s)",
        "timestamp(ns)",
        "date",
        "uuid",
        "json",
        "bytes",
    ] {
        let one = user_with(&format!(
            "dataset = \"cache.users\"\nfields.a = {{ path = \"a\", as = {text:?} }}"
        ));
        let cast = one.fields.first().and_then(|(_, it)| it.cast);
        assert_eq!(cast.map(|it: Cast| it.to_string()).as_deref(), Some(text));
    }
}

#[test]
fn a_representation_may_limit_and_ignore() {
    let one = user_with(
        r#"dataset = 'cache."odd.users{}"'
map = "listed"
presence = "optional"
null = "absent"
ignore = ["photo", "notes"]
where = "deleted_at is null"
version = "@version"
"#,
    );
    assert_eq!(one.dataset.parts(), ["odd.users{}"]);
    assert_eq!(one.key, KeyTemplate::Fields(vec![path("id")]));
    assert_eq!(
        (one.map, one.presence),
        (MapMode::Listed, Presence::Optional)
    );
    assert_eq!(one.ignore, ["photo", "notes"]);
    assert_eq!(one.filter.as_deref(), Some("deleted_at is null"));
    assert_eq!(one.version, Some(path("@version")));
    assert!(one.null_is_absent);
}

#[test]
fn a_name_with_a_brace_outside_quotes_is_a_pattern() {
    let one = user_with("dataset = \"cache.{{v1}}.user:{id}\"");
    let KeyTemplate::Pattern(pattern) = one.key else {
        panic!("a pattern")
    };
    assert_eq!(pattern.prefix(), "{v1}.user:");
}

#[test]
fn a_flow_whose_ends_have_versions_is_measured_by_the_newest() {
    let edge = flow("from = \"orders.users\"\nto = \"search.users\"\nvia = \"cdc\"");
    assert_eq!(edge.probe, Probe::Newest);
    assert_eq!(edge.objective, DEFAULT_OBJECTIVE);
}

#[test]
fn a_flow_to_what_represents_nothing_has_no_probe() {
    let edge = flow("from = \"orders.users\"\nto = \"search.queue\"\nvia = \"cdc\"");
    assert_eq!(edge.probe, Probe::None);
}

#[test]
fn an_ignored_version_is_none() {
    let with = |line: &str| {
        let text = format!(
            "{STORES}{USER}dataset = \"cache.user:{{id}}\"\n{line}\n[[flows]]\nfrom = \"orders.users\"\nto = \"cache.user:{{id}}\"\nvia = \"cdc\""
        );
        read(&text).flows.first().expect("the flow").probe.clone()
    };
    assert_eq!(with("ignore = [\"updated_at\"]"), Probe::None);
    assert_eq!(with("map = \"listed\""), Probe::None);
    assert_eq!(
        with("map = \"listed\"\nfields.updated_at = \"at\""),
        Probe::Newest
    );
    assert_eq!(with("map = \"listed\"\nversion = \"at\""), Probe::Newest);
}

#[test]
fn whole_stores_are_joined_by_replication() {
    let edge = flow("from = \"orders\"\nto = \"standby\"\nvia = \"replication\"");
    assert_eq!(
        edge.to,
        Endpoint::Store(StoreId::new("standby").expect("a name"))
    );
    assert_eq!(edge.probe, Probe::None);
}

#[test]
fn an_objective_is_read_to_the_millisecond() {
    for (text, millis) in [
        ("5s", 5_000),
        ("500ms", 500),
        ("2m", 120_000),
        ("1h", 3_600_000),
        ("1h30m", 5_400_000),
    ] {
        let edge = flow(&format!(
            "from = \"orders.users\"\nto = \"search.users\"\nvia = \"cdc\"\nobjective = {text:?}"
        ));
        assert_eq!(edge.objective, Duration::from_millis(millis), "{text}");
    }
}

#[test]
fn every_other_probe_is_read() {
    let probe = |text: &str| {
        flow(&format!(
            "from = \"orders.users\"\nto = \"search.users\"\nvia = \"cdc\"\nprobe = {{ {text} }}"
        ))
        .probe
    };
    assert_eq!(probe("kind = \"newest\""), Probe::Newest);
    assert_eq!(probe("kind = \"heartbeat\""), Probe::Heartbeat);
    assert_eq!(
        probe("kind = \"replication\", slot = \"s\""),
        Probe::Replication {
            slot: Some("s".into()),
            replica: None
        }
    );
    assert_eq!(
        probe("kind = \"group\", stream = \"cache.changes\", group = \"search\""),
        Probe::Group(GroupProbe {
            stream: "cache.changes".parse().expect("a dataset"),
            group: "search".into(),
            dataset: None,
            key: None,
        })
    );
}

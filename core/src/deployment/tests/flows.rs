//! Flows: their ends, their mechanism, their probes and objectives.

use expect_test::expect;

use super::check_with_stores;

#[test]
fn a_flow_needs_its_ends_and_its_mechanism() {
    check_with_stores(
        r"[[flows]]
",
        &expect![[r#"
            d.toml:11:1: missing key "from"
            d.toml:11:1: missing key "to"
            d.toml:11:1: missing key "via""#]],
    );
}

#[test]
fn misspelt_keys_and_values_of_a_flow_are_suggested() {
    check_with_stores(
        r#"[[flows]]
from = "orders.users"
to = "search.users"
via = "outbx"
objectve = "5s"
"#,
        &expect![[r#"
            d.toml:14:7: "outbx" is no value of "via", did you mean "outbox"?
            d.toml:15:1: unknown key "objectve", did you mean "objective"?"#]],
    );
}

#[test]
fn a_flow_joins_known_stores() {
    check_with_stores(
        r#"[[flows]]
from = "order.users"
to = "warehouse"
via = "cdc"
"#,
        &expect![[r#"
            d.toml:12:8: unknown store "order", did you mean "orders"?
            d.toml:13:6: unknown store "warehouse"; known here are "orders", "standby", "cache" and "search""#]],
    );
}

#[test]
fn whole_stores_are_joined_by_replication_only() {
    check_with_stores(
        r#"[[flows]]
from = "orders"
to = "standby"
via = "cdc"
"#,
        &expect![[
            r#"d.toml:11:1: whole stores are not joined by cdc; name datasets as STORE.NAME, or say via = "replication""#
        ]],
    );
}

#[test]
fn a_store_and_a_dataset_are_not_joined() {
    check_with_stores(
        r#"[[flows]]
from = "orders"
to = "search.users"
via = "replication"
"#,
        &expect![[
            r#"d.toml:11:1: a flow from "orders" to "search.users" joins a dataset with a whole store; name two datasets as STORE.NAME, or two stores"#
        ]],
    );
}

#[test]
fn nothing_flows_to_where_it_comes_from() {
    check_with_stores(
        r#"[[flows]]
from = "orders.users"
to = "orders.\"users\""
via = "batch"
"#,
        &expect![[
            r#"d.toml:11:1: a flow from "orders.users" to itself; name the dataset that the changes go to"#
        ]],
    );
}

#[test]
fn a_flow_is_declared_once() {
    check_with_stores(
        r#"[[flows]]
from = "orders.users"
to = "search.users"
via = "cdc"
[[flows]]
from = "orders.users"
to = "search.users"
via = "batch"
[[flows]]
from = "orders.users"
to = "search.users"
via = "cdc"
"#,
        &expect![[
            r#"d.toml:19:1: the cdc flow from "orders.users" to "search.users" is declared on line 11 already"#
        ]],
    );
}

#[test]
fn an_objective_is_a_length_of_time() {
    check_with_stores(
        r#"[[flows]]
from = "orders.a"
to = "search.a"
via = "cdc"
objective = "soon"
[[flows]]
from = "orders.b"
to = "search.b"
via = "cdc"
objective = "0s"
[[flows]]
from = "orders.c"
to = "search.c"
via = "cdc"
objective = "-5s"
[[flows]]
from = "orders.d"
to = "search.d"
via = "cdc"
objective = 5
"#,
        &expect![[r#"
            d.toml:15:13: "soon" is no length of time; for example "500ms", "5s", "2m" or "1h30m"
            d.toml:20:13: "objective" must be longer than nothing; for example "500ms", "5s", "2m" or "1h30m"
            d.toml:25:13: "objective" must be longer than nothing; for example "500ms", "5s", "2m" or "1h30m"
            d.toml:30:13: "objective" must be a string, found a whole number"#]],
    );
}

#[test]
fn a_probe_names_its_kind() {
    check_with_stores(
        r#"[[flows]]
from = "orders.a"
to = "search.a"
via = "cdc"
probe = { slot = "s" }
[[flows]]
from = "orders.b"
to = "search.b"
via = "cdc"
probe = { kind = "newset" }
[[flows]]
from = "orders.c"
to = "search.c"
via = "cdc"
probe = "newest"
"#,
        &expect![[r#"
            d.toml:15:9: missing key "kind"
            d.toml:20:18: "newset" is no value of "kind", did you mean "newest"?
            d.toml:25:9: "probe" must be a table, found a string"#]],
    );
}

#[test]
fn an_outbox_probe_needs_its_table_and_times() {
    check_with_stores(
        r#"[[flows]]
from = "orders.users"
to = "search.users"
via = "outbox"
probe = { kind = "outbox" }
"#,
        &expect![[r#"
            d.toml:15:9: missing key "table"
            d.toml:15:9: missing key "created"
            d.toml:15:9: missing key "sent""#]],
    );
}

#[test]
fn an_outbox_stands_in_a_known_store_at_whole_paths() {
    check_with_stores(
        r#"[[flows]]
from = "orders.users"
to = "search.users"
via = "outbox"
probe = { kind = "outbox", table = "order.outbox", created = "created..at", sent = 5, aggregate = "a" }
"#,
        &expect![[r#"
            d.toml:15:36: unknown store "order", did you mean "orders"?
            d.toml:15:62: cannot read "created..at": a part of it is empty; a part that holds a dot, a space or a quote stands in double quotes, doubled inside
            d.toml:15:84: "sent" must be a string, found a whole number
            d.toml:15:87: unknown key "aggregate"; known here are "kind", "table", "created", "sent", "dataset" and "key""#]],
    );
}

#[test]
fn a_probe_takes_only_the_keys_of_its_kind() {
    check_with_stores(
        r#"[[flows]]
from = "orders.users"
to = "search.users"
via = "cdc"
probe = { kind = "group", stream = "bus.changes", slot = "s" }
[[flows]]
from = "orders.a"
to = "search.a"
via = "cdc"
probe = { kind = "newest", table = "orders.outbox" }
"#,
        &expect![[r#"
            d.toml:15:9: missing key "group"
            d.toml:15:36: unknown store "bus"; known here are "orders", "standby", "cache" and "search"
            d.toml:15:51: unknown key "slot"; known here are "kind", "stream", "group", "dataset" and "key"
            d.toml:20:28: unknown key "table"; only "kind" is known here"#]],
    );
}

#[test]
fn a_replication_probe_names_a_slot_or_a_replica() {
    check_with_stores(
        r#"[[flows]]
from = "orders"
to = "standby"
via = "replication"
probe = { kind = "replication" }
"#,
        &expect![[r#"d.toml:15:9: missing key "slot"; or replica = "NAME""#]],
    );
}

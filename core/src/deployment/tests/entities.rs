//! Entities: their keys, their datasets, and the one system of record.

use expect_test::expect;

use super::{check_representation, check_with_stores};

#[test]
fn an_entity_needs_a_key_and_representations() {
    check_with_stores(
        r"[entities.user]
",
        &expect![[r#"
            d.toml:11:1: missing key "key"
            d.toml:11:1: missing key "in""#]],
    );
}

#[test]
fn an_entity_with_an_empty_list_has_no_representation() {
    check_with_stores(
        r#"[entities.user]
key = "id"
in = []
"#,
        &expect![[
            r#"d.toml:11:1: entity "user" has no representation; give one of them role = "system-of-record""#
        ]],
    );
}

#[test]
fn a_key_is_not_empty_and_names_each_part_once() {
    check_with_stores(
        r#"[entities.user]
key = []
in = [{ dataset = "orders.users", role = "system-of-record" }]
[entities.order]
key = ["region", "number", "region"]
in = [{ dataset = "orders.orders", role = "system-of-record" }]
[entities.cart]
key = ["", 7]
in = [{ dataset = "orders.carts", role = "system-of-record" }]
"#,
        &expect![[r#"
            d.toml:12:7: "key" is empty
            d.toml:15:28: "region" is listed twice in "key"
            d.toml:18:8: "key" is empty
            d.toml:18:12: "key" must be a string, found a whole number"#]],
    );
}

#[test]
fn an_entity_without_a_system_of_record_is_a_mistake() {
    check_with_stores(
        r#"[entities.user]
key = "id"
[[entities.user.in]]
dataset = "orders.users"
[[entities.user.in]]
dataset = "search.users"
"#,
        &expect![[
            r#"d.toml:11:1: entity "user" has no system of record among the representations on lines 13, 15; give one of them role = "system-of-record""#
        ]],
    );
}

#[test]
fn two_systems_of_record_are_a_mistake() {
    check_representation(
        r#"dataset = "cache.user:{id}"
role = "system-of-record"
"#,
        &expect![[
            r#"d.toml:22:8: entity "user" has a system of record on each of lines 15 and 22; exactly one representation is where facts are written first"#
        ]],
    );
}

#[test]
fn a_misspelt_role_is_not_told_twice() {
    check_with_stores(
        r#"[entities.user]
key = "id"
[[entities.user.in]]
dataset = "orders.users"
role = "system-of-recrod"
"#,
        &expect![[
            r#"d.toml:15:8: "system-of-recrod" is no value of "role", did you mean "system-of-record"?"#
        ]],
    );
}

#[test]
fn a_misspelt_key_of_an_entity_is_suggested() {
    check_with_stores(
        r#"[entities.user]
keys = "id"
In = []
"#,
        &expect![[r#"
            d.toml:12:1: unknown key "keys", did you mean "key"?
            d.toml:13:1: unknown key "In", did you mean "in"?"#]],
    );
}

#[test]
fn a_representation_needs_a_dataset() {
    check_representation(
        r#"presence = "optional"
"#,
        &expect![[r#"d.toml:20:1: missing key "dataset""#]],
    );
}

#[test]
fn an_unknown_store_is_suggested() {
    check_representation(
        r#"dataset = "serach.people"
"#,
        &expect![[r#"d.toml:21:11: unknown store "serach", did you mean "search"?"#]],
    );
}

#[test]
fn a_store_like_no_other_lists_those_that_there_are() {
    check_representation(
        r#"dataset = "warehouse.users"
"#,
        &expect![[
            r#"d.toml:21:11: unknown store "warehouse"; known here are "orders", "standby", "cache" and "search""#
        ]],
    );
}

#[test]
fn a_dataset_stands_in_a_store() {
    check_representation(
        r#"dataset = "users"
"#,
        &expect![[
            r#"d.toml:21:11: "users" is no dataset; a dataset is STORE.NAME, as in "orders.users""#
        ]],
    );
}

#[test]
fn a_dataset_has_whole_quotes_and_no_empty_part() {
    check_representation(
        r#"dataset = "orders.\"users"
[[entities.user.in]]
dataset = "orders.public..users"
[[entities.user.in]]
dataset = "orders."
"#,
        &expect![[r#"
            d.toml:21:11: cannot read "orders.\"users": a double quote is not closed; a part that holds a dot, a space or a quote stands in double quotes, doubled inside
            d.toml:23:11: cannot read "orders.public..users": a part of it is empty; a part that holds a dot, a space or a quote stands in double quotes, doubled inside
            d.toml:25:11: cannot read "orders.": a part of it is empty; a part that holds a dot, a space or a quote stands in double quotes, doubled inside"#]],
    );
}

#[test]
fn a_dataset_represents_an_entity_once() {
    check_representation(
        r#"dataset = "search.\"users\""
"#,
        &expect![[
            r#"d.toml:21:11: "search.\"users\"" is represented on line 18 already; an entity names each dataset once"#
        ]],
    );
}

#[test]
fn misspelt_keys_and_values_of_a_representation_are_suggested() {
    check_representation(
        r#"dataset = "cache.user:{id}"
presense = "optional"
map = "list"
null = "missing"
[[entities.user.in]]
dataset = "cache.users"
presence = "opt"
verison = "updated_at"
"#,
        &expect![[r#"
            d.toml:22:1: unknown key "presense", did you mean "presence"?
            d.toml:23:7: "list" is no value of "map"; known here are "listed" and "automatic"
            d.toml:24:8: "missing" is no value of "null"; only "absent" is known here
            d.toml:27:12: "opt" is no value of "presence"; known here are "required" and "optional"
            d.toml:28:1: unknown key "verison", did you mean "version"?"#]],
    );
}

#[test]
fn a_key_pattern_is_whole() {
    check_representation(
        r#"dataset = "cache.user:{id"
[[entities.user.in]]
dataset = "cache.user:{}"
[[entities.user.in]]
dataset = "cache.user:{id}}"
"#,
        &expect![[r#"
            d.toml:21:11: cannot read "cache.user:{id": a `{` is not closed; a pattern looks like `cart:{id}`; `{{` and `}}` are literal braces
            d.toml:23:11: cannot read "cache.user:{}": `{}` has no name; a pattern looks like `cart:{id}`; `{{` and `}}` are literal braces
            d.toml:25:11: cannot read "cache.user:{id}}": `}` closes nothing; a literal brace is written `}}`; a pattern looks like `cart:{id}`; `{{` and `}}` are literal braces"#]],
    );
}

#[test]
fn a_key_pattern_names_the_parts_of_the_key() {
    check_representation(
        r#"dataset = "cache.user:{idd}"
"#,
        &expect![[
            r#"d.toml:21:11: "{idd}" is no part of the key of entity "user", did you mean "id"?"#
        ]],
    );
}

#[test]
fn a_key_pattern_names_every_part_of_the_key_once() {
    check_with_stores(
        r#"[entities.order]
key = ["region", "number"]
[[entities.order.in]]
dataset = "orders.orders"
role = "system-of-record"
[[entities.order.in]]
dataset = "cache.order:{number}"
[[entities.order.in]]
dataset = "cache.order:{region}:{number}:{region}"
[[entities.order.in]]
dataset = "cache.{{order}}"
"#,
        &expect![[r#"
            d.toml:17:11: this pattern lacks "region", a part of the key of entity "order"
            d.toml:19:11: this pattern holds a part of the key twice
            d.toml:21:11: this pattern lacks "region", a part of the key of entity "order""#]],
    );
}

#[test]
fn the_key_of_a_pattern_stands_in_the_pattern() {
    check_representation(
        r#"dataset = "cache.user:{id}"
key = "user_id"
"#,
        &expect![[
            r#"d.toml:22:1: the key of "cache.user:{id}" stands in its pattern; take "key" away"#
        ]],
    );
}

#[test]
fn a_representation_has_as_many_key_parts_as_its_entity() {
    check_representation(
        r#"dataset = "cache.users"
key = ["region", "id"]
"#,
        &expect![[
            r#"d.toml:22:7: this key has 2 parts, the key of entity "user" has 1 part; name one path each for "id""#
        ]],
    );
}

#[test]
fn a_path_has_no_empty_part() {
    check_representation(
        r#"dataset = "cache.users"
key = "user..id"
version = "meta."
where = ""
ignore = ["a", 5]
"#,
        &expect![[r#"
            d.toml:22:7: cannot read "user..id": a part of it is empty; a part that holds a dot, a space or a quote stands in double quotes, doubled inside
            d.toml:23:11: cannot read "meta.": a part of it is empty; a part that holds a dot, a space or a quote stands in double quotes, doubled inside
            d.toml:24:9: "where" is empty
            d.toml:25:16: "ignore" must be a string, found a whole number"#]],
    );
}

//! One user in four languages: the mapping of the deployment pairs what the stores spell differently.

use super::*;

const DEPLOYMENT: &str = r#"
format = 1
name = "four"
[stores.shop]
url = "postgres://localhost/shop"
[stores.copy]
url = "postgres://localhost/copy"
[stores.cache]
url = "redis://localhost"
[stores.docs]
url = "postgres://localhost/docs"

[entities.user]
key = "id"

[[entities.user.in]]
dataset = "shop.users"
role = "system-of-record"
version = "updated_at"
fields.id = "id"
fields.name = "name"
fields.email = "email"
fields.city = "city"
fields.points = "points"
fields.balance = { path = "balance", as = "decimal(4)" }

[[entities.user.in]]
dataset = "copy.users"
version = "updated_at"
fields.name = { path = "name", compare = "casefold" }
fields.email = "email"
fields.city = "city"
fields.points = "points"
fields.balance = { path = "balance", as = "decimal(4)" }

[[entities.user.in]]
dataset = "cache.user:{id}"
presence = "optional"
fields.name = "name"
fields.email = "mail"
fields.city = "city"
fields.points = "points"
fields.balance = { path = "balance_e4", as = "decimal(4)", scale = -4 }

[[entities.user.in]]
dataset = "docs.users"
key = "_id"
fields.name = "name"
fields.email = "mail"
fields.city = "address.city"
fields.points = "points"
fields.balance = { path = "balance", as = "decimal(4)" }

[entities.product]
key = "sku"
[[entities.product.in]]
dataset = "shop.products"
role = "system-of-record"
[[entities.product.in]]
dataset = "cache.product:{sku}"
"#;

const STATEMENTS: [(&str, &str); 4] = [
    ("shop", "select * from users where id = {{user_id}}"),
    ("copy", "SELECT * FROM `users` WHERE id = {{user_id}}"),
    ("cache", "HGETALL user:{{user_id}}"),
    ("docs", "db.users.find({ _id: {{user_id}} })"),
];

fn results() -> Vec<(&'static str, Batch)> {
    let row = r#"{"id":42,"name":"Ann Lee","email":"ann@new.example","city":"Ulm","points":9007199254740993,"balance":1204.5000,"updated_at":"x"}"#;
    let copy = r#"{"id":42,"name":"ANN LEE","email":"ann@new.example","city":"Ulm","points":9007199254740993,"balance":1204.5,"updated_at":"y"}"#;
    let document = r#"{"_id":42,"name":"Ann Lee","mail":"ann@new.example","address":{"city":"Ulm"},"points":9007199254740993,"balance":1204.50}"#;
    let hash = [
        ("name", "Ann Lee"),
        ("mail", "ann@new.example"),
        ("city", "Ulm"),
        ("points", "9007199254740993"),
        ("balance_e4", "12045000"),
    ];
    let hash = hash.map(|(name, value)| vec![Value::from(name), Value::from(value)]);
    vec![
        ("shop", result(&[row])),
        ("copy", result(&[copy])),
        ("cache", batch(&["field", "value"], hash.into_iter())),
        ("docs", result(&[document])),
    ]
}

fn by_the_entity(results: &[(&str, Batch)]) -> Comparison {
    let deployment = entity_of(DEPLOYMENT);
    let statements = STATEMENTS.map(|(name, text)| (store(name), text.to_owned()));
    let entity = entity(&deployment.entities, &statements).expect("the user");
    assert_eq!(entity.name, "user");
    let mapping = mapping_of(entity);
    let sides: Vec<Side> = results
        .iter()
        .zip(&statements)
        .map(|((_, batch), (store, text))| Side {
            store: store.clone(),
            representation: representation(entity, store, text),
            outline: outline(batch),
        })
        .collect();
    let by = Paired {
        mapping: &mapping,
        key: &entity.key,
    };
    run(Plan::new(&sides, Some(by), None).expect("a plan"), results)
}

#[test]
fn the_same_user_in_four_languages_is_equal() {
    let it = by_the_entity(&results());
    assert_eq!(
        it.sentence(),
        "equal: 4 panes agree in 6 fields of 1 record"
    );
    assert_eq!(
        it.fields,
        ["id", "name", "email", "city", "points", "balance"]
    );
    assert!(it.is_equal());
    assert_eq!(it.sides[2].form, Form::Pairs);
    assert_eq!(
        it.sides[2]
            .dataset
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("cache.user:{id}")
    );
}

#[test]
fn a_stale_hash_differs_in_the_field_that_the_mapping_names() {
    let mut results = results();
    let hash = [
        ("name", "Ann Lee"),
        ("mail", "ann@old.example"),
        ("points", "9007199254740993"),
        ("balance_e4", "12045000"),
    ];
    let hash = hash.map(|(name, value)| vec![Value::from(name), Value::from(value)]);
    results[2].1 = batch(&["field", "value"], hash.into_iter());
    let it = by_the_entity(&results);
    assert_eq!(
        it.sentence(),
        "copy agrees; cache differs in email and city; docs agrees"
    );
    let cells = &it.rows[0].records[2].cells;
    let email = it
        .fields
        .iter()
        .position(|it| it == "email")
        .expect("a field");
    let city = it
        .fields
        .iter()
        .position(|it| it == "city")
        .expect("a field");
    assert_eq!(cells[email].value, Some(Value::from("ann@old.example")));
    assert_eq!(cells[city].verdict, FieldVerdict::Absent);
}

#[test]
fn a_key_that_is_gone_is_missing() {
    let mut results = results();
    results[2].1 = batch(&["field", "value"], std::iter::empty());
    let it = by_the_entity(&results);
    assert_eq!(
        it.sentence(),
        "copy agrees; cache has no record; docs agrees"
    );
}

#[test]
fn statements_name_their_entity_by_whole_words() {
    let deployment = entity_of(DEPLOYMENT);
    let guessed = |statements: &[(&str, &str)]| {
        let statements: Vec<_> = statements
            .iter()
            .map(|(name, text)| (store(name), (*text).to_owned()))
            .collect();
        entity(&deployment.entities, &statements).map(|it| it.name.clone())
    };
    let products = [
        ("shop", "select * from Products"),
        ("cache", "HGETALL product:{{sku}}"),
    ];
    assert_eq!(guessed(&products).as_deref(), Some("product"));
    assert_eq!(
        guessed(&[("shop", "select 1"), ("cache", "HGETALL user:1")]),
        None
    );
    assert_eq!(
        guessed(&[("shop", "select {{users}}"), ("cache", "GET x")]),
        None
    );
    assert_eq!(
        guessed(&[
            ("shop", "select * from users_old"),
            ("copy", "select * from users")
        ]),
        None
    );
}

#[test]
fn a_column_that_was_not_selected_is_not_compared_and_a_field_that_a_hash_lacks_is_absent() {
    let mut results = results();
    results[0].1 = result(&[r#"{"id":42,"email":"ann@new.example","city":"Ulm"}"#]);
    let it = by_the_entity(&results);
    assert!(it.is_equal(), "{}", it.sentence());
    assert_eq!(it.fields, ["id", "email", "city"]);
    let skipped: Vec<&str> = it.skipped.iter().map(|it| it.field.as_str()).collect();
    assert!(
        skipped.contains(&"balance") && skipped.contains(&"name"),
        "{skipped:?}"
    );
}

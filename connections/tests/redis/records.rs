//! Records by key: every type, exact values, hostile names.

use parallax_core::error::ErrorKind;
use parallax_core::store::{DataModel, Needle, Search};
use parallax_core::value::{Key, Record, Value};

use crate::server::{Server, call, dataset, get, key, one, path, projection, run, type_in};

fn meta<'r>(record: &'r Record, name: &str) -> &'r Value {
    record.at(&path(name)).expect("it is known")
}

#[tokio::test]
async fn every_type_of_value_is_a_record() {
    let server = Server::start();
    let mut client = server.client();
    for line in [
        "HSET h:1 name Ada age 36",
        "SET s:1 9223372036854775807",
        "RPUSH l:1 b a b",
        "SADD t:1 c a b",
        "ZADD z:1 1.5 x 0.1 y",
        "XADD e:1 5-1 user 42",
        "PEXPIRE h:1 60000",
    ] {
        type_in(&mut client, line);
    }
    run(
        &mut client,
        &[b"SET", b"j:1", br#"{"n":12345678901234567890,"d":1.10}"#],
    );
    let store = server.store();

    let hash = one(&*store, "h:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(hash.at(&path("name")), Some(&Value::from("Ada")));
    assert_eq!(hash.at(&path("age")), Some(&Value::from("36")));
    assert_eq!(meta(&hash, "@type"), &Value::from("hash"));
    assert_eq!(meta(&hash, "@key"), &Value::from("h:1"));
    assert!(matches!(meta(&hash, "@ttl_ms"), Value::I64(1..=60_000)));

    let text = one(&*store, "s:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(meta(&text, "@value"), &Value::from("9223372036854775807"));
    assert_eq!(meta(&text, "@ttl_ms"), &Value::Null);

    let json = one(&*store, "j:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(
        json.at(&path("n")),
        Some(&Value::U64(12_345_678_901_234_567_890))
    );
    assert_eq!(
        json.at(&path("d")).map(ToString::to_string).as_deref(),
        Some("1.10")
    );

    let texts = |items: &[&str]| Value::List(items.iter().map(|it| Value::from(*it)).collect());
    let list = one(&*store, "l:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(meta(&list, "@value"), &texts(&["b", "a", "b"]));
    let set = one(&*store, "t:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(meta(&set, "@value"), &texts(&["a", "b", "c"]));
    let sorted = one(&*store, "z:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    let pair = |name: &str, score| Value::List(vec![Value::from(name), Value::F64(score)]);
    assert_eq!(
        meta(&sorted, "@value"),
        &Value::List(vec![pair("y", 0.1), pair("x", 1.5)])
    );
    let stream = one(&*store, "e:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(stream.at(&path("@value.0.id")), Some(&Value::from("5-1")));
    assert_eq!(
        stream.at(&path("@value.0.fields.user")),
        Some(&Value::from("42"))
    );
}

#[tokio::test]
async fn many_keys_of_mixed_types_are_read_together_and_fail_each_for_itself() {
    let server = Server::start();
    let mut client = server.client();
    type_in(&mut client, "HSET k:1 a 1");
    type_in(&mut client, "SET k:2 plain");
    run(&mut client, &[b"SET", b"k:3", b"{broken"]);
    type_in(&mut client, "HSET k:5 a 5 b x");
    let store = server.store();
    let keys: Vec<Key> = ["1", "2", "3", "4", "5"].map(|it| key(&[it])).into();
    for _ in 0..2 {
        let got = get(&*store, "k:{id}", &keys, &["a"]).await;
        let a = |nth: usize| {
            let record: &Record = got.found[nth]
                .as_ref()
                .expect("read")
                .as_ref()
                .expect("there");
            record.at(&path("a")).cloned()
        };
        assert_eq!(a(0), Some(Value::from("1")));
        assert_eq!(a(1), None);
        assert_eq!(
            got.found[2].as_ref().expect_err("no JSON").kind,
            ErrorKind::Unreadable
        );
        assert_eq!(got.found[3], Ok(None));
        assert_eq!(a(4), Some(Value::from("5")));
        assert!(
            got.statement.contains("HMGET k:{{id}} a"),
            "{}",
            got.statement
        );
        assert!(got.statement.contains("PTTL k:{{id}}"), "{}", got.statement);
    }
}

#[tokio::test]
async fn a_composite_key_is_found_by_the_names_of_its_parts() {
    let server = Server::start();
    type_in(&mut server.client(), "HSET order:eu:7 total 12.50");
    let store = server.store();
    let projection = projection(&["number", "region"], &["total"]);
    let name = dataset("order:{region}:{number}");
    let keys = [
        Key::new(vec![Value::I64(7), Value::from("eu")]),
        Key::new(vec![Value::I64(7), Value::from("e:u")]),
    ];
    let got = store.get(&call(), &name, &keys, &projection).await;
    let got = got.expect("an answer");
    let found = got.found[0].as_ref().expect("read").as_ref();
    assert_eq!(found.expect("there").key, keys[0]);
    assert_eq!(
        got.found[1].as_ref().expect_err("refused").kind,
        ErrorKind::InvalidInput
    );
    assert!(got.statement.contains("order:{{region}}:{{number}}"));
}

#[tokio::test]
async fn bytes_and_numbers_come_as_they_are() {
    let server = Server::start();
    let mut client = server.client();
    let bytes = [0_u8, 255, 10, 13, 36];
    run(
        &mut client,
        &[
            b"HSET",
            b"b:1",
            b"raw",
            &bytes,
            b"n",
            b"-9223372036854775808",
        ],
    );
    run(&mut client, &[b"SET", b"v:1", &bytes]);
    run(&mut client, &[b"SET", b"u:\xff\xfe", b"odd key"]);
    let store = server.store();
    let hash = one(&*store, "b:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(hash.at(&path("raw")), Some(&Value::Bytes(bytes.into())));
    assert_eq!(
        hash.at(&path("n")),
        Some(&Value::from("-9223372036854775808"))
    );
    let plain = one(&*store, "v:{id}", "1")
        .await
        .expect("read")
        .expect("there");
    assert_eq!(meta(&plain, "@value"), &Value::Bytes(bytes.into()));
    let odd = Key::new(vec![Value::Bytes(vec![0xff, 0xfe])]);
    let got = get(&*store, "u:{id}", std::slice::from_ref(&odd), &["*"]).await;
    let found = got.found[0]
        .as_ref()
        .expect("read")
        .as_ref()
        .expect("there");
    assert_eq!(meta(found, "@value"), &Value::from("odd key"));
    assert_eq!(meta(found, "@key"), &Value::Bytes(b"u:\xff\xfe".to_vec()));
}

#[tokio::test]
async fn hostile_names_are_nothing_but_names() {
    let server = Server::start();
    let mut client = server.client();
    let ids = [
        "*",
        "?",
        "[a]",
        "\\",
        "{x}",
        "a b",
        "a\nb",
        "größe",
        "\"q\"",
        "'",
        "\r\n$1\r\nx",
    ];
    for id in ids {
        run(
            &mut client,
            &[
                b"HSET",
                format!("o*[x]:{id}").as_bytes(),
                b"id",
                id.as_bytes(),
            ],
        );
        run(
            &mut client,
            &[
                b"HSET",
                format!("oXx:{id}").as_bytes(),
                b"id",
                b"of another dataset",
            ],
        );
    }
    let store = server.store();
    let name = r#""o*[x]:{id}""#;
    let keys: Vec<Key> = ids.iter().map(|it| key(&[it])).collect();
    let got = get(&*store, name, &keys, &["id"]).await;
    for (id, found) in ids.iter().zip(&got.found) {
        let found = found.as_ref().expect("read").as_ref().expect(id);
        assert_eq!(found.at(&path("id")), Some(&Value::from(*id)));
    }
    let shape = store
        .describe(&call(), &dataset(name))
        .await
        .expect("a shape");
    assert_eq!(shape.sampled, Some(ids.len() as u64));
    assert_eq!(shape.key, ["id"]);
}

#[tokio::test]
async fn a_shape_is_that_of_a_sample() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..30 {
        type_in(&mut client, &format!("HSET user:{at} name n{at}"));
    }
    type_in(&mut client, "HSET user:1 mail a@b");
    for at in 0..5 {
        let json = format!(r#"{{"n":{at},"t":"x"}}"#);
        run(
            &mut client,
            &[b"SET", format!("doc:{at}").as_bytes(), json.as_bytes()],
        );
    }
    type_in(&mut client, "XADD bus 1-1 a b");
    let store = server.store();
    let shape = store
        .describe(&call(), &dataset("user:{id}"))
        .await
        .expect("a shape");
    assert_eq!(shape.sampled, Some(30));
    assert!(!shape.field("name").expect("a field").nullable);
    assert!(shape.field("mail").expect("a field").nullable);
    let shape = store
        .describe(&call(), &dataset("doc:{id}"))
        .await
        .expect("a shape");
    assert_eq!(shape.field("n").expect("a field").type_name(), "int");
    let shape = store
        .describe(&call(), &dataset("bus"))
        .await
        .expect("a shape");
    assert_eq!((shape.model, shape.sampled), (DataModel::Stream, Some(1)));

    let datasets = store.datasets(&call()).await.expect("datasets");
    let names: Vec<(String, Option<u64>)> = datasets
        .iter()
        .map(|it| (it.id.name.clone(), it.estimate))
        .collect();
    assert!(names.contains(&("user:{id}".into(), Some(30))), "{names:?}");
    assert!(names.contains(&("doc:{id}".into(), Some(5))), "{names:?}");
    let bus = datasets
        .iter()
        .find(|it| it.id.name == "bus")
        .expect("the stream");
    assert_eq!(bus.model, DataModel::Stream);
}

#[tokio::test]
async fn records_are_found_by_key_and_by_field() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..500 {
        type_in(
            &mut client,
            &format!("HSET user:{at} mail m{at}@example.org city Köln"),
        );
    }
    let store = server.store();
    let find = async |paths: &[&str], needle: Needle, limit: u32| {
        let search = Search {
            paths: paths.iter().map(|it| path(it)).collect(),
            needle,
            limit,
        };
        let projection = projection(&["id"], &["mail"]);
        let found = store
            .find(&call(), &dataset("user:{id}"), &search, &projection)
            .await;
        let keys = found
            .expect("an answer")
            .into_iter()
            .map(|it| it.key.to_string());
        keys.collect::<Vec<_>>()
    };
    let equals = |text: &str| Needle::Equals(text.to_owned());
    assert_eq!(find(&["id"], equals("42"), 5).await, ["42"]);
    assert_eq!(find(&["@key"], equals("user:42"), 5).await, ["42"]);
    assert_eq!(find(&["mail"], equals("m42@example.org"), 5).await, ["42"]);
    assert_eq!(find(&["mail"], equals("m42"), 5).await, [""; 0]);
    let contains = Needle::Contains("KÖLN".to_owned());
    assert_eq!(find(&["city"], contains, 7).await.len(), 7);
}

//! Every type goes through unchanged, to and fro.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::cstr;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{
    Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, RawDocumentBuf, Regex, Timestamp,
    doc,
};
use parallax_core::value::Value;

use crate::server::{FERRET, JAVA, Server, ask, ask_as, get, key, path};

fn binary(subtype: u8, bytes: &[u8]) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::from(subtype),
        bytes: bytes.to_vec(),
    })
}

/// An identifier as bytes.
const UUID: [u8; 16] = [
    0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
];

/// Types that every server has: the value in the document, the type's name here, and its text.
fn common() -> Vec<(&'static str, Bson, &'static str, &'static str)> {
    vec![
        ("int32", Bson::Int32(i32::MIN), "int", "-2147483648"),
        ("int64", Bson::Int64(i64::MAX), "int", "9223372036854775807"),
        (
            "unsafe",
            Bson::Int64((1 << 53) + 1),
            "int",
            "9007199254740993",
        ),
        ("double", Bson::Double(0.1), "float", "0.1"),
        ("text", Bson::String("a\"é😀\n".into()), "text", "a\"é😀\n"),
        ("bool", Bson::Boolean(true), "bool", "true"),
        ("null", Bson::Null, "null", "null"),
        (
            "date",
            Bson::DateTime(DateTime::from_millis(1_706_702_400_123)),
            "timestamp",
            "2024-01-31T12:00:00.123Z",
        ),
        (
            "early",
            Bson::DateTime(DateTime::from_millis(-1)),
            "timestamp",
            "1969-12-31T23:59:59.999Z",
        ),
        ("bytes", binary(0, &[0, 255]), "bytes", "AP8="),
        (
            "uuid",
            binary(4, &UUID),
            "uuid",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        ),
        (
            "oldUuid",
            binary(3, &UUID),
            "binary:3",
            "a6e4EJ2tEdGAtADAT9QwyA==",
        ),
        (
            "id",
            Bson::ObjectId(ObjectId::from_bytes([7; 12])),
            "objectId",
            "070707070707070707070707",
        ),
        (
            "regex",
            Bson::RegularExpression(Regex {
                pattern: cstr!("a/b").into(),
                options: cstr!("i").into(),
            }),
            "regex",
            "/a/b/i",
        ),
        (
            "stamp",
            Bson::Timestamp(Timestamp {
                time: 5,
                increment: 6,
            }),
            "bsonTimestamp",
            "5,6",
        ),
        (
            "list",
            Bson::Array(vec![
                Bson::Int32(1),
                Bson::Null,
                Bson::Document(doc! { "a": [] }),
            ]),
            "list",
            "[1,null,{\"a\":[]}]",
        ),
        (
            "map",
            Bson::Document(doc! { "z": 1, "a": { "": 2.0 } }),
            "map",
            "{\"z\":1,\"a\":{\"\":2.0}}",
        ),
    ]
}

/// Types of the wire that only some servers take.
fn further() -> Vec<(&'static str, Bson, &'static str, &'static str)> {
    let decimal = |it: &str| Bson::Decimal128(it.parse().expect("a decimal"));
    vec![
        ("own", binary(128, &[1]), "binary:128", "AQ=="),
        ("zero", Bson::Double(-0.0), "float", "-0.0"),
        (
            "infinite",
            Bson::Double(f64::NEG_INFINITY),
            "float",
            "-Infinity",
        ),
        ("nan", Bson::Double(f64::NAN), "float", "NaN"),
        ("decimal", decimal("1.50"), "decimal", "1.50"),
        (
            "longDecimal",
            decimal("1234567890123456789012345678901234"),
            "decimal",
            "1234567890123456789012345678901234",
        ),
        ("smallDecimal", decimal("1E-6176"), "decimal", "1e-6176"),
        ("nanDecimal", decimal("NaN"), "decimal128", "NaN"),
        (
            "infiniteDecimal",
            decimal("-Infinity"),
            "decimal128",
            "-Infinity",
        ),
        ("zeroDecimal", decimal("-0.00"), "decimal128", "-0.00"),
        (
            "late",
            Bson::DateTime(DateTime::from_millis(i64::MAX)),
            "bsonDate",
            "9223372036854775807",
        ),
        (
            "code",
            Bson::JavaScriptCode("f()".into()),
            "javascript",
            "f()",
        ),
        (
            "scoped",
            Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
                code: "f()".into(),
                scope: doc! { "a": 1 },
            }),
            "javascriptWithScope",
            "f() {\"a\":1}",
        ),
        ("symbol", Bson::Symbol("s".into()), "symbol", "s"),
        ("min", Bson::MinKey, "minKey", "minKey"),
        ("max", Bson::MaxKey, "maxKey", "maxKey"),
        ("undefined", Bson::Undefined, "undefined", "undefined"),
    ]
}

#[tokio::test]
async fn types_of_every_server_arrive_as_they_are() {
    for server in Server::all().await {
        for (name, value, type_name, text) in common() {
            server
                .insert("types", &[doc! { "_id": name, "v": value }])
                .await;
            check(&server, name, type_name, text).await;
        }
        server.end().await;
    }
}

/// A server may refuse a type, or keep it as another: how many it keeps is counted.
#[tokio::test]
async fn further_types_arrive_as_they_are_where_the_server_takes_them() {
    for (place, least) in [(FERRET, 0), (JAVA, 9)] {
        let server = Server::of(place).await;
        let mut taken = 0;
        for (name, value, type_name, text) in further() {
            let document = doc! { "_id": name, "v": value };
            if is_kept(&server, &document).await {
                check(&server, name, type_name, text).await;
                taken += 1;
            }
        }
        assert!(taken >= least, "{place} took {taken}");
        server.end().await;
    }
}

/// Whether the server takes a document, and gives it back as it was.
async fn is_kept(server: &Server, document: &Document) -> bool {
    let collection = server.collection("types");
    if collection.insert_one(document).await.is_err() {
        return false;
    }
    let id = document.get("_id").cloned();
    let back = collection.find_one(doc! { "_id": id }).await;
    back.is_ok_and(|it| format!("{it:?}") == format!("{:?}", Some(document)))
}

/// By a statement, by the key, and back as a parameter.
async fn check(server: &Server, name: &str, type_name: &str, text: &str) {
    let store = server.store();
    let answer = ask(
        &*store,
        &format!("db.types.find({{_id: '{name}'}}, {{_id: 0, v: 1}})"),
    )
    .await;
    let value = answer.cell();
    assert_eq!(
        (value.type_name(), value.to_string().as_str()),
        (type_name, text),
        "{name}"
    );
    let got = get(&*store, "types", &[key(name)], &["v"]).await;
    let record = got.found[0]
        .as_ref()
        .expect("read")
        .as_ref()
        .expect("there");
    let same = record.at(&path("v")).expect("there");
    assert_eq!(format!("{same:?}"), format!("{value:?}"), "{name}");
    // Only these cannot be written back: nothing of the kind is a parameter.
    if type_name == "javascriptWithScope" {
        return;
    }
    let database = server.store_with(parallax_core::store::Access::ReadWrite);
    let call = crate::server::writing();
    let written = format!("db.back.insertOne({{_id: '{name}', v: {{{{v}}}}}})");
    let answer = ask_as(&*database, &call, &written, &[("v", value.clone())]).await;
    assert!(answer.error.is_none(), "{name}: {:?}", answer.error);
    let back = ask(
        &*store,
        &format!("db.back.find({{_id: '{name}'}}, {{_id: 0, v: 1}})"),
    )
    .await;
    assert_eq!(format!("{:?}", back.cell()), format!("{value:?}"), "{name}");
}

#[tokio::test]
async fn a_name_that_stands_twice_and_text_that_is_none_do_not_vanish() {
    // Only this server keeps such a document as it is.
    let server = Server::of(JAVA).await;
    let mut twice = RawDocumentBuf::new();
    twice.append(cstr!("_id"), 1);
    twice.append(cstr!("a"), 1);
    twice.append(cstr!("a"), 2);
    let raw = server.owner().collection::<RawDocumentBuf>("odd");
    if raw.insert_one(&twice).await.is_ok() {
        let answer = ask(&*server.store(), "db.odd.find()").await;
        // A server may keep the last one only; what it sends is shown.
        assert!(answer.columns(0).starts_with(&["_id", "a"]), "{answer:?}");
    }
    server.end().await;
}

#[tokio::test]
async fn null_and_absent_are_told_apart() {
    for server in Server::all().await {
        let documents: [Document; 2] = [doc! { "_id": 1, "a": null }, doc! { "_id": 2, "b": 1 }];
        server.insert("gaps", &documents).await;
        let answer = ask(&*server.store(), "db.gaps.find().sort({_id: 1})").await;
        assert_eq!(answer.columns(0), ["_id", "a", "b"]);
        let rows = answer.rows(0);
        assert_eq!(rows[0][1], Value::Null);
        assert_eq!(rows[1][1].type_name(), "absent");
        let got = get(
            &*server.store(),
            "gaps",
            &[key(Value::I64(1)), key(Value::I64(2))],
            &["a"],
        )
        .await;
        let at = |nth: usize| {
            got.found[nth]
                .as_ref()
                .expect("read")
                .as_ref()
                .expect("there")
                .at(&path("a"))
                .cloned()
        };
        assert_eq!((at(0), at(1)), (Some(Value::Null), None));
        server.end().await;
    }
}

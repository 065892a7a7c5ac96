//! Indices of an Elasticsearch or OpenSearch server that hold a mark.

use elasticsearch::Elasticsearch;
use elasticsearch::auth::Credentials;
use elasticsearch::http::Method;
use elasticsearch::http::Url;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_tests::servers::Server;
use serde_json::{Value, json};

use crate::ground::{Ground, ODD, Owner, Stranger, USERS, WIDE, Words, connect_to, dataset, mark};
use crate::types::{Place, Typed, typed};

const NO_ACCOUNTS: &str =
    "the distribution of the test server has no security module, so it has no accounts";

pub(crate) const NOT_APPLICABLE: &[(&str, &str)] = &[];

pub(crate) const NOT_APPLICABLE_TO_OPENSEARCH: &[(&str, &str)] = &[
    (crate::WRONG_PASSWORD, NO_ACCOUNTS),
    (crate::NO_RIGHTS, NO_ACCOUNTS),
    (crate::TLS_REFUSED, "the test server is started without TLS"),
];

/// Searches of the endless statement, one after the other.
const MANY: usize = 20_000;

struct Indices {
    client: Elasticsearch,
    /// Of every account.
    password: String,
    mark: String,
}

impl Indices {
    async fn ask(&self, method: Method, path: &str, body: &str) -> Result<String, Failed> {
        let mut headers = HeaderMap::new();
        let kind = if path.contains("_bulk") {
            "application/x-ndjson"
        } else {
            "application/json"
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let body = Some(body.to_owned()).filter(|it| !it.is_empty());
        let answer = self
            .client
            .send(method, path, headers, None::<&()>, body, None)
            .await?;
        let status = answer.status_code();
        let text = answer.text().await?;
        if status.is_success() && !text.contains("\"errors\":true") {
            return Ok(text);
        }
        Err(Failed::from(format!("{path}: {status}: {text}")))
    }

    async fn index(&self, name: &str, mapping: &Value) -> Result<(), Failed> {
        let body = json!({
            "settings": { "number_of_shards": 1, "number_of_replicas": 0 },
            "mappings": mapping,
        });
        self.ask(Method::Put, &format!("/{name}"), &body.to_string())
            .await?;
        Ok(())
    }

    async fn write(&self, name: &str, documents: &[(String, String)]) -> Result<(), Failed> {
        let lines = documents
            .iter()
            .map(|(id, it)| format!("{}\n{it}\n", json!({ "index": { "_id": id } })));
        let body: String = lines.collect();
        self.ask(Method::Post, &format!("/{name}/_bulk?refresh=true"), &body)
            .await?;
        Ok(())
    }
}

impl Owner for Indices {
    fn running<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<usize, Failed>> {
        async move {
            let path = "/_tasks?actions=*search*&group_by=none&detailed=true";
            let listed = self.ask(Method::Get, path, "").await?;
            Ok(listed.matches(mark).count())
        }
        .boxed()
    }

    fn typed<'a>(
        &'a self,
        mark: &'a str,
        types: &'a [Typed],
    ) -> BoxFuture<'a, Result<Vec<Place>, Failed>> {
        async move {
            let name = format!("typed_{mark}");
            let columns = types.iter().enumerate();
            let mapping: serde_json::Map<String, Value> = columns
                .clone()
                .map(|(nth, it)| (format!("c{nth}"), json!({ "type": it.declared })))
                .collect();
            self.index(&name, &json!({ "properties": mapping })).await?;
            let fields: Vec<String> = columns
                .map(|(nth, it)| format!("\"c{nth}\":{}", it.literal))
                .collect();
            let document = format!("{{{}}}", fields.join(","));
            self.write(&name, &[("1".to_owned(), document)]).await?;
            let place = |nth| {
                Ok(Place {
                    dataset: dataset(&name)?,
                    key_path: FieldPath::name("@id"),
                    key: "1".to_owned(),
                    path: FieldPath::name(format!("c{nth}")),
                    statement: format!("GET /{name}/_source/1"),
                })
            };
            (0..types.len()).map(place).collect()
        }
        .boxed()
    }

    /// The test server has one from its start: it can make none.
    fn stranger<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>> {
        async {
            Ok(Stranger {
                user: "reader".to_owned(),
                password: self.password.clone(),
            })
        }
        .boxed()
    }

    /// Not before it is asked for: the server would hold one for every ground, and refuse more.
    fn widen<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<(), Failed>> {
        async move {
            let document = json!({ "value": "x".repeat(WIDE) }).to_string();
            let name = format!("wide_{mark}");
            self.write(&name, &[("big".to_owned(), document)]).await
        }
        .boxed()
    }

    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>> {
        async move {
            let path = format!("/_cat/indices/*{}*?h=index&format=json", self.mark);
            let listed: Value = serde_json::from_str(&self.ask(Method::Get, &path, "").await?)?;
            for index in listed.as_array().into_iter().flatten() {
                let name = encoded(index["index"].as_str().unwrap_or_default());
                self.ask(Method::Delete, &format!("/{name}"), "").await?;
            }
            Ok(())
        }
        .boxed()
    }
}

/// Percent-encodes all but letters and digits.
fn encoded(text: &str) -> String {
    let encode = |it: u8| match it {
        b'_' => "_".to_owned(),
        it if it.is_ascii_alphanumeric() => char::from(it).to_string(),
        it => format!("%{it:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Searches that each look at every term.
fn endless(index: &str) -> String {
    let mut text = format!("POST /{index}/_msearch?max_concurrent_searches=1\n");
    for nth in 0..MANY {
        let query = json!({ "size": 0, "query": { "wildcard": { "name": { "value": format!("*u*s*e*{nth}*x*") } } } });
        text.push_str(&format!("{{}}\n{query}\n"));
    }
    text
}

pub(crate) async fn ground(server: &Server) -> Result<Ground, Failed> {
    let mark = mark();
    let place = format!("http://127.0.0.1:{}", server.port());
    let node = SingleNodeConnectionPool::new(Url::parse(&place)?);
    let mut transport = TransportBuilder::new(node);
    if !server.password().is_empty() {
        let (user, password) = (server.user().to_owned(), server.password().to_owned());
        transport = transport.auth(Credentials::Basic(user, password));
    }
    let own = Indices {
        client: Elasticsearch::new(transport.build()?),
        password: server.password().to_owned(),
        mark: mark.clone(),
    };
    let properties = json!({ "properties": {
        "id": { "type": "long" }, "name": { "type": "keyword" }, "updated_at": { "type": "date" },
        "value": { "type": "text", "index": false },
    } });
    let first: jiff::Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let users: Vec<(String, String)> = (1..=USERS)
        .map(|id| {
            let updated = first + jiff::SignedDuration::from_secs(i64::from(id));
            let user =
                json!({ "id": id, "name": format!("user {id}"), "updated_at": updated.to_string() });
            (id.to_string(), user.to_string())
        })
        .collect();
    let odd = format!("odd-é'{{id}};drop--{mark}");
    let value = |it: String| json!({ "value": it }).to_string();
    for (name, documents) in [
        (format!("users_{mark}"), users),
        (format!("wide_{mark}"), Vec::new()),
        (format!("empty_{mark}"), Vec::new()),
        (odd.clone(), vec![(ODD.to_owned(), value("odd".to_owned()))]),
    ] {
        let name = encoded(&name);
        own.index(&name, &properties).await?;
        if !documents.is_empty() {
            own.write(&name, &documents).await?;
        }
    }
    let place = |name: &str| dataset(&format!("{name}_{mark}"));
    let (store, canceller) = connect_to(server, server.password())?;
    Ok(Ground {
        store,
        _canceller: canceller,
        key: FieldPath::name("@id"),
        users: place("users")?,
        wide: place("wide")?,
        empty: place("empty")?,
        odd: dataset(&format!("\"{odd}\""))?,
        value: FieldPath::name("value"),
        words: Words {
            endless: endless(&format!("users_{mark}")),
            write: format!("DELETE /users_{mark}/_doc/1"),
            two: format!("GET /users_{mark}/_count\nGET /users_{mark}/_count"),
            nobody: format!(
                "GET /users_{mark}/_search\n{{\"query\":{{\"term\":{{\"id\":{{{{nobody}}}}}}}}}}"
            ),
            big: format!("GET /wide_{mark}/_source/big"),
        },
        listed: mark.clone(),
        mark,
        owner: Box::new(own),
    })
}

/// Types of fields: what is read is the document as it was sent, so that nothing is rounded.
pub(crate) fn types() -> Vec<Typed> {
    vec![
        typed("boolean", "true", "bool", "true"),
        typed("long", "9223372036854775807", "int", "9223372036854775807"),
        typed("double", "0.10", "decimal", "0.10"),
        typed("keyword", "\"ä€𝄞 'quoted'\"", "text", "ä€𝄞 'quoted'"),
        typed("text", "\"The Quick Fox\"", "text", "The Quick Fox"),
        typed(
            "date",
            "\"2024-02-29T12:00:00.001Z\"",
            "text",
            "2024-02-29T12:00:00.001Z",
        ),
        typed("ip", "\"10.0.0.1\"", "text", "10.0.0.1"),
        typed(
            "geo_point",
            "{\"lat\":52.5,\"lon\":13.4}",
            "map",
            "{\"lat\":\"52.5\",\"lon\":\"13.4\"}",
        ),
        typed(
            "object",
            "{\"b\":[{\"a\":9007199254740993}]}",
            "map",
            "{\"b\":[{\"a\":\"9007199254740993\"}]}",
        ),
        typed("keyword", "null", "null", "null"),
    ]
}

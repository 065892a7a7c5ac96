//! Elasticsearch and OpenSearch.

use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use elasticsearch::http::{Method, StatusCode, Url};
use libtest_mimic::Failed;
use parallax_tests::servers::{self, Server};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::ensure;

pub(crate) fn accounts() -> Result<(), Failed> {
    let server = servers::address("elasticsearch");
    let owner = transport(&server, Some(["parallax", server.password()]))?;
    let reader = transport(&server, Some(["reader", server.password()]))?;
    let stranger = transport(&server, Some(["parallax", "wrong"]))?;
    let number = std::process::id();
    Runtime::new()?.block_on(async {
        for (index, allowed) in [
            (format!("readable-{number}"), StatusCode::OK),
            (format!("hidden-{number}"), StatusCode::FORBIDDEN),
        ] {
            let path = format!("/{index}/_doc/1?refresh=true");
            let (status, _) = ask(&owner, Method::Put, &path, Some(json!({}))).await?;
            ensure(status == StatusCode::CREATED, "nothing was written")?;
            let search = format!("/{index}/_search");
            let (read, _) = ask(&reader, Method::Get, &search, None).await?;
            let (refused, _) = ask(&stranger, Method::Get, &search, None).await?;
            ask(&owner, Method::Delete, &format!("/{index}"), None).await?;
            ensure(read == allowed, &format!("{index}: {read}"))?;
            ensure(refused == StatusCode::UNAUTHORIZED, "strangers read")?;
        }
        Ok(())
    })
}

pub(crate) fn restart() -> Result<(), Failed> {
    let mut instance = servers::private("elasticsearch");
    let runtime = Runtime::new()?;
    let url = instance.server().url.clone();
    let document = json!({"answer": 42});
    runtime.block_on(async {
        let transport = login(instance.server())?;
        ask(&transport, Method::Put, "/kept/_doc/1", Some(document)).await
    })?;
    // Waits until nobody takes connections there any more.
    instance.kill();
    instance.start();
    ensure(instance.server().url == url, "it moved")?;
    let (_, kept) = runtime.block_on(async {
        let transport = login(instance.server())?;
        ask(&transport, Method::Get, "/kept/_doc/1", None).await
    })?;
    let answer = kept.pointer("/_source/answer");
    ensure(answer == Some(&json!(42)), &kept.to_string())
}

pub(crate) fn tls() -> Result<(), Failed> {
    // It speaks either plainly or over TLS, and the shared one speaks plainly.
    let instance = servers::private("elasticsearch-tls");
    let (_, answer) = Runtime::new()?.block_on(async {
        let transport = login(instance.server())?;
        ask(&transport, Method::Get, "/_security/_authenticate", None).await
    })?;
    let user = answer.get("username");
    ensure(user == Some(&json!("parallax")), &answer.to_string())
}

pub(crate) fn scripts() -> Result<(), Failed> {
    let server = servers::address("opensearch");
    let index = format!("servers-{}", std::process::id());
    let script = json!({"script": {"source": "ctx._source.answer *= 2"}});
    Runtime::new()?.block_on(async {
        let transport = transport(&server, None)?;
        let path = format!("/{index}/_doc/1");
        ask(&transport, Method::Put, &path, Some(json!({"answer": 21}))).await?;
        let update = format!("/{index}/_update/1");
        ask(&transport, Method::Post, &update, Some(script)).await?;
        let (_, found) = ask(&transport, Method::Get, &path, None).await?;
        ask(&transport, Method::Delete, &format!("/{index}"), None).await?;
        let answer = found.pointer("/_source/answer");
        ensure(answer == Some(&json!(42)), &found.to_string())
    })
}

fn login(server: &Server) -> Result<Transport, Failed> {
    transport(server, Some(["parallax", server.password()]))
}

/// With the certificate checked, where there is one.
fn transport(server: &Server, login: Option<[&str; 2]>) -> Result<Transport, Failed> {
    let scheme = server.url.split(':').next().unwrap_or_default();
    let url = format!("{scheme}://127.0.0.1:{}", server.port());
    let mut builder =
        TransportBuilder::new(SingleNodeConnectionPool::new(Url::parse(&url)?)).disable_proxy();
    if let Some([user, password]) = login {
        builder = builder.auth(Credentials::Basic(user.to_owned(), password.to_owned()));
    }
    if let Some(authority) = &server.ca {
        let certificate = Certificate::from_pem(&std::fs::read(authority)?)?;
        builder = builder.cert_validation(CertificateValidation::Full(certificate));
    }
    Ok(builder.build()?)
}

async fn ask(
    transport: &Transport,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<(StatusCode, Value), Failed> {
    let headers = HeaderMap::new();
    let body = body.map(elasticsearch::http::request::JsonBody::new);
    let response = transport
        .send(method, path, headers, None::<&()>, body, None)
        .await?;
    let status = response.status_code();
    Ok((status, response.json().await?))
}

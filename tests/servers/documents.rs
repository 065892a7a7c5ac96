//! The stand-ins that speak the MongoDB wire.

use libtest_mimic::Failed;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, Tls, TlsOptions};
use parallax_tests::servers::{self, Server};
use tokio::runtime::Runtime;

use crate::ensure;

pub(crate) fn password() -> Result<(), Failed> {
    let server = servers::address("ferretdb");
    let wrong = server.url.replacen(server.password(), "wrong", 1);
    Runtime::new()?.block_on(async {
        let find = doc! { "find": "nothing", "limit": 1 };
        let options = ClientOptions::parse(wrong).await?;
        let database = Client::with_options(options)?.database("parallax");
        let error = database.run_command(find.clone()).await.err();
        let error = error.ok_or("it lets in who does not know the password")?;
        ensure(
            error.to_string().to_lowercase().contains("authentication"),
            &error.to_string(),
        )?;
        let options = ClientOptions::parse(&server.url).await?;
        let database = Client::with_options(options)?.database("parallax");
        database.run_command(find).await?;
        Ok(())
    })
}

pub(crate) fn ferretdb() -> Result<(), Failed> {
    keeps(&servers::address("ferretdb"))
}

pub(crate) fn mongo_java_server() -> Result<(), Failed> {
    keeps(&servers::address("mongo-java-server"))
}

/// Written without TLS, read with it.
fn keeps(server: &Server) -> Result<(), Failed> {
    let name = format!("servers_{}", std::process::id());
    Runtime::new()?.block_on(async {
        let plain = Client::with_options(ClientOptions::parse(&server.url).await?)?;
        let safe = Client::with_options(over_tls(server).await?)?;
        let written = plain.database("parallax").collection::<Document>(&name);
        written
            .insert_one(doc! { "_id": 42, "body": "kept" })
            .await?;
        let read = safe.database("parallax").collection::<Document>(&name);
        let found = read.find_one(doc! { "_id": 42 }).await?;
        let found = found.ok_or("the document is lost")?;
        written.delete_one(doc! { "_id": 42 }).await?;
        ensure(found.get_str("body")? == "kept", "the document changed")
    })
}

/// With the certificate checked.
async fn over_tls(server: &Server) -> Result<ClientOptions, Failed> {
    let url = server.tls_url.as_deref().ok_or("no URL for TLS")?;
    let authority = server.ca.clone().ok_or("no certificate")?;
    let mut options = ClientOptions::parse(url).await?;
    let tls = TlsOptions::builder().ca_file_path(authority).build();
    options.tls = Some(Tls::Enabled(tls));
    Ok(options)
}

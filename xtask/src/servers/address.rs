//! The address file: which servers run, and how they are reached.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::failure::{During, Failure, Result};
use crate::servers::file;
use crate::servers::process::Process;

/// Where a running server is. Holds a password, so it has no `Debug`.
#[derive(Clone, PartialEq)]
pub(crate) struct Address {
    pub(crate) product: String,
    pub(crate) version: String,
    /// With account and password.
    pub(crate) url: String,
    /// The same over TLS.
    pub(crate) tls_url: Option<String>,
    /// The certificate of the authority that signed the server's.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) process: Process,
}

impl Address {
    fn to_json(&self) -> Value {
        json!({
            "product": self.product,
            "version": self.version,
            "url": self.url,
            "tls_url": self.tls_url,
            "ca": self.ca,
            "pid": self.process.pid,
            "started": self.process.started,
            "log": self.log,
            "data": self.data,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        Some(Self {
            product: text("product")?,
            version: text("version")?,
            url: text("url")?,
            tls_url: text("tls_url"),
            ca: text("ca").map(PathBuf::from),
            data: text("data")?.into(),
            log: text("log")?.into(),
            process: Process {
                pid: value.get("pid")?.as_u64()?.try_into().ok()?,
                started: text("started")?,
            },
        })
    }

    /// The URL as it may be shown.
    pub(crate) fn shown_url(&self) -> String {
        let Some((scheme, rest)) = self.url.split_once("://") else {
            return "***".to_owned();
        };
        match rest.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}:***@{host}")
            }
            None => self.url.clone(),
        }
    }
}

/// All servers of one address file, by name.
#[derive(Default)]
pub(crate) struct Book(pub(crate) BTreeMap<String, Address>);

impl Book {
    /// A file that is not there is an empty book.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(file).during(format_args!("read {}", file.display()))?;
        Self::parse(&text).ok_or_else(|| {
            Failure::new(format!("{} does not say where servers are", file.display()))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let json: Map<String, Value> = serde_json::from_str(text).ok()?;
        let entries = json
            .iter()
            .map(|(name, value)| Some((name.clone(), Address::from_json(value)?)));
        Some(Self(entries.collect::<Option<_>>()?))
    }

    /// Readers see the old file or the new one, whole.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        file::replace(file, &self.to_json())
    }

    pub(crate) fn to_json(&self) -> String {
        let entries = self.0.iter();
        let json: Map<String, Value> = entries
            .map(|(name, address)| (name.clone(), address.to_json()))
            .collect();
        format!("{:#}\n", Value::Object(json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(tls_url: Option<&str>) -> Address {
        Address {
            product: "Store".to_owned(),
            version: "1.2".to_owned(),
            url: "store://me:secret@127.0.0.1:20001/0".to_owned(),
            tls_url: tls_url.map(str::to_owned),
            ca: tls_url.map(|_| "/ca.pem".into()),
            data: "/data".into(),
            log: "/log".into(),
            process: Process {
                pid: 7,
                started: "8@9".to_owned(),
            },
        }
    }

    #[test]
    fn a_book_reads_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("parallax-book-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("servers.json");
        let names = ["plain".to_owned(), "safe".to_owned()];
        let addresses = [address(None), address(Some("stores://127.0.0.1:20002"))];
        let book = Book(names.into_iter().zip(addresses).collect());
        book.write(&file).unwrap();
        let read = Book::read(&file).unwrap();
        assert!(read.0 == book.0, "{}", read.to_json());
        let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert_eq!(left.len(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_of_something_else_is_no_book() {
        assert!(Book::parse(r#"{"redis": 7}"#).is_none());
    }

    #[test]
    fn no_file_is_an_empty_book() {
        assert!(Book::read(Path::new("/nowhere")).unwrap().0.is_empty());
    }

    #[test]
    fn a_shown_url_hides_the_password() {
        let shown = address(None).shown_url();
        assert_eq!(shown, "store://me:***@127.0.0.1:20001/0");
    }
}

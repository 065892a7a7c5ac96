//! Hits of a search and documents of a multi-get, as they lie in the answer.

use std::borrow::Cow;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::{Key, Record, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{self, Cause};

/// The answer to a search.
#[derive(Debug, Deserialize)]
pub(super) struct Searched<'a> {
    #[serde(default)]
    pub(super) timed_out: bool,
    #[serde(borrow, default, rename = "_shards")]
    shards: Option<Shards<'a>>,
    #[serde(borrow, default, rename = "_scroll_id")]
    pub(super) scroll: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "pit_id")]
    pub(super) point: Option<Cow<'a, str>>,
    #[serde(borrow)]
    hits: Hits<'a>,
}

#[derive(Debug, Deserialize)]
struct Hits<'a> {
    #[serde(borrow, default)]
    hits: Vec<Hit<'a>>,
}

#[derive(Debug, Deserialize)]
struct Shards<'a> {
    #[serde(default)]
    failed: u64,
    #[serde(borrow, default)]
    failures: Vec<ShardFailure<'a>>,
}

#[derive(Debug, Deserialize)]
struct ShardFailure<'a> {
    #[serde(borrow, default)]
    reason: Option<Cause<'a>>,
}

impl<'a> Searched<'a> {
    /// The hits, if they are all there are: a part that timed out or failed makes the whole unknown.
    pub(super) fn complete(self, operation: &'static str) -> Result<Vec<Hit<'a>>> {
        if self.timed_out {
            return Err(Error::new(ErrorKind::Timeout, operation)
                .because("the server ended the search when its time was over"));
        }
        let shards = self.shards.as_ref().filter(|it| it.failed > 0);
        if let Some(shards) = shards {
            let first = shards.failures.iter().find_map(|it| it.reason.as_ref());
            return Err(match first {
                Some(cause) => fault::told(cause, 500, operation),
                None => Error::new(ErrorKind::Unreachable, operation)
                    .because(format!("{} shards did not answer", shards.failed)),
            });
        }
        Ok(self.hits.hits)
    }
}

/// One document, as a search or a multi-get gives it.
#[derive(Debug, Deserialize)]
pub(super) struct Hit<'a> {
    #[serde(borrow, rename = "_index")]
    pub(super) index: Cow<'a, str>,
    #[serde(borrow, rename = "_id")]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default, rename = "_source")]
    pub(super) source: Option<&'a RawValue>,
    #[serde(default, rename = "_version")]
    pub(super) version: Option<i64>,
    #[serde(default, rename = "_seq_no")]
    pub(super) seq_no: Option<i64>,
    #[serde(default, rename = "_primary_term")]
    pub(super) primary_term: Option<i64>,
    #[serde(borrow, default, rename = "_routing")]
    pub(super) routing: Option<Cow<'a, str>>,
    #[serde(default, rename = "_score")]
    score: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) sort: Option<&'a RawValue>,
    /// Only in a multi-get.
    #[serde(default)]
    pub(super) found: Option<bool>,
    /// Only in a multi-get.
    #[serde(borrow, default)]
    pub(super) error: Option<Cause<'a>>,
}

impl Hit<'_> {
    /// What the server knows about the document, by the names of paths.
    pub(super) fn meta(&self) -> Vec<(String, Value)> {
        let number = |name: &str, it: Option<i64>| Some((name.to_owned(), Value::I64(it?)));
        let text = |name: &str, it: &str| (name.to_owned(), Value::from(it));
        let score = self.score.map(RawValue::get).filter(|it| *it != "null");
        let score = score.and_then(|it| Value::from_json(it).ok());
        [
            Some(text("@id", &self.id)),
            Some(text("@index", &self.index)),
            number("@version", self.version),
            number("@seq_no", self.seq_no),
            number("@primary_term", self.primary_term),
            self.routing.as_deref().map(|it| text("@routing", it)),
            score.map(|it| ("@score".to_owned(), it)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What a path that begins with `@` names.
    pub(super) fn known(&self, name: &str) -> Option<Value> {
        match name {
            "@id" | "_id" | "@key" => Some(Value::from(&*self.id)),
            "@index" => Some(Value::from(&*self.index)),
            "@version" => self.version.map(Value::I64),
            "@seq_no" => self.seq_no.map(Value::I64),
            "@primary_term" => self.primary_term.map(Value::I64),
            "@routing" => self.routing.as_deref().map(Value::from),
            _ => None,
        }
    }

    /// The document, exactly; fails where the index keeps no source.
    pub(super) fn body(&self, operation: &'static str) -> Result<Value> {
        let source = self.source.ok_or_else(|| no_source(operation))?;
        Value::from_json(source.get())
    }

    pub(super) fn record(&self, key: Key, operation: &'static str) -> Result<Record> {
        Ok(Record {
            key,
            body: self.body(operation)?,
            meta: self.meta(),
        })
    }
}

pub(super) fn no_source(operation: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, operation)
        .because("the index keeps no `_source`, so its documents cannot be read")
        .hint("compare by what is kept: index the documents anew with `_source` enabled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(text: &str) -> Searched<'_> {
        serde_json::from_str(text).expect("an answer")
    }

    #[test]
    fn numbers_of_a_document_keep_their_digits() {
        let answer = r#"{"hits":{"hits":[{"_index":"a","_id":"é\n","_score":null,"_version":3,"_seq_no":9007199254740993,
            "_primary_term":1,"_source":{"n":18446744073709551615,"d":0.10,"big":123456789012345678901234567890.5}}]}}"#;
        let hits = searched(answer).complete("read").expect("hits");
        let record = hits[0].record(Key::new(vec![]), "read").expect("a record");
        assert_eq!(
            record.body.to_string(),
            r#"{"n":18446744073709551615,"d":0.10,"big":123456789012345678901234567890.5}"#
        );
        let meta: Vec<String> = record
            .meta
            .iter()
            .map(|(name, it)| format!("{name}={it}"))
            .collect();
        assert_eq!(
            meta,
            [
                "@id=é\n",
                "@index=a",
                "@version=3",
                "@seq_no=9007199254740993",
                "@primary_term=1"
            ]
        );
    }

    #[test]
    fn half_an_answer_is_none() {
        let late = searched(r#"{"timed_out":true,"hits":{"hits":[]}}"#).complete("read");
        assert_eq!(late.expect_err("late").kind, ErrorKind::Timeout);
        let failed = searched(
            r#"{"_shards":{"failed":1,"failures":[{"reason":{"type":"circuit_breaking_exception","reason":"full"}}]},"hits":{"hits":[]}}"#,
        );
        assert_eq!(
            failed.complete("read").expect_err("failed").kind,
            ErrorKind::Busy
        );
    }

    #[test]
    fn a_document_without_source_says_so() {
        let hits = searched(r#"{"hits":{"hits":[{"_index":"a","_id":"1"}]}}"#).complete("read");
        let error = hits.expect("hits")[0].body("read").expect_err("none");
        assert_eq!(error.kind, ErrorKind::Unsupported);
    }
}

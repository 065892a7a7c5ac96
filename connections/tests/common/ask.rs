//! Calls of a test, and what they are answered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use parallax_core::error::Error;
use parallax_core::store::{
    Access, Batch, Call, CallId, Chunk, Fields, KeyPart, Projection, Purpose, Statement, Store,
};
use parallax_core::value::Value;

static NEXT: AtomicU64 = AtomicU64::new(1);

pub(crate) fn call() -> Call {
    call_within(Duration::from_secs(30))
}

pub(crate) fn call_within(deadline: Duration) -> Call {
    Call {
        id: CallId(NEXT.fetch_add(1, Ordering::Relaxed)),
        deadline,
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

pub(crate) fn writing() -> Call {
    Call {
        access: Access::ReadWrite,
        ..call()
    }
}

pub(crate) fn statement(text: &str) -> Statement {
    Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    }
}

/// All fields of a record by its key.
pub(crate) fn by(key: &[&str]) -> Projection {
    Projection {
        key: key
            .iter()
            .map(|it| KeyPart {
                name: (*it).to_owned(),
                path: it.parse().expect("a path"),
            })
            .collect(),
        fields: Fields::All,
        filter: None,
    }
}

/// These fields of a record by its key.
pub(crate) fn fields(key: &[&str], listed: &[&str]) -> Projection {
    let paths = listed.iter().map(|it| it.parse().expect("a path"));
    Projection {
        fields: Fields::Listed(paths.collect()),
        ..by(key)
    }
}

/// What a text of statements gives: each result's batches, and its changed rows.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) results: Vec<(Vec<Batch>, Option<u64>)>,
    pub(crate) notices: Vec<String>,
    pub(crate) error: Option<Error>,
}

impl Answer {
    /// The rows of all results.
    pub(crate) fn rows(&self) -> Vec<Vec<Value>> {
        let batches = self.results.iter().flat_map(|it| &it.0);
        let rows = batches.flat_map(|it| it.cells.chunks(it.columns.len().max(1)));
        rows.map(<[Value]>::to_vec).collect()
    }
}

pub(crate) async fn ask(store: &dyn Store, call: &Call, statement: &Statement) -> Answer {
    let mut answer = Answer::default();
    answer.results.push((Vec::new(), None));
    let mut rows = match store.query(call, statement).await {
        Ok(rows) => rows,
        Err(error) => {
            answer.error = Some(error);
            return answer;
        }
    };
    while let Some(chunk) = rows.next().await {
        let last = answer.results.last_mut().expect("a result");
        match chunk {
            Ok(Chunk::Rows(batch)) => last.0.push(batch),
            Ok(Chunk::Done { affected }) => last.1 = affected,
            Ok(Chunk::NextResult) => answer.results.push((Vec::new(), None)),
            Ok(Chunk::Notice(text)) => answer.notices.push(text),
            Err(error) => answer.error = Some(error),
        }
    }
    answer
}

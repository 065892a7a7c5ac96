//! Requests that people type, as a stream of results.

use std::collections::VecDeque;
use std::sync::Arc;

use elasticsearch::http::Method;
use futures::stream::unfold;
use parallax_core::error::{Error, Result};
use parallax_core::store::{Access, Batch, Call, Chunk, Column, Rows, Statement};
use parallax_core::value::Value;

use super::client::{Client, Exchange};
use super::console::{Typed, requests};
use super::request::method_name;
use super::{fault, readonly, render};

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// Starts the requests of a text, one after the other; each gives one result or several.
///
/// All of them are judged before the first is sent.
pub(super) async fn start(
    client: &Arc<Client>,
    call: &Call,
    statement: &Statement,
) -> Result<Rows> {
    let typed = requests(&statement.text, &statement.parameters)?;
    let exchange = client.exchange(call);
    if call.access == Access::ReadOnly {
        // Where the version is not known, the older one is feared.
        let product = exchange.product().await;
        let has_types = product.map_or(true, |it| it.has_types());
        for it in &typed {
            readonly::check(&it.request, has_types).map_err(|error| in_line(error, it))?;
        }
    }
    let run = Run {
        exchange,
        access: call.access,
        typed: typed.into_iter().map(in_json).collect(),
        ready: VecDeque::new(),
        rest: None,
    };
    Ok(Box::pin(unfold(Some(run), |run| async {
        let mut run = run?;
        match run.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(run))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })))
}

/// The lists of `_cat` are asked for as JSON, so that they have columns.
fn in_json(mut typed: Typed) -> Typed {
    let resource = &mut typed.request.resource;
    let is_list = resource.segments.len() > 1
        && resource.segments.first().is_some_and(|it| it == "_cat")
        && !resource.has("format")
        && !resource.has("help");
    if is_list {
        resource
            .query
            .push(("format".to_owned(), "json".to_owned()));
    }
    typed
}

fn in_line(error: Error, typed: &Typed) -> Error {
    Error {
        operation: format!("{} in line {}", error.operation, typed.line).into(),
        ..error
    }
}

/// The requests that have still to run, and what is left of the last results.
struct Run {
    exchange: Exchange,
    access: Access,
    typed: VecDeque<Typed>,
    ready: VecDeque<Chunk>,
    rest: Option<Rest>,
}

impl Run {
    async fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            if let Some(rest) = &mut self.rest {
                match rest.chunk() {
                    Some(chunk) => return Ok(Some(chunk)),
                    None => self.end(),
                }
                continue;
            }
            let Some(typed) = self.typed.pop_front() else {
                return Ok(None);
            };
            self.run(&typed).await?;
        }
    }

    async fn run(&mut self, typed: &Typed) -> Result<()> {
        let request = &typed.request;
        // What may write is never sent twice.
        let answer = if self.access == Access::ReadOnly {
            self.exchange.read(request).await?
        } else {
            self.exchange.send(request).await?
        };
        // That a document is not there is an answer; only what has an error is one.
        let is_absence = answer.status == 404 && !has_error(&answer.body);
        if answer.is_error() && request.method != Method::Head && !is_absence {
            let method = method_name(request.method);
            let operation = format!(
                "run {method} /{} in line {}",
                request.resource.text(),
                typed.line
            );
            return Err(hinted(fault::answered(&answer, operation), typed));
        }
        self.ready
            .extend(answer.warnings.iter().cloned().map(Chunk::Notice));
        let tables = render::tables(request, &answer)?;
        let affected = (self.access == Access::ReadWrite).then(|| render::affected(&answer));
        self.rest = Some(Rest {
            tables: tables.into(),
            begun: false,
            affected: affected.flatten(),
        });
        Ok(())
    }

    fn end(&mut self) {
        let affected = self.rest.take().and_then(|it| it.affected);
        self.ready.push_back(Chunk::Done { affected });
        if !self.typed.is_empty() {
            self.ready.push_back(Chunk::NextResult);
        }
    }
}

fn has_error(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Body {
        error: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Body>(body).map_or(true, |it| it.error.is_some())
}

/// Languages that only some servers have are named, where one is missing.
fn hinted(error: Error, typed: &Typed) -> Error {
    let is_missing = error.kind == parallax_core::error::ErrorKind::Unsupported
        || error.to_string().contains("no handler found")
        || error.to_string().contains("must not start with '_'");
    let hint = match typed.request.resource.segments.first().map(String::as_str) {
        Some("_query") => "ES|QL needs Elasticsearch 8.11 or later, with its own modules",
        Some("_sql" | "_xpack") => {
            "SQL needs Elasticsearch with its own modules; on OpenSearch the plug-in answers POST /_plugins/_sql"
        }
        Some("_plugins" | "_opendistro") => "this needs the plug-in of OpenSearch",
        _ => return error,
    };
    if is_missing { error.hint(hint) } else { error }
}

/// The rows that have not been given away.
struct Rest {
    tables: VecDeque<render::Table>,
    /// The first rows of the first table were given away.
    begun: bool,
    affected: Option<u64>,
}

impl Rest {
    /// The next rows; the first batch of a table comes even when it has none.
    fn chunk(&mut self) -> Option<Chunk> {
        let table = self.tables.front_mut()?;
        if let Some(notice) = table.notices.pop() {
            return Some(Chunk::Notice(notice));
        }
        if self.begun && table.rows.is_empty() {
            self.tables.pop_front();
            self.begun = false;
            return (!self.tables.is_empty()).then_some(Chunk::NextResult);
        }
        self.begun = true;
        let columns: Arc<[Column]> = Arc::clone(&table.columns);
        let (mut rows, mut bytes) = (0, 0);
        for row in &table.rows {
            if rows == BATCH_ROWS || bytes >= BATCH_BYTES {
                break;
            }
            rows += 1;
            bytes += row.iter().map(size).sum::<usize>();
        }
        let cells = table.rows.drain(..rows).flatten().collect();
        Some(Chunk::Rows(Batch {
            columns,
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            cells,
        }))
    }
}

/// About what a cell takes in memory.
fn size(value: &Value) -> usize {
    let content = match value {
        Value::Text(it) => it.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(members) => members.iter().map(|(name, it)| name.len() + size(it)).sum(),
        _ => 0,
    };
    size_of::<Value>() + content
}

//! Statements that people type, as a stream of results.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::unfold;
use mongodb::bson::{Bson, Document, RawArrayBuf, RawDocumentBuf};
use mongodb::raw_batch_cursor::RawBatch;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Call, Chunk, Rows, Statement};
use parallax_core::value::Value;

use super::link::Link;
use super::mql::{self, Plan, Reply};
use super::places::Namespace;
use super::products::Known;
use super::rows::{Table, array};
use super::session::{Cursor, Session};
use super::{readonly, types};

const OPERATION: &str = "run the statement";

/// The most documents of one answer of the server.
const BATCH: u32 = 1_000;

/// The same, where a server sets no limit and their size is not known.
const FEW: u32 = 100;

/// Starts the statements of a text; each gives one result.
pub(super) async fn start(link: &Arc<Link>, call: &Call, statement: &Statement) -> Result<Rows> {
    let plans = mql::plans(&statement.text, &statement.parameters)?;
    if call.access == Access::ReadOnly
        && let Some(refused) = plans.iter().find_map(|it| readonly::refusal(&it.command))
    {
        return Err(refused);
    }
    let run = Run {
        session: link.session(call).await?,
        access: call.access,
        plans: plans.into(),
        ready: VecDeque::new(),
        open: None,
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

/// The statements that have still to run, and what is left of the last result.
struct Run {
    session: Arc<Session>,
    access: Access,
    plans: VecDeque<Plan>,
    ready: VecDeque<Chunk>,
    open: Option<Open>,
}

/// A result whose documents still come.
struct Open {
    cursor: Cursor,
    table: Table,
    is_told: bool,
}

impl Run {
    async fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            if let Some(open) = &mut self.open {
                if let Some(batch) = open.cursor.next().await? {
                    open.take(&batch, &mut self.ready)?;
                } else {
                    self.open = None;
                    self.end(None);
                }
                continue;
            }
            let Some(plan) = self.plans.pop_front() else {
                return Ok(None);
            };
            self.run(&plan).await.map_err(|it| placed(it, &plan))?;
        }
    }

    async fn run(&mut self, plan: &Plan) -> Result<()> {
        let database = self.database(plan)?;
        if matches!(plan.reply, Reply::Documents | Reply::Count) {
            return self.begin(&database, plan).await;
        }
        let reply = match self.access {
            Access::ReadOnly => {
                self.session
                    .run(&database, &plan.command, OPERATION)
                    .await?
            }
            Access::ReadWrite => {
                self.session
                    .run_once(&database, &plan.command, OPERATION)
                    .await?
            }
        };
        match plan.reply {
            Reply::Values(name) => self.values(name, &reply)?,
            Reply::Members(name) => {
                let members = reply.get_array(name).cloned().unwrap_or_default();
                self.documents(members.iter().filter_map(Bson::as_document))?;
            }
            Reply::Number => {
                let number = reply.get("n").cloned().unwrap_or(Bson::Null);
                self.one("count", value_of(&number)?);
            }
            Reply::Written => {
                self.documents(std::iter::once(&reply))?;
                self.end(written(&reply));
                return failed_writes(&reply);
            }
            Reply::Document | Reply::Documents | Reply::Count => {
                self.documents(std::iter::once(&reply))?;
            }
        }
        self.end(None);
        Ok(())
    }

    fn database(&self, plan: &Plan) -> Result<String> {
        let named = plan.database.as_deref().or_else(|| self.session.database());
        if let Some(name) = named {
            return Ok(name.to_owned());
        }
        let is_of_server = plan
            .command
            .keys()
            .next()
            .is_some_and(|it| OF_SERVER.contains(&it.as_str()));
        if is_of_server {
            return Ok("admin".to_owned());
        }
        Err(plan
            .place
            .bad("no database is named")
            .hint("name it in the URL (mongodb://HOST/DATABASE), or as in db.getSiblingDB(\"shop\").users.find()"))
    }

    /// Begins a result that a cursor gives.
    async fn begin(&mut self, database: &str, plan: &Plan) -> Result<()> {
        let mut command = plan.command.clone();
        let batch = batch(&self.session, database, &command).await;
        prefer_batches(&mut command, batch);
        let mut cursor = self
            .session
            .cursor(database, &command, batch, OPERATION)
            .await?;
        let Some(first) = cursor.next().await? else {
            self.end(None);
            return Ok(());
        };
        let documents = array(&first)?;
        if plan.reply == Reply::Count {
            let count = super::rows::documents_of(documents).next().transpose()?;
            let count = count.and_then(|it| it.get("n").ok().flatten());
            let count = count.map_or(Ok(Value::I64(0)), |it| types::value(it, 0))?;
            self.one("count", count);
            self.end(None);
            return Ok(());
        }
        let mut table = Table::of(documents, has_more(&first))?;
        self.ready.extend(table.chunks(documents)?);
        self.open = Some(Open {
            cursor,
            table,
            is_told: false,
        });
        Ok(())
    }

    fn values(&mut self, name: &str, reply: &Document) -> Result<()> {
        let values = reply.get_array(name).cloned().unwrap_or_default();
        let values: Vec<Value> = values.iter().map(value_of).collect::<Result<_>>()?;
        self.ready.extend(Table::single("value").values(values));
        Ok(())
    }

    fn one(&mut self, name: &str, value: Value) {
        self.ready.extend(Table::single(name).values(vec![value]));
    }

    fn documents<'d>(&mut self, documents: impl Iterator<Item = &'d Document>) -> Result<()> {
        let mut batch = RawArrayBuf::new();
        for document in documents {
            let raw = RawDocumentBuf::try_from(document).map_err(|it| types::broken(&it))?;
            batch.push(raw);
        }
        let mut table = Table::of(&batch, false)?;
        self.ready.extend(table.chunks(&batch)?);
        Ok(())
    }

    fn end(&mut self, affected: Option<u64>) {
        self.ready.push_back(Chunk::Done { affected });
        if !self.plans.is_empty() {
            self.ready.push_back(Chunk::NextResult);
        }
    }
}

impl Open {
    fn take(&mut self, batch: &RawBatch, ready: &mut VecDeque<Chunk>) -> Result<()> {
        let documents = array(batch)?;
        let chunks = self.table.chunks(documents)?;
        if self.table.has_others() && !self.is_told {
            self.is_told = true;
            let notice = "later documents have fields that the first ones lack; they stand in the column @other";
            ready.push_back(Chunk::Notice(notice.to_owned()));
        }
        ready.extend(chunks);
        Ok(())
    }
}

/// How many documents to ask for at once; how large those of a pipeline are, nobody knows before.
async fn batch(session: &Session, database: &str, command: &Document) -> u32 {
    let is_find = command.keys().next().is_some_and(|it| it == "find");
    if let (true, Ok(collection)) = (is_find, command.get_str("find")) {
        let namespace = Namespace {
            database: database.to_owned(),
            collection: collection.to_owned(),
        };
        return session.batch(&namespace, BATCH).await;
    }
    let is_limited = session.known().is_some_and(Known::limits_answers);
    if is_limited { BATCH } else { FEW }
}

/// Commands that are the same in every database.
const OF_SERVER: [&str; 8] = [
    "ping",
    "hello",
    "isMaster",
    "buildInfo",
    "hostInfo",
    "serverStatus",
    "listCommands",
    "connectionStatus",
];

/// Whether further batches follow.
fn has_more(batch: &RawBatch) -> bool {
    let cursor = batch.as_raw_document().get_document("cursor");
    cursor
        .and_then(|it| it.get_i64("id"))
        .is_ok_and(|it| it != 0)
}

/// Asks for as many documents at once as we give on at once, unless the statement says how many.
fn prefer_batches(command: &mut Document, batch: u32) {
    let batch = i64::from(batch);
    if command.keys().next().is_some_and(|it| it == "find") {
        if !command.contains_key("batchSize") {
            command.insert("batchSize", batch);
        }
    } else if let Ok(cursor) = command.get_document_mut("cursor")
        && cursor.is_empty()
    {
        cursor.insert("batchSize", batch);
    }
}

/// A value of a reply that came as one.
fn value_of(value: &Bson) -> Result<Value> {
    let mut raw = RawArrayBuf::new();
    let value = mongodb::bson::RawBson::try_from(value.clone()).map_err(|it| types::broken(&it))?;
    raw.push(value);
    let element = raw.iter_elements().next().ok_or_else(types::no_document)?;
    types::element(&element.map_err(|it| types::broken(&it))?, 0)
}

/// How many documents a write changed: of an update those that are different now, or new.
fn written(reply: &Document) -> Option<u64> {
    let number = |name| match reply.get(name) {
        Some(Bson::Int32(it)) => u64::try_from(*it).ok(),
        Some(Bson::Int64(it)) => u64::try_from(*it).ok(),
        _ => None,
    };
    let new = reply.get_array("upserted").map_or(0, |it| it.len() as u64);
    match number("nModified") {
        Some(changed) => Some(changed + new),
        None => number("n"),
    }
}

/// A write that failed for some documents says so in its reply.
fn failed_writes(reply: &Document) -> Result<()> {
    let Some(first) = reply
        .get_array("writeErrors")
        .ok()
        .and_then(|it| it.first())
    else {
        return Ok(());
    };
    let first = first.as_document();
    let text = first
        .and_then(|it| it.get_str("errmsg").ok())
        .unwrap_or("a document was refused");
    Err(Error::new(ErrorKind::InvalidInput, "write").because(text))
}

/// Says where the statement stands that failed.
fn placed(error: Error, plan: &Plan) -> Error {
    if error.operation == OPERATION {
        let name = plan.command.keys().next().map_or("", String::as_str);
        let operation = format!("run {name:?} in line {}", plan.place.line);
        return Error {
            operation: operation.into(),
            ..error
        };
    }
    error
}

//! One call on its way: the commands that it sends, and what is added to them.

use std::sync::Arc;

use futures::StreamExt as _;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::Error as Failure;
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::Call;
use tokio::time::Instant;

use super::control::Control;
use super::fault;
use super::link::{Link, Opened};
use super::places::Namespace;
use super::products::Known;
use super::url::Address;

/// About the most bytes of one answer, where the server sets no limit itself.
const ANSWER: u64 = 8 << 20;

/// One call on its way; dropped, it runs no more.
#[derive(Debug)]
pub(super) struct Session {
    link: Arc<Link>,
    call: Call,
    until: Instant,
    control: Arc<Control>,
}

impl Session {
    /// Begins now; the client must have been made.
    pub(super) fn new(link: Arc<Link>, call: Call, control: Arc<Control>) -> Self {
        let until = Instant::now() + call.deadline;
        Self {
            link,
            call,
            until,
            control,
        }
    }

    /// The server, which was met when the session began.
    pub(super) fn known(&self) -> Option<&Known> {
        self.link.known()
    }

    pub(super) fn address(&self) -> &Address {
        &self.link.address
    }

    /// The database of the URL, if it names one.
    pub(super) fn database(&self) -> Option<&str> {
        self.link.opened.get()?.database.as_deref()
    }

    /// How many documents to ask for at once, at most `most`.
    ///
    /// The original ends an answer at 16 MiB; others send as many documents as they are asked for, and the driver takes no
    /// answer of more than 48 MB. Of these, as many are asked for as take 8 MiB if all are like the first few.
    pub(super) async fn batch(&self, namespace: &Namespace, most: u32) -> u32 {
        if self.known().is_none_or(Known::limits_answers) {
            return most;
        }
        let known = self.link.met().get(namespace).copied().flatten();
        let size = match known {
            Some(size) => size,
            None => self.document_size(namespace).await,
        };
        self.link.met().insert(namespace.clone(), Some(size));
        u32::try_from(ANSWER / size.max(1))
            .unwrap_or(most)
            .clamp(1, most)
    }

    /// The bytes of the largest of the first few documents; many, where they cannot be read.
    ///
    /// What a server says of the sizes may be what they take on its disk, pressed.
    async fn document_size(&self, namespace: &Namespace) -> u64 {
        let command = doc! { "find": &namespace.collection, "limit": 3_i64, "singleBatch": true };
        let read = self
            .run(&namespace.database, &command, "read the sizes")
            .await;
        let Ok(reply) = read else {
            return ANSWER / 100;
        };
        let first = reply
            .get_document("cursor")
            .and_then(|it| it.get_array("firstBatch"));
        let documents = first.into_iter().flatten().filter_map(Bson::as_document);
        let sizes = documents.filter_map(|it| RawDocumentBuf::try_from(it).ok());
        sizes
            .map(|it| it.as_bytes().len() as u64)
            .max()
            .unwrap_or(1)
    }

    /// Asks what needs a login, where the server looks at it only then: a wrong password is told at once.
    pub(super) async fn prove_login(&self) -> Result<()> {
        if self.address().has_user && self.known().is_some_and(Known::checks_logins_late) {
            // Of what may be asked, this alone reads no collection, so that one that is locked keeps nobody waiting.
            let command = doc! { "listCollections": 1, "nameOnly": true };
            self.run("admin", &command, "log in").await?;
        }
        Ok(())
    }

    /// Whether this collection was there when it was last looked for.
    pub(super) fn is_met(&self, namespace: &Namespace) -> bool {
        self.link.met().contains_key(namespace)
    }

    pub(super) fn meet_collection(&self, namespace: &Namespace) {
        self.link.met().entry(namespace.clone()).or_default();
    }

    pub(super) fn forget_collection(&self, namespace: &Namespace) {
        self.link.met().remove(namespace);
    }

    /// Greets the server, by the newer of two commands where it knows it, and notes which product it is.
    pub(super) async fn meet(&self) -> Result<Document> {
        const OPERATION: &str = "greet the server";
        let greeting = match self.run("admin", &doc! { "hello": 1 }, OPERATION).await {
            Err(error) if error.kind == ErrorKind::Unsupported => {
                self.run("admin", &doc! { "isMaster": 1 }, OPERATION)
                    .await?
            }
            greeting => greeting?,
        };
        if self.known().is_none() {
            let build = self
                .run("admin", &doc! { "buildInfo": 1 }, OPERATION)
                .await?;
            let known = Known::of(&self.address().hosts, &greeting, &build);
            // Two first calls at one time find the same.
            self.link.known.get_or_init(|| known);
        }
        Ok(greeting)
    }

    /// Runs one command that reads, and gives its reply; a connection that turns out to be closed is replaced once.
    pub(super) async fn run(
        &self,
        database: &str,
        command: &Document,
        operation: &'static str,
    ) -> Result<Document> {
        self.admit(command)?;
        self.again(operation, || self.command(database, command))
            .await
    }

    /// Runs one command that may write, once.
    pub(super) async fn run_once(
        &self,
        database: &str,
        command: &Document,
        operation: &'static str,
    ) -> Result<Document> {
        self.admit(command)?;
        let answer = self.race(self.command(database, command)).await?;
        answer.map_err(|it| self.failed(&it, operation))
    }

    /// Fails with [`ErrorKind::Unsupported`] where the server would close the connection at the sight of this.
    fn admit(&self, command: &Document) -> Result<()> {
        let refused = self.known().and_then(|it| it.refusal(command));
        refused.map_or(Ok(()), Err)
    }

    async fn command(&self, database: &str, command: &Document) -> Result<Document, Failure> {
        let opened = self.opened();
        let database = opened.client.database(database);
        let running = database.run_command(self.completed(command));
        match &opened.criteria {
            Some(criteria) => running.selection_criteria(criteria.clone()).await,
            None => running.await,
        }
    }

    /// Runs one command that reads and is answered by a cursor, in batches of at most `batch` documents.
    pub(super) async fn cursor(
        self: &Arc<Self>,
        database: &str,
        command: &Document,
        batch: u32,
        operation: &'static str,
    ) -> Result<Cursor> {
        self.admit(command)?;
        let begun = self
            .again(operation, || self.begin(database, command, batch))
            .await?;
        Ok(Cursor {
            batches: begun,
            session: Arc::clone(self),
            operation,
        })
    }

    async fn begin(
        &self,
        database: &str,
        command: &Document,
        batch: u32,
    ) -> Result<RawBatchCursor, Failure> {
        let opened = self.opened();
        let database = opened.client.database(database);
        let mut running = database
            .run_cursor_command(self.completed(command))
            .batch_size(batch);
        if let Some(comment) = self.tag(command) {
            running = running.comment(comment);
        }
        if let Some(criteria) = &opened.criteria {
            running = running.selection_criteria(criteria.clone());
        }
        running.batch().await
    }

    /// Does `work`, and once more where the way to the server broke: it reads, so twice is as good as once.
    async fn again<T, W>(&self, operation: &'static str, work: impl Fn() -> W) -> Result<T>
    where
        W: Future<Output = Result<T, Failure>>,
    {
        let mut answer = self.race(work()).await?;
        if answer.as_ref().is_err_and(fault::is_broken_way) {
            answer = self.race(work()).await?;
        }
        answer.map_err(|it| self.failed(&it, operation))
    }

    /// The answer, unless the call is stopped or no server can be reached before.
    async fn race<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let lost = self.link.health.lost();
        tokio::select! {
            biased;
            answer = work => Ok(answer),
            () = self.control.stopped() => Err(fault::cancelled()),
            why = lost => Err(self.failed(&why, "reach the server")),
        }
    }

    fn failed(&self, failure: &Failure, operation: &'static str) -> Error {
        fault::failed(failure, operation, &self.link.address)
    }

    fn opened(&self) -> &Opened {
        let opened = self.link.opened.get();
        opened.expect("a session begins when the client is made")
    }

    /// The command with the call's comment, the time that is left, and the URL's read concern, where it takes them.
    fn completed(&self, command: &Document) -> Document {
        let mut command = command.clone();
        let name = command.keys().next().cloned().unwrap_or_default();
        let (Some(known), true) = (self.known(), is_read(&name)) else {
            return command;
        };
        if known.takes_time(&name) && !command.contains_key("maxTimeMS") {
            let left = self.until.saturating_duration_since(Instant::now());
            let millis = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
            command.insert("maxTimeMS", millis.max(1));
        }
        if !command.contains_key("comment") {
            command.insert("comment", self.link.comment(self.call.id));
        }
        if let Some(concern) = &self.opened().concern
            && !command.contains_key("readConcern")
        {
            command.insert("readConcern", concern.clone());
        }
        command
    }

    fn tag(&self, command: &Document) -> Option<Bson> {
        let name = command.keys().next()?;
        is_read(name).then(|| Bson::String(self.link.comment(self.call.id)))
    }
}

/// Commands that read the documents of a collection, and take what all of these take.
fn is_read(name: &str) -> bool {
    matches!(name, "find" | "aggregate" | "count" | "distinct")
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut running = self.link.running();
        running.retain(|(_, it)| !Arc::ptr_eq(it, &self.control));
    }
}

/// Batches of raw documents, as the server sends them. Dropped before its end, it is closed on the server.
pub(super) struct Cursor {
    batches: RawBatchCursor,
    session: Arc<Session>,
    operation: &'static str,
}

impl Cursor {
    /// The next batch, perhaps an empty one; `None` behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<RawBatch>> {
        let batch = self.session.race(self.batches.next()).await?;
        batch
            .transpose()
            .map_err(|it| self.session.failed(&it, self.operation))
    }
}

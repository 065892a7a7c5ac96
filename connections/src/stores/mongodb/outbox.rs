//! Outboxes: what is not sent yet, and what of each key is not.

use std::collections::BTreeMap;
use std::sync::Arc;

use mongodb::bson::{Bson, Document, doc};
use parallax_core::error::Result;
use parallax_core::lag::{Backlog, OutboxProbe, SubjectBacklog};
use parallax_core::name::FieldPath;
use parallax_core::store::Subject;
use parallax_core::value::{Timestamp, Value};

use super::places::{self, Namespace};
use super::products::Known;
use super::records::{any_of, texts, unsayable};
use super::rows::{array, documents_of};
use super::session::Session;
use super::{literal, types};
use crate::stores::common::instant;

const OPERATION: &str = "read the outbox";

/// Where the fields of an outbox are, as conditions name them.
struct Outbox<'p> {
    namespace: Namespace,
    probe: &'p OutboxProbe,
    created: String,
    sent: String,
    /// What limits the rows to those of the subject's datasets.
    about: Document,
}

/// Reads the totals in three commands, and all keys in one more.
pub(super) async fn backlog(
    session: &Arc<Session>,
    probe: &OutboxProbe,
    subject: &Subject,
) -> Result<Backlog> {
    let outbox = Outbox::new(session, probe, subject)?;
    let unsent = doc! { &outbox.sent: null };
    let count = doc! {
        "count": &outbox.namespace.collection,
        "query": outbox.with(unsent.clone()),
    };
    let counted = session
        .run(&outbox.namespace.database, &count, OPERATION)
        .await?;
    let mut backlog = Backlog {
        unsent: number(&counted),
        oldest: outbox
            .first(session, unsent, &probe.created, &outbox.created, 1)
            .await?,
        last_sent: {
            let sent = doc! { &outbox.sent: { "$ne": null } };
            outbox
                .first(session, sent, &probe.sent, &outbox.sent, -1)
                .await?
        },
        subjects: Vec::new(),
    };
    if let Some(key) = &probe.key {
        backlog.subjects = outbox.subjects(session, key, &subject.keys).await?;
    }
    Ok(backlog)
}

fn number(reply: &Document) -> u64 {
    let number = match reply.get("n") {
        Some(Bson::Int32(it)) => i64::from(*it),
        Some(Bson::Int64(it)) => *it,
        Some(Bson::Double(it)) => format!("{it:.0}").parse().unwrap_or_default(),
        _ => 0,
    };
    u64::try_from(number).unwrap_or_default()
}

impl<'p> Outbox<'p> {
    fn new(session: &Session, probe: &'p OutboxProbe, subject: &Subject) -> Result<Self> {
        let name = |path: &FieldPath| places::condition(path).ok_or_else(|| unsayable(path));
        let about = match &probe.dataset {
            None => Document::new(),
            Some(path) => {
                let names = subject.names.iter().map(|it| Bson::String(it.clone()));
                doc! { name(path)?: any_of(names.collect()) }
            }
        };
        Ok(Self {
            namespace: Namespace::of(&probe.table, session.database())?,
            created: name(&probe.created)?,
            sent: name(&probe.sent)?,
            probe,
            about,
        })
    }

    fn with(&self, condition: Document) -> Document {
        if self.about.is_empty() {
            return condition;
        }
        doc! { "$and": [self.about.clone(), condition] }
    }

    /// The time at `path` of the first row by `name`.
    async fn first(
        &self,
        session: &Arc<Session>,
        condition: Document,
        path: &FieldPath,
        name: &str,
        direction: i32,
    ) -> Result<Option<Timestamp>> {
        let command = doc! {
            "find": &self.namespace.collection,
            "filter": self.with(condition),
            "sort": { name: direction },
            "limit": 1_i64,
        };
        let rows = self.rows(session, &command, 1).await?;
        Ok(rows.first().and_then(|it| instant(path.of(it)?)))
    }

    async fn rows(
        &self,
        session: &Arc<Session>,
        command: &Document,
        batch: u32,
    ) -> Result<Vec<Value>> {
        let database = &self.namespace.database;
        let mut cursor = session.cursor(database, command, batch, OPERATION).await?;
        let mut rows = Vec::new();
        while let Some(batch) = cursor.next().await? {
            let documents = array(&batch)?;
            for document in documents_of(documents) {
                rows.push(types::document(document?)?);
            }
        }
        Ok(rows)
    }

    /// One for each key that was asked about, in that order.
    async fn subjects(
        &self,
        session: &Arc<Session>,
        key: &FieldPath,
        keys: &[String],
    ) -> Result<Vec<SubjectBacklog>> {
        let takes_decimals = session.known().is_none_or(Known::has_decimals);
        let all = keys
            .iter()
            .flat_map(|it| literal::alternatives(&Value::from(it.as_str()), takes_decimals));
        let name = places::condition(key).ok_or_else(|| unsayable(key))?;
        let paths = [
            key.clone(),
            self.probe.created.clone(),
            self.probe.sent.clone(),
        ];
        let fields = parallax_core::store::Fields::Listed(paths.to_vec());
        let mut command = doc! {
            "find": &self.namespace.collection,
            "filter": self.with(doc! { name: any_of(all.collect()) }),
        };
        command.extend(
            places::projection(&[], &fields).map(|it| ("projection".to_owned(), it.into())),
        );
        let mut found: BTreeMap<String, SubjectBacklog> = BTreeMap::new();
        for row in self.rows(session, &command, 1_000).await? {
            let Some(part) = key.of(&row) else {
                continue;
            };
            for text in texts(part) {
                self.add(&row, found.entry(text).or_default());
            }
        }
        Ok(keys
            .iter()
            .map(|it| found.get(it).cloned().unwrap_or_default())
            .collect())
    }

    fn add(&self, row: &Value, subject: &mut SubjectBacklog) {
        let created = self.probe.created.of(row).and_then(instant);
        let sent = self.probe.sent.of(row).filter(|it| !it.is_null());
        subject.last_created = subject.last_created.max(created);
        if let Some(sent) = sent {
            subject.last_sent = subject.last_sent.max(instant(sent));
        } else {
            subject.unsent += 1;
            subject.oldest = [subject.oldest, created].into_iter().flatten().min();
        }
    }
}

//! What a consumer group has not yet acknowledged: entries that are delivered, and those that are not.

use std::collections::BTreeMap;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::lag::{Backlog, GroupProbe, SubjectBacklog};
use parallax_core::name::FieldPath;
use parallax_core::store::Subject;
use parallax_core::value::{Timestamp, Value};
use redis::{ServerError, Value as Reply};

use super::fault::{self, broken};
use super::keys::Keys;
use super::link::Link;
use super::pool::Lease;
use super::record::fields_of;
use super::reply::ReplyExt as _;
use crate::suggest;

const OPERATION: &str = "read the consumer group";

/// The most entries that are read to learn what they are about.
const ENTRIES: usize = 100_000;

/// Entries of one reply.
const PAGE: usize = 1_000;

/// Acknowledged entries that are looked through for when a key was last written.
const RECENT: usize = 10_000;

/// The id of an entry: the milliseconds of its time, and its number within them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct EntryId {
    millis: u64,
    number: u64,
}

impl EntryId {
    fn parse(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        Some(Self {
            millis: millis.parse().ok()?,
            number: number.parse().ok()?,
        })
    }

    fn of(reply: &Reply) -> Option<Self> {
        Self::parse(reply.text()?)
    }

    fn text(self) -> String {
        format!("{}-{}", self.millis, self.number)
    }

    /// The id before it, by which a page ends without the entry that the last one ended with.
    fn before(self) -> Option<Self> {
        if let Some(number) = self.number.checked_sub(1) {
            return Some(Self { number, ..self });
        }
        Some(Self {
            millis: self.millis.checked_sub(1)?,
            number: u64::MAX,
        })
    }

    fn after(self) -> Self {
        match self.number.checked_add(1) {
            Some(number) => Self { number, ..self },
            None => Self {
                millis: self.millis + 1,
                number: 0,
            },
        }
    }

    fn time(self) -> Option<Timestamp> {
        Timestamp::from_millisecond(i64::try_from(self.millis).ok()?).ok()
    }
}

/// Where a group stands.
struct Group<'g> {
    stream: Vec<u8>,
    probe: &'g GroupProbe,
    /// The newest entry that was delivered to a consumer.
    delivered: EntryId,
    /// How many are delivered and not acknowledged.
    pending: u64,
    /// How many are not delivered, where the server knows.
    waiting: Option<u64>,
}

pub(super) async fn pending(
    lease: &mut Lease,
    probe: &GroupProbe,
    subject: &Subject,
) -> Result<Backlog> {
    let group = Group::read(lease, probe).await?;
    let about_all = probe.dataset.is_none();
    let no_keys = probe.key.is_none() || subject.keys.is_empty();
    if let (true, true, Some(waiting)) = (about_all, no_keys, group.waiting) {
        return group.totals(lease, waiting).await;
    }
    let entries = group.entries(lease).await?;
    Ok(group.judge(&entries, subject))
}

/// An entry of the stream, or what is known of it.
struct Entry {
    /// Its fields; `None` where it has been deleted from the stream.
    fields: Option<Value>,
    acknowledged: bool,
}

impl<'g> Group<'g> {
    async fn read(link: &mut Link, probe: &'g GroupProbe) -> Result<Group<'g>> {
        let keys = Keys::of(&probe.stream)?;
        let stream = keys.single().map(<[u8]>::to_vec).ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, OPERATION).because(format!(
                "{} is a pattern of keys, and a stream is one key",
                probe.stream
            ))
        })?;
        let command: [&[u8]; 3] = [b"XINFO", b"GROUPS", &stream];
        link.push(command);
        link.send().await?;
        let groups = match link.reply().await? {
            Reply::ServerError(error) => return Err(no_stream(&error, probe)),
            reply => reply,
        };
        let name =
            |it: &&Reply| it.member("name").and_then(Reply::bytes) == Some(probe.group.as_bytes());
        let found = groups.items().iter().find(name);
        let found = found.ok_or_else(|| no_group(&groups, probe))?;
        let number = |name: &str| {
            let number = found.member(name).and_then(Reply::integer);
            number.and_then(|it| u64::try_from(it).ok())
        };
        Ok(Group {
            stream,
            probe,
            delivered: found
                .member("last-delivered-id")
                .and_then(EntryId::of)
                .ok_or_else(|| broken("a group has no last delivered entry"))?,
            pending: number("pending").unwrap_or_default(),
            waiting: number("lag"),
        })
    }

    /// The numbers of the whole group, without reading what its entries are about.
    async fn totals(&self, link: &mut Link, waiting: u64) -> Result<Backlog> {
        let name = self.probe.group.as_bytes();
        let first = self.delivered.after().text();
        link.push([b"XPENDING".as_slice(), &self.stream, name]);
        let command: [&[u8]; 6] = [
            b"XRANGE",
            &self.stream,
            first.as_bytes(),
            b"+",
            b"COUNT",
            b"1",
        ];
        link.push(command);
        link.send().await?;
        let pending = link.answer(OPERATION).await;
        let undelivered = link.answer(OPERATION).await?;
        let oldest_pending = pending?.items().get(1).and_then(EntryId::of);
        let oldest_waiting = undelivered.items().first().and_then(id_of);
        let oldest = oldest_pending.into_iter().chain(oldest_waiting).min();
        let all_acknowledged = self.pending == 0 && self.delivered != EntryId::default();
        Ok(Backlog {
            unsent: self.pending + waiting,
            oldest: oldest.and_then(EntryId::time),
            last_sent: self.delivered.time().filter(|_| all_acknowledged),
            subjects: Vec::new(),
        })
    }

    /// What is not acknowledged, and the newest of what is.
    ///
    /// Undelivered entries are read before those that are pending: one that is delivered in between is then seen twice,
    /// and counted once.
    async fn entries(&self, link: &mut Link) -> Result<BTreeMap<EntryId, Entry>> {
        let mut entries = self.newest(link).await?;
        let pending = self.pending_ids(link).await?;
        let mut unread = Vec::new();
        for id in pending {
            match entries.get_mut(&id) {
                Some(entry) => entry.acknowledged = false,
                None => unread.push(id),
            }
        }
        for page in unread.chunks(PAGE) {
            self.read_pending(link, page, &mut entries).await?;
        }
        Ok(entries)
    }

    /// Entries from the newest back: all that are not delivered, and some thousands of those that are.
    async fn newest(&self, link: &mut Link) -> Result<BTreeMap<EntryId, Entry>> {
        let mut entries = BTreeMap::new();
        let (mut until, mut delivered) = (Some("+".to_owned()), 0);
        let page = PAGE.to_string();
        while let Some(end) = until.take() {
            let command: [&[u8]; 6] = [
                b"XREVRANGE",
                &self.stream,
                end.as_bytes(),
                b"-",
                b"COUNT",
                page.as_bytes(),
            ];
            let reply = link.ask(command, OPERATION).await?;
            let mut last = None;
            for item in reply.items() {
                let id = id_of(item).ok_or_else(|| broken("an entry has no id"))?;
                last = Some(id);
                let is_delivered = id <= self.delivered;
                delivered += usize::from(is_delivered);
                let entry = Entry {
                    fields: item.items().get(1).map(fields_of),
                    acknowledged: is_delivered,
                };
                entries.insert(id, entry);
            }
            check_number(entries.len() - delivered)?;
            if reply.items().len() == PAGE && delivered < RECENT {
                until = last.and_then(EntryId::before).map(EntryId::text);
            }
        }
        Ok(entries)
    }

    async fn pending_ids(&self, link: &mut Link) -> Result<Vec<EntryId>> {
        let mut ids: Vec<EntryId> = Vec::new();
        let name = self.probe.group.as_bytes();
        let page = PAGE.to_string();
        loop {
            let first = ids
                .last()
                .map_or_else(|| "-".to_owned(), |it| it.after().text());
            let command: [&[u8]; 6] = [
                b"XPENDING",
                &self.stream,
                name,
                first.as_bytes(),
                b"+",
                page.as_bytes(),
            ];
            let reply = link.ask(command, OPERATION).await?;
            ids.extend(reply.items().iter().filter_map(id_of));
            check_number(ids.len())?;
            if reply.items().len() < PAGE {
                return Ok(ids);
            }
        }
    }

    /// Reads pending entries that are older than those read so far, each by its id, in one round trip.
    async fn read_pending(
        &self,
        link: &mut Link,
        ids: &[EntryId],
        entries: &mut BTreeMap<EntryId, Entry>,
    ) -> Result<()> {
        for id in ids {
            let id = id.text();
            link.push([
                b"XRANGE".as_slice(),
                &self.stream,
                id.as_bytes(),
                id.as_bytes(),
            ]);
        }
        link.send().await?;
        for id in ids {
            let reply = link.reply().await?;
            let found = reply.items().first().and_then(|it| it.items().get(1));
            let entry = Entry {
                fields: found.map(fields_of),
                acknowledged: false,
            };
            entries.insert(*id, entry);
        }
        Ok(())
    }

    fn judge(&self, entries: &BTreeMap<EntryId, Entry>, subject: &Subject) -> Backlog {
        let mut backlog = Backlog::default();
        let knows_keys = self.probe.key.is_some();
        let n_keys = if knows_keys { subject.keys.len() } else { 0 };
        backlog.subjects.resize(n_keys, SubjectBacklog::default());
        for (id, entry) in entries {
            let time = id.time();
            if !self.is_about(entry, subject) {
                continue;
            }
            count(
                &mut backlog.unsent,
                &mut backlog.oldest,
                &mut backlog.last_sent,
                entry,
                time,
            );
            let key = self.probe.key.as_ref().and_then(|it| text_at(entry, it));
            let Some(key) = key else {
                continue;
            };
            let subjects = subject.keys.iter().zip(&mut backlog.subjects);
            for (_, one) in subjects.filter(|(it, _)| **it == key) {
                one.last_created = one.last_created.max(time);
                count(
                    &mut one.unsent,
                    &mut one.oldest,
                    &mut one.last_sent,
                    entry,
                    time,
                );
            }
        }
        backlog
    }

    /// An entry that has been deleted cannot say what it was about; it counts where every entry does.
    fn is_about(&self, entry: &Entry, subject: &Subject) -> bool {
        match &self.probe.dataset {
            None => true,
            Some(path) => text_at(entry, path).is_some_and(|it| subject.names.contains(&it)),
        }
    }
}

/// Counts one entry, in the order of their ids. When it was acknowledged is not kept, so its own time stands for that.
fn count(
    unsent: &mut u64,
    oldest: &mut Option<Timestamp>,
    last_sent: &mut Option<Timestamp>,
    entry: &Entry,
    time: Option<Timestamp>,
) {
    if entry.acknowledged {
        *last_sent = (*last_sent).max(time);
    } else {
        *unsent += 1;
        *oldest = oldest.or(time);
    }
}

/// The text at `path` of an entry's fields; a field may hold JSON, into which a longer path leads.
fn text_at(entry: &Entry, path: &FieldPath) -> Option<String> {
    let fields = entry.fields.as_ref()?;
    if let Some(value) = path.of(fields) {
        return Some(value.to_string());
    }
    let outer = FieldPath::name(path.first());
    let Value::Text(text) = outer.of(fields)? else {
        return None;
    };
    let document = Value::from_json(text).ok()?;
    let mut inner = path.segments().iter().skip(1);
    let value = inner.try_fold(document, |value, it| {
        FieldPath::name(it.clone()).of(&value).cloned()
    })?;
    Some(value.to_string())
}

fn id_of(entry: &Reply) -> Option<EntryId> {
    EntryId::of(entry.items().first()?)
}

fn check_number(entries: usize) -> Result<()> {
    if entries <= ENTRIES {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unsupported, OPERATION)
        .because(format!(
            "more than {ENTRIES} entries are not acknowledged, and each would have to be read"
        ))
        .hint("leave `dataset` and `key` out of the probe to measure the group as a whole"))
}

fn no_stream(error: &ServerError, probe: &GroupProbe) -> Error {
    let error = fault::refused(error, OPERATION);
    match error.kind {
        ErrorKind::NotFound => error.hint(format!(
            "is {} the stream's key, and has anything been written to it?",
            probe.stream
        )),
        _ => error,
    }
}

fn no_group(groups: &Reply, probe: &GroupProbe) -> Error {
    let names = groups
        .items()
        .iter()
        .filter_map(|it| it.member("name")?.text());
    let names: Vec<&str> = names.collect();
    Error::new(ErrorKind::NotFound, OPERATION)
        .because(format!("{} has no group {:?}", probe.stream, probe.group))
        .hint(suggest::hint(&probe.group, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_know_their_neighbours() {
        let id = |text: &str| EntryId::parse(text).expect("an id");
        assert!(id("9-1") < id("10-0"));
        assert_eq!(id("5-0").before(), Some(id("4-18446744073709551615")));
        assert_eq!(id("4-18446744073709551615").after(), id("5-0"));
        assert_eq!(id("5-1").before(), Some(id("5-0")));
        assert_eq!(id("0-0").before(), None);
        assert!(EntryId::parse("5").is_none());
    }

    #[test]
    fn a_path_leads_into_json_that_a_field_holds() {
        let entry = Entry {
            fields: Some(Value::Map(vec![(
                "payload".to_owned(),
                Value::from(r#"{"id":42}"#),
            )])),
            acknowledged: false,
        };
        let at = |path: &str| text_at(&entry, &path.parse().expect("a path"));
        assert_eq!(at("payload.id").as_deref(), Some("42"));
        assert_eq!(at("payload.no"), None);
        assert_eq!(at("no.id"), None);
    }
}

//! The cells of a row, lent from the reply that holds them.

use std::ops::{ControlFlow, Range};

use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_core::store::{RowSink, ValueRef};
use parallax_core::value::Value;
use redis::Value as Reply;

use super::fault::broken;
use super::link::Link;
use super::record::{Kind, value_of};
use super::reply::ReplyExt as _;
use super::scan::Batch;

/// Where one field of a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// The next field of the hash.
    Field,
    /// Inside the document that the string holds.
    Member,
    /// The string itself, where it holds no document.
    Whole,
    Key,
    Ttl,
    Type,
    Absent,
}

/// Which command gives the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// `HMGET`, for all fields of the row at once.
    Hash,
    /// `GET`.
    String,
    /// None: that the key is there is enough.
    Key,
    /// Each key is read by its own type.
    Aside,
}

/// How the cells of a dataset's rows are read.
#[derive(Debug)]
pub(super) struct Cells {
    paths: Vec<FieldPath>,
    /// Where the key's parts stand in the pattern; none if the dataset is one key.
    places: Vec<usize>,
    source: Source,
    origins: Vec<Cell>,
    fields: usize,
    ttl: bool,
}

/// What became of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    Row(ControlFlow<()>),
    /// It was there when the server was looking for keys.
    Gone,
    Unreadable,
    /// It may be gone, or holds another type.
    Aside,
}

impl Cells {
    /// The cells of keys that are mostly of `kind`.
    pub(super) fn new(kind: Option<Kind>, paths: &[FieldPath], places: Vec<usize>) -> Self {
        let cells: Vec<Cell> = match kind {
            Some(Kind::Hash) => paths.iter().map(of_hash).collect(),
            Some(Kind::String) => paths.iter().map(of_string).collect(),
            _ => Vec::new(),
        };
        let only_key = cells.iter().all(|it| matches!(it, Cell::Key | Cell::Ttl));
        let source = match kind {
            _ if paths.is_empty() => Source::Key,
            Some(Kind::Hash | Kind::String) if only_key => Source::Key,
            Some(Kind::Hash) if cells.contains(&Cell::Field) => Source::Hash,
            Some(Kind::String) => Source::String,
            _ => Source::Aside,
        };
        Self {
            paths: paths.to_vec(),
            places,
            source,
            fields: cells.iter().filter(|it| **it == Cell::Field).count(),
            ttl: cells.contains(&Cell::Ttl),
            origins: cells,
        }
    }

    pub(super) fn paths(&self) -> &[FieldPath] {
        &self.paths
    }

    /// Asks for what the rows of these keys need, the time to live first.
    pub(super) fn ask(&self, link: &mut Link, batch: &Batch) {
        for key in batch.iter() {
            if self.source == Source::Aside {
                return;
            }
            if self.ttl {
                link.push([b"PTTL".as_slice(), key]);
            }
            match self.source {
                Source::Hash => self.ask_hash(link, key),
                Source::String => link.push([b"GET".as_slice(), key]),
                Source::Key | Source::Aside => {}
            }
        }
    }

    fn ask_hash(&self, link: &mut Link, key: &[u8]) {
        let cells = self.origins.iter().zip(&self.paths);
        let fields = cells.filter(|(cell, _)| **cell == Cell::Field);
        let names = fields.map(|(_, path)| path.first().as_bytes());
        link.push([b"HMGET".as_slice(), key].into_iter().chain(names));
    }

    /// Reads what was asked for one key, and feeds its row.
    pub(super) async fn feed(
        &self,
        link: &mut Link,
        key: &[u8],
        parts: &[Range<usize>],
        sink: &mut dyn RowSink,
    ) -> Result<Fed> {
        if self.source == Source::Aside {
            return Ok(Fed::Aside);
        }
        let ttl = if self.ttl {
            link.reply().await?.integer()
        } else {
            None
        };
        let row = Row {
            cells: self,
            key,
            parts,
            ttl,
        };
        match self.source {
            Source::Hash => row.hash(&link.reply().await?, sink),
            Source::String => Ok(row.string(&link.reply().await?, sink)),
            Source::Key | Source::Aside if ttl == Some(-2) => Ok(Fed::Gone),
            Source::Key | Source::Aside => Ok(row.bare(sink)),
        }
    }

    /// The parts of a key, which begin its row; the key itself where the dataset is one.
    pub(super) fn key_cells<'r>(
        &'r self,
        key: &'r [u8],
        parts: &'r [Range<usize>],
    ) -> impl Iterator<Item = ValueRef<'r>> {
        let whole = parts.is_empty().then(|| text(key));
        let places = self.places.iter();
        let each = places.map(move |at| {
            let range = parts.get(*at).cloned().unwrap_or_default();
            text(key.get(range).unwrap_or_default())
        });
        whole.into_iter().chain(each)
    }
}

/// One row that is being put together.
struct Row<'r> {
    cells: &'r Cells,
    key: &'r [u8],
    parts: &'r [Range<usize>],
    ttl: Option<i64>,
}

impl Row<'_> {
    fn hash(&self, reply: &Reply, sink: &mut dyn RowSink) -> Result<Fed> {
        let items = reply.items();
        // Another type than most, or one that this user may not read: its own answer tells.
        if let Reply::ServerError(_) = reply {
            return Ok(Fed::Aside);
        }
        if items.len() != self.cells.fields {
            return Err(broken(
                "HMGET has another number of values than were asked for",
            ));
        }
        let mut items = items.iter();
        let mut row = self.begin();
        let mut any = false;
        for cell in &self.cells.origins {
            row.push(match cell {
                Cell::Field => match items.next().and_then(Reply::bytes) {
                    Some(value) => {
                        any = true;
                        text(value)
                    }
                    None => ValueRef::Absent,
                },
                other => self.known(*other),
            });
        }
        // A key that is gone has no fields either.
        Ok(if any {
            Fed::Row(sink.row(&row))
        } else {
            Fed::Aside
        })
    }

    fn string(&self, reply: &Reply, sink: &mut dyn RowSink) -> Fed {
        if let Reply::ServerError(_) = reply {
            return Fed::Aside;
        }
        let Some(bytes) = reply.bytes() else {
            return Fed::Gone;
        };
        let Ok(value) = value_of(bytes) else {
            return Fed::Unreadable;
        };
        let is_document = matches!(value, Value::Map(_));
        let mut row = self.begin();
        for (cell, path) in self.cells.origins.iter().zip(&self.cells.paths) {
            row.push(match cell {
                Cell::Member => path.of(&value).map_or(ValueRef::Absent, ValueRef::from),
                Cell::Whole if !is_document => inside(path, &value),
                other => self.known(*other),
            });
        }
        Fed::Row(sink.row(&row))
    }

    fn bare(&self, sink: &mut dyn RowSink) -> Fed {
        let mut row = self.begin();
        row.extend(self.cells.origins.iter().map(|it| self.known(*it)));
        Fed::Row(sink.row(&row))
    }

    fn begin(&self) -> Vec<ValueRef<'_>> {
        let mut row = Vec::with_capacity(self.cells.places.len() + self.cells.origins.len() + 1);
        row.extend(self.cells.key_cells(self.key, self.parts));
        row
    }

    /// What is known of a key without its value.
    fn known(&self, cell: Cell) -> ValueRef<'_> {
        match cell {
            Cell::Key => text(self.key),
            Cell::Ttl => match self.ttl {
                Some(left) if left >= 0 => ValueRef::I64(left),
                _ => ValueRef::Null,
            },
            Cell::Type if self.cells.source == Source::Hash => ValueRef::Text(Kind::Hash.name()),
            Cell::Type => ValueRef::Text(Kind::String.name()),
            Cell::Field | Cell::Member | Cell::Whole | Cell::Absent => ValueRef::Absent,
        }
    }
}

/// A path behind `@value`.
fn inside<'v>(path: &FieldPath, value: &'v Value) -> ValueRef<'v> {
    let mut segments = path.segments().iter().skip(1);
    let found = segments.try_fold(value, |value, it| FieldPath::name(it.clone()).of(value));
    found.map_or(ValueRef::Absent, ValueRef::from)
}

fn of_hash(path: &FieldPath) -> Cell {
    match (known(path), path.segments().len()) {
        (Some(cell), _) => cell,
        (None, 1) if !path.is_meta() => Cell::Field,
        _ => Cell::Absent,
    }
}

fn of_string(path: &FieldPath) -> Cell {
    match known(path) {
        Some(cell) => cell,
        None if path.first() == "@value" => Cell::Whole,
        None if path.is_meta() => Cell::Absent,
        None => Cell::Member,
    }
}

fn known(path: &FieldPath) -> Option<Cell> {
    match path.first() {
        _ if path.segments().len() > 1 => None,
        "@key" => Some(Cell::Key),
        "@ttl_ms" => Some(Cell::Ttl),
        "@type" => Some(Cell::Type),
        _ => None,
    }
}

/// Bytes as text, where they are.
fn text(bytes: &[u8]) -> ValueRef<'_> {
    std::str::from_utf8(bytes).map_or(ValueRef::Bytes(bytes), ValueRef::Text)
}

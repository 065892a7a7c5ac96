//! Cells lent to a sink, in memory that is used again for each row.

use std::ops::{ControlFlow, Range};

use parallax_core::name::FieldPath;
use parallax_core::store::{RowSink, ValueRef};
use parallax_core::value::Value;

/// How the bytes of a cell that is not null are read.
pub(crate) trait Decode {
    /// Puts what the bytes hold as they are in its place; says `false`, and puts nothing, where a value has to be made.
    ///
    /// A cell that is handed over and put there after that would be read in other widths than it was written in, which
    /// keeps a processor waiting, and there are millions of them.
    fn lend<'b>(&self, bytes: &'b [u8], place: &mut ValueRef<'b>) -> bool;

    /// Adds what each item of a list holds as it is; says `false` where the bytes are no such list. What it added has to be
    /// taken away then.
    fn lend_items<'b>(&self, _bytes: &'b [u8], _items: &mut Vec<ValueRef<'b>>) -> bool {
        false
    }

    /// The value of any bytes.
    fn value(&self, bytes: &[u8]) -> Value;
}

/// Makes the cells of a projection of the cells that a server sends.
#[derive(Debug)]
pub(crate) struct Feed<D> {
    /// The expressions that are selected.
    sources: Vec<String>,
    cells: Vec<Cell<D>>,
    raw: Vec<Option<&'static [u8]>>,
    made: Vec<(usize, Option<Value>)>,
    /// The places of lists whose items are lent, and where those are among all that are.
    lists: Vec<(usize, Range<usize>)>,
    items: Vec<ValueRef<'static>>,
    lent: Vec<ValueRef<'static>>,
}

/// How one cell is got from what the server sends.
#[derive(Debug)]
struct Cell<D> {
    /// The place of its expression in the row, and how that is read; `None` where the table has no such column.
    source: Option<(usize, D)>,
    /// Whether null means that the field is not there, as inside a document.
    null_is_absent: bool,
    /// The rest of the path, where the value has to be made to follow it.
    rest: Option<FieldPath>,
}

impl<D> Default for Feed<D> {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            cells: Vec::new(),
            raw: Vec::new(),
            made: Vec::new(),
            lists: Vec::new(),
            items: Vec::new(),
            lent: Vec::new(),
        }
    }
}

impl<D: Decode> Feed<D> {
    /// A cell that is an expression, or what `rest` leads to inside it.
    pub(crate) fn add(&mut self, sql: String, decode: D, inside: Inside) {
        let (null_is_absent, rest) = match inside {
            Inside::Whole => (false, None),
            Inside::Member => (true, None),
            Inside::Below(rest) => (true, Some(rest)),
        };
        self.cells.push(Cell {
            source: Some((self.sources.len(), decode)),
            null_is_absent,
            rest,
        });
        self.sources.push(sql);
    }

    /// A cell of a column that is not there.
    pub(crate) fn add_absent(&mut self) {
        self.cells.push(Cell {
            source: None,
            null_is_absent: true,
            rest: None,
        });
    }

    /// What is to be selected.
    pub(crate) fn list(&mut self) -> String {
        if self.sources.is_empty() {
            // A row of no cells is still a row.
            self.sources.push("1".to_owned());
        }
        self.sources.join(", ")
    }

    /// Lends a row to the sink; `None` where it has another number of cells than was selected.
    pub(crate) fn row<'r>(
        &mut self,
        cells: impl Iterator<Item = Option<&'r [u8]>>,
        sink: &mut dyn RowSink,
    ) -> Option<ControlFlow<()>> {
        let mut raw = recycled(std::mem::take(&mut self.raw));
        raw.extend(cells);
        if raw.len() != self.sources.len() {
            return None;
        }
        let mut items: Vec<ValueRef<'_>> = recycled_cells(std::mem::take(&mut self.items));
        let mut lent: Vec<ValueRef<'_>> = recycled_cells(std::mem::take(&mut self.lent));
        lent.resize(self.cells.len(), ValueRef::Absent);
        self.made.clear();
        self.lists.clear();
        for (at, (cell, place)) in self.cells.iter().zip(&mut lent).enumerate() {
            let found = cell.source.as_ref();
            let found = found.and_then(|(at, decode)| Some((raw.get(*at).copied()??, decode)));
            let Some((bytes, decode)) = found else {
                *place = cell.nothing();
                continue;
            };
            let is_whole = cell.rest.is_none();
            if is_whole && decode.lend(bytes, place) {
                continue;
            }
            let first = items.len();
            if is_whole && decode.lend_items(bytes, &mut items) {
                self.lists.push((at, first..items.len()));
                continue;
            }
            items.truncate(first);
            self.made.push((at, cell.made(decode, bytes)));
        }
        for (place, range) in &self.lists {
            if let (Some(slot), Some(items)) = (lent.get_mut(*place), items.get(range.clone())) {
                *slot = ValueRef::List(items);
            }
        }
        for (place, value) in &self.made {
            if let (Some(slot), Some(value)) = (lent.get_mut(*place), value) {
                *slot = value.into();
            }
        }
        let flow = sink.row(&lent);
        self.lent = recycled_cells(lent);
        self.items = recycled_cells(items);
        self.raw = recycled(raw);
        Some(flow)
    }
}

/// Which part of an expression a cell is.
#[derive(Debug)]
pub(crate) enum Inside {
    /// The value, which may be null.
    Whole,
    /// A member that the expression itself leads to: null says that it is not there.
    Member,
    /// What this path leads to in the value.
    Below(FieldPath),
}

impl Inside {
    /// What is below the first segment of a path, by the segments behind it.
    pub(crate) fn below(segments: &[String]) -> Self {
        let rest = segments
            .iter()
            .map(|it| FieldPath::name(it.clone()).to_string());
        let rest: Vec<String> = rest.collect();
        rest.join(".").parse().map_or(Self::Member, Self::Below)
    }
}

impl<D: Decode> Cell<D> {
    fn nothing(&self) -> ValueRef<'static> {
        if self.null_is_absent {
            ValueRef::Absent
        } else {
            ValueRef::Null
        }
    }

    /// The value of a cell that is not lent; `None` where its path leads nowhere.
    fn made(&self, decode: &D, bytes: &[u8]) -> Option<Value> {
        let value = decode.value(bytes);
        match &self.rest {
            Some(rest) => rest.of(&value).cloned(),
            None => Some(value),
        }
    }
}

/// The same memory for bytes of another lifetime: collecting in place keeps the allocation.
#[inline]
fn recycled<'n>(mut old: Vec<Option<&[u8]>>) -> Vec<Option<&'n [u8]>> {
    old.clear();
    old.into_iter().map(|_| None).collect()
}

/// The same memory for cells of another lifetime.
#[inline]
pub(crate) fn recycled_cells<'n>(mut old: Vec<ValueRef<'_>>) -> Vec<ValueRef<'n>> {
    old.clear();
    old.into_iter().map(|_| ValueRef::Null).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digits are lent, also in lists; text is made.
    struct Digits;

    impl Decode for Digits {
        fn lend<'b>(&self, bytes: &'b [u8], place: &mut ValueRef<'b>) -> bool {
            let number = str::from_utf8(bytes).ok().and_then(|it| it.parse().ok());
            if let Some(number) = number {
                *place = ValueRef::I64(number);
            }
            number.is_some()
        }

        fn lend_items<'b>(&self, bytes: &'b [u8], items: &mut Vec<ValueRef<'b>>) -> bool {
            let lend = |it| {
                items.push(ValueRef::Absent);
                items.last_mut().is_some_and(|place| self.lend(it, place))
            };
            bytes.contains(&b',') && bytes.split(|it| *it == b',').all(lend)
        }

        fn value(&self, bytes: &[u8]) -> Value {
            Value::of_json(bytes)
        }
    }

    struct Shown(Vec<String>);

    impl RowSink for Shown {
        fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
            self.0.push(format!("{cells:?}"));
            ControlFlow::Continue(())
        }
    }

    fn shown(feed: &mut Feed<Digits>, row: &[Option<&str>]) -> Option<String> {
        let mut sink = Shown(Vec::new());
        let cells = row.iter().map(|it| it.map(str::as_bytes));
        feed.row(cells, &mut sink).map(|_| sink.0.concat())
    }

    #[test]
    fn cells_are_lent_or_made_and_nulls_say_what_is_not_there() {
        let mut feed = Feed::default();
        feed.add("a".to_owned(), Digits, Inside::Whole);
        feed.add_absent();
        let below = Inside::Below("x".parse().expect("a path"));
        feed.add("b".to_owned(), Digits, below);
        feed.add("c".to_owned(), Digits, Inside::Member);
        assert_eq!(feed.list(), "a, b, c");
        let full = shown(&mut feed, &[Some("1"), Some(r#"{"x":2}"#), Some("true")]);
        assert_eq!(
            full.as_deref(),
            Some("[I64(1), Absent, I64(2), Bool(true)]")
        );
        let empty = shown(&mut feed, &[None, Some("{}"), None]);
        assert_eq!(empty.as_deref(), Some("[Null, Absent, Absent, Absent]"));
        assert_eq!(shown(&mut feed, &[None]), None, "another number of cells");
    }

    #[test]
    fn items_are_lent_as_lists_unless_one_of_them_has_to_be_made() {
        let mut feed = Feed::default();
        for name in ["a", "b", "c"] {
            feed.add(name.to_owned(), Digits, Inside::Whole);
        }
        let rows = [
            [Some("1,2"), Some("3"), Some("4,5")],
            [Some("1,x"), None, Some("6,7")],
        ];
        let shown = rows.map(|it| shown(&mut feed, &it).expect("a row"));
        assert_eq!(
            shown,
            [
                "[List([I64(1), I64(2)]), I64(3), List([I64(4), I64(5)])]",
                "[Owned(Native { type_name: \"json\", text: \"1,x\" }), Null, List([I64(6), I64(7)])]"
            ]
        );
    }

    #[test]
    fn memory_is_used_again() {
        let mut cells = Vec::with_capacity(7);
        cells.push(ValueRef::Null);
        assert_eq!(recycled_cells(cells).capacity(), 7);
    }
}

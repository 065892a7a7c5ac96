//! Values and tables of the file with their places; whatever has the wrong form is noted and read as nothing.

use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::notes::Notes;
use super::suggest;
use crate::error::Error;

/// One value and the key that it stands at; an item of a list keeps the list's key.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    /// Where mistakes go.
    pub(super) notes: &'a Notes<'a>,
    /// The key.
    pub(super) name: &'a str,
    /// The first byte of the key.
    pub(super) name_at: usize,
    value: &'a Spanned<DeValue<'a>>,
}

/// A table, whose unknown keys are noted already.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    /// Where mistakes go.
    pub(super) notes: &'a Notes<'a>,
    /// The first byte of its header, or of itself.
    pub(super) at: usize,
    entries: &'a DeTable<'a>,
}

impl<'a> Item<'a> {
    /// The first byte of the value.
    pub(super) fn at(&self) -> usize {
        self.value.span().start
    }

    /// Notes a mistake in the value.
    pub(super) fn wrong(&self, message: impl Into<String>) {
        self.notes.add(self.at(), message, None);
    }

    /// Notes a mistake in the value, and what to do.
    pub(super) fn wrong_so(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.notes.add(self.at(), message, Some(hint.into()));
    }

    /// Notes its key if that is not `known`.
    pub(super) fn check_known(&self, known: &[&str]) {
        if !known.contains(&self.name) {
            let message = format!("unknown key {:?}", self.name);
            let hint = suggest::one_of(self.name, known.iter().copied());
            self.notes.add(self.name_at, message, hint);
        }
    }

    /// Notes that `text` could not be read, as `error` says it.
    pub(super) fn refuse(&self, text: &str, error: Error) {
        let message = format!("cannot read {text:?}: {}", error.causes.join(": "));
        self.notes.add(self.at(), message, error.hint);
    }

    /// Notes that `text` is none of `names`.
    pub(super) fn not_one_of(&self, text: &str, names: &[&str]) {
        let message = format!("{text:?} is no value of {:?}", self.name);
        let hint = suggest::one_of(text, names.iter().copied());
        self.notes.add(self.at(), message, hint);
    }

    /// Whether the value is a string.
    pub(super) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// Whether the value is a table.
    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// A string that is not empty.
    pub(super) fn text(&self) -> Option<&'a str> {
        let Some(text) = self.value.get_ref().as_str() else {
            self.expected("a string", None);
            return None;
        };
        if text.trim().is_empty() {
            self.wrong(format!("{:?} is empty", self.name));
            return None;
        }
        Some(text)
    }

    /// A string that reads as a `T`: a path into a record.
    pub(super) fn parsed<T: FromStr<Err = Error>>(&self) -> Option<T> {
        let text = self.text()?;
        let read = text.parse().map_err(|error| self.refuse(text, error));
        read.ok()
    }

    /// A whole number of 64 bits.
    pub(super) fn integer(&self) -> Option<i64> {
        let Some(number) = self.value.get_ref().as_integer() else {
            self.expected("a whole number", None);
            return None;
        };
        let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
        if read.is_none() {
            self.wrong(format!("{:?} is too large", self.name));
        }
        read
    }

    /// One of the named choices.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let chosen = choices.iter().find(|(name, _)| *name == text);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.not_one_of(text, &names);
        }
        chosen.map(|(_, it)| *it)
    }

    /// One string, or a list of them.
    pub(super) fn texts(&self) -> Option<Vec<(Self, &'a str)>> {
        let items = match self.value.get_ref() {
            DeValue::String(_) => vec![*self],
            DeValue::Array(_) => self.items("strings")?,
            _ => {
                self.expected("a string or a list of strings", None);
                return None;
            }
        };
        let texts = items.iter().map(|it| it.text().map(|text| (*it, text)));
        // Every item is looked at, so that each bad one is noted.
        let texts: Vec<_> = texts.collect();
        texts.into_iter().collect()
    }

    /// The tables of a list of tables.
    pub(super) fn tables(&self, known: &[&str]) -> Option<Vec<Table<'a>>> {
        let items = self.items("tables")?;
        Some(items.iter().filter_map(|it| it.table(known)).collect())
    }

    /// A table with none but `known` keys.
    pub(super) fn table(&self, known: &[&str]) -> Option<Table<'a>> {
        let table = self.open_table()?;
        table.only(known);
        Some(table)
    }

    /// A table whose keys are names that people give.
    pub(super) fn open_table(&self) -> Option<Table<'a>> {
        let Some(entries) = self.value.get_ref().as_table() else {
            self.expected("a table", None);
            return None;
        };
        Some(Table {
            notes: self.notes,
            at: self.at(),
            entries,
        })
    }

    /// The items of a list, each with this item's name; notes what is no list.
    fn items(&self, of: &str) -> Option<Vec<Self>> {
        let Some(items) = self.value.get_ref().as_array() else {
            let header = format!("a list of tables is written [[…{}]]", self.name);
            let hint = self.is_table().then_some(header);
            self.expected(&format!("a list of {of}"), hint);
            return None;
        };
        let items = items.iter().map(|value| Self { value, ..*self });
        Some(items.collect())
    }

    /// Notes a wrong type; the value itself is not repeated, for it may be a secret.
    pub(super) fn expected(&self, what: &str, hint: Option<String>) {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("{:?} must be {what}, found {found}", self.name);
        self.notes.add(self.at(), message, hint);
    }
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn root(notes: &'a Notes<'a>, entries: &'a DeTable<'a>) -> Self {
        Self {
            notes,
            at: 0,
            entries,
        }
    }

    /// Notes each key that is not `known`.
    pub(super) fn only(&self, known: &[&str]) {
        for item in self.items() {
            item.check_known(known);
        }
    }

    /// Every entry, in the order of the file.
    pub(super) fn items(&self) -> Vec<Item<'a>> {
        let entries = self.entries.iter().map(|(name, value)| Item {
            notes: self.notes,
            name: name.get_ref(),
            name_at: name.span().start,
            value,
        });
        let mut items: Vec<Item<'a>> = entries.collect();
        items.sort_by_key(|it| it.name_at);
        items
    }

    /// The value at `name`, which may be missing.
    pub(super) fn get(&self, name: &str) -> Option<Item<'a>> {
        let (name, value) = self.entries.get_key_value(name)?;
        Some(Item {
            notes: self.notes,
            name: name.get_ref(),
            name_at: name.span().start,
            value,
        })
    }

    /// The value at `name`; notes that it is missing.
    pub(super) fn need(&self, name: &str) -> Option<Item<'a>> {
        let item = self.get(name);
        if item.is_none() {
            self.missing(name, None);
        }
        item
    }

    /// Notes that `name` is missing, unless a key was noted already that it was probably meant to be.
    pub(super) fn missing(&self, name: &str, hint: Option<String>) {
        if self
            .items()
            .iter()
            .all(|it| !suggest::is_near(it.name, name))
        {
            let message = format!("missing key {name:?}");
            self.notes.add_missing(self.at, message, hint);
        }
    }
}

//! Two answers of one representation: the record as it is stored, and as searches find it until the next refresh.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::SearchRead;
use crate::error::Error;
use crate::human;
use crate::mapping::RepresentationMapping;
use crate::name::DatasetId;
use crate::store::{ReadSpan, Refresh};
use crate::value::{Record, Value};

/// Longer values are cut in the sentence.
const MAX_VALUE_CHARS: usize = 60;

/// What searches find of a representation's record, beside the one that is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchableCopy {
    /// How it stands to the stored record.
    pub state: SearchableState,
    /// When the search was made, which was after the stored record was read.
    pub read: ReadSpan,
    /// When what is stored becomes what is found.
    pub refresh: Refresh,
    /// The fields that a search finds otherwise than stored, in the mapping's order, with the value found; `None` is absent.
    pub fields: Vec<(String, Option<Value>)>,
    /// In words; empty where both are the same.
    pub words: String,
    /// Why it could not be read.
    pub error: Option<Error>,
    /// The search as the store ran it.
    pub statement: String,
}

/// How what a search finds stands to what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchableState {
    /// Both are the same.
    Same,
    /// A refresh is pending: a search finds another state of the record, or none, or one that is not stored any more.
    Pending,
    /// It cannot be told.
    Unknown,
}

impl SearchableCopy {
    /// The value that a search finds in a field, where it is another than the stored one.
    pub fn found(&self, field: &str) -> Option<Option<&Value>> {
        let mut fields = self.fields.iter();
        fields
            .find(|(name, _)| name == field)
            .map(|(_, value)| value.as_ref())
    }
}

/// Sets what a search found beside what is stored.
pub(super) fn observed(
    stored: Option<&Record>,
    searched: &SearchRead,
    mapping: &RepresentationMapping,
) -> SearchableCopy {
    let mut copy = SearchableCopy {
        state: SearchableState::Unknown,
        read: searched.span,
        refresh: searched.refresh,
        fields: Vec::new(),
        words: String::new(),
        error: None,
        statement: searched.statement.clone(),
    };
    match (&searched.found, stored) {
        (Err(error), _) => {
            copy.error = Some(error.clone());
            copy.words = format!("what a search finds could not be read: {error}");
        }
        (Ok(None), None) => copy.state = SearchableState::Same,
        (Ok(Some(found)), Some(stored)) if same(found, stored) => {
            copy.state = SearchableState::Same;
        }
        (Ok(found), stored) => {
            copy.state = SearchableState::Pending;
            if let (Some(found), Some(stored)) = (found, stored) {
                copy.fields = differing(found, stored, mapping);
            }
            let words = words(found.as_ref(), stored, &copy.fields, mapping);
            copy.words = format!("{words} {}", until(copy.refresh));
        }
    }
    copy
}

/// Whether two records are one state: by the positions that the store gave them, else by what they hold.
fn same(one: &Record, other: &Record) -> bool {
    const POSITION: [&str; 2] = ["@seq_no", "@primary_term"];
    let at = |record: &Record, name: &str| {
        let mut meta = record.meta.iter();
        meta.find(|(it, _)| it == name).map(|(_, it)| it.clone())
    };
    let positions = POSITION.map(|name| at(one, name).zip(at(other, name)));
    match positions {
        [Some((one, other)), Some((term, other_term))] => one == other && term == other_term,
        _ => one.body == other.body,
    }
}

fn differing(
    found: &Record,
    stored: &Record,
    mapping: &RepresentationMapping,
) -> Vec<(String, Option<Value>)> {
    let ruled = mapping
        .fields
        .iter()
        .filter_map(|it| Some((it, it.rule.as_ref()?)));
    let differing = ruled.filter(|(_, rule)| found.at(&rule.path) != stored.at(&rule.path));
    differing
        .map(|(it, rule)| (it.name.clone(), found.at(&rule.path).cloned()))
        .collect()
}

/// What is stored, what a search finds instead, and until when.
fn words(
    found: Option<&Record>,
    stored: Option<&Record>,
    fields: &[(String, Option<Value>)],
    mapping: &RepresentationMapping,
) -> String {
    let Some(stored) = stored else {
        return "it is stored no more; a search still finds it".to_owned();
    };
    if found.is_none() {
        return "it is stored; a search does not find it".to_owned();
    }
    let decides = |name: &str| (mapping.fields.iter()).any(|it| it.name == name && it.compared);
    let first = fields.iter().find(|(name, _)| decides(name));
    let Some((name, found)) = first.or_else(|| fields.first()) else {
        return "a search still finds an older state of it".to_owned();
    };
    let rule = mapping.fields.iter().find(|it| it.name == *name);
    let rule = rule.and_then(|it| it.rule.as_ref());
    let (stored, found) = (
        value(rule.and_then(|it| stored.at(&it.path))),
        value(found.as_ref()),
    );
    let more = match fields.len() - 1 {
        0 => String::new(),
        more => format!(" and {} of before", human::plural(more, "more field")),
    };
    format!("stored: {stored} as {name}; a search still finds {found}{more}")
}

/// Until when a search finds something else.
fn until(refresh: Refresh) -> String {
    match refresh {
        Refresh::Every(interval) => {
            format!(
                "until the next refresh (interval {})",
                human::duration(interval)
            )
        }
        Refresh::Never => "until a refresh is asked for (none is made by itself)".to_owned(),
        Refresh::Unknown => "until the next refresh".to_owned(),
    }
}

/// What is to be said of a dataset behind the sentence; empty where a search finds what is stored.
pub(super) fn said(dataset: &DatasetId, copy: Option<&SearchableCopy>) -> String {
    match copy.filter(|it| it.state == SearchableState::Pending) {
        Some(copy) => format!(" In {dataset}, {}.", copy.words),
        None => String::new(),
    }
}

fn value(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let text = value.to_string();
    if text.chars().count() <= MAX_VALUE_CHARS {
        return text;
    }
    let start: String = text.chars().take(MAX_VALUE_CHARS).collect();
    format!("{start}…")
}

/// The interval of a refresh, where there is one.
impl Refresh {
    /// How often what is stored becomes what is found; `None` where that is not so by itself, or not known.
    pub fn interval(self) -> Option<Duration> {
        match self {
            Self::Every(interval) => Some(interval),
            Self::Never | Self::Unknown => None,
        }
    }
}

//! Searching the rows at hand for a name or a value.

use egui::{Id, Key, Ui};
use parallax_core::human;
use parallax_core::store::Column;

use super::super::pages::Pages;
use super::node::{self, Path};
use crate::widgets::{caption, line_edit, name_text_edit, named_button};

/// More matches than these are not counted.
const MOST: usize = 1_000;

/// What is searched, and what was found.
#[derive(Debug, Default)]
pub(super) struct Search {
    typed: String,
    wanted: String,
    /// Of which rows' arrival the matches are.
    of: Option<u64>,
    found: Vec<(u64, Path)>,
    rows: u64,
    at: usize,
}

impl Search {
    /// What is searched, in lower case.
    pub(super) fn text(&self) -> &str {
        &self.wanted
    }

    /// Draws the field; returns the place to show, when the person goes to one.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        columns: &[Column],
        pages: &Pages,
        name: &str,
    ) -> Option<(u64, Path)> {
        let mut go = None;
        ui.horizontal(|ui| {
            let id = Id::new(("search", name));
            let edit = line_edit(&mut self.typed)
                .id(id)
                .hint_text("search names and values")
                .desired_width(150.0);
            let response = ui.add(edit);
            name_text_edit(ui, id, &format!("Search {name}"));
            let enters = response.lost_focus() && ui.input(|it| it.key_pressed(Key::Enter));
            if self.renew(columns, pages) {
                go = Some(0);
            } else if enters {
                response.request_focus();
                go = Some(self.at + 1);
            }
            if self.wanted.is_empty() {
                return;
            }
            if named_button(ui, "↑", &format!("Previous match in {name}")) {
                go = Some(self.at + self.found.len().saturating_sub(1));
            }
            if named_button(ui, "↓", &format!("Next match in {name}")) {
                go = Some(self.at + 1);
            }
            caption(ui, self.said());
        });
        self.at = go?.checked_rem(self.found.len())?;
        self.found.get(self.at).cloned()
    }

    /// Searches again where the text has changed, or more rows have come; true where the text has.
    fn renew(&mut self, columns: &[Column], pages: &Pages) -> bool {
        let wanted = self.typed.trim().to_lowercase();
        let is_new = wanted != self.wanted;
        if !is_new && (wanted.is_empty() || self.of == Some(pages.version())) {
            return false;
        }
        self.wanted = wanted;
        self.of = Some(pages.version());
        self.found.clear();
        self.rows = 0;
        if self.wanted.is_empty() {
            return false;
        }
        for (row, cells) in pages.rows_at_hand() {
            self.rows += 1;
            let room = MOST - self.found.len();
            let paths = node::matches(columns, cells, &self.wanted, room);
            self.found.extend(paths.into_iter().map(|it| (row, it)));
            if self.found.len() >= MOST {
                break;
            }
        }
        is_new && !self.found.is_empty()
    }

    fn said(&self) -> String {
        let rows = human::plural(self.rows, "row");
        if self.found.is_empty() {
            return format!("nothing in the {rows} at hand");
        }
        let more = if self.found.len() >= MOST { "+" } else { "" };
        let (at, of) = (self.at + 1, self.found.len());
        format!("{at} of {of}{more} in the {rows} at hand")
    }
}

//! Writing HTML so that text from data cannot become markup: tags are `'static`, everything else is escaped.

use crate::report::plain;

/// The longest key, name or path from data, in characters.
const NAME: usize = 160;

/// The longest sentence from data, in characters.
const SENTENCE: usize = 600;

/// A page as it is written.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Markup of our own.
    pub(super) fn own(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Opens an element: its name, and its attributes after a space.
    pub(super) fn open(&mut self, tag: &'static str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// Closes the element that was opened with `tag`.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(tag.split(' ').next().unwrap_or(tag));
        self.0.push('>');
        self
    }

    /// Text, escaped, with what cannot be seen spelled.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for letter in plain::visible(text).chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(letter),
            }
        }
        self
    }

    /// A sentence, cut in the middle where it is very long.
    pub(super) fn sentence(&mut self, text: &str) -> &mut Self {
        self.text(&plain::line(text, SENTENCE))
    }

    /// An element that holds a sentence.
    pub(super) fn element(&mut self, tag: &'static str, text: &str) -> &mut Self {
        self.open(tag).sentence(text).close(tag)
    }

    /// An element that holds a name: a key, a dataset, a field. In a direction of its own.
    pub(super) fn name(&mut self, tag: &'static str, name: &str) -> &mut Self {
        self.open(tag).open("bdi").text(&plain::line(name, NAME));
        self.close("bdi").close(tag)
    }

    /// A piece of a bar: its class, and its share of it.
    pub(super) fn piece(&mut self, class: &'static str, share: u64) -> &mut Self {
        if share > 0 {
            let piece = format!("<i class=\"{class}\" style=\"flex:{share} 1 0\"></i>");
            self.0.push_str(&piece);
        }
        self
    }

    /// The head of a table, in a box of its own that scrolls where the page is too narrow; columns that hold numbers
    /// begin with `#`.
    pub(super) fn table(&mut self, caption: &'static str, columns: &[&'static str]) -> &mut Self {
        self.own("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
        self.text(caption).own("\">\n<table>\n<thead><tr>");
        for column in columns {
            match column.strip_prefix('#') {
                Some(column) => self.element("th scope=\"col\" class=\"num\"", column),
                None => self.element("th scope=\"col\"", column),
            };
        }
        self.own("</tr></thead>\n<tbody>\n")
    }

    /// The end of a table.
    pub(super) fn end_table(&mut self) -> &mut Self {
        self.own("</tbody>\n</table>\n</div>\n")
    }

    /// The page so far.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

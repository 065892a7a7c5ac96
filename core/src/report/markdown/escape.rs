//! Text from data that stays text in Markdown.

/// A code span. Text that would end a span, or a table's cell, is spelled in character references instead.
pub(super) fn code(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains(['`', '|', '\\']) && text.trim() == text;
    if is_plain {
        format!("`{text}`")
    } else {
        format!("<code>{}</code>", references(text))
    }
}

/// Every mark of ASCII as a character reference: it means nothing to any dialect.
fn references(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            spelled.push_str(&format!("&#{};", u32::from(letter)));
        } else {
            spelled.push(letter);
        }
    }
    spelled
}

/// Text for a sentence or a cell, on one line.
///
/// Marks that begin emphasis, code, links, HTML or a cell are escaped, and so are the marks by which addresses, mentions
/// and references are made into links.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '<' | '>' | '&' | '|' | '@' => {
                escaped.push_str(&format!("&#{};", u32::from(letter)));
            }
            _ => escaped.push(letter),
        }
    }
    escaped
        .replace("://", "&#58;//")
        .replace("www.", "www&#46;")
}

/// A block of code with a fence that is longer than any in it.
pub(super) fn block(text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let text = crate::report::plain::visible(text);
    format!("{fence}sh\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_a_code_span_and_the_rest_is_spelled() {
        assert_eq!(code("cache.user:{id}"), "`cache.user:{id}`");
        assert_eq!(code("a`|b"), "<code>a&#96;&#124;b</code>");
        assert_eq!(code(r"a\b"), "<code>a&#92;b</code>");
        assert_eq!(code(""), "<code></code>");
    }

    #[test]
    fn a_sentence_holds_no_link_mention_or_cell() {
        assert_eq!(
            text("a|b *c* <i> @ann https://x www.y #1"),
            r"a&#124;b \*c\* &#60;i&#62; &#64;ann https&#58;//x www&#46;y \#1"
        );
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(block("a ```` b"), "`````sh\na ```` b\n`````");
        assert_eq!(block("a\nb"), "```sh\na\\nb\n```");
    }
}

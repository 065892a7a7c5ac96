//! Text from data made fit to be read: what cannot be seen is spelled, and what is very long is cut.

use crate::human;

/// Spells every character that cannot be seen or that reorders what stands beside it: `\n`, `\0`, `\u{202e}`.
///
/// Those are control characters, directions, invisible spaces and joints, separators of lines, tags and noncharacters.
/// Everything else stands as it is, so this alone escapes nothing for a form.
pub(super) fn visible(text: &str) -> String {
    spell(text, is_hidden)
}

/// As [`visible`], but line feeds, carriage returns and tabs stand as they are.
pub(super) fn visible_in_lines(text: &str) -> String {
    spell(text, |it| {
        is_hidden(it) && !matches!(it, '\n' | '\r' | '\t')
    })
}

/// [`visible`] on one line, of at most about `limit` characters: a longer text loses its middle, and says its length.
pub(super) fn line(text: &str, limit: usize) -> String {
    visible(&cut(text, limit))
}

/// Text with its hidden characters spelled, as Rust would escape them.
fn spell(text: &str, hidden: impl Fn(char) -> bool) -> String {
    let mut spelled = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\0' if hidden(letter) => spelled.push_str("\\0"),
            _ if hidden(letter) => spelled.extend(letter.escape_default()),
            _ => spelled.push(letter),
        }
    }
    spelled
}

/// Whether a character is not seen as itself, or changes how its neighbors are seen.
pub(super) fn is_hidden(letter: char) -> bool {
    let is_nonchar = u32::from(letter) & 0xfffe == 0xfffe;
    letter.is_control()
        || is_nonchar
        || matches!(
            letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fff9}'..='\u{fffb}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Keeps both ends of a text that is longer than `limit` characters, and says between them how long it is.
fn cut(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit {
        return text.to_owned();
    }
    let kept = limit / 2;
    let head: String = text.chars().take(kept).collect();
    let tail: String = text.chars().skip(length - kept).collect();
    format!(
        "{head} … ({} in all) … {tail}",
        human::plural(length as u64, "character")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled() {
        assert_eq!(visible("a\0b\r\n\t\u{1b}[1m"), r"a\0b\r\n\t\u{1b}[1m");
        assert_eq!(
            visible("\u{202e}x\u{2066}\u{200b}"),
            r"\u{202e}x\u{2066}\u{200b}"
        );
        assert_eq!(
            visible("\u{ffff}\u{e0041}\u{85}"),
            r"\u{ffff}\u{e0041}\u{85}"
        );
    }

    #[test]
    fn letters_of_every_script_stand_as_they_are() {
        let text = "São Paulo, Łódź, 東京, שלום, 🙂, e\u{301}";
        assert_eq!(visible(text), text);
    }

    #[test]
    fn lines_may_stay_where_the_form_keeps_them() {
        assert_eq!(visible_in_lines("a\r\n\tb\0"), "a\r\n\tb\\0");
    }

    #[test]
    fn a_long_text_keeps_its_ends_and_says_its_length() {
        let text = format!("{}{}", "a".repeat(1_000), "z".repeat(1_000));
        assert_eq!(line(&text, 8), "aaaa … (2,000 characters in all) … zzzz");
        assert_eq!(line("éèàç", 4), "éèàç");
    }
}

//! URLs in text fields: a password in one is taken out before it is drawn, and nothing remembers it.

use egui::text_edit::TextEditState;
use egui::{Id, Ui};
use parallax_core::profile::{SecretText, split_url};

/// Takes a password out of a URL, where there is one.
pub(super) fn clean(url: &mut String) -> Option<SecretText> {
    let (without, secret) = split_url(url);
    if secret.is_some() {
        *url = without;
    }
    secret
}

/// Drops what undoing would bring back.
pub(super) fn forget(ui: &Ui, id: Id) {
    if let Some(mut state) = TextEditState::load(ui.ctx(), id) {
        state.clear_undoer();
        state.store(ui.ctx(), id);
    }
}

/// A profile's name made of a URL's host or file: letters, digits, `-` and `_`.
pub(super) fn name(url: &str, taken: &[String]) -> String {
    let rest = url.split_once(':').map_or(url, |it| it.1);
    let rest = rest.trim_start_matches('/');
    let host = rest.rsplit_once('@').map_or(rest, |it| it.1);
    let is_end = |it: char| matches!(it, '/' | ':' | '?' | '#');
    let first = host.split(is_end).find(|it| !it.is_empty());
    let word = first.unwrap_or_default().to_lowercase();
    let word = word.split('.').next().unwrap_or_default();
    let kept: String = word
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .skip_while(|it| !it.is_ascii_lowercase())
        .take(40)
        .collect();
    let kept = kept.trim_end_matches('-');
    free(if kept.is_empty() { "store" } else { kept }, taken)
}

/// The name, or with a number behind it where it is taken.
fn free(name: &str, taken: &[String]) -> String {
    let is_taken = |it: &String| taken.contains(it);
    let numbered = (2..).map(|it| format!("{name}-{it}"));
    let mut all = std::iter::once(name.to_owned()).chain(numbered);
    all.find(|it| !is_taken(it)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_and_the_rest_stays() {
        let mut url = "postgres://ann:s3cret@db.example:5432/shop".to_owned();
        let secret = clean(&mut url);
        assert_eq!(secret, Some(SecretText("s3cret".into())));
        assert_eq!(url, "postgres://ann@db.example:5432/shop");
        assert_eq!(clean(&mut url), None);
    }

    #[test]
    fn a_name_is_made_of_the_host_or_the_file() {
        let taken = ["db".to_owned(), "db-2".to_owned()];
        assert_eq!(name("postgres://ann@orders.example/shop", &[]), "orders");
        assert_eq!(name("redis://db:6379/0", &taken), "db-3");
        assert_eq!(name("sqlite:/var/data/x.db", &[]), "var");
        assert_eq!(name("postgres://10.0.0.1/x", &[]), "store");
        assert_eq!(name("", &[]), "store");
    }
}

//! Names near to one that is not there.

/// The name most like `wanted`, if one is like it at all.
pub(crate) fn nearest<'n>(
    wanted: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let wanted = wanted.to_lowercase();
    let scored = names
        .into_iter()
        .map(|it| (strsim::jaro_winkler(&wanted, &it.to_lowercase()), it));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(score, _)| *score > 0.75).map(|(_, it)| it)
}

/// A hint for a name that is not there: the nearest one, or those that are.
pub(crate) fn hint<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> String {
    if let Some(name) = nearest(wanted, names.clone()) {
        return format!("did you mean {name:?}?");
    }
    let known: Vec<&str> = names.into_iter().take(12).collect();
    if known.is_empty() {
        "there is none here".to_owned()
    } else {
        format!("known here: {}", known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_is_found() {
        assert_eq!(nearest("usres", ["orders", "users"]), Some("users"));
        assert_eq!(nearest("zzz", ["orders", "users"]), None);
        assert_eq!(hint("zzz", ["a", "b"]), "known here: a, b");
    }
}

//! What was probably meant.

/// Longer words are not compared: no name that we know is as long.
const LONGEST: usize = 64;

/// `did you mean "objective"?`, if one of `names` is near enough to what was typed.
pub(super) fn did_you_mean<'n>(
    typed: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<String> {
    nearest(typed, names).map(|it| format!("did you mean {it:?}?"))
}

/// The same, or else every name that would do.
pub(super) fn one_of<'n>(
    typed: &str,
    names: impl IntoIterator<Item = &'n str> + Clone,
) -> Option<String> {
    did_you_mean(typed, names.clone()).or_else(|| {
        let known: Vec<String> = names.into_iter().map(|it| format!("{it:?}")).collect();
        let (last, others) = known.split_last()?;
        Some(match others {
            [] => format!("only {last} is known here"),
            _ => format!("known here are {} and {last}", others.join(", ")),
        })
    })
}

/// Whether `typed` was probably meant to be `name`.
pub(super) fn is_near(typed: &str, name: &str) -> bool {
    nearest(typed, [name]).is_some()
}

/// The name that a third of the letters, at most, tells from what was typed.
fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if typed.len() > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase();
    let allowed = typed.chars().count().max(3) / 3;
    let distance = |name: &str| strsim::damerau_levenshtein(&typed, &name.to_lowercase());
    let near = names.into_iter().map(|it| (distance(it), it));
    near.filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["from", "to", "objective"];

    #[test]
    fn a_swapped_or_lost_letter_is_forgiven() {
        assert_eq!(nearest("objectve", NAMES), Some("objective"));
        assert_eq!(nearest("form", NAMES), Some("from"));
        assert_eq!(nearest("To", NAMES), Some("to"));
    }

    #[test]
    fn another_word_suggests_nothing() {
        assert_eq!(nearest("deadline", NAMES), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn without_a_near_name_all_are_told() {
        let hint = one_of("zzz", NAMES).expect("a hint");
        assert_eq!(hint, r#"known here are "from", "to" and "objective""#);
    }
}

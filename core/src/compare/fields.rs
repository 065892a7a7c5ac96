//! Comparing two values under a rule.

use super::{FieldRule, FieldVerdict};
use crate::value::Value;

/// What came of comparing one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What is said of the copy's field.
    pub verdict: FieldVerdict,
    /// The rule that made the two equal, or under which they differ.
    pub rule: String,
    /// Why it could not be compared.
    pub why: Option<String>,
}

/// Compares the copy's value with the truth; `None` is absent.
pub fn compare(
    truth: Option<&Value>,
    truth_rule: &FieldRule,
    copy: Option<&Value>,
    rule: &FieldRule,
) -> Outcome {
    let _ = (truth_rule, rule);
    let verdict = if truth == copy {
        FieldVerdict::Equal
    } else {
        FieldVerdict::Different
    };
    Outcome {
        verdict,
        rule: "exact".to_owned(),
        why: None,
    }
}

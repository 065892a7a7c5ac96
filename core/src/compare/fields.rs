//! Comparing two values under a rule.

use super::cast::Common;
use super::common::{advice, narrower};
use super::{Cast, FieldRule, FieldVerdict, Lens, Refusal, lens, read};
use crate::canonical;
use crate::store::Precision;
use crate::value::Value;

/// What came of comparing one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What is said of the copy's field.
    pub verdict: FieldVerdict,
    /// The rule that made the two equal, or under which they differ.
    ///
    /// Of two equal values it is the least that was needed: `exact` if they are equal with nothing applied.
    pub rule: String,
    /// Why it could not be compared, or why they differ where the values alone do not say it.
    pub why: Option<String>,
}

impl Outcome {
    /// Equal after these steps, none for values that were equal as they stood.
    fn equal(steps: &[String]) -> Self {
        Self {
            verdict: FieldVerdict::Equal,
            rule: words(steps),
            why: None,
        }
    }
}

/// Compares the copy's value with the truth; `None` is absent.
///
/// Each value stands at the end of its rule's path. Each is read by its own rule's `from` and `scale`; then both are cast
/// to `as` and seen through `compare` of the copy's rule, or, where that has none, of the truth's. Without `as` it is
/// the narrower of the two types ([`Common`]).
///
/// Where the deployment file's contract is silent:
/// - A truth that does not read as the rule says is `Unreadable`; if only the copy does not, it is `Different`.
/// - What a rule must say first makes either side `Unreadable`: the zone of a local time, the unit of a number that is a
///   time. So does a local time that its zone has twice or skips.
/// - A value where the truth has none is `Different`; none where the truth has one, even null, is `Absent`.
pub fn compare(
    truth: Option<&Value>,
    truth_rule: &FieldRule,
    copy: Option<&Value>,
    rule: &FieldRule,
) -> Outcome {
    let pair = Rules { truth_rule, rule };
    match (truth, copy) {
        (Some(truth), Some(copy)) => pair.both(truth, copy),
        (None, None) => Outcome::equal(&[]),
        (Some(truth), None) => pair.one(truth, FieldVerdict::Absent),
        (None, Some(copy)) => pair.one(copy, FieldVerdict::Different),
    }
}

/// The canonical bytes of one side alone, which the other side's are equal to exactly if the two are equal under `rule`.
///
/// `common` and `lenses` must be those of both sides; `rule` is the side's own, for its `from` and `scale`, and both
/// sides' rules must say the same of `null_is_absent`.
pub fn canonical_side(
    value: Option<&Value>,
    rule: &FieldRule,
    common: Common,
    lenses: &[Lens],
) -> Result<Vec<u8>, Refusal> {
    let Some(value) = value else {
        return Ok(canonical::bytes(None));
    };
    if rule.null_is_absent && value.is_null() {
        return Ok(canonical::bytes(None));
    }
    let cast = common.cast(&read::read(value, rule)?, rule)?;
    Ok(canonical::bytes(Some(&lens::apply(cast, lenses))))
}

/// The rules of the two sides.
#[derive(Clone, Copy)]
struct Rules<'a> {
    truth_rule: &'a FieldRule,
    rule: &'a FieldRule,
}

/// A refusal of one side, under the step that was tried.
struct Refused {
    refusal: Refusal,
    side: &'static str,
    /// Whether the truth was refused under a rule that somebody declared.
    blames_truth: bool,
    step: Option<String>,
}

/// Two values in their common type, and what was done for that.
struct Met {
    truth: Value,
    copy: Value,
    step: Option<String>,
}

impl Rules<'_> {
    /// A field that one side has and the other lacks.
    ///
    /// Null counts as lacking where a rule of either side says so; otherwise the outcome advises how to declare it.
    fn one(self, present: &Value, verdict: FieldVerdict) -> Outcome {
        let null_is_absent = self.rule.null_is_absent || self.truth_rule.null_is_absent;
        if null_is_absent && present.is_null() {
            return Outcome::equal(&["null = absent".to_owned()]);
        }
        let advice = r#"null is not absent; where it means the same, declare null = "absent""#;
        let why = match verdict {
            _ if present.is_null() => Some(advice.to_owned()),
            FieldVerdict::Different => Some("the source has no such field".to_owned()),
            _ => None,
        };
        let rule = words(&self.whole(None));
        Outcome { verdict, rule, why }
    }

    /// Two values. What is equal as it stands is equal, whatever the rules: no cast can make it differ.
    fn both(self, truth: &Value, copy: &Value) -> Outcome {
        let read_alike =
            self.truth_rule.from == self.rule.from && self.truth_rule.scale == self.rule.scale;
        if read_alike && same(truth, copy) {
            return Outcome::equal(&[]);
        }
        self.read(truth, copy).unwrap_or_else(|it| self.refused(it))
    }

    /// Two values, read as the rules say: first from their stored forms, then in the narrowest form that both can hold,
    /// then through the lenses.
    fn read(self, truth: &Value, copy: &Value) -> Result<Outcome, Refused> {
        let read_truth = read::read(truth, self.truth_rule).map_err(|it| source(it, true))?;
        let read_copy = read::read(copy, self.rule).map_err(this)?;
        let steps = self.reading();
        if !steps.is_empty() && same(&read_truth, &read_copy) {
            return Ok(Outcome::equal(&steps));
        }
        let precisions = [
            read::precision(truth, self.truth_rule),
            read::precision(copy, self.rule),
        ];
        let precision = precisions.into_iter().flatten().min();
        let met = self.meet(&read_truth, &read_copy, precision)?;
        if same(&met.truth, &met.copy) {
            let steps = steps.into_iter().chain(met.step);
            return Ok(Outcome::equal(&steps.collect::<Vec<_>>()));
        }
        let seen = self.seen(&met);
        let equal = seen.map(|lenses| self.seen_equal(&met, &read_truth, &read_copy, lenses));
        Ok(equal.unwrap_or_else(|| self.different(met)))
    }

    /// Different after all steps, with advice where a rule might explain it.
    fn different(self, met: Met) -> Outcome {
        Outcome {
            verdict: FieldVerdict::Different,
            why: advice(&met.truth, &met.copy),
            rule: words(&self.whole(met.step)),
        }
    }

    /// Brings both to the type in which they are compared.
    fn meet(
        self,
        truth: &Value,
        copy: &Value,
        precision: Option<Precision>,
    ) -> Result<Met, Refused> {
        let declared = self.cast();
        let common = match declared {
            Some(cast) => Common::Declared(cast),
            None => narrower(truth, copy, precision).map_err(this)?,
        };
        let step = common.words(truth, copy);
        let under = |it: Refused| Refused {
            step: step.clone(),
            ..it
        };
        let source = |it| under(source(it, declared.is_some()));
        let met = Met {
            truth: common.cast(truth, self.truth_rule).map_err(source)?,
            copy: common.cast(copy, self.rule).map_err(|it| under(this(it)))?,
            step: None,
        };
        // Two lists or maps without floats are as they were: to name a step would only puzzle.
        let idle = common == Common::Json && same(truth, &met.truth) && same(copy, &met.copy);
        let step = step.filter(|_| !idle);
        Ok(Met { step, ..met })
    }

    /// The fewest lenses under which the two are equal: one alone, or all.
    fn seen(&self, met: &Met) -> Option<&[Lens]> {
        let all = self.lenses();
        let singles = all.iter().map(std::slice::from_ref);
        let through = |value: &Value, lenses| lens::apply(value.clone(), lenses);
        singles
            .chain(std::iter::once(all))
            .find(|it| same(&through(&met.truth, it), &through(&met.copy, it)))
    }

    /// Names the cast only if it changed anything.
    fn seen_equal(self, met: &Met, truth: &Value, copy: &Value, lenses: &[Lens]) -> Outcome {
        let mut steps = self.reading();
        if !(same(truth, &met.truth) && same(copy, &met.copy)) {
            steps.extend(met.step.clone());
        }
        steps.extend(lenses.iter().map(ToString::to_string));
        Outcome::equal(&steps)
    }

    /// The declared form: the copy's rule decides, else the source's.
    fn cast(self) -> Option<Cast> {
        self.rule.cast.or(self.truth_rule.cast)
    }

    /// What is overlooked: the copy's rule decides, else the source's.
    fn lenses(&self) -> &[Lens] {
        if self.rule.compare.is_empty() {
            &self.truth_rule.compare
        } else {
            &self.rule.compare
        }
    }

    /// A value that does not fit its rule.
    ///
    /// In a copy it is a difference; in the source it makes the field unreadable, for there is no truth to compare
    /// with. What was never declared is unreadable on either side.
    fn refused(self, refused: Refused) -> Outcome {
        let side = refused.side;
        let (verdict, why) = match refused.refusal {
            Refusal::Undeclared(why) => (FieldVerdict::Unreadable, why),
            Refusal::Malformed(why) if refused.blames_truth => {
                (FieldVerdict::Unreadable, format!("{side} {why}"))
            }
            Refusal::Malformed(why) => (FieldVerdict::Different, format!("{side} {why}")),
        };
        Outcome {
            verdict,
            rule: words(&self.whole(refused.step)),
            why: Some(why),
        }
    }

    /// How each side's stored form was read, in words.
    fn reading(self) -> Vec<String> {
        let (own, truth) = (self.rule.reading(), self.truth_rule.reading());
        if own == truth {
            return own;
        }
        let truth = truth.into_iter().map(|it| format!("source {it}"));
        truth.chain(own).collect()
    }

    /// Every step of the rule; `step` is the cast where none is declared.
    fn whole(self, step: Option<String>) -> Vec<String> {
        let declared = self.cast().map(|it| format!("as {it}"));
        let mut steps = self.reading();
        steps.extend(declared.or(step));
        steps.extend(self.lenses().iter().map(ToString::to_string));
        steps
    }
}

/// A refusal of the source's value; it is to blame only where its own rule declares the form.
fn source(refusal: Refusal, declared: bool) -> Refused {
    Refused {
        refusal,
        side: "the source's",
        blames_truth: declared,
        step: None,
    }
}

/// A refusal of the copy's value.
fn this(refusal: Refusal) -> Refused {
    Refused {
        refusal,
        side: "this",
        blames_truth: false,
        step: None,
    }
}

/// Equal by meaning, as the canonical bytes tell.
fn same(one: &Value, other: &Value) -> bool {
    canonical::equal(Some(one), Some(other))
}

/// The steps as a trace shows them: `exact` where there were none.
fn words(steps: &[String]) -> String {
    if steps.is_empty() {
        "exact".to_owned()
    } else {
        steps.join(", ")
    }
}

#[cfg(test)]
mod tests;

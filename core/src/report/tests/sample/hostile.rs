//! A report whose every text is hostile.

use super::{dataset, not_checked, rich};
use crate::deployment::Endpoint;
use crate::mapping::ShapeSource;
use crate::name::{DatasetId, FieldPath};
use crate::report::{Report, Unjudged};
use crate::value::{Key, Value};

/// A report in which every text that may come from data is `text`.
pub(in crate::report::tests) fn hostile(text: &str) -> Report {
    let text = || text.to_owned();
    let place = || DatasetId {
        name: text(),
        ..dataset("shop.users")
    };
    let mut report = rich();
    (report.deployment, report.version, report.rerun) = (text(), text(), text());
    report.stores = vec![(text(), text())];
    report.scope.entities = vec![text()];
    (report.scope.from, report.scope.to) = (Some(place()), Some(place()));
    for lag in &mut report.lag {
        (lag.edge.from, lag.edge.to) = (Endpoint::Dataset(place()), Endpoint::Dataset(place()));
        (lag.first.why, lag.last.why) = (Some(text()), Some(text()));
    }
    for entity in &mut report.entities {
        (entity.entity, entity.key) = (text(), vec![text(), text()]);
        entity.compared = vec![(place(), 1)];
        entity.mapping.fields = vec![text()];
        for representation in &mut entity.mapping.representations {
            representation.dataset = place();
            representation.source = ShapeSource::Unknown(text());
            representation.version = Some(FieldPath::name(text()));
            for field in &mut representation.fields {
                field.name = text();
                if let Some(rule) = &mut field.rule {
                    rule.path = FieldPath::name(text());
                }
            }
        }
        for pair in &mut entity.pairs {
            (pair.source, pair.target) = (place(), place());
            pair.unjudged = Some(Unjudged {
                key: Key::new(vec![Value::Text(text())]),
                why: text(),
            });
        }
        entity.not_checked = vec![not_checked(&text(), &text()); 2];
        for finding in &mut entity.findings {
            finding.key = Key::new(vec![Value::Text(text())]);
            (finding.dataset, finding.reason) = (place(), text());
            for it in &mut finding.differences {
                (it.field, it.rule) = (text(), text());
                (it.truth, it.copy) = (Some(Value::Text(text())), Some(Value::Text(text() + "!")));
            }
        }
    }
    report
}

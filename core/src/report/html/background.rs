//! What was compared: the stores with their versions, and the mapping with its rules.

use super::Markup;
use crate::human;
use crate::mapping::{FieldMapping, RepresentationMapping};
use crate::report::{EntityReport, Report};

/// Stores, records scanned and the mapping, entity by entity.
pub(super) fn write(page: &mut Markup, report: &Report) {
    page.element("h2", "What was compared").own("\n");
    if !report.stores.is_empty() {
        page.table("Stores", &["store", "product and version"]);
        for (store, product) in &report.stores {
            page.own("<tr>")
                .name("th scope=\"row\" class=\"name\"", store);
            page.element("td", product).own("</tr>\n");
        }
        page.end_table();
    }
    for entity in &report.entities {
        page.open("h3")
            .sentence(&entity.entity)
            .own(" <span class=\"none\">by ");
        page.sentence(&entity.key.join(", "))
            .own("</span>")
            .close("h3")
            .own("\n");
        scanned(page, entity);
        mapping(page, entity);
    }
}

/// How many records of each dataset were met, and by what its records are told apart in time.
fn scanned(page: &mut Markup, entity: &EntityReport) {
    page.table(
        "Records scanned",
        &[
            "dataset",
            "#records scanned",
            "names of its fields",
            "version",
        ],
    );
    for (dataset, records) in &entity.compared {
        let mapping = entity
            .mapping
            .representations
            .iter()
            .find(|it| it.dataset == *dataset);
        page.own("<tr>").name(
            "th scope=\"row\" class=\"name place\"",
            &dataset.to_string(),
        );
        page.element("td class=\"num\"", &human::count(*records));
        let source = mapping.map_or_else(|| "unknown".to_owned(), |it| it.source.to_string());
        page.element("td", &source);
        let version = mapping.and_then(|it| it.version.as_ref());
        match version {
            Some(version) => page.name("td class=\"name\"", &version.to_string()),
            None => page.element("td class=\"none\"", "none"),
        };
        page.own("</tr>\n");
    }
    page.end_table();
}

/// The fields, and the rules of those that are not compared exactly and under their own name everywhere.
fn mapping(page: &mut Markup, entity: &EntityReport) {
    let (compared, shown): (Vec<&String>, Vec<&String>) = entity
        .mapping
        .fields
        .iter()
        .partition(|it| is_compared(entity, it));
    listed(page, "Compared: ", &compared);
    listed(page, "Shown in a trace, and not compared: ", &shown);
    let representations = entity.mapping.representations.iter();
    let special: Vec<_> = representations
        .flat_map(|it| it.fields.iter().map(move |field| (it, field)))
        .filter(|(_, it)| !shown.contains(&&it.name) && is_special(it))
        .collect();
    if special.is_empty() {
        return;
    }
    page.own("<p class=\"note\">Each is compared exactly and under its own name, except:</p>\n");
    page.table(
        "Mapping and rules",
        &["dataset", "field", "stored as", "compared"],
    );
    for (representation, field) in special {
        rule(page, representation, field);
    }
    page.end_table();
}

fn listed(page: &mut Markup, title: &'static str, fields: &[&String]) {
    if fields.is_empty() {
        return;
    }
    page.own("<p class=\"note\">").own(title);
    for (at, field) in fields.iter().enumerate() {
        page.own(if at > 0 { ", " } else { "" })
            .name("span class=\"name\"", field);
    }
    page.own(".</p>\n");
}

/// Whether a field is compared in any representation, as far as they are known.
fn is_compared(entity: &EntityReport, name: &str) -> bool {
    let all = entity.mapping.representations.iter();
    let mut fields = all
        .flat_map(|it| &it.fields)
        .filter(|it| it.name == name)
        .peekable();
    fields.peek().is_none() || fields.any(|it| it.compared)
}

/// Whether anything but its name is to be said of how a field is compared.
fn is_special(field: &FieldMapping) -> bool {
    let Some(rule) = &field.rule else {
        return true;
    };
    !field.compared || rule.to_string() != "exact" || rule.path.segments() != [field.name.as_str()]
}

/// One field of one representation: its place and its rule, or that it is not compared.
fn rule(page: &mut Markup, representation: &RepresentationMapping, field: &FieldMapping) {
    page.own("<tr>").name(
        "th scope=\"row\" class=\"name place\"",
        &representation.dataset.to_string(),
    );
    page.name("td class=\"name\"", &field.name);
    match &field.rule {
        None => page
            .own("<td></td>")
            .element("td class=\"none\"", "not mapped"),
        Some(rule) if field.compared => {
            page.name("td class=\"name\"", &rule.path.to_string());
            page.element("td", &rule.to_string())
        }
        Some(rule) => {
            page.name("td class=\"name\"", &rule.path.to_string());
            page.element("td class=\"none\"", "shown, not compared")
        }
    };
    page.own("</tr>\n");
}

//! What was compared: the stores with their versions, and the mapping with its rules.

use super::Markup;
use crate::human;
use crate::mapping::{FieldMapping, RepresentationMapping};
use crate::report::{EntityReport, Report};

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
        page.own("<tr>")
            .name("th scope=\"row\" class=\"name\"", &dataset.to_string());
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

/// A row a field and representation where something is to be said: fields that are compared as they are, under the same
/// name, are named together.
fn mapping(page: &mut Markup, entity: &EntityReport) {
    page.own("<p class=\"note\">Fields: ");
    for (at, field) in entity.mapping.fields.iter().enumerate() {
        page.own(if at > 0 { ", " } else { "" })
            .name("span class=\"name\"", field);
    }
    page.own(". Each is compared exactly and under its own name, except:</p>\n");
    page.table(
        "Mapping and rules",
        &["dataset", "field", "stored as", "compared"],
    );
    for representation in &entity.mapping.representations {
        for field in representation.fields.iter().filter(|it| is_special(it)) {
            rule(page, representation, field);
        }
    }
    page.end_table();
}

fn is_special(field: &FieldMapping) -> bool {
    let Some(rule) = &field.rule else {
        return true;
    };
    !field.compared || rule.to_string() != "exact" || rule.path.segments() != [field.name.as_str()]
}

fn rule(page: &mut Markup, representation: &RepresentationMapping, field: &FieldMapping) {
    page.own("<tr>").name(
        "th scope=\"row\" class=\"name\"",
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

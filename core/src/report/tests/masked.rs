//! No value of a record stands in a report.

use super::sample::rich;
use crate::report::render;
use crate::wire::ReportFormat;

#[test]
fn no_form_shows_a_value() {
    let values = [
        "ann@",
        "example",
        "Łuczak",
        "Luczak",
        "1200.",
        "Krak",
        "Ann Lee",
        "1990",
        "1st of May",
    ];
    for (ending, format) in ReportFormat::ALL {
        let text = render(&rich(), format);
        for value in values {
            assert!(!text.contains(value), "{ending} shows {value}");
        }
    }
}

#[test]
fn every_form_shows_the_keys() {
    for (ending, format) in ReportFormat::ALL {
        assert!(render(&rich(), format).contains("12345"), "{ending}");
    }
}

#[test]
fn null_and_absent_and_the_place_of_a_difference_are_seen() {
    let html = render(&rich(), ReportFormat::Html);
    for said in [
        "a••• · 15 characters",
        "from character 5 on",
        "<td>absent</td>",
        "<td>null</td>",
        "date here, text there",
    ] {
        assert!(html.contains(said), "{said}");
    }
}

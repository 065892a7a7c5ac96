//! Data that tries to be something else stays data, in every form.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quick_xml::events::Event;

use super::sample::{hostile, rich};
use crate::report::render;
use crate::wire::ReportFormat;

/// Texts that break out of something.
fn texts() -> Vec<String> {
    let fixed = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' style='x' onload='y",
        "]]></failure><testcase name=\"x\"/>-->",
        "</style></title></code></pre>&lt;b&gt;&amp;&#60;",
        "=HYPERLINK(\"http://x\",\"y\")",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "a|b\\|c | d",
        "`` ` ```",
        "**b** _i_ [l](http://x) ![p](x) <b> @ann #1 www.x.y",
        "line\nbreak\r\nand\u{2028}more",
        "nul\0bell\u{7}esc\u{1b}[2J\u{85}\u{ffff}\u{fffe}",
        "\u{202e}evitcerid\u{2066}\u{200b}",
        "",
        " ",
    ];
    let long = "<".repeat(100_000);
    fixed
        .iter()
        .map(|it| (*it).to_owned())
        .chain([long])
        .collect()
}

/// The names of all elements and attributes, and the text between them; fails unless it is well-formed.
fn parsed(text: &str) -> (BTreeSet<String>, String) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let (mut names, mut content, mut depth) = (BTreeSet::new(), String::new(), 0);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => break,
            Event::Start(it) => {
                depth += 1;
                note(&it, &mut names);
            }
            Event::Empty(it) => note(&it, &mut names),
            Event::End(_) => depth -= 1,
            Event::Text(it) => content.push_str(&it),
            Event::GeneralRef(it) => content.push_str(&format!("&{};", &*it)),
            Event::Decl(_) | Event::DocType(_) => {}
            Event::CData(_) | Event::Comment(_) | Event::PI(_) => panic!("none of these is ours"),
        }
    }
    assert_eq!(depth, 0, "an element is not closed");
    (names, content)
}

fn note(tag: &quick_xml::events::BytesStart<'_>, names: &mut BTreeSet<String>) {
    let element = tag.name().as_ref().to_owned();
    for attribute in tag.attributes() {
        let attribute = attribute.expect("an attribute").key;
        let attribute = attribute.as_ref().to_owned();
        names.insert(format!("{element} {attribute}"));
    }
    names.insert(element);
}

#[test]
fn html_has_no_element_and_no_attribute_from_data() {
    let (own, _) = parsed(&render(&rich(), ReportFormat::Html));
    for text in texts() {
        let page = render(&hostile(&text), ReportFormat::Html);
        let (names, _) = parsed(&page);
        assert!(names.is_subset(&own), "{:?}", names.difference(&own));
        assert!(!own.contains("script"));
        hides_nothing(&page, &text);
    }
}

#[test]
fn html_asks_for_nothing_from_elsewhere() {
    for text in texts() {
        let page = render(&hostile(&text), ReportFormat::Html);
        let (names, _) = parsed(&page);
        for attribute in [
            "src", "href", "onerror", "onload", "action", "data", "srcset",
        ] {
            assert!(
                !names
                    .iter()
                    .any(|it| it.ends_with(&format!(" {attribute}")))
            );
        }
        assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
        let style = page.split("</style>").next().expect("a style");
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
}

/// No character that cannot be seen, or that turns the text around, stands in the file.
#[track_caller]
fn hides_nothing(file: &str, from: &str) {
    let hidden = file
        .chars()
        .find(|it| *it != '\n' && super::super::plain::is_hidden(*it));
    assert_eq!(hidden, None, "from {from:?}");
}

#[test]
fn xml_is_well_formed_and_has_only_its_own_elements() {
    let (own, _) = parsed(&render(&rich(), ReportFormat::Junit));
    for text in texts() {
        let file = render(&hostile(&text), ReportFormat::Junit);
        let (names, _) = parsed(&file);
        assert!(names.is_subset(&own), "{:?}", names.difference(&own));
        hides_nothing(&file, &text);
    }
}

#[test]
fn json_reads_back_as_it_was() {
    for text in texts() {
        let file = render(&hostile(&text), ReportFormat::Json);
        hides_nothing(&file, &text);
        let read: serde_json::Value = serde_json::from_str(&file).expect("JSON");
        assert_eq!(read["deployment"], text.as_str());
        assert_eq!(read["findings"][0]["key"], text.as_str());
        assert_eq!(read["findings"][0]["fields"][0], text.as_str());
        assert_eq!(read["not_checked"][0]["what"], text.as_str());
    }
}

/// Reads RFC 4180: rows of cells.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            '\r' if !quoted => assert_eq!(letters.peek(), Some(&'\n'), "a bare CR"),
            '\n' if !quoted => {
                cells.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut cells));
            }
            _ => cell.push(letter),
        }
    }
    assert!(
        !quoted && cell.is_empty() && cells.is_empty(),
        "the last line does not end"
    );
    rows
}

#[test]
fn csv_reads_back_with_formulas_defused() {
    for text in texts() {
        let rows = csv(&render(&hostile(&text), ReportFormat::Csv));
        assert_eq!(rows.len(), 1 + rich().findings().count());
        for row in &rows {
            assert_eq!(row.len(), 10, "from {text:?}");
            let formula = row
                .iter()
                .find(|it| it.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            assert_eq!(formula, None, "from {text:?}");
        }
        let text = super::super::plain::visible_in_lines(&text);
        let key = &rows[1][1];
        let defused = text.starts_with(['=', '+', '-', '@', '\t']) && *key == format!("'{text}");
        assert!(*key == text || defused, "{key:?} from {text:?}");
    }
}

#[test]
fn csv_leaves_negative_numbers_as_they_are() {
    for (text, expected) in [
        ("-5", "-5"),
        ("-1.50", "-1.50"),
        ("-1-1", "'-1-1"),
        ("-", "'-"),
    ] {
        let rows = csv(&render(&hostile(text), ReportFormat::Csv));
        assert_eq!(rows[1][1], expected);
    }
}

/// The cells of each line of a table, as GitHub splits them: at every pipe that no backslash escapes.
fn table_widths(markdown: &str) -> Vec<(usize, String)> {
    let lines = markdown.lines().filter(|it| it.starts_with('|'));
    lines
        .map(|it| (it.matches('|').count(), it.to_owned()))
        .collect()
}

#[test]
fn markdown_tables_keep_their_columns() {
    let plain = render(&rich(), ReportFormat::Markdown);
    let known: BTreeSet<usize> = table_widths(&plain).into_iter().map(|(n, _)| n).collect();
    for text in texts() {
        let file = render(&hostile(&text), ReportFormat::Markdown);
        hides_nothing(&file, &text);
        let mut width = None;
        for line in file.lines() {
            let cells = line.matches('|').count();
            if line.starts_with('|') {
                assert_eq!(*width.get_or_insert(cells), cells, "{line}");
                assert!(known.contains(&cells), "{line}");
            } else {
                width = None;
            }
        }
    }
}

#[test]
fn markdown_makes_no_tag_and_no_link_of_data() {
    for text in texts() {
        let file = render(&hostile(&text), ReportFormat::Markdown);
        let outside: String = outside_code(&file);
        for sign in ["<script", "<img", "<b>", "](http", "@ann", "://", "**b**"] {
            assert!(!outside.contains(sign), "{sign} from {text:?}");
        }
    }
}

/// What stands outside spans and blocks of code, without the marks that are escaped.
fn outside_code(markdown: &str) -> String {
    let mut text = String::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.trim_end_matches("sh").to_owned()),
            None => {
                let mut parts = line.split('\\');
                let first = parts.next().unwrap_or_default().to_owned();
                let bare = parts.fold(first, |all, it| all + it.get(1..).unwrap_or_default());
                text.extend(bare.split('`').step_by(2).chain(["\n"]));
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_mark_of_data_reaches_the_page(text in "[<>&\"'a\\PC\\x00-\\x1f]{0,40}") {
        let (own, _) = parsed(&render(&rich(), ReportFormat::Html));
        let page = render(&hostile(&text), ReportFormat::Html);
        let (names, content) = parsed(&page);
        prop_assert!(names.is_subset(&own));
        prop_assert!(!content.contains(['<', '>']) );
    }

    #[test]
    fn any_text_is_well_formed_in_xml_and_exact_in_json(text in any::<String>()) {
        parsed(&render(&hostile(&text), ReportFormat::Junit));
        let read: serde_json::Value =
            serde_json::from_str(&render(&hostile(&text), ReportFormat::Json)).expect("JSON");
        prop_assert_eq!(&read["deployment"], text.as_str());
    }
}

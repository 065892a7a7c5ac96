//! The table of findings: any number of rows, of which only the visible ones are built.

use egui::text::{LayoutJob, TextWrapping};
use egui::{
    EventFilter, FontId, Id, Key, Rect, Response, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo,
    WidgetType, pos2, vec2,
};
use parallax_core::human;
use parallax_core::report::{Finding, Report};

use super::findings::{By, Findings, Shown};
use super::pressed;
use crate::action::Action;
use crate::format;
use crate::theme::{self, Palette};
use crate::widgets::{Sign, announce, caption, focus_ring};

const ROW: f32 = 26.0;
const HEAD: f32 = 26.0;
const REASON: f32 = 26.0;

/// Headings, what they sort by, and the widths: points, then a share of what is left.
const COLUMNS: [(&str, Option<By>, f32, f32); 8] = [
    ("key", Some(By::Key), 110.0, 0.2),
    ("copy", Some(By::Dataset), 110.0, 0.16),
    ("verdict", Some(By::Verdict), 104.0, 0.0),
    ("fields", Some(By::Fields), 80.0, 0.1),
    ("age", Some(By::Age), 86.0, 0.0),
    ("first seen", Some(By::FirstSeen), 100.0, 0.0),
    ("reads", Some(By::Reads), 56.0, 0.0),
    ("why it is drift", None, 80.0, 0.54),
];

/// Draws filter, table and the reason of the chosen finding; Enter or a click opens its trace.
pub(super) fn ui(ui: &mut Ui, findings: &mut Findings, report: &Report) -> Option<Action> {
    let (shown, total) = (findings.shown(), findings.total());
    findings.filter.ui(ui, &findings.datasets, shown, total);
    let is_new = findings.refresh(report);
    let room = ui.available_size();
    let height = (room.y - REASON).max(HEAD + 3.0 * ROW);
    let (rect, _) = ui.allocate_exact_size(vec2(room.x, height), Sense::hover());
    let widths = widths(rect.width());
    let id = Id::new("check-findings");
    let response = ui.interact(rect, id, Sense::click());
    let name = format!("Findings, {} shown", human::count(findings.shown() as u64));
    announce(ui, &response, WidgetType::Panel, &name);
    let head = Rect::from_min_size(rect.min, vec2(rect.width(), HEAD));
    headings(ui, head, &widths, findings);
    let body = Rect::from_min_max(rect.min + vec2(0.0, HEAD), rect.max);
    let moved = keys(ui, &response, findings, body.height());
    let jump = if is_new { Some(0) } else { moved.to };
    let clicked = rows(ui, body, &widths, findings, report, jump);
    focus_ring(ui, &response);
    reason(ui, findings, report);
    if clicked.is_some() {
        findings.chosen = clicked;
    }
    let opened = clicked.or(findings.chosen.filter(|_| moved.opens));
    opened
        .and_then(|place| findings.at(place, report))
        .map(|it| Action::Trace {
            entity: it.entity.to_owned(),
            key: it.key.to_owned(),
        })
}

fn widths(all: f32) -> [f32; 8] {
    let fixed: f32 = COLUMNS.iter().map(|it| it.2).sum();
    let rest = (all - fixed - 12.0).max(0.0);
    COLUMNS.map(|(_, _, points, share)| points + rest * share)
}

fn headings(ui: &Ui, rect: Rect, widths: &[f32; 8], findings: &mut Findings) {
    let palette = Palette::of(ui);
    ui.painter().rect_filled(rect, 0.0, palette.sunken);
    ui.painter()
        .hline(rect.x_range(), rect.bottom(), palette.rule());
    let mut left = rect.left();
    for ((text, by, ..), width) in COLUMNS.into_iter().zip(widths) {
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(*width, rect.height()));
        left += width;
        let sort = findings.sort();
        let is_sorted = by.is_some() && sort.by == by;
        let mark = match (is_sorted, sort.falling) {
            (false, _) => "",
            (true, false) => " ▴",
            (true, true) => " ▾",
        };
        let shown = format!("{text}{mark}");
        paint(ui, cell, &shown, theme::font(theme::CAPTION), palette.muted);
        let Some(by) = by else { continue };
        let response = ui.interact(cell, Id::new(("check-sort", text)), Sense::click());
        announce(
            ui,
            &response,
            WidgetType::Button,
            &format!("Sort by {text}"),
        );
        focus_ring(ui, &response);
        if response.clicked() {
            findings.sort_by(by);
        }
    }
}

/// What the keyboard did: a row to bring into view, and whether to open the chosen one.
#[derive(Default)]
struct Moved {
    to: Option<usize>,
    opens: bool,
}

fn keys(ui: &Ui, response: &Response, findings: &mut Findings, height: f32) -> Moved {
    if response.clicked() {
        response.request_focus();
    }
    let Some(last) = findings
        .shown()
        .checked_sub(1)
        .filter(|_| response.has_focus())
    else {
        return Moved::default();
    };
    let filter = EventFilter {
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|it| it.set_focus_lock_filter(response.id, filter));
    let page = rows_in(height);
    let now = findings.chosen;
    let next = |step: isize| Some(now.map_or(0, |it| it.saturating_add_signed(step).min(last)));
    let to = if pressed(ui, Key::ArrowDown) {
        next(1)
    } else if pressed(ui, Key::ArrowUp) {
        next(-1)
    } else if pressed(ui, Key::PageDown) {
        next(page)
    } else if pressed(ui, Key::PageUp) {
        next(-page)
    } else if pressed(ui, Key::Home) {
        Some(0)
    } else if pressed(ui, Key::End) {
        Some(last)
    } else {
        None
    };
    findings.chosen = to.or(now);
    Moved {
        to,
        opens: pressed(ui, Key::Enter),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rows on one screen are few"
)]
fn rows_in(height: f32) -> isize {
    (height / ROW).max(1.0) as isize
}

/// The visible rows; returns the one that was clicked.
fn rows(
    ui: &mut Ui,
    body: Rect,
    widths: &[f32; 8],
    findings: &mut Findings,
    report: &Report,
    jump: Option<usize>,
) -> Option<usize> {
    let mut clicked = None;
    let builder = UiBuilder::new().max_rect(body).id_salt("check-rows");
    let mut inside = ui.new_child(builder);
    inside.set_clip_rect(ui.clip_rect().intersect(body));
    inside.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical()
        .id_salt("check-findings-rows")
        .auto_shrink(false);
    if let Some(offset) = jump.and_then(|row| offset(findings.top, row, body.height())) {
        area = area.vertical_scroll_offset(offset);
    }
    let output = area.show_rows(&mut inside, ROW, findings.shown(), |ui, range| {
        for place in range {
            let Some(shown) = findings.at(place, report) else {
                continue;
            };
            let chosen = findings.chosen == Some(place);
            if row(ui, place, shown, widths, chosen).clicked() {
                clicked = Some(place);
            }
        }
    });
    findings.top = output.state.offset.y;
    clicked
}

/// Where to scroll so that a row is seen, by as little as possible; none if it is.
fn offset(now: f32, row: usize, height: f32) -> Option<f32> {
    let top = format::as_f32(row) * ROW;
    if top < now {
        return Some(top);
    }
    (top + ROW > now + height).then_some(top + ROW - height)
}

fn row(ui: &mut Ui, place: usize, shown: Shown<'_>, widths: &[f32; 8], chosen: bool) -> Response {
    let palette = Palette::of(ui);
    let size = vec2(ui.available_width(), ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::CLICK);
    let finding = shown.finding;
    let sign = Sign::verdict(finding.verdict);
    response.widget_info(|| {
        let name = format!(
            "{}. {} {} in {}: {}",
            place + 1,
            shown.entity,
            shown.key,
            finding.dataset,
            sign.word
        );
        WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, name)
    });
    if chosen {
        ui.painter().rect_filled(rect, 0.0, palette.accent_soft);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, palette.hover);
    }
    ui.painter()
        .hline(rect.x_range(), rect.bottom(), palette.rule());
    let mut left = rect.left();
    let texts = cells(shown, sign);
    for (at, (text, width)) in texts.into_iter().zip(widths).enumerate() {
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(*width, ROW));
        left += width;
        let (font, color) = match at {
            0 | 1 | 3 => (theme::mono(theme::MONO), palette.text),
            2 => (theme::font(theme::BODY), palette.tone(sign.tone)),
            7 => (theme::font(theme::BODY), palette.muted),
            _ => (theme::font(theme::BODY), palette.text),
        };
        paint(ui, cell, &text, font, color);
    }
    response.on_hover_text("Enter or a click traces it")
}

fn cells(shown: Shown<'_>, sign: Sign) -> [String; 8] {
    let finding = shown.finding;
    [
        format!("{} {}", shown.entity, one_line(shown.key)),
        finding.dataset.to_string(),
        format!("{} {}", sign.mark, sign.word),
        fields(finding),
        finding
            .age
            .map_or_else(|| "unknown".to_owned(), human::duration),
        format::time_of_day(finding.first_seen),
        human::count(finding.reads.into()),
        one_line(&finding.reason),
    ]
}

fn fields(finding: &Finding) -> String {
    match finding.differences.as_slice() {
        [] => "whole record".to_owned(),
        [first] => one_line(&first.field),
        [first, rest @ ..] => format!("{} + {} more", one_line(&first.field), rest.len()),
    }
}

/// Enough to fill a cell; long and many-lined texts are not laid out whole.
fn one_line(text: &str) -> String {
    let cut: String = text.chars().take(200).collect();
    cut.replace(char::is_control, " ")
}

fn paint(ui: &Ui, cell: Rect, text: &str, font: FontId, color: egui::Color32) {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width((cell.width() - 12.0).max(8.0));
    let galley = ui.painter().layout_job(job);
    let at = pos2(cell.left() + 6.0, cell.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
}

/// The chosen finding in words.
fn reason(ui: &mut Ui, findings: &Findings, report: &Report) {
    let chosen = findings.chosen.and_then(|it| findings.at(it, report));
    let Some(shown) = chosen else {
        caption(
            ui,
            "Arrow keys choose a finding, Enter or a click traces it",
        );
        return;
    };
    let names: Vec<_> = shown
        .finding
        .differences
        .iter()
        .map(|it| it.field.as_str())
        .collect();
    let fields = if names.is_empty() {
        String::new()
    } else {
        format!(" · {}", names.join(", "))
    };
    let reads = human::plural(shown.finding.reads, "time");
    let text = format!("{} Read {reads}{fields}", shown.finding.reason);
    ui.add(egui::Label::new(one_line(&text)).truncate())
        .on_hover_text(text);
}

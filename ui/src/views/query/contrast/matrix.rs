//! Fields by panes under one key: what differs first, what is equal folded, in the words and colours of a trace.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Button, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, vec2};
use parallax_core::compare::FieldVerdict;
use parallax_core::human;
use parallax_core::panes::{ComparedCell, ComparedRow, Comparison, Form, SideSummary, Standing};

use super::keys::spelled;
use crate::format::as_f32;
use crate::theme::{self, Palette, Tone};
use crate::views::trace::{difference, rule_in_words};
use crate::widgets::{Sign, announce};

const NAME: f32 = 124.0;
const COLUMN: f32 = 168.0;
const HEAD: f32 = 46.0;
const DIFFERING: f32 = 30.0;
const EQUAL: f32 = 24.0;
const FOLD: f32 = 34.0;
/// Longer values are cut where they are drawn; the whole one is in the tooltip and the accessibility tree.
const MAX_SHOWN: usize = 160;

/// How a record stands, as a colour, a mark and a word.
pub(super) fn sign(standing: Standing) -> Sign {
    let (tone, mark, word) = match standing {
        Standing::First => (Tone::Accent, "◆", "compared with"),
        Standing::Neither => (Tone::Unknown, "–", "no record"),
        Standing::Equal => (Tone::Good, "●", "agrees"),
        Standing::Unknown => (Tone::Unknown, "?", "unknown"),
        Standing::Extra => (Tone::Bad, "✖", "only here"),
        Standing::Missing => (Tone::Bad, "✖", "missing"),
        Standing::Different => (Tone::Bad, "✖", "differs"),
    };
    Sign { tone, mark, word }
}

/// The fields of a row: those that differ, and those that are equal or not compared.
fn parted(it: &Comparison, row: &ComparedRow) -> (Vec<usize>, Vec<usize>) {
    let differs = |field: &usize| {
        let cells = row
            .records
            .iter()
            .skip(1)
            .filter_map(|it| it.cells.get(*field));
        cells.into_iter().any(|it| is_finding(it.verdict))
    };
    let is_alone = row.records.iter().any(|it| it.standing == Standing::Extra);
    (0..it.fields.len()).partition(|field| is_alone || differs(field))
}

fn is_finding(verdict: FieldVerdict) -> bool {
    matches!(
        verdict,
        FieldVerdict::Different | FieldVerdict::Absent | FieldVerdict::Unreadable
    )
}

/// How high the matrix of a row is.
pub(super) fn height(it: &Comparison, row: usize, shows_equal: bool) -> f32 {
    let Some(row) = it.rows.get(row) else {
        return 0.0;
    };
    let (differing, equal) = parted(it, row);
    let shown = if shows_equal { equal.len() } else { 0 };
    let fold = if equal.is_empty() { 0.0 } else { FOLD };
    HEAD + DIFFERING * as_f32(differing.len()) + EQUAL * as_f32(shown) + fold
}

/// Draws the matrix of a row.
pub(super) fn ui(ui: &mut Ui, it: &Comparison, row: usize, shows_equal: &mut bool) {
    let Some(row) = it.rows.get(row) else {
        return;
    };
    let (differing, equal) = parted(it, row);
    let columns = as_f32(it.sides.len().max(1));
    let width = ((ui.available_width() - NAME - 4.0) / columns).max(COLUMN);
    ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
    ui.vertical(|ui| {
        heads(ui, it, row, width);
        let equal_shown = if *shows_equal { &equal[..] } else { &[] };
        for (fields, height) in [(&differing[..], DIFFERING), (equal_shown, EQUAL)] {
            for field in fields {
                line(ui, it, row, *field, vec2(width, height));
            }
        }
        fold(ui, equal.len(), shows_equal);
    });
}

fn heads(ui: &mut Ui, it: &Comparison, row: &ComparedRow, width: f32) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(NAME, HEAD), Sense::hover());
        let key = spelled(&row.key);
        let text = if key.is_empty() {
            "field".to_owned()
        } else {
            key
        };
        let font = theme::font(theme::CAPTION);
        write(
            ui,
            rect.with_min_y(rect.top() + 22.0),
            one(&text, TextFormat::simple(font, palette.muted)),
        );
        for (record, side) in row.records.iter().zip(&it.sides) {
            let (rect, response) = ui.allocate_exact_size(vec2(width, HEAD), Sense::hover());
            let sign = sign(record.standing);
            let name = format!("{}: {}", title(side), sign.word);
            announce(ui, &response, WidgetType::Label, &name);
            ui.painter()
                .vline(rect.left(), rect.y_range(), palette.rule());
            let mono = TextFormat::simple(theme::mono(theme::MONO), palette.text);
            let upper = Rect::from_min_max(rect.min, rect.center_bottom() - vec2(0.0, HEAD / 2.0));
            write(ui, upper.with_max_x(rect.right()), one(&title(side), mono));
            let body = TextFormat::simple(theme::font(theme::BODY), palette.tone(sign.tone));
            let lower = rect.with_min_y(rect.center().y);
            write(
                ui,
                lower,
                one(&format!("{} {}", sign.mark, sign.word), body),
            );
            response.on_hover_text(about(side));
        }
    });
}

fn title(side: &SideSummary) -> String {
    let dataset = side.dataset.as_ref().map(ToString::to_string);
    dataset.unwrap_or_else(|| side.name.clone())
}

fn about(side: &SideSummary) -> String {
    let records = human::plural(side.records, "record");
    match side.form {
        Form::Rows => format!("{}: {records}", side.name),
        Form::Pairs | Form::Documents(_) => format!("{}: {records}; {}", side.name, side.form),
    }
}

fn line(ui: &mut Ui, it: &Comparison, row: &ComparedRow, field: usize, size: egui::Vec2) {
    let palette = Palette::of(ui);
    let name = it.fields.get(field).map_or("", String::as_str);
    ui.horizontal(|ui| {
        let (rect, response) = ui.allocate_exact_size(vec2(NAME, size.y), Sense::hover());
        announce(ui, &response, WidgetType::Label, name);
        ui.painter()
            .hline(rect.x_range(), rect.top(), palette.rule());
        let mono = TextFormat::simple(theme::mono(theme::MONO), palette.text);
        write(ui, rect, one(name, mono));
        let first = row.records.first().and_then(|it| it.cells.get(field));
        for (at, (record, side)) in row.records.iter().zip(&it.sides).enumerate() {
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            ui.painter()
                .hline(rect.x_range(), rect.top(), palette.rule());
            ui.painter()
                .vline(rect.left(), rect.y_range(), palette.rule());
            let drawn = Drawn {
                palette,
                standing: record.standing,
                is_first: at == 0,
                cell: record.cells.get(field),
                truth: first,
            };
            let said = format!("{name} in {}: {}", side.name, drawn.words());
            response.widget_info(|| {
                let mut info = WidgetInfo::labeled(WidgetType::Other, true, &said);
                let value = drawn.cell.and_then(|it| it.value.as_ref());
                info.current_text_value = value.map(ToString::to_string);
                info
            });
            if drawn.is_loud() {
                let fill = palette.soft(Tone::Bad);
                ui.painter().rect_filled(rect.shrink(1.0), 0.0, fill);
            }
            write(ui, rect, drawn.job());
            response.on_hover_text(said);
        }
    });
}

fn fold(ui: &mut Ui, equal: usize, shows_equal: &mut bool) {
    if equal == 0 {
        return;
    }
    ui.painter().hline(
        ui.max_rect().x_range(),
        ui.cursor().top(),
        Palette::of(ui).rule(),
    );
    ui.add_space(6.0);
    let mark = if *shows_equal { "▾" } else { "▸" };
    let text = format!("{} {mark}", human::plural(equal as u64, "equal field"));
    if ui.add(Button::new(text).small()).clicked() {
        *shows_equal = !*shows_equal;
    }
}

/// One cell, in the words of a trace.
struct Drawn<'c> {
    palette: &'static Palette,
    standing: Standing,
    is_first: bool,
    cell: Option<&'c ComparedCell>,
    truth: Option<&'c ComparedCell>,
}

impl Drawn<'_> {
    fn is_loud(&self) -> bool {
        !self.is_first && self.cell.is_some_and(|it| is_finding(it.verdict))
    }

    fn value(cell: Option<&ComparedCell>) -> String {
        let value = cell.and_then(|it| it.value.as_ref());
        value.map_or_else(|| "absent".to_owned(), ToString::to_string)
    }

    fn words(&self) -> String {
        let Some(cell) = self.cell else {
            return match self.standing {
                Standing::Missing | Standing::Neither => "no record".to_owned(),
                _ => "equal".to_owned(),
            };
        };
        let value = Self::value(Some(cell));
        if self.is_first || self.standing == Standing::Extra {
            return value;
        }
        let why = cell.why.as_ref().map(|it| format!(" ({it})"));
        let why = why.unwrap_or_default();
        match cell.verdict {
            FieldVerdict::Equal => match rule_in_words(&cell.rule) {
                Some(rule) => format!("equal, {rule}: {value}"),
                None => format!("equal: {value}"),
            },
            FieldVerdict::Different => format!("different: {value}{why}"),
            FieldVerdict::Absent => format!("absent{why}"),
            FieldVerdict::NotMapped => "not compared".to_owned(),
            FieldVerdict::Unreadable => format!("unreadable: {value}{why}"),
        }
    }

    fn job(&self) -> LayoutJob {
        let palette = self.palette;
        let caption = TextFormat::simple(theme::font(theme::CAPTION), palette.muted);
        let mono = TextFormat::simple(theme::mono(theme::MONO), palette.text);
        let loud = TextFormat::simple(theme::font(theme::BODY), palette.tone(Tone::Bad));
        let Some(cell) = self.cell else {
            return one(&self.words(), caption);
        };
        if self.is_first || self.standing == Standing::Extra {
            let is_there = cell.value.is_some();
            return one(
                &shown(&Self::value(Some(cell))),
                if is_there { mono } else { caption },
            );
        }
        match cell.verdict {
            FieldVerdict::Equal => self.equal(cell, caption),
            FieldVerdict::Different => self.different(cell),
            FieldVerdict::Absent => one("≠ absent", loud),
            FieldVerdict::NotMapped => one("not compared", caption),
            FieldVerdict::Unreadable => one("? unreadable", loud),
        }
    }

    fn equal(&self, cell: &ComparedCell, caption: TextFormat) -> LayoutJob {
        let good = self.palette.tone(Tone::Good);
        let mut job = one("=", TextFormat::simple(theme::font(theme::BODY), good));
        if let Some(rule) = rule_in_words(&cell.rule) {
            job.append(&rule, 6.0, caption);
        }
        job
    }

    /// What both values share at their ends is dim; what differs between is not. Types that differ are named.
    fn different(&self, cell: &ComparedCell) -> LayoutJob {
        let (copy, truth) = (
            shown(&Self::value(Some(cell))),
            shown(&Self::value(self.truth)),
        );
        let (head, middle, tail) = difference(&truth, &copy);
        let bad = self.palette.tone(Tone::Bad);
        let font = theme::mono(theme::MONO);
        let dim = TextFormat::simple(font.clone(), self.palette.muted);
        let mut strong = TextFormat::simple(font, bad);
        strong.underline = Stroke::new(1.5, bad);
        let mut job = one("≠ ", TextFormat::simple(theme::font(theme::BODY), bad));
        job.append(head, 0.0, dim.clone());
        job.append(middle, 0.0, strong);
        job.append(tail, 0.0, dim);
        let types = [Some(cell), self.truth].map(|it| {
            it.and_then(|it| it.value.as_ref())
                .map(|it| it.type_name().to_owned())
        });
        if let [Some(here), Some(there)] = types
            && here != there
        {
            let caption = TextFormat::simple(theme::font(theme::CAPTION), bad);
            job.append(&format!("{here}, not {there}"), 8.0, caption);
        }
        job
    }
}

fn one(text: &str, format: TextFormat) -> LayoutJob {
    LayoutJob::single_section(text.to_owned(), format)
}

fn write(ui: &Ui, rect: Rect, mut job: LayoutJob) {
    job.wrap = TextWrapping {
        max_width: rect.width() - 16.0,
        max_rows: 1,
        break_anywhere: true,
        overflow_character: Some('…'),
    };
    let galley = ui.painter().layout_job(job);
    let at = rect.left_center() + vec2(10.0, -galley.size().y / 2.0);
    ui.painter().galley(at, galley, Palette::of(ui).text);
}

fn shown(text: &str) -> String {
    let line = text.replace('\n', " ↵ ");
    if line.chars().count() <= MAX_SHOWN {
        return line;
    }
    line.chars().take(MAX_SHOWN).chain(['…']).collect()
}

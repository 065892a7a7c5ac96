//! One cell: equal and by which rule, or different, with the difference inside the value marked.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, FontId, Rect, Response, Stroke, Ui, WidgetInfo, WidgetType, vec2};
use parallax_core::compare::FieldVerdict;
use parallax_core::deployment::Role;
use parallax_core::trace::{FieldObservation, Found, Observation};

use super::words;
use crate::theme::{self, Palette, Tone};

/// Longer values are cut where they are drawn; the whole one is in the tooltip and the raw record.
const MAX_SHOWN: usize = 160;

pub(super) fn ui(
    ui: &Ui,
    rect: Rect,
    response: &Response,
    observation: &Observation,
    field: &FieldObservation,
) {
    let palette = Palette::of(ui);
    let whole = words::cell(observation, field);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(WidgetType::Other, true, &whole);
        info.current_text_value = field.value.as_ref().map(ToString::to_string);
        info
    });
    ui.painter()
        .vline(rect.left(), rect.y_range(), palette.rule());
    if field.verdict == FieldVerdict::Different {
        let fill = palette.soft(Tone::Bad);
        ui.painter()
            .rect_filled(rect.shrink2(vec2(1.0, 1.0)), 0.0, fill);
    }
    let mut job = job(palette, observation, field);
    if let Some(text) = words::searched(observation, field) {
        let color = palette.tone(Tone::Warning);
        let caption = plain(theme::font(theme::CAPTION), color);
        job.append(&format!("\n{}", shown(&text)), 0.0, caption);
    }
    job.wrap = TextWrapping {
        max_width: rect.width() - 18.0,
        max_rows: if rect.height() > 40.0 { 2 } else { 1 },
        break_anywhere: true,
        overflow_character: Some('…'),
    };
    let galley = ui.painter().layout_job(job);
    let at = rect.left_center() + vec2(10.0, -galley.size().y / 2.0);
    ui.painter().galley(at, galley, palette.text);
    if response.hovered() {
        response.clone().on_hover_text(whole);
    }
}

fn job(palette: &Palette, observation: &Observation, field: &FieldObservation) -> LayoutJob {
    let pen = Pen { palette };
    match (observation.state, field.verdict) {
        (Found::Absent, _) => pen.said("no record"),
        (Found::Failed, _) => pen.said("not readable"),
        (Found::Found, _) if observation.role == Role::SystemOfRecord => pen.value(field),
        (Found::Found, FieldVerdict::Equal) => pen.equal(field),
        (Found::Found, FieldVerdict::Different) => pen.different(field),
        (Found::Found, FieldVerdict::Absent) => pen.loud("≠ absent"),
        (Found::Found, FieldVerdict::NotMapped) => pen.said(&words::not_compared(field)),
        (Found::Found, FieldVerdict::Unreadable) => pen.loud("? unreadable"),
    }
}

struct Pen<'p> {
    palette: &'p Palette,
}

impl Pen<'_> {
    fn said(&self, text: &str) -> LayoutJob {
        LayoutJob::single_section(
            text.to_owned(),
            plain(theme::font(theme::CAPTION), self.palette.muted),
        )
    }

    fn loud(&self, text: &str) -> LayoutJob {
        let color = self.palette.tone(Tone::Bad);
        LayoutJob::single_section(text.to_owned(), plain(theme::font(theme::BODY), color))
    }

    fn value(&self, field: &FieldObservation) -> LayoutJob {
        let text = shown(&words::value(field.value.as_ref()));
        LayoutJob::single_section(text, plain(theme::mono(theme::MONO), self.palette.text))
    }

    fn equal(&self, field: &FieldObservation) -> LayoutJob {
        let good = self.palette.tone(Tone::Good);
        let mut job = LayoutJob::default();
        job.append("=", 0.0, plain(theme::font(theme::BODY), good));
        if let Some(rule) = words::rule(&field.rule) {
            let caption = plain(theme::font(theme::CAPTION), self.palette.muted);
            job.append(&rule, 6.0, caption);
        }
        job
    }

    /// What both values share at their ends is dim; what differs between is not.
    fn different(&self, field: &FieldObservation) -> LayoutJob {
        let copy = shown(&words::value(field.value.as_ref()));
        let truth = shown(&words::value(field.truth.as_ref()));
        let (head, middle, tail) = difference(&truth, &copy);
        let bad = self.palette.tone(Tone::Bad);
        let font = theme::mono(theme::MONO);
        let dim = plain(font.clone(), self.palette.muted);
        let mut strong = plain(font, bad);
        strong.underline = Stroke::new(1.5, bad);
        let mut job = LayoutJob::default();
        job.append("≠ ", 0.0, plain(theme::font(theme::BODY), bad));
        job.append(head, 0.0, dim.clone());
        job.append(middle, 0.0, strong);
        job.append(tail, 0.0, dim);
        job
    }
}

fn plain(font: FontId, color: Color32) -> TextFormat {
    TextFormat::simple(font, color)
}

fn shown(text: &str) -> String {
    let line = text.replace('\n', " ↵ ");
    if line.chars().count() <= MAX_SHOWN {
        return line;
    }
    line.chars().take(MAX_SHOWN).chain(['…']).collect()
}

/// Splits `copy` into what begins as `truth` does, what differs, and what ends as `truth` does.
pub(crate) fn difference<'c>(truth: &str, copy: &'c str) -> (&'c str, &'c str, &'c str) {
    let same = |(one, other): &(char, char)| one == other;
    let head: usize = copy
        .chars()
        .zip(truth.chars())
        .take_while(same)
        .map(|it| it.0.len_utf8())
        .sum();
    let (head, rest) = copy.split_at_checked(head).unwrap_or(("", copy));
    let truth_rest = truth.strip_prefix(head).unwrap_or(truth);
    let ends = rest.chars().rev().zip(truth_rest.chars().rev());
    let tail: usize = ends.take_while(same).map(|it| it.0.len_utf8()).sum();
    let (middle, tail) = rest
        .split_at_checked(rest.len() - tail)
        .unwrap_or((rest, ""));
    (head, middle, tail)
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[track_caller]
    fn check(truth: &str, copy: &str, expected: (&str, &str, &str)) {
        assert_eq!(difference(truth, copy), expected);
    }

    #[test]
    fn what_both_share_at_their_ends_is_set_apart() {
        check(
            "ann@new.example",
            "ann@old.example",
            ("ann@", "old", ".example"),
        );
        check("aa", "aaa", ("aa", "a", ""));
        check("São", "Sao", ("S", "a", "o"));
        check("x", "x", ("x", "", ""));
        check("", "new", ("", "new", ""));
    }
}

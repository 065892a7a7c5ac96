//! The head of a representation's column: what it is, when it was read, and the verdict.

use egui::{Align2, Color32, FontId, Pos2, Sense, Ui, WidgetInfo, WidgetType, vec2};
use jiff::Timestamp;
use parallax_core::deployment::Role;
use parallax_core::human;
use parallax_core::trace::{Observation, SearchableState};
use parallax_core::value::Value;

use crate::format;
use crate::theme::{self, Palette, Tone};
use crate::widgets::{Sign, focus_ring};

pub(super) const HEAD: f32 = 110.0;

/// Draws the head; true when it was clicked.
pub(super) fn head(
    ui: &mut Ui,
    it: &Observation,
    width: f32,
    chosen: bool,
    now: Timestamp,
) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEAD), Sense::click());
    let sign = Sign::verdict(it.verdict);
    response.widget_info(|| {
        let pending = if is_pending(it) {
            ", a refresh is pending"
        } else {
            ""
        };
        let name = format!("{}: {}{pending}", it.dataset, sign.word);
        WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, name)
    });
    let palette = Palette::of(ui);
    if chosen {
        ui.painter().rect_filled(rect, 0.0, palette.accent_soft);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, palette.hover);
    }
    ui.painter()
        .vline(rect.left(), rect.y_range(), palette.rule());
    let pen = Lines {
        ui,
        at: rect.min + vec2(10.0, 9.0),
        width: width - 16.0,
    };
    let source = if it.role == Role::SystemOfRecord {
        " ◆"
    } else {
        ""
    };
    pen.line(
        0.0,
        &format!("{}{source}", it.dataset),
        theme::mono(theme::MONO),
        palette.text,
    );
    let tone = palette.tone(sign.tone);
    let verdict = format!("{} {}{}", sign.mark, sign.word, late_by(it));
    pen.line(20.0, &verdict, theme::font(theme::BODY), tone);
    let small = theme::font(theme::CAPTION);
    pen.line(41.0, &read(it), small.clone(), palette.muted);
    pen.line(59.0, &version(it), small.clone(), palette.muted);
    if let Some(left) = time_to_live(it) {
        pen.line(77.0, &format!("expires in {left}"), small, palette.text);
    }
    if is_pending(it) {
        let tone = palette.tone(Tone::Warning);
        let small = theme::font(theme::CAPTION);
        pen.line(77.0, "stored; searches find older", small, tone);
    }
    focus_ring(ui, &response);
    let reads = human::plural(it.reads, "read");
    let age = format::age(it.read.ended, now);
    response
        .on_hover_text(format!("{}\n{reads}, {age}", it.reason))
        .clicked()
}

struct Lines<'u> {
    ui: &'u Ui,
    at: Pos2,
    width: f32,
}

impl Lines<'_> {
    fn line(&self, y: f32, text: &str, font: FontId, color: Color32) {
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(self.width);
        let galley = self.ui.painter().layout_job(job);
        let at = Align2::LEFT_TOP.anchor_size(self.at + vec2(0.0, y), galley.size());
        self.ui.painter().galley(at.min, galley, color);
    }
}

/// Whether searches find another state of the record than the stored one.
fn is_pending(it: &Observation) -> bool {
    let copy = it.searchable.as_ref();
    copy.is_some_and(|it| it.state == SearchableState::Pending)
}

fn late_by(it: &Observation) -> String {
    let age = it.age.filter(|_| it.verdict.severity() > 0);
    age.map(|age| format!(" for {}", human::duration(age)))
        .unwrap_or_default()
}

fn read(it: &Observation) -> String {
    let took = human::duration(format::elapsed(it.read.began, it.read.ended));
    format!("read {} · took {took}", format::time_of_day(it.read.ended))
}

fn version(it: &Observation) -> String {
    let version = it.version.as_ref().map(|it| format!("version {it}"));
    version.unwrap_or_else(|| "no version known".to_owned())
}

/// How long the key will stay, where the store says so.
fn time_to_live(it: &Observation) -> Option<String> {
    let meta = &it.raw.as_ref()?.meta;
    let (_, value) = meta.iter().find(|(name, _)| name == "@ttl_ms")?;
    match value {
        Value::I64(millis) => {
            let millis = u64::try_from(*millis).ok()?;
            Some(human::duration(std::time::Duration::from_millis(millis)))
        }
        _ => None,
    }
}

//! The keys of a comparison, those that differ first, each with how every pane stands to the first.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};
use parallax_core::human;
use parallax_core::panes::{ComparedRow, Comparison, Standing};
use parallax_core::value::Value;

use super::matrix::sign;
use crate::format::as_f32;
use crate::theme::{self, Palette};
use crate::widgets::{caption, focus_ring};

const ROW: f32 = 26.0;

pub(super) fn height(rows: usize) -> f32 {
    ROW * as_f32(rows.min(8)) + 30.0
}

/// Draws the list; a click chooses a key.
pub(super) fn ui(ui: &mut Ui, it: &Comparison, chosen: &mut usize) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let listed = it.rows.len() as u64;
        let more = if it.keys > listed {
            format!(", the first {} shown", human::count(listed))
        } else {
            String::new()
        };
        caption(ui, format!("{}{more}", human::plural(it.keys, "key")));
        ui.add_space(theme::HALF_GAP);
        let scroll = ScrollArea::vertical()
            .id_salt("keys")
            .auto_shrink([false, false]);
        scroll.show_rows(ui, ROW, it.rows.len(), |ui, range| {
            for at in range {
                if let Some(row) = it.rows.get(at) {
                    let is_chosen = *chosen == at;
                    if line(ui, it, row, is_chosen) {
                        *chosen = at;
                    }
                }
            }
        });
    });
}

fn line(ui: &mut Ui, it: &Comparison, row: &ComparedRow, is_chosen: bool) -> bool {
    let size = vec2(ui.available_width(), ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let palette = Palette::of(ui);
    let key = spelled(&row.key);
    let words = words(it, row);
    response.widget_info(|| {
        let name = format!("Key {key}: {}", words.join(", "));
        WidgetInfo::selected(WidgetType::SelectableLabel, true, is_chosen, name)
    });
    if is_chosen {
        ui.painter().rect_filled(rect, 2.0, palette.accent_soft);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 2.0, palette.hover);
    }
    ui.painter()
        .hline(rect.x_range(), rect.bottom(), palette.rule());
    let mut job = LayoutJob::default();
    let mono = TextFormat::simple(theme::mono(theme::MONO), palette.text);
    job.append(&key, 0.0, mono);
    let others = row.records.iter().zip(&it.sides).skip(1);
    for (record, side) in others {
        let sign = sign(record.standing);
        let (text, space) = match record.standing {
            Standing::Neither => continue,
            Standing::Equal => (sign.mark.to_owned(), 10.0),
            _ => (format!("{} {} {}", sign.mark, side.name, sign.word), 10.0),
        };
        let format = TextFormat::simple(theme::font(theme::CAPTION), palette.tone(sign.tone));
        job.append(&text, space, format);
    }
    job.wrap = TextWrapping::truncate_at_width(rect.width() - 12.0);
    let galley = ui.painter().layout_job(job);
    let at = rect.left_center() + vec2(6.0, -galley.size().y / 2.0);
    ui.painter().galley(at, galley, palette.text);
    focus_ring(ui, &response);
    response.clicked()
}

fn words(it: &Comparison, row: &ComparedRow) -> Vec<String> {
    let others = row.records.iter().zip(&it.sides).skip(1);
    others
        .map(|(record, side)| format!("{} {}", side.name, sign(record.standing).word))
        .collect()
}

/// A key of several parts with a dot between them.
pub(super) fn spelled(key: &[Value]) -> String {
    let parts: Vec<String> = key.iter().map(ToString::to_string).collect();
    parts.join(" · ")
}

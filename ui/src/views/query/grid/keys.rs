//! The grid by keyboard: arrows, pages, ends; copy.

use egui::{EventFilter, Id, Key, Modifiers, Ui};

use super::Grid;

impl Grid {
    pub(super) fn keys(&mut self, ui: &Ui, id: Id) {
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|it| it.set_focus_lock_filter(id, filter));
        let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
        let page = i64::from(self.scroll.rows_that_fit());
        let steps = [
            (Key::ArrowUp, (-1, 0)),
            (Key::ArrowDown, (1, 0)),
            (Key::ArrowLeft, (0, -1)),
            (Key::ArrowRight, (0, 1)),
            (Key::PageUp, (-page, 0)),
            (Key::PageDown, (page, 0)),
            (Key::Home, (i64::MIN, 0)),
            (Key::End, (i64::MAX, 0)),
        ];
        for (_, (down, right)) in steps.into_iter().filter(|(key, _)| pressed(*key)) {
            self.step(down, right);
        }
        let copies = ui.input(|it| it.events.iter().any(|it| matches!(it, egui::Event::Copy)));
        if let Some(value) = self.selected().and_then(|it| it.value).filter(|_| copies) {
            ui.ctx().copy_text(value.to_string());
        }
    }

    fn step(&mut self, down: i64, right: isize) {
        let Some(last) = self.rows().checked_sub(1) else {
            return;
        };
        let (row, column) = self
            .chosen
            .unwrap_or_else(|| (self.scroll.visible().start, 0));
        let row = row.saturating_add_signed(down).min(last);
        let column = column
            .saturating_add_signed(right)
            .min(self.columns.len().saturating_sub(1));
        self.chosen = Some((row, column));
        self.scroll.show_row(row);
        let left: f32 = self.widths.iter().take(column).sum();
        let width = self.widths.get(column).copied().unwrap_or_default();
        self.scroll.show_span(left, left + width);
    }
}

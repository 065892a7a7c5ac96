//! Which findings are shown: by verdict, by copy, by text.

use egui::{ComboBox, Id, Ui, WidgetType};
use parallax_core::human;
use parallax_core::name::DatasetId;
use parallax_core::report::Finding;
use parallax_core::trace::Verdict;

use crate::widgets::{Sign, announce, caption, line_edit, name_text_edit};

const VERDICTS: [Verdict; 4] = [
    Verdict::Stale,
    Verdict::Conflicts,
    Verdict::Missing,
    Verdict::Orphan,
];

/// What a finding must be to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) verdict: Option<Verdict>,
    pub(super) dataset: Option<DatasetId>,
    pub(super) text: String,
}

impl Filter {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it lets a finding through; `key` is the key's text, `text` the filter's in lower case.
    pub(super) fn passes(&self, finding: &Finding, key: &str, text: &str) -> bool {
        self.verdict.is_none_or(|it| it == finding.verdict)
            && self
                .dataset
                .as_ref()
                .is_none_or(|it| *it == finding.dataset)
            && (text.is_empty() || holds(finding, key, text))
    }

    /// Draws the choices; `shown` of `total` findings pass now.
    pub(super) fn ui(&mut self, ui: &mut Ui, datasets: &[DatasetId], shown: usize, total: u64) {
        ui.horizontal_wrapped(|ui| {
            for verdict in VERDICTS {
                let sign = Sign::verdict(verdict);
                let text = format!("{} {}", sign.mark, sign.word);
                let is_chosen = self.verdict == Some(verdict);
                let chip = ui.selectable_label(is_chosen, text);
                let name = format!("Only {}", sign.word);
                chip.widget_info(|| {
                    egui::WidgetInfo::selected(WidgetType::SelectableLabel, true, is_chosen, &name)
                });
                if chip.clicked() {
                    self.verdict = (!is_chosen).then_some(verdict);
                }
            }
            self.chooser(ui, datasets);
            let id = Id::new("check-filter");
            let edit = line_edit(&mut self.text)
                .id(id)
                .hint_text("a key, a field or a reason")
                .desired_width(180.0);
            ui.add(edit);
            name_text_edit(ui, id, "Filter findings");
            if !self.is_empty() && ui.button("Show all").clicked() {
                *self = Self::default();
            }
            let shown = human::count(shown as u64);
            caption(ui, format!("{shown} of {} shown", human::count(total)));
        });
    }

    fn chooser(&mut self, ui: &mut Ui, datasets: &[DatasetId]) {
        let text = self
            .dataset
            .as_ref()
            .map_or_else(|| "every copy".to_owned(), ToString::to_string);
        let combo = ComboBox::from_id_salt("check-filter-copy")
            .selected_text(text)
            .width(170.0)
            .truncate();
        let shown = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut self.dataset, None, "every copy");
            for dataset in datasets {
                let name = dataset.to_string();
                ui.selectable_value(&mut self.dataset, Some(dataset.clone()), name);
            }
        });
        announce(ui, &shown.response, WidgetType::ComboBox, "Only this copy");
    }
}

fn holds(finding: &Finding, key: &str, text: &str) -> bool {
    let has = |it: &str| it.to_lowercase().contains(text);
    has(key) || has(&finding.reason) || finding.differences.iter().any(|it| has(&it.field))
}

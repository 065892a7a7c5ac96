//! What a check found: the sentence that answers first, the counts, the findings, and what stands beside them.

use egui::text::{LayoutJob, TextFormat};
use egui::{CornerRadius, Frame, Margin, RichText, ScrollArea, Ui};
use parallax_core::error::Error;
use parallax_core::human;
use parallax_core::report::{NotChecked, Report, headline};
use parallax_core::wire::CheckId;

use super::export::Export;
use super::filter::Filter;
use super::findings::Findings;
use super::{counts, lag, table};
use crate::action::Action;
use crate::app::Model;
use crate::format;
use crate::theme::{self, Palette, Tone};
use crate::widgets::{Sign, caption, card, empty, fact};

/// A report and what is shown of it.
#[derive(Debug)]
pub(super) struct Outcome {
    check: CheckId,
    report: Report,
    sentence: String,
    findings: Findings,
    export: Export,
    page: Page,
}

/// What stands below the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Findings,
    NotChecked,
    Lag,
    Method,
}

impl Outcome {
    pub(super) fn new(check: CheckId, report: Report) -> Self {
        let findings = Findings::of(&report);
        let has_gaps = report.entities.iter().any(|it| !it.not_checked.is_empty());
        let page = if findings.is_empty() && has_gaps {
            Page::NotChecked
        } else {
            Page::Findings
        };
        Self {
            check,
            sentence: headline(&report),
            report,
            findings,
            export: Export::default(),
            page,
        }
    }

    pub(super) fn is(&self, check: CheckId) -> bool {
        self.check == check
    }

    pub(super) fn written(&mut self, path: String) {
        self.export.written(path);
    }

    pub(super) fn not_written(&mut self, error: Error) {
        self.export.not_written(error);
    }

    /// Records read in a second, over the whole check; unknown for one that was too short or stopped.
    pub(super) fn pace(&self) -> Option<f64> {
        let entities = self.report.entities.iter();
        let records: u64 = entities.flat_map(|it| &it.compared).map(|it| it.1).sum();
        let took = self.report.took.as_secs_f64();
        let is_whole = !self.report.is_cancelled && took > 0.0;
        is_whole.then(|| format::as_f64(records) / took)
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, model: &Model) -> Vec<Action> {
        self.answer(ui, model);
        let mut actions: Vec<_> = self
            .export
            .ui(ui, self.check, &self.report.rerun)
            .into_iter()
            .collect();
        card(ui).show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            ui.spacing_mut().item_spacing.y = 6.0;
            if let Some(filter) = counts::ui(ui, &self.report) {
                self.filter(filter);
            }
            self.tabs(ui);
            actions.extend(self.below(ui));
        });
        actions
    }

    fn filter(&mut self, filter: Filter) {
        self.page = Page::Findings;
        self.findings.narrow(filter);
    }

    /// The sentence on the colour of what it says, with the mark that says the same.
    fn answer(&self, ui: &mut Ui, model: &Model) {
        let sign = sign(&self.report);
        let palette = Palette::of(ui);
        let frame = Frame::new()
            .fill(palette.soft(sign.tone))
            .corner_radius(CornerRadius::same(theme::RADIUS))
            .inner_margin(Margin::symmetric(12, 8));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            let mark = palette.tone(sign.tone);
            ui.add(egui::Label::new(marked(sign.mark, mark, &self.sentence, palette.text)).wrap());
            caption(ui, self.when(model));
        });
    }

    fn when(&self, model: &Model) -> String {
        let report = &self.report;
        format!(
            "{} read at {} UTC over {}, not one snapshot · {}",
            human::plural(report.stores.len(), "store"),
            format::time_of_day(report.started_at),
            human::duration(report.took),
            format::age(report.started_at, model.now),
        )
    }

    fn tabs(&mut self, ui: &mut Ui) {
        let gaps = self.not_checked().count();
        let gaps = if gaps == 0 {
            "Not checked · nothing left out".to_owned()
        } else {
            format!("? Not checked · {}", human::count(gaps as u64))
        };
        let findings = format!("Findings · {}", human::count(self.findings.total()));
        let flows = format!(
            "Lag meanwhile · {}",
            human::plural(self.report.lag.len(), "flow")
        );
        let tabs = [
            (Page::Findings, findings),
            (Page::NotChecked, gaps),
            (Page::Lag, flows),
            (Page::Method, "How it was done".to_owned()),
        ];
        ui.horizontal_wrapped(|ui| {
            for (page, text) in tabs {
                if ui.selectable_label(self.page == page, text).clicked() {
                    self.page = page;
                }
            }
        });
    }

    fn below(&mut self, ui: &mut Ui) -> Option<Action> {
        match self.page {
            Page::Findings if self.findings.is_empty() => {
                no_findings(ui, &self.report);
                None
            }
            Page::Findings => table::ui(ui, &mut self.findings, &self.report),
            Page::NotChecked => {
                self.gaps(ui);
                None
            }
            Page::Lag => {
                lag::ui(ui, &self.report.lag);
                None
            }
            Page::Method => {
                self.method(ui);
                None
            }
        }
    }

    fn not_checked(&self) -> impl Iterator<Item = (&str, &NotChecked)> {
        let entities = self.report.entities.iter();
        entities.flat_map(|it| it.not_checked.iter().map(|gap| (it.entity.as_str(), gap)))
    }

    fn gaps(&self, ui: &mut Ui) {
        let area = ScrollArea::vertical()
            .id_salt("check-gaps")
            .auto_shrink(false);
        area.show(ui, |ui| {
            let mut gaps = self.not_checked().peekable();
            if gaps.peek().is_none() {
                caption(ui, "Everything in scope was compared.");
            }
            for (entity, gap) in gaps {
                let what = RichText::new(format!("? {} · {entity}", gap.what));
                ui.add(egui::Label::new(what).wrap());
                let why = RichText::new(&gap.why).size(theme::CAPTION);
                let color = Palette::of(ui).muted;
                ui.add(egui::Label::new(why.color(color)).wrap());
            }
        });
    }

    fn method(&self, ui: &mut Ui) {
        let area = ScrollArea::vertical()
            .id_salt("check-method")
            .auto_shrink(false);
        area.show(ui, |ui| {
            for (store, product) in &self.report.stores {
                fact(ui, store, product.clone());
            }
            for entity in &self.report.entities {
                for (dataset, records) in &entity.compared {
                    fact(
                        ui,
                        "scanned",
                        format!("{dataset}: {}", human::plural(*records, "record")),
                    );
                }
                for pair in &entity.pairs {
                    let text = format!(
                        "{} with {}: {} over {}, {} read again",
                        pair.source,
                        pair.target,
                        human::plural(pair.scans, "scan"),
                        human::plural(pair.cells, "cell"),
                        human::plural(pair.candidates, "key"),
                    );
                    fact(ui, "compared", text);
                }
            }
            fact(ui, "again by", self.report.rerun.clone());
        });
    }
}

/// A sentence behind its mark, the mark in the colour of what it means.
fn marked(mark: &str, color: egui::Color32, sentence: &str, text: egui::Color32) -> LayoutJob {
    let font = theme::font(theme::SENTENCE);
    let mut job = LayoutJob::default();
    let parts = [(format!("{mark}  "), color), (sentence.to_owned(), text)];
    for (part, color) in parts {
        job.append(&part, 0.0, TextFormat::simple(font.clone(), color));
    }
    job
}

/// The worst of what it found. What is not known is not good, and what was stopped is not done.
fn sign(report: &Report) -> Sign {
    let counts = report.counts();
    let has_gaps = report.entities.iter().any(|it| !it.not_checked.is_empty());
    let (tone, mark, word) = if counts.drifted() > 0 {
        (Tone::Bad, "✖", "drift")
    } else if counts.late > 0 || report.is_cancelled {
        (Tone::Warning, "▲", "late or stopped")
    } else if counts.unknown > 0 || has_gaps || counts.agrees + counts.in_flight == 0 {
        (Tone::Unknown, "?", "not all known")
    } else {
        (Tone::Good, "●", "agrees")
    };
    Sign { tone, mark, word }
}

fn no_findings(ui: &mut Ui, report: &Report) {
    let counts = report.counts();
    let (what, next) = if report.is_cancelled {
        (
            "No drift found before it was stopped",
            "run it again to its end to know about the rest",
        )
    } else if counts.agrees + counts.in_flight == 0 {
        ("Nothing could be compared", "see under “Not checked” why")
    } else {
        (
            "No drift found",
            "what was compared agrees, or is still on its way",
        )
    };
    empty(ui, what, next);
}

//! Light highlighting for every language: words, names, quotes, numbers, comments and parameters.

use egui::text::{LayoutJob, TextFormat};
use parallax_core::store::Language;

use crate::theme::{self, Palette};

mod tokens;

use tokens::{Kind, tokens};

/// A laid-out text, kept while neither the text nor its language nor the theme changes.
#[derive(Debug, Default)]
pub(super) struct Highlight {
    text: String,
    made_for: Option<(Language, bool)>,
    job: LayoutJob,
}

impl Highlight {
    pub(super) fn job(
        &mut self,
        text: &str,
        language: Language,
        dark: bool,
        palette: &Palette,
    ) -> LayoutJob {
        let made_for = Some((language, dark));
        if self.text != text || self.made_for != made_for {
            text.clone_into(&mut self.text);
            self.made_for = made_for;
            self.job = highlight(text, language, palette);
        }
        self.job.clone()
    }
}

fn highlight(text: &str, language: Language, palette: &Palette) -> LayoutJob {
    let mut job = LayoutJob::default();
    for (token, kind) in tokens(text, language) {
        let color = match kind {
            Kind::Plain => palette.text,
            Kind::Word => palette.accent,
            Kind::Name => palette.name,
            Kind::Quoted => palette.string,
            Kind::Number => palette.number,
            Kind::Comment => palette.muted,
            Kind::Parameter => palette.parameter,
        };
        job.append(token, 0.0, TextFormat::simple(theme::mono(13.0), color));
    }
    job
}

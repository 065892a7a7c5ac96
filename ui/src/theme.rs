//! The look, in one place: colours, spacing, text sizes, and the marks that go with every colour.

#![expect(
    clippy::disallowed_methods,
    reason = "the one place where colours are made"
)]

use egui::{
    Color32, Context, CornerRadius, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke,
    Style, TextStyle, Theme, Ui, Vec2, Visuals, style::WidgetVisuals,
};

/// The distance on which everything lies.
pub(crate) const GAP: f32 = 8.0;
/// Between things that belong together.
pub(crate) const HALF_GAP: f32 = 4.0;
/// Of cards and panels.
pub(crate) const RADIUS: u8 = 8;
/// Of buttons and pills.
pub(crate) const SMALL_RADIUS: u8 = 6;

/// Body text.
pub(crate) const BODY: f32 = 13.0;
/// Captions; nothing is smaller.
pub(crate) const CAPTION: f32 = 12.0;
/// Titles of cards and panels.
pub(crate) const TITLE: f32 = 15.0;
/// The sentence that answers first.
pub(crate) const SENTENCE: f32 = 17.0;
/// Statements, keys and cells.
pub(crate) const MONO: f32 = 12.5;

/// The colours of one theme. Text colours reach a contrast of 4.5 to 1 on `surface` and `background`.
#[derive(Debug)]
pub(crate) struct Palette {
    /// Behind everything.
    pub(crate) background: Color32,
    /// Cards, bars and panels.
    pub(crate) surface: Color32,
    /// Editors, grids' headers, what lies deeper than a card.
    pub(crate) sunken: Color32,
    /// Under the pointer.
    pub(crate) hover: Color32,
    /// Borders and rules.
    pub(crate) line: Color32,
    /// Text.
    pub(crate) text: Color32,
    /// Captions.
    pub(crate) muted: Color32,
    /// What can be done, and what is chosen.
    pub(crate) accent: Color32,
    /// Behind what is chosen.
    pub(crate) accent_soft: Color32,
    /// On top of `accent`.
    pub(crate) on_accent: Color32,
    good: [Color32; 2],
    warning: [Color32; 2],
    bad: [Color32; 2],
    unknown: [Color32; 2],
    /// Members, labels and paths in statements.
    pub(crate) name: Color32,
    /// Text in quotes.
    pub(crate) string: Color32,
    /// Numbers in statements.
    pub(crate) number: Color32,
    /// Parameters in statements.
    pub(crate) parameter: Color32,
    /// Things that differ in kind, each also told by a form or a word.
    series: [Color32; 8],
    shadow: Color32,
}

const LIGHT: Palette = Palette {
    background: Color32::from_rgb(0xf3, 0xf5, 0xf8),
    surface: Color32::from_rgb(0xff, 0xff, 0xff),
    sunken: Color32::from_rgb(0xf6, 0xf7, 0xfa),
    hover: Color32::from_rgb(0xe9, 0xed, 0xf3),
    line: Color32::from_rgb(0xd8, 0xdd, 0xe5),
    text: Color32::from_rgb(0x16, 0x1d, 0x2a),
    muted: Color32::from_rgb(0x53, 0x5e, 0x70),
    accent: Color32::from_rgb(0x2b, 0x56, 0xd0),
    accent_soft: Color32::from_rgb(0xe4, 0xeb, 0xfc),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    good: [
        Color32::from_rgb(0x15, 0x74, 0x43),
        Color32::from_rgb(0xe2, 0xf3, 0xe9),
    ],
    warning: [
        Color32::from_rgb(0x92, 0x55, 0x00),
        Color32::from_rgb(0xfd, 0xef, 0xd5),
    ],
    bad: [
        Color32::from_rgb(0xbb, 0x28, 0x28),
        Color32::from_rgb(0xfc, 0xe7, 0xe5),
    ],
    unknown: [
        Color32::from_rgb(0x5a, 0x63, 0x73),
        Color32::from_rgb(0xea, 0xed, 0xf2),
    ],
    name: Color32::from_rgb(0x0b, 0x6b, 0x8a),
    string: Color32::from_rgb(0x15, 0x74, 0x43),
    number: Color32::from_rgb(0x92, 0x55, 0x00),
    parameter: Color32::from_rgb(0x7a, 0x35, 0xb0),
    series: [
        Color32::from_rgb(0x3f, 0x6f, 0xe0),
        Color32::from_rgb(0xe0, 0x8a, 0x1e),
        Color32::from_rgb(0x1f, 0x9d, 0x7a),
        Color32::from_rgb(0xc4, 0x4a, 0x8c),
        Color32::from_rgb(0x7c, 0x5c, 0xd6),
        Color32::from_rgb(0xb5, 0x9b, 0x1b),
        Color32::from_rgb(0x2a, 0x9b, 0xc4),
        Color32::from_rgb(0x8a, 0x6a, 0x55),
    ],
    shadow: Color32::from_rgba_premultiplied(2, 4, 8, 22),
};

const DARK: Palette = Palette {
    background: Color32::from_rgb(0x11, 0x15, 0x1c),
    surface: Color32::from_rgb(0x1a, 0x20, 0x2a),
    sunken: Color32::from_rgb(0x15, 0x1a, 0x22),
    hover: Color32::from_rgb(0x28, 0x30, 0x3d),
    line: Color32::from_rgb(0x30, 0x39, 0x48),
    text: Color32::from_rgb(0xe6, 0xea, 0xf1),
    muted: Color32::from_rgb(0x9d, 0xa8, 0xb9),
    accent: Color32::from_rgb(0x86, 0xa8, 0xff),
    accent_soft: Color32::from_rgb(0x23, 0x31, 0x52),
    on_accent: Color32::from_rgb(0x0e, 0x14, 0x22),
    good: [
        Color32::from_rgb(0x5c, 0xcd, 0x90),
        Color32::from_rgb(0x17, 0x33, 0x27),
    ],
    warning: [
        Color32::from_rgb(0xf2, 0xb7, 0x5e),
        Color32::from_rgb(0x3b, 0x2d, 0x15),
    ],
    bad: [
        Color32::from_rgb(0xff, 0x83, 0x7a),
        Color32::from_rgb(0x42, 0x20, 0x20),
    ],
    unknown: [
        Color32::from_rgb(0xa8, 0xb2, 0xc1),
        Color32::from_rgb(0x2a, 0x31, 0x3d),
    ],
    name: Color32::from_rgb(0x7c, 0xc8, 0xe6),
    string: Color32::from_rgb(0x7f, 0xd6, 0xa6),
    number: Color32::from_rgb(0xf2, 0xb7, 0x5e),
    parameter: Color32::from_rgb(0xcd, 0xa6, 0xff),
    series: [
        Color32::from_rgb(0x7c, 0xa2, 0xff),
        Color32::from_rgb(0xf2, 0xac, 0x55),
        Color32::from_rgb(0x52, 0xc9, 0xa4),
        Color32::from_rgb(0xee, 0x86, 0xbb),
        Color32::from_rgb(0xae, 0x95, 0xff),
        Color32::from_rgb(0xd9, 0xc4, 0x53),
        Color32::from_rgb(0x6a, 0xc8, 0xea),
        Color32::from_rgb(0xc2, 0xa3, 0x8e),
    ],
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 90),
};

/// What a colour means; it never stands without its mark or word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// On its way, or chosen.
    Accent,
    /// It cannot be told.
    Unknown,
    /// Later or larger than it should be.
    Warning,
    /// Wrong.
    Bad,
}

impl Palette {
    /// The colours that `ui` is drawn in.
    pub(crate) fn of(ui: &Ui) -> &'static Self {
        Self::for_mode(ui.visuals().dark_mode)
    }

    /// The colours of the window's theme.
    pub(crate) fn of_context(ctx: &Context) -> &'static Self {
        Self::for_mode(ctx.theme() == Theme::Dark)
    }

    fn for_mode(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// For text and lines that mean `tone`.
    pub(crate) fn tone(&self, tone: Tone) -> Color32 {
        match tone {
            Tone::Good => self.good[0],
            Tone::Accent => self.accent,
            Tone::Unknown => self.unknown[0],
            Tone::Warning => self.warning[0],
            Tone::Bad => self.bad[0],
        }
    }

    /// Behind what means `tone`.
    pub(crate) fn soft(&self, tone: Tone) -> Color32 {
        match tone {
            Tone::Good => self.good[1],
            Tone::Accent => self.accent_soft,
            Tone::Unknown => self.unknown[1],
            Tone::Warning => self.warning[1],
            Tone::Bad => self.bad[1],
        }
    }

    /// The colour of the kind with this number; from the ninth on they repeat.
    pub(crate) fn series(&self, at: usize) -> Color32 {
        let color = self.series.get(at % self.series.len());
        color.copied().unwrap_or(self.accent)
    }

    /// A thin border.
    pub(crate) fn rule(&self) -> Stroke {
        Stroke::new(1.0, self.line)
    }

    /// What a card throws on the background.
    pub(crate) fn shadow(&self) -> Shadow {
        Shadow {
            offset: [0, 1],
            blur: 6,
            spread: 0,
            color: self.shadow,
        }
    }
}

/// Body text in the proportional font.
pub(crate) fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Text of equal widths.
pub(crate) fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// Sets both themes' styles; the window sleeps unless something happens, so nothing moves by itself.
pub(crate) fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    for theme in [Theme::Light, Theme::Dark] {
        ctx.style_mut_of(theme, |style| dress(style, theme));
    }
}

/// The marks are in the monospace font only, so it stands in where the proportional one lacks them.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    if let Some(family) = fonts.families.get_mut(&FontFamily::Proportional) {
        family.insert(1, "Hack".to_owned());
    }
    fonts
}

fn dress(style: &mut Style, theme: Theme) {
    let palette = Palette::for_mode(theme == Theme::Dark);
    style.text_styles = [
        (TextStyle::Small, font(CAPTION)),
        (TextStyle::Body, font(BODY)),
        (TextStyle::Button, font(BODY)),
        (TextStyle::Heading, font(20.0)),
        (TextStyle::Monospace, mono(MONO)),
    ]
    .into();
    style.animation_time = 0.0;
    style.scroll_animation = egui::style::ScrollAnimation::none();
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;
    space(style);
    style.visuals = visuals(palette, theme);
}

fn space(style: &mut Style) {
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(GAP);
    spacing.button_padding = Vec2::new(10.0, HALF_GAP);
    spacing.interact_size = Vec2::new(28.0, 28.0);
    spacing.menu_margin = Margin::same(6);
    spacing.combo_height = 320.0;
    spacing.tooltip_width = 420.0;
    spacing.scroll = egui::style::ScrollStyle::thin();
}

fn visuals(palette: &Palette, theme: Theme) -> Visuals {
    let mut visuals = match theme {
        Theme::Dark => Visuals::dark(),
        Theme::Light => Visuals::light(),
    };
    visuals.weak_text_color = Some(palette.muted);
    visuals.panel_fill = palette.background;
    visuals.window_fill = palette.surface;
    visuals.window_stroke = palette.rule();
    visuals.window_corner_radius = CornerRadius::same(RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS);
    visuals.window_shadow = palette.shadow();
    visuals.popup_shadow = palette.shadow();
    visuals.extreme_bg_color = palette.sunken;
    visuals.faint_bg_color = palette.sunken;
    visuals.code_bg_color = palette.sunken;
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warning[0];
    visuals.error_fg_color = palette.bad[0];
    visuals.selection.bg_fill = palette.accent_soft;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.text_cursor.blink = false;
    visuals.text_cursor.stroke = Stroke::new(1.5, palette.accent);
    dress_widgets(&mut visuals, palette);
    visuals
}

fn dress_widgets(visuals: &mut Visuals, palette: &Palette) {
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(palette, palette.surface, palette.line);
    widgets.inactive = widget(palette, palette.surface, palette.line);
    widgets.hovered = widget(palette, palette.hover, palette.muted);
    widgets.active = widget(palette, palette.accent_soft, palette.accent);
    widgets.open = widget(palette, palette.hover, palette.accent);
}

fn widget(palette: &Palette, fill: Color32, line: Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: CornerRadius::same(SMALL_RADIUS),
        fg_stroke: Stroke::new(1.0, palette.text),
        expansion: 0.0,
    }
}

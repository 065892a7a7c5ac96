//! Which part of a drawing is seen: how far it is zoomed, and where it stands on the screen.

use std::ops::RangeInclusive;

use egui::{Pos2, Rect, Response, Ui, Vec2};

/// How far a drawing can be zoomed.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) zooms: RangeInclusive<f32>,
    /// Fitting does not blow small drawings up beyond this.
    pub(crate) max_fit: f32,
    /// What stays free around a drawing that fits, in points.
    pub(crate) margin: f32,
}

/// The view of a drawing in a part of the screen.
#[derive(Debug)]
pub(crate) struct Camera {
    pub(crate) zoom: f32,
    pub(crate) pan: Vec2,
    /// The part of the screen.
    pub(crate) room: Rect,
    reach: Reach,
    /// Everything is shown, whatever room there is, until somebody moves it.
    fits: bool,
}

impl Camera {
    /// One that shows everything until somebody moves it.
    pub(crate) fn new(reach: Reach) -> Self {
        Self {
            zoom: 1.0,
            pan: Vec2::ZERO,
            room: Rect::NOTHING,
            reach,
            fits: true,
        }
    }

    /// Shows everything again.
    pub(crate) fn fit(&mut self) {
        self.fits = true;
    }

    /// Whether it goes on showing everything: then it has to be told the bounds of all that is drawn.
    pub(crate) fn fits(&self) -> bool {
        self.fits
    }

    /// Follows what is drawn within these bounds, as long as everything is to be seen.
    pub(crate) fn follow(&mut self, bounds: Rect) {
        if !self.fits || !bounds.is_finite() {
            return;
        }
        let room = self.room.shrink(self.reach.margin);
        let scale = (room.width() / bounds.width()).min(room.height() / bounds.height());
        self.zoom = scale.clamp(*self.reach.zooms.start(), self.reach.max_fit);
        self.pan = room.center().to_vec2() - bounds.center().to_vec2() * self.zoom;
    }

    /// Lets everything stay where it is from now on.
    pub(crate) fn hold(&mut self) {
        self.fits = false;
    }

    /// Zooms by what the wheel or two fingers do over the drawing.
    pub(crate) fn wheel(&mut self, ui: &Ui, response: &Response) {
        if !response.contains_pointer() {
            return;
        }
        let (scroll, zoom, pointer) = ui.input_mut(|it| {
            let scroll = std::mem::take(&mut it.smooth_scroll_delta);
            (scroll, it.zoom_delta(), it.pointer.hover_pos())
        });
        let factor = zoom * (scroll.y / 240.0).exp();
        if let Some(pointer) = pointer.filter(|_| (factor - 1.0).abs() > 1e-4) {
            self.zoom_at(pointer, factor);
        }
    }

    /// Brings a place of the drawing into the middle.
    pub(crate) fn show(&mut self, place: Pos2) {
        self.fits = false;
        self.pan = self.room.center().to_vec2() - place.to_vec2() * self.zoom;
    }

    /// Moves by so much of the screen.
    pub(crate) fn pan_by(&mut self, moved: Vec2) {
        self.fits = false;
        self.pan += moved;
    }

    pub(crate) fn zoom_by(&mut self, factor: f32) {
        self.zoom_at(self.room.center(), factor);
    }

    /// Zooms so that what is at a place of the screen stays there.
    pub(crate) fn zoom_at(&mut self, fixed: Pos2, factor: f32) {
        self.fits = false;
        let zoom = (self.zoom * factor).clamp(*self.reach.zooms.start(), *self.reach.zooms.end());
        let fixed = fixed.to_vec2();
        self.pan = fixed - (fixed - self.pan) * (zoom / self.zoom);
        self.zoom = zoom;
    }

    pub(crate) fn on_screen(&self, place: Pos2) -> Pos2 {
        (place.to_vec2() * self.zoom + self.pan).to_pos2()
    }

    /// Whether a place of the drawing is in sight, and not at the very edge.
    pub(crate) fn shows(&self, place: Pos2) -> bool {
        let room = self.room.shrink(self.reach.margin);
        room.contains(self.on_screen(place))
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    const REACH: Reach = Reach {
        zooms: 0.1..=3.0,
        max_fit: 1.5,
        margin: 20.0,
    };

    fn camera() -> Camera {
        Camera {
            room: Rect::from_min_max(pos2(0.0, 0.0), pos2(800.0, 600.0)),
            ..Camera::new(REACH)
        }
    }

    #[test]
    fn what_is_followed_is_seen_until_it_is_moved() {
        let mut camera = camera();
        let bounds = Rect::from_min_max(pos2(-2_000.0, 0.0), pos2(2_000.0, 900.0));
        camera.follow(bounds);
        assert!(camera.shows(bounds.min + Vec2::splat(1.0)));
        assert!(camera.shows(bounds.max - Vec2::splat(1.0)));
        camera.pan_by(Vec2::splat(4_000.0));
        camera.follow(bounds);
        assert!(!camera.shows(bounds.center()));
        camera.show(bounds.center());
        assert_eq!(camera.on_screen(bounds.center()), camera.room.center());
    }

    #[test]
    fn what_is_zoomed_at_stays_where_it_is() {
        let mut camera = camera();
        let place = pos2(400.0, 700.0);
        let before = camera.on_screen(place);
        for factor in [1.7, 0.3, 100.0, 0.0001] {
            camera.zoom_at(before, factor);
            assert!(camera.on_screen(place).distance(before) < 0.5);
            assert!(REACH.zooms.contains(&camera.zoom));
        }
    }

    #[test]
    fn nothing_is_followed_where_there_is_nothing() {
        let mut camera = camera();
        camera.follow(Rect::NOTHING);
        assert_eq!((camera.zoom, camera.pan), (1.0, Vec2::ZERO));
    }
}

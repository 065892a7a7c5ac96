//! Where nodes stand: by forces, in a fixed number of steps, the same for the same graph every time.
//!
//! Source: Fruchterman and Reingold, "Graph Drawing by Force-directed Placement" (1991): nodes push each other away,
//! relationships pull, and what may move shrinks from step to step. Nodes far off push as one, by cells of a grid.

use egui::{Pos2, Vec2, vec2};

use crate::format::as_f32;

/// The distance at which two related nodes rest, in units of the drawing.
pub(super) const REST: f32 = 92.0;
const STEPS: u32 = 260;
/// Cells beyond the neighbouring ones push as one.
const MAX_CELLS: usize = 24;
/// What pulls to the middle, so that parts that nothing ties do not drift off.
const PULL: f32 = 0.3;
/// The graph is made wider than high, or the other way round, by no more than this.
const MAX_ASPECT: f32 = 2.6;
/// The angle between nodes that begin beside each other, so that none begin in line.
const GOLDEN: f32 = 2.399_963;

/// A layout on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    places: Vec<Vec2>,
    ties: Vec<(usize, usize)>,
    step: u32,
    pull: Vec2,
}

impl Layout {
    /// Of so many nodes and these relationships; each node begins on a spiral.
    pub(super) fn new(count: usize, ties: Vec<(usize, usize)>) -> Self {
        let place = |at: usize| {
            let (radius, angle) = (REST * 0.7 * as_f32(at).sqrt(), GOLDEN * as_f32(at));
            vec2(angle.cos(), angle.sin()) * radius
        };
        Self {
            places: (0..count).map(place).collect(),
            ties: ties.into_iter().filter(|it| it.0 != it.1).collect(),
            step: 0,
            pull: Vec2::splat(PULL),
        }
    }

    /// Makes it as wide for its height as the room that it is drawn in; once begun, it keeps its form.
    pub(super) fn fill(&mut self, room: Vec2) {
        if self.step > 0 {
            return;
        }
        let aspect = (room.x / room.y.max(1.0)).clamp(1.0 / MAX_ASPECT, MAX_ASPECT);
        let stretch = vec2(aspect.sqrt(), 1.0 / aspect.sqrt());
        self.pull = Vec2::splat(PULL) / stretch;
        for place in &mut self.places {
            *place = *place * stretch;
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.step >= STEPS || self.places.len() < 2
    }

    /// Goes on until about so many pushes are reckoned, or to the end.
    pub(super) fn run(&mut self, budget: usize) {
        let mut spent = 0;
        while !self.is_done() && spent < budget {
            spent += self.advance();
        }
    }

    pub(super) fn places(&self) -> impl Iterator<Item = Pos2> {
        self.places.iter().map(|it| it.to_pos2())
    }

    /// One step; how many pushes it reckoned.
    fn advance(&mut self) -> usize {
        let grid = Grid::of(&self.places);
        let mut forces = vec![Vec2::ZERO; self.places.len()];
        let mut spent = 0;
        for (at, force) in forces.iter_mut().enumerate() {
            let (push, pushes) = grid.push(&self.places, at);
            let here = self.places.get(at).copied().unwrap_or_default();
            *force = push - here * self.pull;
            spent += pushes;
        }
        self.pull(&mut forces);
        let left = 1.0 - f32_of(self.step) / f32_of(STEPS);
        let most = REST * 2.2 * left * left + 0.5;
        for (place, force) in self.places.iter_mut().zip(forces) {
            let length = force.length();
            if length > 0.0 {
                *place += force / length * length.min(most);
            }
        }
        self.step += 1;
        spent + self.ties.len()
    }

    fn pull(&self, forces: &mut [Vec2]) {
        for (from, to) in &self.ties {
            let (Some(one), Some(two)) = (self.places.get(*from), self.places.get(*to)) else {
                continue;
            };
            let apart = *two - *one;
            let pull = apart * (apart.length() / REST);
            if let Some(force) = forces.get_mut(*from) {
                *force += pull * 0.5;
            }
            if let Some(force) = forces.get_mut(*to) {
                *force -= pull * 0.5;
            }
        }
    }
}

/// A small number of steps.
#[expect(clippy::cast_precision_loss, reason = "a few hundred steps")]
fn f32_of(number: u32) -> f32 {
    number as f32
}

/// The nodes by the cells of a grid, each cell with its middle.
struct Grid {
    corner: Vec2,
    cell: Vec2,
    side: usize,
    /// Nodes by their cells, one cell after the other.
    order: Vec<usize>,
    /// Where each cell's nodes begin in `order`, and the end.
    starts: Vec<usize>,
    middles: Vec<Vec2>,
    cells: Vec<usize>,
}

impl Grid {
    fn of(places: &[Vec2]) -> Self {
        let low = places
            .iter()
            .fold(Vec2::splat(f32::MAX), |low, it| low.min(*it));
        let high = places
            .iter()
            .fold(Vec2::splat(f32::MIN), |high, it| high.max(*it));
        let side = whole(as_f32(places.len()).sqrt() / 2.5).clamp(1, MAX_CELLS);
        let cell = (high - low).max(Vec2::splat(1.0)) / as_f32(side);
        let mut grid = Self {
            corner: low,
            cell,
            side,
            order: Vec::new(),
            starts: vec![0; side * side + 1],
            middles: vec![Vec2::ZERO; side * side],
            cells: Vec::new(),
        };
        grid.cells = places.iter().map(|it| grid.cell_of(*it)).collect();
        grid.sort(places);
        grid
    }

    fn sort(&mut self, places: &[Vec2]) {
        for cell in &self.cells {
            if let Some(start) = self.starts.get_mut(cell + 1) {
                *start += 1;
            }
        }
        for at in 1..self.starts.len() {
            let before = self.starts.get(at - 1).copied().unwrap_or(0);
            if let Some(start) = self.starts.get_mut(at) {
                *start += before;
            }
        }
        self.order = (0..places.len()).collect();
        let cells = &self.cells;
        // Stable, so that the same graph is summed in the same order.
        self.order.sort_by_key(|at| cells.get(*at).copied());
        for cell in 0..self.middles.len() {
            let members = self.members(cell);
            let count = members.len();
            let sum = members
                .iter()
                .filter_map(|at| places.get(*at))
                .fold(Vec2::ZERO, |sum, it| sum + *it);
            if let (true, Some(middle)) = (count > 0, self.middles.get_mut(cell)) {
                *middle = sum / as_f32(count);
            }
        }
    }

    fn members(&self, cell: usize) -> &[usize] {
        let start = self.starts.get(cell).copied().unwrap_or(0);
        let end = self.starts.get(cell + 1).copied().unwrap_or(start);
        self.order.get(start..end).unwrap_or_default()
    }

    fn cell_of(&self, place: Vec2) -> usize {
        let at = (place - self.corner) / self.cell;
        let last = self.side - 1;
        whole(at.y).min(last) * self.side + whole(at.x).min(last)
    }

    /// What all others push one node with, and how many pushes that took.
    fn push(&self, places: &[Vec2], at: usize) -> (Vec2, usize) {
        let here = places.get(at).copied().unwrap_or_default();
        let own = self.cells.get(at).copied().unwrap_or(0);
        let (x, y) = (own % self.side, own / self.side);
        let mut force = Vec2::ZERO;
        let mut pushes = 0;
        for (cell, middle) in self.middles.iter().enumerate() {
            let members = self.members(cell);
            let (other_x, other_y) = (cell % self.side, cell / self.side);
            let is_near = x.abs_diff(other_x) <= 1 && y.abs_diff(other_y) <= 1;
            if !is_near {
                pushes += 1;
                force += away(here - *middle, at) * as_f32(members.len());
                continue;
            }
            pushes += members.len();
            for other in members.iter().filter(|it| **it != at) {
                let there = places.get(*other).copied().unwrap_or_default();
                force += away(here - there, at);
            }
        }
        (force, pushes)
    }
}

/// The push over a distance; two nodes in one place are parted by their numbers.
fn away(apart: Vec2, at: usize) -> Vec2 {
    let square = apart.length_sq();
    if square < 0.01 {
        let angle = GOLDEN * as_f32(at);
        return vec2(angle.cos(), angle.sin()) * REST;
    }
    apart * (REST * REST / square)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of floats saturates, and the result is clamped"
)]
fn whole(number: f32) -> usize {
    number.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(count: usize, ties: Vec<(usize, usize)>) -> Vec<Pos2> {
        let mut layout = Layout::new(count, ties);
        let mut rounds = 0;
        while !layout.is_done() {
            layout.run(50_000);
            rounds += 1;
            assert!(rounds < 10_000, "it ends");
        }
        layout.places().collect()
    }

    fn middle(places: &[Pos2]) -> Pos2 {
        let sum = places.iter().fold(Vec2::ZERO, |sum, it| sum + it.to_vec2());
        (sum / as_f32(places.len())).to_pos2()
    }

    fn ring(count: usize) -> Vec<(usize, usize)> {
        (0..count).map(|at| (at, (at + 1) % count)).collect()
    }

    #[test]
    fn the_same_graph_lies_the_same_however_it_is_cut_into_frames() {
        let whole = settled(60, ring(60));
        let mut layout = Layout::new(60, ring(60));
        while !layout.is_done() {
            layout.run(1);
        }
        assert_eq!(layout.places().collect::<Vec<_>>(), whole);
    }

    #[test]
    fn related_nodes_lie_near_and_none_lie_upon_each_other() {
        let places = settled(80, ring(80));
        for (at, place) in places.iter().enumerate() {
            let next = places[(at + 1) % places.len()];
            assert!(
                place.distance(next) < 3.0 * REST,
                "{at}: {}",
                place.distance(next)
            );
            let nearest = places.iter().enumerate().filter(|it| it.0 != at);
            let nearest = nearest
                .map(|it| it.1.distance(*place))
                .fold(f32::MAX, f32::min);
            assert!(nearest > 12.0, "{at} lies {nearest} from another");
        }
        assert!(middle(&places).distance(Pos2::ZERO) < REST);
    }

    #[test]
    fn parts_that_nothing_ties_stay_in_sight() {
        let places = settled(40, Vec::new());
        let farthest = places
            .iter()
            .map(|it| it.distance(Pos2::ZERO))
            .fold(0.0, f32::max);
        assert!(farthest < 14.0 * REST, "{farthest}");
    }

    #[test]
    fn a_wide_room_makes_a_wide_graph() {
        let mut layout = Layout::new(120, ring(120));
        layout.fill(vec2(1200.0, 400.0));
        while !layout.is_done() {
            layout.run(50_000);
        }
        let mut bounds = egui::Rect::NOTHING;
        layout.places().for_each(|it| bounds.extend_with(it));
        assert!(bounds.aspect_ratio() > 1.4, "{bounds}");
    }

    #[test]
    fn nothing_and_one_are_done_at_once() {
        assert!(Layout::new(0, Vec::new()).is_done());
        assert!(Layout::new(1, vec![(0, 0)]).is_done());
    }
}

//! Where the cards lie: layers from the roots, left to right, each layer centred.

use egui::{Pos2, Vec2, pos2};

use crate::format::as_f32;

use super::card::{CARD_WIDTH, height};
use super::sketch::{Bundle, Sketch};

/// Between layers: room for an edge's label.
const BETWEEN_LAYERS: f32 = 284.0;
const BETWEEN_CARDS: f32 = 18.0;

/// The centre of each card, in the order of the cards.
pub(super) fn place(sketch: &Sketch) -> Vec<Pos2> {
    let layers = layers(sketch);
    let last = layers.iter().copied().max().unwrap_or(0);
    let mut centers = vec![Pos2::ZERO; sketch.cards.len()];
    let mut x = CARD_WIDTH / 2.0;
    for layer in 0..=last {
        let members = members(&layers, layer);
        stack(sketch, &members, x, &mut centers);
        x += CARD_WIDTH + BETWEEN_LAYERS;
    }
    centers
}

/// The longest way from a root to each card; a cycle ends where it would pass a card again.
fn layers(sketch: &Sketch) -> Vec<usize> {
    let mut layers = vec![0_usize; sketch.cards.len()];
    for _ in 0..sketch.cards.len() {
        for bundle in sketch.bundles.iter().filter(|it| it.from != it.to) {
            let next = layers.get(bundle.from).map_or(0, |it| it + 1);
            if let Some(layer) = layers.get_mut(bundle.to) {
                *layer = (*layer).max(next).min(sketch.cards.len() - 1);
            }
        }
    }
    compact(&layers)
}

/// Closes the gaps that a cycle leaves.
fn compact(layers: &[usize]) -> Vec<usize> {
    let mut used = layers.to_vec();
    used.sort_unstable();
    used.dedup();
    let rank = |layer: &usize| used.binary_search(layer).unwrap_or(0);
    layers.iter().map(rank).collect()
}

fn members(layers: &[usize], layer: usize) -> Vec<usize> {
    let here = layers.iter().enumerate().filter(|(_, it)| **it == layer);
    here.map(|(at, _)| at).collect()
}

fn stack(sketch: &Sketch, members: &[usize], x: f32, centers: &mut [Pos2]) {
    let heights: Vec<f32> = members
        .iter()
        .filter_map(|at| sketch.cards.get(*at))
        .map(height)
        .collect();
    let gaps = BETWEEN_CARDS * as_f32(heights.len().saturating_sub(1));
    let mut y = -(heights.iter().sum::<f32>() + gaps) / 2.0;
    for (at, height) in members.iter().zip(heights) {
        if let Some(center) = centers.get_mut(*at) {
            *center = pos2(x, y + height / 2.0);
        }
        y += height + BETWEEN_CARDS;
    }
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Leaves,
    Arrives,
}

/// Which of a card's ports an edge takes, and how many there are: in the order of the cards at the other ends, so that
/// edges do not cross.
pub(super) fn port(
    sketch: &Sketch,
    places: &[Pos2],
    bundle: &Bundle,
    side: Side,
) -> (usize, usize) {
    let ends = |it: &Bundle| match side {
        Side::Leaves => (it.from, it.to),
        Side::Arrives => (it.to, it.from),
    };
    let (here, _) = ends(bundle);
    let other = |it: &&Bundle| places.get(ends(it).1).map_or(0.0, |at| at.y);
    let mut all: Vec<_> = sketch
        .bundles
        .iter()
        .filter(|it| ends(it).0 == here)
        .collect();
    all.sort_by(|one, two| other(one).total_cmp(&other(two)));
    let at = all.iter().position(|it| *it == bundle);
    (at.unwrap_or(0), all.len())
}

/// The size of a card, in the map's own units.
pub(super) fn size(card: &super::sketch::Card) -> Vec2 {
    Vec2::new(CARD_WIDTH, height(card))
}

//! What the sample holds: users and orders, each from the seed and its place alone, so that they need not be kept.

use crate::clock::Micros;
use crate::duo::LoadOptions;
use crate::duo::entity::{Entity, Order, User};
use crate::model::{Kind, decimal, units};
use crate::pocket::generate as shared;
use crate::rng::Rng;

const TAGS: [&str; 8] = [
    "vip",
    "newsletter",
    "très chic",
    "d'occasion",
    "12\"",
    "back\\slash",
    "{braced}",
    "日本",
];

/// Cents that fit into numeric(14,2).
const MAX_CENTS: i64 = 100_000_000_000_000;

/// The user at a place in `0..scale`.
pub(crate) fn user_at(options: &LoadOptions, place: i64) -> User {
    let id = shared::user_id(place, i64::from(options.scale));
    user(&mut stream(options.seed, Kind::User, place), id)
}

/// The order at a place in `0..scale`. Every fourth user has none.
pub(crate) fn order_at(options: &LoadOptions, place: i64) -> Order {
    let scale = i64::from(options.scale);
    let mut rng = stream(options.seed, Kind::Order, place);
    let (region, number) = shared::order_key(place, scale);
    let buyer = shared::buying(&mut rng, usize::try_from(scale).unwrap_or(0));
    let buyer = i64::try_from(buyer).unwrap_or(0);
    order(&mut rng, region, number, shared::user_id(buyer, scale))
}

/// The object of a kind at a place in `0..scale`.
pub(crate) fn entity_at(options: &LoadOptions, kind: Kind, place: i64) -> Entity {
    match kind {
        Kind::Order => Entity::Order(order_at(options, place)),
        Kind::User | Kind::Product => Entity::User(user_at(options, place)),
    }
}

/// A new user of that id.
pub(crate) fn user(rng: &mut Rng, id: i64) -> User {
    let it = shared::user(rng, id);
    User {
        id,
        name: it.name,
        email: it.email,
        city: it.city,
        balance: decimal(units(&it.balance) / 100 % MAX_CENTS, 2),
        points: it.points,
        tags: tags(rng),
        born: it.born,
        is_active: it.active,
        created_at: Micros::of(it.created_at),
        updated_at: Micros::of(it.updated_at),
    }
}

/// A new order of that user.
pub(crate) fn order(rng: &mut Rng, region: &str, number: i64, user_id: i64) -> Order {
    let quantity = rng.below(9) + 1;
    let price = rng.below(50_000) + 99;
    let placed_at = shared::moment(rng);
    Order {
        region: region.to_owned(),
        number,
        user_id,
        sku: shared::sku(rng.below(1_000)),
        quantity,
        total: decimal(price * quantity, 2),
        state: rng.pick(&crate::model::Order::STATES).to_owned(),
        placed_at: Micros::of(placed_at),
        updated_at: Micros::of(shared::later(rng, placed_at)),
    }
}

/// One to four, each once.
pub(crate) fn tags(rng: &mut Rng) -> Vec<String> {
    let mut tags = TAGS.map(str::to_owned).to_vec();
    rng.shuffle(&mut tags);
    tags.truncate(1 + rng.index(4));
    tags
}

/// A stream of numbers for one object.
pub(crate) fn stream(seed: u64, kind: Kind, place: i64) -> Rng {
    let mut by_kind = Rng::new(seed ^ ((kind as u64) << 32));
    let mut by_place = Rng::new(by_kind.bits() ^ place.unsigned_abs());
    Rng::new(by_place.bits())
}

//! What a shop holds: users, products, orders and the outbox of some past changes, all from one seed.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::clock::Time;
use crate::model::{Entity, Op, Order, Product, Target, User, decimal, units};
use crate::pocket::LoadOptions;
use crate::rng::Rng;
use crate::shop::Outgoing;

/// Keys that a float cannot hold; the last one is the largest there is.
const LARGE_IDS: [i64; 4] = [
    9_007_199_254_740_992,
    9_007_199_254_740_993,
    9_007_199_254_740_995,
    i64::MAX,
];

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Zoë",
    "Łukasz",
    "José María",
    "Nguyễn",
    "Sinéad",
    "Björk",
    "Anne-Marie",
    "Ólafur",
    "Иван",
    "美咲",
    "Dwayne \"The Rock\"",
    "D'Arcy",
    "Maya",
    "Omar",
    "Grace",
];
const LAST_NAMES: [&str; 14] = [
    "Lovelace",
    "Müller",
    "Żak",
    "O'Neill",
    "García Márquez",
    "van der Berg",
    "Þórsson",
    "Петров",
    "山田",
    "Smith",
    "Okafor",
    "Núñez",
    "Strauß",
    "Hopper",
];
const CITIES: [&str; 8] = [
    "Berlin",
    "São Paulo",
    "Kraków",
    "New York",
    "Zürich",
    "東京",
    "Nairobi",
    "Coeur d'Alene",
];
const REGIONS: [&str; 6] = ["eu", "us", "São Paulo", "New York", "日本", "Côte d'Ivoire"];
const NOUNS: [&str; 10] = [
    "Lamp",
    "Teapot",
    "Desk",
    "Chair",
    "Pen",
    "Kettle",
    "Blanket",
    "Clock",
    "Globe",
    "Café press",
];
const ADJECTIVES: [&str; 8] = [
    "Red",
    "Folding",
    "Small",
    "Large",
    "Quiet",
    "Brass",
    "Café",
    "Very \"Fine\"",
];
const TAGS: [&str; 8] = [
    "home",
    "office",
    "gift",
    "sale",
    "new",
    "très chic",
    "d'occasion",
    "12\"",
];

/// SKUs with all that must be quoted somewhere.
const SPECIAL_SKUS: [&str; 12] = [
    "12\" pipe",
    "rock'n'roll",
    "two words",
    "größe-42",
    "{braced}",
    "a:b:c",
    "100%",
    "日本-1",
    "it's 5\" {wide}",
    "back\\slash",
    "a.b.c",
    "50% off: {x}",
];

/// The first moment of the sample's history.
const START: &str = "2025-01-05T08:00:00.000000000Z";
const DAY: i64 = 86_400_000_000_000;

/// All that is loaded.
#[derive(Debug)]
pub(crate) struct Seeded {
    pub(crate) users: Vec<Entity>,
    pub(crate) products: Vec<Entity>,
    pub(crate) orders: Vec<Entity>,
    pub(crate) outbox: Vec<Outgoing>,
}

/// Generates a shop.
pub(crate) fn shop(options: &LoadOptions) -> Seeded {
    let mut rng = Rng::new(options.seed);
    let scale = i64::from(options.scale);
    let users: Vec<User> = (0..scale)
        .map(|place| user(&mut rng, user_id(place, scale)))
        .collect();
    let products: Vec<Product> = (0..scale / 5 + 12)
        .map(|place| product(&mut rng, sku(place)))
        .collect();
    let orders = (0..2 * scale).map(|place| {
        let (region, number) = order_key(place, 2 * scale);
        order(&mut rng, region, number, &users, &products)
    });

    let mut seeded = Seeded {
        orders: orders.map(Entity::Order).collect(),
        users: users.into_iter().map(Entity::User).collect(),
        products: products.into_iter().map(Entity::Product).collect(),
        outbox: Vec::new(),
    };
    seeded.outbox = history(&mut rng, &seeded);
    seeded
}

/// A new user of that id.
pub(crate) fn user(rng: &mut Rng, id: i64) -> User {
    let created_at = moment(rng);
    User {
        id,
        name: format!("{} {}", rng.pick(&FIRST_NAMES), rng.pick(&LAST_NAMES)),
        email: format!("user.{id}@example.com"),
        city: city(rng),
        active: rng.chance(90),
        balance: balance(rng),
        points: points(rng),
        born: born(rng),
        created_at,
        updated_at: later(rng, created_at),
    }
}

/// A new product of that SKU.
pub(crate) fn product(rng: &mut Rng, sku: String) -> Product {
    let n_tags = rng.below(4);
    Product {
        sku,
        title: format!("{} {}", rng.pick(&ADJECTIVES), rng.pick(&NOUNS)),
        price: decimal(rng.below(50_000) + 99, 2),
        tags: (0..n_tags).map(|_| rng.pick(&TAGS).to_owned()).collect(),
        stock: rng.below(1_000),
        updated_at: moment(rng),
    }
}

/// A new order of one of the users for one of the products, of which there is at least one each.
///
/// Every fourth user and product is never chosen, so that some nodes of the graph have no relationship.
pub(crate) fn order(
    rng: &mut Rng,
    region: &str,
    number: i64,
    users: &[User],
    products: &[Product],
) -> Order {
    let buyer = users
        .get(buying(rng, users.len()))
        .expect("the place is one of the list's");
    let bought = products
        .get(buying(rng, products.len()))
        .expect("the place is one of the list's");
    let quantity = rng.below(9) + 1;
    let placed_at = moment(rng);
    Order {
        region: region.to_owned(),
        number,
        user_id: buyer.id,
        sku: bought.sku.clone(),
        quantity,
        total: decimal(units(&bought.price).wrapping_mul(quantity), 2),
        status: rng.pick(&Order::STATES).to_owned(),
        placed_at,
        updated_at: later(rng, placed_at),
    }
}

/// Gives one or two fields a new value, as the people and jobs of a shop do. The version stays.
pub(crate) fn vary(rng: &mut Rng, entity: &mut Entity) {
    match entity {
        Entity::User(it) if rng.chance(50) => it.city = city(rng),
        Entity::User(it) => {
            it.balance = balance(rng);
            it.points = points(rng);
        }
        Entity::Product(it) if rng.chance(50) => it.stock = rng.below(1_000),
        Entity::Product(it) => it.price = decimal(rng.below(50_000) + 99, 2),
        Entity::Order(it) => rng.pick(&Order::STATES).clone_into(&mut it.status),
    }
}

/// The region of an order; where nothing says which.
pub(crate) fn region(rng: &mut Rng) -> &'static str {
    let place = rng.index(REGIONS.len());
    REGIONS.get(place).copied().unwrap_or("eu")
}

/// The place of a buyer or of what is bought, of `len`: never one of every fourth.
pub(crate) fn buying(rng: &mut Rng, len: usize) -> usize {
    let place = rng.index(len);
    if place % 4 == 3 { place - 1 } else { place }
}

/// Ids count from 1; the last users of a shop have large ones.
pub(crate) fn user_id(place: i64, scale: i64) -> i64 {
    let n_large = (scale / 10).min(4);
    let large = usize::try_from(place - (scale - n_large)).ok();
    large
        .and_then(|it| LARGE_IDS.get(it).copied())
        .unwrap_or(place + 1)
}

/// The SKU at a place.
pub(crate) fn sku(place: i64) -> String {
    let special = usize::try_from(place)
        .ok()
        .and_then(|it| SPECIAL_SKUS.get(it));
    special.map_or_else(|| format!("SKU-{:05}", place - 11), |it| (*it).to_owned())
}

/// Orders go round the regions; the last ones of a shop have large numbers.
pub(crate) fn order_key(place: i64, count: i64) -> (&'static str, i64) {
    let n_regions = i64::try_from(REGIONS.len()).unwrap_or(1);
    let region = usize::try_from(place % n_regions)
        .ok()
        .and_then(|it| REGIONS.get(it));
    let number = place / n_regions + 1;
    let is_large = place >= count - (count / 10).min(8);
    (
        region.copied().unwrap_or("eu"),
        if is_large {
            LARGE_IDS[1] + number
        } else {
            number
        },
    )
}

/// A city, or none.
pub(crate) fn city(rng: &mut Rng) -> Option<String> {
    (!rng.chance(10)).then(|| rng.pick(&CITIES).to_owned())
}

/// Mostly everyday money, sometimes none, debt, or more digits than a float holds.
pub(crate) fn balance(rng: &mut Rng) -> String {
    let units = match rng.below(20) {
        0 => 0,
        1 => -rng.below(5_000_000),
        2 => 123_456_789_012_345_678 - rng.below(1_000_000),
        _ => rng.below(1_000_000_000),
    };
    decimal(units, 4)
}

/// Points, some of which exceed 2^53.
pub(crate) fn points(rng: &mut Rng) -> i64 {
    if rng.chance(5) {
        LARGE_IDS[1] + rng.below(1_000)
    } else {
        rng.below(100_000)
    }
}

fn born(rng: &mut Rng) -> Date {
    date(1945, 1, 1).saturating_add(rng.below(22_000).days())
}

fn start() -> Time {
    START.parse().expect("the constant is a time")
}

/// A moment of the first 200 days; half of them are whole milliseconds.
pub(crate) fn moment(rng: &mut Rng) -> Time {
    let grain = if rng.chance(50) { 1_000_000 } else { 1 };
    start().plus_nanos(rng.below(200 * DAY) / grain * grain)
}

/// The same moment, or up to 60 days later.
pub(crate) fn later(rng: &mut Rng, moment: Time) -> Time {
    if rng.chance(30) {
        moment
    } else {
        moment.plus_nanos(rng.below(60 * DAY))
    }
}

/// The last change of every tenth entity, oldest first, sent everywhere within a fifth of a second.
fn history(rng: &mut Rng, seeded: &Seeded) -> Vec<Outgoing> {
    let entities = seeded
        .users
        .iter()
        .chain(&seeded.products)
        .chain(&seeded.orders);
    let mut rows: Vec<Outgoing> = entities
        .step_by(10)
        .map(|it| Outgoing::wrote(Op::Update, it))
        .collect();
    rows.sort_by_key(|it| it.created_at);
    for row in &mut rows {
        for target in Target::ALL {
            *row.sent(target) = Some(
                row.created_at
                    .plus_nanos(20_000_000 + rng.below(180_000_000)),
            );
        }
    }
    rows
}

/// One entity of each kind.
#[cfg(test)]
pub(crate) fn one_of_each(rng: &mut Rng) -> [Entity; 3] {
    let (user, product) = (user(rng, 1), product(rng, "a".to_owned()));
    let order = order(
        rng,
        "eu",
        1,
        std::slice::from_ref(&user),
        std::slice::from_ref(&product),
    );
    [
        Entity::User(user),
        Entity::Product(product),
        Entity::Order(order),
    ]
}

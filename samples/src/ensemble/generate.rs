//! What the sample holds, each object from the seed and its place alone: the objects of `duo`, and more fields of users.

use serde_json::{Value, json};

use crate::duo;
use crate::duo::generate as shared;
use crate::ensemble::LoadOptions;
use crate::ensemble::entity::{Entity, PLANS, User};
use crate::model::Kind;
use crate::rng::Rng;

const THEMES: [&str; 4] = ["light", "dark", "süß \"und\" klar", "back\\slash"];
const FLAGS: [&str; 4] = ["beta", "sms", "d'occasion", "日本"];

/// The object of a kind at a place in `0..scale`.
pub(crate) fn entity_at(options: &LoadOptions, kind: Kind, place: i64) -> Entity {
    let common = duo::LoadOptions::whole(options.scale, options.seed);
    match kind {
        Kind::Order => Entity::Order(shared::order_at(&common, place)),
        Kind::User | Kind::Product => {
            let mut rng = shared::stream(!options.seed, kind, place);
            Entity::User(more(&mut rng, shared::user_at(&common, place)))
        }
    }
}

/// A new user of that id.
pub(crate) fn user(rng: &mut Rng, id: i64) -> User {
    let common = shared::user(rng, id);
    more(rng, common)
}

fn more(rng: &mut Rng, common: duo::User) -> User {
    User {
        common,
        public_id: uuid(rng),
        plan: rng.pick(&PLANS).to_owned(),
        settings: settings(rng),
    }
}

/// A random UUID, version 4.
fn uuid(rng: &mut Rng) -> String {
    let (high, low) = (rng.bits(), rng.bits());
    let version = 0x4000 | (high & 0x0fff);
    let variant = 0x8000 | (low >> 48 & 0x3fff);
    format!(
        "{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        low & 0xffff_ffff_ffff
    )
}

/// Members, a list, and numbers that binary floats hold exactly, so that every store keeps them as they are.
fn settings(rng: &mut Rng) -> Value {
    let n_flags = rng.index(3);
    let flags: Vec<&str> = (0..n_flags).map(|_| rng.pick(&FLAGS)).collect();
    #[expect(
        clippy::cast_precision_loss,
        reason = "quarters of small numbers are exact"
    )]
    let daily = rng.below(4_000) as f64 / 4.0;
    json!({
        "theme": rng.pick(&THEMES),
        "limits": { "daily": daily, "monthly": rng.below(100_000) },
        "flags": flags,
        "news": rng.chance(50),
    })
}

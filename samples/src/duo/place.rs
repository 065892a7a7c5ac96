//! The places that a change passes: the two steps on its way, and the copies in the cache.

use crate::error::{Error, Result};
use crate::model::{Key, Kind};
use crate::worker;

/// A step on the way of a change, or one form of its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// From the outbox to the stream.
    Relay,
    /// From the stream to the copies.
    Consumer,
    /// A user as a hash.
    User,
    /// A user as a string that holds JSON.
    Profile,
    /// A user's tags as a set.
    Tags,
    /// Whether a user may be shown as present: a string that expires.
    Presence,
    /// An order as a hash.
    Order,
}

impl Place {
    /// The copies, in the order of the deployment file.
    pub const COPIES: [Self; 5] = [
        Self::User,
        Self::Profile,
        Self::Tags,
        Self::Presence,
        Self::Order,
    ];

    const ALL: [Self; 7] = [
        Self::Relay,
        Self::Consumer,
        Self::User,
        Self::Profile,
        Self::Tags,
        Self::Presence,
        Self::Order,
    ];

    /// The name in an address; a copy's is what its keys begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Consumer => "consumer",
            Self::User => "user",
            Self::Profile => "profile",
            Self::Tags => "tags",
            Self::Presence => "presence",
            Self::Order => "order",
        }
    }

    /// The copies of a kind.
    pub fn of(kind: Kind) -> impl Iterator<Item = Self> {
        Self::COPIES
            .into_iter()
            .filter(move |it| it.kind() == Some(kind))
    }

    /// The kind that a copy is of; `None` for a step.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Self::Relay | Self::Consumer => None,
            Self::User | Self::Profile | Self::Tags | Self::Presence => Some(Kind::User),
            Self::Order => Some(Kind::Order),
        }
    }

    /// The dataset of a copy, spelled as in the deployment file; the stream's for a step.
    pub fn dataset(self) -> &'static str {
        match self {
            Self::Relay | Self::Consumer => "cache.changes",
            Self::User => "cache.user:{id}",
            Self::Profile => "cache.profile:{id}",
            Self::Tags => "cache.tags:{id}",
            Self::Presence => "cache.presence:{id}",
            Self::Order => "cache.order:{region}:{number}",
        }
    }

    /// Whether a copy carries its version.
    pub fn has_version(self) -> bool {
        matches!(self, Self::User | Self::Profile | Self::Order)
    }

    /// Whether an object need not be kept there.
    pub fn is_optional(self) -> bool {
        self == Self::Presence
    }

    /// The key of an object's copy.
    pub(crate) fn key(self, key: &Key) -> String {
        match key {
            Key::Order(region, number) => format!("{}:{region}:{number}", self.name()),
            Key::User(_) | Key::Product(_) => format!("{}:{key}", self.name()),
        }
    }

    /// The object whose copy stands under a key; `None` for a key of another pattern.
    pub(crate) fn read_key(text: &str) -> Option<(Self, Key)> {
        let (name, rest) = text.split_once(':')?;
        let place = Self::COPIES.into_iter().find(|it| it.name() == name)?;
        let key = match place {
            Self::Order => {
                let (region, number) = rest.rsplit_once(':')?;
                Key::Order(region.to_owned(), number.parse().ok()?)
            }
            _ => Key::User(rest.parse().ok()?),
        };
        Some((place, key))
    }

    fn fields_of_user(self) -> &'static [&'static str] {
        match self {
            Self::User => &[
                "name",
                "email",
                "city",
                "balance",
                "points",
                "born",
                "is_active",
                "created_at",
            ],
            Self::Relay | Self::Consumer | Self::Profile => &[
                "name",
                "email",
                "city",
                "balance",
                "points",
                "tags",
                "born",
                "is_active",
                "created_at",
            ],
            Self::Tags => &["tags"],
            Self::Presence => &["is_active"],
            Self::Order => &[],
        }
    }
}

impl worker::Place for Place {
    const EXAMPLE: &'static str = "drop:profile:users:42";

    fn from_name(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(format!("no place {text:?}")).hint(format!("one of {names}"))
        })
    }

    fn fields(self, kind: Kind) -> &'static [&'static str] {
        match (self, kind) {
            (_, Kind::User) => self.fields_of_user(),
            (Self::Relay | Self::Consumer | Self::Order, Kind::Order) => {
                &["user_id", "sku", "quantity", "total", "state", "placed_at"]
            }
            (_, Kind::Order | Kind::Product) => &[],
        }
    }

    fn is_step(self) -> bool {
        self.kind().is_none()
    }
}

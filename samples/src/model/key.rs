//! The key of one object, and what follows from it alone.

use std::fmt;

use crate::database::json;
use crate::error::{Error, Result};
use crate::model::Kind;

/// The key of one object. Its text is what the outbox and the command line take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A user's number.
    User(i64),
    /// A product's SKU.
    Product(String),
    /// An order's region and number; its text is a JSON array.
    Order(String, i64),
}

impl Key {
    /// Reads the text of a key.
    pub fn parse(kind: Kind, text: &str) -> Result<Self> {
        let wrong =
            |why: String| Error::new(format!("not the key of {} {text:?}: {why}", kind.entity()));
        match kind {
            Kind::User => text
                .parse()
                .map(Self::User)
                .map_err(|it| wrong(it.to_string())),
            Kind::Product => Ok(Self::Product(text.to_owned())),
            Kind::Order => {
                let parts = serde_json::from_str(text);
                let order = parts.map(|(region, number)| Self::Order(region, number));
                order.map_err(|it| wrong(it.to_string()).hint(r#"write ["eu",17]"#))
            }
        }
    }

    /// The kind of object.
    pub fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Product(_) => Kind::Product,
            Self::Order(..) => Kind::Order,
        }
    }

    /// Whether the cache keeps this object: about 60 % of them, always the same ones.
    pub fn is_cached(&self) -> bool {
        self.hash() % 10 < 6
    }

    /// Whether it holds what tools get wrong: more than 53 bits, quotes, spaces, braces, other alphabets.
    pub fn is_special(&self) -> bool {
        const EXACT_IN_A_FLOAT: i64 = 1 << 53;
        let plain = |text: &str| {
            text.chars()
                .all(|it| it.is_ascii_alphanumeric() || it == '-')
        };
        match self {
            Self::User(id) => *id >= EXACT_IN_A_FLOAT,
            Self::Product(sku) => !plain(sku),
            Self::Order(region, number) => !plain(region) || *number >= EXACT_IN_A_FLOAT,
        }
    }

    /// The parts as the text of a JSON array.
    pub(crate) fn parts(&self) -> String {
        match self {
            Self::User(id) => json(&[id]),
            Self::Product(sku) => json(&[sku]),
            Self::Order(region, number) => json(&(region, number)),
        }
    }

    /// The key in the cache.
    pub(crate) fn in_cache(&self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Product(sku) => format!("product:{sku}"),
            Self::Order(region, number) => format!("order:{region}:{number}"),
        }
    }

    /// The row of the search index: the number itself, or 63 bits of a hash, so that a row is found without a scan.
    pub(crate) fn row(&self) -> i64 {
        match self {
            Self::User(id) => *id,
            Self::Product(_) | Self::Order(..) => (self.hash() >> 1).cast_signed(),
        }
    }

    /// FNV-1a over the key in the cache: stable between versions, as the standard hasher is not.
    pub(crate) fn hash(&self) -> u64 {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = self.in_cache().bytes().fold(0xcbf2_9ce4_8422_2325, step);
        // FNV's low bits are weak for short keys; the high half mixes in.
        hash ^ (hash >> 32)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Product(sku) => f.write_str(sku),
            Self::Order(..) => f.write_str(&self.parts()),
        }
    }
}

/// When a key of the cache expires, in Unix milliseconds: in the year 2100 or later, so that no sample decays, and never
/// for a quarter of them.
pub(crate) fn expiry_ms(key: &Key) -> Option<i64> {
    const EARLIEST_MS: u64 = 4_102_444_800_000;
    let hash = key.hash() >> 8;
    let moment = i64::try_from(EARLIEST_MS + hash % 1_000_000_000).ok();
    moment.filter(|_| !hash.is_multiple_of(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_from_its_text() {
        let keys = [
            Key::User(9_007_199_254_740_993),
            Key::Product(r#"12" pipe, 5% {x}"#.to_owned()),
            Key::Order("São Paulo".to_owned(), 17),
        ];
        for key in keys {
            assert_eq!(Key::parse(key.kind(), &key.to_string()), Ok(key));
        }
    }

    #[test]
    fn a_composite_key_is_a_json_array() {
        assert_eq!(Key::Order("eu".to_owned(), 17).to_string(), r#"["eu",17]"#);
        assert!(Key::parse(Kind::Order, "eu:17").is_err());
    }
}

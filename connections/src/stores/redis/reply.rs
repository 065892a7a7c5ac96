//! The driver's reply type, read the way this adapter reads it: whatever form a server chose for the same thing.

use redis::Value as Reply;

/// Reads replies of either version of the protocol alike.
pub(super) trait ReplyExt: Sized {
    /// The bytes of a text of whatever kind.
    fn bytes(&self) -> Option<&[u8]>;

    /// The elements of an array, a set or what was sent unasked; none of anything else.
    fn items(&self) -> &[Self];

    /// Named members, whether the server sent a map or a flat list of names and values.
    fn pairs(&self) -> Vec<(&Self, &Self)>;

    /// A whole number, also one that is written as text.
    fn integer(&self) -> Option<i64>;

    /// About what it takes in memory, in bytes.
    fn weight(&self) -> u64;

    /// The text, where it is one.
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The member of that name.
    fn member(&self, name: &str) -> Option<&Self> {
        let pairs = self.pairs();
        let found = pairs.into_iter().find(|(it, _)| it.text() == Some(name));
        found.map(|(_, value)| value)
    }
}

impl ReplyExt for Reply {
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::BulkString(it) | Self::BigNumber(it) => Some(it),
            Self::SimpleString(it) | Self::VerbatimString { text: it, .. } => Some(it.as_bytes()),
            Self::Okay => Some(b"OK"),
            Self::Attribute { data, .. } => data.bytes(),
            _ => None,
        }
    }

    fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Push { data: items, .. } => items,
            Self::Attribute { data, .. } => data.items(),
            _ => &[],
        }
    }

    fn pairs(&self) -> Vec<(&Self, &Self)> {
        match self {
            Self::Map(pairs) => pairs.iter().map(|(name, value)| (name, value)).collect(),
            Self::Attribute { data, .. } => data.pairs(),
            _ => self
                .items()
                .chunks_exact(2)
                .filter_map(|it| Some((it.first()?, it.get(1)?)))
                .collect(),
        }
    }

    fn integer(&self) -> Option<i64> {
        match self {
            Self::Int(it) => Some(*it),
            Self::Attribute { data, .. } => data.integer(),
            _ => self.text()?.parse().ok(),
        }
    }

    fn weight(&self) -> u64 {
        let held = match self {
            Self::Map(pairs) => pairs.iter().map(|(it, to)| it.weight() + to.weight()).sum(),
            Self::Attribute { data, .. } => data.weight(),
            Self::Array(items) | Self::Set(items) | Self::Push { data: items, .. } => {
                items.iter().map(Self::weight).sum()
            }
            _ => self.bytes().map_or(0, <[u8]>::len) as u64,
        };
        size_of::<Self>() as u64 + held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Reply {
        Reply::BulkString(text.into())
    }

    #[test]
    fn members_are_found_in_maps_and_in_flat_lists() {
        let map = Reply::Map(vec![(bulk("a"), Reply::Int(1)), (bulk("b"), bulk("2"))]);
        let flat = Reply::Array(vec![bulk("a"), Reply::Int(1), bulk("b"), bulk("2")]);
        for reply in [map, flat] {
            assert_eq!(reply.member("a").and_then(Reply::integer), Some(1));
            assert_eq!(reply.member("b").and_then(Reply::integer), Some(2));
            assert_eq!(reply.member("c"), None);
        }
    }

    #[test]
    fn texts_of_every_kind_have_bytes() {
        assert_eq!(Reply::Okay.text(), Some("OK"));
        assert_eq!(Reply::SimpleString("none".to_owned()).text(), Some("none"));
        assert_eq!(bulk("a").bytes(), Some(b"a".as_slice()));
        assert_eq!(Reply::BigNumber(b"12".to_vec()).text(), Some("12"));
        assert_eq!(Reply::Int(7).bytes(), None);
        assert_eq!(Reply::BulkString(vec![0xff]).text(), None);
    }

    #[test]
    fn what_stands_beside_a_reply_does_not_hide_it() {
        let reply = Reply::Attribute {
            data: Box::new(Reply::Array(vec![Reply::Int(7)])),
            attributes: vec![(bulk("ttl"), Reply::Int(1))],
        };
        assert_eq!(reply.items(), [Reply::Int(7)]);
    }

    #[test]
    fn a_long_text_weighs_about_its_length() {
        let reply = Reply::Array(vec![Reply::BulkString(vec![0; 1_000_000])]);
        assert!((1_000_000..1_001_000).contains(&reply.weight()));
    }
}

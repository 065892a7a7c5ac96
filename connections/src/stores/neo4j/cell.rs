//! What a row holds, borrowed from where the driver keeps it.
//!
//! The driver hands values out through serde only. As its own type it lends them as they came: text without a copy, and
//! times as the numbers of the wire, where every other way rounds or refuses what its calendar does not hold.

use std::fmt;
use std::marker::PhantomData;

use neo4rs::{BoltType, Row};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::ValueRef;
use parallax_core::value::Value;
use serde::de::{
    Deserialize, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::graph::{Node, Path, Relationship};
use super::temporal::{self, Zoned};

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'d> {
    /// Null; of a property, absent.
    Null,
    Bool(bool),
    I64(i64),
    F64(f64),
    Text(&'d str),
    Bytes(&'d [u8]),
    List(Vec<Self>),
    /// Sorted by name, for the driver loses the order.
    Map(Vec<(&'d str, Self)>),
    Time(temporal::Raw<'d>),
    Point(Point),
    Node(Box<Node<'d>>),
    Relationship(Box<Relationship<'d>>),
    Path(Box<Path<'d>>),
}

/// A place, in the coordinates of the reference system that `srid` numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    srid: i64,
    x: f64,
    y: f64,
    z: Option<f64>,
}

impl Cell<'_> {
    /// The value; `zoned` says what becomes of a time with a zone.
    pub(super) fn value(&self, zoned: Zoned) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(*it),
            Self::I64(it) => Value::I64(*it),
            Self::F64(it) => Value::F64(*it),
            Self::Text(it) => Value::from(*it),
            Self::Bytes(it) => Value::Bytes(it.to_vec()),
            Self::List(items) => Value::List(items.iter().map(|it| it.value(zoned)).collect()),
            Self::Map(members) => map(members, zoned),
            Self::Time(it) => it.value(zoned),
            Self::Point(it) => it.value(),
            Self::Node(it) => it.value(zoned),
            Self::Relationship(it) => it.value(zoned),
            Self::Path(it) => it.value(zoned),
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(it) => Some(it),
            _ => None,
        }
    }

    /// The whole number, where it is one.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::I64(it) => Some(*it),
            _ => None,
        }
    }

    /// The items, where it is a list; otherwise none.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(it) => it,
            _ => &[],
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self) -> Vec<String> {
        let texts = self.items().iter().filter_map(Self::text);
        texts.map(ToOwned::to_owned).collect()
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let inside = match self {
            Self::Text(it) => it.len(),
            Self::Bytes(it) => it.len(),
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Map(members) => size(members),
            Self::Node(it) => size(&it.properties),
            Self::Relationship(it) => size(&it.properties),
            Self::Path(it) => it.size(),
            _ => 0,
        };
        inside + size_of::<Value>()
    }

    /// The cell for a scan, where it needs no decoding; `None` where it does. A property that is null is not there.
    #[inline]
    pub(super) fn lent(&self) -> Option<ValueRef<'_>> {
        Some(match self {
            Self::Null => ValueRef::Absent,
            Self::Bool(it) => ValueRef::Bool(*it),
            Self::I64(it) => ValueRef::I64(*it),
            Self::F64(it) => ValueRef::F64(*it),
            Self::Text(it) => ValueRef::Text(it),
            Self::Bytes(it) => ValueRef::Bytes(it),
            Self::Time(it) => match it.value(Zoned::Instant) {
                Value::Timestamp(it) => ValueRef::Timestamp(it),
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// Members as a value.
pub(super) fn map(members: &[(&str, Cell<'_>)], zoned: Zoned) -> Value {
    let members = members.iter();
    Value::Map(
        members
            .map(|(name, it)| ((*name).to_owned(), it.value(zoned)))
            .collect(),
    )
}

/// About how many bytes members take.
pub(super) fn size(members: &[(&str, Cell<'_>)]) -> usize {
    members
        .iter()
        .map(|(name, it)| name.len() + it.size())
        .sum()
}

impl Point {
    fn value(self) -> Value {
        let coordinates = match self.z {
            None => format!("x:{:?}, y:{:?}", self.x, self.y),
            Some(z) => format!("x:{:?}, y:{:?}, z:{z:?}", self.x, self.y),
        };
        Value::Native {
            type_name: "POINT".to_owned(),
            text: format!("point({{srid:{}, {coordinates}}})", self.srid),
        }
    }
}

/// The cells of a row of a statement of our own, which gives them as one list, so that they keep their order.
pub(super) const ROW: &str = "row";

/// The cells of such a row.
pub(super) fn cells(row: &Row) -> Result<Vec<Cell<'_>>> {
    cell(row, ROW).map(|it| match it {
        Cell::List(cells) => cells,
        other => vec![other],
    })
}

/// The cell of the column `name`; fails with [`ErrorKind::Unreadable`] on what the driver cannot tell us.
pub(super) fn cell<'d>(row: &'d Row, name: &str) -> Result<Cell<'d>> {
    row.get(name).map_err(|why| {
        Error::new(ErrorKind::Unreadable, "read a row").because(format!("{name:?}: {why}"))
    })
}

impl<'d> Deserialize<'d> for Cell<'d> {
    #[inline]
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        // By this name the driver tells the kind of the value as well.
        deserializer.deserialize_enum(std::any::type_name::<BoltType>(), &[], Kinded)
    }
}

/// Reads a value by its kind.
struct Kinded;

impl<'d> Visitor<'d> for Kinded {
    type Value = Cell<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the driver")
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'d>>(self, data: A) -> Result<Cell<'d>, A::Error> {
        let (Index(kind), inside) = data.variant()?;
        match kind {
            0 | 1 | 2 | 4 | 5 | 12 => inside.tuple_variant(1, Plain),
            3 => inside.tuple_variant(1, Members).map(Cell::Map),
            6 => inside.tuple_variant(1, Items(PhantomData)).map(Cell::List),
            7..=9 | 13 => inside.tuple_variant(1, super::graph::Element(kind)),
            10 => inside.tuple_variant(3, PointParts),
            11 => inside.tuple_variant(4, PointParts),
            14..=20 => {
                let parts = inside.tuple_variant(1, temporal::PartsVisitor)?;
                temporal::Raw::new(kind, &parts)
                    .map(Cell::Time)
                    .ok_or_else(|| A::Error::custom("a time lacks a part"))
            }
            _ => Err(A::Error::custom("a kind of value that is not known")),
        }
    }
}

/// The place of a name in the driver's list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) struct Index(pub(super) u64);

impl<'d> Deserialize<'d> for Index {
    #[inline]
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;
        impl Visitor<'_> for Place {
            type Value = Index;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a small number")
            }

            #[inline]
            fn visit_u64<E>(self, it: u64) -> Result<Index, E> {
                Ok(Index(it))
            }
        }
        deserializer.deserialize_any(Place)
    }
}

/// What needs nothing but to be taken.
struct Plain;

impl<'d> Visitor<'d> for Plain {
    type Value = Cell<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value")
    }

    fn visit_unit<E>(self) -> Result<Cell<'d>, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Cell<'d>, E> {
        Ok(Cell::Bool(it))
    }

    #[inline]
    fn visit_i64<E>(self, it: i64) -> Result<Cell<'d>, E> {
        Ok(Cell::I64(it))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Cell<'d>, E> {
        Ok(Cell::F64(it))
    }

    #[inline]
    fn visit_borrowed_str<E>(self, it: &'d str) -> Result<Cell<'d>, E> {
        Ok(Cell::Text(it))
    }

    fn visit_borrowed_bytes<E>(self, it: &'d [u8]) -> Result<Cell<'d>, E> {
        Ok(Cell::Bytes(it))
    }
}

/// The items of a list.
struct Items<T>(PhantomData<T>);

impl<'d, T: Deserialize<'d>> Visitor<'d> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'d>>(self, mut access: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::with_capacity(access.size_hint().unwrap_or_default().min(1_024));
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(items)
    }
}

/// The members of a map, by name.
pub(super) struct Members;

impl<'d> Visitor<'d> for Members {
    type Value = Vec<(&'d str, Cell<'d>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value =
            Vec::with_capacity(access.size_hint().unwrap_or_default().min(1_024));
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        members.sort_by_key(|(name, _)| *name);
        Ok(members)
    }
}

/// The number of a reference system, and coordinates.
struct PointParts;

impl<'d> Visitor<'d> for PointParts {
    type Value = Cell<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a point")
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut access: A) -> Result<Cell<'d>, A::Error> {
        let missing = || A::Error::custom("a point lacks a part");
        Ok(Cell::Point(Point {
            srid: access.next_element()?.ok_or_else(missing)?,
            x: access.next_element()?.ok_or_else(missing)?,
            y: access.next_element()?.ok_or_else(missing)?,
            z: access.next_element()?,
        }))
    }
}

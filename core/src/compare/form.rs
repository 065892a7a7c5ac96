//! The bytes of one side of a field alone, by which two records are compared without being brought together.
//!
//! [`super::compare`] chooses the type in which two values meet when it has both. Here one side must do without the other,
//! so the choice is made once for a pair of fields, from what is known of their types: numbers meet as numbers, times at
//! the coarser precision, and text is read as what the other side is expected to hold. A value that is not as expected,
//! or that does not read, keeps its own form under a mark of its own.
//!
//! Equal bytes mean equal under the rules, always. Unequal bytes may be equal after all, where the values are not of the
//! types that were expected: whoever finds unequal bytes has to compare the values.

use jiff::tz::TimeZone;

use super::cast::{Common, spelled};
use super::json::Buffers;
use super::small::small;
use super::times::cut;
use super::{Cast, Encoding, FieldRule, Lens, json, lens, read};
use crate::canonical;
use crate::store::{FieldShape, Precision, ValueRef};
use crate::value::{Small, Timestamp, Value};

#[cfg(test)]
mod tests;

/// The value in the type in which the sides meet, seen through the lenses.
const MET: u8 = 0;
/// The value as it was read.
const READ: u8 = 1;
/// The value as it is stored, where it does not read and both sides are read alike.
const STORED: u8 = 2;
/// The same where they are not: such a value is equal to none of the other side.
const STRANGE: u8 = 3;
/// No value.
const ABSENT: u8 = 5;

/// How one side of a field is brought to bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Form {
    rule: FieldRule,
    /// The zone of its local times.
    zone: Option<TimeZone>,
    cast: Option<Cast>,
    lenses: Vec<Lens>,
    null_is_absent: bool,
    mark: u8,
    reads: Reads,
    /// The coarser precision of the two sides.
    precision: Option<Precision>,
    /// The precision that a value of this side must have for that.
    own_precision: Option<Precision>,
}

/// What a side without a declared cast reads beyond its own kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reads {
    /// Text is read as this kind, for the other side holds it.
    text: Option<Kind>,
    /// Times are read as dates.
    dates: bool,
    /// Native types are read as text.
    native: bool,
}

/// The kinds of values between which no rule is needed to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Timestamp,
    DateTime,
    Date,
    Time,
    Uuid,
    Json,
    Native,
    Other,
}

/// A field of one side, as far as it is known before its values are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'s> {
    /// The side's rule.
    pub(crate) rule: &'s FieldRule,
    /// The declared or sampled types of the field at the rule's path; `None` where they are not known.
    pub(crate) shape: Option<&'s FieldShape>,
}

impl Expected<'_> {
    /// What a side's values are once they are read: by its rule, else by its shape. `None` where neither tells.
    fn kind(&self) -> Option<Kind> {
        match &self.rule.from {
            Some(Encoding::UnixSeconds | Encoding::UnixMillis | Encoding::Zone(_)) => {
                return Some(Kind::Timestamp);
            }
            Some(Encoding::Hex | Encoding::Base64) => return Some(Kind::Other),
            None if self.rule.scale != 0 => return Some(Kind::Number),
            None => {}
        }
        let mut types = self.shape?.types.iter().map(|it| it.type_name.as_str());
        types.find(|it| *it != "null").map(kind_named)
    }

    /// The precision of its values, if they are as expected.
    fn precision(&self) -> Option<Precision> {
        read::precision(&Value::I64(0), self.rule)
    }
}

/// The kind of a type, by the type's name in shapes.
fn kind_named(type_name: &str) -> Kind {
    match type_name {
        "int" | "decimal" | "float" => Kind::Number,
        "text" => Kind::Text,
        "timestamp" => Kind::Timestamp,
        "datetime" => Kind::DateTime,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "uuid" => Kind::Uuid,
        "list" | "map" | "vector" => Kind::Json,
        "bool" | "bytes" | "duration" | "null" => Kind::Other,
        _ => Kind::Native,
    }
}

impl Form {
    /// The forms of the truth's and the copy's side of one field.
    pub(crate) fn pair(truth: Expected<'_>, copy: Expected<'_>) -> [Self; 2] {
        let (kind, copy_kind) = (truth.kind(), copy.kind());
        let (one, other) = (truth.rule, copy.rule);
        let lenses = [&other.compare, &one.compare]
            .into_iter()
            .find(|it| !it.is_empty());
        let precisions = [truth.precision(), copy.precision()];
        let is_alike = one.from == other.from && one.scale == other.scale;
        let form = |side: Expected<'_>, strange: u8, reads: Reads| Self {
            rule: side.rule.clone(),
            zone: match &side.rule.from {
                Some(Encoding::Zone(name)) => read::time_zone(name).ok(),
                _ => None,
            },
            cast: other.cast.or(one.cast),
            lenses: lenses.cloned().unwrap_or_default(),
            null_is_absent: one.null_is_absent || other.null_is_absent,
            mark: if is_alike { STORED } else { strange },
            reads,
            precision: precisions.into_iter().flatten().min(),
            own_precision: side.precision(),
        };
        [
            form(truth, STRANGE, reads(kind, copy_kind)),
            form(copy, STRANGE + 1, reads(copy_kind, kind)),
        ]
    }

    /// Appends the bytes of one cell; `buffers` may hold whatever was left in them.
    pub(crate) fn write(&self, cell: &ValueRef<'_>, out: &mut Vec<u8>, buffers: &mut Buffers) {
        match cell {
            ValueRef::Absent => out.push(ABSENT),
            ValueRef::Null | ValueRef::Owned(Value::Null) if self.null_is_absent => {
                out.push(ABSENT);
            }
            _ if self.quick(cell, out, buffers) => {}
            _ => self.slow(cell, out),
        }
    }

    /// Writes what takes little, and says whether it did; the bytes are those of [`Self::slow`].
    ///
    /// A value is looked at as the cell that it would be lent as, so that each kind is handled once.
    fn quick(&self, cell: &ValueRef<'_>, out: &mut Vec<u8>, buffers: &mut Buffers) -> bool {
        let plain;
        let cell = match cell {
            ValueRef::Owned(value) => {
                plain = ValueRef::from(*value);
                &plain
            }
            _ => cell,
        };
        match &self.rule.from {
            _ if matches!(cell, ValueRef::Null) => out.extend([READ, 0]),
            None if self.rule.scale == 0 => {
                return self.quick_value(cell, out, buffers) || self.quick_number(cell, out);
            }
            None => return self.quick_number(cell, out),
            Some(from) => return self.quick_time(from, cell, out),
        }
        true
    }

    /// Writes a value that is stored as what it is, unless a number.
    ///
    /// A case that is not here is not wrong: it takes the long way, which costs a value and some copies of it.
    fn quick_value(&self, cell: &ValueRef<'_>, out: &mut Vec<u8>, buffers: &mut Buffers) -> bool {
        match (self.cast, cell) {
            (None, ValueRef::Bool(it)) => out.extend([READ, 2 + u8::from(*it)]),
            (Some(Cast::Bool), ValueRef::Bool(it)) => out.extend([MET, 2 + u8::from(*it)]),
            (Some(Cast::Bool), ValueRef::I64(it @ (0 | 1))) => {
                out.extend([MET, 2 + u8::from(*it == 1)]);
            }
            (Some(Cast::Bool), ValueRef::Text(it)) => {
                let Some(it) = spelled(it) else { return false };
                out.extend([MET, 2 + u8::from(it)]);
            }
            (None | Some(Cast::Text), ValueRef::Text(it)) if self.is_plain_text() => {
                out.push(MET);
                canonical::text(it, out);
            }
            (None, ValueRef::Bytes(it)) => {
                out.push(READ);
                canonical::raw(it, out);
            }
            (_, ValueRef::Timestamp(it)) => return self.quick_instant(*it, out),
            (None | Some(Cast::Uuid), ValueRef::Uuid(it)) => {
                out.push(MET);
                canonical::uuid(*it, out);
            }
            (cast, ValueRef::Text(it))
                if cast == Some(Cast::Uuid)
                    || cast.is_none() && self.reads.text == Some(Kind::Uuid) =>
            {
                let Ok(it) = it.parse() else { return false };
                out.push(MET);
                canonical::uuid(it, out);
            }
            (None | Some(Cast::Date), ValueRef::Date(it)) => {
                out.push(MET);
                canonical::date(*it, out);
            }
            (None | Some(Cast::Json), cell) => return self.quick_json(cell, out, buffers),
            _ => return false,
        }
        true
    }

    /// Writes a list or a map, where it is compared as it stands: what a lens would change takes the long way.
    ///
    /// JSON that is still text is never made a value of, unless it holds something rare.
    fn quick_json(&self, cell: &ValueRef<'_>, out: &mut Vec<u8>, buffers: &mut Buffers) -> bool {
        if !self.lenses.is_empty() {
            return false;
        }
        let start = out.len();
        out.push(MET);
        let is_written = match cell {
            ValueRef::Json(text) => json::write_text(text, out, buffers),
            ValueRef::List(items) => json::write_list(items, out),
            ValueRef::Owned(value @ (Value::List(_) | Value::Map(_) | Value::Vector(_))) => {
                json::write(value, out);
                true
            }
            _ => false,
        };
        if !is_written {
            out.truncate(start);
        }
        is_written
    }

    /// Writes an instant that is stored as something else: a number since 1970, or a local time in a zone.
    ///
    /// What occurs twice or never in its zone, and a scaled number, takes the long way, which says why.
    fn quick_time(&self, from: &Encoding, cell: &ValueRef<'_>, out: &mut Vec<u8>) -> bool {
        let instant = match from {
            _ if self.rule.scale != 0 => None,
            Encoding::UnixSeconds => self.since_1970(cell, 1_000_000_000),
            Encoding::UnixMillis => self.since_1970(cell, 1_000_000),
            Encoding::Zone(_) => self.zoned(cell),
            Encoding::Hex | Encoding::Base64 => None,
        };
        instant.is_some_and(|it| self.quick_instant(it, out))
    }

    /// The instant so many units of nanoseconds after 1970, where the number is whole and of the expected precision.
    fn since_1970(&self, cell: &ValueRef<'_>, unit: i128) -> Option<Timestamp> {
        if self.cast.is_none() && !matches!(cell, ValueRef::I64(_)) {
            return None;
        }
        let number = small(cell).filter(|it| it.scale == 0)?;
        let nanos = i128::from(number.magnitude) * unit;
        let nanos = if number.negative { -nanos } else { nanos };
        Timestamp::from_nanosecond(nanos).ok()
    }

    /// The instant that a local time is in the zone of the rule, if it is just one.
    fn zoned(&self, cell: &ValueRef<'_>) -> Option<Timestamp> {
        match cell {
            ValueRef::Timestamp(it) => Some(*it),
            ValueRef::DateTime(local) => {
                let instant = self.zone.as_ref()?.to_ambiguous_timestamp(*local);
                instant.unambiguous().ok()
            }
            _ => None,
        }
    }

    /// Writes an instant, where the sides meet as instants.
    fn quick_instant(&self, instant: Timestamp, out: &mut Vec<u8>) -> bool {
        let precision = match self.cast {
            None if !self.reads.dates => self.precision,
            Some(Cast::Timestamp(to)) => Some(to),
            _ => return false,
        };
        out.push(MET);
        canonical::timestamp(cut(instant, precision), out);
        true
    }

    /// Whether text is compared as it stands, without reading or overlooking anything: no lens applies, and either the
    /// rule says that it is text or the other side does not expect anything else.
    fn is_plain_text(&self) -> bool {
        self.lenses.is_empty() && (self.cast.is_some() || self.reads.text.is_none())
    }

    /// Writes a number without allocation; `false` where the long way must be taken.
    fn quick_number(&self, cell: &ValueRef<'_>, out: &mut Vec<u8>) -> bool {
        let Some(number) = self.number(cell) else {
            return false;
        };
        out.push(MET);
        canonical::small_number(number, out);
        true
    }

    /// The number that the cell is under the rule, where that is plain.
    fn number(&self, cell: &ValueRef<'_>) -> Option<Small> {
        let is_text = matches!(cell, ValueRef::Text(_));
        let is_read = !is_text || self.rule.scale != 0 || self.reads.text == Some(Kind::Number);
        let places = match self.cast {
            None if is_read => i64::MAX,
            Some(Cast::Int) => 0,
            Some(Cast::Decimal(places)) => places.into(),
            _ => return None,
        };
        let small = small(cell)?;
        let scale = small.scale.checked_sub(self.rule.scale.into())?;
        // What has to be rounded, or is not whole, takes the long way.
        (scale <= places).then_some(Small { scale, ..small })
    }

    /// Writes any value, by the same steps as `compare`.
    ///
    /// What is doubtful gets this side's own mark, so that it never equals the other side: it becomes a candidate and
    /// is compared value by value.
    fn slow(&self, cell: &ValueRef<'_>, out: &mut Vec<u8>) {
        let Some(value) = cell.to_value() else {
            return out.push(ABSENT);
        };
        let Ok(meant) = read::read(&value, &self.rule) else {
            out.push(self.mark);
            return canonical::encode(Some(&value), out);
        };
        let is_expected = read::precision(&value, &self.rule) == self.own_precision;
        let met = self
            .met(&meant)
            .filter(|_| is_expected || self.cast.is_some());
        out.push(if met.is_some() { MET } else { READ });
        canonical::encode(Some(met.as_ref().unwrap_or(&meant)), out);
    }

    /// The value where the sides meet; `None` where it stays as it is.
    fn met(&self, value: &Value) -> Option<Value> {
        let common = match self.cast {
            _ if value.is_null() => return None,
            Some(cast) => Common::Declared(cast),
            None => self.common(value)?,
        };
        let met = common.cast(value, &self.rule).ok()?;
        // Text that is JSON, but neither list nor map, meets its like as text.
        let is_odd = common == Common::Json && !matches!(met, Value::List(_) | Value::Map(_));
        (!is_odd).then(|| lens::apply(met, &self.lenses))
    }

    /// The form in which a value of its type meets the other side; `None` where the types alone do not tell.
    fn common(&self, value: &Value) -> Option<Common> {
        Some(match value {
            Value::I64(_)
            | Value::U64(_)
            | Value::BigInt(_)
            | Value::Decimal(_)
            | Value::F64(_) => Common::Number,
            Value::Timestamp(_) | Value::DateTime(_) if self.reads.dates => Common::Date,
            Value::Timestamp(_) => Common::Timestamp(self.precision),
            Value::DateTime(_) => Common::DateTime(self.precision),
            Value::Time(_) => Common::Time(self.precision),
            Value::Date(_) => Common::Date,
            Value::Uuid(_) => Common::Uuid,
            Value::List(_) | Value::Map(_) | Value::Vector(_) => Common::Json,
            Value::Native { .. } if self.reads.native => Common::Text,
            Value::Text(_) => match self.reads.text {
                Some(kind) => self.read_text(kind)?,
                None => Common::AsIs,
            },
            _ => return None,
        })
    }

    /// The form that text is read in where the other side is of that kind; `None` where it stays text.
    fn read_text(&self, kind: Kind) -> Option<Common> {
        Some(match kind {
            Kind::Number => Common::Number,
            Kind::Timestamp => Common::Timestamp(self.precision),
            Kind::DateTime => Common::DateTime(self.precision),
            Kind::Time => Common::Time(self.precision),
            Kind::Date => Common::Date,
            Kind::Uuid => Common::Uuid,
            Kind::Json => Common::Json,
            Kind::Text | Kind::Native | Kind::Other => return None,
        })
    }
}

/// What a side reads as the other's kind.
///
/// Text becomes a kind on one side at most, for two texts are compared as texts; so do times become dates.
fn reads(own: Option<Kind>, other: Option<Kind>) -> Reads {
    let is_text = matches!(own, None | Some(Kind::Text));
    let is_written = |it: &Kind| !matches!(it, Kind::Text | Kind::Native | Kind::Other);
    let is_time = matches!(own, None | Some(Kind::Timestamp | Kind::DateTime));
    Reads {
        text: other.filter(is_written).filter(|_| is_text),
        dates: other == Some(Kind::Date) && is_time,
        native: own == Some(Kind::Native) && other == Some(Kind::Text),
    }
}

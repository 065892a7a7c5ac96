//! Values as JSON knows them: null, truth values, numbers, text, lists and maps.

use std::ops::Range;

use jiter::{Jiter, Peek};

use super::refusal::{Refusal, malformed};
use super::small::{small, written};
use crate::canonical;
use crate::store::ValueRef;
use crate::value::{Decimal, MAX_DEPTH, Value};

#[cfg(test)]
mod tests;

/// The JSON that a value is, or that its text holds.
pub(super) fn read(value: &Value) -> Result<Value, Refusal> {
    let text = match value {
        Value::Text(text) => Some(text.as_str()),
        Value::Bytes(bytes) => Some(str::from_utf8(bytes).unwrap_or_default()),
        _ => None,
    };
    match text {
        Some(text) => Value::from_json(text)
            .ok()
            .ok_or_else(|| malformed(value, "JSON")),
        None => Ok(plain(value)),
    }
}

/// JSON has one kind of number, so floats become decimals by their shortest digits; what it lacks is the text people see.
fn plain(value: &Value) -> Value {
    match value {
        Value::F64(it) => {
            Decimal::from_f64(*it).map_or_else(|| value.to_string().as_str().into(), Value::Decimal)
        }
        Value::List(items) => Value::List(items.iter().map(plain).collect()),
        Value::Map(members) => {
            let members = members.iter().map(|(name, it)| (name.clone(), plain(it)));
            Value::Map(members.collect())
        }
        Value::Vector(items) => Value::List(items.iter().map(|it| component(*it)).collect()),
        Value::Null | Value::Bool(_) | Value::I64(_) | Value::U64(_) | Value::BigInt(_) => {
            value.clone()
        }
        Value::Decimal(_) | Value::Text(_) => value.clone(),
        _ => Value::Text(value.to_string()),
    }
}

/// A component of a vector as JSON has it: the shortest digits that read back as the same 32-bit float.
///
/// What is not finite is the text that people see, as with floats of 64 bits.
fn component(number: f32) -> Value {
    let text = format!("{number:e}");
    text.parse().map_or(Value::Text(text), Value::Decimal)
}

/// Appends the canonical form of what [`plain`] makes of the value, without making it.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::F64(it) => match small(&ValueRef::F64(*it)) {
            Some(number) => canonical::small_number(number, out),
            None => canonical::encode(Some(&plain(value)), out),
        },
        Value::List(items) => canonical::list(items, out, write),
        Value::Map(members) => canonical::map(members, out, write),
        Value::Null
        | Value::Bool(_)
        | Value::I64(_)
        | Value::U64(_)
        | Value::BigInt(_)
        | Value::Decimal(_)
        | Value::Text(_) => canonical::encode(Some(value), out),
        _ => canonical::encode(Some(&plain(value)), out),
    }
}

/// Appends the same of a list whose items are lent; says whether it did. Where it did not, what it appended has to be
/// taken back.
pub(super) fn write_list(items: &[ValueRef<'_>], out: &mut Vec<u8>) -> bool {
    let mut is_written = true;
    canonical::list(items, out, |item, out| {
        is_written = is_written && write_item(item, out);
    });
    is_written
}

/// Writes an item that JSON knows, as [`write`] does the value that it is; `false` for all that has to become text first.
fn write_item(item: &ValueRef<'_>, out: &mut Vec<u8>) -> bool {
    match item {
        ValueRef::Null => canonical::encode(Some(&Value::Null), out),
        ValueRef::Bool(it) => canonical::encode(Some(&Value::Bool(*it)), out),
        ValueRef::Text(it) => canonical::text(it, out),
        ValueRef::I64(_) | ValueRef::F64(_) | ValueRef::Decimal(..) => match small(item) {
            Some(number) => canonical::small_number(number, out),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// Appends the canonical form of a list or a map that is written as JSON, in one pass over the text.
///
/// Says whether it did. What is rare is left to the long way, with nothing appended: other values, numbers of more than
/// 18 digits or with an exponent, repeated names, more than 127 items or members, and what is no JSON.
pub(super) fn write_text(text: &[u8], out: &mut Vec<u8>, buffers: &mut Buffers) -> bool {
    let start = out.len();
    buffers.members.clear();
    let mut writing = Writing {
        reader: Jiter::with_tape(text, std::mem::take(&mut buffers.tape)),
        buffers,
    };
    let is_written = writing.document(out).is_some();
    let Writing { reader, buffers } = writing;
    buffers.tape = reader.into_tape();
    if !is_written {
        out.truncate(start);
    }
    is_written
}

/// Memory that is used again for every text.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// Where the members of the maps that are being written stand in the output, the outer maps' first.
    members: Vec<Member>,
    /// Members that are put in order.
    spare: Vec<u8>,
    /// Text without its escapes.
    tape: Vec<u8>,
}

/// Text on its way to its canonical form.
///
/// Each step gives nothing where it met something rare; the whole is given up then, and what was written is taken back.
struct Writing<'t> {
    reader: Jiter<'t>,
    buffers: &'t mut Buffers,
}

/// A member of a map: its name, and all of it.
///
/// Both are places in the output, for members are written as they come and moved afterwards.
#[derive(Debug)]
struct Member {
    /// The first bytes of its name, which mostly tell the order already.
    prefix: u64,
    name: Range<usize>,
    whole: Range<usize>,
}

/// The first eight bytes as a number, the first of them highest; what a shorter name lacks is nought.
fn prefix(name: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (place, byte) in bytes.iter_mut().zip(name) {
        *place = *byte;
    }
    u64::from_be_bytes(bytes)
}

impl Writing<'_> {
    /// Writes a whole text, behind which nothing but blanks stands.
    fn document(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let first = self.reader.peek().ok()?;
        if !matches!(first, Peek::Array | Peek::Object) {
            return None;
        }
        self.value(first, MAX_DEPTH, out)?;
        self.reader.finish().ok()
    }

    /// Writes a value that begins as `first`; `depth` is how many levels it may still nest.
    fn value(&mut self, first: Peek, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match first {
            Peek::Object => self.map(depth, out)?,
            Peek::Array => self.list(depth, out)?,
            Peek::String => canonical::text(self.reader.known_str().ok()?, out),
            Peek::Null => {
                self.reader.known_null().ok()?;
                canonical::encode(Some(&Value::Null), out);
            }
            Peek::True | Peek::False => {
                let truth = Value::Bool(self.reader.known_bool(first).ok()?);
                canonical::encode(Some(&truth), out);
            }
            _ => {
                let digits = self.reader.known_number_bytes(first).ok()?;
                canonical::small_number(written(digits)?, out);
            }
        }
        Some(())
    }

    /// Writes the items of a list in their order, and then their number in front.
    fn list(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let count = begin(canonical::LIST, out);
        let mut items = 0;
        let mut next = self.reader.known_array().ok()?;
        while let Some(first) = next {
            items += 1;
            self.value(first, depth, out)?;
            next = self.reader.array_step().ok()?;
        }
        end(count, items, out)
    }

    /// Writes the members of a map as they come, then brings them into the order of their names.
    fn map(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let count = begin(canonical::MAP, out);
        let (body, outer) = (out.len(), self.buffers.members.len());
        let mut name = self.reader.known_object().ok()?;
        while let Some(text) = name {
            let (start, length) = (out.len(), text.len());
            let prefix = prefix(text.as_bytes());
            canonical::chunk(text.as_bytes(), out);
            let end = out.len();
            let first = self.reader.peek().ok()?;
            self.value(first, depth, out)?;
            self.buffers.members.push(Member {
                prefix,
                name: end - length..end,
                whole: start..out.len(),
            });
            name = self.reader.next_key().ok()?;
        }
        let items = self.buffers.members.len() - outer;
        self.buffers.put_in_order(outer, body, out)?;
        self.buffers.members.truncate(outer);
        end(count, items, out)
    }
}

impl Buffers {
    /// Brings the members from `first` on, whose forms begin at `body`, into the order of their names.
    fn put_in_order(&mut self, first: usize, body: usize, out: &mut Vec<u8>) -> Option<()> {
        let members = self.members.get_mut(first..)?;
        let name = |it: &Member| out.get(it.name.clone()).unwrap_or_default();
        let order = |one: &Member, other: &Member| {
            let by_prefix = one.prefix.cmp(&other.prefix);
            by_prefix.then_with(|| name(one).cmp(name(other)))
        };
        let is_before = |one: &Member, other: &Member| order(one, other).is_lt();
        if members.is_sorted_by(is_before) {
            return Some(());
        }
        members.sort_unstable_by(order);
        // A name that stands twice is not before itself.
        if !members.is_sorted_by(is_before) {
            return None;
        }
        self.spare.clear();
        for member in &*members {
            self.spare.extend_from_slice(out.get(member.whole.clone())?);
        }
        out.truncate(body);
        out.extend_from_slice(&self.spare);
        Some(())
    }
}

/// Begins a list or a map with its tag; where its number of items is to stand, which is known at its end.
fn begin(tag: u8, out: &mut Vec<u8>) -> usize {
    out.extend([tag, 0]);
    out.len() - 1
}

/// Puts the number of items in its place, if one byte holds it.
///
/// A longer one would move all that stands behind it: such lists take the long way.
fn end(count: usize, items: usize, out: &mut [u8]) -> Option<()> {
    let items = u8::try_from(items).ok().filter(|it| *it < 0x80)?;
    *out.get_mut(count)? = items;
    Some(())
}

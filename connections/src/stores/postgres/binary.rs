//! Values from the server's binary form, read by their type and nothing else.

use num_bigint::BigInt;
use parallax_core::store::ValueRef;
use parallax_core::value::{Decimal, Uuid, Value};

use super::calendar;
use super::types::{Kind, Type};
use crate::stores::common::widened;

/// The value of a cell that is not null; what is not what it should be comes as its bytes.
pub(super) fn value(of: &Type, cell: &[u8]) -> Value {
    match lend(of, cell, ValueRef::to_value) {
        Some(it) => it.unwrap_or(Value::Null),
        None => made(of, cell).unwrap_or_else(|| Value::Bytes(cell.to_vec())),
    }
}

/// Gives the cell as it stands in the buffer to `take`, where it needs no making.
#[inline]
pub(super) fn lend<'b, T>(
    of: &Type,
    cell: &'b [u8],
    take: impl FnOnce(ValueRef<'b>) -> T,
) -> Option<T> {
    Some(match of.kind {
        Kind::Bool => take(ValueRef::Bool(cell != [0])),
        Kind::Int2 => take(ValueRef::I64(i16::from_be_bytes(*exactly(cell)?).into())),
        Kind::Int4 => take(ValueRef::I64(i32::from_be_bytes(*exactly(cell)?).into())),
        Kind::Int8 => take(ValueRef::I64(i64::from_be_bytes(*exactly(cell)?))),
        Kind::Oid => take(ValueRef::I64(u32::from_be_bytes(*exactly(cell)?).into())),
        Kind::Float4 => take(ValueRef::F64(widened(f32::from_be_bytes(*exactly(cell)?)))),
        Kind::Float8 => take(ValueRef::F64(f64::from_be_bytes(*exactly(cell)?))),
        Kind::Text => match std::str::from_utf8(cell) {
            Ok(text) => take(ValueRef::Text(text)),
            Err(_) => take(ValueRef::Bytes(cell)),
        },
        Kind::Bytes => take(ValueRef::Bytes(cell)),
        Kind::Numeric => {
            let (digits, scale) = Numeric::of(cell)?.short()?;
            take(ValueRef::Decimal(digits, scale))
        }
        Kind::Json => take(ValueRef::json(cell)),
        // Before it stands the version of the form.
        Kind::Jsonb => take(ValueRef::json(cell.strip_prefix(&[1])?)),
        Kind::Timestamptz => {
            let time = calendar::timestamp(i64::from_be_bytes(*exactly(cell)?))?;
            take(ValueRef::Timestamp(time))
        }
        Kind::Timestamp => {
            let time = calendar::datetime(i64::from_be_bytes(*exactly(cell)?))?;
            take(ValueRef::DateTime(time))
        }
        Kind::Date => {
            let date = calendar::date(i32::from_be_bytes(*exactly(cell)?))?;
            take(ValueRef::Date(date))
        }
        Kind::Uuid => take(ValueRef::Uuid(Uuid::from_bytes(*exactly(cell)?))),
        _ => return None,
    })
}

/// The value of a cell that [`lend`] refused.
fn made(of: &Type, cell: &[u8]) -> Option<Value> {
    let number = || exactly(cell).map(|it| i64::from_be_bytes(*it));
    Some(match of.kind {
        Kind::Numeric => numeric(of, cell)?,
        Kind::Timestamptz => native(of, calendar::timestamp_text(number()?)),
        Kind::Timestamp => native(of, calendar::datetime_text(number()?)),
        Kind::Date => native(of, calendar::date_text(i32::from_be_bytes(*exactly(cell)?))),
        Kind::Time => calendar::time(number()?).map_or_else(
            || native(of, calendar::time_text(number().unwrap_or_default())),
            Value::Time,
        ),
        Kind::Vector => vector(cell)?,
        _ => return None,
    })
}

#[inline]
fn exactly<const N: usize>(cell: &[u8]) -> Option<&[u8; N]> {
    cell.try_into().ok()
}

/// What we do not model, by the server's own text.
pub(super) fn native(of: &Type, text: String) -> Value {
    Value::Native {
        type_name: of.name.clone(),
        text,
    }
}

/// The items of an array, as nested lists; one whose bounds do not begin at one comes as its bytes.
pub(super) fn items(element: &Type, cell: &[u8]) -> Value {
    let read = || {
        let mut reader = Items::of(element, cell)?;
        let list = reader.list(0)?;
        reader.rest.is_empty().then_some(list)
    };
    read().unwrap_or_else(|| Value::Bytes(cell.to_vec()))
}

/// Adds the items of an array of one dimension as they stand in the buffer; `None` where one needs making, or where the
/// array is another.
pub(super) fn lend_items<'b>(
    element: &Type,
    cell: &'b [u8],
    items: &mut Vec<ValueRef<'b>>,
) -> Option<()> {
    let mut reader = Items::of(element, cell)?;
    let length = match reader.lengths.as_slice() {
        [] => 0,
        [length] => *length,
        _ => return None,
    };
    for _ in 0..length {
        reader.next(|item| {
            let Some(item) = item else {
                items.push(ValueRef::Null);
                return Some(());
            };
            lend(element, item, |it| items.push(it))
        })?;
    }
    reader.rest.is_empty().then_some(())
}

/// What is left of an array: after its dimensions, each with a length and its first index, come the items in order.
struct Items<'t, 'c> {
    element: &'t Type,
    lengths: Vec<usize>,
    rest: &'c [u8],
}

impl<'t, 'c> Items<'t, 'c> {
    fn of(element: &'t Type, cell: &'c [u8]) -> Option<Self> {
        let mut items = Self {
            element,
            lengths: Vec::new(),
            rest: cell,
        };
        let dimensions = items.number()?;
        // Whether there are nulls, and the type of the elements.
        let _known = (items.number()?, items.number()?);
        for _ in 0..dimensions {
            // What is empty has no dimension at all.
            let length = usize::try_from(items.number()?).ok().filter(|it| *it > 0)?;
            items.lengths.push(length);
            (items.number()? == 1).then_some(())?;
        }
        Some(items)
    }

    fn number(&mut self) -> Option<i32> {
        let (number, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(i32::from_be_bytes(*number))
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let length = self.lengths.get(depth).copied().unwrap_or(0);
        let is_innermost = depth + 1 >= self.lengths.len();
        let item = |_| {
            if is_innermost {
                self.item()
            } else {
                self.list(depth + 1)
            }
        };
        (0..length)
            .map(item)
            .collect::<Option<_>>()
            .map(Value::List)
    }

    fn item(&mut self) -> Option<Value> {
        let element = self.element;
        self.next(|item| Some(item.map_or(Value::Null, |it| value(element, it))))
    }

    /// What `read` makes of the bytes of the next item, or of a null.
    fn next<T>(&mut self, read: impl FnOnce(Option<&'c [u8]>) -> Option<T>) -> Option<T> {
        let Ok(length) = usize::try_from(self.number()?) else {
            return read(None);
        };
        let (item, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        read(Some(item))
    }
}

/// Dimension, a spare number, and so many floats.
fn vector(cell: &[u8]) -> Option<Value> {
    let (_, floats) = cell.split_first_chunk::<4>()?;
    let (floats, rest) = floats.as_chunks::<4>();
    rest.is_empty()
        .then(|| Value::Vector(floats.iter().map(|it| f32::from_be_bytes(*it)).collect()))
}

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// Digits to the base of 10,000, and where the point stands among them.
struct Numeric<'c> {
    digits: &'c [[u8; 2]],
    weight: i64,
    sign: u16,
    scale: u16,
}

impl<'c> Numeric<'c> {
    #[inline]
    fn of(cell: &'c [u8]) -> Option<Self> {
        let (head, digits) = cell.split_first_chunk::<8>()?;
        let ([_, weight, sign, scale], []) = head.as_chunks::<2>() else {
            return None;
        };
        let (digits, []) = digits.as_chunks::<2>() else {
            return None;
        };
        Some(Self {
            digits,
            weight: i64::from(i16::from_be_bytes(*weight)),
            sign: u16::from_be_bytes(*sign),
            scale: u16::from_be_bytes(*scale),
        })
    }

    /// Whether it is below zero; `None` where it is no number.
    fn is_negative(&self) -> Option<bool> {
        match self.sign {
            0 => Some(false),
            NEGATIVE => Some(true),
            _ => None,
        }
    }

    /// The number without its point, and the digits behind that, where it is short.
    fn short(&self) -> Option<(i64, u16)> {
        let number = small(self.digits, self.weight, self.scale.into())?;
        let number = i64::try_from(number).ok()?;
        Some((
            if self.is_negative()? { -number } else { number },
            self.scale,
        ))
    }
}

fn numeric(of: &Type, cell: &[u8]) -> Option<Value> {
    let numeric = Numeric::of(cell)?;
    match numeric.sign {
        NAN => return Some(native(of, "NaN".to_owned())),
        INFINITY => return Some(native(of, "Infinity".to_owned())),
        MINUS_INFINITY => return Some(native(of, "-Infinity".to_owned())),
        _ => {}
    }
    let (digits, weight, scale) = (numeric.digits, numeric.weight, i64::from(numeric.scale));
    let number = small(digits, weight, scale)
        .map_or_else(|| large(digits, weight, scale), |it| Some(BigInt::from(it)))?;
    let number = if numeric.is_negative()? {
        -number
    } else {
        number
    };
    Some(Value::Decimal(Decimal::new(number, scale)))
}

/// The whole number that the digits are without their point, if it fits 128 bits.
fn small(digits: &[[u8; 2]], weight: i64, scale: i64) -> Option<i128> {
    let mut number: i128 = 0;
    for digit in digits {
        let digit = i128::from(u16::from_be_bytes(*digit));
        number = number.checked_mul(10_000)?.checked_add(digit)?;
    }
    let exponent = shift(digits, weight, scale);
    let power = 10_i128.checked_pow(u32::try_from(exponent.unsigned_abs()).ok()?)?;
    if exponent >= 0 {
        number.checked_mul(power)
    } else {
        // What lies behind the scale is the filling of the last digit: zeros.
        Some(number / power)
    }
}

/// The same, without an end.
fn large(digits: &[[u8; 2]], weight: i64, scale: i64) -> Option<BigInt> {
    let digits_text = digits
        .iter()
        .map(|it| format!("{:04}", u16::from_be_bytes(*it)));
    let mut text: String = digits_text.collect();
    let exponent = shift(digits, weight, scale);
    if exponent >= 0 {
        text.extend(std::iter::repeat_n('0', usize::try_from(exponent).ok()?));
    } else {
        let keep = text.len().saturating_sub(usize::try_from(-exponent).ok()?);
        text.truncate(keep);
    }
    if text.is_empty() {
        return Some(BigInt::ZERO);
    }
    text.parse().ok()
}

/// By how many decimal places the digits, taken as a whole number, are short of the scale.
fn shift(digits: &[[u8; 2]], weight: i64, scale: i64) -> i64 {
    let count = i64::try_from(digits.len()).unwrap_or_default();
    4 * (weight + 1 - count) + scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind) -> Type {
        Type {
            name: "it".to_owned(),
            declared: "it".to_owned(),
            kind,
        }
    }

    #[track_caller]
    fn number(digits: &[u16], weight: i16, sign: u16, scale: u16, expected: &str) {
        let count = u16::try_from(digits.len()).expect("few");
        let head = [count, weight.cast_unsigned(), sign, scale];
        let cell: Vec<u8> = head
            .iter()
            .chain(digits)
            .flat_map(|it| it.to_be_bytes())
            .collect();
        assert_eq!(value(&of(Kind::Numeric), &cell).to_string(), expected);
    }

    #[test]
    fn numbers_keep_their_scale() {
        number(&[], 0, 0, 0, "0");
        number(&[], 0, 0, 3, "0.000");
        number(&[1, 5000], 0, 0, 2, "1.50");
        number(&[1, 5000], 0, NEGATIVE, 1, "-1.5");
        number(&[1], 2, 0, 0, "100000000");
        number(&[1], -2, 0, 8, "0.00000001");
        number(&[], 0, NAN, 0, "NaN");
        number(&[9999; 12], 11, 0, 0, &"9".repeat(48));
        let long = format!("{}.{}", "9".repeat(40), "9".repeat(2));
        number(
            &[
                9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9900,
            ],
            9,
            0,
            2,
            &long,
        );
    }

    #[test]
    fn a_small_float_is_what_its_text_says() {
        assert_eq!(
            value(&of(Kind::Float4), &0.1_f32.to_be_bytes()),
            Value::F64(0.1)
        );
        assert_eq!(
            value(&of(Kind::Float4), &f32::MAX.to_be_bytes()).to_string(),
            "3.4028235e38"
        );
    }

    #[test]
    fn what_is_cut_short_comes_as_its_bytes() {
        for kind in [
            Kind::Int8,
            Kind::Numeric,
            Kind::Uuid,
            Kind::Jsonb,
            Kind::Date,
            Kind::Vector,
        ] {
            assert_eq!(value(&of(kind), &[9]), Value::Bytes(vec![9]));
        }
    }

    /// An array of shorts, from its first index and its items.
    fn shorts(first: i32, items: &[Option<i16>]) -> Vec<u8> {
        let length = i32::try_from(items.len()).expect("few");
        let head = [1, 1, 21, length, first].map(i32::to_be_bytes).concat();
        let item = |it: &Option<i16>| match it {
            None => (-1_i32).to_be_bytes().to_vec(),
            Some(it) => [&2_i32.to_be_bytes()[..], &it.to_be_bytes()].concat(),
        };
        items
            .iter()
            .map(item)
            .fold(head, |all, it| [all, it].concat())
    }

    #[test]
    fn an_array_is_a_list_where_its_text_would_be_one() {
        let read = |cell: &[u8]| {
            let (of, mut lent) = (of(Kind::Int2), Vec::new());
            let (value, is_lent) = (items(&of, cell), lend_items(&of, cell, &mut lent));
            let lent = is_lent.and_then(|()| ValueRef::List(&lent).to_value());
            let is_list = matches!(value, Value::List(_));
            assert_eq!(lent, is_list.then(|| value.clone()), "lent and made");
            value
        };
        let plain = shorts(1, &[Some(7), None]);
        assert_eq!(read(&plain), Value::List(vec![Value::I64(7), Value::Null]));
        assert_eq!(read(&[0; 12]), Value::List(Vec::new()), "no dimension");
        let bounded = shorts(2, &[Some(7)]);
        assert_eq!(read(&bounded), Value::Bytes(bounded.clone()));
        let cut = plain.get(..plain.len() - 1).expect("bytes");
        assert_eq!(read(cut), Value::Bytes(cut.to_vec()));
        let longer = [plain, vec![0]].concat();
        assert_eq!(read(&longer), Value::Bytes(longer.clone()));
        let endless = [1, 0, 21, i32::MAX, 1].map(i32::to_be_bytes).concat();
        assert_eq!(read(&endless), Value::Bytes(endless.clone()));
    }

    #[test]
    fn an_embedding_is_a_vector() {
        let cell: Vec<u8> = [
            &[0, 2, 0, 0][..],
            &1.5_f32.to_be_bytes(),
            &(-2_f32).to_be_bytes(),
        ]
        .concat();
        assert_eq!(
            value(&of(Kind::Vector), &cell),
            Value::Vector(vec![1.5, -2.0])
        );
    }
}

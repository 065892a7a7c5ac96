//! Cells lent to a sink, in memory that is used again for each row.

use parallax_core::store::ValueRef;
use parallax_core::value::Value;

/// A value as a cell that is lent.
#[inline]
pub(crate) fn lend(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Bool(it) => ValueRef::Bool(*it),
        Value::I64(it) => ValueRef::I64(*it),
        Value::F64(it) => ValueRef::F64(*it),
        Value::Text(it) => ValueRef::Text(it),
        Value::Bytes(it) => ValueRef::Bytes(it),
        Value::Timestamp(it) => ValueRef::Timestamp(*it),
        other => ValueRef::Owned(other),
    }
}

/// The same memory for bytes of another lifetime: collecting in place keeps the allocation.
#[inline]
pub(crate) fn recycled<'n>(mut old: Vec<Option<&[u8]>>) -> Vec<Option<&'n [u8]>> {
    old.clear();
    old.into_iter().map(|_| None).collect()
}

/// The same memory for cells of another lifetime.
#[inline]
pub(crate) fn recycled_cells<'n>(mut old: Vec<ValueRef<'_>>) -> Vec<ValueRef<'n>> {
    old.clear();
    old.into_iter().map(|_| ValueRef::Null).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        let mut cells = Vec::with_capacity(7);
        cells.push(ValueRef::Null);
        assert_eq!(recycled_cells(cells).capacity(), 7);
    }
}

//! Places and figures: well-known binary as well-known text, with every digit of its numbers.

use parallax_core::value::Value;

/// How deep collections may nest.
const MAX_DEPTH: usize = 16;

/// The text of a figure, `SRID=4326;POINT(1 2)` where it names a system of reference, else `POINT(1 2)`.
///
/// What is no figure is given as hexadecimal digits.
pub(super) fn value(cell: &[u8]) -> Value {
    let text = read(cell).unwrap_or_else(|| hex::encode_upper(cell));
    Value::Native {
        type_name: "geometry".to_owned(),
        text,
    }
}

fn read(cell: &[u8]) -> Option<String> {
    let (system, figure) = cell.split_first_chunk::<4>()?;
    let mut reader = Reader {
        rest: figure,
        big: false,
    };
    let text = reader.figure(0)?;
    if !reader.rest.is_empty() {
        return None;
    }
    Some(match u32::from_le_bytes(*system) {
        0 => text,
        system => format!("SRID={system};{text}"),
    })
}

struct Reader<'b> {
    rest: &'b [u8],
    /// Whether numbers have their highest byte first.
    big: bool,
}

impl Reader<'_> {
    fn figure(&mut self, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let ([order], rest) = self.rest.split_first_chunk::<1>()?;
        self.rest = rest;
        self.big = *order == 0;
        let kind = self.number()?;
        let (name, inside) = match kind {
            1 => ("POINT", self.point()),
            2 => ("LINESTRING", self.points()),
            3 => ("POLYGON", self.many(Self::ring)),
            4 => ("MULTIPOINT", self.many(|it| it.inner(depth, "POINT"))),
            5 => (
                "MULTILINESTRING",
                self.many(|it| it.inner(depth, "LINESTRING")),
            ),
            6 => ("MULTIPOLYGON", self.many(|it| it.inner(depth, "POLYGON"))),
            7 => ("GEOMETRYCOLLECTION", self.many(|it| it.figure(depth + 1))),
            _ => return None,
        };
        let inside = inside?;
        Some(if inside.is_empty() {
            format!("{name} EMPTY")
        } else {
            format!("{name}({inside})")
        })
    }

    /// A figure in one of its kind, without its name.
    fn inner(&mut self, depth: usize, name: &str) -> Option<String> {
        let text = self.figure(depth + 1)?;
        let inside = text.strip_prefix(name)?;
        // Points stand bare among points.
        if name == "POINT" {
            return Some(inside.strip_prefix('(')?.strip_suffix(')')?.to_owned());
        }
        Some(inside.to_owned())
    }

    fn ring(&mut self) -> Option<String> {
        Some(format!("({})", self.points()?))
    }

    fn points(&mut self) -> Option<String> {
        self.many(Self::point)
    }

    fn point(&mut self) -> Option<String> {
        Some(format!("{} {}", self.float()?, self.float()?))
    }

    fn many(&mut self, one: impl Fn(&mut Self) -> Option<String>) -> Option<String> {
        let count = self.number()?;
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(one(self)?);
        }
        Some(texts.join(","))
    }

    fn number(&mut self) -> Option<u32> {
        let (bytes, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(if self.big {
            u32::from_be_bytes(*bytes)
        } else {
            u32::from_le_bytes(*bytes)
        })
    }

    fn float(&mut self) -> Option<f64> {
        let (bytes, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(if self.big {
            f64::from_be_bytes(*bytes)
        } else {
            f64::from_le_bytes(*bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(digits: &str, expected: &str) {
        let bytes = hex::decode(digits).expect("hex");
        assert_eq!(value(&bytes).to_string(), expected);
    }

    #[test]
    fn a_figure_is_text() {
        check(
            "000000000101000000000000000000F03F0000000000000040",
            "POINT(1 2)",
        );
        check(
            "E610000001010000009A9999999999B93F0000000000000040",
            "SRID=4326;POINT(0.1 2)",
        );
        check("00000000010700000000000000", "GEOMETRYCOLLECTION EMPTY");
        check(
            "0000000001040000000100000001010000000000000000000000000000000000F03F",
            "MULTIPOINT(0 1)",
        );
    }

    #[test]
    fn what_is_no_figure_stays_digits() {
        check("00000000010900", "00000000010900");
        check("0102", "0102");
        // A count of more than there is.
        check("000000000102000000FFFFFFFF", "000000000102000000FFFFFFFF");
    }
}

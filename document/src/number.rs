//! Numbers that operators write.

use crate::read::{Read, wrong_type};
use crate::{Definitions, Document, DocumentErrorKind, Path, Report};
use serde_json::{Value, json};

/// The largest whole number that JSON, YAML and a protobuf `Struct` all keep exactly.
pub const MAX_WHOLE: u64 = (1 << 53) - 1;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Whole<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Read for Whole<MIN, MAX> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let bound = |bound| i64::try_from(bound).unwrap_or(i64::MAX);
        Self(whole(document, bound(MIN), bound(MAX), at, report).try_into().unwrap_or_default())
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// Reads a whole number from `min` to `max`; the stand-in is 0.
fn whole(document: &Document, min: i64, max: i64, at: &Path<'_>, report: &mut Report) -> i64 {
    let Document::Number(number) = document else { return wrong_type("a whole number", document, at, report) };
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) if (min..=max).contains(&whole) => whole,
        // A protobuf `Struct` knows only doubles. The cast is exact below 2^53.
        (None, Some(double)) if double.fract() == 0.0 && (min as f64..=max as f64).contains(&double) => double as i64,
        (None, Some(double)) if double.fract() != 0.0 => {
            report.lose(at, DocumentErrorKind::Invalid { value: number.to_string(), expected: "a whole number" })
        }
        _ => report.lose(at, DocumentErrorKind::OutOfRange { min, max }),
    }
}

/// A price: a number that is not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price(pub f64);

impl Read for Price {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let Document::Number(number) = document else { return wrong_type("a number", document, at, report) };
        match number.as_f64().filter(|price| price.is_finite() && *price >= 0.0) {
            Some(price) => Self(price),
            None => report
                .lose(at, DocumentErrorKind::Invalid { value: number.to_string(), expected: "a price, 0 or more" }),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "number", "minimum": 0 })
    }
}

/// Whole numbers as Rust has them, for documents whose fields need no narrower range.
macro_rules! whole {
    ($($type:ident),+) => {$(
        impl Read for $type {
            fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
                let (min, max) = (i64::from($type::MIN), i64::from($type::MAX));
                $type::try_from(whole(document, min, max, at, report)).unwrap_or_default()
            }

            fn schema(_: &mut Definitions) -> Value {
                json!({ "type": "integer", "minimum": $type::MIN, "maximum": $type::MAX })
            }
        }
    )+};
}

whole!(u16, u32, i32);

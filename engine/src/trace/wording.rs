//! Conditions and what is compared with them, as people read them.

use crate::claim::Claim;
use crate::decide::Need;
use crate::policy::{ClaimTest, PathMatch, Pattern, Range, Scalar, ValueTest};
use pointsman_expression::Fault;

/// Longer lists are cut: a rule can be about hundreds of tenants.
const MOST: usize = 6;

/// A list, cut where it gets long.
pub(super) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<T> = items.into_iter().collect();
    let shown: Vec<&str> = items.iter().take(MOST).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Bytes that clients choose.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn range(range: Range) -> String {
    match (range.min, range.max) {
        (min, u64::MAX) => format!("at least {min}"),
        (0, max) => format!("at most {max}"),
        (min, max) => format!("{min} to {max}"),
    }
}

pub(super) fn path(path: &PathMatch) -> String {
    match path {
        PathMatch::Exact(path) => path.clone(),
        PathMatch::Prefix(prefix) => format!("{prefix}/…"),
    }
}

/// `is search`, behind a header's name.
pub(super) fn header_test(test: &ValueTest) -> String {
    match test {
        ValueTest::Exact(value) => format!("is {value}"),
        ValueTest::Prefix(prefix) => format!("begins with {prefix}"),
        ValueTest::Regex(_) => {
            let label = test.label().unwrap_or_default();
            format!("matches {}", label.strip_prefix('~').unwrap_or(&label))
        }
    }
}

/// `contains admins`, behind a claim's name.
pub(super) fn claim_test(test: &ClaimTest) -> String {
    match test {
        ClaimTest::AnyOf(values) => {
            let values = list(values.iter().map(|value| scalar(value, Pattern::written)));
            format!("is {values}")
        }
        ClaimTest::Contains(item) => format!("contains {}", scalar(item, Clone::clone)),
    }
}

fn scalar<T>(value: &Scalar<T>, text: impl Fn(&T) -> String) -> String {
    match value {
        Scalar::Text(value) => text(value),
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(value) => value.to_string(),
    }
}

/// A claim as it is compared: a text that looks like a number is none, and is quoted.
pub(super) fn claim_text(claim: &Claim<'_>) -> String {
    match claim {
        Claim::Text(text) if text.parse::<f64>().is_ok() || matches!(&**text, "true" | "false") => {
            format!("\"{text}\"")
        }
        Claim::Text(text) => text.to_string(),
        Claim::Number(number) => number.to_string(),
        Claim::Boolean(value) => value.to_string(),
        Claim::List(items) => format!("[{}]", list(items.iter().map(claim_text))),
        Claim::Other => "an object, or null".to_owned(),
        Claim::Unreadable => "unreadable".to_owned(),
    }
}

/// Why an expression has no value.
pub(super) const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "it reads an entry or item that is not there",
        Fault::Unreadable => "what it reads is no single value",
        Fault::TooLarge => "what it reads is too large",
        Fault::Type => "what it reads has another type",
        Fault::Overflow => "a number does not fit",
        Fault::DivisionByZero => "a division by zero",
        Fault::Cost => "it takes too many steps",
        _ => "it cannot be worked out",
    }
}

/// What is not known.
pub(super) fn need(need: Need) -> &'static str {
    match need {
        Need::Any(_) => "what `when` reads",
        other => other.name().unwrap_or("conversation"),
    }
}

//! Conditions on JWT claims.

use super::error::PolicyFault;
use super::pattern::Pattern;
use super::text::{ClaimName, Plain, PlainPattern};
use crate::claim::Claim;
use pointsman_document::{
    Definitions, Document, DocumentErrorKind, MAX_WHOLE, Path, Read, Report, Some1, object, wrong_type,
};
use serde_json::{Value, json};

object! {
    /// A condition on a claim of the verified JWT: a text, a whole number, true or false, or a list of these. Types are told
    /// apart: the number 7 is not the text `7`, and nothing matches an object.
    pub(crate) struct ClaimSpec {
        /// The claim. Dots lead into nested claims (`realm_access.roles`); `\.` is a dot of the name itself.
        "name" => name: ClaimName,
        /// What the claim is: a text, in which `*` stands for any characters, a whole number, true or false. A list never is;
        /// `contains` asks for an item.
        "value" => value: Option<Scalar<PlainPattern>>,
        /// What the claim is: one of these.
        "values" => values: Option<Some1<Scalar<PlainPattern>>>,
        /// What the claim contains: an item of a list (a text, a whole number, true or false), or, in a text such as `scope`,
        /// a word between spaces.
        "contains" => contains: Option<Scalar<Plain>>,
    }
    exactly_one_of("value", "values", "contains");
}

/// A text, a number, or true or false.
#[derive(Clone, Debug)]
pub(crate) enum Scalar<T> {
    Text(T),
    /// A whole number that a double keeps exactly: others could be equal to a number that the issuer did not write.
    Number(f64),
    Boolean(bool),
}

impl<T: Default> Default for Scalar<T> {
    fn default() -> Self {
        Scalar::Text(T::default())
    }
}

impl<T: Read> Read for Scalar<T> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::String(_) => Scalar::Text(T::read(document, at, report)),
            Document::Bool(value) => Scalar::Boolean(*value),
            Document::Number(number) => {
                let exact = |number: &f64| number.fract() == 0.0 && number.abs() <= MAX_WHOLE as f64;
                match number.as_f64().filter(exact) {
                    Some(number) => Scalar::Number(number),
                    None => {
                        let expected = "a whole number that JSON keeps exactly (up to 9007199254740991)";
                        report.lose(at, DocumentErrorKind::Invalid { value: number.to_string(), expected })
                    }
                }
            }
            other => wrong_type("a text, a number, or true or false", other, at, report),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let mut schema = T::schema(definitions);
        // The keywords of texts say nothing of other types, so one schema is enough.
        if let Some(text) = schema.as_object_mut() {
            text.insert("type".into(), json!(["string", "integer", "boolean"]));
            text.insert("minimum".into(), json!(-(MAX_WHOLE as i64)));
            text.insert("maximum".into(), json!(MAX_WHOLE));
        }
        schema
    }
}

impl<T> Scalar<T> {
    fn map<U>(self, text: impl FnOnce(T) -> U) -> Scalar<U> {
        match self {
            Scalar::Text(value) => Scalar::Text(text(value)),
            Scalar::Number(number) => Scalar::Number(number),
            Scalar::Boolean(value) => Scalar::Boolean(value),
        }
    }

    /// Whether a claim, or an item of a list, is this.
    fn is(&self, claim: &Claim<'_>, text: impl FnOnce(&T, &str) -> bool) -> bool {
        match (self, claim) {
            (Scalar::Text(expected), Claim::Text(found)) => text(expected, found),
            (Scalar::Number(expected), Claim::Number(found)) => expected == found,
            (Scalar::Boolean(expected), Claim::Boolean(found)) => expected == found,
            _ => false,
        }
    }
}

/// A condition on a claim.
#[derive(Clone, Debug)]
pub(crate) struct ClaimMatch {
    /// The names that lead to the claim, outermost first.
    pub(crate) path: Vec<String>,
    pub(crate) test: ClaimTest,
}

/// What a claim must be.
#[derive(Clone, Debug)]
pub(crate) enum ClaimTest {
    /// One of these.
    AnyOf(Vec<Scalar<Pattern>>),
    /// A list with this item, or text with this word.
    Contains(Scalar<String>),
}

impl ClaimTest {
    /// Whether the claim is such, or `None` where that cannot be said.
    pub(crate) fn judge(&self, claim: &Claim<'_>) -> Option<bool> {
        Some(match (self, claim) {
            (_, Claim::Unreadable) => return None,
            (ClaimTest::AnyOf(values), claim) => {
                values.iter().any(|value| value.is(claim, |pattern, text| pattern.matches(text)))
            }
            (ClaimTest::Contains(item), Claim::List(items)) => {
                let found = items.iter().any(|found| item.is(found, |expected, text| expected == text));
                if !found && items.contains(&Claim::Unreadable) {
                    return None;
                }
                found
            }
            (ClaimTest::Contains(Scalar::Text(word)), Claim::Text(text)) => text.split(' ').any(|found| found == word),
            (ClaimTest::Contains(_), _) => false,
        })
    }
}

impl ClaimSpec {
    pub(super) fn compile(self) -> ClaimMatch {
        let patterns = self.value.into_iter().chain(self.values.unwrap_or_default().0);
        let test = match self.contains {
            Some(item) => ClaimTest::Contains(item.map(|text| text.0)),
            None => ClaimTest::AnyOf(patterns.map(|value| value.map(|text| text.pattern())).collect()),
        };
        ClaimMatch { path: claim_path(&self.name.0), test }
    }
}

/// The place of a claim among those that rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClaimSlot(pub(crate) u16);

/// Different claims that rules can look at: each is kept for every request.
const MAX_CLAIMS: usize = 64;

/// Gives each claim that rules look at a slot.
#[derive(Debug, Default)]
pub(super) struct ClaimSlots(Vec<Vec<String>>);

impl ClaimSlots {
    /// Every claim that has a slot, in their order.
    pub(super) fn all(self) -> Vec<Vec<String>> {
        self.0
    }
}

/// A condition of a rule on a claim: rules are asked when the host has taken the claims back.
#[derive(Clone, Debug)]
pub(crate) struct ClaimCondition {
    pub(crate) slot: ClaimSlot,
    pub(crate) test: ClaimTest,
}

impl ClaimMatch {
    /// The same, on a claim that is kept for as long as rules are asked.
    pub(super) fn kept(self, slots: &mut ClaimSlots, at: &Path<'_>, report: &mut Report) -> ClaimCondition {
        let known = slots.0.iter().position(|known| *known == self.path);
        let place = known.unwrap_or(slots.0.len());
        if known.is_none() && place < MAX_CLAIMS {
            slots.0.push(self.path);
        } else if known.is_none() {
            report.add(at, PolicyFault::TooManyClaims { max: MAX_CLAIMS }.into());
        }
        ClaimCondition { slot: ClaimSlot(u16::try_from(place).unwrap_or(u16::MAX)), test: self.test }
    }
}

/// Cuts a claim's name at its dots; a backslash takes the next character as it is.
#[must_use]
pub fn claim_path(name: &str) -> Vec<String> {
    let (mut segments, mut segment) = (Vec::new(), String::new());
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        match character {
            '.' => segments.push(std::mem::take(&mut segment)),
            '\\' => segment.extend(characters.next()),
            other => segment.push(other),
        }
    }
    segments.push(segment);
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::{check as check_policy, valid};

    fn check(test: &str, claim: &Value, expected: bool) {
        let policy =
            valid(&format!(r#""tenants": [{{"name": "a", "match": {{"claims": [{{"name": "c", {test}}}]}}}}]"#));
        let (_, tenant) = policy.tenants().next().expect("a tenant");
        let found = Claim::of_json(claim, &[])
            .and_then(|claim| tenant.matches.all.claims[0].test.judge(&claim))
            .unwrap_or(false);
        assert_eq!(found, expected, "{test} on {claim}");
    }

    #[test]
    fn a_value_is_the_whole_claim() {
        let test = r#""values": ["acme", "acme-*"]"#;
        check(test, &json!("acme"), true);
        check(test, &json!("acme-eu"), true);
        check(test, &json!("not acme"), false);
        check(test, &json!("acme\0"), false);
        check(test, &json!(["acme"]), false);
        check(test, &json!(["acme-a", "evil"]), false);
        check(test, &json!({ "acme-a": "" }), false);
        check(r#""value": "*""#, &json!(["acme"]), false);
        check(r#""value": "*""#, &json!({}), false);
        check(r#""value": "*""#, &json!(1), false);
    }

    #[test]
    fn contains_looks_at_items_and_words() {
        let test = r#""contains": "admin""#;
        check(test, &json!("admin"), true);
        check(test, &json!("openid admin"), true);
        check(test, &json!(["user", "admin"]), true);
        check(test, &json!(["not admin"]), false);
        check(test, &json!("administrator"), false);
        check(test, &json!("user\0admin"), false);
        check(test, &json!(["user\0admin"]), false);
        check(test, &json!(["admin\0"]), false);
        check(test, &json!({ "admin": "" }), false);
        check(test, &json!({ "admin": true }), false);
        check(test, &json!([["admin"]]), false);
        check(test, &json!("\u{1}\0\0\0\u{5}\0\0\0\0\0\0\0admin\0\0"), false);
    }

    #[test]
    fn numbers_and_booleans_are_no_texts() {
        check(r#""value": 7"#, &json!(7), true);
        check(r#""value": 7"#, &json!(7.0), true);
        check(r#""value": 7"#, &json!(7.5), false);
        check(r#""value": 7"#, &json!("7"), false);
        check(r#""value": "7""#, &json!(7), false);
        check(r#""values": [1, true]"#, &json!(true), true);
        check(r#""value": 1"#, &json!(true), false);
        check(r#""contains": 7"#, &json!([1, 7]), true);
        check(r#""contains": 7"#, &json!(["7"]), false);
        check(r#""contains": 7"#, &json!(7), false);
        check(r#""contains": "7""#, &json!([7]), false);
        check(r#""contains": false"#, &json!([false]), true);
        // The bytes of a double can be a text.
        let double = f64::from_le_bytes(*b"adminadm");
        check(r#""value": "adminadm""#, &json!(double), false);
    }

    #[test]
    fn a_number_is_one_that_cannot_be_another() {
        let part = |value: &str| {
            format!(r#""tenants": [{{"name": "a", "match": {{"claims": [{{"name": "c", "value": {value}}}]}}}}]"#)
        };
        check_policy(&part("9007199254740991"), &[]);
        check_policy(
            &part("9007199254740992"),
            &["tenants[0].match.claims[0].value: `9007199254740992` is not a whole number that JSON keeps exactly \
               (up to 9007199254740991)"],
        );
        check_policy(
            &part("null"),
            &["tenants[0].match.claims[0].value: expected a text, a number, or true or false, found nothing"],
        );
    }

    #[test]
    fn dots_nest_and_a_backslash_keeps_them() {
        assert_eq!(claim_path("realm_access.roles"), ["realm_access", "roles"]);
        assert_eq!(claim_path(r"https://acme\.com/org"), ["https://acme.com/org"]);
    }
}

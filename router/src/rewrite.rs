//! A decision as edits: the bytes to splice and the headers to set.
//!
//! The splice replaces the model's value and nothing else, so key order, white space, number spelling and
//! unknown fields reach the upstream as the client wrote them.

use crate::names;
use crate::request::envelope::{DIGESTS, Envelope};
use crate::request::facts::Facts;

/// What a decision changes in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// The one range of the body that changes; `None` when the name stays as it is.
    pub splice: Option<Splice>,
    /// Headers to set, over whatever is there.
    pub set_headers: Vec<(&'static str, String)>,
    /// Headers to remove: they describe the body as it was.
    pub remove_headers: Vec<&'static str>,
    /// The exact new content-length, when the client sent one and the splice changes it.
    pub content_length: Option<u64>,
    /// The decision record, for filter state.
    pub record: String,
}

/// `body[keep..until]` is replaced by `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where the replaced range begins.
    pub keep: usize,
    /// Where it ends.
    pub until: usize,
    /// What takes its place.
    pub with: Vec<u8>,
}

impl Splice {
    /// The new length of a body of `length` bytes.
    fn apply_to(&self, length: u64) -> u64 {
        length - (self.until - self.keep) as u64 + self.with.len() as u64
    }
}

/// The edits that send a request to `cluster` under the name `upstream_model`.
pub(crate) fn edits(facts: &Facts, envelope: Envelope, cluster: &str, upstream_model: &str, record: String) -> Edits {
    let splice = splice(facts, upstream_model);
    let lengths = splice.as_ref().and_then(|splice| envelope.content_length.map(|old| (old, splice.apply_to(old))));
    let content_length = lengths.filter(|(old, new)| old != new).map(|(_, new)| new);
    let remove_headers = if splice.is_some() && envelope.has_digest { DIGESTS.to_vec() } else { Vec::new() };
    Edits {
        splice,
        set_headers: vec![(names::CLUSTER_HEADER, cluster.to_owned())],
        remove_headers,
        content_length,
        record,
    }
}

fn splice(facts: &Facts, upstream_model: &str) -> Option<Splice> {
    let value = serde_json::Value::from(upstream_model).to_string();
    let Some(asked) = facts.model_value() else {
        // The API lets clients leave the model out: it becomes the first member.
        let (inside, has_members) = facts.inside();
        let inside = usize::try_from(inside).ok()?;
        let comma = if has_members { "," } else { "" };
        return Some(Splice { keep: inside, until: inside, with: format!("\"model\":{value}{comma}").into_bytes() });
    };
    let (keep, until) = (usize::try_from(asked.start).ok()?, usize::try_from(asked.end).ok()?);
    // The same name, spelled without escapes.
    if asked.name == upstream_model && until - keep == value.len() {
        return None;
    }
    Some(Splice { keep, until, with: value.into_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Api;
    use crate::request::reader::Wanted;

    fn check(body: &str, model: &str, expected: &str) {
        let mut facts = Facts::new(Api::Moderations, Wanted::default(), None, 128, 1 << 20);
        facts.push(body.as_bytes()).and_then(|()| facts.finish()).expect("a good body");
        let envelope = Envelope { content_length: Some(body.len() as u64), has_digest: true };
        let edits = edits(&facts, envelope, "c", model, String::new());
        let after = match &edits.splice {
            None => body.to_owned(),
            Some(splice) => {
                assert_eq!(edits.remove_headers, DIGESTS);
                format!("{}{}{}", &body[..splice.keep], String::from_utf8_lossy(&splice.with), &body[splice.until..])
            }
        };
        assert_eq!(after, expected);
        assert_eq!(edits.content_length, (after.len() != body.len()).then_some(after.len() as u64));
        assert_eq!(edits.set_headers, [(names::CLUSTER_HEADER, "c".to_owned())]);
    }

    #[test]
    fn only_the_value_changes() {
        check(r#"{ "x": 1.0e0, "model" :"a" ,"y":[ ]}"#, "bcd", r#"{ "x": 1.0e0, "model" :"bcd" ,"y":[ ]}"#);
        check(r#"{"model":"a"}"#, "say \"hi\"", r#"{"model":"say \"hi\""}"#);
        check(r#"{"model":"\u0061"}"#, "a", r#"{"model":"a"}"#);
        check(r#"{"model":"a"}"#, "a", r#"{"model":"a"}"#);
    }

    #[test]
    fn a_missing_model_becomes_the_first_member() {
        check(r#" {"input":"x"}"#, "m", r#" {"model":"m","input":"x"}"#);
        check("{ }", "m", r#"{"model":"m" }"#);
    }
}

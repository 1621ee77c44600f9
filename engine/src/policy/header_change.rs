//! What a model's requests change of the client's headers.

use super::error::{PolicyErrorKind, PolicyFault, Report};
use super::header::{HeaderName, HeaderSlot, HeaderSlots};
use super::text::HeaderValue;
use crate::keys::Accounts;
use crate::request::envelope::DIGESTS;
use pointsman_document::{Map, Path, object};

/// More changes than anybody needs, and few enough to stand in a plan.
const MOST: usize = 64;

/// Headers that are the proxy's, or that describe the body; besides those of Envoy.
const OTHERS: [&str; 13] = [
    ":authority",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

object! {
    /// What requests to a model change of the client's headers. A header stands here once. Not for keys and accounts, which
    /// are Envoy's to write, nor for headers that are the proxy's own.
    pub(crate) struct HeadersSpec {
        /// Headers to set, in place of what the client has sent.
        "set" => set: Map<HeaderName, HeaderValue>,
        /// Headers to remove.
        "remove" => remove: Vec<HeaderName>,
        /// Headers to rename. Where the client has sent the new name, too, that stays, and the old one goes.
        "rename" => rename: Map<HeaderName, HeaderName>,
    }
    at_least_one_of("set", "remove", "rename");
}

/// A header of the client's that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderChange {
    pub(crate) name: String,
    pub(crate) slot: HeaderSlot,
    pub(crate) to: HeaderTo,
}

/// What becomes of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderTo {
    Value(String),
    Nothing,
    /// What the client has sent in this one.
    ValueOf(HeaderSlot),
}

/// The changes of one model as they are read.
struct Changes<'a> {
    all: Vec<HeaderChange>,
    slots: &'a mut HeaderSlots,
    accounts: &'a Accounts,
}

impl HeadersSpec {
    #[inline(never)]
    pub(super) fn compile(
        self,
        slots: &mut HeaderSlots,
        accounts: &Accounts,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Vec<HeaderChange> {
        let mut changes = Changes { all: Vec::new(), slots, accounts };
        let (at_set, at_remove, at_rename) = (at.key("set"), at.key("remove"), at.key("rename"));
        for (name, value) in self.set.0 {
            let key = shown(&name).to_owned();
            let at = at_set.key(&key);
            changes.add(name, HeaderTo::Value(value.0), &at, report);
        }
        for (nth, name) in self.remove.into_iter().enumerate() {
            changes.add(name, HeaderTo::Nothing, &at_remove.index(nth), report);
        }
        for (old, new) in self.rename.0 {
            let key = shown(&old).to_owned();
            let at = at_rename.key(&key);
            if let Some(old) = changes.add(old, HeaderTo::Nothing, &at, report) {
                changes.add(new, HeaderTo::ValueOf(old), &at, report);
            }
        }
        if changes.all.len() > MOST {
            report.add(at, PolicyErrorKind::TooMany { max: MOST });
        }
        changes.all
    }
}

impl Changes<'_> {
    #[inline(never)]
    fn add(&mut self, header: HeaderName, to: HeaderTo, at: &Path<'_>, report: &mut Report) -> Option<HeaderSlot> {
        let shown = shown(&header).to_owned();
        let HeaderName(name) = header;
        let listed = |names: &[&str]| names.contains(&name.as_str());
        if name.is_empty() {
            // What could not be read is held against nothing.
            return None;
        }
        if name.starts_with("x-envoy-") || listed(&OTHERS) || listed(&DIGESTS) {
            report.add(at, PolicyFault::ProxysHeader { name: shown }.into());
        } else if self.accounts.is_header(name.as_bytes()) {
            report.add(at, PolicyFault::AccountsHeader { name: shown }.into());
        } else if self.all.iter().any(|change| change.name == name) {
            report.add(at, PolicyErrorKind::Taken { name: shown, by: "an earlier change".to_owned() });
        }
        let slot = self.slots.slot(HeaderName(name.clone()), at, report);
        self.all.push(HeaderChange { name, slot, to });
        Some(slot)
    }
}

/// The name as operators write it.
fn shown(HeaderName(name): &HeaderName) -> &str {
    if name == ":authority" { "host" } else { name }
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::check;

    fn check_headers(headers: &str, expected: &[&str]) {
        check(&format!(r#""models": [{{"name": "a", "cluster": "c", "headers": {headers}}}]"#), expected);
    }

    #[test]
    fn each_header_changes_once() {
        check_headers(r#"{"set": {"Anthropic-Beta": "a,b"}, "remove": ["x-title"], "rename": {"x-a": "x-b"}}"#, &[]);
        check_headers(
            r#"{"set": {"anthropic-beta": "a"}, "remove": ["Anthropic-Beta"], "rename": {"x-a": "anthropic-beta"}}"#,
            &[
                "models[0].headers.remove[0]: `anthropic-beta` is taken by an earlier change",
                "models[0].headers.rename.x-a: `anthropic-beta` is taken by an earlier change",
            ],
        );
        check_headers(
            r#"{"rename": {"x-a": "x-b", "x-b": "x-c"}}"#,
            &["models[0].headers.rename.x-b: `x-b` is taken by an earlier change"],
        );
        check_headers("{}", &["models[0].headers: needs at least one of `set`, `remove`, `rename`"]);
    }

    #[test]
    fn what_is_not_a_policys_to_write_is_refused() {
        for name in ["content-length", "Transfer-Encoding", "te", "connection", "x-envoy-attempt-count", "digest"] {
            let error = format!(
                "models[0].headers.remove[0]: `{}` is the proxy's, or describes the body: no policy changes it",
                name.to_lowercase()
            );
            check_headers(&format!(r#"{{"remove": ["{name}"]}}"#), &[&error]);
        }
        for name in ["authorization", "X-Api-Key", "x-acme-token", "openai-organization", "cookie"] {
            let error = format!(
                "models[0].headers.remove[0]: `{}` says whose account a request is for: keys and accounts are Envoy's to write",
                name.to_lowercase()
            );
            check_headers(&format!(r#"{{"remove": ["{name}"]}}"#), &[&error]);
        }
        check_headers(
            r#"{"set": {"Host": "a", ":path": "/", "x-pointsman-a": "b", "x-b": "a\nb"}}"#,
            &[
                "models[0].headers.set.:path: `:path` is not a header name",
                "models[0].headers.set.x-pointsman-a: is reserved: Pointsman removes it from every request",
                "models[0].headers.set.x-b: `a\\u{a}b` is not a header value (no control characters, no space at its ends, at most 1024)",
                "models[0].headers.set.host: `host` is the proxy's, or describes the body: no policy changes it",
            ],
        );
    }

    #[test]
    fn a_header_that_the_policy_calls_an_account_is_one() {
        check(
            r#""accounts": {"headers": ["x-badge"]}, "models": [{"name": "a", "cluster": "c", "headers": {"rename": {"x-badge": "x-b"}}}]"#,
            &[
                "models[0].headers.rename.x-badge: `x-badge` says whose account a request is for: keys and accounts are Envoy's to write",
            ],
        );
    }
}

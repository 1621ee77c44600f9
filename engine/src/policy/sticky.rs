//! What keeps the requests of one conversation on one model.

use super::condition::Scope;
use super::error::{PolicyFault, Report};
use super::header::{HeaderName, HeaderSlot};
use super::rule::Rule;
use super::text::BodyField;
use crate::request::session::{self, FieldPath, FieldSlot};
use pointsman_document::{Path, object};
use std::sync::Arc;

/// Where clients say which conversation a request belongs to, if a rule does not say where: Claude Code and others who put
/// the session into the user; OpenAI, xAI; OpenAI's conversations; OpenRouter; LiteLLM.
const FIELDS: [&str; 6] =
    ["metadata.user_id", "prompt_cache_key", "conversation", "conversation.id", "session_id", "metadata.session_id"];

object! {
    /// What keeps requests on one model: the first of these that a request has. One that has none is kept by what its user
    /// said first.
    pub(crate) struct StickySpec {
        /// Requests with the same value of this header stay together.
        "header" => header: Option<HeaderName>,
        /// Requests with the same text in this field of the body, in this order. A dot leads into an object. Default:
        /// `metadata.user_id`, `prompt_cache_key`, `conversation`, `conversation.id`, `session_id`, `metadata.session_id`.
        "fields" => fields: Option<Vec<BodyField>>,
        /// Requests with the same session in one of the headers in which known clients name it.
        "clientHeaders" => client_headers: bool = true,
    }
}

/// What is looked at, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sticky {
    pub(crate) header: Option<HeaderSlot>,
    pub(crate) fields: Vec<FieldSlot>,
    /// The headers in which known clients name their sessions.
    pub(crate) client_headers: bool,
}

/// Gives each field that the policy looks at a slot.
#[derive(Debug, Default)]
pub(super) struct FieldSlots(Vec<FieldPath>);

impl FieldSlots {
    fn slot(&mut self, path: FieldPath, at: &Path<'_>, report: &mut Report) -> FieldSlot {
        let place = self.0.iter().position(|known| *known == path).unwrap_or_else(|| {
            self.0.push(path);
            self.0.len() - 1
        });
        if place >= session::MOST {
            report.add(at, PolicyFault::TooManyFields { max: session::MOST }.into());
        }
        FieldSlot(u8::try_from(place).unwrap_or(u8::MAX))
    }

    /// All of them, if some rule can ask.
    pub(super) fn paths(self, rules: &[Rule]) -> Option<Arc<[FieldPath]>> {
        let is_asked = !self.0.is_empty() && rules.iter().any(Rule::needs_identity);
        is_asked.then(|| self.0.into())
    }
}

impl StickySpec {
    /// What a route looks at that has this, or nothing, to say.
    pub(super) fn compile(spec: Option<Self>, scope: &mut Scope<'_>, at: &Path<'_>, report: &mut Report) -> Sticky {
        let (header, own, client_headers) = match spec {
            Some(Self { header, fields, client_headers }) => (header, fields, client_headers),
            None => (None, None, true),
        };
        let header = header.map(|name| scope.slots.slot(name, &at.key("header"), report));
        let own = own.unwrap_or_else(|| FIELDS.iter().map(|field| BodyField((*field).to_owned())).collect());
        let at = at.key("fields");
        let slot = |(nth, field): (usize, &BodyField)| scope.fields.slot(field.path(), &at.index(nth), report);
        Sticky { header, fields: own.iter().enumerate().map(slot).collect(), client_headers }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{check, valid};

    fn rule(sticky: &str) -> String {
        format!(
            r#""rules": [{{"name": "a", "route": {{"targets": [{{"model": "gpt-4o"}}, {{"model": "llama-small"}}], "sticky": {sticky}}}}}]"#
        )
    }

    #[test]
    fn a_field_stands_at_the_top_or_one_object_below() {
        check(
            &rule(r#"{"fields": ["user", "a.b.c", "", ".a"]}"#),
            &[
                "rules[0].route.sticky.fields[1]: `a.b.c` is not a field (`user`, `metadata.user_id`; each name at most 32 bytes)",
                "rules[0].route.sticky.fields[2]: is empty, expected a field (`user`, `metadata.user_id`; each name at most 32 bytes)",
                "rules[0].route.sticky.fields[3]: `.a` is not a field (`user`, `metadata.user_id`; each name at most 32 bytes)",
            ],
        );
        assert_eq!(
            valid(&rule(r#"{"fields": ["user", "metadata.thread"]}"#)).sought().session.map_or(0, |all| all.len()),
            2
        );
        assert_eq!(valid(&rule("{}")).sought().session.map_or(0, |all| all.len()), super::FIELDS.len());
        assert!(valid(&rule(r#"{"fields": []}"#)).sought().session.is_none());
    }

    #[test]
    fn there_are_at_most_as_many_as_a_set_holds() {
        let names: Vec<String> = (0..33).map(|nth| format!("\"f{nth}\"")).collect();
        check(
            &rule(&format!(r#"{{"fields": [{}]}}"#, names.join(","))),
            &["rules[0].route.sticky.fields[32]: the policy looks at more than 32 different fields"],
        );
    }
}

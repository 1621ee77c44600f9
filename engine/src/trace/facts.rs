//! What a request says, as far as a policy can look at it, whether this one does or not.

use super::Seen;
use crate::api::Api;
use crate::policy::field_name;
use crate::record::Hash;
use crate::request::facts::Facts as Known;
use crate::request::flag::Flag;
use crate::request::limit::Limit;
use crate::request::session::FieldSlot;
use serde::Serialize;

/// The facts of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The API called.
    pub api: Api,
    /// The path, without its query.
    pub path: String,
    /// The bytes of the body.
    pub bytes: u64,
    /// The model asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The input, as it is estimated.
    pub input_tokens: u64,
    /// The most output that the client wants, if it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// How many messages there are.
    pub messages: u64,
    /// What is so, by the names of conditions: `stream`, `tools`, `images` and their like.
    pub flags: Vec<&'static str>,
    /// What the body says in no way that could be read, by the names of conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<&'static str>,
    /// The policy's keywords that occur.
    pub keywords: Vec<String>,
    /// The models that the body names besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<String>,
    /// What keeps the conversation on one model, where a rule does not say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
}

/// What a conversation is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Where it stands: a field of the body, `client header`, or `conversation` for what was said first.
    pub from: String,
    /// A hash of what stands there.
    pub hash: Hash,
}

impl Seen<'_> {
    pub(super) fn found(&self, facts: &Known) -> Facts {
        let limit = facts.max_output_tokens();
        let unlimited = (limit == Some(Limit::Unreadable)).then_some("maxOutputTokens");
        let unreadable = Flag::ALL.iter().filter(|flag| facts.is_unreadable(**flag)).map(|flag| flag.condition());
        let keywords = self.policy.keyword_texts().iter().enumerate();
        Facts {
            api: self.attributes.api,
            path: super::wording::lossy(self.attributes.bare_path()),
            bytes: self.bytes,
            asked: facts.asked().flatten().map(str::to_owned),
            input_tokens: facts.input_tokens().low,
            max_output_tokens: match limit {
                Some(Limit::Tokens(tokens)) if tokens < u64::MAX => Some(tokens),
                _ => None,
            },
            messages: facts.messages().low,
            flags: Flag::ALL
                .iter()
                .filter(|flag| facts.flag(**flag) == Some(true))
                .map(|flag| flag.condition())
                .collect(),
            unreadable: unreadable.chain(unlimited).collect(),
            keywords: keywords
                .filter(|(nth, _)| facts.keyword(*nth) == Some(true))
                .map(|(_, word)| word.clone())
                .collect(),
            besides: facts
                .named_besides()
                .unwrap_or_default()
                .iter()
                .map(|named| named.name.as_str().to_owned())
                .collect(),
            session: self.session(facts),
        }
    }

    fn session(&self, facts: &Known) -> Option<Session> {
        let fields = self.policy.sought().session;
        let mut fields = (0..u8::MAX).map(FieldSlot).zip(fields.iter().flat_map(|paths| paths.iter()));
        let named = fields.find_map(|(slot, path)| Some((field_name(path).into_string(), facts.session(slot)??)));
        let by_client = || Some(("client header".to_owned(), self.attributes.session?.0));
        let by_words = || Some(("conversation".to_owned(), facts.identity()?));
        let (from, hash) = named.or_else(by_client).or_else(by_words)?;
        Some(Session { from, hash: Hash(hash) })
    }
}

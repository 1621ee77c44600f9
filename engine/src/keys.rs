//! Where clients say whose account a request is for: keys, tokens, cookies, organisations and projects, in headers and in
//! the query. One list: whoever takes accounts out of a request and whoever asks whether there is one must not differ.
//!
//! The list cannot be complete by names, for every gateway has a header of its own. So there are names, and words that make
//! one of any name: `x-litellm-api-key` and `x-serverless-authorization` are nobody's invention but their makers'. A word too
//! many costs that an answer is not believed, or that a header does not cross over to another provider; a word too few
//! lets one client's account speak for all, or gives its key away. A policy can add names (`Accounts`).

use crate::percent;
use crate::request::envelope::HeaderList;

/// Headers that hold a key or say whose account a request is for, in lower case, by name. With another's key a request is
/// either wrong, or tells it to somebody whom it does not concern. So are cookies: one provider sets them, the next would
/// get them. Some are caught by `WORDS`, too: what can only be told names has these at least.
pub const HEADERS: [&str; 48] = [
    "anthropic-organization-id",
    "anthropic-workspace-id",
    "api-key",
    "apikey",
    "authorization",
    "cf-access-client-id",
    "cf-access-client-secret",
    "cf-access-jwt-assertion",
    "cf-aig-authorization",
    "cookie",
    "cookie2",
    "dpop",
    "fireworks-account-id",
    "helicone-auth",
    "helicone-openai-api-key",
    "ocp-apim-subscription-key",
    "openai-organization",
    "openai-project",
    "private-token",
    "proxy-authorization",
    "x-access-token",
    "x-amz-security-token",
    "x-api-key",
    "x-api-token",
    "x-apikey",
    "x-auth-token",
    "x-authorization",
    "x-bf-vk",
    "x-dashscope-workspace",
    "x-forwarded-access-token",
    "x-functions-key",
    "x-gitlab-token",
    "x-goog-api-key",
    "x-goog-iam-authority-selector",
    "x-goog-iam-authorization-token",
    "x-goog-iap-jwt-assertion",
    "x-goog-user-project",
    "x-litellm-api-key",
    "x-litellm-key",
    "x-ms-authorization-auxiliary",
    "x-organization-id",
    "x-portkey-api-key",
    "x-portkey-virtual-key",
    "x-project-id",
    "x-rapidapi-key",
    "x-serverless-authorization",
    "x-subscription-token",
    "x-vault-token",
];

/// Words of which one makes a name that of an account, where a name is cut at all that is neither letter nor digit.
const WORDS: [&str; 25] = [
    "account",
    "accounts",
    "assertion",
    "auth",
    "authentication",
    "bearer",
    "cookie",
    "cookies",
    "jwt",
    "key",
    "keys",
    "oauth",
    "oauth2",
    "org",
    "organisation",
    "organization",
    "passphrase",
    "passwd",
    "project",
    "sid",
    "sig",
    "signature",
    "subscription",
    "token",
    "workspace",
];

/// The same, wherever they stand in a name: nothing else is written so.
const STEMS: [&str; 7] = ["accesskey", "accesstoken", "apikey", "authorization", "credential", "password", "secret"];

/// Names with such a word that say nothing of an account.
const OTHERS: [&str; 5] = ["idempotency-key", "sec-websocket-key", "surrogate-key", "x-cache-key", "x-idempotency-key"];

/// Parameters of the query that no word gives away.
const PARAMETERS: [&str; 2] = ["code", "sv"];

/// What a policy says of accounts besides what is known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accounts {
    /// More headers, in lower case.
    pub(crate) headers: Vec<String>,
    /// More parameters of the query, in lower case.
    pub(crate) parameters: Vec<String>,
    /// Headers that only have such a word, in lower case.
    pub(crate) except: Vec<String>,
}

impl Accounts {
    /// Whether the client has said whose account its request is for, by something that may be passed on.
    pub(crate) fn are_in(&self, headers: &HeaderList<'_>, path: &[u8]) -> bool {
        let query = || path.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
        headers.iter().any(|(name, _)| self.is_header(name)) || parameters(query()).any(|it| self.is_parameter(it))
    }

    /// The path for somebody whom the client did not choose: without the parameters that say whose account it is.
    pub(crate) fn without(&self, path: &str) -> String {
        let Some((bare, query)) = path.split_once('?') else { return path.to_owned() };
        let mut kept = bare.to_owned();
        // Each keeps what it was separated by: `;` is a part of the value to some servers.
        let (mut before, mut rest) = ('?', query);
        loop {
            let end = rest.find(is_separator).unwrap_or(rest.len());
            let (parameter, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if !self.is_parameter(parameter.as_bytes()) {
                kept.push(if kept.len() == bare.len() { '?' } else { before });
                kept.push_str(parameter);
            }
            let mut behind = behind.chars();
            let Some(separator) = behind.next() else { break };
            (before, rest) = (separator, behind.as_str());
        }
        kept
    }

    /// Whether a header, in lower case, says whose account a request is for.
    pub(crate) fn is_header(&self, name: &[u8]) -> bool {
        let listed = |names: &[String]| names.iter().any(|known| known.as_bytes() == name);
        HEADERS.iter().any(|known| known.as_bytes() == name)
            || listed(&self.headers)
            || names_account(name) && !listed(&self.except)
    }

    /// A parameter is read as the most forgiving server would: in any case, encoded, with spaces around it, and with what is
    /// encoded taken for what it stands for.
    fn is_parameter(&self, parameter: &[u8]) -> bool {
        let name = parameter.split(|byte| *byte == b'=').next().unwrap_or_default();
        let decoded = percent::decode(&percent::decode(name));
        decoded.split(|byte| matches!(byte, b'&' | b';' | b'=' | b'?' | b'#')).any(|name| {
            let name = worded(name);
            let is = |known: &str| known.as_bytes() == name;
            PARAMETERS.iter().any(|known| is(known))
                || self.parameters.iter().any(|known| worded(known.as_bytes()) == name)
                || names_account(&name)
        })
    }
}

fn parameters(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    query.split(|byte| is_separator(char::from(*byte)))
}

fn is_separator(character: char) -> bool {
    matches!(character, '&' | ';')
}

/// A name in lower case, cut into words where `camelCase` begins one; without spaces, for which `+` stands.
fn worded(name: &[u8]) -> Vec<u8> {
    let mut words = Vec::with_capacity(name.len() + 4);
    for byte in name.iter().filter(|byte| !matches!(byte, b'+' | 0..=b' ' | 0x7F)) {
        if byte.is_ascii_uppercase() && words.last().is_some_and(u8::is_ascii_lowercase) {
            words.push(b'-');
        }
        words.push(*byte);
    }
    words.make_ascii_lowercase();
    words
}

/// Whether a name in lower case looks like that of an account.
fn names_account(name: &[u8]) -> bool {
    let has_word = || {
        let mut words = name.split(|byte| !byte.is_ascii_alphanumeric());
        words.any(|word| WORDS.iter().any(|known| known.as_bytes() == word))
    };
    // Every request's headers come here: few letters begin a stem at all.
    let begins_stem = |at: usize, first: u8| {
        let rest = name.get(at..).unwrap_or_default();
        STEMS.iter().any(|stem| stem.as_bytes().first() == Some(&first) && rest.starts_with(stem.as_bytes()))
    };
    let has_stem = || name.iter().enumerate().any(|(at, byte)| begins_stem(at, *byte));
    (has_word() || has_stem()) && !OTHERS.iter().any(|other| other.as_bytes() == name)
}

/// The letters that one of [`patterns`] may have: an Envoy takes no expression whose program is longer than 100 steps.
const LONGEST: usize = 56;

/// Regular expressions of which one matches all of such a header's name, with the same words: for who takes such headers out
/// of a request. They have no exceptions: what is in vain for another provider is not missed there.
#[must_use]
pub fn patterns() -> Vec<String> {
    let words = batches(&WORDS).into_iter().map(|words| format!("(.*[^a-z0-9])?({words})([^a-z0-9].*)?"));
    words.chain(batches(&STEMS).into_iter().map(|stems| format!(".*({stems}).*"))).collect()
}

fn batches(words: &[&str]) -> Vec<String> {
    let mut batches: Vec<String> = Vec::new();
    for word in words {
        match batches.last_mut().filter(|batch| batch.len() + word.len() < LONGEST) {
            Some(batch) => {
                batch.push('|');
                batch.push_str(word);
            }
            None => batches.push((*word).to_owned()),
        }
    }
    batches
}

#[cfg(test)]
mod tests;

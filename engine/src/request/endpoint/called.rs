//! A path that a client has called, taken apart once for all models that the request may go to.

use super::stored::below;
use super::{Endpoint, SUFFIXES, at_azure, under, unprefixed};
use crate::request::named::{self, Parts};

/// What of a path goes on to a model.
#[derive(Clone, Debug)]
pub(crate) struct Called<'a> {
    /// The path of the API itself, at servers that have no base of their own: without the prefix of the policy's in front
    /// of it, and below `/v1` where the API is.
    pub(crate) own: String,
    pub(crate) query: Option<&'a str>,
    /// Where the path names the model and the body does not.
    naming: Option<Parts<'a>>,
    /// Whether it is one of Azure's.
    pub(crate) is_azures: bool,
}

impl<'a> Called<'a> {
    /// `path` is the client's, query included.
    pub(crate) fn new(path: &'a str, prefixes: &'a [String]) -> Self {
        let (bare, query) = path.split_once('?').map_or((path, None), |(bare, query)| (bare, Some(query)));
        let naming = under(bare, prefixes).find_map(named::parts).filter(|parts| parts.own_api().is_none());
        let at_deployment = |path| named::parts(path).is_some_and(|parts| parts.own_api().is_some());
        let is_azures = under(bare, prefixes).any(|path| at_deployment(path) || at_azure(path).is_some());
        Self { own: own(bare, prefixes), query, naming, is_azures }
    }

    /// The path at a model of an API whose path names it and whose body does not.
    pub(crate) fn naming(&self, prefix: Option<&str>, model: &str) -> Option<String> {
        self.naming.map(|parts| parts.at(prefix, model))
    }
}

fn own(path: &str, prefixes: &[String]) -> String {
    let own =
        under(path, prefixes).find(|own| unprefixed(own) != Endpoint::Other || below(own).is_some()).unwrap_or(path);
    let own = named::parts(own).and_then(Parts::own_api).or_else(|| at_azure(own)).unwrap_or(own);
    let is_stored = own.starts_with("/responses/");
    if is_stored || SUFFIXES.iter().any(|(suffix, _)| *suffix == own) { format!("/v1{own}") } else { own.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_taken_off_and_the_api_stands_below_v1() {
        let prefixes = ["/openai".to_owned(), "/a/v3".to_owned()];
        let own = |path: &str, expected: &str| assert_eq!(Called::new(path, &prefixes).own, expected);
        own("/openai/v1/chat/completions", "/v1/chat/completions");
        own("/a/v3/responses", "/v1/responses");
        own("/responses", "/v1/responses");
        own("/openai/api/chat", "/api/chat");
        own("/rerank", "/rerank");
        own("/a/v3/x", "/a/v3/x");
        own("/openai/deployments/d/chat/completions", "/v1/chat/completions");
        let azure = |path: &str, expected: &str| assert_eq!(Called::new(path, &[]).own, expected);
        azure("/openai/v1/responses", "/v1/responses");
        azure("/openai/responses", "/v1/responses");
    }
}

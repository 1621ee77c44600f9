//! Whether a path can be that of an LLM call.

use crate::api::Api;
use crate::policy::Policy;
use crate::policy::path_match::PathMatch;
use crate::request::endpoint::{Endpoint, recognise};

/// What paths of APIs begin with. A path that begins otherwise leads to none, unless the policy names what stands in front.
const FIRST: [&str; 19] = [
    "/v1",
    "/v2",
    "/v1beta",
    "/v1alpha",
    "/v1beta1",
    "/api",
    "/openai",
    "/model",
    "/models",
    "/chat",
    "/fim",
    "/completions",
    "/embeddings",
    "/responses",
    "/moderations",
    "/images",
    "/audio",
    "/messages",
    "/rerank",
];

/// Whether a path that matches can be a path of the API. For beginnings: yes wherever that cannot be told.
pub(super) fn leads(policy: &Policy, path: &PathMatch, api: Api) -> bool {
    match path {
        PathMatch::Exact(path) => match recognise(path.as_bytes(), policy.path_prefixes()) {
            Endpoint::Api(found) => found == api && found.is_routable(),
            Endpoint::Named(named) => named.api == api,
            _ => false,
        },
        PathMatch::Prefix(prefix) => {
            let bases = policy.path_prefixes().iter().map(String::as_str).chain([""]);
            bases
                .flat_map(|base| FIRST.iter().map(move |first| format!("{base}{first}")))
                .any(|begins| path.matches(&begins) || PathMatch::Prefix(begins).matches(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::valid;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// What paths of APIs are made of, and something else.
    const SEGMENTS: [&str; 40] = [
        "v1",
        "v2",
        "v1beta",
        "v1beta1",
        "v1alpha",
        "api",
        "openai",
        "model",
        "models",
        "chat",
        "fim",
        "completions",
        "embeddings",
        "responses",
        "input_tokens",
        "compact",
        "moderations",
        "images",
        "generations",
        "audio",
        "speech",
        "transcriptions",
        "translations",
        "messages",
        "count_tokens",
        "rerank",
        "generate",
        "embed",
        "deployments",
        "edits",
        "variations",
        "realtime",
        "x",
        "a:generateContent",
        "converse",
        "invoke",
        "projects",
        "publishers",
        "google",
        "locations",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        /// A beginning that is not in the list leads nowhere.
        #[test]
        fn every_path_of_an_api_begins_as_the_list_says(segments in prop::collection::vec(select(&SEGMENTS[..]), 1..5)) {
            let path = format!("/{}", segments.join("/"));
            let is_routed = match recognise(path.as_bytes(), &[]) {
                Endpoint::Api(api) => api.is_routable(),
                Endpoint::Named(_) => true,
                _ => false,
            };
            prop_assert!(!is_routed || FIRST.contains(&format!("/{}", segments[0]).as_str()), "{path}");
        }
    }

    #[test]
    fn a_beginning_leads_where_some_api_begins() {
        let policy = valid(r#""pathPrefixes": ["/team/a"]"#);
        let leads = |path: &str| leads(&policy, &PathMatch::Prefix(path.to_owned()), Api::Messages);
        assert!(leads("") && leads("/team") && leads("/team/a") && leads("/team/a/v1") && leads("/v1/messages"));
        assert!(!leads("/foo") && !leads("/team/b") && !leads("/v1x"));
    }

    #[test]
    fn a_whole_path_leads_to_one_api() {
        let policy = valid("");
        let leads = |path: &str, api| leads(&policy, &PathMatch::Exact(path.to_owned()), api);
        assert!(leads("/v1/messages", Api::Messages) && !leads("/v1/messages", Api::Responses));
        assert!(leads("/openai/deployments/d/chat/completions", Api::ChatCompletions));
        assert!(!leads("/v1/messages/", Api::Messages) && !leads("/foo/v1/messages", Api::Messages));
    }
}

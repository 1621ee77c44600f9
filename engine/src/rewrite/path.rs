//! The path of a request at the model that it goes to.

use crate::keys::Accounts;
use crate::policy::ModelPath;
use crate::request::endpoint::Called;

/// The path at a model: the API's own, or that of a model that is served elsewhere, whose prefix stands in for `/v1`.
pub(super) fn path_at(
    there: Option<&ModelPath>,
    upstream_model: &str,
    called: &Called<'_>,
    accounts: &Accounts,
) -> String {
    let prefix = there.map(|there| there.prefix.as_str());
    let naming = called.naming(prefix, upstream_model);
    let names_model = naming.is_some();
    let path = naming.unwrap_or_else(|| {
        let own = &called.own;
        let Some(prefix) = prefix else { return own.clone() };
        format!("{prefix}{}", own.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(own))
    });
    match (there, called.query) {
        (Some(ModelPath { query: Some(own), .. }), clients) => {
            // How an answer is streamed is the client's to say, and Google's clients say it in the query.
            let alt = clients.unwrap_or_default().split('&').find(|parameter| parameter.starts_with("alt="));
            match alt.filter(|_| names_model) {
                Some(alt) => format!("{path}?{own}&{alt}"),
                None => format!("{path}?{own}"),
            }
        }
        (Some(_), Some(clients)) => accounts.without(&format!("{path}?{clients}")),
        (None, Some(clients)) if called.is_azures => {
            // The version of Azure's API is a version of nobody else's.
            let kept = clients.split('&').filter(|parameter| !parameter.starts_with("api-version="));
            let kept = kept.collect::<Vec<_>>().join("&");
            if kept.is_empty() { path } else { format!("{path}?{kept}") }
        }
        (None, Some(clients)) => format!("{path}?{clients}"),
        (_, None) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes() -> [String; 2] {
        ["/llm".to_owned(), "/api/v3".to_owned()]
    }

    #[test]
    fn a_model_can_be_served_under_another_path() {
        let there = ModelPath { prefix: "/openai/deployments/x".to_owned(), query: None };
        let check = |path: &str, expected: &str| {
            assert_eq!(path_at(Some(&there), "m", &Called::new(path, &prefixes()), &Accounts::default()), expected);
        };
        check("/v1/chat/completions", "/openai/deployments/x/chat/completions");
        check("/llm/v1/chat/completions?a=b", "/openai/deployments/x/chat/completions?a=b");
        check("/chat/completions", "/openai/deployments/x/chat/completions");
        check("/v2/rerank", "/openai/deployments/x/v2/rerank");
        check("/v1/chat/completions?key=secret&a=b&api-key=x", "/openai/deployments/x/chat/completions?a=b");
        check("/v1/chat/completions?key=secret", "/openai/deployments/x/chat/completions");
    }

    #[test]
    fn a_model_without_a_path_is_served_where_its_api_is() {
        let check = |path: &str, expected: &str| {
            assert_eq!(path_at(None, "m", &Called::new(path, &prefixes()), &Accounts::default()), expected);
        };
        check("/v1/chat/completions?key=a", "/v1/chat/completions?key=a");
        check("/llm/v1/chat/completions?a=b", "/v1/chat/completions?a=b");
        check("/api/v3/responses", "/v1/responses");
        check("/messages", "/v1/messages");
        check("/llm/api/chat", "/api/chat");
        check("/rerank?", "/rerank?");
        check("/openai/deployments/d/chat/completions?api-version=1", "/v1/chat/completions");
        check("/llm/openai/deployments/d/chat/completions?api-version=1&a=b", "/v1/chat/completions?a=b");
        check("/openai/responses?api-version=preview", "/v1/responses");
        check("/openai/v1/chat/completions", "/v1/chat/completions");
        check("/llm/v1beta/models/x%2Fy:generateContent?key=k", "/v1beta/models/m:generateContent?key=k");
        check("/model/x%3A1/converse", "/model/m/converse");
    }

    #[test]
    fn a_model_in_the_path_is_another_one_there() {
        let check = |prefix: &str, query: Option<&str>, path: &str, expected: &str| {
            let there = ModelPath { prefix: prefix.to_owned(), query: query.map(ToOwned::to_owned) };
            assert_eq!(path_at(Some(&there), "m:1", &Called::new(path, &prefixes()), &Accounts::default()), expected);
        };
        let (azure, vertex) = ("/openai/deployments/e", "/v1/projects/p/locations/eu/publishers/google");
        check(
            azure,
            None,
            "/openai/deployments/d/embeddings?api-version=1",
            "/openai/deployments/e/embeddings?api-version=1",
        );
        check(
            azure,
            Some("api-version=2"),
            "/openai/deployments/d/embeddings?api-version=1",
            "/openai/deployments/e/embeddings?api-version=2",
        );
        check(azure, None, "/openai/v1/responses?api-version=1", "/openai/deployments/e/responses?api-version=1");
        let stream = "/llm/v1beta/models/x:streamGenerateContent?alt=sse&key=k";
        check(vertex, None, stream, &format!("{vertex}/models/m%3A1:streamGenerateContent?alt=sse"));
        check(vertex, Some("a=b"), stream, &format!("{vertex}/models/m%3A1:streamGenerateContent?a=b&alt=sse"));
        let elsewhere = "/v1/projects/x/locations/us/publishers/google/models/g:countTokens";
        check(vertex, None, elsewhere, &format!("{vertex}/models/m%3A1:countTokens"));
        check("/aws", None, "/model/x/converse-stream", "/aws/model/m%3A1/converse-stream");
    }
}

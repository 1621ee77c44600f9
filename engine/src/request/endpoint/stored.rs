//! A path that names a stored response: to read it, delete it, cancel it or list what it was made from.

use super::{at_azure, under};
use crate::percent;

/// What may follow the id.
const BELOW: [&str; 3] = ["", "/cancel", "/input_items"];

/// Other APIs that stand where an id would.
const NO_IDS: [&str; 2] = ["input_tokens", "compact"];

/// A path taken apart around the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored<'a> {
    before: &'a str,
    /// As the client wrote it, decoded.
    pub(crate) id: String,
    behind: &'a str,
}

impl<'a> Stored<'a> {
    /// `path` is the client's, query included.
    pub(crate) fn of(path: &'a [u8], prefixes: &'a [String]) -> Option<Self> {
        let path = std::str::from_utf8(path).ok()?;
        let bare = path.split('?').next().unwrap_or_default();
        let (id, below) = under(bare, prefixes).find_map(below)?;
        let end = bare.len() - below.len();
        let (before, behind) = (path.get(..end - id.len())?, path.get(end..)?);
        let id = String::from_utf8(percent::decode(id.as_bytes())).ok()?;
        Some(Self { before, id, behind })
    }

    /// The path with another id.
    pub(crate) fn with(&self, id: &str) -> String {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        format!("{}{}{}", self.before, percent::encode(id.as_bytes(), is_plain), self.behind)
    }
}

/// The id in a path of the API itself, and what stands below it.
pub(super) fn below(path: &str) -> Option<(&str, &str)> {
    let path = at_azure(path).unwrap_or(path);
    let path = path.strip_prefix("/v1").unwrap_or(path).strip_prefix("/responses/")?;
    let (id, below) = path.split_at(path.find('/').unwrap_or(path.len()));
    (!id.is_empty() && !NO_IDS.contains(&id) && BELOW.contains(&below)).then_some((id, below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::endpoint::{Called, Endpoint, recognise};

    #[test]
    fn a_stored_response_is_named_by_its_path() {
        let prefixes = ["/llm".to_owned()];
        for (path, id, expected) in [
            ("/v1/responses/resp_1", "resp_1", "/v1/responses/x%2F"),
            ("/responses/resp%5F1?stream=true&a=/b", "resp_1", "/responses/x%2F?stream=true&a=/b"),
            ("/llm/v1/responses/a-b/cancel", "a-b", "/llm/v1/responses/x%2F/cancel"),
            ("/openai/v1/responses/r/input_items?limit=2", "r", "/openai/v1/responses/x%2F/input_items?limit=2"),
        ] {
            let stored = Stored::of(path.as_bytes(), &prefixes).expect("a stored response");
            assert_eq!((stored.id.as_str(), stored.with("x/")), (id, expected.to_owned()), "{path}");
            // Where nobody asks for it, it is no call of an API.
            assert_eq!(recognise(path.as_bytes(), &prefixes), Endpoint::Other, "{path}");
        }
        for path in [
            "/v1/responses",
            "/v1/responses/",
            "/v1/responses/compact",
            "/v1/responses/a/b",
            "/v1/responses//cancel",
            "/x/responses/a",
        ] {
            assert_eq!(Stored::of(path.as_bytes(), &prefixes), None, "{path}");
        }
        let own = |path: &str| Called::new(path, &prefixes).own;
        assert_eq!(own("/llm/responses/r/cancel"), "/v1/responses/r/cancel");
        assert_eq!(own("/openai/v1/responses/r"), "/v1/responses/r");
    }
}

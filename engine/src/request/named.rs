//! Paths that name the model: Azure's deployments, Gemini's and Vertex AI's methods, Bedrock's verbs.
//!
//! The name is read as one name, however it is percent-encoded, and never travels on: at Azure the API's own path, or that
//! of the chosen model, stands in for the client's; at the others the chosen model's name is written in its place. So no
//! server behind can make another path of it. A name that could also be a piece of a path is refused all the same.

use super::endpoint;
use super::model::MAX_NAME;
use crate::api::{Api, Family};
use crate::percent;

/// What a path says besides which API it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) api: Api,
    /// Whose errors the client expects.
    pub(crate) family: Family,
    /// The model that the path names.
    pub(crate) model: String,
    /// Whether the answer is to be streamed, where the path says that.
    pub(crate) stream: Option<bool>,
    /// Whether nothing is generated: the request is only counted.
    pub(crate) only_counts: bool,
}

/// A path in front of the model's name, the name as it is written, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    api: Api,
    family: Family,
    /// What a model's own `path.prefix` takes the place of.
    base: &'a str,
    name: &'a str,
    /// The verb, its separator included; at Azure the path of the API below `/v1`.
    verb: &'a str,
}

/// Gemini's methods that are routed. Others hold requests for several models, or serve no language model.
const METHODS: [&str; 4] = [":generateContent", ":streamGenerateContent", COUNT, ":embedContent"];

const COUNT: &str = ":countTokens";

/// Bedrock's verbs.
pub(super) const VERBS: [&str; 4] = ["/converse", "/converse-stream", "/invoke", "/invoke-with-response-stream"];

const DEPLOYMENTS: &str = "/openai/deployments/";

/// Takes a path apart that is spelled as these APIs spell it; whether their methods are, [`Parts::read`] says.
pub(super) fn parts(path: &str) -> Option<Parts<'_>> {
    if let Some(rest) = path.strip_prefix(DEPLOYMENTS) {
        return endpoint::below_v1().find_map(|(verb, api)| {
            let name = rest.strip_suffix(verb).filter(|_| api.family() == Family::OpenAi)?;
            Some(Parts { api, family: Family::Azure, base: "/openai", name, verb: rest.get(name.len()..)? })
        });
    }
    if let Some(rest) = path.strip_prefix("/model/") {
        return VERBS.iter().find_map(|verb| {
            let name = rest.strip_suffix(verb)?;
            Some(Parts { api: Api::Bedrock, family: Family::Bedrock, base: "", name, verb: rest.get(name.len()..)? })
        });
    }
    // Google's methods stand behind a colon, and nearly all paths that come here have none.
    if !path.contains(':') {
        return None;
    }
    let name_and_method = |at: usize| {
        let rest = path.get(at..)?.strip_prefix("/models/")?;
        METHODS.iter().find_map(|method| {
            let (name, verb) = rest.split_at_checked(rest.len().checked_sub(method.len())?)?;
            verb.eq_ignore_ascii_case(method).then_some((name, verb))
        })
    };
    let (api, at) = match ["/v1beta", "/v1alpha", "/v1"].iter().find(|version| is_base(path, version)) {
        Some(version) => (Api::Gemini, version.len()),
        None => (Api::Vertex, vertex_base(path)?),
    };
    let (name, verb) = name_and_method(at)?;
    Some(Parts { api, family: Family::Gemini, base: path.get(..at)?, name, verb })
}

fn is_base(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.starts_with("/models/"))
}

/// The length of `/v1/projects/{project}/locations/{location}/publishers/google`, or of the same without a project.
fn vertex_base(path: &str) -> Option<usize> {
    let below = path.strip_prefix("/v1beta1/").or_else(|| path.strip_prefix("/v1/"))?;
    let (base, _) = below.split_once("/models/")?;
    let mut segments = base.split('/');
    let mut next = || segments.next().unwrap_or_default();
    let mut first = next();
    if first == "projects" {
        let is_id =
            |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte));
        let (project, locations, location) = (next(), next(), next());
        if locations != "locations" || !is_id(project) || !is_id(location) {
            return None;
        }
        first = next();
    }
    let is_google = first == "publishers" && next() == "google" && segments.next().is_none();
    is_google.then(|| path.len() - below.len() + base.len())
}

impl<'a> Parts<'a> {
    /// The model, if its name is one name to every server.
    pub(super) fn read(self) -> Result<Named, Api> {
        let is_exact =
            |name: &String| self.family != Family::Gemini || (METHODS.contains(&self.verb) && !name.contains(':'));
        let model = decode(self.name).filter(is_exact);
        let stream = match self.family {
            Family::Azure => None,
            _ => Some(self.verb.contains("stream")),
        };
        let only_counts = self.verb == COUNT;
        Ok(Named { api: self.api, family: self.family, model: model.ok_or(self.api)?, stream, only_counts })
    }

    /// Whether the body names the model, too: its own API's path is all that is left of this one then.
    pub(super) fn own_api(self) -> Option<&'a str> {
        (self.family == Family::Azure).then_some(self.verb)
    }

    /// The path at another model, whose own prefix stands in for the client's.
    pub(super) fn at(self, prefix: Option<&str>, model: &str) -> String {
        let collection = if self.family == Family::Bedrock { "model" } else { "models" };
        format!("{}/{collection}/{}{}", prefix.unwrap_or(self.base), encode(model), self.verb)
    }
}

/// A name as it is meant, if nothing in it could be a piece of a path.
fn decode(name: &str) -> Option<String> {
    let name = String::from_utf8(percent::decode(name.as_bytes())).ok()?;
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !b"%\\;?#".contains(&byte);
    let is_name = name.len() <= MAX_NAME
        && name.trim() == name
        && name.bytes().all(is_plain)
        && name.split('/').all(|segment| !matches!(segment.trim(), "" | "." | ".."));
    is_name.then_some(name)
}

/// A name as one segment of a path.
fn encode(name: &str) -> String {
    percent::encode(name.as_bytes(), |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> Option<Result<String, Api>> {
        parts(path).map(|parts| parts.read().map(|named| named.model))
    }

    #[test]
    fn a_name_is_one_name_however_it_is_encoded() {
        for (path, expected) in [
            ("/openai/deployments/gpt-4o/chat/completions", "gpt-4o"),
            ("/openai/deployments/gpt%2D4o/embeddings", "gpt-4o"),
            ("/openai/deployments/org/model/audio/speech", "org/model"),
            ("/openai/deployments/org%2Fmodel/completions", "org/model"),
            ("/v1beta/models/Gemini-Pro:generateContent", "Gemini-Pro"),
            ("/v1/models/g:countTokens", "g"),
            ("/v1beta1/projects/p-1/locations/eu/publishers/google/models/g:streamGenerateContent", "g"),
            ("/v1/publishers/google/models/g:generateContent", "g"),
            ("/model/anthropic.claude-v2%3A1/converse", "anthropic.claude-v2:1"),
            ("/model/anthropic.claude-v2:1/invoke", "anthropic.claude-v2:1"),
            ("/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Aprofile%2Fx/converse-stream", "arn:aws:bedrock:eu:1:profile/x"),
            ("/model/big%20model/converse", "big model"),
        ] {
            assert_eq!(name(path), Some(Ok(expected.to_owned())), "{path}");
        }
    }

    #[test]
    fn a_name_that_could_be_a_piece_of_a_path_is_none() {
        for hostile in [
            "..",
            ".",
            "a/../b",
            "a/./b",
            "%2e%2e",
            "%2E",
            "a%2F..%2Fb",
            "a%2f%2e%2e%2fb",
            "%252e%252e",
            "a%253A1",
            "a%25",
            "a%2",
            "",
            "/",
            "a//b",
            "/a",
            "a/",
            "a%00",
            "a%0a",
            "a%20",
            "%20a",
            "a\\b",
            "a%5Cb",
            "a;b",
            "a%3Bb",
            "a%3Fb",
            "a%23b",
            "%C3%A9",
            "%ff",
            "a%2F%20..%20%2Fb",
            &"a".repeat(257),
        ] {
            for (before, after) in [
                ("/openai/deployments/", "/chat/completions"),
                ("/v1beta/models/", ":generateContent"),
                ("/v1/projects/p/locations/l/publishers/google/models/", ":countTokens"),
                ("/model/", "/converse"),
            ] {
                let path = format!("{before}{hostile}{after}");
                assert!(matches!(name(&path), Some(Err(_))), "{path}");
            }
        }
        for twice in ["a:b", "a%3Ab", "a:generateContent", "a%3AgenerateContent"] {
            assert_eq!(name(&format!("/v1beta/models/{twice}:generateContent")), Some(Err(Api::Gemini)), "{twice}");
        }
        assert_eq!(name("/v1beta/models/a:GenerateContent"), Some(Err(Api::Gemini)));
    }

    #[test]
    fn what_is_spelled_otherwise_names_nothing_here() {
        for path in [
            "/openai/deployments/x/extensions/chat/other",
            "/openai/deployments/x/messages",
            "/v1beta/models/x",
            "/v1beta/models/x:batchEmbedContents",
            "/v1/projects/p/locations/l/publishers/anthropic/models/c:generateContent",
            "/v1/projects/../locations/l/publishers/google/models/g:generateContent",
            "/v1/projects/p%2Fq/locations/l/publishers/google/models/g:generateContent",
            "/v1/projects/p/locations/l/x/publishers/google/models/g:generateContent",
            "/model/x/async-invoke",
            "/model/x/converse/",
        ] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    #[test]
    fn another_model_is_written_in_its_place() {
        let at = |path: &str, prefix: Option<&str>, model: &str| {
            parts(path).map(|parts| parts.at(prefix, model)).expect("parts")
        };
        let gemini = "/v1beta/models/a%2Fb:streamGenerateContent";
        assert_eq!(at(gemini, None, "c"), "/v1beta/models/c:streamGenerateContent");
        let vertex = "/v1/projects/p/locations/eu/publishers/google";
        assert_eq!(at(gemini, Some(vertex), "c"), format!("{vertex}/models/c:streamGenerateContent"));
        assert_eq!(at(&format!("{vertex}/models/x:countTokens"), None, "c"), format!("{vertex}/models/c:countTokens"));
        assert_eq!(at("/model/x/converse", None, "a.b-v1:0"), "/model/a.b-v1%3A0/converse");
        assert_eq!(at("/model/x/converse", Some("/aws"), "../b"), "/aws/model/..%2Fb/converse");
    }
}

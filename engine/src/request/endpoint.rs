//! Which API a path belongs to.
//!
//! A path is either spelled exactly as the API spells it, or it is somebody else's. In between lie the
//! spellings that one server takes for the API and another does not (`//`, `%2f`, `/V1/`, a trailing
//! slash): those are refused, because a policy that they slip past is no policy.

mod called;
mod stored;

pub(crate) use called::Called;
pub(crate) use stored::Stored;

use super::named::{self, Named};
use crate::api::Api;
use crate::json::Name;
use crate::percent;

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// An LLM API.
    Api(Api),
    /// An LLM API at a path that names the model.
    Named(Named),
    /// The list of models.
    Models,
    /// The same, as Ollama's clients ask for it.
    Tags,
    /// One model of the list.
    Model(String),
    /// A spelling of an LLM API that servers read differently.
    Ambiguous(Api),
    /// What looks like an LLM API, under a base that the policy does not name.
    Elsewhere(Api),
    /// Not an LLM call.
    Other,
}

/// Recognises a path, query included. `prefixes` may stand in front of every API path.
pub(crate) fn recognise(path: &[u8], prefixes: &[String]) -> Endpoint {
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(path.len());
    let bare = path.get(..end).unwrap_or(path);
    let Ok(text) = std::str::from_utf8(bare) else { return loosely(bare, prefixes) };
    match exactly(text, prefixes) {
        // A fragment never belongs into a request; servers that keep it see another path.
        Endpoint::Api(api) if path.contains(&b'#') => Endpoint::Ambiguous(api),
        Endpoint::Named(named) if path.contains(&b'#') => Endpoint::Ambiguous(named.api),
        // What a name may be spelled like has been looked at.
        exact @ (Endpoint::Named(_) | Endpoint::Ambiguous(_)) => exact,
        Endpoint::Api(api) if api.names_in_body() => Endpoint::Api(api),
        exact if is_plain(text) => exact,
        exact => match (loosely(bare, prefixes), exact) {
            // The name of a model may be in upper case and percent-encoded.
            (
                Endpoint::Other | Endpoint::Elsewhere(_) | Endpoint::Models | Endpoint::Tags | Endpoint::Model(_),
                exact @ Endpoint::Model(_),
            ) => exact,
            (Endpoint::Other, exact) => exact,
            // What is not routed may hold names in any spelling, unless what it is spelled like is routed.
            (Endpoint::Api(_), exact @ Endpoint::Api(_)) => exact,
            (
                Endpoint::Elsewhere(_) | Endpoint::Models | Endpoint::Tags | Endpoint::Model(_),
                exact @ Endpoint::Api(_),
            ) => exact,
            (Endpoint::Api(loose), _) => Endpoint::Ambiguous(loose),
            (loose, _) => loose,
        },
    }
}

/// Whether a path has a version that only Gemini's API has.
pub(crate) fn has_version_of_gemini(path: &[u8]) -> bool {
    let bare = path.split(|byte| *byte == b'?').next().unwrap_or_default();
    bare.split(|byte| *byte == b'/').any(|segment| matches!(segment, b"v1beta" | b"v1alpha"))
}

/// Whether the query names a model: some servers take that over the one in the body.
pub(crate) fn query_names_model(path: &[u8]) -> bool {
    let Some(start) = path.iter().position(|byte| *byte == b'?') else { return false };
    let query = path.get(start + 1..).unwrap_or_default();
    query.split(|byte| matches!(byte, b'&' | b';')).any(|parameter| {
        let name = parameter.split(|byte| *byte == b'=').next().unwrap_or_default();
        let decoded = percent::decode(&percent::decode(name));
        let mut name = Name::new();
        String::from_utf8_lossy(&decoded).chars().filter(|character| *character != '+').for_each(|character| {
            name.push(character.encode_utf8(&mut [0; 4]).as_bytes());
        });
        matches!(name.folded(), b"model" | b"models" | b"model_name" | b"deployment_id" | b"deployment" | b"engine")
    })
}

/// The path under each of the prefixes, then as it is.
fn exactly(path: &str, prefixes: &[String]) -> Endpoint {
    let known = under(path, prefixes).map(unprefixed).find(|endpoint| *endpoint != Endpoint::Other);
    known.unwrap_or_else(|| elsewhere(path).map_or(Endpoint::Other, Endpoint::Elsewhere))
}

fn under<'a>(path: &'a str, prefixes: &'a [String]) -> impl Iterator<Item = &'a str> {
    prefixes.iter().filter_map(move |prefix| path.strip_prefix(prefix.as_str())).chain([path])
}

/// The APIs that are routed below `/v1`. Clients whose base has no `/v1` call them without it, and so do those whose base
/// is a prefix that the policy names.
const SUFFIXES: [(&str, Api); 16] = [
    ("/chat/completions", Api::ChatCompletions),
    ("/fim/completions", Api::Completions),
    ("/completions", Api::Completions),
    ("/embeddings", Api::Embeddings),
    ("/responses", Api::Responses),
    ("/responses/input_tokens", Api::CountInputTokens),
    ("/responses/compact", Api::Responses),
    ("/moderations", Api::Moderations),
    ("/images/generations", Api::ImageGenerations),
    ("/images/edits", Api::ImageEdits),
    ("/images/variations", Api::ImageVariations),
    ("/audio/speech", Api::Speech),
    ("/audio/transcriptions", Api::Transcriptions),
    ("/audio/translations", Api::Translations),
    ("/messages", Api::Messages),
    ("/messages/count_tokens", Api::CountTokens),
];

/// Those with their paths below `/v1`. Where one path ends like another, the longer one comes first.
pub(super) fn below_v1() -> impl Iterator<Item = (&'static str, Api)> {
    SUFFIXES.into_iter()
}

/// What Azure has below `/openai` and OpenAI below `/v1`.
const OF_AZURE: [&str; 4] = ["/v1/", "/responses", "/models", "/realtime"];

/// The path below `/v1` at Azure, whose newer APIs are OpenAI's own.
fn at_azure(path: &str) -> Option<&str> {
    let below = path.strip_prefix("/openai").filter(|below| OF_AZURE.iter().any(|start| below.starts_with(start)))?;
    Some(below.strip_prefix("/v1").unwrap_or(below))
}

/// The API that a path ends with, whatever stands in front of it. Without `/v1`, `/messages` and `/moderations` are too
/// common a word for that.
fn elsewhere(path: &str) -> Option<Api> {
    let named = ["/v1beta/", "/v1alpha/", "/v1/", "/v1beta1/", "/model/"].iter().find_map(|start| {
        let path = path.get(path.find(start).filter(|at| *at > 0)?..)?;
        named::parts(path).map(|parts| parts.read().map_or_else(|api| api, |named| named.api))
    });
    named.or_else(|| elsewhere_of_its_own(path)).or_else(|| {
        SUFFIXES.iter().find_map(|(suffix, api)| {
            let base = path.strip_suffix(suffix).filter(|base| !base.is_empty())?;
            let is_common = matches!(api, Api::Messages | Api::CountTokens | Api::Moderations);
            (!is_common || base.ends_with("/v1")).then_some(*api)
        })
    })
}

/// The same for paths that are no OpenAI API's. Ollama's are too common without its name in front; the last is Codex's, which
/// sends a model there and what it has kept of conversations.
fn elsewhere_of_its_own(path: &str) -> Option<Api> {
    let below = |base: &str| path.find(base).filter(|at| *at > 0).and_then(|at| path.get(at..));
    let of_ollama = || path.find("/ollama/api/").and_then(|at| path.get(at + "/ollama".len()..)).and_then(of_ollama);
    let of_rerank =
        || below("/v1/rerank").or_else(|| below("/v2/rerank")).filter(|rest| rest.len() == "/v1/rerank".len());
    let of_codex = || path.ends_with("/memories/trace_summarize").then_some(Api::Responses);
    of_ollama().or_else(|| of_rerank().map(|_| Api::Rerank)).or_else(of_codex)
}

fn of_ollama(path: &str) -> Option<Api> {
    Some(match path {
        "/api/chat" => Api::OllamaChat,
        "/api/generate" => Api::OllamaGenerate,
        "/api/embed" | "/api/embeddings" => Api::OllamaEmbed,
        "/api/show" => Api::OllamaShow,
        "/api/pull" | "/api/push" | "/api/create" | "/api/copy" | "/api/delete" => Api::OllamaModels,
        _ => return None,
    })
}

/// OpenAI's sessions of speech, at OpenAI and at Azure, and Google's: their models are in the query, in a body or in frames.
fn of_speech(path: &str, below: &str) -> Option<Api> {
    let is_open_ai = below.len() < path.len() && (below == "/realtime" || below.starts_with("/realtime/"));
    let is_google = path.starts_with("/ws/")
        && path
            .len()
            .checked_sub(BIDIRECTIONAL.len())
            .and_then(|at| path.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(BIDIRECTIONAL));
    (is_open_ai || is_google).then_some(Api::Realtime)
}

const BIDIRECTIONAL: &str = "BidiGenerateContent";

fn unprefixed(whole: &str) -> Endpoint {
    if let Some(parts) = named::parts(whole) {
        return parts.read().map_or_else(Endpoint::Ambiguous, Endpoint::Named);
    }
    let path = at_azure(whole).unwrap_or(whole);
    let below = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let known = SUFFIXES.iter().find(|(suffix, _)| *suffix == below).map(|(_, api)| *api);
    if let Some(api) = known.or_else(|| of_ollama(path)).or_else(|| of_speech(whole, below)) {
        return Endpoint::Api(api);
    }
    let api = match path {
        "/v1/rerank" | "/v2/rerank" | "/rerank" => Api::Rerank,
        "/v1/batches" => Api::Batches,
        "/v1/messages/batches" => Api::MessageBatches,
        "/v1/complete" => Api::TextCompletions,
        "/v1/chat" | "/v2/chat" | "/v2/embed" => Api::Cohere,
        "/v1/videos" => Api::Videos,
        "/v1/models" | "/models" | "/v1beta/models" | "/v1alpha/models" => return Endpoint::Models,
        "/api/tags" => return Endpoint::Tags,
        _ => return patterned(path),
    };
    Endpoint::Api(api)
}

/// What stands in front of the name of a model that is asked about.
const IN_LIST: [&str; 4] = ["/v1/models/", "/v1beta/models/", "/v1alpha/models/", "/models/"];

/// The model that a path of the list asks about, with whatever colons and slashes its name has.
pub(crate) fn looked_up(path: &[u8], prefixes: &[String]) -> Option<String> {
    let bare = path.split(|byte| matches!(byte, b'?' | b'#')).next()?;
    let name = |path: &str| {
        let path = at_azure(path).unwrap_or(path);
        let written = IN_LIST.iter().find_map(|start| path.strip_prefix(start)).filter(|name| !name.is_empty())?;
        String::from_utf8(percent::decode(written.as_bytes())).ok()
    };
    under(std::str::from_utf8(bare).ok()?, prefixes).find_map(name)
}

/// Paths that carry the model.
fn patterned(path: &str) -> Endpoint {
    if let Some(rest) = IN_LIST.iter().find_map(|start| path.strip_prefix(start)) {
        // A name may hold slashes. One that ends like an API is that API's path, wherever that is served.
        return match elsewhere(path) {
            _ if path == "/models/chat/completions" => Endpoint::Api(Api::AzureOpenai),
            _ if is_method(rest) => Endpoint::Api(Api::Gemini),
            Some(api) => Endpoint::Elsewhere(api),
            None if rest.is_empty() => Endpoint::Other,
            None => Endpoint::Model(rest.to_owned()),
        };
    }
    if path.starts_with("/v1/engines/") {
        return Endpoint::Api(Api::Engines);
    }
    if path == "/v1/assistants"
        || path.starts_with("/v1/assistants/")
        || path == "/v1/threads"
        || path.starts_with("/v1/threads/")
    {
        return Endpoint::Api(Api::Assistants);
    }
    let is_vertex = |path: &str| {
        let named = path.contains("/publishers/") || path.contains("/endpoints/");
        named && (is_method(path) || path.ends_with("/chat/completions"))
    };
    if path.starts_with("/v1/projects/") || path.starts_with("/v1beta1/projects/") {
        let is_own = path.rsplit('/').next().is_some_and(|last| GOOGLES_OWN.contains(&last));
        return if is_own || is_vertex(path) { Endpoint::Api(Api::Vertex) } else { Endpoint::Other };
    }
    if let Some(below) = ["/v1beta/", "/v1alpha/", "/v1/"].iter().find_map(|start| path.strip_prefix(start)) {
        let is_tuned = matches!(below.split_once('/'), Some(("tunedModels" | "tunedmodels", _))) && is_method(below);
        if is_tuned || GOOGLES_OWN.contains(&below) {
            return Endpoint::Api(Api::Gemini);
        }
    }
    // Google's own tools call their models so: the body names them.
    if path.starts_with("/v1internal:") {
        return Endpoint::Api(Api::Gemini);
    }
    if path == "/v1beta/openai/chat/completions" || path == "/v1beta/openai/embeddings" {
        return Endpoint::Api(Api::Gemini);
    }
    if path.starts_with("/openai/deployments/") {
        return Endpoint::Api(Api::AzureOpenai);
    }
    let mut bedrock = named::VERBS.iter().chain(&["/invoke-with-bidirectional-stream", "/count-tokens"]);
    if path == "/async-invoke" || path.starts_with("/model/") && bedrock.any(|verb| path.ends_with(verb)) {
        return Endpoint::Api(Api::Bedrock);
    }
    Endpoint::Other
}

/// What of Google's names its model in the body and is not routed, and the same as [`normalise`] writes it.
const GOOGLES_OWN: [&str; 3] = ["cachedContents", "cachedcontents", "interactions"];

/// `name:verb` in the last segment, as Google's APIs write it.
fn is_method(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.rsplit_once(':').is_some_and(|(_, verb)| {
        verb.starts_with(|first: char| first.is_ascii_lowercase())
            && verb.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

/// Whether no server reads the path in another way: the common case, settled in one look.
fn is_plain(path: &str) -> bool {
    let mut last = 0;
    for byte in path.bytes() {
        let odd = match byte {
            b'%' | b';' | b'\\' | b'A'..=b'Z' | 0..=0x20 | 0x7F.. => true,
            b'/' | b'.' => last == b'/',
            _ => false,
        };
        if odd {
            return false;
        }
        last = byte;
    }
    last != b'/'
}

/// What the most forgiving server would make of the path.
fn loosely(path: &[u8], prefixes: &[String]) -> Endpoint {
    let prefixes: Vec<String> = prefixes.iter().map(|prefix| prefix.to_ascii_lowercase()).collect();
    let mut bytes = path.to_vec();
    // Proxies in a row may decode more than once.
    for _ in 0..3 {
        let decoded = percent::decode(&bytes);
        if decoded == bytes {
            break;
        }
        bytes = decoded;
    }
    // Where strings end at a NUL, what stands behind it is not read.
    let until_nul = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    for reading in [&bytes, until_nul] {
        match exactly(&normalise(reading), &prefixes) {
            Endpoint::Api(api) if !api.names_in_body() => return Endpoint::Api(api),
            Endpoint::Api(api) | Endpoint::Named(Named { api, .. }) | Endpoint::Ambiguous(api) => {
                return Endpoint::Ambiguous(api);
            }
            Endpoint::Other => {}
            list => return list,
        }
    }
    Endpoint::Other
}

/// Lower case, one slash between segments, no dot segments, no parameters, nothing that cannot be seen.
fn normalise(path: &[u8]) -> String {
    let mut bytes = path.to_vec();
    bytes.retain(|byte| !matches!(byte, 0..=0x20 | 0x7F));
    let text = String::from_utf8_lossy(&bytes).to_lowercase().replace('\\', "/");
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let mut segments: Vec<&str> = Vec::new();
    for segment in text.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Family;

    fn check(path: &str, expected: Endpoint) {
        assert_eq!(recognise(path.as_bytes(), &["/openai".to_owned(), "/Team".to_owned()]), expected, "{path}");
    }

    #[test]
    fn plain_spellings_are_served() {
        check("/v1/chat/completions", Endpoint::Api(Api::ChatCompletions));
        check("/v1/chat/completions?api-version=1", Endpoint::Api(Api::ChatCompletions));
        check("/openai/v1/chat/completions", Endpoint::Api(Api::ChatCompletions));
        check("/Team/v1/messages", Endpoint::Api(Api::Messages));
        check("/api/chat", Endpoint::Api(Api::OllamaChat));
        check("/v1/models", Endpoint::Models);
        check("/models", Endpoint::Models);
        check("/openai/models", Endpoint::Models);
        check("/api/tags", Endpoint::Tags);
        check("/v1/models/gpt-4o", Endpoint::Model("gpt-4o".into()));
        check("/v1/models/org/model", Endpoint::Model("org/model".into()));
    }

    #[test]
    fn a_base_may_end_without_v1() {
        for (path, api) in [
            ("/messages", Api::Messages),
            ("/Team/messages/count_tokens", Api::CountTokens),
            ("/responses", Api::Responses),
            ("/openai/responses/compact", Api::Responses),
            ("/openai/responses/input_tokens", Api::CountInputTokens),
            ("/openai/completions", Api::Completions),
            ("/audio/speech", Api::Speech),
            ("/audio/transcriptions", Api::Transcriptions),
            ("/Team/images/edits", Api::ImageEdits),
        ] {
            check(path, Endpoint::Api(api));
        }
    }

    #[test]
    fn a_call_under_an_unknown_base_looks_like_one() {
        check("/x/v1/chat/completions", Endpoint::Elsewhere(Api::ChatCompletions));
        check("/backend-api/codex/responses", Endpoint::Elsewhere(Api::Responses));
        check("/x//V1/messages", Endpoint::Elsewhere(Api::Messages));
    }

    #[test]
    fn models_in_paths_are_recognised() {
        let named = |path: &str, api: Api, family: Family, model: &str, stream: Option<bool>| {
            let only_counts = path.ends_with(":countTokens");
            check(path, Endpoint::Named(Named { api, family, model: model.to_owned(), stream, only_counts }));
        };
        named("/v1beta/models/gemini-Pro:generateContent", Api::Gemini, Family::Gemini, "gemini-Pro", Some(false));
        named("/Team/v1beta/models/g:streamGenerateContent?alt=sse", Api::Gemini, Family::Gemini, "g", Some(true));
        let azure = "/openai/deployments/My%2Dd/chat/completions?api-version=1";
        named(azure, Api::ChatCompletions, Family::Azure, "My-d", None);
        named("/model/a.claude-v2%3A1/converse", Api::Bedrock, Family::Bedrock, "a.claude-v2:1", Some(false));
        let vertex = "/v1/projects/p/locations/l/publishers/google/models/gemini:streamGenerateContent";
        named(vertex, Api::Vertex, Family::Gemini, "gemini", Some(true));
        check("/openai/responses?api-version=1", Endpoint::Api(Api::Responses));
        check("/v1beta/models/g:batchEmbedContents", Endpoint::Api(Api::Gemini));
        check("/v1beta/tunedModels/g:generateContent", Endpoint::Api(Api::Gemini));
        check("/openai/deployments/d/extensions/x", Endpoint::Api(Api::AzureOpenai));
        check("/x/v1beta/models/g:generateContent", Endpoint::Elsewhere(Api::Gemini));
        check("/v1/engines/Ada%20x/completions", Endpoint::Api(Api::Engines));
        check("/v1beta/models/G:batchEmbedContents", Endpoint::Api(Api::Gemini));
        check("/x/model/g/converse", Endpoint::Elsewhere(Api::Bedrock));
    }

    #[test]
    fn what_the_makers_own_clients_ask_for_is_known() {
        let model = |name: &str| Endpoint::Model(name.to_owned());
        for (path, expected) in [
            ("/api/show", Endpoint::Api(Api::OllamaShow)),
            ("/api/delete", Endpoint::Api(Api::OllamaModels)),
            ("/api//Pull", Endpoint::Ambiguous(Api::OllamaModels)),
            ("/v1/cachedContents", Endpoint::Api(Api::Gemini)),
            ("/v1beta//CachedContents", Endpoint::Ambiguous(Api::Gemini)),
            ("/v1/interactions", Endpoint::Api(Api::Gemini)),
            ("/v1/tunedModels/x:generateContent", Endpoint::Api(Api::Gemini)),
            ("/v1beta1/projects/p/locations/l/cachedContents", Endpoint::Api(Api::Vertex)),
            ("/v1beta/models?pageSize=3", Endpoint::Models),
            ("/v1beta/models/flash", model("flash")),
            ("/openai/models?api-version=1", Endpoint::Models),
            ("/openai/v1/models/gpt", model("gpt")),
            ("/models/org/gpt", model("org/gpt")),
            ("/models/chat/completions", Endpoint::Api(Api::AzureOpenai)),
            ("/v1/models/gpt/chat/completions", Endpoint::Elsewhere(Api::ChatCompletions)),
            ("/models/g:generateContent", Endpoint::Api(Api::Gemini)),
            ("/v1/realtime/calls?model=gpt", Endpoint::Api(Api::Realtime)),
            ("/v1/realtime/transcription_sessions", Endpoint::Api(Api::Realtime)),
            ("/openai/v1/realtime", Endpoint::Api(Api::Realtime)),
            ("/openai/realtime?deployment=gpt", Endpoint::Api(Api::Realtime)),
            ("/v1//Realtime/calls", Endpoint::Ambiguous(Api::Realtime)),
            ("/realtime/v1/websocket", Endpoint::Other),
            (
                "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
                Endpoint::Api(Api::Realtime),
            ),
            ("/model/m/count-tokens", Endpoint::Api(Api::Bedrock)),
            ("/async-invoke", Endpoint::Api(Api::Bedrock)),
            ("/v1internal:streamGenerateContent?alt=sse", Endpoint::Api(Api::Gemini)),
            ("/ollama/api/chat", Endpoint::Elsewhere(Api::OllamaChat)),
            ("/x/ollama/api/embed", Endpoint::Elsewhere(Api::OllamaEmbed)),
            ("/app/api/chat", Endpoint::Other),
            ("/other/v1/rerank", Endpoint::Elsewhere(Api::Rerank)),
            ("/backend-api/memories/trace_summarize", Endpoint::Elsewhere(Api::Responses)),
        ] {
            assert_eq!(recognise(path.as_bytes(), &[]), expected, "{path}");
        }
    }

    #[test]
    fn a_model_is_looked_up_by_any_name() {
        for (path, expected) in [
            ("/v1/models/qwen2.5:latest", Some("qwen2.5:latest")),
            ("/Team/v1/models/ft%3Agpt%3Aacme", Some("ft:gpt:acme")),
            ("/openai/models/org%2Fname?api-version=1", Some("org/name")),
            ("/v1/models/", None),
            ("/v1/files/x", None),
        ] {
            assert_eq!(looked_up(path.as_bytes(), &["/Team".to_owned()]).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_named_model_hides_no_call() {
        for (path, api) in [
            ("/openai/deployments/a/../b/chat/completions", Api::ChatCompletions),
            ("/openai/deployments/a%2F..%2F..%2Fb/chat/completions", Api::ChatCompletions),
            ("/openai/deployments/a/chat/completions/", Api::ChatCompletions),
            ("/OpenAI/deployments/a/chat/completions", Api::ChatCompletions),
            ("/openai/deployments/a/chat%2Fcompletions", Api::ChatCompletions),
            ("//openai/deployments/a/chat/completions", Api::ChatCompletions),
            ("/v1beta/models/a%252e:generateContent", Api::Gemini),
            ("/v1beta/models/a:b:generateContent", Api::Gemini),
            ("/v1beta/models/a:generateContent%20", Api::Gemini),
            ("/v1beta/Models/a:GenerateContent", Api::Gemini),
            ("/v1beta/models/../models/a:generateContent", Api::Gemini),
            ("/model/a%252Fb/converse", Api::Bedrock),
            ("/model/../model/a/converse", Api::Bedrock),
            ("/model/a/converse;x", Api::Bedrock),
            ("/model//converse", Api::Bedrock),
            ("/model/a/converse#x", Api::Bedrock),
        ] {
            check(path, Endpoint::Ambiguous(api));
        }
        check("/x//v1beta/models/g:generateContent", Endpoint::Elsewhere(Api::Gemini));
    }

    #[test]
    fn spellings_that_servers_read_differently_are_ambiguous() {
        for path in [
            "/v1/chat/completions/",
            "//v1/chat/completions",
            "/v1//chat/completions",
            "/V1/chat/completions",
            "/v1/Chat/Completions",
            "/v1/./chat/completions",
            "/v1/x/../chat/completions",
            "/v1/chat%2Fcompletions",
            "/v1/chat%252fcompletions",
            "/v1/%63hat/completions",
            "/v1/chat/completions;x=1",
            "/v1;a/chat/completions",
            "/v1\\chat\\completions",
            "/v1/chat/completions%20",
            "/v1/chat/completions%00",
            "/v1/chat/completions%00.png",
            "/v1/chat/completions%2500/x",
            "/v1/chat/completions#x",
            "/v1/chat/completions%3Fx",
            "/OPENAI/v1/chat/completions",
            "/team/v1/chat/completions/",
        ] {
            check(path, Endpoint::Ambiguous(Api::ChatCompletions));
        }
    }

    #[test]
    fn the_list_of_models_hides_no_call() {
        for (path, api) in [
            ("/v1/models/../chat/completions", Api::ChatCompletions),
            ("/v1/models/%2e%2e/chat/completions", Api::ChatCompletions),
            ("/v1/models/..%2fchat%2fcompletions", Api::ChatCompletions),
            ("/v1/models/a/../../messages", Api::Messages),
            ("/v1/models/../../api/chat", Api::OllamaChat),
            ("/v1/models/gemini-pro%3AgenerateContent", Api::Gemini),
            ("/v1/models/gemini-pro:generateContent/", Api::Gemini),
        ] {
            check(path, Endpoint::Ambiguous(api));
        }
        check("//v1/models/", Endpoint::Models);
        check("/v1/models/Qwen%2FQwen3", Endpoint::Model("Qwen%2FQwen3".into()));
    }

    #[test]
    fn a_model_in_the_query_is_seen() {
        for query in ["model=x", "a=b&MODEL=x", "mod%65l=x", "a;engine=x", "deployment_id"] {
            assert!(query_names_model(format!("/v1/chat/completions?{query}").as_bytes()), "{query}");
        }
        for path in ["/v1/chat/completions", "/v1/model=x", "/v1/chat/completions?api-version=1&x=model"] {
            assert!(!query_names_model(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn everything_else_is_somebody_elses() {
        for path in [
            "/",
            "/healthz",
            "/v1/files",
            "/v1/cha",
            "/v1/chat/completions/cmpl_1",
            "/rooms/7/messages",
            "/v1/x/messages",
            "/A%20b",
            "*",
        ] {
            check(path, Endpoint::Other);
        }
    }
}

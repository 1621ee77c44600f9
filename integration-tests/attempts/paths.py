"""Paths that some server takes for an LLM API, and paths that carry a model themselves."""

from attempts import CHAT, MESSAGES, SECRET, Attempt, Passes, Refused, Untouched, members

BAD = members(SECRET, MESSAGES)
SPELLING = Refused("pathSpelling", 404)
UNROUTABLE = Refused("unsupportedApi")

SPELLINGS = {
    "trailing-slash": "/v1/chat/completions/",
    "two-trailing-slashes": "/v1/chat/completions//",
    "double-slash-in-front": "//v1/chat/completions",
    "double-slash-inside": "/v1//chat/completions",
    "dot-segment": "/v1/./chat/completions",
    "dot-dot-segment": "/v1/files/../chat/completions",
    "dot-dot-at-the-root": "/../v1/chat/completions",
    "dot-at-the-end": "/v1/chat/completions/.",
    "dot-dot-at-the-end": "/v1/chat/completions/x/..",
    "encoded-dot-dot": "/v1/files/%2e%2e/chat/completions",
    "encoded-letter": "/v1/chat/%63ompletions",
    "encoded-first-letter": "/%761/chat/completions",
    "encoded-slash": "/v1/chat%2fcompletions",
    "encoded-slash-in-capitals": "/v1/chat%2Fcompletions",
    "double-encoded-slash": "/v1/chat%252fcompletions",
    "encoded-backslash": "/v1/chat%5ccompletions",
    "backslash": "/v1\\chat\\completions",
    "capitals": "/V1/CHAT/COMPLETIONS",
    "one-capital": "/v1/chat/Completions",
    "path-parameter": "/v1/chat/completions;x=1",
    "path-parameter-inside": "/v1/chat;x=1/completions",
    "encoded-nul": "/v1/chat/completions%00",
    "encoded-nul-and-more": "/v1/chat/completions%00.png",
    "dot-dot-behind-models": "/v1/models/../chat/completions",
    "encoded-dot-dot-behind-models": "/v1/models/%2e%2e/chat/completions",
    "encoded-slashes-behind-models": "/v1/models/..%2fchat%2fcompletions",
    "two-dot-dots-behind-models": "/v1/models/a/../../messages",
    "method-behind-models-encoded": "/v1/models/secret%3AgenerateContent",
    "method-behind-models-with-a-slash": "/v1/models/secret:generateContent/",
    "encoded-space": "/v1/chat/completions%20",
    "encoded-newline": "/v1/chat/completions%0a",
    "encoded-question-mark": "/v1/chat/completions%3Fx=1",
    "encoded-hash": "/v1/chat/completions%23x",
    "messages-in-capitals": "/V1/messages",
    "ollama-with-a-slash": "/api/chat/",
    "responses-encoded": "/v1/response%73",
}

IN_THE_PATH = {
    "azure-deployment": "/openai/deployments/secret/chat/completions?api-version=2024-10-21",
    "gemini": "/v1beta/models/secret:generateContent",
    "gemini-streaming": "/v1beta/models/secret:streamGenerateContent?alt=sse",
    "vertex": "/v1/projects/p/locations/l/publishers/google/models/secret:generateContent",
    "bedrock-converse": "/model/secret/converse",
    "bedrock-invoke": "/model/secret/invoke",
    "azure-v1": "/openai/v1/chat/completions",
    "vertex-openai": "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
    "engines": "/v1/engines/secret/completions",
}

PLAIN = members(b'"model":"open"', MESSAGES)

ATTEMPTS = [
    *(Attempt(f"path-{name}", SPELLING, BAD, path=path) for name, path in SPELLINGS.items()),
    *(Attempt(f"path-model-{name}", UNROUTABLE, BAD, path=path) for name, path in IN_THE_PATH.items()),
    Attempt("path-query-is-no-body", Passes(), PLAIN, path=CHAT + "?x-pointsman-cluster=secret"),
    Attempt("path-query-model", Refused("queryModel"), PLAIN, path=CHAT + "?model=secret"),
    Attempt("path-query-model-encoded", Refused("queryModel"), PLAIN, path=CHAT + "?a=1&MOD%45L=secret"),
    Attempt("path-empty-query", Passes(), PLAIN, path=CHAT + "?"),
    Attempt("path-query-with-slashes", Passes(), PLAIN, path=CHAT + "?/../../v1/chat/completions"),
    Attempt("path-one-segment-more", Untouched(), BAD, path=CHAT + "/extra"),
    Attempt("path-other-prefix", Untouched(), BAD, path="/elsewhere" + CHAT),
    Attempt("path-no-slash-between", Untouched(), BAD, path="/v1/chatcompletions"),
]

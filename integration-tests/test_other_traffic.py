"""What is no LLM call passes byte for byte; what is one but cannot be routed is refused in its API's shape, or
passes if the policy says so."""

import os

import pytest

POLICY = {"models": [{"name": "m", "cluster": "provider"}]}
INSTALLATION = {"default_cluster": "web", "buffer_limit": 4 << 20}
PERMISSIVE = {**POLICY, "onFailure": {"unsupportedApi": "pass"}}

NO_JSON = os.urandom(100_000)
BODIES = {
    "binary": NO_JSON,
    "json-with-two-models": b'{"model":"a","model":"b"}',
    "empty": b"",
    "form": b"model=secret&x=1",
    "pieces": [NO_JSON[:10], NO_JSON[10:50_000], NO_JSON[50_000:]],
}
PATHS = [
    "/",
    "/healthz",
    "/v1/files",
    "/v1/chats",
    "/v2/anything?model=x",
    "/A%20b//c;d",
    "/api/tags",
    "/v1/vector_stores/v/search",
]

MULTIPART = "multipart/form-data; boundary=B"
VIDEO = b'--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--B--\r\n'
UNROUTABLE = {
    "video": ("/v1/videos", MULTIPART, VIDEO),
    "batch": ("/v1/batches", "application/json", b'{"input_file_id":"file-1"}'),
    "gemini": (
        "/v1beta/models/gemini-pro:batchEmbedContents",
        "application/json",
        b'{"requests":[{"model":"models/m","content":{"parts":[{"text":"hi"}]}}]}',
    ),
}


@pytest.fixture(scope="module")
def permissive(started):
    return started(**INSTALLATION, policy=PERMISSIVE)


@pytest.mark.pairwise("world", "protocol")
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_is_no_llm_call_passes_byte_for_byte(edge, path, body, protocol):
    sent = b"".join(body) if isinstance(body, list) else body
    headers = [("content-type", "text/x-odd; a=b"), ("content-encoding", "none"), ("x-a", "1"), ("x-a", "2")]
    seen = edge.ask(path, body, headers, protocol=protocol)
    assert (seen.status, seen.upstream.provider, seen.upstream.target) == (200, "web", path.encode())
    assert seen.upstream.body == sent
    assert [value for name, value in seen.upstream.headers if name == b"x-a"] == [b"1", b"2"]
    assert seen.log["record"] is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH"])
def test_every_method_passes(edge, method):
    seen = edge.ask("/v1/files/file-1", None, [], method=method)
    assert (seen.status, seen.upstream.method) == (200, method.encode())


def whole_request(name: str) -> tuple[str, list, bytes]:
    path, content_type, body = UNROUTABLE[name]
    return path, [("content-type", content_type)], body


@pytest.mark.parametrize("name", UNROUTABLE)
def test_an_api_that_cannot_be_routed_is_refused_clearly(edge, name):
    path, headers, body = whole_request(name)
    seen = edge.ask(path, body, headers)
    assert (seen.reached, seen.record["action"], seen.record["reason"]) == ([], "deny", "unsupportedApi")
    error = seen.response.json()["error"]
    assert 400 <= seen.status < 502
    assert error["message"]
    if name == "gemini":
        assert (error["code"], type(error["status"])) == (seen.status, str)
    else:
        assert "code" in error


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("name", UNROUTABLE)
def test_an_api_that_cannot_be_routed_passes_if_the_policy_says_so(permissive, name, protocol):
    path, headers, body = whole_request(name)
    seen = permissive.ask(path, body, headers, protocol=protocol)
    assert (seen.status, seen.upstream.provider, seen.upstream.body) == (200, "web", body)
    assert (seen.record["action"], seen.record["reason"]) == ("pass", "unsupportedApi")
    permissive.assert_healthy()

"""In a mesh: requests are routed by the header matches of a VirtualService, to the hosts of ServiceEntries, in TLS.

Everything is what `pointsman render istio` prints, put through the stand-in for istiod: two plain WasmPlugins, or
the EnvoyFilter.
"""

import copy
import json
import subprocess

import anthropic
import openai
import pytest

from harness import llm, locations
from harness.edge import JSON
from harness.messages import Answer
from harness.waiting import wait_for
from istiod import rendered
from istiod.fixtures import shared_edge, world  # noqa: F401
from istiod.gateway import configure
from test_body_sizes import ASKED, CHAT, KILO, MEGA, WRITTEN, body_of

POLICY = {
    "models": [
        {
            "name": "gpt",
            "cluster": "openai",
            "upstreamModel": "gpt-2026-01-01",
            "contextWindow": 128000,
            "cost": {"inputPerMillion": 2.50, "outputPerMillion": 10},
        },
        {"name": "claude", "cluster": "anthropic", "apis": ["messages", "countTokens"]},
        {"name": "m", "cluster": "openai", "upstreamModel": "a-longer-name"},
        {"name": "secret", "cluster": "anthropic"},
    ],
    "aliases": [{"name": "auto"}],
    "tenants": [
        {
            "name": "everybody",
            "match": {"headers": [{"name": "x-team", "type": "RegularExpression", "value": ".*"}]},
            "models": {"deny": ["secret"]},
        }
    ],
    "rules": [
        {
            "name": "no <tags> & such",
            "match": {"keywords": ["laboratory"]},
            "deny": {"status": 403, "message": "not <for> the lab"},
        },
        {"name": "auto-goes-to-gpt", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "gpt"}]}},
    ],
    "onFailure": {"unknownTenant": "allow"},
}
INSTALLATION = {"default_cluster": "web"}
ASK = [{"role": "user", "content": "Where does this train go?"}]
PROTOCOLS = pytest.mark.parametrize("protocol", ["http1", "http2"])


@pytest.fixture
def answering(edge):
    """The gateway, with providers that answer as LLM servers do."""
    usual = {name: provider.answer for name, provider in edge.providers.items()}
    for provider in edge.providers.values():
        provider.answer = llm.answer
    yield edge
    for name, provider in edge.providers.items():
        provider.answer = usual[name]


# Routes.


@PROTOCOLS
@pytest.mark.parametrize(
    ("path", "model", "cluster"),
    [(CHAT, "gpt", "openai"), (CHAT, "auto", "openai"), ("/v1/messages", "claude", "anthropic")],
)
def test_a_request_goes_to_the_host_of_its_models_cluster(edge, path, model, cluster, protocol):
    seen = edge.ask(path, {"model": model, "messages": ASK}, protocol=protocol)
    host = rendered.host_of(cluster)
    assert (seen.status, seen.upstream.provider, seen.upstream.header("host")) == (200, cluster, host)
    assert seen.log["cluster"] == f"outbound|443||{host};"
    assert set(edge.providers[cluster].server_names) == {host}
    assert seen.record["cluster"] == cluster


def test_no_header_of_pointsmans_reaches_a_provider(edge):
    steering = [("x-pointsman-cluster", "anthropic"), ("x-pointsman-anything", "x")]
    for body, path in [({"model": "gpt", "messages": ASK}, CHAT), (b"anything", "/upload")]:
        seen = edge.ask(path, body, [JSON, *steering])
        assert seen.status == 200
        assert [name for name, _ in seen.upstream.headers if name.lower().startswith(b"x-pointsman")] == []


@pytest.mark.parametrize(
    "cluster", ["openai", "anthropic", "web", "pointsman-undecided", "outbound|443||anthropic.providers.example"]
)
def test_a_client_cannot_choose_the_route(edge, cluster):
    steering = ("x-pointsman-cluster", cluster)
    assert edge.chat("gpt", headers=[steering]).reached == ["openai"]
    assert edge.ask("/healthz", None, [steering], method="GET").reached == ["web"]
    assert edge.chat("unheard-of", headers=[steering]).reached == []


def test_what_is_no_llm_call_goes_where_everything_else_goes(edge):
    seen = edge.ask("/upload", b"{not json")
    assert (seen.status, seen.upstream.provider, seen.upstream.body, seen.log["record"]) == (
        200,
        "web",
        b"{not json",
        None,
    )


def test_the_policy_is_the_one_that_was_written(edge, tmp_path):
    """On its way through a protobuf Struct, keys are sorted, numbers become doubles and some characters escapes."""
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    body = {"model": "gpt", "messages": ASK}
    (tmp_path / "body.json").write_text(json.dumps(body))
    command = [
        locations.cli(),
        "explain",
        tmp_path / "policy.json",
        "--request",
        tmp_path / "body.json",
        "--output",
        "json",
    ]
    explained = json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
    assert edge.ask(CHAT, body).record == explained


def test_a_refusal_says_what_the_policy_says(edge):
    refused = edge.ask(CHAT, {"model": "gpt", "messages": [{"role": "user", "content": "for the laboratory"}]})
    assert (refused.status, refused.response.json()["error"]["message"]) == (403, "not <for> the lab")
    assert edge.chat("secret", headers=[("x-team", "a")]).record["reason"] == "noCandidate"


# Bodies.


@PROTOCOLS
@pytest.mark.parametrize("model", ["first", "last"])
@pytest.mark.parametrize("size", [KILO, 64 * KILO, MEGA, 5 * MEGA], ids=["1KB", "64KB", "1MB", "5MB"])
def test_a_body_of_any_size_arrives_exactly(edge, size, model, protocol):
    seen = edge.ask(CHAT, body_of(size, model, ASKED), protocol=protocol)
    assert seen.status == 200
    assert seen.upstream.body == body_of(size, model, WRITTEN)
    assert seen.upstream.header("content-length") == str(len(seen.upstream.body))


@PROTOCOLS
def test_a_body_of_nothing_is_refused(edge, protocol):
    seen = edge.ask(CHAT, b"", protocol=protocol)
    assert (seen.status, seen.record["reason"], seen.reached) == (400, "noBody", [])


@PROTOCOLS
def test_a_body_in_pieces_is_routed(edge, protocol):
    seen = edge.ask(CHAT, [b'{"messages":[],', b'"mod', b'el":"m"', b"}"], protocol=protocol)
    assert (seen.status, seen.upstream.body) == (200, b'{"messages":[],"model":"a-longer-name"}')


# The official clients.


def test_openais_client_is_served(answering):
    with openai.OpenAI(
        base_url=f"{answering.url}/v1", api_key="k", max_retries=0, timeout=60, default_headers={"host": "edge.test"}
    ) as client:
        reply = client.chat.completions.create(model="gpt", messages=ASK)
        assert reply.choices[0].message.content == "openai as gpt-2026-01-01"
        chunks = list(client.chat.completions.create(model="auto", messages=ASK, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).strip() == "openai as gpt-2026-01-01"
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="unheard-of", messages=ASK)


def test_anthropics_client_is_served(answering):
    with anthropic.Anthropic(
        base_url=answering.url, api_key="k", max_retries=0, timeout=60, default_headers={"host": "edge.test"}
    ) as client:
        reply = client.messages.create(model="claude", max_tokens=10, messages=ASK)
        assert reply.content[0].text == "anthropic as claude"
        with client.messages.stream(model="claude", max_tokens=10, messages=ASK) as stream:
            assert "".join(stream.text_stream).strip() == "anthropic as claude"
        with pytest.raises(anthropic.NotFoundError):
            client.messages.create(model="unheard-of", max_tokens=10, messages=ASK)


# Retries, and what istiod pushes.


@pytest.mark.parametrize(("status", "tries", "final"), [(503, 2, 200), (503, 9, 503), (429, 1, 429), (500, 1, 500)])
def test_the_routes_retries_are_istios(edge, monkeypatch, status, tries, final):
    """Two more tries for 503, with the whole body each; none for an answer that is the client's to see."""
    bodies = []

    def answer(request) -> Answer:
        bodies.append(request.body)
        return Answer.of({}, status if len(bodies) <= tries else 200)

    monkeypatch.setattr(edge.providers["openai"], "answer", answer)
    assert edge.ask(CHAT, {"model": "m", "messages": ASK}).status == final
    assert len(bodies) == (1 if status != 503 else min(tries, 2) + 1)
    assert {json.loads(body)["model"] for body in bodies} == {"a-longer-name"}


def router(edge) -> str:
    (name,) = [
        name
        for name in edge.mesh.snapshot().extensions
        if name.endswith(("router", "router~istio-translated-wasmplugin"))
    ]
    return name


def test_the_extension_has_the_name_that_this_istio_gives_it(edge, world):
    version, hold = world
    names = {
        ("1.36.4", "gate"): "extensions.istio.io/wasmplugin/istio-ingress.pointsman-router",
        (
            "1.40.0",
            "gate",
        ): "extensions.istio.io/trafficextension/istio-ingress.pointsman-router~istio-translated-wasmplugin",
        ("1.40.0", "stop"): "pointsman-router",
    }
    assert router(edge) == names[version, hold]
    assert edge.envoy.discovery(router(edge))["config_reload"] >= 1


def test_a_bad_policy_is_not_acknowledged_and_the_old_one_serves(edge):
    rejected = edge.envoy.discovery(router(edge))["update_rejected"]
    edge.push({"models": [{"name": "m", "cluster": "openai"}], "aliases": [{"name": "a", "model": "nobody"}]})
    wait_for("the rejection", lambda: edge.envoy.discovery(router(edge))["update_rejected"] == rejected + 1)
    assert edge.chat("gpt").status == 200
    edge.push(POLICY)
    edge.envoy.accept_log()


def test_a_plugin_that_is_new_and_bad_lets_nothing_pass_until_it_is_right(edge):
    """As in a new pod: there is no old configuration that could serve. Envoy counts as ready, and answers everything
    with a 500."""
    before = copy.deepcopy(edge.mesh.manifests)
    configure(edge.mesh.manifests, {"models": "none"})
    rename_router(edge.mesh.manifests)
    edge.mesh.push()
    wait_for(
        "the new listener on every worker",
        lambda: all(seen.status != 200 for seen in edge.chat_with_each_worker("gpt")),
    )
    for seen in (edge.chat("gpt"), edge.ask("/healthz", None, method="GET")):
        assert (seen.status, seen.log["flags"], seen.reached) == (500, "NFCF", [])
    edge.mesh.manifests[:] = before
    edge.mesh.push()
    wait_for(
        "the old plugin on every worker", lambda: all(seen.status == 200 for seen in edge.chat_with_each_worker("gpt"))
    )
    edge.envoy.accept_log()


def rename_router(manifests: list[dict]) -> None:
    for resource in manifests:
        if resource["spec"].get("pluginConfig", {}).get("role") == "router":
            resource["metadata"]["name"] = "renamed"
        for patch in resource["spec"].get("configPatches", []):
            if patch["applyTo"] in ("EXTENSION_CONFIG", "HTTP_FILTER"):
                patch["patch"]["value"]["name"] = "renamed-router"

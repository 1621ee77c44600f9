"""The Envoys between the oldest and the newest, and the table of what is supported (docs/supported.md)."""

import re

import pytest

from harness import chain, locations, pages
from harness.chain import assert_body, assert_own
from harness.failover import WORLDS, Setting, World, running

BETWEEN = sorted({world.version for world in WORLDS} - set(locations.ENVOY_VERSIONS))
BODY = b'{"messages":[{"role":"user","content":"hi"}],\n "model": "MODEL" , "n":1.0e0}'


@pytest.fixture(
    scope="module",
    params=[World(version, "aggregate", hold) for version in BETWEEN for hold in ("stop", "gate")],
    ids=str,
)
def edge(request, tmp_path_factory):
    setting = Setting(request.param, chain.POLICY, clusters=chain.CLUSTERS, keys=chain.KEYS)
    with running(setting, tmp_path_factory.mktemp("edge")) as edge:
        yield edge


@pytest.fixture(autouse=True)
def healthy(request):
    yield
    if "edge" in request.fixturenames:
        request.getfixturevalue("edge").assert_healthy()


def ask(edge, model: bytes, **more):
    return edge.ask(chain.CHAT, BODY.replace(b"MODEL", model), **more)


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_request_is_routed_and_only_the_model_changes(edge, protocol):
    seen = ask(edge, b"gamma", protocol=protocol)
    assert (seen.status, seen.upstream.provider) == (200, "third")
    assert_body(seen.upstream, BODY.replace(b"MODEL", b"gamma"), chain.OWN["third"].model)


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_what_can_be_read_in_two_ways_is_refused(edge, protocol):
    seen = edge.ask(chain.CHAT, b'{"model":"gamma","model":"alpha","messages":[]}', protocol=protocol)
    assert (seen.status, seen.response.json()["error"]["code"], seen.reached) == (400, "duplicateKey", [])


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_failing_provider_is_followed_by_the_next(edge, protocol):
    edge.providers["first"].fail("503")
    edge.providers["second"].fail("reset")
    seen = ask(edge, b"auto", protocol=protocol)
    assert (seen.status, seen.record["answeredBy"], seen.record["attempt"]) == (200, "gamma", 3)
    for request in edge.arrived(seen.test_id):
        assert_own(request, BODY.replace(b"MODEL", b"auto"))


def rows() -> list[list[str]]:
    return pages.page("docs/supported.md").table("support")


def test_the_table_says_what_is_tested():
    tested = {
        version: [world.mechanism for world in WORLDS if world.version == version]
        for version in {world.version for world in WORLDS}
    }
    described = {row[0]: row[1:] for row in rows()}
    assert {version for version, cells in described.items() if cells[0] != "untested"} == set(tested)
    for version, mechanisms in tested.items():
        stop, gate, behind_stop, behind_gate, named = described[version]
        router = "all tests" if version in locations.ENVOY_VERSIONS else "basic tests"
        assert (stop, gate, behind_stop, behind_gate) == (router, router, "all tests", router)
        assert re.findall(r"`(\w+)`", named) == mechanisms

"""Behind a real Envoy Gateway: what `render envoy-gateway` prints, as it is printed, routes, refuses and is updated
under load. Envoy Gateway pulls both images from a registry, and Envoy takes them from Envoy Gateway."""

import pytest

from harness.corpus import ATTEMPTS, GUEST, POLICIES, Attempt
from harness.edge import JSON
from mesh import envoy_gateway
from test_bypass import assert_nothing_forbidden_happened, assert_outcome
from test_doctor import examine_at
from test_istio_bypass import READ_BY_THE_MESH

POLICY = POLICIES["model-decides"]
WEB = "web"
WORLDS = [("1.36.4", "files"), ("1.40.0", "files"), ("1.40.0", "objects")]
"""`files` is Envoy Gateway's file provider, `objects` those of the API server."""
ASKED = {"model": "open", "messages": [{"role": "user", "content": "Where does this train go?"}]}
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module", params=WORLDS, ids="-".join)
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(registry, world, control, tmp_path_factory):
    folder = tmp_path_factory.mktemp("envoy-gateway") / "eg"
    with envoy_gateway.running(registry, world[0], folder, POLICY, WEB, concurrency=2, control=control) as edge:
        yield edge


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize(
    "body",
    [ASKED, [b'{"messages":[],', b'"model":', b'"open"}'], {**ASKED, "user": "x" * 300_000}],
    ids=["small", "pieces", "300KB"],
)
def test_a_request_is_routed(edge, body, protocol):
    seen = edge.ask(CHAT, body, [JSON, GUEST], protocol=protocol)
    assert (seen.status, seen.upstream.provider, seen.upstream.json()["model"]) == (200, "open", "open")
    assert seen.record["cluster"] == "open"
    assert [name for name, _ in seen.upstream.headers if name.lower().startswith(b"x-pointsman")] == []


def test_a_client_cannot_choose_the_route(edge):
    for cluster in ("secret", "web", "pointsman-undecided"):
        seen = edge.ask(CHAT, ASKED, [JSON, GUEST, ("x-pointsman-cluster", cluster)])
        assert (seen.status, seen.reached) == (200, ["open"])


def test_what_is_no_llm_call_goes_to_the_default(edge):
    seen = edge.ask("/upload", b"{not json")
    assert (seen.status, seen.upstream.provider, seen.upstream.body) == (200, WEB, b"{not json")


@pytest.mark.pairwise("world", runs=1)
@pytest.mark.parametrize("attempt", [attempt for attempt in ATTEMPTS if attempt.table not in READ_BY_THE_MESH], ids=str)
def test_an_attempt_in_the_body_ends_as_its_table_says(edge, world, attempt: Attempt):
    protocol = {"1.36.4": "http1", "1.40.0": "http2"}[world[0]]
    seen = edge.ask(attempt.path, attempt.body, [GUEST, *attempt.headers], attempt.method, protocol)
    assert_nothing_forbidden_happened(edge, seen)
    assert_outcome(seen, attempt, attempt.outcome_in(protocol, "model-decides"))


def test_doctor_finds_both_instances_in_order(edge, world):
    examined = examine_at((edge.gateway.folder / "admin-address").read_text())
    # Envoy Gateway has no setting for what happens after a module has failed. Envoy before 1.38 gives up the retries of
    # a body beyond half of the limit; Envoy Gateway 1.9 is made for newer ones.
    expected = ["fail-closed"] + ["buffer-too-small-for-retries"] * (world[0] == "1.36.4")
    assert examined.findings == expected, examined.report
    roles = [instance["role"] for instance in examined.report["instances"]]
    assert roles[:2] == ["router", "gate"], examined.report

"""Router and gate with a virtual machine and a module each, as Envoy Gateway installs them: they share nothing but the
request. Modules come from files, and from a server that Envoy asks for both at once.
"""

import dataclasses
import json
import subprocess
import threading

import pytest

from harness import bootstrap, locations
from harness import edge as edges
from harness.bootstrap import Chain
from harness.corpus import ATTEMPTS, GUEST, POLICIES
from harness.edge import JSON
from harness.envoy import Envoy
from harness.http1 import Http1, head
from harness.waiting import wait_for
from test_bypass import assert_nothing_forbidden_happened, assert_outcome

CHAT = "/v1/chat/completions"
APART = Chain(("router", "gate"), False, apart=True)
ROUTER_ALONE = Chain(("router",), False, apart=True)
POLICY = {"models": [{"name": "m", "cluster": "provider", "upstreamModel": "m-2026"}]}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module", params=locations.ENVOY_VERSIONS)
def world(request):
    return request.param, "gate"


def assert_routed(seen) -> None:
    assert (seen.status, seen.upstream.provider, seen.upstream.json()["model"]) == (200, "provider", "m-2026")
    # What the router took away so that no route would fit is back.
    assert seen.upstream.header("x-forwarded-proto") == "http"
    assert seen.upstream.header("x-pointsman-cluster") is None


class TestRight:
    @pytest.fixture(scope="class", params=["files", "fetched"])
    @classmethod
    def shared_edge(cls, started, request):
        return started(chain=APART, default_cluster="web", fetched=request.param == "fetched", concurrency=2)

    @pytest.mark.parametrize("protocol", ["http1", "http2"])
    @pytest.mark.parametrize(
        "body",
        [ASKED, [b'{"messages":[],', b'"model":', b'"m"}'], {**ASKED, "user": "x" * 300_000}],
        ids=["small", "pieces", "300KB"],
    )
    def test_a_request_is_routed(self, edge, body, protocol):
        for _ in range(3):
            assert_routed(edge.ask(CHAT, body, protocol=protocol))

    def test_every_worker_has_both(self, edge):
        for seen in edge.ask_each_worker(CHAT, ASKED):
            assert_routed(seen)

    @pytest.mark.parametrize("protocol", ["http1", "http2"])
    def test_a_refusal_is_said(self, edge, protocol):
        seen = edge.ask(CHAT, {**ASKED, "model": "other"}, protocol=protocol)
        assert (seen.status, seen.reached, seen.record["reason"]) == (404, [], "unknownModel")
        # The access log still knows the path.
        assert seen.log["path"] == CHAT

    def test_other_traffic_is_left_alone(self, edge):
        for body in (None, b"{" * 1000):
            seen = edge.ask("/upload", body, method="POST")
            assert (seen.status, seen.upstream.provider) == (200, "web")

    @pytest.mark.parametrize("protocol", ["http1", "http2"])
    def test_a_client_cannot_pose_as_the_router(self, edge, protocol):
        for cluster in ("pointsman-undecided", "web"):
            assert_routed(edge.ask(CHAT, ASKED, [JSON, ("x-pointsman-cluster", cluster)], protocol=protocol))

    @pytest.mark.parametrize("protocol", ["http1", "http2"])
    def test_what_the_router_takes_away_comes_back_as_it_was(self, edge, protocol):
        """This listener believes clients. Envoy finds no route for an empty one, with or without Pointsman."""
        for said in ("https", "pointsman-undecided"):
            seen = edge.ask(CHAT, ASKED, [JSON, ("x-forwarded-proto", said)], protocol=protocol)
            assert (seen.status, seen.upstream.provider) == (200, "provider")
            assert seen.upstream.header("x-forwarded-proto") == said
        for path in (CHAT, "/upload"):
            seen = edge.ask(path, ASKED, [JSON, ("x-forwarded-proto", "")], protocol=protocol)
            assert (seen.status, seen.reached) == (404, [])


class TestBypass:
    @pytest.fixture(scope="class")
    @classmethod
    def shared_edge(cls, started):
        policy = POLICIES["model-decides"]
        return started(chain=APART, default_cluster="web", buffer_limit=4 << 20, policy=policy)

    @pytest.mark.parametrize("protocol", ["http1", "http2"])
    @pytest.mark.parametrize("attempt", ATTEMPTS[::6], ids=str)
    def test_an_attempt_ends_as_its_table_says(self, edge, attempt, protocol):
        seen = edge.ask(attempt.path, attempt.body, [GUEST, *attempt.headers], attempt.method, protocol)
        assert_nothing_forbidden_happened(edge, seen)
        assert_outcome(seen, attempt, attempt.outcome_in(protocol, "model-decides"))


class TestPush:
    @pytest.fixture(scope="class")
    @classmethod
    def shared_edge(cls, started):
        return started(chain=APART, discovered=True, concurrency=2)

    def test_a_new_policy_takes_over_under_load(self, edge):
        policy = lambda number: {"models": [{**POLICY["models"][0], "upstreamModel": f"v{number}"}]}  # noqa: E731
        body = json.dumps(ASKED).encode()
        request = head("POST", CHAT, [("host", "e"), JSON, ("content-length", str(len(body)))]) + body
        over, statuses = threading.Event(), []

        def load():
            with Http1(edge.port) as client:
                while not over.is_set():
                    client.send(request)
                    statuses.append(client.response().status)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for number in range(1, 5):
                edge.push(policy(number))
                wait_for(
                    "the policy on every worker",
                    lambda number=number: (
                        {seen.upstream.json()["model"] for seen in edge.ask_each_worker(CHAT, ASKED)} == {f"v{number}"}
                    ),
                )
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert len(statuses) > 100
        assert set(statuses) == {200}


@dataclasses.dataclass(frozen=True)
class Mistake:
    chain: Chain
    said: str
    elsewhere: Chain | None = None
    more: dict = dataclasses.field(default_factory=dict)


MISSING, FIRST = "role: gate", "right behind the router"
MISTAKES = {
    "router-alone": Mistake(ROUTER_ALONE, MISSING),
    "router-alone-where-routes-ignore-the-header": Mistake(ROUTER_ALONE, MISSING, more={"catch_all": "web"}),
    "gate-first": Mistake(Chain(("gate", "router"), False, apart=True), FIRST),
    "gate-on-both-sides": Mistake(Chain(("gate", "router", "gate"), False, apart=True), FIRST),
    "gate-elsewhere": Mistake(ROUTER_ALONE, MISSING, elsewhere=APART),
    "gate-elsewhere-in-the-routers-machine": Mistake(ROUTER_ALONE, MISSING, elsewhere=Chain(("router", "gate"), False)),
    "gate-elsewhere-and-all-in-one-machine": Mistake(
        Chain(("router",), False), MISSING, elsewhere=Chain(("router", "gate"), False), more={"catch_all": "web"}
    ),
}


class TestWrong:
    @pytest.fixture(scope="class", params=MISTAKES.values(), ids=MISTAKES.keys())
    @classmethod
    def mistake(cls, request):
        return request.param

    @pytest.fixture(scope="class")
    @classmethod
    def shared_edge(cls, started, mistake):
        return started(chain=mistake.chain, elsewhere=mistake.elsewhere, **{"default_cluster": "web", **mistake.more})

    @pytest.mark.parametrize("protocol", ["http1", "http2"])
    @pytest.mark.parametrize(
        "body",
        [ASKED, [b'{"model":"m",', b'"messages":[]}'], {**ASKED, "user": "x" * 300_000}],
        ids=["small", "pieces", "300KB"],
    )
    def test_an_llm_call_is_answered_with_a_500_and_goes_nowhere(self, edge, mistake, body, protocol):
        for headers in ([JSON], [JSON, ("x-pointsman-cluster", "pointsman-undecided"), ("x-forwarded-proto", "https")]):
            seen = edge.ask(CHAT, body, headers, protocol=protocol)
            assert (seen.status, seen.reached) == (500, [])
            assert mistake.said in seen.response.json()["error"]["message"]
            assert (seen.record["action"], seen.record["reason"]) == ("deny", "installation")

    def test_the_log_says_what_to_do(self, edge, mistake):
        edge.ask(CHAT, ASKED)
        wait_for("a line in Envoy's log", lambda: mistake.said in edge.envoy.log())

    def test_other_traffic_is_left_alone(self, edge):
        seen = edge.ask("/healthz", None, [], method="GET")
        assert (seen.status, seen.reached) == (200, ["web"])


class TestOdd:
    """Wrong, and nothing that the module could refuse: doctor's to say."""

    @pytest.mark.parametrize("protocol", ["http1", "http2"])
    def test_a_gate_too_many_costs_and_does_no_harm(self, started, protocol):
        edge = started(chain=Chain(("router", "gate", "gate"), False, apart=True))
        for _ in range(3):
            assert_routed(edge.ask(CHAT, ASKED, protocol=protocol))

    def test_a_gate_alone_holds_nothing_up(self, started):
        edge = started(chain=Chain(("gate",), False, apart=True), default_cluster="web")
        for headers in ([JSON], [JSON, ("x-pointsman-cluster", "pointsman-undecided")]):
            seen = edge.ask(CHAT, ASKED, headers)
            assert (seen.status, seen.reached) in ((200, ["web"]), (503, []))


def examined(edge) -> str:
    address = (edge.folder / "admin-address").read_text()
    done = subprocess.run([locations.cli(), "doctor", address], capture_output=True, text=True, timeout=60)
    return done.stdout


class TestNotLoaded:
    """The gate stands where it must, and its module is not there."""

    STAND = "router and gate stand where they must"

    def test_doctor_sees_that_the_gate_is_not_there(self, started, monkeypatch):
        own = edges.module_of

        def module_of(installation, chain, role, policy):
            lost = bootstrap.remote("http://modules/no-such-module.wasm", "0" * 64)
            return lost if role == "gate" else own(installation, chain, role, policy)

        monkeypatch.setattr(edges, "module_of", module_of)
        edge = started(chain=APART, fetched=True, default_cluster="web")
        for protocol in ("http1", "http2"):
            seen = edge.ask(CHAT, ASKED, protocol=protocol)
            assert (seen.status >= 500, seen.reached) == (True, [])
        said = examined(edge)
        assert "(module-not-loaded)" in said and "(download-failed)" in said, said
        assert self.STAND not in said

    def test_one_module_for_both_is_fetched_twice_and_nothing_goes_astray(self, started):
        """Envoy says `failed to load (in progress)` of the second, and may or may not get it in the end."""
        edge = started(chain=APART, module=locations.module(), fetched=True, default_cluster="web")
        seen = edge.ask(CHAT, ASKED)
        if seen.status == 200:
            assert_routed(seen)
            assert self.STAND in examined(edge)
        else:
            assert (seen.status >= 500, seen.reached) == (True, [])
            assert "(module-not-loaded)" in examined(edge)


def test_the_gate_takes_only_its_own_configuration(tmp_path):
    config = {"role": "router", "policy": POLICY}
    plugin = bootstrap.wasm_filter("router", config, locations.gate_module(), flag=False)
    listener = bootstrap.listener("edge", [{"name": "g", "typed_config": plugin}], None, tmp_path / "access.log", None)
    with pytest.raises(AssertionError):
        Envoy(locations.NEWEST_ENVOY, json.dumps(bootstrap.bootstrap([listener], [])), tmp_path)
    assert "this module is Pointsman's gate alone" in (tmp_path / "envoy.log").read_text()

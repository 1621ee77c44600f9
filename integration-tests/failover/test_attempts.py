"""Whatever a provider does wrong, the next one gets the request as its own; what no retry can mend reaches the
client."""

import pytest

from harness import chain
from harness.chain import assert_own
from harness.edge import CUT_OFF, JSON
from harness.failover import EACH_VERSION, GATES, SHORT_IDLE, WORLDS
from harness.pairing import WHOLE

POLICY = {**chain.POLICY, "visibility": {"responseHeaders": True}}
SETTING = {"keys": chain.KEYS, "clusters": chain.CLUSTERS, "idle": SHORT_IDLE}
RUN_IN = (*(WORLDS if WHOLE else EACH_VERSION), *GATES)
BODY = b'{"messages":[{"role":"user","content":"Where does this train go?"}],\n "model": "auto" , "n":1.0e0}'
ASKED = (JSON, ("authorization", chain.CLIENTS_KEY))

BEFORE_THE_ANSWER = (
    "refuse", "reset", "resetInBody", "hang", "slow", "500", "503", "529", "429", "shouldRetry",
)  # fmt: skip


def ask(edge, **more):
    return edge.ask(chain.CHAT, BODY, ASKED, **more)


@pytest.mark.pairwise("world", runs=5)
@pytest.mark.parametrize("failure", BEFORE_THE_ANSWER)
def test_the_next_provider_gets_the_request_as_its_own(edge, failure):
    edge.providers["first"].fail(failure)
    seen = ask(edge)
    assert (seen.status, seen.response.json()["served_by"]) == (200, "second")
    *failed, answered = edge.arrived(seen.test_id)
    assert answered.provider == "second"
    assert [request.provider for request in failed] == ([] if failure == "refuse" else ["first"])
    for request in (request for request in (*failed, answered) if request.complete):
        assert_own(request, BODY)
    assert seen.record["answeredBy"] == "beta"


@pytest.mark.pairwise("world", runs=5)
@pytest.mark.parametrize("failure", BEFORE_THE_ANSWER)
def test_after_two_failures_the_third_provider_gets_its_own(edge, failure):
    edge.providers["first"].fail("500")
    edge.providers["second"].fail(failure)
    seen = ask(edge, protocol="http2")
    assert (seen.status, seen.response.json()["served_by"]) == (200, "third")
    for request in (request for request in edge.arrived(seen.test_id) if request.complete):
        assert_own(request, BODY)
    assert (seen.record["answeredBy"], seen.record["answeredFrom"], seen.record["attempt"]) == ("gamma", "third", 3)


LAST_WORDS = {"500": 500, "503": 503, "529": 529, "429": 429}


@pytest.mark.pairwise("world", runs=5)
@pytest.mark.parametrize("failure", LAST_WORDS)
def test_when_all_fail_the_client_gets_the_last_providers_own_error(edge, failure):
    edge.providers["first"].fail("503")
    edge.providers["second"].fail("hang")
    edge.providers["third"].fail(failure)
    seen = ask(edge)
    assert (seen.status, seen.response.json()["error"]["provider"]) == (LAST_WORDS[failure], "third")
    assert seen.response.header("retry-after") == ("2" if failure == "429" else None)
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["first", "second", "third"]


@pytest.mark.pairwise("world", runs=5)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_an_error_that_is_the_requests_own_is_not_tried_elsewhere(edge, status):
    edge.providers["first"].fail(str(status))
    seen = ask(edge)
    assert (seen.status, seen.response.json()["error"]["provider"]) == (status, "first")
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["first"]


@pytest.mark.pairwise("world", "protocol", runs=5)
@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("failure", ["resetAfterHeaders", "resetAfterEvent", "errorEvent"])
def test_what_breaks_after_the_first_event_reaches_the_client(edge, failure, protocol):
    edge.providers["first"].fail(failure)
    seen = ask(edge, protocol=protocol)
    assert [request.provider for request in edge.arrived(seen.test_id)] == ["first"]
    if failure != "errorEvent":
        assert seen.status == CUT_OFF
    else:
        assert (seen.status, b'"error"' in seen.response.body) == (200, True)


def test_a_model_of_its_own_name_fails_alone(edge):
    edge.providers["third"].fail("500")
    seen = edge.chat("gamma")
    assert (seen.status, seen.response.json()["error"]["provider"]) == (500, "third")
    assert len(edge.arrived(seen.test_id)) == 1

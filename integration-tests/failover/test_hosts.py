"""Which host an attempt asks for: its provider's, or the client's where the provider has none of its own."""

import pytest

from harness import chain
from harness.failover import ENDS, GATES

POLICY = chain.POLICY
SETTING = {"clusters": {"second": {"authority": "second.example"}}}
RUN_IN = (*ENDS, *GATES)


@pytest.mark.parametrize("failure", ["503", "refuse"])
def test_a_host_does_not_outlive_its_attempt(edge, failure):
    edge.providers["first"].fail(failure)
    edge.providers["second"].fail("503")
    seen = edge.chat("auto")
    assert (seen.status, seen.record["answeredBy"]) == (200, "gamma")
    hosts = {request.provider: request.header("host") for request in edge.arrived(seen.test_id)}
    assert hosts == {
        "second": "second.example",
        "third": "edge.test",
        **({"first": "edge.test"} if failure == "503" else {}),
    }

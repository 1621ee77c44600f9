"""In a real mesh: istiod goes and comes while requests are on their way, and nobody notices."""

import pytest

from harness.waiting import wait_for
from mesh.kubernetes import Refused
from mesh.load import FreshLoad
from test_policy_push import ASKED, CHAT, model_asked_for, policy, serves

POLICY = policy(0)
INSTALLATION = {"default_cluster": "web", "concurrency": 2}


@pytest.fixture(scope="module", params=[pytest.param(("1.40.0", hold), id=hold) for hold in ("gate", "stop")])
def world(request):
    return request.param


def test_istiod_is_restarted_under_load(edge, istiod):
    edge.providers["provider"].answer = model_asked_for
    edge.push(policy(0))
    wait_for("the first policy", lambda: serves(edge, "version-0"))
    with FreshLoad(edge, CHAT, ASKED) as load:
        istiod.program.kill()
        load.wait_for_more(200)
        # Nobody validates now, so nothing of Istio's is taken; what is there goes on serving.
        with pytest.raises(Refused, match="failed calling webhook"):
            edge.push(policy(1))
        istiod.program.start()
        istiod.wait_until_ready()
        load.wait_for_more(200)
        edge.push(policy(2))
        load.wait_for("version-2", within=120)
    assert load.failures == [], load.failures[:3]


def test_a_gateway_takes_no_more_memory_than_its_page_says(edge):
    """docs/istio.md has what this prints; a busy machine's allocator may take a little more."""
    edge.chat("m")
    megabytes = pid_memory(edge.envoy.pid)
    print(f"Envoy with two workers: {megabytes} MB")
    assert megabytes < 160


def pid_memory(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024

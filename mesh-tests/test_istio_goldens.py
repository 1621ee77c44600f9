"""What the real istiod prints for the resources of integration-tests/istiod/goldens is what is kept there, to which the
stand-in for it is held without one. `UPDATE_GOLDENS=1` writes it anew."""

import json
import os
import time
import urllib.request

import pytest

from harness.waiting import wait_for
from istiod import goldens, rendered
from mesh.gateway import Applied
from mesh.istiod import GATEWAYS, HTTP_PORT, Istiod
from mesh.pod import Pod

VERSION = "1.31-dev"
NAME = "gateway-1"


@pytest.fixture(scope="module")
def pod(istiod, tmp_path_factory):
    """It need not take what is printed for it. It may not read the secret that a Gateway names; istiod keeps that for a
    minute, so its account is no other test's."""
    named = {"name": NAME, "account": "goldens"}
    running = Pod(istiod, "1.40.0", tmp_path_factory.mktemp("pod"), rendered.LABELS, [8080, 8443], **named)
    yield running
    running.stop()


def printed() -> dict:
    url = f"http://127.0.0.1:{HTTP_PORT}/debug/config_dump?proxyID={NAME}.{GATEWAYS}"
    with urllib.request.urlopen(url, timeout=60) as reply:
        return goldens.read(json.load(reply))


def settled() -> dict:
    """What it has printed for as long as a push takes, and longer."""
    seen, since = printed(), time.monotonic()

    def is_settled() -> bool:
        nonlocal seen, since
        if (now := printed()) != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 3

    wait_for("istiod to have said all", is_settled)
    return seen


@pytest.mark.parametrize("case", goldens.cases())
def test_istiod_prints_what_is_kept(istiod: Istiod, pod, case):
    assert VERSION in pod.admin("/server_info")[1]
    file = goldens.golden_file(VERSION, case)
    mesh = Applied(istiod, goldens.resources(case))
    try:
        mesh.push()
        mesh.wait_until_known()
        if os.environ.get("UPDATE_GOLDENS"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(settled(), indent=1, sort_keys=True) + "\n")
        expected = goldens.golden(VERSION, case)
        # istiod prints what it last knew, and goes on learning.
        wait_for(f"what is kept of {case}", lambda: not list(goldens.differences(expected, printed())), 10)
    finally:
        mesh.delete()

"""`pointsman explain` tells the truth: for random policies and requests its record is the one in Envoy's access log."""

import functools
import json
import pathlib
import random
import subprocess
import time

import pytest

from harness import chance, locations
from harness.http1 import head

POLICIES = 60
REQUESTS_EACH = 5
POLICY = {"models": [{"name": f"m-{cluster}", "cluster": cluster} for cluster in chance.CLUSTERS]}
INSTALLATION = {"discovered": True, "default_cluster": "web"}


@functools.cache
def example(seed: int) -> tuple[dict, list]:
    """A policy and requests for it, the same in every Envoy."""
    source = random.Random(seed)
    return chance.policy(source), [chance.request(source) for _ in range(REQUESTS_EACH)]


@functools.cache
def explained(seed: int, number: int, folder: pathlib.Path, at: int | None = None) -> dict | None:
    policy, requests = example(seed)
    method, path, headers, body = requests[number]
    policy_file, request_file = folder / f"{seed}.json", folder / f"{seed}-{number}.http"
    policy_file.write_text(json.dumps(policy))
    request_file.write_bytes(head(method, path, [("host", "edge.test"), *headers]) + body)
    command = [locations.cli(), "explain", policy_file, "--request", request_file, "--output", "json"]
    command += [] if at is None else ["--at", str(at)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, f"{policy_file}: {done.stderr.decode()}"
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explained")


@pytest.mark.pairwise("world")
@pytest.mark.parametrize("seed", range(POLICIES))
def test_envoy_records_what_the_cli_explains(edge, folder, seed):
    policy, requests = example(seed)
    expected = [explained(seed, number, folder) for number in range(len(requests))]
    edge.push(policy)
    edge.wait_for_policy(expected[0]["policy"])
    for number, ((method, path, headers, body), record) in enumerate(zip(requests, expected, strict=True)):
        seen = edge.ask(path, body if method == "POST" else None, headers, method)
        if seen.record and (at := seen.record.get("at")):
            # Under a policy with a schedule both say when it was: Envoy's clock counts, which is this machine's.
            assert abs(at - time.time()) < 60
            record = explained(seed, number, folder, at)
        assert seen.record == record, f"{method} {path} {headers} {body[:2000]!r} under {json.dumps(policy)}"

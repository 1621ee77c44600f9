"""`make failover`, `make canary`, `make costs` and `make budgets`, told in half the time."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import locations

EXAMPLES = locations.REPOSITORY / "examples"


def told(script: Path, version: str) -> tuple[int, str]:
    """The exit code, and all that it prints."""
    environment = {
        **os.environ,
        "ENVOY": str(locations.envoy_binary(version)),
        "POINTSMAN_CLI": str(locations.cli()),
        "POINTSMAN_WASM": str(locations.module()),
        "POINTSMAN_STORY_SPEED": "2",
    }
    output = subprocess.PIPE
    ended = subprocess.run(
        [sys.executable, script], env=environment, stdout=output, stderr=subprocess.STDOUT, text=True, timeout=180
    )
    return ended.returncode, ended.stdout


def with_a_good_end(story: str, version: str) -> str:
    code, text = told(EXAMPLES / story / "story.py", version)
    assert (code, text.splitlines()[-1]) == (0, "all is well"), text
    return text


@pytest.mark.parametrize("version", locations.ENVOY_VERSIONS)
def test_failover(version):
    text = with_a_good_end("failover", version)
    assert text.count("every conversation is back where it was") == 4, text
    total = re.search(
        r"(\d+) requests in \d+ s: (\d+) answered, 0 failed, (\d+) cut off in their answer, (\d+) with more", text
    )
    requests, answered, cut, retried = map(int, total.groups())
    assert requests == answered + cut > 500 and retried > 20, text
    assert "wrong model names at any provider: 0, wrong keys: 0" in text


@pytest.mark.parametrize("version", locations.ENVOY_VERSIONS)
def test_canary(version):
    text = with_a_good_end("canary", version)
    for percent in (0, 5, 20, 50, 100):
        assert re.search(rf"^ +\d+ +{percent} % ", text, re.MULTILINE), text
    total = re.search(
        r"(\d+) requests in (\d+) conversations: 0 failed; (\d+) moves, 0 of them needless\n(\d+) copies", text
    )
    requests, conversations, moves, copies = map(int, total.groups())
    assert requests > 500 and moves == conversations and 0 < copies < requests / 4, text
    assert "wrong model names at any server: 0, wrong keys: 0" in text


@pytest.mark.parametrize("version", locations.ENVOY_VERSIONS)
def test_costs(version):
    locations.answers_module()
    text = with_a_good_end("costs", version)
    bill = r"(\d+) \+ (\d+) tokens, EUR (0\.\d{6})$"
    counted = re.search(rf"^Envoy's statistics: {bill}", text, re.MULTILINE).groups()
    assert counted == re.search(rf"^the sum of the records: {bill}", text, re.MULTILINE).groups(), text
    requests = int(re.search(r"^(\d+) requests were sent", text, re.MULTILINE)[1])
    # Each answer of a demo server has six tokens.
    assert requests >= 200 and int(counted[1]) == 6 * requests and float(counted[2]) > 0, text


@pytest.mark.parametrize("version", locations.ENVOY_VERSIONS)
def test_budgets(version):
    locations.answers_module()
    text = with_a_good_end("budgets", version)
    requests, small = map(
        int, re.search(r"^finance: (\d+) requests, none refused, (\d+) by", text, re.MULTILINE).groups()
    )
    assert 0 < small < requests, text
    refused, most = map(int, re.search(r"(\d+) refused with 429; at most (\d+) of 30", text).groups())
    assert refused > 0 and 0 < most <= 30, text


def test_a_budget_that_is_overshot_is_a_bad_end(tmp_path):
    shutil.copytree(EXAMPLES / "story", tmp_path / "story")
    folder = shutil.copytree(EXAMPLES / "budgets", tmp_path / "budgets")
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text().replace("requests: 30", "requests: 40"))
    code, text = told(folder / "story.py", locations.NEWEST_ENVOY)
    assert code == 1 and "wrong: interns had " in text, text


def test_a_wrong_key_is_a_bad_end(tmp_path):
    shutil.copytree(EXAMPLES / "story", tmp_path / "story")
    folder = shutil.copytree(EXAMPLES / "canary", tmp_path / "canary")
    secret = folder / "keys" / "canary.yaml"
    secret.write_text(secret.read_text().replace("demo-key-of-canary", "demo-key-of-stable"))
    code, text = told(folder / "story.py", locations.NEWEST_ENVOY)
    assert code == 1 and re.search(r"^wrong: [1-9]\d* wrong keys$", text, re.MULTILINE), text
    assert text.endswith("the story ends badly\n"), text

"""`pointsman check` on policies of ten thousand rules: it says what it has to say before anybody looks away."""

import json
import os
import subprocess

import pytest

from harness import locations

RULES = 10_000
MODELS = [{"name": "a", "cluster": "c"}, {"name": "b", "cluster": "c"}]
TENANTS = [
    {"name": f"t{nth}", "match": {"principals": [f"spiffe://x/ns/team-{nth}/*"]}, "models": {"deny": ["a"]}}
    for nth in range(1000)
]


def mixed(nth: int) -> dict:
    return [
        {"models": [f"m-{nth}-*"], "tools": True},
        {"tenants": [f"t{nth % 1000}"], "inputTokens": {"max": nth}},
        {"inputTokens": {"min": nth, "max": nth + 1}},
        {"headers": [{"name": "x-team", "value": f"v{nth}"}], "stream": nth % 8 == 3},
    ][nth % 4]


def spent() -> float:
    """Seconds that programs which have ended took of processors."""
    times = os.times()
    return times.children_user + times.children_system


CONDITIONS = {
    "mixed": mixed,
    "nothing narrows them down": lambda nth: {"inputTokens": {"min": nth, "max": nth + 1}},
    "one tenant": lambda nth: {"tenants": ["t1"], "messages": {"min": nth, "max": nth}},
    "names": lambda nth: {"models": [f"m-{nth}-*", f"n-{nth}-*"]},
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_ten_thousand_rules_are_checked_at_once(kind, tmp_path):
    """Of the processor's time, since other tests run beside."""
    route = {"targets": [{"model": "a"}], "fallback": ["b"]}
    rules = [{"name": f"r{nth}", "match": CONDITIONS[kind](nth), "route": route} for nth in range(RULES)]
    rules.append({"name": "again", "match": rules[7]["match"], "route": route})
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"models": MODELS, "tenants": TENANTS, "rules": rules}))
    before = spent()
    done = subprocess.run(
        [locations.cli(), "check", file, "--output", "json"], capture_output=True, text=True, timeout=60, check=False
    )
    took = spent() - before
    found = {(finding["code"], finding["field"]) for finding in json.loads(done.stdout)["findings"]}
    assert ("P0010", f"rules[{RULES}]") in found
    assert sum(code == "P0010" for code, _ in found) == 1
    assert took < 2, took

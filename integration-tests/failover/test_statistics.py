"""Envoy's statistics tell clusters apart, whatever they are called, and their names can be read back. Envoy's limits on
what clients send are in force."""

import re
import urllib.parse

import pytest

from harness import chain
from harness.edge import JSON
from harness.failover import EACH_VERSION

NAMES = ("gpt-5.1", "gpt-5.2", "org/llama-3.3:70b", "a_b%2E")
POLICY = {
    "models": [
        {"name": name, "cluster": f"cluster.{index}:x", "upstreamModel": "m"} for index, name in enumerate(NAMES)
    ],
    "aliases": [{"name": "auto"}],
    "rules": [
        {
            "name": "chain",
            "match": {"models": ["auto"]},
            "route": {
                "targets": [{"model": NAMES[0]}],
                "fallback": list(NAMES[1:3]),
                "mirror": {"model": NAMES[3], "percent": 100},
            },
        }
    ],
}
RUN_IN = EACH_VERSION
SERIES = re.compile(r'^envoy_cluster_upstream_rq_total\{.*envoy_cluster_name="([^"]*)".*\} (\d+)$', re.MULTILINE)


def counts(edge) -> dict[str, int]:
    """Requests by cluster, as a scraper reads them."""
    found = [
        (urllib.parse.unquote(name), int(count))
        for name, count in SERIES.findall(edge.envoy.admin("/stats/prometheus")[1])
    ]
    assert len(found) == len(dict(found)), "two clusters under one name"
    return dict(found)


def test_each_cluster_is_counted_under_its_own_name(edge):
    place = {name: f"model:{name}>cluster.{index}:x" for index, name in enumerate(NAMES)}
    before = counts(edge)
    assert {f"cluster.{index}:x" for index in range(len(NAMES))} <= before.keys()
    assert {place[name] for name in NAMES[:3]} | {f"mirror:{NAMES[3]}>cluster.3:x"} <= before.keys()
    assert edge.chat("gpt-5.2").status == 200
    assert counts(edge)["cluster.1:x"] == before["cluster.1:x"] + 1
    assert edge.chat("auto").status == 200
    assert counts(edge)[place["gpt-5.1"]] == before[place["gpt-5.1"]] + 1
    assert counts(edge)[place["gpt-5.2"]] == before[place["gpt-5.2"]]


@pytest.mark.parametrize("headers", [[("x-a", "a" * 62_000)], [(f"x-{number}", "1") for number in range(101)]])
def test_headers_have_limits(edge, headers):
    seen = edge.ask(chain.CHAT, b'{"model":"auto"}', [JSON, *headers])
    assert (seen.status, edge.arrived(seen.test_id)) == (431, [])


def test_an_overload_manager_watches(edge):
    pressures = edge.envoy.stats("overload.*pressure$")
    assert len(pressures) >= 1 and all(pressure < 50 for pressure in pressures.values())

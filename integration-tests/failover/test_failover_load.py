"""200 requests a second while the first provider dies and comes back twice: nobody notices whose answer had not begun.

In every Envoy and with every mechanism for a short time. `POINTSMAN_WHOLE=1` runs all combinations, one of them for
a minute; `POINTSMAN_LOAD_SECONDS=60` gives each the whole minute.
"""

import collections
import os

from harness import chain, pairing
from harness.edge import JSON
from harness.failover import EACH_VERSION, WORLDS, World
from harness.messages import Answer
from harness.outage import EVENT

RATE = 200
WHOLE = World("1.40.0", "aggregate")
SHORT = float(os.environ.get("POINTSMAN_LOAD_SECONDS", "12"))
SESSIONS = [f"session-{number}" for number in range(40)]
TARGETS = [{"model": "alpha", "weight": 2}, {"model": "beta", "weight": 1}]
ROUTE = {"targets": TARGETS, "fallback": ["alpha", "beta", "gamma"], "sticky": {"header": "x-session"}}
POLICY = {
    **chain.POLICY,
    "rules": [{"name": "chain", "match": {"models": ["auto"]}, "route": ROUTE}],
    "visibility": {"responseHeaders": True},
}
SOON = {"consecutiveGatewayFailure": 5, "interval": "100ms", "baseEjectionTime": "500ms", "maxEjectionTime": "500ms"}
SETTING = {
    "keys": chain.KEYS,
    "concurrency": 2,
    "idle": "10s",
    "clusters": {name: {**cluster, "outlierDetection": SOON} for name, cluster in chain.CLUSTERS.items()},
}
RUN_IN = WORLDS if pairing.WHOLE else EACH_VERSION
# Shares of the time: when the first provider dies and when it is back.
OUTAGES = ((0.2, 0.35), (0.5, 0.65))
HOME_AGAIN = 0.85


def request(number: int):
    """Sessions in turn; every third request wants a stream, every tenth is large."""
    session = SESSIONS[number % len(SESSIONS)]
    filler = "x" * (20_000 if number % 10 == 0 else 200)
    stream = "true" if number % 3 == 0 else "false"
    body = f'{{"stream":{stream},"messages":[{{"role":"user","content":"{filler}"}}],"model":"auto"}}'
    return session, [JSON, ("x-session", session)], body.encode()


def answer(request):
    if b'"stream":true' in request.body[:16]:
        return Answer(200, "text/event-stream", (EVENT,) * 8)
    return Answer(200, "application/json", (b'{"choices":[]}',))


def timeline(load, seconds: float) -> str:
    """Each second: what the clients got, and from whom."""
    rows = collections.defaultdict(collections.Counter)
    for fate in load.fates:
        rows[int(fate.at)][fate.model if fate.complete else "cut off" if fate.status else "failed"] += 1
    columns = ("alpha", "beta", "gamma", "cut off", "failed")
    lines = ["second  " + "  ".join(f"{column:>7}" for column in columns)]
    lines += [
        f"{second:6}  " + "  ".join(f"{rows[second][column]:7}" for column in columns) for second in range(int(seconds))
    ]
    return "\n".join(lines)


def test_an_outage_is_nobodys_business(edge, world, capsys):
    seconds = 60.0 if world == WHOLE and pairing.WHOLE else SHORT
    first = edge.providers["first"]
    for provider in edge.providers.values():
        provider.answer, provider.pause = answer, 0.02
    with edge.steady(RATE, seconds, request) as load:
        for down, up in OUTAGES:
            load.wait_until(down * seconds)
            first.fail("refuse")
            load.wait_until(up * seconds)
            first.restore(answer)
    fates = {fate.test_id: fate for fate in load.fates}
    cut = {name for name, fate in fates.items() if fate.status == 200 and not fate.complete}
    failed = [fate for fate in fates.values() if fate.status != 200]
    late = [fate for fate in fates.values() if fate.took > 5]
    with capsys.disabled():
        print(
            f"\n{world}: {len(fates)} requests in {seconds:g} s,",
            f"{len(cut)} cut off in the middle of their answer, {len(failed)} failed",
        )
        print(timeline(load, seconds))
    assert len(fates) == RATE * seconds
    assert (failed[:5], late[:5]) == ([], [])
    assert cut <= first.cut_off, "only an answer that had begun may be cut off"
    wrong = [
        (request.provider, request.json()["model"])
        for request in edge.all_arrived()
        if request.complete and request.json()["model"] != chain.OWN[request.provider].model
    ]
    assert wrong == []
    assert_at_home(load.fates, seconds)


def assert_at_home(fates: list, seconds: float) -> None:
    """In the end every conversation is answered by whom it was answered by before the first outage."""
    homes, later = {}, collections.defaultdict(set)
    for fate in fates:
        if fate.complete and fate.until < OUTAGES[0][0] * seconds:
            assert homes.setdefault(fate.session, fate.model) == fate.model
        elif fate.complete and fate.at > HOME_AGAIN * seconds:
            later[fate.session].add(fate.model)
    assert set(homes.values()) == {"alpha", "beta"}
    assert {session: {home} for session, home in homes.items()} == dict(later)

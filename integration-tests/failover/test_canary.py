"""A new model takes over by share, changed by a push while requests flow: who need not move stays, and the record
says which it was."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from harness.failover import ENDS, GATES

MODELS = [
    {"name": "stable", "cluster": "first", "fallback": ["spare"]},
    {"name": "candidate", "cluster": "second", "upstreamModel": "candidate-2"},
    {"name": "spare", "cluster": "third"},
]
TENANTS = [
    {"name": f"team-{number}", "match": {"headers": [{"name": "x-team", "value": f"{number}"}]}} for number in range(40)
]
SESSIONS = [f"session-{number}" for number in range(120)]


def policy(route: dict, **more) -> dict:
    rule = {"name": "canary", "match": {"models": ["auto"]}, "route": {"sticky": {"header": "x-session"}, **route}}
    return {"models": MODELS, "aliases": [{"name": "auto"}], "rules": [rule], **more}


def rolled_out(percent: float, by: str = "session", **more) -> dict:
    rollout = {"model": "candidate", "percent": percent, "by": by, "variant": "new"}
    return policy({"targets": [{"model": "stable", "variant": "old"}], "rollout": rollout}, **more)


def weighted(stable: int, candidate: int) -> dict:
    targets = [
        {"model": "stable", "weight": stable, "variant": "A"},
        {"model": "candidate", "weight": candidate, "variant": "B"},
    ]
    return policy({"targets": targets})


POLICY = rolled_out(10)
SETTING = {"discovered": True, "concurrency": 2}
RUN_IN = (*ENDS, *GATES)


def take_over(edge, policy: dict) -> None:
    """Returns when every worker decides by the policy."""
    edge.wait_for_policy(edge.push(policy))


def variants(edge, header: str = "x-session", values=SESSIONS, **also) -> dict[str, str]:
    """Which variant each session gets."""
    found = {}
    # All are asked before the first record is read: Envoy writes its log now and then.
    asked = [(value, edge.chat("auto", headers=[(header, value), *also.items()])) for value in values]
    for value, seen in asked:
        record = seen.record
        assert seen.upstream.json()["model"] == {"stable": "stable", "candidate": "candidate-2"}[record["model"]]
        found[value] = record["variant"]
    return found


def with_variant(found: dict[str, str], variant: str) -> set[str]:
    return {value for value, got in found.items() if got == variant}


class Load:
    """Requests of all sessions, all the time."""

    def __init__(self, edge, connections: int = 2):
        self.edge, self.over, self.failures, self.count = edge, threading.Event(), [], 0
        self.pool = ThreadPoolExecutor(connections)
        self.runs = [self.pool.submit(self._run, SESSIONS[number::connections]) for number in range(connections)]

    def _run(self, sessions: list[str]) -> None:
        for session in itertools.cycle(sessions):
            if self.over.is_set():
                return
            seen = self.edge.chat("auto", headers=[("x-session", session)])
            self.count += 1
            if seen.status != 200:
                self.failures.append((session, seen.response))

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        for run in self.runs:
            run.result()
        self.pool.shutdown()


def test_raising_the_share_under_load_moves_only_who_must_move(edge):
    take_over(edge, rolled_out(10))
    before = with_variant(variants(edge), "new")
    with Load(edge) as load:
        take_over(edge, rolled_out(35))
        after = with_variant(variants(edge), "new")
        take_over(edge, rolled_out(0))
        nobody = with_variant(variants(edge), "new")
        take_over(edge, rolled_out(100))
        everybody = with_variant(variants(edge), "new")
    assert (load.failures, load.count > 0) == ([], True)
    assert before < after
    assert 3 <= len(before) <= 25 and 25 <= len(after) <= 60
    assert (nobody, everybody) == (set(), set(SESSIONS))
    take_over(edge, rolled_out(10))
    assert with_variant(variants(edge), "new") == before


def test_a_larger_weight_moves_only_towards_it(edge):
    take_over(edge, weighted(90, 10))
    before = with_variant(variants(edge), "B")
    with Load(edge) as load:
        take_over(edge, weighted(60, 40))
        after = with_variant(variants(edge), "B")
    assert load.failures == []
    assert before < after and 2 <= len(before) <= 25 and 30 <= len(after) <= 66


def test_tenants_move_as_a_whole(edge):
    with_tenants = {"tenants": TENANTS, "onFailure": {"unknownTenant": "allow"}}
    take_over(edge, rolled_out(50, by="tenant", **with_tenants))
    teams = [f"{number}" for number in range(len(TENANTS))]
    first = variants(edge, "x-team", teams)
    again = variants(edge, "x-team", teams, **{"x-session": "another"})
    assert first == again
    assert 10 <= len(with_variant(first, "new")) <= 30


def test_a_candidate_that_fails_is_the_fallbacks_business(edge):
    route = {
        "targets": [{"model": "stable"}],
        "rollout": {"model": "candidate", "percent": 100, "variant": "new"},
        "fallback": ["stable", "spare"],
    }
    take_over(edge, policy(route))
    edge.providers["second"].fail("503")
    seen = edge.chat("auto", headers=[("x-session", "a")])
    assert (seen.status, seen.response.json()["served_by"]) == (200, "first")
    assert (seen.record["variant"], seen.record["answeredBy"], seen.record["attempt"]) == ("new", "stable", 2)

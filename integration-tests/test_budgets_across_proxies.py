"""Budgets of all proxies: two Envoys, the real rate limit service, and a real Redis in which it counts.

`-k overshoot` prints the figures of docs/budgets.md.
"""

import contextlib
import dataclasses
import http.client
import json
import pathlib
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
import yaml

from harness import locations
from harness.envoy import Envoy
from harness.messages import Answer, Recorded
from harness.outage import FailingProvider
from harness.provider import serving
from harness.rate_limits import RateLimits, counting
from harness.waiting import wait_for

AT_ONCE = 64
PROXIES = 2
SECONDS = 4.0
"""How long clients ask: a few times as long as it takes to use a budget up."""
COST = {"inputPerMillion": 1, "outputPerMillion": 4}
SHORT, LONG = (100, 50), (100, 3000)
"""Tokens of input and output."""
SCOPES = {"proxy": 1, "global": PROXIES}
MEASURES = {
    "requests": ({"requests": 400}, SHORT, 50),
    "tokens": ({"tokens": 60000}, SHORT, 50),
    "long": ({"tokens": 1240000}, LONG, None),
    "money": ({"money": 0.12}, SHORT, 50),
}
"""Of each budget: its limit, what an answer takes, and the most output that clients ask for."""
TAKES = {"requests": 1, "tokens": 150, "long": 3100, "money": 300}
LIMITS = {"requests": 400, "tokens": 60_000, "long": 1_240_000, "money": 120_000}
"""400 answers each, money in millionths."""
PROMPT = "word " * 80
FINANCE = ("x-team", "finance")


def models() -> list[dict]:
    names = [f"{measure}-{scope}" for measure in MEASURES for scope in SCOPES]
    rest = [{"name": "first", "cluster": "failing", "cost": {}, "fallback": ["second"]}]
    rest += [{"name": name, "cluster": "llama", "cost": COST} for name in ("second", "day", "user")]
    return [{"name": name, "cluster": "llama", "cost": COST} for name in names] + rest


def budget(name: str, limit: dict, scope: str = "global", **more) -> dict:
    return {"name": name, "match": {"models": [name]}, "window": {"every": "day"}, "scope": scope, **limit, **more}


POLICY = {
    "models": models(),
    "tenants": [{"name": "finance", "match": {"headers": [{"name": "x-team", "value": "finance"}]}}],
    "onFailure": {"unknownTenant": "allow"},
    "usage": {},
    "budgets": [
        *(budget(f"{name}-{scope}", limit, scope) for name, (limit, *_) in MEASURES.items() for scope in SCOPES),
        budget("second", {"tokens": 100000}, per={"each": "model"}),
        budget("day", {"requests": 3}, per={"each": "tenant"}),
        budget("user", {"money": 0.0006}, per={"header": "x-user"}, window={"every": "month"}),
    ],
}


def answer(request: Recorded) -> Answer:
    """A stream of some time, and what it has used at its end."""
    asked = request.json()["model"]
    input_tokens, output_tokens = LONG if asked.startswith("long") else SHORT
    usage = {"prompt_tokens": input_tokens, "completion_tokens": output_tokens}
    words = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in ("Platform ", "nine", ".")]
    events = [json.dumps(event) for event in (*words, {"choices": [], "usage": usage})]
    return Answer(200, "text/event-stream", tuple(f"data: {event}\n\n".encode() for event in (*events, "[DONE]")))


@dataclasses.dataclass
class Story:
    """What became of one request."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclasses.dataclass
class Proxies:
    """Envoys of two workers each, in front of the same providers and the same service."""

    version: str
    folder: pathlib.Path
    service: RateLimits
    providers: dict[str, FailingProvider]
    configuration: str
    envoys: list[Envoy] = dataclasses.field(default_factory=list)

    def start(self, nth: int) -> None:
        folder = self.folder / f"envoy-{nth}-{time.monotonic_ns()}"
        self.envoys[nth : nth + 1] = [Envoy(self.version, self.configuration, folder, concurrency=2)]

    def restart(self, nth: int) -> None:
        self.envoys[nth].assert_healthy()
        self.envoys[nth].stop()
        self.start(nth)

    def connect(self, nth: int) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.envoys[nth].port, timeout=60)

    def ask(self, nth: int, model: str, *headers, path: str = "/v1/chat/completions", connection=None) -> Story:
        connection, body = connection or self.connect(nth), {"model": model, "stream": True}
        body["messages"] = [{"role": "user", "content": PROMPT}]
        limit = MEASURES.get(model.rpartition("-")[0], (None, None, 50))[2]
        body |= {"max_tokens": limit} if limit else {}
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **dict(headers)})
        response = connection.getresponse()
        return Story(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def render(folder: pathlib.Path, what: str, *more) -> str:
    command = [locations.cli(), "render", what, folder, *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def deploy(folder: pathlib.Path, hold: str, service: RateLimits, providers: list[FailingProvider], **more) -> str:
    """What Envoy is started with."""
    folder.mkdir(exist_ok=True)
    clusters = [{"name": one.name, "address": "127.0.0.1", "port": one.port} for one in providers]
    described = {"listener": {"port": 0}, "hold": hold, "clusters": clusters}
    # As long as a busy machine may need. A proxy in service waits less.
    described["rateLimitService"] = {"address": "127.0.0.1", "port": service.port, "timeout": "10s", **more}
    (folder / "deployment.yaml").write_text(yaml.safe_dump(described))
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    return render(folder, "envoy", "--wasm", locations.answers_module())


@contextlib.contextmanager
def running(world, folder: pathlib.Path) -> Iterator[Proxies]:
    version, hold = world
    providers = [FailingProvider(name, [], answer) for name in ("llama", "failing")]
    providers[0].pause = 0.04
    providers[1].failure = "503"
    with counting(folder / "service") as service, serving(providers):
        configuration = deploy(folder / "project", hold, service, providers)
        service.start(render(folder / "project", "ratelimit"))
        named = {provider.name: provider for provider in providers}
        proxies = Proxies(version, folder, service, named, configuration)
        try:
            for nth in range(PROXIES):
                proxies.start(nth)
            yield proxies
        finally:
            for envoy in proxies.envoys:
                envoy.stop()


@pytest.fixture(scope="module")
def shared_proxies(world, tmp_path_factory):
    for program, remedy in ((locations.ratelimit, "mesh-setup"), (locations.redis, "redis")):
        try:
            program()
        except locations.Missing:
            pytest.skip(f"needs what `make {remedy}` provides, and that is not there")
    with running(world, tmp_path_factory.mktemp("proxies")) as proxies:
        yield proxies


@pytest.fixture
def proxies(shared_proxies):
    yield shared_proxies
    for envoy in shared_proxies.envoys:
        envoy.assert_healthy()


def use_up(proxies: Proxies, model: str, over: int) -> list[int]:
    """64 clients, over so many proxies, ask all the time. What became of their requests."""
    statuses, end = [], time.monotonic() + SECONDS

    def client(nth: int) -> None:
        connection = proxies.connect(nth % over)
        while time.monotonic() < end:
            story = proxies.ask(nth % over, model, connection=connection)
            statuses.append(story.status)
            if story.status == 429:
                time.sleep(0.1)

    clients = [threading.Thread(target=client, args=(nth,)) for nth in range(AT_ONCE)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return statuses


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("measure", MEASURES)
def test_the_overshoot_is_bounded(proxies, measure, scope, world, capsys):
    model, over = f"{measure}-{scope}", SCOPES[scope]
    statuses = use_up(proxies, model, over)
    assert set(statuses) == {200, 429}
    used, limit = statuses.count(200) * TAKES[measure], LIMITS[measure]
    with capsys.disabled():
        print(
            f"\n{'-'.join(world)}, {model}: {over} proxies, {len(statuses)} requests, {statuses.count(200)} served, "
            f"{used} of {limit} used: {used - limit:+}"
        )
    assert used > limit - TAKES[measure], "it was not used up"
    if measure == "requests":
        assert used == limit
    elif scope == "proxy" and measure != "long":
        assert used <= limit
    else:
        # What is under way when the last of it is used, and what has ended so shortly before that it is not counted.
        assert used <= limit + 2 * AT_ONCE * TAKES[measure]
    if scope == "global":
        account = f"{model} all"
        if measure == "requests":
            # Who is refused has asked, too.
            assert proxies.service.used()[account] >= used
        else:
            wait_for("all to be counted", lambda: proxies.service.used().get(account) == used)


def test_a_restart_forgets_only_what_a_proxy_has_counted_by_itself(proxies):
    def ask(nth: int) -> int:
        return proxies.ask(nth, "day", FINANCE).status

    assert [ask(0), ask(1), ask(0)] == [200, 200, 200]
    assert [ask(0), ask(1)] == [429, 429]
    for nth in range(PROXIES):
        proxies.restart(nth)
    assert [ask(0), ask(1)] == [429, 429]
    # Somebody else's account, and a budget that each proxy counts for itself.
    assert proxies.ask(0, "day").status == 200
    assert proxies.ask(0, "requests-proxy").status == 200
    assert proxies.service.used()["day finance"] >= 3


def test_refusals_speak_the_api_of_the_client(proxies):
    """Envoy's filter refuses, in the words that the module has left for it."""
    name, value = "x-user", "speaker"
    for _ in range(2):
        assert proxies.ask(0, "user", (name, value)).status == 200
    (account,) = wait_for("the count", lambda: spent(proxies, "user", 600))
    assert account.startswith("user 20") and "speaker" not in account
    refused = proxies.ask(1, "user", (name, value))
    assert refused.status == 429 and refused.headers["content-type"] == "application/json"
    error = json.loads(refused.body)["error"]
    assert (error["code"], error["type"]) == ("budgetExceeded", "rate_limit_error")
    assert "`user`" in error["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 31 * 86_400
    assert not [header for header in refused.headers if header.startswith(("x-pointsman", "x-envoy"))]
    error = json.loads(proxies.ask(1, "user", (name, value), path="/v1/messages").body)
    assert (error["type"], error["error"]["type"]) == ("error", "rate_limit_error")


def spent(proxies: Proxies, budget: str, amount: int) -> list[str]:
    used = proxies.service.used()
    return [account for account, count in used.items() if account.startswith(f"{budget} ") and count == amount]


def test_who_answers_pays(proxies):
    before = proxies.service.used().get("second second", 0)
    assert proxies.ask(0, "first").status == 200
    wait_for("the count", lambda: proxies.service.used().get("second second") == before + 150)


def test_nobody_else_is_told_and_nobody_else_can_tell(proxies):
    """What descriptors are made of is in filter state: no header carries it, in either direction."""
    forged = [(f"x-pointsman-{word}", "somebody-else") for word in ("asks-user", "owes-user", "hits-user", "budget")]
    forged.append(("x-user", "forger"))
    served = proxies.ask(0, "user", *forged)
    assert served.status == 200
    wait_for("the count", lambda: spent(proxies, "user", 300))
    seen = proxies.providers["llama"].requests[-1]
    assert not [name for name, _ in seen.headers if b"pointsman" in name]
    assert not [account for account in proxies.service.used() if "somebody" in account]


@pytest.mark.parametrize("choice", ["allow", "deny"])
def test_a_service_that_says_nothing(world, proxies, tmp_path, choice):
    providers = list(proxies.providers.values())
    with counting(tmp_path / "service") as service:
        configuration = deploy(tmp_path / "project", world[1], service, providers, onFailure=choice, timeout="200ms")
        alone = Proxies(world[0], tmp_path, service, proxies.providers, configuration)
        alone.start(0)
        try:
            statuses = [alone.ask(0, "day", FINANCE).status for _ in range(4)]
            # Each proxy still counts by itself, and only who reached a provider counts.
            assert statuses == ([200, 200, 200, 429] if choice == "allow" else [503] * 4)
            service.start(render(tmp_path / "project", "ratelimit"))
            wait_for("it to be asked again", lambda: alone.ask(0, "second").status == 200)
            alone.envoys[0].assert_healthy()
        finally:
            for envoy in alone.envoys:
                envoy.stop()


def test_where_nobody_would_count_is_an_error(tmp_path):
    def said(*command) -> str:
        done = subprocess.run([locations.cli(), *command], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        return done.stdout + done.stderr

    (tmp_path / "policy.yaml").write_text(
        yaml.safe_dump({"models": [{"name": "day", "cluster": "llama"}], "budgets": [budget("day", {"requests": 3})]})
    )
    deployment = {"clusters": [{"name": "llama", "address": "10.0.0.4", "port": 8000}]}
    (tmp_path / "deployment.yaml").write_text(yaml.safe_dump(deployment))
    missing = "budgets[0].scope: the deployment has no `rateLimitService`, which would count it for all proxies"
    for command in (["check"], ["render", "envoy"]):
        assert missing in said(*command, tmp_path)
    deployment["rateLimitService"] = {"address": "10.0.0.5", "port": 8081}
    example = yaml.safe_load((locations.REPOSITORY / "examples" / "istio" / "deployment.yaml").read_text())
    deployment |= {section: example[section] for section in ("istio", "envoyGateway")}
    (tmp_path / "deployment.yaml").write_text(yaml.safe_dump(deployment))
    for control_plane in ("istio", "envoy-gateway"):
        why = "cannot have the budget `day` with `scope: global` counted: only `render envoy` and `run` write what asks"
        assert why in said("render", control_plane, tmp_path)

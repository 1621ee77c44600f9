"""The main table: proxy CPU per request of every contender for every body, interleaved in one run."""

import dataclasses
import json
import math
import pathlib
import random
import statistics

from contenders import Contender, envoy_config, ext_proc_cluster
from policies import TEAM, UPSTREAM_MODEL
from processes import Backend, BenchError, Cores, Envoy, Load, Process, cpu_seconds, free_port, send

CONNECTIONS = 16
PLAIN = "plain"
AGAIN = "plain-again"

# What the official client sends beside the body.
HEADERS = (
    """POST /v1/chat/completions HTTP/1.1\r
host: llm.example.com\r
accept: application/json\r
accept-encoding: gzip, deflate, br\r
authorization: Bearer sk-000000000000000000000000000000000000000000000000\r
content-type: application/json\r
user-agent: OpenAI/Python 2.8.0\r
x-stainless-async: false\r
x-stainless-lang: python\r
x-stainless-os: Linux\r
x-stainless-retry-count: 0\r
x-stainless-runtime: CPython\r
x-team: %s\r
"""
    % TEAM
)


def raw_request(body: bytes, *extra: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in extra)
    return f"{HEADERS}{lines}content-length: {len(body)}\r\n\r\n".encode() + body


@dataclasses.dataclass
class Depth:
    """How long and how often."""

    rounds: int
    warm: float
    block: float


@dataclasses.dataclass
class Stage:
    """Where everything runs."""

    envoy: pathlib.Path
    folder: pathlib.Path
    backend: Backend
    load: Load
    cores: Cores
    say: object
    fresh: int = 0

    def start(self, contender: Contender) -> "Running":
        """Starts a contender and its helper."""
        self.fresh += 1
        helper = None
        if contender.helper:
            helper = Process(contender.helper, self.folder / f"{contender.name}-helper.log")
            self.cores.place(helper.pid, self.cores.helper)
        port = free_port()
        config = envoy_config(contender, port, free_port(), self.backend.port)
        envoy = Envoy(self.envoy, config, self.folder, f"{contender.name}-{self.fresh}", port)
        self.cores.place(envoy.pid, self.cores.proxy)
        return Running(contender, envoy, helper)


@dataclasses.dataclass
class Running:
    """A contender that serves."""

    contender: Contender
    envoy: Envoy
    helper: Process | None

    def cpu(self) -> float:
        return cpu_seconds(self.envoy.pid) + (cpu_seconds(self.helper.pid) if self.helper else 0.0)

    def stop(self) -> None:
        self.envoy.stop()
        if self.helper:
            self.helper.stop()

    def verify(self, body: bytes) -> None:
        """Looks at what the backend got: a contender that does not do its work is not a result."""
        status, echo = send(self.envoy.port, raw_request(body, "x-bench-echo: 1"))
        if status != 200:
            raise BenchError(f"`{self.contender.name}` answered {status}: {echo[:400]!r}")
        head, _, arrived = echo.partition(b"\r\n\r\n")
        expected = json.loads(body) | ({"model": UPSTREAM_MODEL} if self.contender.rewrites else {})
        if json.loads(arrived) != expected:
            raise BenchError(f"`{self.contender.name}` sent something else upstream: {head!r} {arrived[:200]!r}")


@dataclasses.dataclass
class Block:
    """One stretch of requests."""

    cpu_us: float
    p50_us: float
    p99_us: float
    rps: float
    load_us: float


def measure(stage: Stage, running: Running, requests: int, file: pathlib.Path) -> Block:
    feeders = (stage.load.pid, stage.backend.pid)
    before, feeding = running.cpu(), sum(map(cpu_seconds, feeders))
    seen = stage.load.run(running.envoy.port, CONNECTIONS, requests, file)
    used, fed = running.cpu() - before, sum(map(cpu_seconds, feeders)) - feeding
    if seen["errors"]:
        raise BenchError(
            f"`{running.contender.name}`: {seen['errors']} of {requests} requests failed\n{running.envoy.tail()}"
        )
    return Block(
        used / requests * 1e6, seen["p50_us"], seen["p99_us"], requests / seen["seconds"], fed / requests * 1e6
    )


def calibrate(stage: Stage, running: Running, file: pathlib.Path, warm: float, block: float) -> tuple[int, int]:
    """Warms up (V8 compiles hot functions again while they run); returns the requests that fill a block, and in every
    how many rounds a slow contender takes part, so that it does not eat the time of the others."""
    requests, spent = 64, 0.0
    while True:
        seen = measure(stage, running, requests, file)
        spent += requests / seen.rps
        if spent >= warm:
            fit = max(2 * CONNECTIONS, int(seen.rps * block))
            return fit, max(1, min(6, round(fit / seen.rps / block / 1.5)))
        requests = max(64, int(seen.rps * warm / 3))


@dataclasses.dataclass
class Cell:
    """One contender, one body. The ratio: the median over the rounds of block / mean of the plain blocks around it."""

    ratio: float
    low: float  # 95 % confidence interval of the median
    high: float
    quarter: float  # the middle half of the rounds
    three_quarters: float
    cpu_us: float
    extra_us: float
    p50_us: float
    p99_us: float
    rps: float
    load_us: float
    blocks: int
    requests: int


def median_interval(values: list[float]) -> tuple[float, float]:
    """A distribution-free 95 % interval of the median: two order statistics."""
    values, half = sorted(values), 0.98 * len(values) ** 0.5
    middle = (len(values) - 1) / 2
    return values[max(0, math.floor(middle - half))], values[min(len(values) - 1, math.ceil(middle + half))]


def cell(pairs: list[tuple[Block, float]], requests: int) -> Cell:
    ratios = [block.cpu_us / plain for block, plain in pairs]
    low, high = median_interval(ratios)
    quarters = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    middle = {
        name: statistics.median(getattr(block, name) for block, _ in pairs)
        for name in ("cpu_us", "p50_us", "p99_us", "rps", "load_us")
    }
    extra = statistics.median(block.cpu_us - plain for block, plain in pairs)
    return Cell(
        statistics.median(ratios),
        low,
        high,
        quarters[0],
        quarters[2],
        extra_us=extra,
        blocks=len(pairs),
        requests=requests * len(pairs),
        **middle,
    )


def compare(
    stage: Stage, running: list[Running], body: bytes, label: str, depth: Depth, *extra: str
) -> dict[str, Cell]:
    """All contenders on one body: many short blocks in shuffled order, a block of plain Envoy between any two.

    Machines drift by tens of percent from one second to the next; neighbouring blocks of 30 ms drift together.
    """
    file = stage.folder / f"{label.replace(' ', '-')}.http"
    file.write_bytes(raw_request(body, *extra))
    sizes = {}
    for number, one in enumerate(running):
        stage.say(f"{label}: warming up {one.contender.name} ({number + 1} of {len(running)})")
        one.verify(body)
        sizes[one.contender.name] = calibrate(stage, one, file, depth.warm, depth.block)
    plain, *others = running
    order, pairs = random.Random(label), {one.contender.name: [] for one in running}
    for number in range(depth.rounds):
        if number % max(1, depth.rounds // 4) == 0:
            stage.say(f"{label}: round {number + 1} of {depth.rounds}")
        order.shuffle(others)
        before = measure(stage, plain, sizes[PLAIN][0], file)
        for one in others:
            requests, every = sizes[one.contender.name]
            if number % every:
                continue
            block = measure(stage, one, requests, file)
            after = measure(stage, plain, sizes[PLAIN][0], file)
            middle = (before.cpu_us + after.cpu_us) / 2
            pairs[one.contender.name].append((block, middle))
            pairs[PLAIN].append((before, before.cpu_us))
            before = after
    return {name: cell(seen, sizes[name][0]) for name, seen in pairs.items() if seen}


def with_helper(contender: Contender, binary: pathlib.Path, folder: pathlib.Path) -> Contender:
    """Gives an ext_proc contender its server and the cluster that reaches it."""
    contender.socket = folder / f"{contender.name}.sock"
    contender.helper = [binary, contender.socket]
    contender.clusters = [ext_proc_cluster(contender.socket)]
    return contender

"""The main table: proxy CPU per request of every contender for every body, interleaved in one run."""

import dataclasses
import json
import pathlib
import random
import statistics

from contenders import Contender, envoy_config, ext_proc_cluster
from policies import TEAM, UPSTREAM_MODEL
from processes import Backend, BenchError, Cores, Envoy, Load, Process, cpu_seconds, free_port, send

CONNECTIONS = 16
PLAIN = "plain"

# What the official client sends beside the body.
HEADERS = """POST /v1/chat/completions HTTP/1.1\r
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
""" % TEAM


def raw_request(body: bytes, *extra: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in extra)
    return f"{HEADERS}{lines}content-length: {len(body)}\r\n\r\n".encode() + body


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

    def start(self, contender: Contender, wait: bool = True) -> "Running":
        """Starts a contender and its helper, and waits for its first good answer."""
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
        raise BenchError(f"`{running.contender.name}`: {seen['errors']} of {requests} requests failed\n{running.envoy.tail()}")
    return Block(used / requests * 1e6, seen["p50_us"], seen["p99_us"], requests / seen["seconds"], fed / requests * 1e6)


def calibrate(stage: Stage, running: Running, file: pathlib.Path, warm: float, block: float) -> int:
    """Warms up (V8 compiles hot functions again while they run) and finds how many requests fill a block."""
    requests, spent = 64, 0.0
    while True:
        seen = measure(stage, running, requests, file)
        spent += requests / seen.rps
        if spent >= warm:
            return max(48, int(seen.rps * block))
        requests = max(64, int(seen.rps * warm / 3))


@dataclasses.dataclass
class Cell:
    """One contender, one body: medians over the rounds; the ratio is the median of the rounds' ratios to plain."""

    ratio: float
    low: float
    high: float
    cpu_us: float
    extra_us: float
    p50_us: float
    p99_us: float
    rps: float
    load_us: float
    requests: int


def cell(blocks: list[Block], plain: list[float], requests: int) -> Cell:
    ratios = [block.cpu_us / base for block, base in zip(blocks, plain)]
    quarters = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    middle = {name: statistics.median(getattr(block, name) for block in blocks) for name in ("cpu_us", "p50_us", "p99_us", "rps", "load_us")}
    extra = statistics.median(block.cpu_us - base for block, base in zip(blocks, plain))
    return Cell(statistics.median(ratios), quarters[0], quarters[2], extra_us=extra, requests=requests * len(blocks), **middle)


def compare(stage: Stage, running: list[Running], body: bytes, label: str, rounds: int, warm: float, block: float) -> dict[str, Cell]:
    """All contenders on one body, in rounds of shuffled order with plain Envoy first and last in each."""
    file = stage.folder / f"{label.replace(' ', '-')}.http"
    file.write_bytes(raw_request(body))
    counts = {}
    for one in running:
        one.verify(body)
        counts[one.contender.name] = calibrate(stage, one, file, warm, block)
    plain = next(one for one in running if one.contender.name == PLAIN)
    others = [one for one in running if one is not plain]
    order, blocks, base = random.Random(label), {one.contender.name: [] for one in running}, []
    for number in range(rounds):
        stage.say(f"{label}: round {number + 1} of {rounds}")
        order.shuffle(others)
        first = measure(stage, plain, counts[PLAIN], file)
        for one in others:
            blocks[one.contender.name].append(measure(stage, one, counts[one.contender.name], file))
        last = measure(stage, plain, counts[PLAIN], file)
        blocks[PLAIN] += [first, last]
        base.append((first.cpu_us + last.cpu_us) / 2)
    paired = {PLAIN: [middle for middle in base for _ in range(2)]}
    return {name: cell(seen, paired.get(name, base), counts[name]) for name, seen in blocks.items()}


def with_helper(contender: Contender, binary: pathlib.Path, folder: pathlib.Path) -> Contender:
    """Gives an ext_proc contender its server and the cluster that reaches it."""
    contender.socket = folder / f"{contender.name}.sock"
    contender.helper = [binary, contender.socket]
    contender.clusters = [ext_proc_cluster(contender.socket)]
    return contender

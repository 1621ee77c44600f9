"""Size of the module, time to load it, memory it takes."""

import dataclasses
import pathlib
import statistics

import bodies
import contenders
import matrix
import policies
import report
from contenders import Contender
from processes import Cores, cpu_seconds, memory_kb

SIZE_BUDGET_MB = 1.5
# Over the no-op module of the SDK: what V8 and the smallest filter take is not ours to give back.
LOAD_BUDGET_MS = 200
MEMORY_BUDGET_MB = 15


def chosen(module: pathlib.Path, noop: pathlib.Path) -> list[Contender]:
    few, many = (policies.by_rules(count, contenders.CLUSTER) for count in (10, 10000))
    return [
        Contender("plain", "plain Envoy", []),
        Contender("noop-sdk", "no-op Wasm, Rust SDK", [contenders.wasm("noop", noop)]),
        Contender("stop", "Pointsman, hold stop, 10 rules", contenders.pointsman(module, "stop", few), True, True),
        Contender("gate", "Pointsman, hold gate, 10 rules", contenders.pointsman(module, "gate", few), True, True),
        Contender(
            "rules-10000", "Pointsman, hold stop, 10,000 rules", contenders.pointsman(module, "stop", many), True, True
        ),
    ]


def flat(stage: matrix.Stage, module: pathlib.Path) -> tuple[dict, list[str]]:
    """What a 20 MB body adds to the peak. Envoy's default buffer limit is 1 MiB: more cannot be held, only streamed."""
    file = stage.folder / "footprint-huge.http"
    file.write_bytes(matrix.raw_request(bodies.chat(20 * 1024 * 1024, True)))
    few = policies.by_rules(10, contenders.CLUSTER)
    grown = {}
    for name, filters in {
        "plain": [],
        "stop": contenders.pointsman(module, "stop", few),
        "gate": contenders.pointsman(module, "gate", few),
    }.items():
        one = stage.start(
            Contender(f"{name}-huge", "", filters, name != "plain", name != "plain", buffer_limit=1024 * 1024)
        )
        try:
            one.envoy.wait_for(matrix.raw_request(bodies.chat(1024, True)))
            before = memory_kb(one.envoy.pid)["VmHWM"]
            seen = stage.load.run(one.envoy.port, 1, 8, file)
            grown[name] = "refused" if seen["errors"] else (memory_kb(one.envoy.pid)["VmHWM"] - before) / 1024
        finally:
            one.stop()
    shown = ", ".join(
        f"{name} {value if isinstance(value, str) else f'{value:+.1f} MB'}" for name, value in grown.items()
    )
    return grown, [f"peak memory that 20 MB bodies add (model first, buffer limit 1 MiB): {shown}"]


def run(stage: matrix.Stage, module: pathlib.Path, noop: pathlib.Path, starts: int) -> tuple[dict, str]:
    """Starts each variant `starts` times, in turn. Ready means: the first request has been answered.

    Envoy is not pinned here: V8 compiles on several threads, as it would in production.
    """
    stage = dataclasses.replace(stage, cores=Cores(False))
    small, large = bodies.chat(1024, False), bodies.chat(256 * 1024, False)
    files = {}
    for name, body in {"small": small, "large": large}.items():
        files[name] = stage.folder / f"footprint-{name}.http"
        files[name].write_bytes(matrix.raw_request(body))
    seen: dict[str, dict[str, list]] = {}
    for number in range(starts):
        stage.say(f"footprint: start {number + 1} of {starts}")
        for contender in chosen(module, noop):
            figures = seen.setdefault(
                contender.name, {"ready_ms": [], "cpu_ms": [], "rss_mb": [], "rss_loaded_mb": [], "peak_mb": []}
            )
            one = stage.start(contender)
            try:
                figures["ready_ms"].append(one.envoy.wait_for(matrix.raw_request(small)) * 1000)
                figures["cpu_ms"].append(cpu_seconds(one.envoy.pid) * 1000)
                figures["rss_mb"].append(memory_kb(one.envoy.pid)["VmRSS"] / 1024)
                if number < 3:
                    stage.load.run(one.envoy.port, matrix.CONNECTIONS, 4000, files["small"])
                    stage.load.run(one.envoy.port, matrix.CONNECTIONS, 400, files["large"])
                    memory = memory_kb(one.envoy.pid)
                    figures["rss_loaded_mb"].append(memory["VmRSS"] / 1024)
                    figures["peak_mb"].append(memory["VmHWM"] / 1024)
            finally:
                one.stop()
    middle = {
        name: {key: statistics.median(values) for key, values in figures.items()} for name, figures in seen.items()
    }
    plain, size = middle["plain"], module.stat().st_size / 1e6
    # Start by start, so that a slow moment of the machine counts on both sides.
    extra = {
        name: statistics.median(mine - base for mine, base in zip(seen[name]["ready_ms"], seen["plain"]["ready_ms"]))
        for name in seen
    }
    rows, verdicts = [], [f"module: {report.verdict(size, SIZE_BUDGET_MB, ' MB')}"]
    for one in chosen(module, noop):
        mine = middle[one.name]
        rows.append(
            [
                one.title,
                f"{mine['ready_ms']:.0f}",
                f"{extra[one.name]:+.0f}",
                f"{mine['cpu_ms'] - plain['cpu_ms']:+.0f}",
                f"{mine['rss_mb']:.0f} ({mine['rss_mb'] - plain['rss_mb']:+.1f})",
                f"{mine['rss_loaded_mb']:.0f} ({mine['rss_loaded_mb'] - plain['rss_loaded_mb']:+.1f})",
            ]
        )
        if one.name not in ("plain", "noop-sdk"):
            load = extra[one.name] - extra["noop-sdk"]
            memory = mine["rss_loaded_mb"] - middle["noop-sdk"]["rss_loaded_mb"]
            verdicts.append(
                f"{one.title}, over the no-op module: load {report.verdict(load, LOAD_BUDGET_MS, ' ms')}, "
                f"RSS {report.verdict(memory, MEMORY_BUDGET_MB, ' MB')}"
            )
    grown, lines = flat(stage, module)
    verdicts += lines
    text = [
        "## Size, start, memory",
        "",
        f"From the start of the process to its first answered request, median of {starts} starts; CPU until then, over "
        "plain Envoy; "
        "resident memory fresh and after 4,000 requests of 1 KB and 400 of 256 KB (over plain Envoy).",
        "",
        report.table(
            ["variant", "ready ms", "over plain ms", "CPU ms over plain", "RSS MB fresh", "RSS MB after load"], rows
        ),
        "",
        *[f"- {line}" for line in verdicts],
    ]
    return {"module_mb": size, "variants": middle, "load_ms_over_plain": extra, "huge_body_mb": grown}, "\n".join(text)

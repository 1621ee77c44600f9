#!/usr/bin/env python3
"""Measures what Pointsman costs, next to what a user would do otherwise. `bench/README.md` says how to read it."""

import argparse
import dataclasses
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import answers
import bodies
import contenders
import footprint
import matrix
import policies
import profiler
import report
import scanner
import subtraction
from contenders import Contender
from processes import Backend, BenchError, Cores, Load, steal_seconds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
VM = "wasm32-wasip1"
SECTIONS = ["matrix", "rules", "answers", "footprint", "scanner", "scanner-vm"]
# Where the floor's time goes is asked when something about it has changed.
ON_DEMAND = ["subtraction"]

# DESIGN, section 6: what routing costs over its floor, the gate over stop, and the most expensive policy.
FLOOR_BUDGET = 1.05
FLOOR_BODIES = ("1 KB", "16 KB")
GATE_BUDGET = 0.15
FACTS_BUDGET = 3.0
FACTS_BODIES = ("256 KB first", "256 KB last")
RULES_BUDGET = 1.1


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def build(*arguments: str) -> None:
    command = ["cargo", "build", "--release", "--quiet", *arguments]
    if subprocess.run(command, cwd=HERE, env=os.environ | {"CARGO_TARGET_DIR": str(TARGET)}).returncode:
        raise BenchError(f"`{' '.join(command)}` failed")


def binary(name: str) -> pathlib.Path:
    return TARGET / "release" / name


def module(name: str) -> pathlib.Path:
    return TARGET / VM / "release" / f"{name}.wasm"


def find_envoy(version: str) -> pathlib.Path:
    choices = [os.environ.get("ENVOY"), ROOT / f".tools/envoy-{version}/envoy/_bin/envoy", shutil.which("envoy")]
    for choice in filter(None, choices):
        if pathlib.Path(choice).is_file():
            return pathlib.Path(choice)
    raise BenchError("no Envoy: run `make setup`, or set ENVOY")


def everyone(wasm: pathlib.Path, before: pathlib.Path | None, folder: pathlib.Path) -> list[Contender]:
    """All contenders, in the order of the table. `before` is another build of the module, to be compared with."""
    small = policies.by_rules(10, contenders.CLUSTER)
    facts = policies.every_fact(contenders.CLUSTER)
    model = policies.UPSTREAM_MODEL
    chosen = [
        Contender("plain", "plain Envoy", []),
        Contender("plain-again", "plain Envoy, another process", []),
        Contender(
            "noop-minimal", "no-op Wasm, two callbacks exported", [contenders.wasm("noop", module("noop_minimal"))]
        ),
        Contender("noop-sdk", "no-op Wasm, Rust SDK", [contenders.wasm("noop", module("noop_sdk"))]),
    ]
    floors = [
        ("floor", "the floor: the same host calls, no logic, hold stop", "stop"),
        ("floor-gate", "the floor: the same host calls, no logic, hold gate", "gate"),
    ]
    chosen += [
        Contender(name, title, contenders.floor(module("floor"), hold), True, True) for name, title, hold in floors
    ]
    if wasm.is_file():
        chosen += [
            Contender("stop", "**Pointsman, hold stop**", contenders.pointsman(wasm, "stop", small), True, True),
            Contender("gate", "**Pointsman, hold gate**", contenders.pointsman(wasm, "gate", small), True, True),
            Contender(
                "stop-facts",
                "Pointsman, hold stop, every fact read",
                contenders.pointsman(wasm, "stop", facts),
                True,
                True,
            ),
        ]
    if before:
        chosen += [
            Contender(
                "stop-before", "Pointsman before, hold stop", contenders.pointsman(before, "stop", small), True, True
            ),
            Contender(
                "gate-before", "Pointsman before, hold gate", contenders.pointsman(before, "gate", small), True, True
            ),
            Contender(
                "stop-facts-before",
                "Pointsman before, hold stop, every fact read",
                contenders.pointsman(before, "stop", facts),
                True,
                True,
            ),
        ]
    chosen += [
        Contender("json_to_metadata", "Envoy json_to_metadata (no rewrite)", [contenders.json_to_metadata()]),
        Contender("transform", "Envoy transform", [contenders.transform(model)], True),
        Contender("lua", "Envoy Lua (pattern search)", [contenders.lua(model)], True),
    ]
    for name, title, duplex in [
        ("ext_proc", "ext_proc, BUFFERED", False),
        ("ext_proc-duplex", "ext_proc, FULL_DUPLEX_STREAMED", True),
    ]:
        one = Contender(name, title, [contenders.ext_proc(duplex)], True)
        chosen.append(matrix.with_helper(one, binary("ext-proc"), folder))
    return chosen


def run_matrix(stage: matrix.Stage, chosen: list[Contender], depth: matrix.Depth, wanted: list[str]) -> dict:
    columns = {label: body for label, body in bodies.all_bodies().items() if not wanted or label in wanted}
    running, cells = [], {}
    try:
        for contender in chosen:
            one = stage.start(contender)
            running.append(one)
            one.envoy.wait_for(matrix.raw_request(bodies.chat(1024, False)))
        for label, body in columns.items():
            cells[label] = matrix.compare(stage, running, body, label, depth)
    finally:
        for one in running:
            one.stop()
    return cells


def print_matrix(chosen: list[Contender], cells: dict) -> str:
    labels = list(cells)
    ratios, details = [], []
    for contender in chosen:
        row, detail = [contender.title], [contender.title]
        for label in labels:
            cell = cells[label][contender.name]
            row.append(
                f"{cell.cpu_us:.0f} us"
                if contender.name == matrix.PLAIN
                else f"{cell.ratio:.2f} ({cell.low:.2f}-{cell.high:.2f})"
            )
            detail.append(f"{cell.cpu_us:.0f} / {cell.p50_us / 1000:.2f} / {cell.p99_us / 1000:.2f} / {cell.rps:.0f}")
        ratios.append(row)
        details.append(detail)
    text = [
        "## Proxy CPU per request, as a ratio to plain Envoy",
        "",
        "Median over the rounds, each block against the plain blocks right before and after it; in brackets the 95 % "
        "confidence interval of that median. `plain Envoy, another process` should be 1.00: what it is off by is the "
        "noise floor.",
        "",
        report.table(["contender", *labels], ratios),
        "",
        "CPU us per request / p50 ms / p99 ms / requests per second, "
        f"{matrix.CONNECTIONS} connections in a closed loop:",
        "",
        report.table(["contender", *labels], details),
    ]
    verdicts = [verdict for label in labels for verdict in judge(label, cells[label])]
    if verdicts:
        text += ["", report.table(["budget", "figure"], verdicts)]
    return "\n".join(text)


def judge(label: str, cells: dict[str, matrix.Cell]) -> list[list[str]]:
    """The budgets that this body's contenders can be held against."""
    ratio = {name: cell.ratio for name, cell in cells.items()}
    verdicts = []
    for name, floor in [("stop", "floor"), ("gate", "floor-gate")]:
        if label in FLOOR_BODIES and name in ratio and floor in ratio:
            verdicts.append(
                [f"hold {name} over its floor, {label}", report.verdict(ratio[name] / ratio[floor], FLOOR_BUDGET)]
            )
    if "stop" in ratio and "gate" in ratio:
        verdicts.append(
            [f"hold gate minus hold stop, {label}", report.verdict(ratio["gate"] - ratio["stop"], GATE_BUDGET)]
        )
    if label in FACTS_BODIES and "stop-facts" in ratio:
        verdicts.append([f"every fact read, {label}", report.verdict(ratio["stop-facts"], FACTS_BUDGET)])
    return verdicts


def run_rules(stage: matrix.Stage, wasm: pathlib.Path, depth: matrix.Depth) -> tuple[dict, str]:
    """The same request under 10 and 10,000 rules, and under 10 with expressions, all next to plain Envoy."""
    measured = [
        ("rules-10", "10 rules", policies.by_rules(10, contenders.CLUSTER)),
        ("rules-10000", "10000 rules", policies.by_rules(10000, contenders.CLUSTER)),
        ("expressions", "10 rules, 9 of them expressions", policies.by_expressions(10, contenders.CLUSTER)),
    ]
    chosen = [Contender("plain", "plain Envoy", [])] + [
        Contender(name, title, contenders.pointsman(wasm, "stop", policy), True, True)
        for name, title, policy in measured
    ]
    running = []
    try:
        for contender in chosen:
            running.append(stage.start(contender))
            running[-1].envoy.wait_for(matrix.raw_request(bodies.chat(1024, False)))
        cells = matrix.compare(stage, running, bodies.chat(1024, False), "rules", depth)
    finally:
        for one in running:
            one.stop()
    few, many, expressions = cells["rules-10"], cells["rules-10000"], cells["expressions"]
    text = [
        "## 10 and 10,000 rules, and expressions (1 KB, hold stop, only the last rule matches)",
        "",
        report.table(
            ["policy", "CPU us per request", "ratio to plain"],
            [
                [
                    one.title,
                    f"{cells[one.name].cpu_us:.1f}",
                    f"{cells[one.name].ratio:.2f} ({cells[one.name].low:.2f}-{cells[one.name].high:.2f})",
                ]
                for one in chosen
            ],
        ),
        "",
        f"10,000 over 10 rules: {report.verdict(many.ratio / few.ratio, RULES_BUDGET)}; "
        f"the filter's own share {few.extra_us:.1f} us -> {many.extra_us:.1f} us. "
        f"Nine expressions, each evaluated: {expressions.extra_us - few.extra_us:+.1f} us.",
    ]
    return {"cells": cells, "ratio": many.ratio / few.ratio}, "\n".join(text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about 2 minutes instead of about 8; coarser")
    parser.add_argument(
        "--only", default="", metavar="CONTENDER,...", help="only these contenders (plain is always in)"
    )
    parser.add_argument(
        "--bodies", default="", metavar="BODY,...", help=f"only these: {', '.join(bodies.all_bodies())}"
    )
    parser.add_argument(
        "--sections",
        default=",".join(SECTIONS),
        metavar="SECTION,...",
        help=f"what to measure; also there: {', '.join(ON_DEMAND)}",
    )
    parser.add_argument("--rounds", type=int, help="rounds of the matrix")
    parser.add_argument("--envoy", default="1.40.0", metavar="VERSION", help="Envoy in .tools")
    parser.add_argument(
        "--module", type=pathlib.Path, default=ROOT / "dist/pointsman.wasm", help="the module under test"
    )
    parser.add_argument(
        "--against", type=pathlib.Path, metavar="MODULE", help="an earlier build to measure in the same run"
    )
    parser.add_argument("--no-pin", action="store_true", help="do not give Envoy a core of its own")
    parser.add_argument("--no-build", action="store_true", help="use what was built before")
    parser.add_argument("--callgrind", action="store_true", help="scanner: count instructions as well (needs valgrind)")
    parser.add_argument(
        "--profile", metavar="CONTENDER[:BODY]", help="instead of measuring, show where the CPU time goes (needs perf)"
    )
    return parser.parse_args()


def select(chosen: list[Contender], only: str) -> list[Contender]:
    wanted = [name for name in only.split(",") if name]
    unknown = set(wanted) - {one.name for one in chosen}
    if unknown:
        raise BenchError(
            f"no contender {', '.join(sorted(unknown))}; there are {', '.join(one.name for one in chosen)}"
        )
    return [one for one in chosen if not wanted or one.name in wanted or one.name == matrix.PLAIN]


def measure(options: argparse.Namespace, folder: pathlib.Path) -> None:
    sections = options.sections.split(",")
    if not options.no_build:
        say("building load generator, backend, ext_proc server and no-op modules")
        build("-p", "load", "-p", "ext-proc")
        build("-p", "noop-sdk", "-p", "noop-minimal", "-p", "floor", "--target", VM)
    envoy, cores, wasm = find_envoy(options.envoy), Cores(not options.no_pin), options.module.resolve()
    if not wasm.is_file():
        say(f"no {options.module}: Pointsman itself is left out; `make wasm` builds it")
    if options.against and not options.against.is_file():
        raise BenchError(f"no {options.against}")
    depth = (
        matrix.Depth(rounds=14, warm=0.3, block=0.025)
        if options.quick
        else matrix.Depth(rounds=100, warm=1.0, block=0.03)
    )
    if options.rounds:
        depth.rounds = options.rounds
    results, texts, began, steal = {}, [], time.monotonic(), steal_seconds()

    def finish(section: str, figures, text: str) -> None:
        results[section] = figures
        texts.append(text)
        print(text + "\n", flush=True)

    with (
        Backend(binary("backend"), folder / "backend.log") as backend,
        Load(binary("load"), folder / "load.log") as load,
    ):
        cores.place(backend.pid, cores.load)
        cores.place(load.pid, cores.load)
        stage = matrix.Stage(envoy, folder, backend, load, cores, say)
        before = options.against.resolve() if options.against else None
        chosen = select(everyone(wasm, before, folder), options.only)
        if options.profile:
            print(profiler.run(stage, chosen, options.profile))
            return
        if "matrix" in sections:
            cells = run_matrix(stage, chosen, depth, [label for label in options.bodies.split(",") if label])
            finish("matrix", cells, print_matrix(chosen, cells))
        if "subtraction" in sections:
            finish("subtraction", *subtraction.run(stage, module("floor"), depth))
        if "rules" in sections and wasm.is_file():
            finish("rules", *run_rules(stage, wasm, dataclasses.replace(depth, rounds=depth.rounds * 3)))
        if "answers" in sections and wasm.is_file():
            finish("answers", *answers.run(stage, wasm, depth))
        if "footprint" in sections and wasm.is_file():
            finish("footprint", *footprint.run(stage, wasm, module("noop_sdk"), starts=4 if options.quick else 11))
        if "scanner" in sections:
            if not options.no_build:
                build("-p", "scanner")
            finish("scanner", *scanner.native(binary("scanner"), folder, options.quick, options.callgrind, say))
        if "scanner-vm" in sections:
            if not options.no_build:
                build("-p", "scanner-vm", "--target", VM)
            finish("scanner-vm", *scanner.in_vm(stage, module("scanner_vm"), options.quick))
    machine = {
        "envoy": options.envoy,
        "cores": os.cpu_count(),
        "pinned": cores.pinned,
        "quick": options.quick,
        "depth": depth,
        "seconds": round(time.monotonic() - began),
        "stolen_seconds": steal_seconds() - steal,
        "load_average": os.getloadavg(),
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    note = (
        f"Envoy {options.envoy}, one worker; {machine['cores']} cores, "
        f"{'Envoy on one of its own' if cores.pinned else 'not pinned'}; {depth.rounds} rounds; "
        f"{machine['seconds']} s, of which the hypervisor took {machine['stolen_seconds']:.1f} s; "
        f"load average at the end {machine['load_average'][0]:.1f}."
    )
    print(note)
    folder_out = HERE / "results"
    folder_out.mkdir(exist_ok=True)
    (folder_out / "latest.json").write_text(report.as_json({"machine": machine} | results))
    (folder_out / "latest.md").write_text("\n\n".join([*texts, note]) + "\n")
    say(f"written: {folder_out / 'latest.json'} and latest.md")


def main() -> int:
    options = arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as folder:
            measure(options, pathlib.Path(folder))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What it costs to read answers: over routing alone, for a whole answer, and for each chunk of a stream."""

import dataclasses
import pathlib

import bodies
import contenders
import matrix
import policies
import report
from contenders import Contender

CHUNKS = 50
# A provider that says `x-bench-stream` in a request streams so many events, each on its own.
SHAPES = {"whole": (), "stream": (f"x-bench-stream: {CHUNKS}",)}

# DESIGN, section 6.
ANSWER_BUDGET_US = 10.0
CHUNK_BUDGET_US = 5.0

ROUTING = "routing"


def chosen(wasm: pathlib.Path, reading: pathlib.Path) -> list[Contender]:
    small = policies.by_rules(10, contenders.CLUSTER)
    # Of what a policy can drop, nothing is dropped.
    observed = small | {"usage": {}, "metrics": {}}
    by_name = [
        (ROUTING, "routing alone", wasm, small),
        ("callbacks", "routing alone, in the module that looks at answers", reading, small),
        ("usage", "`usage`", reading, small | {"usage": {}}),
        ("metrics", "`metrics`", reading, small | {"metrics": {}}),
        ("both", "`usage` and `metrics`", reading, observed),
    ]
    return [Contender("plain", "plain Envoy", [])] + [
        Contender(name, title, contenders.pointsman(module, "stop", policy), True, True)
        for name, title, module, policy in by_name
    ]


def run(stage: matrix.Stage, wasm: pathlib.Path, depth: matrix.Depth) -> tuple[dict, str]:
    everyone, body, running = chosen(wasm, wasm.with_name("pointsman-answers.wasm")), bodies.chat(1024, False), []
    # A stream takes long, and its costs are many chunks': fewer rounds say as much.
    depths = {"whole": depth, "stream": dataclasses.replace(depth, rounds=max(3, depth.rounds // 3))}
    try:
        for contender in everyone:
            running.append(stage.start(contender))
            running[-1].envoy.wait_for(matrix.raw_request(body))
        cells = {
            shape: matrix.compare(stage, running, body, f"answers {shape}", depths[shape], *extra)
            for shape, extra in SHAPES.items()
        }
    finally:
        for one in running:
            one.stop()
    return cells, text(everyone, cells)


def text(everyone: list[Contender], cells: dict) -> str:
    whole, stream = cells["whole"], cells["stream"]
    over = {
        shape: {name: it.extra_us - cell[ROUTING].extra_us for name, it in cell.items()}
        for shape, cell in cells.items()
    }
    rows = [
        [
            one.title,
            f"{whole[one.name].ratio:.2f} ({whole[one.name].low:.2f}-{whole[one.name].high:.2f})",
            f"{over['whole'][one.name]:+.1f} us" if one.name != matrix.PLAIN else "",
            f"{stream[one.name].ratio:.2f} ({stream[one.name].low:.2f}-{stream[one.name].high:.2f})",
            f"{over['stream'][one.name] / CHUNKS:+.2f} us" if one.name != matrix.PLAIN else "",
        ]
        for one in everyone
    ]
    a_chunk = (over["stream"]["both"] - over["whole"]["both"]) / CHUNKS
    return "\n".join(
        [
            f"## Reading answers (1 KB, hold stop; a whole answer, and a stream of {CHUNKS} events)",
            "",
            report.table(
                ["contender", "whole, ratio", "over routing", "stream, ratio", "over routing, per event"], rows
            ),
            "",
            f"`usage` and `metrics` over routing, per whole answer: "
            f"{report.verdict(over['whole']['both'], ANSWER_BUDGET_US, ' us')}; "
            f"per event, what a whole answer costs left out: {report.verdict(a_chunk, CHUNK_BUDGET_US, ' us')}.",
        ]
    )

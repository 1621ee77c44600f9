"""Where the floor's time goes: the floor without one thing each, all in one run."""

import bodies
import contenders
import exports
import matrix
import report
from contenders import Contender

NOTHING = ("no-headers", "no-fetch", "no-splice", "no-length", "no-cluster", "no-record")
# What is left out, the words for it that `floor/` knows, and the callbacks that are not exported.
LEFT_OUT = [
    ("nothing (the floor)", (), ()),
    ("nothing, another process", (), ()),
    ("the decision's record (filter state)", ("no-record",), ()),
    ("the content-length", ("no-length",), ()),
    ("the cluster header, and a route that asks for it", ("no-cluster",), ()),
    ("the splice and the content-length", ("no-splice", "no-length"), ()),
    ("the same, and the fetch of the body", ("no-fetch", "no-splice", "no-length"), ()),
    ("the header map", ("no-headers",), ()),
    ("the header map, but twelve headers by name", ("no-map",), ()),
    ("the response headers' callback", (), ("proxy_on_response_headers",)),
    ("the callback at the end of a stream", (), ("proxy_on_delete",)),
    ("both callbacks that begin and end a stream", (), ("proxy_on_context_create", "proxy_on_delete")),
    ("all host calls, but held as ever", NOTHING, ()),
    ("the same, and only the body is held", (*NOTHING, "no-hold"), ()),
    ("the same, and nothing is held", (*NOTHING, "no-pause"), ()),
]


def chosen(stage: matrix.Stage, floor) -> list[Contender]:
    found = [Contender("plain", "plain Envoy", [])]
    for number, (title, words, callbacks) in enumerate(LEFT_OUT):
        module = floor
        if callbacks:
            module = exports.without(floor, stage.folder / f"floor-{number}.wasm", *callbacks)
        filters = contenders.floor(module, "stop", *words)
        found.append(
            Contender(
                f"floor-{number}",
                title,
                filters,
                not {"no-splice", "no-length"} & set(words),
                "no-cluster" not in words,
            )
        )
    return found


def run(stage: matrix.Stage, floor, depth: matrix.Depth) -> tuple[dict, str]:
    everyone, body, running = chosen(stage, floor), bodies.chat(1024, False), []
    try:
        for contender in everyone:
            running.append(stage.start(contender))
            running[-1].envoy.wait_for(matrix.raw_request(body))
        cells = matrix.compare(stage, running, body, "subtraction", depth)
    finally:
        for one in running:
            one.stop()
    whole, rows = cells["floor-0"], []
    for one in everyone[1:]:
        cell = cells[one.name]
        rows.append(
            [
                one.title,
                f"{cell.ratio:.3f} ({cell.low:.3f}-{cell.high:.3f})",
                f"{cell.ratio - whole.ratio:+.3f}",
                f"{cell.extra_us - whole.extra_us:+.1f}",
            ]
        )
    text = [
        "## Where the floor's time goes (1 KB, hold stop)",
        "",
        report.table(["left out", "ratio to plain", "over the floor", "us"], rows),
    ]
    return cells, "\n".join(text)

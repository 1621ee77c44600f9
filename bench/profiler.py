"""Where the CPU time goes: `perf` on the Envoy process while it serves one kind of request.

Samples the CPU clock, so no hardware counters are needed. Envoy's binary is stripped and V8's code has no names, so the
report is by where the time was spent: kernel, Envoy, V8's compiled code (the module itself), libc.
"""

import collections
import shutil
import subprocess

import bodies
import matrix
import report
from contenders import Contender
from processes import BenchError

MODULE = "V8's compiled code: the module"


def kind(dso: str) -> str:
    if dso.startswith(("[kernel", "[guest.kernel")):
        return "kernel (sockets, epoll, memory)"
    if dso.startswith(("//anon", "[anon", "[JIT", "/tmp/perf-")):
        return MODULE
    if "envoy" in dso:
        return "Envoy, V8's own runtime included"
    return dso


def run(stage: matrix.Stage, chosen: list[Contender], wish: str) -> str:
    """Profiles `contender[:body]` and plain Envoy under the same load."""
    if not shutil.which("perf"):
        raise BenchError("perf is not installed")
    name, _, label = wish.partition(":")
    label = label or "1 KB"
    known = bodies.all_bodies()
    if name not in {one.name for one in chosen} or label not in known:
        raise BenchError(
            f"profile CONTENDER:BODY; contenders: {', '.join(one.name for one in chosen)}; bodies: {', '.join(known)}"
        )
    file = stage.folder / "profile.http"
    file.write_bytes(matrix.raw_request(known[label]))
    texts = []
    for contender in [one for one in chosen if one.name in (matrix.PLAIN, name)]:
        running = stage.start(contender)
        try:
            running.envoy.wait_for(matrix.raw_request(known[label]))
            requests, _ = matrix.calibrate(stage, running, file, 1.5, 4.0)
            data = stage.folder / f"{contender.name}.perf"
            recorder = subprocess.Popen(
                [
                    "perf",
                    "record",
                    "-q",
                    "-e",
                    "cpu-clock",
                    "-F",
                    "4999",
                    "-p",
                    str(running.envoy.pid),
                    "-o",
                    str(data),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                block = matrix.measure(stage, running, requests, file)
            finally:
                recorder.send_signal(2)
                recorder.wait()
            texts.append(describe(contender, label, block, data))
        finally:
            running.stop()
    return "\n\n".join(texts)


def describe(contender: Contender, label: str, block: matrix.Block, data) -> str:
    listing = subprocess.run(
        ["perf", "script", "-i", str(data), "-F", "ip,sym,dso"], capture_output=True, text=True
    ).stdout
    places: collections.Counter = collections.Counter()
    symbols: collections.Counter = collections.Counter()
    for line in listing.splitlines():
        address, _, rest = line.strip().partition(" ")
        symbol, _, dso = rest.rpartition(" (")
        where = kind(dso.rstrip(")"))
        places[where] += 1
        named = symbol.strip() not in ("", "[unknown]")
        if named or where == MODULE:
            # Compiled code has no names: blocks of 256 bytes stand for its functions.
            symbols[where, symbol.strip() if named else f"code at {address[:-2]}00"] += 1
    total = sum(places.values()) or 1
    rows = [
        [where, f"{count / total:.1%}", f"{block.cpu_us * count / total:.1f}"] for where, count in places.most_common()
    ]
    top = [
        [where, symbol[:70], f"{count / total:.1%}", f"{block.cpu_us * count / total:.1f}"]
        for (where, symbol), count in symbols.most_common(25)
    ]
    return (
        f"## {contender.title}, {label}: {block.cpu_us:.1f} us of CPU per request ({total} samples)\n\n"
        + report.table(["where", "share", "us per request"], rows)
        + "\n\n"
        + report.table(["where", "what", "share", "us per request"], top)
    )

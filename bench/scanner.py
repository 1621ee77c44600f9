"""The body scanner against what it replaces: natively, and inside Envoy's V8."""

import json
import pathlib
import re
import statistics
import subprocess

import bodies
import contenders
import policies
import report
from contenders import Contender
from matrix import Stage
from processes import BenchError, send

NAMES = ["pointsman", "pointsman-facts", "serde_json", "memchr"]
TITLES = {
    "pointsman": "**Pointsman**, model only",
    "pointsman-facts": "Pointsman, every fact",
    "serde_json": "serde_json, skipping",
    "memchr": "memchr2, nothing checked",
}


def inputs(folder: pathlib.Path) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    (folder / "policy.json").write_text(json.dumps(policies.by_rules(10, contenders.CLUSTER)))
    (folder / "facts.json").write_text(json.dumps(policies.every_fact(contenders.CLUSTER)))
    named = {label.replace(" ", "-"): body for label, body in bodies.all_bodies().items()}
    for label, body in named.items():
        (folder / f"{label}.body").write_bytes(body)
    return named


def summarise(where: str, times: dict, sizes: dict[str, int], instructions: dict) -> tuple[dict, str]:
    """Times per scan -> GB/s, and the ratio to serde_json by round."""
    labels, rows, verdicts = list(sizes), [], []
    figures = {}
    for name in NAMES:
        row = [TITLES[name]]
        for label in labels:
            middle = statistics.median(times[name][label])
            against = statistics.median(
                base / mine for base, mine in zip(times["serde_json"][label], times[name][label])
            )
            count = instructions.get((name, label))
            figures[f"{name}, {label}"] = {
                "us": middle / 1000,
                "gb_per_s": sizes[label] / middle,
                "speed_over_serde_json": against,
                "instructions_per_byte": count and count / sizes[label],
            }
            row.append(
                f"{middle / 1000:.2f} us, {sizes[label] / middle:.2f} GB/s, {against:.2f}x"
                + (f", {count / sizes[label]:.2f} i/B" if count else "")
            )
            if name == "pointsman" and label.startswith("256"):
                verdicts.append(f"{label}: {against:.2f} times serde_json ({'met' if against >= 1 else 'MISSED'})")
        rows.append(row)
    text = [
        f"## Reading a body {where}",
        "",
        "Time per body, throughput, speed over serde_json in the same round"
        + (", instructions per byte" if instructions else "")
        + ". Pointsman's time is the whole way from headers to decision, the body in pieces of 16 KB; the others get "
        "it in one piece.",
        "",
        report.table(["reader", *labels], rows),
        "",
        "Budget, at least as fast as serde_json: " + "; ".join(verdicts) + ".",
    ]
    return figures, "\n".join(text)


def count_instructions(program: pathlib.Path, folder: pathlib.Path, label: str, name: str) -> float:
    """Instructions per scan: the difference between two runs, so that start-up does not count."""

    def collected(times: int) -> int:
        command = [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            program,
            "once",
            name,
            label,
            str(times),
            folder,
        ]
        done = subprocess.run([str(part) for part in command], stderr=subprocess.PIPE, text=True)
        found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
        if not found:
            raise BenchError(f"valgrind: {done.stderr[-500:]}")
        return int(found[1])

    return (collected(12) - collected(2)) / 10


def native(program: pathlib.Path, folder: pathlib.Path, quick: bool, callgrind: bool, say) -> tuple[dict, str]:
    folder = folder / "scanner"
    named = inputs(folder)
    say("scanner, natively")
    done = subprocess.run(
        [program, "rounds", "12" if quick else "60", "20", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise BenchError(f"scanner: {done.stderr}")
    instructions = {}
    if callgrind:
        for name in NAMES:
            for label in named:
                say(f"callgrind: {name}, {label}")
                instructions[name, label] = count_instructions(program, folder, label, name)
    return summarise(
        "natively", json.loads(done.stdout), {label: len(body) for label, body in named.items()}, instructions
    )


def in_vm(stage: Stage, module: pathlib.Path, quick: bool) -> tuple[dict, str]:
    """One Envoy per policy; each request makes its VM scan the request's body for a while and answer with the time."""
    named = {label.replace(" ", "-"): body for label, body in bodies.all_bodies().items()}
    sets = {"policy": policies.by_rules(10, contenders.CLUSTER), "facts": policies.every_fact(contenders.CLUSTER)}
    times: dict = {name: {label: [] for label in named} for name in NAMES}
    running = {}

    def ask(name: str, body: bytes, milliseconds: int) -> float:
        one = running["facts" if name == "pointsman-facts" else "policy"]
        head = (
            f"POST / HTTP/1.1\r\nhost: bench\r\nx-scanner: {name}\r\nx-milliseconds: {milliseconds}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        status, answer = send(one.envoy.port, head.encode() + body)
        if status != 200:
            raise BenchError(f"scanner in the VM, {name}: {status} {answer[:300]!r}\n{one.envoy.tail()}")
        return float(answer)

    try:
        for key, policy in sets.items():
            running[key] = stage.start(
                Contender(f"scanner-{key}", "", [contenders.wasm("scanner", module, policy, stop=True)])
            )
            running[key].envoy.wait_for(b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n")
        stage.say("scanner, in the VM")
        for name in NAMES:
            for body in named.values():
                ask(name, body, 150)
        for _ in range(8 if quick else 40):
            for label, body in named.items():
                for name in NAMES:
                    times[name][label].append(ask(name, body, 20))
    finally:
        for one in running.values():
            one.stop()
    return summarise("in the VM (Envoy's V8)", times, {label: len(body) for label, body in named.items()}, {})

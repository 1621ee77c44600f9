"""How long `pointsman replay` takes for a million records, and how much memory.

    python3 bench/replay.py [--records N] [--cli target/release/pointsman]

The records are the engine's own, of the quickstart's policy with `record: facts`: each of a hundred requests is decided
once, and its record repeated with other sizes, sessions and usage. The policy that decides them again sends what is
short elsewhere.
"""

import argparse
import json
import pathlib
import random
import re
import resource
import subprocess
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).parent.parent
QUICKSTART = REPOSITORY / "examples" / "quickstart" / "policy.yaml"


def records(cli: str, policy: pathlib.Path, chance: random.Random) -> list[dict]:
    """A record for each of a hundred requests."""
    found = []
    for nth in range(100):
        words = " ".join(["word"] * chance.randrange(1, 400))
        body = {"model": chance.choice(["auto", "auto", "gpt-4o", "gpt-4o-mini"]), "max_tokens": 256}
        body["messages"] = [{"role": "user", "content": f"{nth} {words}"}]
        body["stream"] = chance.random() < 0.5
        if chance.random() < 0.3:
            body["tools"] = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
        team = chance.choice([[], ["--header", "x-team: finance"], ["--header", "x-team: interns"]])
        command = [cli, "explain", policy, "--request", "-", "--output", "json", *team]
        done = subprocess.run(command, input=json.dumps(body), capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    return found


def traffic(file: pathlib.Path, found: list[dict], count: int, chance: random.Random) -> None:
    """Each record is cut where its numbers stand, which is a hundred times as fast as to write each anew."""
    cut = []
    for record in found:
        record.get("facts", {}).update({"inputTokens": "#tokens#", "conversation": "#hash#"})
        if record["action"] == "route":
            usage = {"input": "#tokens#", "output": "#output#"}
            record["answer"] = {"outcome": "served", "durationMs": 900, "usage": usage}
        text = json.dumps(record, separators=(",", ":"))
        cut.append(re.split(r'"#(tokens|output)#"|#(hash)#', text))
    numbers = {
        "tokens": lambda: str(chance.randrange(1, 4_000)),
        "output": lambda: str(chance.randrange(1, 500)),
        "hash": lambda: f"{chance.getrandbits(64):016x}",
    }
    with file.open("w") as lines:
        for nth in range(count):
            parts = cut[nth % len(cut)]
            lines.write("".join(numbers[part]() if part in numbers else part for part in parts if part) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--cli", default=str(REPOSITORY / "target" / "release" / "pointsman"))
    arguments = parser.parse_args()
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        before, after = pathlib.Path(folder) / "before.yaml", pathlib.Path(folder) / "after.yaml"
        before.write_text(QUICKSTART.read_text() + "record: facts\n")
        after.write_text(before.read_text().replace("inputTokens: { max: 200 }", "inputTokens: { max: 1000 }"))
        file = pathlib.Path(folder) / "traffic.jsonl"
        traffic(file, records(arguments.cli, before, chance), arguments.records, chance)
        for name, more in [("against the records", []), ("against a policy", ["--against", str(before)])]:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            started = time.monotonic()
            command = [arguments.cli, "replay", str(after), str(file), "--output", "json", *more]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            took = time.monotonic() - started
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
            figures = json.loads(done.stdout)["figures"]
            size = file.stat().st_size / 1e6
            print(
                f"{name}: {figures['records']:,} records, {size:.0f} MB, in {took:.1f} s, {cpu:.1f} s of processor, "
                f"at most {now.ru_maxrss // 1024} MiB; {figures['moved']:,} moved, {figures['unknown']:,} unknown"
            )


if __name__ == "__main__":
    main()

"""The examples that the playground offers: each folder's policies, with the cases that test them as requests to try."""

import json
import pathlib
import subprocess
import sys

# What is tried in a page should be readable in one.
MOST_REQUEST_BYTES = 6_000


def all_of(folder: pathlib.Path, cli: pathlib.Path) -> list[dict]:
    files = sorted(folder.glob("*/*tests.yaml"))
    if not files:
        sys.exit(f"error: no example in {folder}")
    return [one(file, told, cli) for file, told in zip(files, read(files), strict=True)]


def read(files: list[pathlib.Path]) -> list[dict]:
    """By the reader that policies are read with: Python's, where there is one, is of YAML 1.1."""
    command = ["cargo", "run", "--quiet", "--package", "pointsman-source", "--example", "json", "--", *map(str, files)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit("error: the examples could not be read; see the message above")
    return [json.loads(line) for line in done.stdout.splitlines()]


def one(tests: pathlib.Path, told: dict, cli: pathlib.Path) -> dict:
    policy = tests.parent / told.get("policy", "policy.yaml")
    name = tests.parent.name
    if policy.stem != "policy":
        name += f", {policy.stem.removesuffix('-policy')}"
    cases = [request for case in told["cases"] if (request := request_of(case, tests.parent))]
    return {"name": name, "policy": text_of(policy, cli), "cases": cases}


def text_of(policy: pathlib.Path, cli: pathlib.Path) -> str:
    """As it is, comments included. Of several files, the one document that the proxy gets."""
    text = policy.read_text()
    if "include" not in read([policy])[0]:
        return text
    done = subprocess.run([cli, "bundle", policy], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"error: {policy} could not be bundled: {done.stderr.strip()}")
    return f"# `pointsman bundle`: several files, each of its owner's, as one document.\n{done.stdout}"


def request_of(case: dict, folder: pathlib.Path) -> dict | None:
    """A case as the page has its fields; nothing where it is too long, or says what no field can say."""
    caller = case.get("caller", {})
    given = {
        "name": case["name"],
        "request": http_of(case, folder),
        "api": case.get("api"),
        "principal": caller.get("principal"),
        "claims": json.dumps(caller["claims"]) if "claims" in caller else None,
        "demoted": ", ".join(case.get("demoted", [])),
        "spent": ", ".join(f"{account}={amount}" for account, amount in case.get("spent", {}).items()),
        "at": str(case["at"]) if "at" in case else None,
    }
    if given["request"] is None or len(given["request"]) > MOST_REQUEST_BYTES:
        return None
    return {name: value for name, value in given.items() if value}


def http_of(case: dict, folder: pathlib.Path) -> str | None:
    headers = case.get("headers", {})
    if "request" in case:
        head, _, body = (folder / case["request"]).read_text().replace("\r\n", "\n").partition("\n\n")
        lines = head.split("\n")
        names = {name.lower() for name in headers}
        kept = [line for line in lines[1:] if line.partition(":")[0].lower() not in names]
        changed = any(name in case for name in ("path", "method"))
        return None if changed else "\n".join([lines[0], *kept, *of(headers), "", readable(body)])
    body = case.get("body", "")
    body = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    if not headers and "path" not in case and "method" not in case:
        return body
    if "path" not in case and case.get("api", "chatCompletions") != "chatCompletions":
        return None
    first = f"{case.get('method', 'POST')} {case.get('path', '/v1/chat/completions')} HTTP/1.1"
    typed = ["content-type: application/json"] if body else []
    return "\n".join([first, *typed, *of(headers), "", body])


def of(headers: dict) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def readable(body: str) -> str:
    """JSON over several lines, where it is JSON and says each thing once."""
    try:
        pairs = []
        value = json.loads(
            body, object_pairs_hook=lambda found: pairs.extend([len(found) - len(dict(found))]) or dict(found)
        )
    except ValueError:
        return body
    return body if any(pairs) else json.dumps(value, indent=2, ensure_ascii=False)

#!/usr/bin/env python3
"""Makes the playground one file, dist/playground/index.html: its script bundled by esbuild, with the engine, the
published schema and the examples in it.

    scripts/playground.py ENGINE.wasm POINTSMAN

The page fetches nothing, so it can forbid itself every connection, and it works from a web server, a mail or a disk.
The engine may have 1 MB, compressed; that is checked here. POINTSMAN makes one document of examples that have several
files.
"""

import base64
import gzip
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import playground_examples
import playground_node

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "playground/page"
OUTPUT = ROOT / "dist/playground/index.html"
MOST_ENGINE_BYTES = 1_000_000

# What the page may do: run its one script and the engine, the latter in a worker, and style itself. CodeMirror writes
# style sheets while it runs. No connection, no image but those in its style sheets, no form, no frame.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'sha256-{hash}' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; worker-src blob:; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)


def main(engine: pathlib.Path, cli: pathlib.Path) -> None:
    # Without a name and a time in its head: the same module makes the same page.
    compressed = gzip.compress(engine.read_bytes(), 9, mtime=0)
    print(f"playground: engine {engine.stat().st_size // 1024} KiB, compressed {len(compressed):,} bytes", flush=True)
    if len(compressed) > MOST_ENGINE_BYTES:
        sys.exit(f"error: the engine has {len(compressed):,} bytes compressed, and {MOST_ENGINE_BYTES:,} is the limit")
    playground_node.install()
    script = bundled("main.js")
    parts = {
        "STYLE": (PAGE / "style.css").read_text(),
        "SCHEMA": embedded_json(json.loads((ROOT / "schema/policy-file.schema.json").read_text())),
        "EXAMPLES": embedded_json(playground_examples.all_of(ROOT / "examples", cli)),
        "WORKER": bundled("worker.js"),
        "ENGINE": base64.b64encode(compressed).decode(),
        "SCRIPT": script,
        "POLICY": CONTENT_SECURITY_POLICY.format(
            hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        ),
    }
    # In one pass: what is put in is not looked at again.
    page = re.sub(r"%([A-Z]+)%", lambda found: parts[found[1]], (PAGE / "index.html").read_text())
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(page)
    size = len(gzip.compress(page.encode(), 9))
    print(
        f"playground: {OUTPUT.relative_to(ROOT)}, {len(page) // 1024} KiB, {size // 1024} KiB as a server sends it",
        flush=True,
    )


def bundled(entry: str, name: str = "") -> str:
    """A script with all that it imports, as one text that can stand in a page. `name` is where its exports are then."""
    # For browsers that have everything that the page needs: streams that decompress, of 2023.
    options = ["--bundle", "--minify", "--format=iife", "--target=es2022", "--legal-comments=none", "--charset=utf8"]
    options += [f"--global-name={name}"] if name else []
    command = [*playground_node.esbuild(), str(PAGE / "src" / entry), *options]
    environment = os.environ | {"NODE_PATH": str(playground_node.MODULES)}
    done = subprocess.run(command, cwd=PAGE, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"error: esbuild could not bundle {entry}; see its message above")
    script = done.stdout.decode().strip()
    if re.search(r"</script|<!--", script, re.IGNORECASE):
        sys.exit(f"error: {entry} would end its own element in the page")
    return script


def embedded_json(value: object) -> str:
    """JSON that cannot end the element that it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: scripts/playground.py ENGINE.wasm POINTSMAN")
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

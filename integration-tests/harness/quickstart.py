"""`pointsman run examples/quickstart`, or another example, as a process: one command, as the README gives it."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

from harness import locations
from harness.waiting import wait_for


@contextlib.contextmanager
def running(version: str, output: Path, example: str = "quickstart"):
    """Its address, once it is ready; what it prints goes to `output`. Ends it as Ctrl-C does."""
    environment = {**os.environ, "ENVOY": str(locations.envoy_binary(version))}
    command = [locations.cli(), "run", f"examples/{example}", "--port", "0", "--wasm", locations.answers_module()]
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=locations.REPOSITORY, stdout=file, stderr=subprocess.STDOUT, env=environment
        )

    def ready() -> str | None:
        assert process.poll() is None, output.read_text()
        found = re.search(r"ready\s+(http://[0-9.:]+)", output.read_text())
        return found and found.group(1)

    try:
        yield wait_for("the quickstart to be ready", ready)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, output.read_text()[-2000:]

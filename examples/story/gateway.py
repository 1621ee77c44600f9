"""`pointsman run DIR` as a process."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Gateway:
    """Envoy with a policy in front of demo servers, for as long as the `with` lasts."""

    def __init__(self, folder: pathlib.Path, reads_answers: bool = False):
        cli = os.environ.get("POINTSMAN_CLI", ROOT / "target/release/pointsman")
        wasm = os.environ.get("POINTSMAN_WASM", ROOT / "dist/pointsman.wasm")
        if reads_answers:
            # The other build stands beside it.
            wasm = pathlib.Path(wasm).with_name("pointsman-answers.wasm")
        command = [cli, "run", folder, "--port", "0", "--control", "0", "--concurrency", "2", "--wasm", wasm]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._said: dict[str, deque[str]] = {
            what: deque(maxlen=20) for what in ("envoy", "control", "admin", "ready", "policy")
        }
        # Its line for each request, made of the record.
        self.records: list[str] = []
        self._last: deque[str] = deque(maxlen=10)
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> "Gateway":
        try:
            self.envoy = re.search(r"for ([0-9.]+)", self._wait("envoy", ""))[1]
            self.control = re.search(r"http://[0-9.:]+\d", self._wait("control", ""))[0]
            self.admin = re.search(r"http://[0-9.:]+\d", self._wait("admin", ""))[0]
            self.url = re.search(r"http://[0-9.:]+\d", self._wait("ready", ""))[0]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def taken_over(self, change) -> None:
        """Does the change to the policy file, and waits until Envoy has taken it."""
        self._said["policy"].clear()
        change()
        self._wait("policy", "took over")

    def _listen(self) -> None:
        for line in self._process.stdout:
            what, _, rest = line.partition(" ")
            with self._news:
                self._last.append(line)
                if re.fullmatch(r"[0-9:]+Z", what):
                    self.records.append(line)
                if what in self._said:
                    self._said[what].append(rest.strip())
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _wait(self, what: str, part: str, within: float = 60) -> str:
        deadline = time.monotonic() + within
        with self._news:
            while True:
                for text in self._said[what]:
                    if part in text:
                        return text
                left = deadline - time.monotonic()
                if left <= 0 or self._process.poll() is not None:
                    sys.exit(
                        f"error: `pointsman run` did not get to `{what} {part}`; its last lines:\n{''.join(self._last)}"
                    )
                self._news.wait(min(left, 0.5))

"""One Envoy process: started on free ports, watched through its admin interface, stopped by its id."""

import http.client
import json
import os
import pathlib
import re
import subprocess

from harness import locations, workers
from harness.waiting import wait_for

# What Envoy and the module say when the virtual machine breaks, whatever the client did.
TRAP = re.compile(
    r"panicked|Function: \S+ failed|Wasm VM failed|Plugin configured to fail|proxy_wasm|\[critical\]|unreachable"
)


class Envoy:
    def __init__(
        self,
        version: str,
        config: str,
        folder: pathlib.Path,
        concurrency: int = 1,
        log_level: str = "info",
        environment: dict[str, str] | None = None,
    ):
        """Starts Envoy with the text of a configuration (JSON or YAML) and waits until it serves. The log level is
        the module's; `environment` comes on top of this process's own."""
        folder.mkdir(parents=True, exist_ok=True)
        self.version = version
        self._config = folder / "envoy.yaml"
        self._config.write_text(config)
        self._admin_file = folder / "admin-address"
        self.log_file = folder / "envoy.log"
        self._checked_until = 0
        self._output = self.log_file.open("wb")
        self._process = subprocess.Popen(
            [
                *self._program(),
                *("-c", str(self._config)),
                *("--concurrency", str(concurrency)),
                *("--admin-address-path", str(self._admin_file)),
                *("--file-flush-interval-msec", "10"),
                *("--log-level", "warning", "--component-log-level", f"wasm:{log_level}"),
                *("--drain-time-s", "1", "--parent-shutdown-time-s", "2"),
                "--use-dynamic-base-id",
            ],
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        try:
            self._admin_port = int(wait_for("Envoy's admin address", self._admin_address).rpartition(":")[2])
            wait_for("Envoy to be ready", self._is_ready)
            self.port = self._listener_port()
        except BaseException:
            self.stop()
            raise

    def _program(self) -> list[str]:
        return [str(locations.envoy_binary(self.version))]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def admin_address(self) -> str:
        return f"127.0.0.1:{self._admin_port}"

    def admin(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = self._admin_connection()
        try:
            connection.request(method, path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def _admin_connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._admin_port, timeout=60)

    def stats(self, pattern: str) -> dict[str, int]:
        """Counters and gauges whose name matches the regular expression."""
        text = self.admin(f"/stats?type=All&filter={pattern}")[1]
        values = (line.rpartition(": ") for line in text.splitlines())
        return {name: int(value) for name, _, value in values if value.isdigit()}

    def stat(self, name: str) -> int:
        """The sum of those whose whole name matches."""
        return sum(self.stats(f"^{name}$").values())

    def received_bytes(self) -> int:
        """What Envoy has read from clients so far."""
        return self.stat("http.(edge|pointsman).downstream_cx_rx_bytes_total")

    def connections_by_worker(self) -> dict[int, int]:
        """How many each worker has taken from clients so far."""
        return workers.connections_of(self.stats(workers.COUNTERS).items())

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def resident_bytes(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def traps(self) -> list[str]:
        """New log lines that tell of a broken virtual machine."""
        text = self.log()
        new, self._checked_until = text[self._checked_until :], len(text)
        return [line for line in new.splitlines() if TRAP.search(line)]

    def accept_log(self) -> None:
        """What the log says up to here is what the test has provoked."""
        self.traps()

    def active_requests(self) -> dict[str, int]:
        counts = self.stats(r"(downstream|upstream)_rq_active$")
        return {name: count for name, count in counts.items() if count and not name.startswith("http.admin.")}

    def assert_healthy(self) -> None:
        """No trap, no request left behind, still alive: true after every test, whatever the test did."""
        assert self._process.poll() is None, f"Envoy has died:\n{self.log()[-4000:]}"
        wait_for(f"all requests to end; still active: {self.active_requests()}", lambda: not self.active_requests())
        assert self.traps() == []
        failures = {name: count for name, count in self.stats(r"wasm.*(fail|crash|reload|error)").items() if count}
        assert failures == {}

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._output.close()

    def _admin_address(self) -> str | None:
        if self._process.poll() is not None:
            raise AssertionError(f"Envoy {self.version} did not start:\n{self.log()[-4000:]}")
        return self._admin_file.read_text() if self._admin_file.exists() else None

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(f"Envoy {self.version} did not start:\n{self.log()[-4000:]}")
        try:
            return self.admin("/ready")[0] == 200
        except OSError:
            return False

    def _listener_port(self) -> int:
        return self.ports()[0]

    def ports(self) -> list[int]:
        """The ports of its listeners, in their order."""
        statuses = json.loads(self.admin("/listeners?format=json")[1])["listener_statuses"]
        return [
            status["local_address"]["socket_address"]["port_value"]
            for status in statuses
            if "socket_address" in status["local_address"]
        ]

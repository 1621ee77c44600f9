"""A real Prometheus: it scrapes what a test names, has the alert rules loaded and answers expressions."""

import contextlib
import dataclasses
import json
import pathlib
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import yaml

from harness import locations
from harness.waiting import wait_for


@dataclasses.dataclass
class Prometheus:
    url: str

    def api(self, path: str, **parameters: str) -> dict | list:
        """The data of an answer; what Prometheus has to say against the question fails the test."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode(errors='replace')}") from None

    def ask(self, expression: str) -> list[tuple[dict, float]]:
        """The series that an expression has now: labels and value."""
        found = self.api("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def scrapes(self) -> int:
        """How often all of its targets have been read."""
        return min((int(value) for _, value in self.ask("count_over_time(up[1h])")), default=0)

    def wait_for_scrapes(self, more: int) -> None:
        wanted = self.scrapes() + more
        wait_for(f"{more} scrapes", lambda: self.scrapes() >= wanted)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def running(folder: pathlib.Path, targets: list[str], rules: pathlib.Path) -> Iterator[Prometheus]:
    """Reads the targets, which are Envoys' admin addresses, each second."""
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": "envoy", "metrics_path": "/stats/prometheus", "static_configs": [{"targets": targets}]}
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        locations.prometheus("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def is_ready() -> bool:
        assert process.poll() is None, (folder / "prometheus.log").read_text()[-4000:]
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=60) as response:
                return response.status == 200
        except OSError:
            return False

    try:
        wait_for("Prometheus to be ready", is_ready)
        yield Prometheus(url)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def promtool(*arguments: str | pathlib.Path) -> subprocess.CompletedProcess:
    command = [locations.prometheus("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

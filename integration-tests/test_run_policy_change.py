"""`pointsman run` follows the policy file, survives a bad one, and leaves nothing behind however it ends."""

import os
import re
import signal
import subprocess
import urllib.parse
import urllib.request

import pytest

from harness import locations
from harness.http1 import head
from harness.waiting import wait_for
from harness.workers import COUNTERS, Workers, connections_of

DEPLOYMENT = "listener: { port: 0 }\nhold: %s\nclusters: [{ name: first, demo: true }, { name: second, demo: true }]\n"
POLICY = "models: [{ name: m, cluster: %s }]\n"
ASKED = b'{"model":"m","messages":[]}'


class Run:
    """`pointsman run` on a folder of its own, its output in a file."""

    def __init__(self, folder, version: str, hold: str):
        self.policy, self.output = folder / "policy.yaml", folder / "output"
        (folder / "deployment.yaml").write_text(DEPLOYMENT % hold)
        self.policy.write_text(POLICY % "first")
        environment = {**os.environ, "ENVOY": str(locations.envoy_binary(version)), "TMPDIR": str(folder)}
        command = [locations.cli(), "run", folder, "--wasm", locations.module(), "--concurrency", "2"]
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)
        port = int(wait_for("it to be ready", self.ready).rpartition(":")[2])
        self.admin = self.find(r"admin +(http://[0-9.:]+)")
        self.workers = Workers(port, self.connections_by_worker)

    def ready(self) -> str | None:
        assert self.process.poll() is None, self.output.read_text()
        return self.find(r"ready +(http://[0-9.:]+)")

    def find(self, pattern: str) -> str | None:
        found = re.search(pattern, self.output.read_text())
        return found and found.group(1)

    def served_by(self) -> set[str]:
        """Whom each worker sends requests to."""
        fields = [("host", "edge.test"), ("content-type", "application/json"), ("content-length", str(len(ASKED)))]
        request = head("POST", "/v1/chat/completions", fields) + ASKED
        return {response.header("x-served-by") for response in self.workers.each(lambda: request)}

    def connections_by_worker(self) -> dict[int, int]:
        with urllib.request.urlopen(
            f"{self.admin}/stats?filter={urllib.parse.quote(COUNTERS)}", timeout=60
        ) as response:
            lines = (line.rpartition(": ") for line in response.read().decode().splitlines())
            return connections_of((name, int(count)) for name, _, count in lines)

    def admin_answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.admin}/ready", timeout=60).close()
        except OSError:
            return False
        return True


@pytest.fixture
def run(world, tmp_path):
    run = Run(tmp_path, *world)
    yield run
    run.process.kill()
    run.process.wait()


def test_a_new_policy_takes_over_and_a_bad_one_does_not(run):
    assert run.served_by() == {"first"}
    run.policy.write_text(POLICY % "second")
    wait_for("the new policy", lambda: run.find(r"(version \w+ took over from \w+)"))
    wait_for("the new policy on every worker", lambda: run.served_by() == {"second"})
    run.policy.write_text("modles: []\n")
    wait_for("the refusal", lambda: run.find(r"(policy.yaml:1:1: modles: unknown field)"))
    wait_for("its end", lambda: run.find(r"(not changed, version \w+ stays)"))
    assert run.served_by() == {"second"}


def test_a_change_of_an_included_file_takes_over_and_so_does_a_new_one(run):
    """Each file that the policy is made of is followed, also one that was wrong or not there."""
    folder = run.policy.parent
    (folder / "teams").mkdir()
    (folder / "models.yaml").write_text(POLICY % "first")
    (folder / "teams" / "a.yaml").write_text("# nothing yet\n")
    run.policy.write_text("include: [models.yaml, 'teams/*.yaml']\n")
    wait_for("the same meaning", lambda: run.find(r"(same meaning as before)"))
    (folder / "models.yaml").write_text(POLICY % "second")
    wait_for("the new models on every worker", lambda: run.served_by() == {"second"})
    (folder / "teams" / "b.yaml").write_text("models: [{ name: n, cluster: nowhere }]\n")
    wait_for("the refusal", lambda: run.find(r"(teams/b.yaml:1:30: models\[0\].cluster: no cluster `nowhere`)"))
    (folder / "teams" / "b.yaml").write_text("models: [{ name: n, cluster: first }]\n")
    wait_for("what was mended", lambda: len(re.findall(r"took over from", run.output.read_text())) == 2)
    (folder / "teams" / "b.yaml").unlink()
    wait_for("what is gone", lambda: len(re.findall(r"took over from", run.output.read_text())) == 3)
    assert run.served_by() == {"second"}


@pytest.mark.pairwise("world")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_envoy_ends_with_it(run, how, tmp_path):
    assert run.admin_answers()
    run.process.send_signal(how)
    assert run.process.wait(60) == (-how if how == signal.SIGKILL else 0)
    wait_for("Envoy to end", lambda: not run.admin_answers())
    wait_for("its files to go", lambda: not list(tmp_path.glob("pointsman-*")))

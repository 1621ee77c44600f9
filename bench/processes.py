"""The processes of one run: backend, load generator, Envoys and their helpers; their CPU time, memory and end."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time


class BenchError(Exception):
    """Something that makes the run pointless; the message is for the person who started it."""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """User + system time of a process and all its threads, ended ones included.

    The process's CPU clock is the sum that /proc/<pid>/stat shows as utime + stime, in nanoseconds instead of ticks.
    """
    return time.clock_gettime((~pid << 3) | 2)


def memory_kb(pid: int) -> dict[str, int]:
    """VmRSS, RssAnon and VmHWM of a process."""
    fields = dict(
        line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    return {name: int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon", "VmHWM")}


def steal_seconds() -> float:
    """Time the hypervisor gave to others since boot: a sign of a noisy machine."""
    return int(pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[8]) / os.sysconf("SC_CLK_TCK")


class Cores:
    """Who runs where. Envoy gets a core of its own, so that the load generator cannot push it off."""

    def __init__(self, pin: bool):
        cores = sorted(os.sched_getaffinity(0))
        self.pinned = pin and len(cores) > 1
        self.proxy = {cores[0]}
        self.load = {cores[1]} if self.pinned else set(cores)
        self.helper = {cores[2]} if len(cores) > 2 else self.load

    def place(self, pid: int, cores: set[int]) -> None:
        if self.pinned:
            os.sched_setaffinity(pid, cores)


class Process:
    """A child that is stopped when its `with` block ends."""

    def __init__(self, command: list, log: pathlib.Path, **options):
        self.log = log
        with log.open("ab") as output:
            self.child = subprocess.Popen([str(part) for part in command], stderr=output, **options)
        self.pid = self.child.pid

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


class Backend(Process):
    """Reads everything, answers a small fixed JSON."""

    def __init__(self, binary: pathlib.Path, log: pathlib.Path):
        super().__init__([binary], log, stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())


class Load(Process):
    """The load generator, driven by lines on its input."""

    def __init__(self, binary: pathlib.Path, log: pathlib.Path):
        super().__init__([binary], log, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, port: int, connections: int, requests: int, file: pathlib.Path) -> dict:
        self.child.stdin.write(f"run {port} {connections} {requests} {file}\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline() or '{"failed": "the load generator ended"}')
        if "failed" in answer:
            raise BenchError(f"load on port {port}: {answer['failed']}\n{self.tail()}")
        return answer


class Envoy(Process):
    """One Envoy with one worker."""

    def __init__(self, binary: pathlib.Path, config: dict, folder: pathlib.Path, name: str, port: int, **options):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(config))
        self.name, self.port, self.began = name, port, time.monotonic()
        super().__init__(
            [
                binary,
                "-c",
                path,
                "--concurrency",
                "1",
                "--disable-hot-restart",
                "-l",
                "warning",
                "--component-log-level",
                "wasm:info",
            ],
            folder / f"{name}.log",
            **options,
        )

    def wait_for(self, request: bytes, seconds: float = 30.0) -> float:
        """Waits until `request` is answered with 200; returns the time since the process was started."""
        status, body = None, b""
        while time.monotonic() - self.began < seconds:
            if self.child.poll() is not None:
                raise BenchError(f"Envoy `{self.name}` ended:\n{self.tail()}")
            try:
                status, body = send(self.port, request)
                if status == 200:
                    return time.monotonic() - self.began
                time.sleep(0.01)
            except (OSError, http.client.HTTPException):
                time.sleep(0.001)
        raise BenchError(
            f"Envoy `{self.name}` did not answer with 200 within {seconds:.0f} s "
            f"(last answer: {status} {body[:300]!r}):\n{self.tail()}"
        )


def send(port: int, request: bytes) -> tuple[int, bytes]:
    """Sends one raw request, returns status and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
        stream.sendall(request)
        reply = http.client.HTTPResponse(stream)
        reply.begin()
        return reply.status, reply.read()

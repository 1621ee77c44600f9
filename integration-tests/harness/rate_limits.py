"""A real Redis, and the real rate limit service (envoyproxy/ratelimit) that counts in it."""

import contextlib
import pathlib
import socket
import subprocess
import urllib.request
from collections.abc import Iterator

from harness import locations
from harness.prometheus import free_port
from harness.waiting import wait_for

SILENT = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}


class RateLimits:
    """Each service on its own port of loopback; what it counts starts at nothing."""

    def __init__(self, folder: pathlib.Path):
        self.port = free_port()
        self._folder, self._redis_port = folder, free_port()
        self._redis: subprocess.Popen | None = None
        self._service: subprocess.Popen | None = None

    def start(self, configuration: str) -> None:
        """With what `render ratelimit` prints."""
        redis = ["--port", self._redis_port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._folder / "redis.log").open("wb") as log:
            command = [str(word) for word in (locations.redis(), *redis)]
            self._redis = subprocess.Popen(command, cwd=self._folder, stdout=log, **SILENT)
        wait_for("Redis", lambda: self._answers(self._redis_port))
        rules = self._folder / "runtime" / "config"
        rules.mkdir(parents=True)
        (rules / "pointsman.yaml").write_text(configuration)
        self.start_service()

    def start_service(self) -> None:
        health = free_port()
        environment = {
            "USE_STATSD": "false",
            "REDIS_SOCKET_TYPE": "tcp",
            "REDIS_URL": f"127.0.0.1:{self._redis_port}",
            "RUNTIME_ROOT": str(self._folder),
            "RUNTIME_SUBDIRECTORY": "runtime",
            "RUNTIME_WATCH_ROOT": "false",
            "HOST": "127.0.0.1",
            "PORT": str(health),
            "GRPC_HOST": "127.0.0.1",
            "GRPC_PORT": str(self.port),
            "DEBUG_HOST": "127.0.0.1",
            "DEBUG_PORT": str(free_port()),
        }
        with (self._folder / "ratelimit.log").open("ab") as log:
            self._service = subprocess.Popen([locations.ratelimit()], env=environment, stdout=log, **SILENT)

        def is_well() -> bool:
            assert self._service.poll() is None, (self._folder / "ratelimit.log").read_text()[-4000:]
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(f"http://127.0.0.1:{health}/healthcheck", timeout=10).status == 200
            return False

        wait_for("the rate limit service", is_well)

    def used(self) -> dict[str, int]:
        """What counts, by budget and account: `tokens finance`. The windows are so long that there is one of each."""
        counts = {}
        for key in self._redis_says("KEYS", "*"):
            _, _, budget, _, account, _ = key.split("_", 5)
            counts[f"{budget} {account}"] = int(self._redis_says("GET", key)[0])
        return counts

    def stop_service(self) -> None:
        end(self._service)

    def stop(self) -> None:
        end(self._service)
        end(self._redis)

    def _redis_says(self, *words: str) -> list[str]:
        text = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self._redis_port), timeout=60) as connection:
            connection.sendall(text.encode())
            reply = connection.makefile("rb")
            first = reply.readline()
            if first.startswith(b"*"):
                return [bulk(reply, reply.readline()) for _ in range(int(first[1:]))]
            return [bulk(reply, first)]

    def _answers(self, port: int) -> bool:
        assert self._redis.poll() is None, (self._folder / "redis.log").read_text()[-4000:]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10):
            return True
        return False


def bulk(reply, head: bytes) -> str:
    assert head.startswith(b"$"), head
    return reply.read(int(head[1:]) + 2)[:-2].decode()


def end(process: subprocess.Popen | None) -> None:
    if process and process.poll() is None:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def counting(folder: pathlib.Path) -> Iterator[RateLimits]:
    folder.mkdir(parents=True, exist_ok=True)
    running = RateLimits(folder)
    try:
        yield running
    finally:
        running.stop()

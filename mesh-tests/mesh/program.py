"""A program that runs until it is stopped by its id, with a log."""

import ctypes
import os
import pathlib
import shlex
import signal
import subprocess
import urllib.request
from collections.abc import Callable

import control_planes
from harness.waiting import wait_for

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _end_with_parent() -> None:
    """A test process that is killed cannot stop what it has started."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def built(part: str, name: str) -> pathlib.Path:
    """A program, or a file, that `make mesh-setup` has put there."""
    path = control_planes.folder(part) / name
    assert path.exists(), f"{name} is missing: run `make mesh-setup`"
    return path


def rooted(root: pathlib.Path, folders: dict[str, pathlib.Path], command: list) -> list[str]:
    """The command line that runs something with these folders at the root, where no setting puts them elsewhere. All
    the rest there is as it is; the process keeps its id."""
    root.mkdir(parents=True)
    script = []
    for entry in pathlib.Path("/").iterdir():
        place = root / entry.name
        if entry.is_symlink():
            place.symlink_to(entry.readlink())
        elif entry.is_dir() and entry.name not in folders:
            script.append(["mount", "--rbind", entry, place])
    script += [["mount", "--bind", folder, root / name] for name, folder in folders.items()]
    for *_, place in script:
        place.mkdir()
    script.append(["exec", "chroot", root, *command])
    # What is put behind this command line is the program's as well.
    text = " && ".join(shlex.join(map(str, line)) for line in script) + ' "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", text, "sh"]


class Program:
    def __init__(self, name: str, command: list, folder: pathlib.Path, **environment: str):
        """`folder` is where it runs and logs."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.folder, self.log_file = name, folder, folder / f"{name}.log"
        self._command, self._environment = [str(word) for word in command], environment
        self.start()

    def start(self) -> None:
        # Nothing of whoever runs the tests: neither a kubeconfig nor a home folder, nor a proxy.
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self._environment}
        with self.log_file.open("ab") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self.process = subprocess.Popen(
                self._command, cwd=self.folder, env=environment, preexec_fn=_end_with_parent, **streams
            )

    def wait_for(self, what: str, condition: Callable, within: float = 60.0):
        def is_so():
            assert self.process.poll() is None, f"{self.name} has ended:\n{self.log()[-4000:]}"
            return condition()

        return wait_for(f"{what} ({self.log_file})", is_so, within)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        """As a machine does that runs out of memory."""
        self.process.kill()
        self.process.wait()

    def resident_bytes(self) -> int:
        line = next(
            line
            for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            if line.startswith("VmRSS")
        )
        return int(line.split()[1]) * 1024


def answers(url: str) -> bool:
    """Whether a server is there, and well."""
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status == 200
    except OSError:
        return False

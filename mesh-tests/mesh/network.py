"""A pod's own network, and what a pod sees of the file system: its names, its DNS server, its folders.

The sandbox is the node: a pair of interfaces leads from it into each pod. Addresses that pods call are the node's own,
so that whatever serves in the sandbox is reached from there.
"""

import contextlib
import pathlib
import subprocess
from collections.abc import Iterator

from harness.waiting import wait_for
from mesh import sandbox

NODE, NAME_SERVER = "10.9.0.1", "10.9.0.53"
"""Nobody serves names at that address: what a pod asks it is answered by the agent, or by nobody."""
NODES_OWN = "10.9.0.0/16"
FOLDERS = ("/etc/istio", "/var/lib/istio")
PROGRAMS = {"ip": "iproute2", "iptables": "iptables", "nsenter": "util-linux", "unshare": "util-linux"}
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PROXYS_GROUP = 1337
"""By which iptables tells the proxy from the application."""
_taken: list[str] = []


def open_node() -> None:
    """What the node does for its pods: it has addresses that they reach, and hands on what they send to one another."""
    _require_programs()
    _ip("route", "replace", "local", NODES_OWN, "dev", "lo")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


class Network:
    def __init__(self, folder: pathlib.Path, hosts: dict[str, str]):
        """`hosts` are the names that this pod resolves by itself."""
        folder.mkdir(parents=True, exist_ok=True)
        number = len(_taken) + 1
        self.address, self.folder, self._interface = f"10.1.0.{number}", folder, f"pod{number}"
        _taken.append(self.address)
        lines = {"localhost": "127.0.0.1", **hosts}
        (folder / "hosts").write_text("".join(f"{address} {host}\n" for host, address in lines.items()))
        (folder / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        self._holder = self._hold()
        try:
            self._connect()
        except BaseException:
            self.stop()
            raise

    def _hold(self) -> subprocess.Popen:
        """The process whose namespaces they are. It ends with whoever holds the other end of its input."""
        mounts = [f"mount --bind {self.folder / name} /etc/{name}" for name in ("hosts", "resolv.conf")]
        mounts += [f"mkdir -p {name} && mount -t tmpfs tmpfs {name}" for name in FOLDERS]
        script = " && ".join([*mounts, "ip link set lo up", "echo ready", "exec cat >/dev/null"])
        command = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script]
        environment = {"PATH": PATH}
        pipe = subprocess.PIPE
        holder = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, env=environment)
        said = holder.stdout.readline()
        assert said == b"ready\n", said + holder.stdout.read()
        return holder

    def _connect(self) -> None:
        pid = str(self._holder.pid)
        _ip("link", "add", self._interface, "type", "veth", "peer", "name", "eth0", "netns", pid)
        _ip("link", "set", self._interface, "up")
        _ip("route", "replace", f"{self.address}/32", "dev", self._interface, "src", NODE)
        self.run("ip", "address", "add", f"{self.address}/32", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "route", "add", NODE, "dev", "eth0", "scope", "link")
        self.run("ip", "route", "add", "default", "via", NODE, "src", self.address)

    def command(self, *words, group: int | None = None) -> list[str]:
        """The command line that runs something in the pod, in its folder. A folder that was entered from outside has
        no path in there: the agent's secrets would fail."""
        entered = ["nsenter", "--target", str(self._holder.pid), "--net", "--mount", "env", "-C", str(self.folder)]
        entered += ["setpriv", "--regid", str(group), "--clear-groups"] if group else []
        return [*entered, *map(str, words)]

    def run(self, *words, text: str | None = None) -> str:
        command, environment = self.command(*words), {"PATH": PATH}
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, env=environment)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread opens meanwhile are the pod's."""
        with open("/proc/thread-self/ns/net") as here, open(f"/proc/{self._holder.pid}/ns/net") as there:
            sandbox.enter_network(there.fileno())
            try:
                yield
            finally:
                sandbox.enter_network(here.fileno())

    def folder_seen(self, path: str) -> pathlib.Path:
        """Where the pod's `path` is for the tests."""
        return pathlib.Path(f"/proc/{self._holder.pid}/root{path}")

    def stop(self) -> None:
        self._holder.stdin.close()
        self._holder.wait(20)
        self._holder.stdout.close()
        # The pair goes with the pod's end of it, but not at once.
        wait_for("the interface to go", lambda: not pathlib.Path(f"/sys/class/net/{self._interface}").exists())


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=60, env={"PATH": PATH})
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def _require_programs() -> None:
    folders = [pathlib.Path(folder) for folder in PATH.split(":")]
    missing = [name for name in PROGRAMS if not any((folder / name).exists() for folder in folders)]
    packages = " ".join(sorted({PROGRAMS[name] for name in missing}))
    assert not missing, f"a pod's network needs {', '.join(missing)} (Debian: apt install {packages})"

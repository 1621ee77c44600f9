"""The world in which the control planes run: a network and a file system of this process and those that it starts.

They want ports, names and files that belong to a machine: 443, `istiod.istio-system.svc`, `/etc/istio`. Here they have
them, and nothing of it is seen outside or left behind: the network has only a loopback interface, and what is written
to `/etc` and `/var/lib` goes to memory.
"""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct

import control_planes

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
HOSTS = pathlib.Path("/etc/hosts")
OVERLAID = ("etc", "var/lib")

_libc = ctypes.CDLL(None, use_errno=True)


class Refused(RuntimeError):
    """The machine does not let this user have a network and mounts of his own."""


def enter() -> None:
    """Before any thread is started: what is entered is entered by what comes from this thread."""
    user, group = os.getuid(), os.getgid()
    _called("unshare", _libc.unshare(CLONE_NEWNS | CLONE_NEWNET | (CLONE_NEWUSER if user else 0)))
    if user:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    _raise_loopback()
    # An empty folder of our own; from outside it stays empty.
    memory = control_planes.TOOLS / "sandbox"
    memory.mkdir(parents=True, exist_ok=True)
    mount("tmpfs", str(memory), "tmpfs", 0, "mode=755")
    for name in OVERLAID:
        upper, work = memory / name / "upper", memory / name / "work"
        upper.mkdir(parents=True), work.mkdir()
        mount("overlay", f"/{name}", "overlay", 0, f"lowerdir=/{name},upperdir={upper},workdir={work}")
    # Some containers mount this file by itself, and that mount stays on top of what is written below it.
    own = memory / "hosts"
    own.write_text("127.0.0.1 localhost\n")
    mount(str(own), str(HOSTS), "", MS_BIND)


def name_hosts(addresses: dict[str, str]) -> None:
    """Names that everything in here resolves, and nothing else does."""
    lines = "".join(f"{address} {host}\n" for host, address in addresses.items())
    HOSTS.write_text(HOSTS.read_text() + lines)


def enter_network(descriptor: int) -> None:
    """For the thread that calls it."""
    _called("setns", _libc.setns(descriptor, CLONE_NEWNET))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    called = _libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode())
    _called(f"mount {target}", called)


def _called(what: str, result: int) -> None:
    if result:
        raise Refused(f"{what}: {os.strerror(ctypes.get_errno())}")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))

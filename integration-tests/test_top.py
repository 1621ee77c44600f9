"""`pointsman top` in a terminal: what it draws, what keys do, and that the terminal is given back however it ends."""

import contextlib
import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator

import pytest

from harness import locations, pages

ENTER, LEAVE, SHOW = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
DRAWN = "\x1b[?2026l"
"""The end of a frame."""
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
PLACE = re.compile(r"\x1b\[(\d+);1H")


class Counting(http.server.BaseHTTPRequestHandler):
    """An admin interface that has counted more each time it is asked."""

    asked = 0
    status = 200

    def do_GET(self):
        type(self).asked += 1
        body = self.counted().encode()
        self.send_response(self.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def counted(self) -> str:
        lines = [
            f'pointsman_requests_total{{tenant="{tenant}",rule="{tenant}-rule",model="m-{tenant}",cluster="c",'
            f'outcome="served"}} {count * self.asked}'
            for tenant, count in (("finance", 10), ("research", 30))
        ]
        return "\n".join([*lines, 'pointsman_policy_info{policy="7c069dc92917"} 1', ""])

    def log_message(self, *_):
        pass


@pytest.fixture
def admin() -> Iterator[type[Counting]]:
    handler = type("Handler", (Counting,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield handler
        server.shutdown()
        thread.join()


class Screen:
    """A terminal with the program in it."""

    def __init__(self, process: subprocess.Popen, end: int, size: tuple[int, int]):
        self.process, self.end = process, end
        self.written = b""
        self._lines = [""] * size[0]

    def press(self, keys: bytes) -> None:
        os.write(self.end, keys)

    def read(self) -> None:
        """What has been drawn, after waiting a little for it."""
        with contextlib.suppress(OSError):
            if select.select([self.end], [], [], 0.05)[0]:
                self.written += os.read(self.end, 65536)

    def lines(self) -> list[str]:
        """What stands there now: each line is drawn from its beginning to its end."""
        whole, _, _ = self.written.decode(errors="replace").rpartition(DRAWN)
        parts = PLACE.split(whole)
        for row, drawn in zip(parts[1::2], parts[2::2], strict=True):
            self._lines[int(row) - 1] = SEQUENCE.sub("", drawn).rstrip()
        return self._lines

    def wait_for(self, text: str) -> list[str]:
        deadline = time.monotonic() + 30
        while not any(text in line for line in self.lines()):
            assert time.monotonic() < deadline and self.process.poll() is None, (text, self.lines())
            self.read()
        return self.lines()

    def wait_for_its_end(self) -> int:
        deadline = time.monotonic() + 30
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            self.read()
        while select.select([self.end], [], [], 0)[0]:
            self.read()
        return self.process.returncode


@contextlib.contextmanager
def terminal(address: str, *options: str, size: tuple[int, int] = (24, 120)) -> Iterator[Screen]:
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        before = termios.tcgetattr(theirs)
        command = [locations.cli(), "top", address, "--interval", "0.2", *options]
        environment = {**os.environ, "TERM": "xterm-256color"}
        process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        screen = Screen(process, ours, size)
        try:
            yield screen
            assert termios.tcgetattr(theirs) == before, "the terminal's settings are not what they were"
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_shows_rates_and_obeys_keys(admin):
    with terminal(admin.address) as screen:
        lines = screen.wait_for("research")
        assert lines[0] == f"envoy {admin.address}   policy 7c069dc92917"
        assert lines[-1].startswith("q quit   tab, t m r c: by tenant, model, rule, cluster")
        lines = screen.wait_for(" requests/s")
        rows = [line.split() for line in lines if line.startswith(("finance", "research"))]
        assert [row[0] for row in rows] == ["research", "finance"], "the largest first"
        assert 10 < float(rows[0][1]) <= 150, "30 in 0.2 s, or in longer on a busy machine"
        screen.press(b"m")
        assert any(line.startswith("model") for line in screen.wait_for("m-research"))
        screen.press(b"\t")
        screen.wait_for("research-rule")
        # To the left of the requests are their rate and the names.
        screen.press(b"\x1b[D\x1b[D")
        rows = [line.split()[0] for line in screen.wait_for("\u2193rule") if "-rule" in line]
        assert rows == ["finance-rule", "research-rule"]
        screen.press(b"q")
        assert screen.wait_for_its_end() == 0
        assert screen.written.count(ENTER) == screen.written.count(LEAVE) == 1 and SHOW in screen.written


@pytest.mark.parametrize("end", [b"\x03", b"\x1b", signal.SIGTERM, signal.SIGHUP], ids=str)
def test_the_terminal_is_given_back(admin, end):
    with terminal(admin.address) as screen:
        screen.wait_for("research")
        screen.press(end) if isinstance(end, bytes) else screen.process.send_signal(end)
        assert screen.wait_for_its_end() == 0
        assert screen.written.index(ENTER) < screen.written.index(LEAVE) < screen.written.rindex(SHOW)


def test_an_envoy_that_goes_is_waited_for(admin):
    with terminal(admin.address) as screen:
        screen.wait_for("requests/s")
        admin.status = 503
        lines = screen.wait_for("was answered with 503")
        assert any(line.startswith("research") for line in lines), "what was known stays"
        # It has begun anew.
        admin.status, admin.asked = 200, 0
        deadline = time.monotonic() + 30
        while any("503" in line for line in screen.lines()):
            assert time.monotonic() < deadline
            screen.read()
        screen.press(b"q")
        assert screen.wait_for_its_end() == 0


def test_a_window_of_any_size_is_drawn_within_itself(admin):
    with terminal(admin.address, size=(6, 20)) as screen:
        lines = screen.wait_for("research")
        assert len(lines) == 6 and max(map(len, lines)) <= 20
        fcntl.ioctl(screen.end, termios.TIOCSWINSZ, struct.pack("HHHH", 1, 1, 0, 0))
        screen.process.send_signal(signal.SIGWINCH)
        screen.press(b"mq")
        assert screen.wait_for_its_end() == 0


def test_keys_that_come_with_a_change_of_the_window_are_heard(admin):
    with terminal(admin.address) as screen:
        screen.wait_for("research")
        # Whether both are there when the program looks is for the scheduler to say.
        for round in range(40):
            key, title = (b"m", "model") if round % 2 == 0 else (b"t", "tenant")
            screen.process.send_signal(signal.SIGWINCH)
            screen.press(key)
            deadline = time.monotonic() + 10
            while not any(line.startswith(title) for line in screen.lines()):
                assert time.monotonic() < deadline, (round, screen.lines())
                screen.read()
        screen.press(b"q")
        assert screen.wait_for_its_end() == 0


def test_a_terminal_that_is_none_gets_one_look_as_text(admin):
    environment = {**os.environ, "TERM": "dumb"}
    command = [locations.cli(), "top", admin.address, "--interval", "0.1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert "\x1b" not in done.stdout and "\nresearch" in done.stdout
    assert admin.asked == 2


def test_what_is_wrong_from_the_beginning_is_said_without_a_screen(admin):
    admin.status = 404
    with terminal(admin.address) as screen:
        assert screen.wait_for_its_end() == 1
        assert ENTER not in screen.written and b"was answered with 404" in screen.written


# What the page shows.


def counted_as_shown(handler: Counting) -> str:
    """Every series that the page's table tells of."""
    lines = ['pointsman_policy_info{policy="7c069dc92917"} 1', 'pointsman_usage_unknown_total{model="m"} 1']
    lines += [
        f'pointsman_budget_used_percent{{budget="{name}"}} {used}'
        for name, used in (("research-money", 83), ('calls",tenant="finance', 12))
    ]
    for tenant, count in (("finance", 18_000), ("research", 7_000)):
        who = f'tenant="{tenant}",model="m"'
        lines += [f'pointsman_requests_total{{{who},outcome="{outcome}"}} {count}' for outcome in ("served", "deny")]
        lines += [f"pointsman_attempts_total{{{who}}} {count}", f"pointsman_cost_micros_total{{{who}}} {count}"]
        lines += [f'pointsman_tokens_total{{{who},gen_ai_token_type="{kind}"}} 9' for kind in ("input", "output")]
        lines += [
            f'gen_ai_server_time_to_first_token_milliseconds_bucket{{{who},le="{bound}"}} 9' for bound in (100, "+Inf")
        ]
    return "\n".join([*lines, f'pointsman_requests_total{{outcome="deny"}} {handler.asked}', ""])


def once(admin: type[Counting], *options: str) -> str:
    command = [locations.cli(), "top", admin.address, "--once", "--interval", "0.1", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def shape(text: str) -> list[str]:
    """Words in their order, with every number alike."""
    number = r"<?\b\d+(\.\d+)?[kMGT]?( ms| s)?(?=\s|/|$)"
    return [re.sub(number, "#", line).split() for line in text.splitlines()]


def test_the_page_shows_what_is_printed(admin, monkeypatch):
    monkeypatch.setattr(admin, "counted", counted_as_shown)
    (command,) = pages.commands(pages.one("text", "top"))
    assert command.words[:2] == ["pointsman", "top"]
    printed = once(admin).replace(admin.address, command.words[2])
    assert shape(printed) == shape(command.output)
    # Columns of the page stand below each other.
    assert len({len(line) for line in command.output.splitlines()[4:]}) == 1


def test_the_names_in_json_are_those_of_the_page(admin, monkeypatch):
    monkeypatch.setattr(admin, "counted", counted_as_shown)
    printed, shown = json.loads(once(admin, "--output", "json")), json.loads(pages.one("json", "top").text)
    assert printed.keys() == shown.keys()
    (row,) = shown["rows"]
    for real in (printed["all"], *printed["rows"]):
        assert real.keys() == shown["all"].keys() == row.keys()
        assert real["total"].keys() == row["total"].keys() == real["perSecond"].keys()
        assert real["firstTokenMs"] is None or real["firstTokenMs"].keys() == row["firstTokenMs"].keys()

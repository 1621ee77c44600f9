"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(what: str, condition: Callable[[], T], within: float = 60.0) -> T:
    """Polls until the condition is true and returns its value; fails with `what` when it never is.

    The time is for what never happens. A busy machine makes a test slow and not wrong.
    """
    deadline = time.monotonic() + within
    pause = 0.0005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:g} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 2, 0.02)

"""Waiting for what a stack must reach."""

import time
from collections.abc import Callable

WAIT_SECONDS = 300
LOOK_SECONDS = 0.2


class Failed(Exception):
    """The stack does not do what it must; the message names the container and what it did."""


def wait(reached: Callable[[], bool], otherwise: str) -> None:
    """Until `reached`. Raises Failed with `otherwise` after `WAIT_SECONDS`."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            raise Failed(f"{otherwise} in {WAIT_SECONDS} s")
        time.sleep(LOOK_SECONDS)

"""What happens between SIGTERM and the end of a server process."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import structlog

from registry.api.state import Stopping

_log = structlog.get_logger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def stopping_at_signals(stopping: Stopping, *, leave_seconds: float, stop_seconds: float) -> Iterator[None]:
    """Put two waits before what the server does at SIGTERM: to stop listening, and to end when all is answered.

    For `leave_seconds` requests are taken as before, but `stopping.begun` is true, so that load balancers leave this
    process. Then the server stops listening. `stop_seconds` later, requests that are still under way are cancelled;
    the middleware answers them. SIGINT, and a second SIGTERM, skip the first wait.

    Does nothing outside of the main thread, which alone gets signals, and where no server handles them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    servers = {number: signal.getsignal(number) for number in _SIGNALS}
    leaving: list[asyncio.TimerHandle] = []

    def leave(number: int, frame: FrameType | None) -> None:
        server = servers[signal.Signals(number)]
        loop.call_later(stop_seconds, _cut_off, stopping)
        if callable(server):
            server(number, frame)

    def begin(number: int, frame: FrameType | None) -> None:
        again, stopping.begun = stopping.begun, True
        while leaving:
            leaving.pop().cancel()
        if again or number == signal.SIGINT or not leave_seconds:
            leave(number, frame)
        else:
            _log.info("stopping", leave_seconds=leave_seconds, stop_seconds=stop_seconds)
            leaving.append(loop.call_later(leave_seconds, leave, number, frame))

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin, number, frame)

    handled = [number for number, server in servers.items() if callable(server)]
    for number in handled:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, servers[number])


def _cut_off(stopping: Stopping) -> None:
    for request in list(stopping.requests):
        request.cancel()

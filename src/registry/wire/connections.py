"""The open connections of a server process: how long each may be silent, and how many there may be."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)
_TICK_SECONDS = 0.25
_GRACE_SECONDS = 10.0
"""So long a body may come slower than the minimum rate."""
_MAX_HEAD_MEMORY_BYTES = 32 * 1024 * 1024
"""Of all heads that are not complete yet. Beyond it, the oldest are closed."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """From the settings; times in seconds."""

    head_seconds: float
    keep_alive_seconds: float
    body_idle_seconds: float
    min_body_bytes_per_second: int
    response_idle_seconds: float
    max_connections: int


class Connection(Protocol):
    """What the watch needs of a connection."""

    def watch(self, seconds: float) -> None:
        """`seconds` have passed: close the connection if its client was silent for too long."""

    @property
    def idle_seconds(self) -> float | None:
        """How long nothing but a part of a head has come; None while a request is under way."""

    @property
    def head_bytes(self) -> int:
        """What is held of a head that is not complete."""

    def drop(self) -> None:
        """Close at once."""


class Pace:
    """Whether bytes come fast enough: not silent for too long, and not below a minimum rate.

    The rate counts from the tenth second on. Fast bytes earn credit for a pause of `idle_seconds`, so that a client on
    a flaky network is not cut; credit is bounded, so that a fast beginning does not allow a slow rest.
    """

    __slots__ = ("_credit", "_idle", "_limits", "_seen", "_total_seconds")

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._idle = 0.0
        self._total_seconds = 0.0
        self._credit = limits.min_body_bytes_per_second * _GRACE_SECONDS
        self._seen = 0

    def is_too_slow(self, received: int, seconds: float) -> bool:
        """Whether the client was too slow: `received` bytes so far, another `seconds` of waiting for it are over."""
        limits, news = self._limits, received - self._seen
        self._seen = received
        self._idle = 0.0 if news else self._idle + seconds
        self._total_seconds += seconds
        rate = limits.min_body_bytes_per_second
        most = rate * max(limits.body_idle_seconds, _GRACE_SECONDS)
        self._credit = min(most, self._credit + news - rate * seconds)
        slow_start = self._total_seconds > _GRACE_SECONDS and received < rate * self._total_seconds
        return self._idle > limits.body_idle_seconds or self._credit < 0 or slow_start


class Connections:
    """Watches all connections of an event loop, four times a second: no request pays for a timer of its own."""

    def __init__(self, limits: ConnectionLimits, loop: asyncio.AbstractEventLoop) -> None:
        self.limits = limits
        self._loop = loop
        self._open: set[Connection] = set()
        self._last = 0.0

    def add(self, connection: Connection) -> bool:
        """Whether there is place for the connection. Those that wait for a request make place, the oldest first."""
        if len(self._open) >= self.limits.max_connections:
            self._make_place()
        if len(self._open) >= self.limits.max_connections:
            return False
        if not self._open:
            self._last = self._loop.time()
            self._loop.call_later(_TICK_SECONDS, self._tick)
        self._open.add(connection)
        return True

    def remove(self, connection: Connection) -> None:
        self._open.discard(connection)

    def _tick(self) -> None:
        now = self._loop.time()
        # While the loop itself was busy, clients had no chance.
        seconds, self._last = min(now - self._last, 2 * _TICK_SECONDS), now
        for connection in list(self._open):
            connection.watch(seconds)
        if sum(connection.head_bytes for connection in self._open) > _MAX_HEAD_MEMORY_BYTES:
            self._make_place()
        if self._open:
            self._loop.call_later(_TICK_SECONDS, self._tick)

    def _make_place(self) -> None:
        """Close an eighth of those that wait for a request: looking at all of them pays for many newcomers."""
        waiting = [(idle, each) for each in self._open if (idle := each.idle_seconds) is not None]
        waiting.sort(key=lambda pair: pair[0], reverse=True)
        dropped = waiting[: max(1, len(waiting) // 8)]
        for _, connection in dropped:
            connection.drop()
            self._open.discard(connection)
        _log.warning("connections_dropped", dropped=len(dropped), open=len(self._open))

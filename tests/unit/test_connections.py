"""How slow a client may be, and which connections give way when there are too many."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from registry.wire.connections import ConnectionLimits, Connections, Pace

LIMITS = ConnectionLimits(
    head_seconds=10,
    keep_alive_seconds=65,
    body_idle_seconds=60,
    min_body_bytes_per_second=1024,
    response_idle_seconds=60,
    max_connections=16,
)


def seconds_until_too_slow(bytes_per_second: Iterator[int] | int, limits: ConnectionLimits = LIMITS) -> int | None:
    pace, received = Pace(limits), 0
    for second in range(1, 1000):
        received += bytes_per_second if isinstance(bytes_per_second, int) else next(bytes_per_second)
        if pace.is_too_slow(received, 1.0):
            return second
    return None


@pytest.mark.parametrize(("rate", "expected"), [(0, 11), (100, 11), (1023, 11), (1024, None), (10_000_000, None)])
def test_the_minimum_rate_counts_after_ten_seconds(rate: int, expected: int | None) -> None:
    assert seconds_until_too_slow(rate) == expected


def test_a_fast_client_may_pause_as_long_as_any_other() -> None:
    def burst_and_pause() -> Iterator[int]:
        yield 10_000_000
        yield from [0] * 1000

    assert seconds_until_too_slow(burst_and_pause()) == 62


def test_a_fast_beginning_does_not_pay_for_a_slow_rest() -> None:
    def burst_and_drops() -> Iterator[int]:
        yield 1_000_000_000
        yield from [10] * 1000

    found = seconds_until_too_slow(burst_and_drops())
    assert found is not None
    assert found < 65


def test_without_a_rate_only_silence_counts() -> None:
    limits = replace(LIMITS, min_body_bytes_per_second=0)
    assert seconds_until_too_slow(1, limits) is None
    assert seconds_until_too_slow(0, limits) == 61


class Line:
    """A connection that has been idle for so long; None while it is busy."""

    head_bytes = 0

    def __init__(self, idle_seconds: float | None) -> None:
        self.idle_seconds = idle_seconds
        self.dropped = False

    def watch(self, seconds: float) -> None: ...

    def drop(self) -> None:
        self.dropped = True


async def test_the_longest_idle_give_way_and_the_busy_stay() -> None:
    connections = Connections(LIMITS, asyncio.get_running_loop())
    lines = [Line(None) for _ in range(8)] + [Line(float(number)) for number in range(8)]
    assert all(connections.add(line) for line in lines)
    assert connections.add(Line(0.0))
    assert [line.dropped for line in lines] == [False] * 15 + [True]


async def test_nobody_gives_way_when_all_are_busy() -> None:
    connections = Connections(LIMITS, asyncio.get_running_loop())
    lines = [Line(None) for _ in range(16)]
    assert all(connections.add(line) for line in lines)
    assert not connections.add(Line(0.0))
    connections.remove(lines[0])
    assert connections.add(Line(0.0))


async def test_heads_that_hold_too_much_memory_give_way() -> None:
    connections = Connections(LIMITS, asyncio.get_running_loop())
    lines = [Line(float(number)) for number in range(8)]
    for line in lines:
        line.head_bytes = 5_000_000
        connections.add(line)
    connections._tick()
    assert [line.dropped for line in lines] == [False] * 7 + [True]

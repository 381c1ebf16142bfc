"""Calls of ports are told to an observer, and otherwise unchanged."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from registry.domain.errors import NotFound, Unavailable
from registry.telemetry.observation import observed


class Port:
    """Every kind of member that ports have."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()

    async def get(self, value: int, *, more: int = 0) -> int:
        return value + more

    async def fail(self, error: Exception) -> None:
        raise error

    async def wait(self) -> None:
        self.entered.set()
        await asyncio.Event().wait()

    async def stream(self) -> AsyncIterator[int]:
        yield 1
        yield 2

    def depth(self) -> int:
        return 3


class Watching:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.seconds: list[float] = []

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        self.seen.append((store, operation, outcome))
        self.seconds.append(seconds)

    def consumed(self, store: str, operation: str, units: float) -> None:
        raise AssertionError("ports consume nothing")


@pytest.fixture
def watching() -> Watching:
    return Watching()


@pytest.fixture
def port(watching: Watching) -> Port:
    return observed(Port(), "records", watching)


async def test_results_pass(port: Port, watching: Watching) -> None:
    assert await port.get(1, more=2) == 3
    assert await port.get(5) == 5
    assert watching.seen == [("records", "get", "ok")] * 2
    assert all(seconds >= 0 for seconds in watching.seconds)


@pytest.mark.parametrize(
    ("error", "outcome"), [(NotFound("gone"), "refused"), (Unavailable("down"), "unavailable"), (ValueError(), "error")]
)
async def test_errors_pass_and_have_an_outcome(port: Port, watching: Watching, error: Exception, outcome: str) -> None:
    with pytest.raises(type(error)) as told:
        await port.fail(error)
    assert told.value is error
    assert watching.seen == [("records", "fail", outcome)]


async def test_a_cancelled_call_is_nobodys_failure(port: Port, watching: Watching) -> None:
    call = asyncio.create_task(port.wait())
    await port.entered.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert watching.seen == [("records", "wait", "cancelled")]


async def test_streams_and_plain_methods_are_handed_through(port: Port, watching: Watching) -> None:
    assert [item async for item in port.stream()] == [1, 2]
    assert port.depth() == 3
    assert watching.seen == []


def test_what_the_port_lacks_is_lacking(port: Port) -> None:
    with pytest.raises(AttributeError):
        port.nothing  # type: ignore[attr-defined] # noqa: B018

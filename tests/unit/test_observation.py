"""Calls of ports are reported to an observer, and otherwise unchanged."""

import asyncio
import inspect
from unittest.mock import create_autospec

import pytest

from registry.domain.errors import NotFound, Unavailable
from registry.telemetry import observed_records, observed_stores
from registry.telemetry.observation import Timed


class Port:
    """Every kind of method that ports have."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()

    async def get(self, value: int, *, more: int = 0) -> int:
        return value + more

    async def fail(self, error: Exception) -> None:
        raise error

    async def wait(self) -> None:
        self.entered.set()
        await asyncio.Event().wait()


class ObservedPort:
    def __init__(self, port: Port, timed: Timed) -> None:
        self.entered = port.entered
        self.get = timed(port.get)
        self.fail = timed(port.fail)
        self.wait = timed(port.wait)


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
def port(watching: Watching) -> ObservedPort:
    return ObservedPort(Port(), Timed("records", watching))


async def test_results_pass(port: ObservedPort, watching: Watching) -> None:
    assert await port.get(1, more=2) == 3
    assert await port.get(5) == 5
    assert watching.seen == [("records", "get", "ok")] * 2
    assert all(seconds >= 0 for seconds in watching.seconds)


@pytest.mark.parametrize(
    ("error", "outcome"), [(NotFound("gone"), "refused"), (Unavailable("down"), "unavailable"), (ValueError(), "error")]
)
async def test_errors_pass_and_have_an_outcome(
    port: ObservedPort, watching: Watching, error: Exception, outcome: str
) -> None:
    with pytest.raises(type(error)) as raised:
        await port.fail(error)
    assert raised.value is error
    assert watching.seen == [("records", "fail", outcome)]


async def test_a_cancelled_call_is_nobodys_failure(port: ObservedPort, watching: Watching) -> None:
    call = asyncio.create_task(port.wait())
    await port.entered.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert watching.seen == [("records", "wait", "cancelled")]


def test_every_call_of_an_observed_port_is_timed() -> None:
    """Coroutine methods are wrapped, streams and plain methods are the port's own; none is left out."""
    classes = {**vars(observed_records), **vars(observed_stores)}
    for name, observed in ((name, found) for name, found in classes.items() if name.startswith("Observed")):
        (protocol,) = (
            annotation for key, annotation in inspect.get_annotations(observed.__init__).items() if key == "port"
        )
        port = create_autospec(protocol, instance=True)
        timed = list[str]()

        def wrap(method: object, timed: list[str] = timed) -> object:
            timed.append(method._mock_name)  # type: ignore[attr-defined]
            return method

        members = vars(observed(port, wrap))
        expected = {key for key, member in vars(protocol).items() if inspect.isfunction(member) and key[0] != "_"}
        assert set(members) == expected, name
        assert set(timed) == {key for key in expected if inspect.iscoroutinefunction(vars(protocol)[key])}, name

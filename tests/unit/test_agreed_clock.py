"""The clock that hosts agree on, by the dates of a server."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from registry.adapters.system import AgreedClock
from tests.factories import START, ManualClock


class Server:
    """Dates its answers by a clock that is `ahead` of the host's, for all answers of a second alike."""

    def __init__(self, clock: ManualClock, *, ahead: float) -> None:
        self._clock = clock
        self._ahead = timedelta(seconds=ahead)

    @property
    def time(self) -> datetime:
        return self._clock.now() + self._ahead

    def date(self) -> str:
        return format_datetime(self.time.astimezone(UTC), usegmt=True)


def _ask(agreed: AgreedClock, server: Server, host: ManualClock, *, times: int = 1) -> None:
    for _ in range(times):
        host.advance(timedelta(seconds=0.37))
        agreed.observe(server.date(), 0.01)


@pytest.mark.parametrize("ahead", [60.0, -60.0, 3.0, -3.0, 7200.0])
def test_a_clock_that_is_wrong_is_put_right(ahead: float) -> None:
    host = ManualClock()
    server, agreed = Server(host, ahead=ahead), AgreedClock(host)
    _ask(agreed, server, host)
    assert abs(agreed.now() - server.time) <= timedelta(seconds=1)
    _ask(agreed, server, host, times=40)
    assert abs(agreed.now() - server.time) <= timedelta(seconds=0.1)
    for _ in range(400):  # some minutes
        _ask(agreed, server, host)
        assert abs(agreed.now() - server.time) <= timedelta(seconds=0.1)


@pytest.mark.parametrize("ahead", [0.0, -0.02, -0.9])
def test_a_clock_that_may_be_right_is_left(ahead: float) -> None:
    host = ManualClock()
    server, agreed = Server(host, ahead=ahead), AgreedClock(host)
    for _ in range(400):
        _ask(agreed, server, host)
        assert agreed.now() == host.now()


def test_a_clock_that_is_set_right_is_believed_at_once() -> None:
    host = ManualClock()
    agreed = AgreedClock(host)
    _ask(agreed, Server(host, ahead=60), host, times=20)
    _ask(agreed, Server(host, ahead=0), host)
    assert agreed.now() == host.now()


def test_slow_answers_prove_little() -> None:
    host = ManualClock()
    agreed = AgreedClock(host)
    agreed.observe(format_datetime(START - timedelta(seconds=5), usegmt=True), 6.0)
    assert agreed.now() == host.now()


@pytest.mark.parametrize("date", ["", "soon", "Fri, 99 Jan 2026 00:00:00 GMT", "0", "\x00", "-1"])
def test_what_is_no_date_is_left_out(date: str) -> None:
    host = ManualClock()
    agreed = AgreedClock(host)
    agreed.observe(date, 0.01)
    agreed.observe(date, 0.01)
    assert agreed.now() == host.now()

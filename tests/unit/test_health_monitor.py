"""Counting calls by minute."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from registry.domain.errors import Unavailable
from registry.ports.health import HealthSample
from registry.services.health.health import HealthMonitor, Probe

START = datetime(2026, 1, 1, 12, 0, 59, tzinfo=UTC)


class StandingClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


class KeptLog:
    def __init__(self) -> None:
        self.samples: list[HealthSample] = []
        self.down = False

    async def record(self, samples: Sequence[HealthSample]) -> None:
        if self.down:
            raise Unavailable("down")
        self.samples += samples

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        return [sample for sample in self.samples if sample.minute >= since]


def minute(number: int) -> datetime:
    return datetime(2026, 1, 1, 12, number, tzinfo=UTC)


async def test_calls_belong_to_the_minute_in_which_they_ended() -> None:
    clock, log = StandingClock(), KeptLog()
    monitor = HealthMonitor(log, clock, {})
    monitor.observe("records", "get", 0.5, "ok")
    clock.at += timedelta(seconds=1)
    monitor.observe("records", "get", 1.0, "unavailable")
    monitor.observe("records", "get", 2.0, "refused")
    monitor.observe("blobs", "put", 3.0, "error")
    clock.at -= timedelta(seconds=1)  # a clock may be set back
    monitor.observe("records", "get", 0.25, "ok")
    await monitor.flush()
    assert sorted(log.samples, key=lambda sample: (sample.minute, sample.component)) == [
        HealthSample(minute(0), "records", 2, 0, 0.75, 0.5),
        HealthSample(minute(1), "blobs", 1, 1, 3.0, 3.0),
        HealthSample(minute(1), "records", 2, 1, 3.0, 2.0),
    ]


async def test_what_the_log_cannot_take_waits_and_adds_up() -> None:
    clock, log = StandingClock(), KeptLog()
    monitor = HealthMonitor(log, clock, {})
    log.down = True
    monitor.observe("records", "get", 0.5, "ok")
    await monitor.flush()
    monitor.observe("records", "get", 1.0, "error")
    log.down = False
    await monitor.flush()
    await monitor.flush()
    assert log.samples == [HealthSample(minute(0), "records", 2, 1, 1.5, 1.0)]


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_component_that_never_answers_is_down() -> None:
    clock, log = StandingClock(), KeptLog()
    monitor = HealthMonitor(log, clock, {"records": Probe(never, watched=True)})
    # What the watched store tells of the probe's own call when nobody waits for it any more.
    monitor.observe("records", "ping", 2.0, "cancelled")
    (state,) = await monitor.probe_all()
    assert not state.ok
    (window,) = (await monitor.window(minutes=5)).components
    assert (window.status, window.calls, window.errors) == ("down", 1, 1)


async def test_a_component_that_loads_is_needed_until_it_has_answered_once_or_its_time_is_up() -> None:
    filled, now = False, 100.0

    async def check() -> None:
        if not filled:
            raise Unavailable("being built")

    def monitor() -> HealthMonitor:
        probe = Probe(check, optional=True, loads=True, wait_seconds=60)
        return HealthMonitor(KeptLog(), StandingClock(), {"search": probe}, monotonic=lambda: now)

    async def state(of: HealthMonitor) -> tuple[bool, bool]:
        (state,) = await of.probe_all()
        return state.ok, state.optional

    waiting, late = monitor(), monitor()
    assert await state(waiting) == (False, False)
    filled = True
    assert await state(waiting) == (True, True)
    filled = False
    assert await state(waiting) == (False, True), "filled again later: the others may be, too"
    assert await state(late) == (False, False)
    now += 60
    assert await state(late) == (False, True)

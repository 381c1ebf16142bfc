"""Probes, and what a window says of a component."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from registry.domain.errors import Unavailable
from registry.ports.health import HealthSample
from registry.services.health import health
from registry.services.health.health import HealthMonitor, Probe
from registry.services.health.traffic import RequestTotals, p95_seconds
from tests.factories import START, ManualClock

MINUTE = START.replace(second=0, microsecond=0)


class KeptLog:
    """Implements `HealthLog`."""

    def __init__(self, *samples: HealthSample) -> None:
        self.samples = list(samples)

    async def record(self, samples: Sequence[HealthSample]) -> None:
        self.samples += samples

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        return [sample for sample in self.samples if sample.minute >= since]


async def answers() -> None:
    return None


async def refuses() -> None:
    raise Unavailable("The disk is full.")


async def never_answers() -> None:
    await asyncio.Event().wait()


async def test_components_are_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PROBE_TIMEOUT_SECONDS", 0.01)
    probes = {"records": Probe(answers), "blobs": Probe(refuses), "cache": Probe(never_answers, optional=True)}
    log = KeptLog()
    monitor = HealthMonitor(log, ManualClock(), probes)
    states = await monitor.probe_all()
    assert [(state.name, state.ok, state.optional, state.detail) for state in states] == [
        ("records", True, False, None),
        ("blobs", False, False, "The disk is full."),
        ("cache", False, True, "no answer in time"),
    ]
    await monitor.flush()
    assert {sample.component: (sample.calls, sample.errors) for sample in log.samples} == {
        "records": (1, 0),
        "blobs": (1, 1),
        "cache": (1, 1),
    }


@pytest.mark.parametrize(
    ("calls", "errors", "status"),
    [(100, 0, "ok"), (100, 1, "ok"), (100, 2, "degraded"), (100, 50, "degraded"), (100, 51, "down"), (1, 1, "down")],
)
async def test_status_follows_the_rate_of_errors(calls: int, errors: int, status: str) -> None:
    log = KeptLog(HealthSample(MINUTE, "records", calls, errors, calls * 0.5, 2.0))
    (window,) = (await HealthMonitor(log, ManualClock(), {"records": Probe(answers)}).window(minutes=5)).components
    assert (window.status, window.calls, window.errors) == (status, calls, errors)
    assert (window.mean_seconds, window.max_seconds) == (0.5, 2.0)


async def test_nothing_called_is_unknown() -> None:
    (window,) = (
        await HealthMonitor(KeptLog(), ManualClock(), {"records": Probe(answers)}).window(minutes=5)
    ).components
    assert (window.status, window.mean_seconds, window.max_seconds) == ("unknown", None, None)


async def test_window_has_its_minutes_and_no_others() -> None:
    minutes = [MINUTE - timedelta(minutes=ago) for ago in (59, 10, 4, 1)]
    log = KeptLog(*(HealthSample(minute, "records", 1, 0, 1.0, 1.0) for minute in minutes))
    monitor = HealthMonitor(log, ManualClock(), {"records": Probe(answers)})
    monitor.observe("records", "get", 3.0, "ok")
    (window,) = (await monitor.window(minutes=5)).components
    assert [sample.minute for sample in window.timeline] == [*minutes[2:], MINUTE]
    assert (window.calls, window.max_seconds) == (3, 3.0)


async def test_failures_of_a_component_that_loads_count_once_it_has_answered() -> None:
    loaded = [False, False, True, False]

    async def ping() -> None:
        if not loaded.pop(0):
            raise Unavailable("The index is being built.")

    monitor = HealthMonitor(KeptLog(), ManualClock(), {"search": Probe(ping, optional=True, loads=True)})
    seen = []
    for _ in range(4):
        (state,) = await monitor.probe_all()
        (window,) = (await monitor.window(minutes=5)).components
        seen.append((state.ok, window.status, window.calls, window.errors))
    assert seen == [(False, "unknown", 0, 0), (False, "unknown", 0, 0), (True, "ok", 1, 0), (False, "degraded", 2, 1)]


async def test_what_was_counted_is_kept_when_the_process_ends() -> None:
    log, probed = KeptLog(), asyncio.Event()

    async def ping() -> None:
        probed.set()

    monitor = HealthMonitor(log, ManualClock(), {"records": Probe(ping)})
    running = asyncio.create_task(monitor.run())
    await probed.wait()
    monitor.observe("records", "get", 1.0, "refused")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sum(sample.calls for sample in log.samples) == 2
    assert sum(sample.errors for sample in log.samples) == 0


BUCKETS = 16


def counts(**places: int) -> tuple[int, ...]:
    """Buckets of which those named (`b3`) count something."""
    return tuple(places.get(f"b{place}", 0) for place in range(BUCKETS))


@pytest.mark.parametrize(
    ("buckets", "seconds"),
    [
        (counts(), None),
        ((), None),
        (counts(b9=100), pytest.approx(0.25 + 0.25 * 0.95)),
        (counts(b0=95, b10=5), 0.0005),
        (counts(b0=94, b10=6), pytest.approx(0.5 + 0.5 / 6)),
        (counts(b0=1, b15=1), 30.0),
    ],
)
def test_the_95th_percentile_is_within_its_bucket(buckets: tuple[int, ...], seconds: float | None) -> None:
    assert p95_seconds(buckets) == seconds


async def test_requests_are_what_came_since_the_process_was_followed() -> None:
    clock, log = ManualClock(), KeptLog()
    totals = [
        RequestTotals(5, 1, 1.0, counts(b9=5)),
        RequestTotals(25, 2, 2.0, counts(b9=5, b3=20)),
        RequestTotals(25, 2, 2.0, counts(b9=5, b3=20)),
        RequestTotals(26, 3, 3.5, counts(b9=6, b3=20)),
    ]
    monitor = HealthMonitor(log, clock, {})
    monitor.follow_requests(lambda: totals.pop(0))
    await monitor.flush()
    await monitor.flush()
    clock.advance(timedelta(minutes=1))
    requests = (await monitor.window(minutes=5)).requests
    assert (requests.calls, requests.errors) == (21, 2)
    assert requests.mean_seconds == pytest.approx(2.5 / 21)
    assert [(sample.minute, sample.buckets) for sample in requests.timeline] == [
        (MINUTE, counts(b3=20)),
        (MINUTE + timedelta(minutes=1), counts(b9=1)),
    ]
    assert requests.p95_seconds is not None
    assert 0.0025 < requests.p95_seconds <= 0.005


async def test_of_a_queue_the_highest_depth_of_a_minute_stays() -> None:
    clock, log = ManualClock(), KeptLog()
    monitor = HealthMonitor(log, clock, {})
    for depth in (0, 3, 2):
        monitor.note_depth("ratings", depth)
        await monitor.flush()
    clock.advance(timedelta(minutes=1))
    monitor.note_depth("ratings", 1)
    (queue,) = (await monitor.window(minutes=5)).queues
    assert (queue.name, queue.max_depth) == ("ratings", 3)
    assert [sample.depth for sample in queue.timeline] == [0, 3, 1]  # a lower depth is not written

"""Probes, and what a window says of a component."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from registry.domain.errors import Unavailable
from registry.ports.health import HealthSample
from registry.services.health import health
from registry.services.health.health import HealthMonitor, Probe
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
    (window,) = await HealthMonitor(log, ManualClock(), {"records": Probe(answers)}).window(minutes=5)
    assert (window.status, window.calls, window.errors) == (status, calls, errors)
    assert (window.mean_seconds, window.max_seconds) == (0.5, 2.0)


async def test_nothing_called_is_unknown() -> None:
    (window,) = await HealthMonitor(KeptLog(), ManualClock(), {"records": Probe(answers)}).window(minutes=5)
    assert (window.status, window.mean_seconds, window.max_seconds) == ("unknown", None, None)


async def test_window_has_its_minutes_and_no_others() -> None:
    minutes = [MINUTE - timedelta(minutes=ago) for ago in (59, 10, 4, 1)]
    log = KeptLog(*(HealthSample(minute, "records", 1, 0, 1.0, 1.0) for minute in minutes))
    monitor = HealthMonitor(log, ManualClock(), {"records": Probe(answers)})
    monitor.observe("records", "get", 3.0, "ok")
    (window,) = await monitor.window(minutes=5)
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
        (window,) = await monitor.window(minutes=5)
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

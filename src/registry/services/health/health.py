"""Component health over a window of time, from what calls really did."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from registry.domain.errors import RegistryError
from registry.ports.clock import Clock
from registry.ports.health import QUEUE_PREFIX, HealthLog, HealthSample, add_buckets
from registry.services.health.traffic import (
    QueueWindow,
    RequestCounter,
    RequestTotals,
    RequestWindow,
    queue_windows,
    request_window,
)

_log = structlog.get_logger(__name__)
PROBE_TIMEOUT_SECONDS = 2.0
PROBE_INTERVAL_SECONDS = 15.0
_DEGRADED_ERROR_RATE = 0.01
_DOWN_ERROR_RATE = 0.5
_FAILED = frozenset({"unavailable", "error"})


@dataclass(frozen=True, slots=True)
class ComponentState:
    """What a probe of a component said a moment ago. `optional`: requests should come here without it, too."""

    name: str
    ok: bool
    optional: bool
    detail: str | None


@dataclass(frozen=True, slots=True)
class Probe:
    """How a component is asked whether it answers.

    `watched`: the observer of the store counts this call as well. `loads`: the component needs time after a start, so
    its failures count only after it has answered this process once; until then it is not optional for `wait_seconds`.
    """

    ping: Callable[[], Awaitable[None]]
    optional: bool = False
    watched: bool = False
    loads: bool = False
    wait_seconds: float = 0


@dataclass(frozen=True, slots=True)
class ComponentWindow:
    """A component over the window. `status`: `ok`, `degraded` (over 1 % errors), `down` (over half) or `unknown`."""

    name: str
    status: str
    calls: int
    errors: int
    mean_seconds: float | None
    max_seconds: float | None
    timeline: tuple[HealthSample, ...]


@dataclass(frozen=True, slots=True)
class HealthWindow:
    """All that a window shows, from all processes."""

    components: tuple[ComponentWindow, ...]
    requests: RequestWindow
    queues: tuple[QueueWindow, ...]


@dataclass(slots=True)
class _Tally:
    """The calls of a component in the minute that is under way."""

    calls: int = 0
    errors: int = 0
    total_seconds: float = 0.0
    max_seconds: float = 0.0

    def sample(self, minute: datetime, component: str) -> HealthSample:
        return HealthSample(minute, component, self.calls, self.errors, self.total_seconds, self.max_seconds)


class HealthMonitor:
    """Collects what calls of stores do, by component and minute, probes the idle ones, and answers for all.

    `on_state` gets what each probe found.
    """

    def __init__(
        self,
        log: HealthLog,
        clock: Clock,
        probes: Mapping[str, Probe],
        *,
        on_state: Callable[[ComponentState], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._started = monotonic()
        self._health_log = log
        self._clock = clock
        self._probes = probes
        self._on_state = on_state
        self._loading = {name for name, probe in probes.items() if probe.loads}
        self._pending: dict[tuple[datetime, str], HealthSample] = {}
        self._requests: RequestCounter | None = None
        self._depths: dict[str, tuple[datetime, int]] = {}
        # The minute that is counted now, in a form that costs a call the least.
        self._tallies: dict[str, _Tally] = {}
        self._minute = self._next_minute = datetime.min.replace(tzinfo=UTC)

    def consumed(self, store: str, operation: str, units: float) -> None:
        """What calls cost says nothing of health."""

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:  # noqa: ARG002  (CallObserver)
        """Count one call of a component (see CallObserver)."""
        if outcome == "cancelled":
            return  # nobody waited any more: that says nothing of the component, and a probe reports its own end
        now = self._clock.now()
        if not self._minute <= now < self._next_minute:
            self._close_minute(now)
        tally = self._tallies.get(store)
        if tally is None:
            tally = self._tallies[store] = _Tally()
        tally.calls += 1
        tally.total_seconds += seconds
        if seconds > tally.max_seconds:
            tally.max_seconds = seconds
        if outcome in _FAILED:
            tally.errors += 1

    def follow_requests(self, totals: Callable[[], RequestTotals]) -> None:
        """Count the requests that `totals` has from now on."""
        self._requests = RequestCounter(totals)

    def note_depth(self, queue: str, depth: int) -> None:
        """So many jobs of a queue wait now. Of a minute the highest depth stays; a lower one costs no write."""
        minute = self._clock.now().replace(second=0, microsecond=0)
        noted = self._depths.get(queue)
        if noted is None or noted < (minute, depth):
            self._depths[queue] = (minute, depth)
            self._keep(HealthSample(minute, QUEUE_PREFIX + queue, 0, 0, 0.0, 0.0, depth=depth))

    def _keep(self, sample: HealthSample) -> None:
        """Add the sample to those that the log gets next."""
        key = (sample.minute, sample.component)
        self._pending[key] = _added(sample, self._pending.get(key))

    def _close_minute(self, now: datetime) -> None:
        """What was counted becomes samples; from here on, calls belong to the minute of `now`."""
        for store, tally in self._tallies.items():
            self._keep(tally.sample(self._minute, store))
        self._tallies.clear()
        self._minute = now.replace(second=0, microsecond=0)
        self._next_minute = self._minute + timedelta(minutes=1)

    async def probe_all(self) -> list[ComponentState]:
        """Ask every component now, concurrently, each within two seconds."""
        return list(await asyncio.gather(*(self._probe(name, probe) for name, probe in self._probes.items())))

    async def _probe(self, name: str, probe: Probe) -> ComponentState:
        began, detail, ended = asyncio.get_running_loop().time(), None, True
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
                await probe.ping()
        except TimeoutError:
            detail, ended = "no answer in time", False
        except (RegistryError, OSError) as error:
            detail = str(error)
        if detail is None:
            self._loading.discard(name)
        counted_there = probe.watched and ended  # a store's call that never ended is not counted there
        if name not in self._loading and not counted_there:
            seconds = asyncio.get_running_loop().time() - began
            self.observe(name, "ping", seconds, "ok" if detail is None else "unavailable")
        awaited = name in self._loading and self._monotonic() < self._started + probe.wait_seconds
        state = ComponentState(name, ok=detail is None, optional=probe.optional and not awaited, detail=detail)
        self._on_state(state)
        return state

    async def window(self, *, minutes: int) -> HealthWindow:
        """Every component, the requests and the queues over the last `minutes`, from all processes."""
        await self.flush()
        since = self._clock.now() - timedelta(minutes=minutes)
        samples = await self._health_log.list_samples(since=since)
        return HealthWindow(
            components=tuple(
                _summed(name, [sample for sample in samples if sample.component == name]) for name in self._probes
            ),
            requests=request_window(samples),
            queues=tuple(queue_windows(samples)),
        )

    async def flush(self) -> None:
        """Hand the counted calls to the log; kept for the next time when it cannot take them."""
        self._close_minute(self._clock.now())
        requests = self._requests and self._requests.take(self._minute)
        if requests:
            self._keep(requests)
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            await self._health_log.record(list(pending.values()))
        except RegistryError as error:
            _log.warning("health_samples_wait", reason=str(error))
            for sample in pending.values():
                self._keep(sample)

    async def run(self) -> None:
        """Probe and flush until cancelled."""
        try:
            while True:
                await self.probe_all()
                await self.flush()
                await asyncio.sleep(PROBE_INTERVAL_SECONDS)
        finally:
            with contextlib.suppress(RegistryError):
                await self.flush()


def _added(sample: HealthSample, other: HealthSample | None) -> HealthSample:
    if other is None:
        return sample
    return replace(
        sample,
        calls=sample.calls + other.calls,
        errors=sample.errors + other.errors,
        total_seconds=sample.total_seconds + other.total_seconds,
        max_seconds=max(sample.max_seconds, other.max_seconds),
        buckets=add_buckets(sample.buckets, other.buckets),
        depth=max(sample.depth, other.depth),
    )


def _summed(name: str, samples: list[HealthSample]) -> ComponentWindow:
    calls = sum(sample.calls for sample in samples)
    errors = sum(sample.errors for sample in samples)
    if not calls:
        status = "unknown"
    elif errors > calls * _DOWN_ERROR_RATE:
        status = "down"
    else:
        status = "degraded" if errors > calls * _DEGRADED_ERROR_RATE else "ok"
    return ComponentWindow(
        name=name,
        status=status,
        calls=calls,
        errors=errors,
        mean_seconds=sum(sample.total_seconds for sample in samples) / calls if calls else None,
        max_seconds=max((sample.max_seconds for sample in samples), default=None),
        timeline=tuple(samples),
    )

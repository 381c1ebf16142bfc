"""Requests and queues over a window of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.ports.health import (
    QUEUE_PREFIX,
    REQUEST_BOUNDS_SECONDS,
    REQUESTS,
    HealthSample,
    add_buckets,
)


@dataclass(frozen=True, slots=True)
class RequestTotals:
    """The requests that a process has answered since its start. `errors`: answers of 500 and more.

    `buckets` counts them by their time, as `HealthSample` says.
    """

    calls: int
    errors: int
    total_seconds: float
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RequestWindow:
    """The requests of all processes. Times are None where there was no request."""

    calls: int
    errors: int
    mean_seconds: float | None
    p95_seconds: float | None
    timeline: tuple[HealthSample, ...]


@dataclass(frozen=True, slots=True)
class QueueWindow:
    """The most jobs of a queue that waited at once."""

    name: str
    max_depth: int
    timeline: tuple[HealthSample, ...]


class RequestCounter:
    """Makes samples of totals that only grow, so that a request costs nothing more."""

    def __init__(self, totals: Callable[[], RequestTotals]) -> None:
        self._totals = totals
        self._seen = totals()

    def take(self, minute: datetime) -> HealthSample | None:
        """What came since the last time, as of this minute; None where nothing did."""
        before, self._seen = self._seen, self._totals()
        if self._seen.calls == before.calls:
            return None
        return HealthSample(
            minute,
            REQUESTS,
            calls=self._seen.calls - before.calls,
            errors=self._seen.errors - before.errors,
            total_seconds=self._seen.total_seconds - before.total_seconds,
            max_seconds=0.0,
            buckets=tuple(now - then for now, then in zip(self._seen.buckets, before.buckets, strict=True)),
        )


def p95_seconds(buckets: Sequence[int]) -> float | None:
    """The time that 95 of 100 requests did not exceed; None without requests.

    Within a bucket, times are taken as spread evenly. Above the highest bound, it is that bound.
    """
    rank, below = 0.95 * sum(buckets), 0
    for place, count in enumerate(buckets):
        if count and below + count >= rank:
            if place == len(REQUEST_BOUNDS_SECONDS):
                return REQUEST_BOUNDS_SECONDS[-1]
            lower = REQUEST_BOUNDS_SECONDS[place - 1] if place else 0.0
            return lower + (REQUEST_BOUNDS_SECONDS[place] - lower) * (rank - below) / count
        below += count
    return None


def request_window(samples: Sequence[HealthSample]) -> RequestWindow:
    """What the samples say of requests."""
    own = tuple(sample for sample in samples if sample.component == REQUESTS)
    calls = sum(sample.calls for sample in own)
    buckets: tuple[int, ...] = ()
    for sample in own:
        buckets = add_buckets(buckets, sample.buckets)
    return RequestWindow(
        calls=calls,
        errors=sum(sample.errors for sample in own),
        mean_seconds=sum(sample.total_seconds for sample in own) / calls if calls else None,
        p95_seconds=p95_seconds(buckets),
        timeline=own,
    )


def queue_windows(samples: Sequence[HealthSample]) -> list[QueueWindow]:
    """What the samples say of each queue, by name."""
    queues: dict[str, list[HealthSample]] = {}
    for sample in samples:
        if sample.component.startswith(QUEUE_PREFIX):
            queues.setdefault(sample.component.removeprefix(QUEUE_PREFIX), []).append(sample)
    return [QueueWindow(name, max(sample.depth for sample in own), tuple(own)) for name, own in sorted(queues.items())]

"""Metrics of HTTP and of store calls, in Prometheus' terms."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from registry.domain.errors import RegistryError
from registry.ports.health import REQUEST_BOUNDS_SECONDS, add_buckets
from registry.services.health.traffic import RequestTotals
from registry.services.maintenance.maintenance import Damage, SweepReport
from registry.telemetry.quick import QuickCounter, QuickHistogram

_BUCKETS_SECONDS = REQUEST_BOUNDS_SECONDS
_OWN_INTERVAL_SECONDS = 1.0
OVERDUE_SECONDS = 300.0
"""A job that has not begun so long after it was due is late, not slow: workers are missing, or fail."""
_SERVER_ERROR = 500
_QUEUES = {
    "depth": "Jobs that wait, by queue",
    "due": "Jobs that could begin now, by queue; 1,000 are as many as are counted",
    "overdue": "Jobs that could have begun five minutes ago, by queue; 1,000 are as many as are counted",
}
_SHARED_INTERVAL_SECONDS = 15.0
"""As often as health is probed. Metrics are seldom scraped more often."""


class HttpMetrics:
    """Requests by route, method and status, and bytes in and out. Children are kept: a look-up by label costs 2 µs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Histogram(
            "registry_http_request_seconds",
            "Time to answer a request, by route, method and status",
            ("route", "method", "status"),
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )
        received = Counter("registry_http_received_bytes", "Bytes of request bodies", registry=registry)
        sent = Counter("registry_http_sent_bytes", "Bytes of response bodies", registry=registry)
        self._received, self._sent = QuickCounter(received), QuickCounter(sent)
        self._children: dict[tuple[str, str, int], QuickHistogram] = {}

    def observe(
        self, route: str, method: str, status: int, seconds: float, *, received_bytes: int, sent_bytes: int
    ) -> None:
        """Note one answered request. `status` 0: the client went away before its answer."""
        # Methods are whatever a client sends: unknown ones share a label, so that nobody can grow the metrics.
        key = (route, method if method in _METHODS else "(other)", status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = QuickHistogram(self._requests.labels(key[0], key[1], str(status)))
        child.observe(seconds)
        if received_bytes:
            self._received.inc(received_bytes)
        if sent_bytes:
            self._sent.inc(sent_bytes)

    def totals(self) -> RequestTotals:
        """All requests that this process has answered."""
        calls, errors, total_seconds, buckets = 0, 0, 0.0, (0,) * (len(_BUCKETS_SECONDS) + 1)
        for (_, _, status), child in self._children.items():
            counts, seconds = child.totals()
            calls += sum(counts)
            errors += sum(counts) if status >= _SERVER_ERROR else 0
            total_seconds += seconds
            buckets = add_buckets(buckets, tuple(counts))
        return RequestTotals(calls, errors, total_seconds, buckets)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class StoreMetrics:
    """Calls of stores by operation and outcome, and whether each store answers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "registry_store_call_seconds",
            "Time of a store call, by store, operation and outcome",
            ("store", "operation", "outcome"),
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )
        self._units = Counter(
            "registry_store_capacity_units",
            "Capacity units that DynamoDB says its calls consumed, by operation",
            ("store", "operation"),
            registry=registry,
        )
        self._up = Gauge(
            "registry_component_up",
            "Whether a component answered when it was last asked: 1 or 0",
            ("component",),
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._children: dict[tuple[str, str, str], QuickHistogram] = {}

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        key = (store, operation, outcome)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = QuickHistogram(self._seconds.labels(*key))
        child.observe(seconds)

    def consumed(self, store: str, operation: str, units: float) -> None:
        self._units.labels(store, operation).inc(units)

    def report_state(self, component: str, *, up: bool) -> None:
        self._up.labels(component).set(up)


class HousekeepingMetrics:
    """What sweeps removed and scrubs found. Implements `HousekeepingObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._blobs = Counter("registry_swept_blobs", "Blobs without a record that were removed", registry=registry)
        self._bytes = Counter("registry_swept_bytes", "Bytes of such blobs", registry=registry)
        self._uploads = Counter("registry_expired_uploads", "Abandoned uploads that were removed", registry=registry)
        self._damaged = Gauge(
            "registry_damaged_packages",
            "Packages whose bytes the last scrub found damaged or gone",
            registry=registry,
            multiprocess_mode="mostrecent",
        )

    def swept(self, report: SweepReport) -> None:
        self._blobs.inc(report.blobs)
        self._bytes.inc(report.bytes)
        self._uploads.inc(report.uploads)

    def scrubbed(self, damages: Sequence[Damage]) -> None:
        self._damaged.set(len(damages))


class DeliveryMetrics:
    """Attempts to deliver to webhooks, by outcome."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "registry_webhook_delivery_seconds",
            "Time of an attempt to deliver to a webhook, by outcome: delivered, retried, failed",
            ("outcome",),
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )

    def observe(self, outcome: str, seconds: float) -> None:
        self._seconds.labels(outcome).observe(seconds)


class EdgeMetrics:
    """Changes to be invalidated at the edge, by outcome. Implements `EdgeObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._changes = Counter(
            "registry_edge_invalidations",
            "Changes to be invalidated at the edge, by outcome of each try: done, skipped, retried, failed",
            ("outcome",),
            registry=registry,
        )

    def invalidated(self, outcome: str, tags: int) -> None:
        self._changes.labels(outcome).inc(tags)


class RatingMetrics:
    """Ratings by outcome and the seconds they took. Implements `RatingObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "registry_rating_seconds",
            "Time to make a rating, by outcome",
            ("outcome",),
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )

    def rated(self, outcome: str, seconds: float) -> None:
        self._seconds.labels(outcome).observe(seconds)


class VerdictMetrics:
    """Verdicts that were applied to packages, by status. Implements `VerdictObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._verdicts = Counter(
            "registry_verdicts", "Safety verdicts applied to packages, by status", ("status",), registry=registry
        )

    def judged(self, status: str) -> None:
        self._verdicts.labels(status).inc()


class QueueMetrics:
    """Jobs that wait, by queue. The numbers of workers add up."""

    def __init__(self, registry: CollectorRegistry, *, workers: int) -> None:
        self._workers = workers
        self.gauges = {
            name: Gauge(f"registry_queue_{name}", meaning, ("queue",), registry=registry, multiprocess_mode="livesum")
            for name, meaning in _QUEUES.items()
        }

    async def follow(self, queues: Mapping[str, Callable[[], int]]) -> None:
        """Set the depth of this process's queues until cancelled."""
        while True:
            for name, depth in queues.items():
                self.gauges["depth"].labels(name).set(depth())
            await asyncio.sleep(_OWN_INTERVAL_SECONDS)

    async def follow_shared(
        self,
        counts: Mapping[tuple[str, str], Callable[[], Awaitable[int]]],
        *,
        on_depth: Callable[[str, int], None] = lambda _queue, _depth: None,
    ) -> None:
        """Set gauges of queues that all processes share, by gauge and queue, until cancelled. To know them costs calls
        of the stores.

        Every worker sees the whole, and sets its part of it. `on_depth` gets the whole depth of each queue.
        """
        while True:
            for (gauge, queue), count in counts.items():
                with contextlib.suppress(RegistryError):
                    counted = await count()
                    self.gauges[gauge].labels(queue).set(counted / self._workers)
                    if gauge == "depth":
                        on_depth(queue, counted)
            await asyncio.sleep(_SHARED_INTERVAL_SECONDS)


def collected_registry() -> CollectorRegistry:
    """A registry for the metrics of this process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def scraped_registry(collected: CollectorRegistry) -> CollectorRegistry:
    """What `/metrics` shows: this process, or all workers where they share a folder (PROMETHEUS_MULTIPROC_DIR).

    Called as a worker starts: what those last reported that have died is forgotten.
    """
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return collected
    for reported in Path(folder).glob("gauge_live*_*.db"):
        process_id = int(reported.stem.rpartition("_")[2])
        if not _is_alive(process_id):
            mark_process_dead(process_id, folder)  # type: ignore[no-untyped-call]
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True

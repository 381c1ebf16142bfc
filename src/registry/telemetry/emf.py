"""The numbers of `/metrics` as lines that CloudWatch turns into metrics: its embedded metric format.

Once a minute, each line one JSON document on stdout, which the log driver brings to CloudWatch Logs. What grew
(counters, and counts and sums of histograms) is written as its growth since the last time, so that the statistic `Sum`
is right over any period and any number of tasks. Gauges are written as they are.

CloudWatch bills each metric for each combination of its dimensions, so `EXTRACTED` says which samples become metrics,
and by which labels. The time to answer by route is in the lines as well, but without a directive: Logs Insights adds
it up for the dashboard.
"""

import asyncio
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CollectorRegistry

from registry.telemetry.metrics import scraped_registry

_INTERVAL_SECONDS = 60.0
_LOCK = "cloudwatch.lock"
EXTRACTED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "registry_http_request_seconds_count": (("status_class",), "Count"),
    "registry_http_request_seconds_sum": (("status_class",), "Seconds"),
    "registry_http_received_bytes_total": ((), "Bytes"),
    "registry_http_sent_bytes_total": ((), "Bytes"),
    "registry_store_call_seconds_count": (("store", "outcome"), "Count"),
    "registry_store_call_seconds_sum": (("store", "outcome"), "Seconds"),
    "registry_queue_depth": (("queue",), "Count"),
    "registry_queue_due": (("queue",), "Count"),
    "registry_queue_overdue": (("queue",), "Count"),
    "registry_rating_seconds_count": (("outcome",), "Count"),
    "registry_rating_seconds_sum": (("outcome",), "Seconds"),
    "registry_verdicts_total": (("status",), "Count"),
    "registry_webhook_delivery_seconds_count": (("outcome",), "Count"),
    "registry_edge_invalidations_total": (("outcome",), "Count"),
    "registry_component_up": (("component",), "None"),
    "registry_swept_blobs_total": ((), "Count"),
    "registry_swept_bytes_total": ((), "Bytes"),
    "registry_expired_uploads_total": ((), "Count"),
    "registry_damaged_packages": ((), "Count"),
}
"""Of each sample that becomes a metric: its dimensions, and its unit."""
_GAUGES = frozenset(name for name in EXTRACTED if not name.endswith(("_count", "_sum", "_total")))
"""Values as they are now; the others count up, and are sent as what they grew by."""
_DETAILED = "registry_http_request_seconds"
_Labels = tuple[tuple[str, str], ...]
_Samples = dict[tuple[str, _Labels], float]


class MetricLines:
    """Makes the lines. Not for more than one thread at a time."""

    def __init__(self, registry: CollectorRegistry, *, namespace: str, service: str) -> None:
        """`registry` is what `/metrics` shows. `service` is a dimension of every metric."""
        self._registry = registry
        self._namespace = namespace
        self._service = service
        self._before: _Samples = {}

    def skip(self) -> None:
        """Leave out what has been counted so far: another process has written it."""
        self._before = self._read()

    def make(self, *, now_seconds: float) -> list[bytes]:
        """The lines since the last call, without line ends."""
        samples, before = self._read(), self._before
        self._before = samples
        changes = {
            key: value if key[0] in _GAUGES else _growth(value, before.get(key, 0.0)) for key, value in samples.items()
        }
        moment = int(now_seconds * 1000)
        return [*self._metrics(changes, moment), *self._routes(changes, moment)]

    def _read(self) -> _Samples:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self._registry.collect()
            for sample in family.samples
            if sample.name in EXTRACTED or sample.name.startswith(_DETAILED)
        }

    def _metrics(self, changes: _Samples, moment: int) -> Iterator[bytes]:
        """One document for each combination of dimensions, with all metrics that have it."""
        documents: dict[_Labels, dict[str, float]] = {}
        for (name, labels), value in changes.items():
            if name in EXTRACTED and (value or name in _GAUGES):
                dimensions = _dimensions(name, dict(labels))
                found = documents.setdefault(dimensions, {})
                found[name] = found.get(name, 0.0) + value
        for dimensions, values in documents.items():
            directive = {
                "Namespace": self._namespace,
                "Dimensions": [["service", *(name for name, _ in dimensions)]],
                "Metrics": [{"Name": name, "Unit": EXTRACTED[name][1]} for name in values],
            }
            metadata = {"Timestamp": moment, "CloudWatchMetrics": [directive]}
            yield orjson.dumps({"_aws": metadata, "service": self._service, **dict(dimensions), **values})

    def _routes(self, changes: _Samples, moment: int) -> Iterator[bytes]:
        """Time to answer by route, method and status: numbers for Logs Insights, of which no metric is made."""
        series: dict[_Labels, dict[str, float]] = {}
        for (name, labels), value in changes.items():
            if name.startswith(_DETAILED):
                own = tuple(label for label in labels if label[0] != "le")
                bound = dict(labels).get("le", name.removeprefix(_DETAILED + "_"))
                series.setdefault(own, {})[bound] = value
        for own, values in series.items():
            if count := values.pop("count", 0.0):
                seconds = values.pop("sum", 0.0)
                values.pop("created", None)
                buckets = sorted((float(bound), value) for bound, value in values.items())
                line: dict[str, Any] = {"event": "requests", "timestamp": moment, "service": self._service, **dict(own)}
                yield orjson.dumps(line | {"count": count, "seconds": seconds, "p95_seconds": quantile(buckets, 0.95)})


def _growth(value: float, before: float) -> float:
    return value - before if value >= before else value  # a counter that began again


def _dimensions(name: str, labels: dict[str, str]) -> _Labels:
    if "status" in labels and name.startswith(_DETAILED):
        labels["status_class"] = f"{labels['status'][0]}xx" if labels["status"] != "0" else "left"
    return tuple((label, labels[label]) for label in EXTRACTED[name][0])


def quantile(buckets: list[tuple[float, float]], share: float) -> float:
    """A quantile of a histogram, from its cumulative counts by upper bound: linear within a bucket, as Prometheus'
    `histogram_quantile` has it. The last finite bound where it lies beyond."""
    rank = share * buckets[-1][1]
    lower, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (rank - below) / (count - below)
        lower, below = bound, count
    return lower


def print_line_by_line(lines: list[bytes]) -> None:
    """To stdout, where nothing else is written."""
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


async def write_metrics(
    collected: CollectorRegistry,
    *,
    namespace: str,
    service: str,
    write: Callable[[list[bytes]], None] = print_line_by_line,
    interval_seconds: float = _INTERVAL_SECONDS,
) -> None:
    """Write lines until cancelled, and then those of the time since. Of several server processes that share their
    metrics, one writes for all, and another goes on when it ends.
    """
    lines = MetricLines(scraped_registry(collected), namespace=namespace, service=service)
    with contextlib.ExitStack() as held:
        writes = _takes_over(held)
        under_way: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(interval_seconds)
                if not writes and (writes := _takes_over(held)):
                    under_way = asyncio.create_task(asyncio.to_thread(lines.skip))
                elif writes:
                    under_way = asyncio.create_task(asyncio.to_thread(_write_growth, lines, write))
                if under_way is not None:
                    await asyncio.shield(under_way)
        finally:
            if under_way is not None:
                # A thread does not end with the task that waits for it, and would count the same growth again.
                await asyncio.wait([under_way])
            if writes:
                _write_growth(lines, write)


def _write_growth(lines: MetricLines, write: Callable[[list[bytes]], None]) -> None:
    write(lines.make(now_seconds=time.time()))


def _takes_over(held: contextlib.ExitStack) -> bool:
    """Whether this process writes. The system releases the lock of a process that ends, however it does."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return True
    descriptor = os.open(Path(folder) / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    held.callback(os.close, descriptor)
    return True

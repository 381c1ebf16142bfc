"""What processes use while a scenario runs, from /proc, and what the registry's own metrics say of its stores."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from load.histogram import bucket_percentile
from load.results import StoreCalls, Usage

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_UNITS_METRIC = "registry_store_capacity_units"
_STORE_METRIC = "registry_store_call_seconds"

StoreCounts = dict[tuple[str, str], dict[str, float]]


@contextlib.contextmanager
def watched(pids: Mapping[str, int], *, every_seconds: float = 1.0) -> Iterator[list[Usage]]:
    """Sample the named processes until the block ends; the list is whole afterwards.

    Children count for their parent, unless they are named themselves.
    """
    samples: list[Usage] = []
    ended, began = threading.Event(), time.monotonic()

    def take() -> None:
        for name, pid in list(pids.items()):
            cpu_seconds, memory_bytes = _used(pid, others=set(pids.values()) - {pid})
            samples.append(Usage(round(time.monotonic() - began, 2), name, round(cpu_seconds, 2), memory_bytes))

    def run() -> None:
        while not ended.wait(every_seconds):
            take()

    take()
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()
        take()


def _used(pid: int, *, others: set[int]) -> tuple[float, int]:
    """CPU seconds and resident bytes of a process and its living children; of one that has ended, nothing."""
    folder = Path(f"/proc/{pid}")
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        pages = int((folder / "statm").read_text().split()[1])
        children = [int(child) for task in (folder / "task").iterdir() for child in _words(task / "children")]
    except OSError:
        return 0.0, 0
    cpu_seconds = (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
    memory_bytes = pages * os.sysconf("SC_PAGE_SIZE")
    for child in (child for child in children if child not in others):
        child_seconds, child_bytes = _used(child, others=others)
        cpu_seconds, memory_bytes = cpu_seconds + child_seconds, memory_bytes + child_bytes
    return cpu_seconds, memory_bytes


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def store_counts(client: httpx.Client) -> StoreCounts:
    """By store and operation: calls, seconds and buckets (`le …`) so far, whatever their outcome."""
    counts: StoreCounts = {}
    for family in text_string_to_metric_families(client.get("/metrics").raise_for_status().text):
        for sample in family.samples if family.name == _UNITS_METRIC else []:
            if sample.name.endswith("_total"):
                found = counts.setdefault((sample.labels["store"], sample.labels["operation"]), {})
                found["units"] = sample.value
        for sample in family.samples if family.name == _STORE_METRIC else []:
            found = counts.setdefault((sample.labels["store"], sample.labels["operation"]), {})
            kind = sample.name.removeprefix(f"{_STORE_METRIC}_")
            key = f"le {sample.labels['le']}" if kind == "bucket" else kind
            found[key] = found.get(key, 0.0) + sample.value
    return counts


def store_calls(before: StoreCounts, after: StoreCounts) -> tuple[StoreCalls, ...]:
    """What came between two counts."""
    calls = []
    for (store, operation), counts in sorted(after.items()):
        earlier = before.get((store, operation), {})
        grown = {key: value - earlier.get(key, 0.0) for key, value in counts.items()}
        count = int(grown.get("count", 0))
        if count:
            buckets = sorted((float(key[3:]), int(value)) for key, value in grown.items() if key.startswith("le "))
            p95 = bucket_percentile([bound for bound, _ in buckets], [seen for _, seen in buckets], 0.95)
            p95_ms = None if p95 is None else p95 * 1000
            mean_ms, units = round(grown["sum"] / count * 1000, 4), round(grown.get("units", 0.0), 1)
            calls.append(StoreCalls(store, operation, count, mean_ms, p95_ms, units))
    return tuple(calls)

"""Quick metrics count as prometheus_client does, in its own places."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from registry.telemetry.quick import QuickCounter, QuickHistogram

BUCKETS = (0.5, 1.0, 2.5)
AMOUNTS = (0.0, 0.25, 0.5, 0.500001, 1.0, 2.5, 2.6, 1e9)


def exposed(*, quick: bool) -> list[str]:
    registry = CollectorRegistry()
    child = Histogram("seconds", "some", ("route",), buckets=BUCKETS, registry=registry).labels("/a")
    counter = Counter("bytes", "some", registry=registry)
    observed, counted = (QuickHistogram(child), QuickCounter(counter)) if quick else (child, counter)
    for amount in AMOUNTS:
        observed.observe(amount)
        counted.inc(amount)
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_quick_metrics_are_exposed_as_plain_ones_are() -> None:
    assert exposed(quick=True) == exposed(quick=False)
    assert 'seconds_count{route="/a"} 8.0' in exposed(quick=True)


def test_totals_are_of_each_bucket_alone() -> None:
    histogram = Histogram("seconds", "some", buckets=BUCKETS, registry=CollectorRegistry())
    quick = QuickHistogram(histogram)
    for amount in (0.25, 0.5, 0.75, 9.0):
        quick.observe(amount)
    assert quick.totals() == ([2, 1, 0, 1], 10.5)

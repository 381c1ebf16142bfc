"""The arithmetic of the load report: percentiles from counts."""

import random

import pytest

from load.histogram import Distribution, Recorder, bucket_percentile


def recorded(*latencies_ms: float) -> Distribution:
    recorder = Recorder()
    for latency_ms in latencies_ms:
        recorder.add(latency_ms)
    return recorder.distribution()


def test_nothing_seen() -> None:
    assert recorded() == Distribution((), 0.0, 0.0)
    assert (recorded().count, recorded().mean_ms, recorded().percentile_ms(0.95)) == (0, 0.0, 0.0)


def test_one_value_is_every_percentile() -> None:
    one = recorded(12.5)
    assert [one.percentile_ms(share) for share in (0.0, 0.5, 0.99, 1.0)] == pytest.approx([12.5] * 4, rel=0.01)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.95, 0.99, 1.0])
def test_percentiles_are_those_of_the_sorted_values_within_one_percent(share: float) -> None:
    chance = random.Random(3)  # noqa: S311 – the same values each time
    latencies_ms = sorted(chance.lognormvariate(2, 1.5) for _ in range(2_000))
    exact = latencies_ms[max(0, round(share * 2_000) - 1)]
    assert recorded(*latencies_ms).percentile_ms(share) == pytest.approx(exact, rel=0.0101)


def test_mean_and_maximum_are_exact() -> None:
    found = recorded(1.0, 2.0, 6.123)
    assert found.mean_ms == pytest.approx(3.041)
    assert found.most_ms == 6.123
    assert found.percentile_ms(1.0) <= found.most_ms


def test_a_percentile_counts_all_that_were_no_slower() -> None:
    bins = Distribution(((1.0, 95), (10.0, 4), (100.0, 1)), 235.0, 100.0)
    assert [bins.percentile_ms(share) for share in (0.5, 0.95, 0.96, 0.99, 0.995)] == [1.0, 1.0, 10.0, 10.0, 100.0]


def test_joined_distributions_are_that_of_all_values() -> None:
    assert Distribution.joined([recorded(1.0, 5.0), recorded(), recorded(5.0, 70.0)]) == recorded(1.0, 5.0, 5.0, 70.0)


def test_latencies_of_nothing_are_counted() -> None:
    assert recorded(0.0).count == 1


def test_bucket_percentile_is_the_bound_of_its_bucket() -> None:
    bounds = [0.001, 0.01, 0.1, float("inf")]
    assert bucket_percentile(bounds, [90, 96, 99, 100], 0.95) == 0.01
    assert bucket_percentile(bounds, [90, 96, 99, 100], 0.999) is None
    assert bucket_percentile(bounds, [0, 0, 0, 0], 0.5) is None
    assert bucket_percentile([], [], 0.5) is None

"""Histograms and counters that cost a third to observe, for what every request and store call does.

prometheus_client asks on each observation whether the metric has labels, and tries one bucket after the other. These
keep the places that it counts in. `tests/unit/test_quick_metrics.py` compares both, since the places are not public.
"""

from bisect import bisect_left

from prometheus_client import Counter, Histogram


class QuickHistogram:
    """Counts where a histogram, or its child for some labels, counts."""

    __slots__ = ("_bounds", "_counts", "_histogram", "_sum")

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._bounds = histogram._upper_bounds  # noqa: SLF001
        self._counts = [bucket.inc for bucket in histogram._buckets]  # noqa: SLF001
        self._sum = histogram._sum.inc  # noqa: SLF001

    def observe(self, amount: float) -> None:
        self._sum(amount)
        self._counts[bisect_left(self._bounds, amount)](1)

    def totals(self) -> tuple[list[int], float]:
        """What this process has observed: how often in each bucket, without those below it, and the sum."""
        counts = [int(bucket.get()) for bucket in self._histogram._buckets]  # noqa: SLF001
        return counts, self._histogram._sum.get()  # noqa: SLF001


class QuickCounter:
    """Counts where a counter without labels counts. `inc` takes what is not negative."""

    __slots__ = ("inc",)

    def __init__(self, counter: Counter) -> None:
        self.inc = counter._value.inc  # noqa: SLF001

"""Latencies as counts by bucket: small enough to be kept, fine enough that every percentile is right within 1 %."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDTH = math.log(1.02)
_LEAST_MS = 0.001


class Recorder:
    """Counts latencies in buckets of 2 %, each known by the value in its middle."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._sum_ms = 0.0
        self._most_ms = 0.0

    def add(self, latency_ms: float) -> None:
        self._counts[round(math.log(max(latency_ms, _LEAST_MS)) / _WIDTH)] += 1
        self._sum_ms += latency_ms
        self._most_ms = max(self._most_ms, latency_ms)

    def distribution(self) -> "Distribution":
        bins = tuple((float(f"{math.exp(key * _WIDTH):.4g}"), count) for key, count in sorted(self._counts.items()))
        return Distribution(bins, self._sum_ms, self._most_ms)


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often each latency was seen: `bins` are (milliseconds, count), lowest first; sum and maximum are exact."""

    bins: tuple[tuple[float, int], ...]
    sum_ms: float
    most_ms: float

    @property
    def count(self) -> int:
        return sum(count for _, count in self.bins)

    @property
    def mean_ms(self) -> float:
        """0 when nothing was seen."""
        return self.sum_ms / self.count if self.bins else 0.0

    def percentile_ms(self, share: float) -> float:
        """The least latency that at least `share` (0–1) of all were not slower than; 0 when nothing was seen."""
        wanted, seen = share * self.count, 0
        for value, count in self.bins:
            seen += count
            if seen >= wanted:
                return min(value, self.most_ms)
        return 0.0

    @classmethod
    def joined(cls, parts: Iterable["Distribution"]) -> "Distribution":
        """All of them as one."""
        counts: Counter[float] = Counter()
        sum_ms = most_ms = 0.0
        for part in parts:
            for value, count in part.bins:
                counts[value] += count
            sum_ms += part.sum_ms
            most_ms = max(most_ms, part.most_ms)
        return cls(tuple(sorted(counts.items())), sum_ms, most_ms)


def bucket_percentile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """The upper bound of the bucket in which the percentile lies, of a Prometheus histogram.

    `counts` are those up to and including each bound. None when nothing was seen or it lies beyond the last bound.
    """
    if not counts or not counts[-1]:
        return None
    found = next(bound for bound, count in zip(bounds, counts, strict=True) if count >= share * counts[-1])
    return None if math.isinf(found) else found

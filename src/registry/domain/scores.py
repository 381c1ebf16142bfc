"""Net scores as listings find them: by the lower bound of their range, so that what is not known helps nobody.

A score counts in millionths, the digits that scores are rounded to. "At least x" is in the order of ids nowhere; what
is, are buckets: each score lies in one of a tenth (`0.7`) and one of a hundredth (`0.73`), and at most ten of either
cover all that is at or above any whole hundredth. A minimum between two hundredths cuts through one bucket more, whose
entries have to be looked at one by one.
"""

import json
from dataclasses import dataclass
from typing import Self

_WHOLE = 1_000_000
_TENTH, _HUNDREDTH = _WHOLE // 10, _WHOLE // 100


def millionths(score: float) -> int:
    """A score of 0.0–1.0 in millionths."""
    return round(score * _WHOLE)


def buckets_of(score: int) -> tuple[str, str]:
    """The tenth and the hundredth in which a score (in millionths) lies. The last tenth has 1.0 too."""
    return _tenth(min(score // _TENTH, 9)), _hundredth(score // _HUNDREDTH)


def reaches(score: int, minimum: float) -> bool:
    """Whether a score (in millionths) is at least `minimum` (0.0–1.0)."""
    return score / _WHOLE >= minimum


def least(minimum: float) -> int:
    """The lowest score (in millionths) that reaches `minimum` (0.0–1.0)."""
    lowest = millionths(minimum)
    return lowest if reaches(lowest, minimum) else lowest + 1


def score_range(summary: bytes) -> tuple[float, float] | None:
    """The range of the net score (0.0–1.0) in a rating's summary (JSON), None where nothing could be measured."""
    members = json.loads(summary)
    bounds = members.get("net_score_range")
    return None if members.get("net_score") is None or bounds is None else (float(bounds[0]), float(bounds[1]))


def lower_bound(summary: bytes) -> float | None:
    """The lower bound of that range."""
    bounds = score_range(summary)
    return None if bounds is None else bounds[0]


@dataclass(frozen=True, slots=True)
class ScoresFrom:
    """Where the scores from a minimum on are: in all of `buckets`, and in the upper part of `cut` where it is set."""

    buckets: tuple[str, ...]
    cut: str | None

    @classmethod
    def of(cls, minimum: float) -> Self:
        """The scores of at least `minimum` (0.0–1.0)."""
        hundredth, within = divmod(least(minimum), _HUNDREDTH)
        first = hundredth + bool(within)
        first_tenth = min(-(-first // 10), 10)
        hundredths = range(first, 101 if first_tenth == 10 else first_tenth * 10)
        buckets = (*map(_hundredth, hundredths), *map(_tenth, range(first_tenth, 10)))
        return cls(buckets, _hundredth(hundredth) if within else None)

    @property
    def all_buckets(self) -> tuple[str, ...]:
        return self.buckets if self.cut is None else (*self.buckets, self.cut)


def _tenth(number: int) -> str:
    return f"{number / 10:.1f}"


def _hundredth(number: int) -> str:
    return f"{number / 100:.2f}"

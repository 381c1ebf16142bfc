"""Small charts as SVG, whose numbers stand in a table as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_STEP, _WIDTH, _HEIGHT = 10, 8, 48
_LEAST = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """The place of a bar: its left edge, its upper edge and its height."""

    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts by day. `days` are those with any, the newest first."""

    bars: list[Bar]
    width: int
    height: int
    total: int
    top: int
    days: list[dict[str, Any]]


def bars(days: Sequence[dict[str, Any]]) -> Bars:
    """A bar for each day with `count`, in the order given; the highest fills the chart."""
    top = max(day["count"] for day in days)
    drawn = []
    for place, day in enumerate(days):
        if day["count"]:
            height = max(day["count"] / top * _HEIGHT, _LEAST)
            drawn.append(Bar(place * _STEP, round(_HEIGHT - height, 1), round(height, 1)))
    total = sum(day["count"] for day in days)
    width = (len(days) - 1) * _STEP + _WIDTH
    return Bars(drawn, width, _HEIGHT, total, top, [day for day in reversed(days) if day["count"]])

"""Figures of several rounds, and how far those of another run may be from them."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from load import results
from load.results import MIX, Scenario

# Student's t for 95 % on both sides, by degrees of freedom from 1.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of the rounds. `noise`: in 19 of 20 cases a second run of as many rounds is no farther from it.

    From the scatter of the rounds alone: Student's t x standard deviation x √(2 ÷ rounds). None for a single round.
    """

    value: float
    noise: float | None

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Figure":
        count = len(rounds)
        if count < 2:
            return cls(rounds[0], None)
        student = _STUDENT[min(count - 1, len(_STUDENT)) - 1]
        return cls(statistics.fmean(rounds), student * statistics.stdev(rounds) * math.sqrt(2 / count))

    @property
    def share(self) -> float | None:
        """The noise as a share of the value."""
        return None if self.noise is None or not self.value else self.noise / self.value


@dataclass(frozen=True, slots=True)
class Rounds:
    """One scenario, measured once or more."""

    all: tuple[Scenario, ...]

    @property
    def one(self) -> Scenario:
        """The first: for what is the same in each round."""
        return self.all[0]

    def figure(self, of: Callable[[Scenario], float]) -> Figure:
        return Figure.of([of(scenario) for scenario in self.all])

    def of_operation(self, name: str) -> "Rounds":
        """The rounds in which an operation was seen."""
        return Rounds(tuple(scenario for scenario in self.all if name in scenario.operations))

    @property
    def operations(self) -> list[str]:
        return sorted({name for scenario in self.all for name in scenario.operations})

    @property
    def failed(self) -> int:
        return sum(scenario.total.failed for scenario in self.all)

    @property
    def error_share(self) -> float:
        return self.failed / max(1, sum(scenario.total.summary().count for scenario in self.all))

    def missed(self, target: str) -> list[str]:
        """Which limits of a target in mix.json are not kept, in words."""
        limits = MIX["targets"][target]
        mean_ms = self.figure(lambda scenario: scenario.total.summary().mean_ms).value
        p95_ms = self.figure(lambda scenario: scenario.total.summary().p95_ms).value
        per_second = self.figure(lambda scenario: scenario.per_second).value
        checks = [
            (mean_ms < limits["mean_ms"], f"mean {mean_ms:.1f} ms"),
            (p95_ms < limits["p95_ms"], f"p95 {p95_ms:.1f} ms"),
            (self.error_share <= limits["error_share"], f"errors {self.error_share:.2%}"),
            (per_second > limits["per_second"], f"{per_second:,.0f} requests/s"),
        ]
        return [words for kept, words in checks if not kept]


Setup = dict[str, Rounds]
"""The scenarios of one set-up by name."""


def read_setups(root: Path) -> dict[str, Setup]:
    """All raw results: by set-up, then by scenario."""
    return {folder.name: _read_setup(folder) for folder in sorted(root.iterdir()) if folder.is_dir()}


def _read_setup(folder: Path) -> Setup:
    found: dict[str, list[Scenario]] = {}
    for path in folder.glob("*.json"):
        scenario = results.read(path)
        found.setdefault(scenario.name, []).append(scenario)
    return {
        name: Rounds(tuple(sorted(scenarios, key=lambda scenario: scenario.round)))
        for name, scenarios in sorted(found.items())
    }

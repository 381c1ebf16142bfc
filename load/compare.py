"""Two runs of the same: which figures differ by more than the noise that the first one states."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from load.markdown import amount, table
from load.noise import Figure, Rounds, Setup, read_setups
from load.tables import FIGURES, figure_of, rate_of

EXPECTED_SHARE = 0.95
"""Of all figures, that lie within the noise when nothing has changed."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of a table in two runs."""

    name: str
    here: Figure
    there: Figure

    @property
    def apart(self) -> float:
        """How far they are from each other, as a share of the figure here."""
        return self.there.value / self.here.value - 1

    @property
    def agrees(self) -> bool:
        return abs(self.there.value - self.here.value) <= (self.here.noise or 0.0)


def pairs(here: Setup, there: Setup) -> list[Pair]:
    """Every figure of the tables of endpoints that both have with a noise."""
    return [
        pair
        for part in ("closed", "open")
        if part in here and part in there
        for pair in _pairs(part, here[part], there[part])
    ]


def _pairs(part: str, here: Rounds, there: Rounds) -> Iterator[Pair]:
    for name in [*(name for name in here.operations if name in there.operations), None]:
        ours, theirs = (rounds if name is None else rounds.of_operation(name) for rounds in (here, there))
        if len(ours.all) < 2:
            continue
        for title, of in FIGURES:
            yield Pair(f"{part}, {name or 'all'}, {title}", figure_of(ours, name, of), figure_of(theirs, name, of))
        yield Pair(f"{part}, {name or 'all'}, requests/s", rate_of(ours, name), rate_of(theirs, name))


def described(found: list[Pair]) -> str:
    """How many agree, and each that does not."""
    outside = [pair for pair in found if not pair.agrees]
    share = 1 - len(outside) / len(found)
    words = f"{len(found) - len(outside)} of {len(found)} figures ({share:.0%}) lie within the stated noise"
    if not outside:
        return f"{words}."
    rows = [
        [pair.name, amount(pair.here.value), amount(pair.there.value), f"{pair.apart:+.0%}", f"±{pair.here.share:.0%}"]
        for pair in outside
    ]
    return f"{words}; outside are:\n\n{table(['figure', 'this run', 'the other', 'apart', 'noise'], rows)}"


def compare(root: Path, other: Path) -> int:
    """Print which figures of the standard set-up differ. 1 when fewer agree than noise alone would let."""
    here, there = (read_setups(folder)["standard"] for folder in (root, other))
    found = pairs(here, there)
    print(described(found))
    return 0 if sum(pair.agrees for pair in found) >= EXPECTED_SHARE * len(found) else 1

"""What a benchmark says: rows, printed as a table and kept as JSON, so that a later run can be compared."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measured:
    """The median of several rounds, and half the way from the lowest to the highest as a share of it."""

    value: float
    spread: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Measured":
        middle = statistics.median(rounds)
        return cls(middle, (max(rounds) - min(rounds)) / 2 / middle if middle else 0.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `value` is in `unit`; `ratio` says how it stands to the baseline, where there is one. `goal` is a bound for the
    ratio, or for the value where there is no ratio: the most that is allowed, or the least where `more_is_better`.
    `spread` is that of what the goal is about (see Measured). `note` says what a reader must know with it.
    """

    suite: str
    name: str
    value: float
    unit: str
    spread: float
    baseline_name: str | None = None
    baseline_value: float | None = None
    ratio: float | None = None
    goal: float | None = None
    more_is_better: bool = False
    note: str = ""

    @classmethod
    def beside(
        cls, ours: Sequence[float], theirs: Sequence[float], *, suite: str, name: str, unit: str, **more: Any
    ) -> "Row":
        """The row of rounds that alternated with those of a baseline; `more` are further fields."""
        ratio = Measured.of([own / other for own, other in zip(ours, theirs, strict=True)])
        return cls(
            suite,
            name,
            Measured.of(ours).value,
            unit,
            ratio.spread,
            baseline_value=Measured.of(theirs).value,
            ratio=ratio.value,
            **more,
        )

    @property
    def judged(self) -> float:
        """What goal and comparison are about: the ratio, which cancels the machine's mood, else the value."""
        return self.value if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.judged >= self.goal if self.more_is_better else self.judged <= self.goal


@dataclass(frozen=True, slots=True)
class Report:
    """A run: what was measured, and on what (`facts`: machine, commit, versions, time, options)."""

    facts: dict[str, Any]
    rows: tuple[Row, ...]

    def of_suite(self, suite: str) -> "Report":
        """Its rows alone."""
        return Report(self.facts, tuple(row for row in self.rows if row.suite == suite))

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [asdict(row) | {"met": row.met} for row in self.rows]
        path.write_text(json.dumps({"facts": self.facts, "rows": rows}, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Report":
        document = json.loads(path.read_text())
        rows = ({name: value for name, value in row.items() if name != "met"} for row in document["rows"])
        return cls(document["facts"], tuple(Row(**row) for row in rows))


def print_report(report: Report, before: Report | None, console: Console) -> None:
    """The table; with a column for the change since `before` where that run is given."""
    for name, fact in report.facts.items():
        shown = ", ".join(f"{key} {value}" for key, value in fact.items()) if isinstance(fact, dict) else fact
        console.print(f"{name}: {shown}", highlight=False, soft_wrap=True)
    columns = ["suite", "what", "measured", "baseline", "ratio", "±", "goal", ""]
    table = Table(*columns, *(["since"] if before else []))
    earlier = {(row.suite, row.name): row for row in before.rows} if before else {}
    for row in report.rows:
        cells = [
            row.suite,
            f"{row.name}\n[dim]{row.note}[/dim]" if row.note else row.name,
            amount(row.value, row.unit),
        ]
        cells.append(f"{amount(row.baseline_value, row.unit)} ({row.baseline_name})" if row.baseline_value else "")
        cells += ["" if row.ratio is None else f"{row.ratio:.2f} ×", f"{row.spread:.0%}", goal_of(row), _verdict(row)]
        if before:
            cells.append(_change(row, earlier.get((row.suite, row.name))))
        table.add_row(*cells)
    console.print(table)


def amount(value: float, unit: str) -> str:
    """Three digits that matter, and the unit."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def goal_of(row: Row) -> str:
    """The bound of what is judged; empty without one."""
    if row.goal is None:
        return ""
    return f"{'≥' if row.more_is_better else '≤'} " + (
        amount(row.goal, row.unit) if row.ratio is None else f"{row.goal:g} ×"
    )


def _verdict(row: Row) -> str:
    return {None: "", True: "[green]met[/green]", False: "[red]missed[/red]"}[row.met]


def _change(row: Row, before: Row | None) -> str:
    """How much more or less than before. Within the spread of both runs together it is called noise."""
    if before is None or not before.judged:
        return "new"
    change = row.judged / before.judged - 1
    noise = row.spread + before.spread
    if abs(change) <= noise:
        return f"[dim]{change:+.0%} (noise ±{noise:.0%})[/dim]"
    better = (change > 0) == row.more_is_better
    return f"[{'green' if better else 'red'}]{change:+.0%} {'better' if better else 'worse'}[/] (noise ±{noise:.0%})"

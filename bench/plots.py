"""Draws results (needs matplotlib): bars for each suite, and `python -m bench.plots bench/results/….json docs/images`
the curves of search."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import Report, Row


@dataclass(frozen=True, slots=True)
class _Plot:
    """Milliseconds over what `along` says; of the rows whose names are like `named`, with a place and a subject."""

    title: str
    named: str
    along: str = "packages"


_PACKAGES = r"(?P<subject>.+) \((?P<place>[0-9,]+) packages\)"
_PLOTS = {
    "search-names": _Plot("Regular expressions over names", f"names, {_PACKAGES}"),
    "search-readmes": _Plot("Regular expressions over READMEs of 4 KB", f"READMEs, {_PACKAGES}"),
    "search-ranked": _Plot("Ranked search", f"ranked, {_PACKAGES}"),
    "listing": _Plot("Listing over HTTP", f"list, {_PACKAGES}"),
    "pages": _Plot("A page of 50 by each filter, in the store alone", f"page, {_PACKAGES}"),
    "transfers": _Plot("One file up and down", r"(?P<place>[0-9.]+) MiB (?P<subject>(up|down).*)", "MiB"),
}

Curve = dict[float, float]


def curves(report: Report, plot: _Plot) -> dict[str, Curve]:
    """Milliseconds by place, for each subject and for its baseline."""
    found: dict[str, Curve] = {}
    for row in report.rows:
        named = re.fullmatch(plot.named, row.name)
        if named is None or not row.unit.startswith("ms"):
            continue
        place, subject = float(named["place"].replace(",", "")), named["subject"]
        found.setdefault(subject, {})[place] = row.value
        if row.baseline_value is not None and row.baseline_name:
            found.setdefault(f"{subject}: {row.baseline_name}", {})[place] = row.baseline_value
    return found


def draw(report: Report, folder: Path) -> list[Path]:
    """One SVG for each plot that the result has figures for."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for file, plot in _PLOTS.items():
        if not (found := curves(report, plot)):
            continue
        figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
        for number, (subject, curve) in enumerate(item for item in found.items() if ":" not in item[0]):
            places = sorted(curve)
            marker = "os"[number // 10]  # there are ten colours
            axes.plot(places, [curve[place] for place in places], marker=marker, label=subject, color=f"C{number}")
            for name, baseline in found.items():
                if name.startswith(f"{subject}: "):
                    places = sorted(baseline)
                    values = [baseline[place] for place in places]
                    axes.plot(places, values, linestyle="--", label=name, color=f"C{number}", alpha=0.6)
        axes.set(title=plot.title, xlabel=plot.along, ylabel="milliseconds", xscale="log", yscale="log")
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
        path = folder / f"{file}.svg"
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
        drawn.append(path)
    return drawn


def draw_suite(report: Report, path: Path, digest: str) -> None:
    """A suite's rows as bars with their spread, a panel for each unit, baselines and goals beside.

    The plot carries the `digest` of what it is made from.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "registry", "font.size": 8})
    path.parent.mkdir(parents=True, exist_ok=True)
    units = list(dict.fromkeys(row.unit for row in report.rows))
    panels = [[row for row in report.rows if row.unit == unit] for unit in units]
    heights = [len(panel) + 1.5 for panel in panels]
    figure = Figure(figsize=(9, 0.28 * sum(heights) + 0.4 * len(panels) + 0.4), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
    for place, panel in zip(axes[:, 0], panels, strict=True):
        _bars(place, panel)
    # Drawn in each panel, named in the legend once.
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    figure.savefig(path, metadata={"Date": None, "Description": f"baseline {digest}"})


def _bars(axes: Any, rows: list[Row]) -> None:
    places = range(len(rows))
    errors = [row.value * min(row.spread, 1.0) for row in rows]
    axes.barh(places, [row.value for row in rows], xerr=errors, height=0.6, color="tab:blue", label="measured")
    beside = [(place, row.baseline_value) for place, row in zip(places, rows, strict=True) if row.baseline_value]
    axes.plot([value for _, value in beside], [place for place, _ in beside], "k|", markersize=11, label="baseline")
    goals = [(place, _goal_value(row)) for place, row in zip(places, rows, strict=True)]
    shown = [(place, value) for place, value in goals if value is not None]
    axes.plot([value for _, value in shown], [place for place, _ in shown], "r|", markersize=14, label="goal")
    positive = [row.value for row in rows if row.value > 0]
    if positive and max(positive) > 50 * min(positive):
        axes.set_xscale("log")
    axes.set_yticks(list(places), [row.name for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel(rows[0].unit)
    axes.grid(visible=True, axis="x", alpha=0.3)


def _goal_value(row: Row) -> float | None:
    """The goal in the row's own unit."""
    if row.goal is None or row.ratio is None:
        return row.goal
    return row.goal * (row.baseline_value or 0.0)


if __name__ == "__main__":
    for each in draw(Report.read(Path(sys.argv[1])), Path(sys.argv[2])):
        print(each)

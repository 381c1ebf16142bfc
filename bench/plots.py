"""Draws the curves of a result: `python -m bench.plots bench/results/….json docs/images` (needs matplotlib)."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.report import Report


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
            axes.plot(places, [curve[place] for place in places], marker="o", label=subject, color=f"C{number}")
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


if __name__ == "__main__":
    for each in draw(Report.read(Path(sys.argv[1])), Path(sys.argv[2])):
        print(each)

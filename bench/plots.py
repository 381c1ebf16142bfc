"""Draws the curves of a result: `python -m bench.plots bench/results/….json docs/images` (needs matplotlib)."""

import re
import sys
from pathlib import Path

from bench.report import Report

_NAMED = re.compile(r"(.+) \(([0-9,]+) packages\)")
_PLOTS = {
    "search-names": ("Regular expressions over names", "names, "),
    "search-readmes": ("Regular expressions over READMEs of 4 KB", "READMEs, "),
    "search-ranked": ("Ranked search", "ranked, "),
    "listing": ("Listing over HTTP", "list, "),
    "pages": ("A page of 50 by each filter, in the store alone", "page, "),
}

Curve = dict[int, float]


def curves(report: Report, prefix: str) -> dict[str, Curve]:
    """Milliseconds by number of packages, for each subject that begins with `prefix`, and for its baseline."""
    found: dict[str, Curve] = {}
    for row in report.rows:
        named = _NAMED.fullmatch(row.name)
        if named is None or not named[1].startswith(prefix) or not row.unit.startswith("ms"):
            continue
        packages, subject = int(named[2].replace(",", "")), named[1].removeprefix(prefix)
        found.setdefault(subject, {})[packages] = row.value
        if row.baseline_value is not None and row.baseline_name:
            found.setdefault(f"{subject}: {row.baseline_name}", {})[packages] = row.baseline_value
    return found


def draw(report: Report, folder: Path) -> list[Path]:
    """One SVG for each plot that the result has figures for."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for file, (title, prefix) in _PLOTS.items():
        if not (found := curves(report, prefix)):
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
        axes.set(title=title, xlabel="packages", ylabel="milliseconds", xscale="log", yscale="log")
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

"""The report's plots, as SVG files that are the same for the same results."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from load.histogram import Distribution
from load.results import RESULTS, Scenario, digest
from load.tables import Runs, curve_points


def draw(runs: Runs, folder: Path) -> None:
    """Write every plot of the standard run for which there are results."""
    mpl.rcParams.update({"svg.hashsalt": "registry", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    folder.mkdir(parents=True, exist_ok=True)
    standard = runs["standard"]
    if "closed" in standard:
        _save(_latencies(standard["closed"]), folder / "latencies.svg")
        _save(_throughput(standard), folder / "throughput.svg")
    if curve_points(standard):
        _save(_clients(curve_points(standard)), folder / "clients.svg")


def _latencies(scenario: Scenario) -> Figure:
    figure, axes = _axes("latency, ms", "share of requests that were no slower")
    for name, operation in scenario.operations.items():
        if isinstance(operation.times, Distribution):
            seen, values, shares = 0, [], []
            for value, count in operation.times.bins:
                seen += count
                values.append(value)
                shares.append(seen / operation.times.count)
            axes.plot(values, shares, label=name)
    axes.set_xscale("log")
    axes.set_title(f"{scenario.clients} closed users, {scenario.packages:,} packages")
    axes.legend()
    return figure


def _throughput(standard: dict[str, Scenario]) -> Figure:
    figure, axes = _axes("second", "answers in that second")
    for name in ("closed", "open", "locust"):
        if name in standard:
            # The last second is not a whole one.
            axes.plot(standard[name].timeline[:-1], label=f"{name} ({standard[name].generator})")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def _clients(points: list[Scenario]) -> Figure:
    figure, axes = _axes("clients", "requests/s")
    clients = [point.clients for point in points]
    axes.plot(clients, [point.per_second for point in points], "o-", color="tab:blue", label="requests/s")
    axes.set_ylim(bottom=0)
    times = axes.twinx()
    times.plot(clients, [point.total.summary().p95_ms for point in points], "s--", color="tab:orange", label="p95, ms")
    times.set_ylabel("p95, ms")
    times.set_ylim(bottom=0)
    times.grid(visible=False)
    figure.legend(loc="lower right", bbox_to_anchor=(0.85, 0.15))
    return figure


def _axes(x_label: str, y_label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    # The digest of the raw results tells whether a plot is theirs.
    figure.savefig(path, metadata={"Date": None, "Description": f"raw results {digest(RESULTS)}"})

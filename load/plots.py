"""The report's plots, as SVG files that are the same for the same results."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from load import scaling
from load.histogram import Distribution
from load.noise import Rounds, Setup
from load.plan import STANDARD
from load.tables import size_bytes

Setups = dict[str, Setup]
_WORKERS = ((STANDARD, "1 worker", "tab:blue"), ("workers-2", "2 workers", "tab:orange"))


def draw(setups: Setups, folder: Path, digest: str) -> None:
    """Write every plot for which there are results; each carries the raw results' digest."""
    mpl.rcParams.update({"svg.hashsalt": "registry", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.svg"):
        path.unlink()
    standard = setups[STANDARD]
    plots: dict[str, Callable[[], Figure] | None] = {
        "latencies": (lambda: _latencies(standard["closed"])) if "closed" in standard else None,
        "throughput": (lambda: _throughput(standard)) if "closed" in standard else None,
        "clients": (lambda: _clients(setups)) if scaling.points(standard, "clients-") else None,
        "rates": (lambda: _rates(setups)) if scaling.points(standard, "rate-") else None,
        "packages": (lambda: _packages(setups["packages"])) if "packages" in setups else None,
        "transfers": (lambda: _transfers(setups)) if "transfers" in standard else None,
    }
    for name, make in plots.items():
        if make is not None:
            metadata = {"Date": None, "Description": f"raw results {digest}"}
            make().savefig(folder / f"{name}.svg", metadata=metadata)


def _latencies(rounds: Rounds) -> Figure:
    figure, axes = _axes("latency, ms", "share of requests that were no slower")
    for name in rounds.operations:
        parts = [scenario.operations[name].times for scenario in rounds.of_operation(name).all]
        joined = Distribution.joined(part for part in parts if isinstance(part, Distribution))
        seen, values, shares = 0, [], []
        for value, count in joined.bins:
            seen += count
            values.append(value)
            shares.append(seen / joined.count)
        axes.plot(values, shares, label=name)
    axes.set_xscale("log")
    axes.set_title(f"{rounds.one.clients} closed users, {rounds.one.packages:,} packages")
    axes.legend(fontsize=8)
    return figure


def _throughput(standard: Setup) -> Figure:
    figure, axes = _axes("second", "answers in that second")
    for name, color in (("closed", "tab:blue"), ("open", "tab:green"), ("locust", "tab:red")):
        for scenario in standard[name].all if name in standard else ():
            # The last second is not a whole one.
            label = f"{name} ({scenario.generator}), each round" if scenario is standard[name].one else None
            axes.plot(scenario.timeline[:-1], color=color, alpha=0.7, label=label)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    return figure


def _clients(setups: Setups) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    through, times = figure.subplots(1, 2)
    for setup, label, color in _WORKERS:
        if found := scaling.points(setups.get(setup, {}), "clients-"):
            clients = [rounds.one.clients for rounds in found]
            _with_noise(through, clients, found, lambda one: one.per_second, label=label, color=color)
            _with_noise(times, clients, found, lambda one: one.total.summary().p95_ms, label=label, color=color)
    through.set(xlabel="closed clients", ylabel="requests/s", ylim=(0, None))
    times.set(xlabel="closed clients", ylabel="p95, ms", ylim=(0, None))
    through.legend(fontsize=8)
    return figure


def _with_noise(axes: Any, places: list[int], found: list[Rounds], of: Callable[[Any], float], **style: str) -> None:
    figures = [rounds.figure(of) for rounds in found]
    axes.errorbar(
        places,
        [figure.value for figure in figures],
        yerr=[figure.noise or 0.0 for figure in figures],
        marker="o",
        markersize=4,
        capsize=3,
        **style,
    )


def _rates(setups: Setups) -> Figure:
    figure, axes = _axes("arrivals per second", "latency from arrival, ms")
    for setup, label, color in _WORKERS:
        if found := scaling.points(setups.get(setup, {}), "rate-"):
            rates = [rounds.one.arrivals_per_second for rounds in found]
            axes.plot(rates, [scaling.mean_ms(rounds) for rounds in found], "o-", color=color, label=f"{label}, mean")
            axes.plot(rates, [scaling.p95_ms(rounds) for rounds in found], "s--", color=color, label=f"{label}, p95")
    axes.set_yscale("log")
    axes.legend(fontsize=8)
    return figure


def _packages(setup: Setup) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    through, times = figure.subplots(1, 2)
    found = scaling.points(setup, "packages-")
    sizes = [rounds.one.packages for rounds in found]
    _with_noise(through, sizes, found, lambda one: one.per_second, label="requests/s", color="tab:blue")
    through.set(xlabel="packages", ylabel="requests/s", xscale="log", ylim=(0, None))
    for name in ("read", "list", "regex", "publish"):
        there = [(rounds.one.packages, rounds.of_operation(name)) for rounds in found]
        shown = [(size, scaling.operation_ms(rounds, name)) for size, rounds in there if rounds.all]
        times.plot([size for size, _ in shown], [value for _, value in shown], "o-", markersize=4, label=name)
    times.set(xlabel="packages", ylabel="mean latency, ms", xscale="log", yscale="log")
    times.legend(fontsize=8)
    return figure


def _transfers(setups: Setups) -> Figure:
    figure, axes = _axes("size, MB", "MB/s")
    for setup, backend in ((STANDARD, "embedded"), ("scaled", "scaled")):
        if "transfers" not in setups.get(setup, {}):
            continue
        operations = setups[setup]["transfers"].one.operations
        for way, style in (("upload", "o-"), ("download", "s--")):
            named = sorted((name for name in operations if name.startswith(way)), key=size_bytes)
            sizes = [size_bytes(name) / 1e6 for name in named]
            speeds = [
                size / (operations[name].summary().mean_ms / 1000) for size, name in zip(sizes, named, strict=True)
            ]
            axes.plot(sizes, speeds, style, markersize=4, label=f"{way}, {backend}")
    axes.set(xscale="log", yscale="log")
    axes.legend(fontsize=8)
    return figure


def _axes(x_label: str, y_label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    return figure, axes

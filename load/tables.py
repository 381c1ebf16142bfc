"""The report's tables: endpoints, distributions, transfers, stores, resources."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from load.histogram import Distribution
from load.markdown import amount, figure, table
from load.noise import Figure, Rounds, Setup
from load.results import MIX, Operation, Quantiles, Scenario

_MIB = 2**20
_STEPS_MS = (5, 10, 25, 50, 100, 250, 500, 1_000)

Runs = dict[str, Setup]
FIGURES: tuple[tuple[str, Callable[[Quantiles], float]], ...] = (
    ("mean ms", lambda seen: seen.mean_ms),
    ("median", lambda seen: seen.p50_ms),
    ("p95", lambda seen: seen.p95_ms),
    ("p99", lambda seen: seen.p99_ms),
)


def targets(found: Sequence[tuple[str, Rounds]]) -> str:
    """Whether each of these loads keeps the targets, by our reckoning and by the tool's own."""
    rows = []
    for name, rounds in found:
        cells = [name, figure(rounds.figure(lambda one: one.total.summary().mean_ms))]
        cells.append(figure(rounds.figure(lambda one: one.total.summary().p95_ms)))
        cells += [f"{rounds.error_share:.2%}", figure(rounds.figure(lambda one: one.per_second))]
        for target in MIX["targets"]:
            own = rounds.one.facts.get("kept", {}).get(target)
            verdict = "" if own is None else f" (its own thresholds: {'met' if own else 'missed'})"
            cells.append((f"missed: {', '.join(missed)}" if (missed := rounds.missed(target)) else "met") + verdict)
        rows.append(cells)
    return table(["load", "mean ms", "p95 ms", "errors", "requests/s", *MIX["targets"]], rows)


def in_short(rounds: Rounds) -> str:
    """A load in one cell: requests a second, times and errors."""
    seconds = amount(rounds.figure(lambda one: one.per_second).value)
    mean = amount(rounds.figure(lambda one: one.total.summary().mean_ms).value)
    p95 = amount(rounds.figure(lambda one: one.total.summary().p95_ms).value)
    return f"{seconds} a second; {mean} ms in the mean, 95 of 100 within {p95} ms; {rounds.error_share:.2%} errors"


def endpoints(rounds: Rounds) -> str:
    rows = [_endpoint(name, rounds.of_operation(name), name) for name in rounds.operations]
    rows.append(_endpoint("**all**", rounds, None))
    return table(["operation", "requests", *(name for name, _ in FIGURES), "requests/s", "errors"], rows)


def operation_of(scenario: Scenario, name: str | None) -> Operation:
    """An operation by name, or all together."""
    return scenario.total if name is None else scenario.operations[name]


def figure_of(rounds: Rounds, name: str | None, of: Callable[[Quantiles], float]) -> Figure:
    """A figure of an operation that each of the rounds has, or of all operations together."""
    return rounds.figure(lambda scenario: of(operation_of(scenario, name).summary()))


def rate_of(rounds: Rounds, name: str | None) -> Figure:
    """Requests per second, as `figure_of`."""
    return rounds.figure(lambda scenario: operation_of(scenario, name).summary().count / scenario.seconds)


def _endpoint(title: str, rounds: Rounds, name: str | None) -> list[str]:
    operations = [operation_of(scenario, name) for scenario in rounds.all]
    count = sum(operation.summary().count for operation in operations)
    failed: Counter[str] = Counter()
    for operation in operations:
        failed.update(operation.errors)
    errors = f"{failed.total() / max(1, count):.2%}" + "".join(f", {words}: {n}" for words, n in failed.items())
    times = [figure(figure_of(rounds, name, of)) for _, of in FIGURES]
    return [title, f"{count:,}", *times, figure(rate_of(rounds, name)), errors]


def distribution(rounds: Rounds) -> str:
    """Which share of each operation's answers came within so many milliseconds."""
    rows = []
    for name in [*rounds.operations, ""]:
        parts = [
            (one.operations[name] if name else one.total) for one in rounds.all if not name or name in one.operations
        ]
        joined = Distribution.joined(part.times for part in parts if isinstance(part.times, Distribution))
        shares = [sum(count for value, count in joined.bins if value <= step) / joined.count for step in _STEPS_MS]
        rows.append([name or "**all**", *(f"{share:.1%}" for share in shares), amount(joined.most_ms)])
    return table(["within", *(f"{step:,} ms" for step in _STEPS_MS), "slowest ms"], rows)


def transfers(rounds: Rounds) -> str:
    scenario, rows = rounds.one, []
    for name, operation in sorted(scenario.operations.items(), key=lambda item: size_bytes(item[0])):
        seen = operation.summary()
        speed = size_bytes(name) / 1e6 / (seen.mean_ms / 1000)
        times = [seen.mean_ms, seen.p50_ms, seen.p95_ms, seen.most_ms]
        rows.append([name, str(seen.count), *map(amount, times), f"{speed:,.1f}", str(operation.failed)])
    return table(["transfer", "times", "mean ms", "median", "p95", "slowest", "MB/s", "errors"], rows)


def size_bytes(name: str) -> int:
    """Of `upload 10 MB`."""
    _, number, unit = name.split()
    return int(number) * {"kB": 1_000, "MB": 1_000_000}[unit]


def stores(rounds: Rounds) -> str:
    """Calls of all rounds together. With capacity units where a store verdict any."""
    scenario_calls = [calls for scenario in rounds.all for calls in scenario.stores]
    has_units = any(calls.capacity_units for calls in scenario_calls)
    rows = []
    for store, operation in sorted({(calls.store, calls.operation) for calls in scenario_calls}):
        found = [calls for calls in scenario_calls if (calls.store, calls.operation) == (store, operation)]
        count = sum(calls.count for calls in found)
        mean_ms = sum(calls.mean_ms * calls.count for calls in found) / count
        slowest = [calls.p95_ms for calls in found]
        p95 = "over the last bucket" if None in slowest else f"≤ {amount(max(ms for ms in slowest if ms is not None))}"
        cells = [f"{store} {operation}", f"{count:,}", amount(mean_ms), p95]
        if has_units:
            units = sum(calls.capacity_units for calls in found)
            cells += [f"{units:,.1f}", f"{units / count:.2f}"]
        rows.append(cells)
    units_head = ["capacity units", "units a call"] if has_units else []
    return table(["store operation", "calls", "mean ms", "p95", *units_head], rows)


def resources(setup: Setup) -> str:
    rows = []
    for name, rounds in setup.items():
        cells = []
        for process in ("registry", "generator"):
            cores = rounds.figure(partial(Scenario.cores, process=process))
            micros = rounds.figure(partial(_micros, process=process))
            most = max(one.memory_bytes(process) for one in rounds.all) / _MIB
            cells += [figure(cores), figure(micros) if micros.value else "", f"{most:.0f}"]
        rows.append([name, rounds.one.generator, *cells])
    each = ["cores", "µs/request", "MiB"]
    head = [f"{process} {word}" for process in ("registry", "generator") for word in each]
    return table(["run", "generator", *head], rows)


def _micros(scenario: Scenario, process: str) -> float:
    count = scenario.total.summary().count
    return scenario.cores(process) * scenario.seconds / count * 1e6 if count else 0.0

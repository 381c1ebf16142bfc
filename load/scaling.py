"""The curves: how throughput and latency go with clients, packages, workers and arrivals, and why they bend."""

import itertools
import math
from functools import partial

from load.markdown import amount, figure, table
from load.noise import Rounds, Setup
from load.results import Scenario

_MIB = 2**20
_FLAT = 0.1
"""Throughput that changes by less than this from one point to the next, or within the noise, is level."""
_BUSY = 0.85
"""Cores for each worker from which on they are called full."""
_KNEE = 0.9
"""The knee of a curve is its first point with so much of the most throughput."""


def points(setup: Setup, prefix: str) -> list[Rounds]:
    """The scenarios `<prefix><number>` by number."""
    found = {int(name.removeprefix(prefix)): rounds for name, rounds in setup.items() if name.startswith(prefix)}
    return [found[number] for number in sorted(found)]


def per_second(rounds: Rounds) -> float:
    return rounds.figure(lambda one: one.per_second).value


def mean_ms(rounds: Rounds) -> float:
    return rounds.figure(lambda one: one.total.summary().mean_ms).value


def p95_ms(rounds: Rounds) -> float:
    return rounds.figure(lambda one: one.total.summary().p95_ms).value


def cores(rounds: Rounds, process: str) -> float:
    return rounds.figure(lambda one: one.cores(process)).value


def _load_cells(rounds: Rounds) -> list[str]:
    cells = [figure(rounds.figure(lambda one: one.per_second))]
    cells.append(figure(rounds.figure(lambda one: one.total.summary().mean_ms)))
    cells.append(figure(rounds.figure(lambda one: one.total.summary().p95_ms)))
    cells += [f"{cores(rounds, process):.2f}" for process in ("registry", "generator")]
    return [*cells, str(rounds.failed)]


_LOAD_HEAD = ["requests/s", "mean ms", "p95 ms", "registry's cores", "generator's", "errors"]


def clients_table(found: list[Rounds]) -> str:
    return table(["clients", *_LOAD_HEAD], [[str(rounds.one.clients), *_load_cells(rounds)] for rounds in found])


def rates_table(found: list[Rounds]) -> str:
    rows = [[f"{rounds.one.arrivals_per_second:,.0f}", *_load_cells(rounds)] for rounds in found]
    return table(["arrivals/s", *_LOAD_HEAD], rows)


def clients_bends(found: list[Rounds]) -> str:
    """One sentence for each stretch between two points: what throughput does, and what the processes show of why."""
    lines = []
    for before, after in itertools.pairwise(found):
        grown = per_second(after) / per_second(before) - 1
        span = f"{before.one.clients} → {after.one.clients} clients: {grown:+.0%} requests/s, mean latency "
        span += f"{mean_ms(before):.1f} → {mean_ms(after):.1f} ms. "
        if _beyond_noise(before, after):
            lines.append(f"- {span}{_why_clients(before, after, grown)}")
        else:
            lines.append(f"- {span}Within the noise of the two. {_why_clients(before, after, 0.0)}")
    return "\n".join(lines)


def _beyond_noise(before: Rounds, after: Rounds) -> bool:
    """Whether two points differ by more than the noise of both."""
    one, other = (rounds.figure(lambda scenario: scenario.per_second) for rounds in (before, after))
    return abs(other.value - one.value) > math.hypot(one.noise or 0.0, other.noise or 0.0)


def _why_clients(before: Rounds, after: Rounds, grown: float) -> str:
    busy = f"{cores(before, 'registry'):.2f} → {cores(after, 'registry'):.2f}"
    waiting = after.one.clients / per_second(after) * 1000
    if before.one.clients == 1:
        return (
            "A single client waits for each answer, so nothing overlaps and each of its writes pays a commit of its "
            f"own; with more, writes share commits (registry's cores {busy})."
        )
    if grown > _FLAT:
        return f"Rising: more writes share each commit, and the registry finds work while others wait (cores {busy})."
    if grown < -_FLAT:
        return (
            f"Falling: the cores are full (registry's {busy}, generator's {cores(after, 'generator'):.2f}), and more "
            f"connections cost both sides more for each request."
        )
    if cores(after, "registry") < _BUSY * after.one.workers:
        return (
            f"Level, though the registry's cores are not full ({busy}; generator's {cores(after, 'generator'):.2f}): "
            f"it waits for commits to reach the disk, or other programs had the machine."
        )
    return (
        f"Level: what serves is at its bound (registry's cores {busy}), so further clients only wait: "
        f"clients ÷ throughput = {waiting:.0f} ms."
    )


def knee(found: list[Rounds]) -> Rounds:
    """The first point at which throughput is nearly the most of the curve."""
    most = max(map(per_second, found))
    return next(rounds for rounds in found if per_second(rounds) >= _KNEE * most)


def rates_bend(found: list[Rounds], workers: int) -> str:
    """Where arrivals outrun what is served."""
    kept = [rounds for rounds in found if per_second(rounds) >= 0.95 * (rounds.one.arrivals_per_second or 0)]
    late = [rounds for rounds in found if rounds not in kept]
    noun = "worker" if workers == 1 else "workers"
    if not late:
        return f"{workers} {noun}: all of these rates are served as they come."
    last = f"up to {kept[-1].one.arrivals_per_second:,.0f} a second are served as they come" if kept else "none is kept"
    first = late[0]
    return (
        f"{workers} {noun}: {last}; of {first.one.arrivals_per_second:,.0f} a second {per_second(first):,.0f} are "
        f"answered, and since latency counts from the arrival, the queue that grows for as long as the run lasts is in "
        f"it (mean {amount(mean_ms(first))} ms): this is the bend, at the throughput that closed users level at too."
    )


def operation_ms(rounds: Rounds, name: str) -> float:
    """Mean latency of an operation that each of the rounds has."""
    return rounds.figure(lambda one: _mean_of(one, name)).value


def _operation_cell(rounds: Rounds, name: str) -> str:
    seen = rounds.of_operation(name)
    return figure(seen.figure(lambda one: _mean_of(one, name))) if seen.all else ""


_WATCHED = ("read", "list", "regex", "publish")


def packages_table(found: list[Rounds]) -> str:
    rows = []
    for rounds in found:
        facts = rounds.one.facts
        rows.append(
            [
                f"{rounds.one.packages:,}",
                figure(rounds.figure(lambda one: one.per_second)),
                figure(rounds.figure(lambda one: one.total.summary().p95_ms)),
                *(_operation_cell(rounds, name) for name in _WATCHED),
                f"{max(one.memory_bytes('registry') for one in rounds.all) / _MIB:.0f}",
                f"{facts['seed_per_second']:,.0f}",
                f"{facts['seed_seconds']:,.1f}",
                str(rounds.failed),
            ]
        )
    head = ["packages", "requests/s", "p95 ms", *(f"{name} mean" for name in _WATCHED), "MiB", "published/s until here"]
    return table([*head, "seconds in all", "errors"], rows)


def packages_bends(found: list[Rounds]) -> str:
    """What does and does not grow between the first point and the last."""
    first, last = found[0], found[-1]
    times = last.one.packages / first.one.packages
    lines = []
    for name in _WATCHED:
        ends = [rounds.of_operation(name) for rounds in (first, last)]
        if not all(rounds.all for rounds in ends):
            continue
        few, many = (rounds.figure(partial(_mean_of, name=name)) for rounds in ends)
        change = many.value / few.value - 1
        noise = math.hypot(few.noise or 0.0, many.noise or 0.0) / few.value
        verdict = "within the noise of both" if abs(change) <= noise else "beyond the noise of both"
        lines.append(f"- `{name}`: {change:+.0%} for {times:,.0f} times the packages, {verdict}. {_WHY_PACKAGES[name]}")
    grown = (last.one.memory_bytes("registry") - first.one.memory_bytes("registry")) / _MIB
    lines.append(
        f"- Memory: {grown:+.0f} MiB between the first point and the last. The names' index is in memory, and so are "
        "the pages of the database that were used last (bounded); READMEs and records are on the disk."
    )
    return "\n".join(lines)


def _mean_of(scenario: Scenario, name: str) -> float:
    return scenario.operations[name].summary().mean_ms


_WHY_PACKAGES = {
    "read": "A read is one look-up by key; what grows is a tree that becomes a level deeper.",
    "list": "A page is read from an index, from its end; how much follows the page does not matter.",
    "regex": "The pattern runs over all names in one buffer until the page is full; here the first names that were "
    "published match, so that what is newer is looked through too: this one may grow with the registry.",
    "publish": "A publish writes to several indexes; with more packages fewer of their pages are in the cache, and the "
    "log is checkpointed while it goes on.",
}


def workers_table(setups: dict[str, Setup]) -> str:
    rows = []
    for name, setup in setups.items():
        for part in ("closed", "open"):
            if part in setup:
                rounds = setup[part]
                kind = (
                    f"{rounds.one.clients} closed"
                    if part == "closed"
                    else f"open, {rounds.one.arrivals_per_second:g}/s"
                )
                most = max(one.memory_bytes("registry") for one in rounds.all) / _MIB
                rows.append([f"{name}, {kind}", str(rounds.one.workers), *_load_cells(rounds), f"{most:.0f}"])
    return table(["run", "workers", *_LOAD_HEAD, "MiB"], rows)


def workers_bend(one: Rounds, two: Rounds) -> str:
    """What a second process brings, and what bounds it."""
    factor, generator = per_second(two) / per_second(one), cores(two, "generator")
    return (
        f"A second worker brings {factor:.2f} times the requests/s with {one.one.clients} closed clients: a Python "
        "process fills hardly more than one core (the registry's cores are "
        f"{cores(one, 'registry'):.2f} with one worker, {cores(two, 'registry'):.2f} with two, beside "
        f"{generator:.2f} of the generator). Both commit to one database file, whose lock puts their commits in a row, "
        "so reading gains more than writing."
    )

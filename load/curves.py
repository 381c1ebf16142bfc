"""The report's sections about scaling: with clients, arrivals, packages and workers."""

from load import scaling
from load.noise import Setup
from load.plan import STANDARD

Setups = dict[str, Setup]


def sections(setups: Setups) -> list[str]:
    """Those for which there are results; the others are empty."""
    return [_clients(setups), _arrivals(setups), _packages(setups), _workers(setups)]


def _clients(setups: Setups) -> str:
    parts = []
    for setup, workers in ((STANDARD, "One worker"), ("workers-2", "Two workers")):
        if found := scaling.points(setups.get(setup, {}), "clients-"):
            knee = scaling.knee(found).one.clients
            parts.append(
                f"{workers}; the knee is at {knee} clients:\n\n{scaling.clients_table(found)}\n\n"
                f"{scaling.clients_bends(found)}"
            )
    if not parts:
        return ""
    return "\n\n".join(["## Scaling with clients", *parts, "![Scaling with clients](images/performance/clients.svg)"])


def _arrivals(setups: Setups) -> str:
    parts, bends = [], []
    for setup, workers in ((STANDARD, 1), ("workers-2", 2)):
        if found := scaling.points(setups.get(setup, {}), "rate-"):
            noun = "One worker" if workers == 1 else "Two workers"
            parts.append(f"{noun}:\n\n{scaling.rates_table(found)}")
            bends.append(f"- {scaling.rates_bend(found, workers)}")
    if not parts:
        return ""
    image = "![Latency by arrivals](images/performance/rates.svg)"
    return "\n\n".join(["## Scaling with arrivals", *parts, "\n".join(bends), image])


def _packages(setups: Setups) -> str:
    found = scaling.points(setups.get("packages", {}), "packages-")
    if not found:
        return ""
    facts = found[-1].one.facts
    return f"""\
## Scaling with packages

One registry with one worker that grows; {found[0].one.clients} closed users at each size. All packages are published
through the API, 64 connections at a time: {facts["seed_seconds"]:.0f} s for {found[-1].one.packages:,}. Means in ms.

{scaling.packages_table(found)}

{scaling.packages_bends(found)}

![Scaling with packages](images/performance/packages.svg)"""


def _workers(setups: Setups) -> str:
    one, two = setups[STANDARD].get("closed"), setups.get("workers-2", {}).get("closed")
    if one is None or two is None:
        return ""
    shown = {name: setups[name] for name in (STANDARD, "workers-2")}
    return f"## Scaling with workers\n\n{scaling.workers_table(shown)}\n\n{scaling.workers_bend(one, two)}"

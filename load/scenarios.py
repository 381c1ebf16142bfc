"""The scenarios of a run, each kept as a raw result as soon as it ends."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from load import generator, results, tools, transfers
from load.observing import store_calls, store_counts, watched
from load.recording import Recording, total
from load.results import Operation, Scenario, Usage
from load.seeding import Seed
from load.traffic import User, weights

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """A seeded registry and where its results go. `pid` is None for one that was started elsewhere."""

    url: str
    port: int
    pid: int | None
    token: str
    client: httpx.Client
    seed: Seed
    served: Mapping[str, int]
    folder: Path
    facts: Mapping[str, Any]
    workers: int
    log: Log

    @classmethod
    def served_by(cls, client: httpx.Client) -> dict[str, int]:
        """The mix, as far as the registry serves its routes."""
        return weights(client.get("/openapi.json").raise_for_status().json()["paths"])

    def users(self, name: str, count: int) -> list[User]:
        return [User(f"{name}-{number}", self.seed.ids, self.served) for number in range(count)]

    def keep(self, scenario: Scenario) -> None:
        results.write(self.folder, scenario)
        seen = scenario.total.summary()
        self.log(
            f"{scenario.name}: {scenario.per_second:,.0f}/s, mean {seen.mean_ms:.1f} ms, p95 {seen.p95_ms:.1f} ms, "
            f"p99 {seen.p99_ms:.1f} ms, errors {scenario.total.failed}"
        )

    def blank(self, name: str, generator_name: str, *, clients: int, seconds: float) -> Scenario:
        return Scenario(
            name=name,
            generator=generator_name,
            clients=clients,
            arrivals_per_second=None,
            packages=len(self.seed.ids),
            workers=self.workers,
            seconds=seconds,
            facts=self.facts,
            operations={},
            total=total({}),
        )

    @property
    def token_header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def closed(bench: Bench, name: str, *, clients: int, seconds: float) -> None:
    """Closed users from the light generator."""
    users = bench.users(name, clients)
    _own(
        bench,
        bench.blank(name, "light", clients=clients, seconds=seconds),
        lambda: generator.closed(bench.port, bench.token_header, users, seconds=seconds),
    )


def opened(bench: Bench, name: str, *, clients: int, per_second: float, seconds: float) -> None:
    """Open arrivals from the light generator, over at most `clients` connections."""
    users = bench.users(name, clients)
    blank = bench.blank(name, "light", clients=clients, seconds=seconds)
    _own(
        bench,
        replace(blank, arrivals_per_second=per_second),
        lambda: generator.opened(bench.port, bench.token_header, users, per_second=per_second, seconds=seconds),
    )


def together(bench: Bench, *, clients: int) -> None:
    """All clients download the same model at once."""
    path, length = f"/package/{bench.seed.model_id}/content", bench.seed.model_bytes
    blank = bench.blank("together", "light", clients=clients, seconds=0)
    facts = {**blank.facts, "model_bytes": length}
    _own(
        bench,
        replace(blank, facts=facts),
        lambda: generator.together(bench.port, bench.token_header, path, clients=clients, length=length),
    )


def sizes(bench: Bench) -> None:
    """Uploads and downloads by size, one at a time."""
    blank = bench.blank("transfers", "client", clients=1, seconds=0)
    _own(bench, blank, lambda: transfers.measure(bench.url, bench.token))


def locust(bench: Bench, *, clients: int, seconds: int, processes: int = 1) -> None:
    """Closed users from locust, over `processes` workers."""
    blank = bench.blank("locust", "locust", clients=clients, seconds=seconds)

    def run(started: Callable[[int], None]) -> tools.Told:
        return tools.locust(
            bench.url,
            bench.token,
            bench.seed.ids,
            clients=clients,
            seconds=seconds,
            processes=processes,
            started=started,
        )

    _tool(bench, blank, run)


def k6(bench: Bench, name: str, *, clients: int, seconds: int, per_second: float | None = None) -> None:
    """Closed users or open arrivals from k6."""
    blank = bench.blank(name, "k6", clients=clients, seconds=seconds)

    def run(started: Callable[[int], None]) -> tools.Told:
        return tools.k6(
            bench.url,
            bench.token,
            bench.seed.ids,
            clients=clients,
            seconds=seconds,
            per_second=per_second,
            started=started,
        )

    _tool(bench, replace(blank, arrivals_per_second=per_second), run)


def _own(bench: Bench, blank: Scenario, run: Callable[[], Recording]) -> None:
    before = store_counts(bench.client)
    with watched(_pids(bench, generator_pid=os.getpid())) as usage:
        recording = run()
    operations = recording.operations()
    seconds = blank.seconds or round(recording.lasted_seconds, 2)
    _keep(bench, replace(blank, seconds=seconds), operations, total(operations), recording.timeline(), usage, before)


def _tool(bench: Bench, blank: Scenario, run: Callable[[Callable[[int], None]], tools.Told]) -> None:
    before = store_counts(bench.client)
    pids = _pids(bench, generator_pid=None)
    with watched(pids) as usage:
        told = run(lambda pid: pids.__setitem__("generator", pid))
    facts = {**blank.facts, "floor_by_exit_code": "met" if told.kept else "missed"}
    _keep(
        bench,
        replace(blank, seconds=told.seconds, facts=facts),
        told.operations,
        told.total,
        told.timeline,
        usage,
        before,
    )


def _pids(bench: Bench, *, generator_pid: int | None) -> dict[str, int]:
    found = {"registry": bench.pid, "generator": generator_pid}
    return {name: pid for name, pid in found.items() if pid is not None}


def _keep(
    bench: Bench,
    blank: Scenario,
    operations: Mapping[str, Operation],
    whole: Operation,
    timeline: tuple[int, ...],
    usage: list[Usage],
    before: Any,
) -> None:
    # A process that had ended when it was looked at used nothing that can be known.
    seen = tuple(sample for sample in usage if sample.memory_bytes)
    stores = store_calls(before, store_counts(bench.client))
    bench.keep(replace(blank, operations=operations, total=whole, timeline=timeline, usage=seen, stores=stores))

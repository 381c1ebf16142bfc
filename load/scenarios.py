"""The scenarios, each kept as a raw result as soon as it ends."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from load import generator, results, tools, transfers
from load.backends import Registry
from load.observing import store_calls, store_counts, watched
from load.recording import Recording, total
from load.results import Operation, Scenario, Usage
from load.traffic import User, weights

Log = Callable[[str], None]


@dataclass(slots=True)
class Subject:
    """A registry that is filled, and where its results go. `ids` are what users read; a curve adds to them.

    `facts` hold for all scenarios of the registry: how long filling took, the model that is downloaded by all.
    """

    registry: Registry
    folder: Path
    round: int
    log: Log
    ids: list[str]
    facts: dict[str, Any] = field(default_factory=dict)
    run: str = ""
    """Stands in the names of what is published, where a registry sees several runs."""

    def users(self, name: str, count: int) -> list[User]:
        served = self.mix()
        return [User(f"{self.run}{name}-{self.round}-{number}", self.ids, served) for number in range(count)]

    def mix(self) -> dict[str, int]:
        """The mix, as far as the registry serves its routes."""
        return weights(self.registry.client.get("/openapi.json").raise_for_status().json()["paths"])

    def keep(self, scenario: Scenario) -> None:
        results.write(self.folder, scenario)
        seen = scenario.total.summary()
        self.log(
            f"{self.folder.name}/{scenario.name}, round {self.round}: {scenario.per_second:,.0f}/s, "
            f"mean {seen.mean_ms:.1f} ms, p95 {seen.p95_ms:.1f} ms, p99 {seen.p99_ms:.1f} ms, "
            f"errors {scenario.total.failed}"
        )

    def blank(self, name: str, generator_name: str, *, clients: int, seconds: float) -> Scenario:
        return Scenario(
            name=name,
            generator=generator_name,
            clients=clients,
            arrivals_per_second=None,
            packages=len(self.ids),
            workers=self.registry.workers,
            seconds=seconds,
            facts={"backend": self.registry.backend, **self.facts},
            operations={},
            total=total({}),
            round=self.round,
        )


def closed(subject: Subject, name: str, *, clients: int, seconds: float) -> None:
    """Closed users from the light generator."""
    users = subject.users(name, clients)
    _own(
        subject,
        subject.blank(name, "light", clients=clients, seconds=seconds),
        lambda: generator.closed(subject.registry.port, subject.registry.token_header, users, seconds=seconds),
    )


def opened(subject: Subject, name: str, *, clients: int, per_second: float, seconds: float) -> None:
    """Open arrivals from the light generator, over at most `clients` connections."""
    users = subject.users(name, clients)
    blank = subject.blank(name, "light", clients=clients, seconds=seconds)
    _own(
        subject,
        replace(blank, arrivals_per_second=per_second),
        lambda: generator.opened(
            subject.registry.port, subject.registry.token_header, users, per_second=per_second, seconds=seconds
        ),
    )


def together(subject: Subject, *, clients: int) -> None:
    """All clients download the same model at once."""
    # Where the store could serve them itself, the service streams all the same: it is what is measured.
    path, length = f"/package/{subject.facts['model_id']}/content?redirect=false", subject.facts["model_bytes"]
    registry = subject.registry
    _own(
        subject,
        subject.blank("together", "light", clients=clients, seconds=0),
        lambda: generator.together(registry.port, registry.token_header, path, clients=clients, length=length),
        every_seconds=0.1,
    )


def sizes(subject: Subject) -> None:
    """Uploads and downloads by size, one at a time."""
    blank = subject.blank("transfers", "client", clients=1, seconds=0)
    _own(subject, blank, lambda: transfers.measure(subject.registry.url, subject.registry.token))


def locust(subject: Subject, *, clients: int, seconds: int, processes: int = 1) -> None:
    """Closed users from locust, over `processes` workers."""
    blank = subject.blank("locust", "locust", clients=clients, seconds=seconds)

    def run(started: Callable[[int], None]) -> tools.Told:
        return tools.locust(
            subject.registry.url,
            subject.registry.token,
            subject.ids,
            clients=clients,
            seconds=seconds,
            processes=processes,
            started=started,
        )

    _tool(subject, blank, run)


def k6(subject: Subject, name: str, *, clients: int, seconds: int, per_second: float | None = None) -> None:
    """Closed users or open arrivals from k6."""
    blank = subject.blank(name, "k6", clients=clients, seconds=seconds)

    def run(started: Callable[[int], None]) -> tools.Told:
        return tools.k6(
            subject.registry.url,
            subject.registry.token,
            subject.ids,
            clients=clients,
            seconds=seconds,
            per_second=per_second,
            started=started,
        )

    _tool(subject, replace(blank, arrivals_per_second=per_second), run)


def _own(subject: Subject, blank: Scenario, run: Callable[[], Recording], *, every_seconds: float = 1.0) -> None:
    before = store_counts(subject.registry.client)
    with watched(_pids(subject, generator_pid=os.getpid()), every_seconds=every_seconds) as usage:
        recording = run()
    operations = recording.operations()
    # What came in time is answered though the time is up; a backlog takes its own.
    seconds = round(max(blank.seconds, recording.lasted_seconds), 2)
    _keep(subject, replace(blank, seconds=seconds), operations, total(operations), recording.timeline(), usage, before)


def _tool(subject: Subject, blank: Scenario, run: Callable[[Callable[[int], None]], tools.Told]) -> None:
    before = store_counts(subject.registry.client)
    pids = _pids(subject, generator_pid=None)
    with watched(pids) as usage:
        outcome = run(lambda pid: pids.__setitem__("generator", pid))
    facts = {**blank.facts, "kept": outcome.kept}
    _keep(
        subject,
        replace(blank, seconds=outcome.seconds, facts=facts),
        outcome.operations,
        outcome.total,
        outcome.timeline,
        usage,
        before,
    )


def _pids(subject: Subject, *, generator_pid: int | None) -> dict[str, int]:
    found = {"registry": subject.registry.pid, "generator": generator_pid}
    return {name: pid for name, pid in found.items() if pid is not None}


def _keep(
    subject: Subject,
    blank: Scenario,
    operations: Mapping[str, Operation],
    whole: Operation,
    timeline: tuple[int, ...],
    usage: list[Usage],
    before: Any,
) -> None:
    # A process that had ended when it was looked at used nothing that can be known.
    seen = tuple(sample for sample in usage if sample.memory_bytes)
    stores = store_calls(before, store_counts(subject.registry.client))
    subject.keep(replace(blank, operations=operations, total=whole, timeline=timeline, usage=seen, stores=stores))

"""A whole run: registries are started one after the other, filled, loaded, and their set-ups alternate.

A round of the standard set-up is a registry of its own, and other measurements come between its rounds: what scatters
between registries and over minutes is in the noise that the report states.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.servers import wait_until_searchable
from load import backends, results, scenarios, tools
from load.backends import Registry
from load.model import Model
from load.plan import BEFORE, STANDARD, Plan
from load.scenarios import Log, Subject
from load.seeding import publish_model, seed


@dataclass(frozen=True, slots=True)
class Campaign:
    """Results go to folders in `root`, one for each set-up."""

    plan: Plan
    root: Path
    model: Model
    log: Log

    def run(self, setups: list[str]) -> None:
        """Measure these of SETUPS. What an earlier run left of them is removed, its standard rounds are kept beside."""
        for name in setups:
            self._make_room(name)
        remaining = [SETUPS[name](self, name) for name in setups]
        while remaining:
            remaining = [steps for steps in remaining if next(steps, _END) is not _END]

    def run_on(self, url: str) -> None:
        """Measure a registry that runs."""
        self._make_room("running")
        with backends.running(url) as registry:
            subject = self.filled(registry, "running", 1, run=f"{time.time():.0f}-")
            self.each_round(subject)
            self.curves(subject)
            self.rates(subject)
            self.together(subject)
            self.transfers(subject)
            self.tools(subject)

    def _make_room(self, name: str) -> None:
        folder = self.root / name
        if name == STANDARD and folder.exists():
            before = self.root / BEFORE
            shutil.rmtree(before, ignore_errors=True)
            results.keep_run_before(self.root)
            before.mkdir()
            for path in [*folder.glob("closed.*.json"), *folder.glob("open.*.json")]:
                path.rename(before / path.name)
        shutil.rmtree(folder, ignore_errors=True)

    def filled(self, registry: Registry, name: str, number: int, *, run: str = "") -> Subject:
        """A registry with the plan's packages and the model."""
        subject = Subject(registry, self.root / name, number, self.log, [], run=run)
        add_packages(subject, self.plan.packages)
        subject.facts |= {
            "model_id": publish_model(registry.port, registry.token_header, run, self.model.content),
            "model_bytes": len(self.model.content),
            "model": self.model.source,
        }
        wait_until_searchable(registry.client)
        return subject

    def each_round(self, subject: Subject, *, rate: float | None = None) -> None:
        plan = self.plan
        if "closed" in plan.parts:
            scenarios.closed(subject, "closed", clients=plan.clients, seconds=plan.seconds)
        if "open" in plan.parts:
            scenarios.opened(subject, "open", clients=plan.clients, per_second=rate or plan.rate, seconds=plan.seconds)

    def curves(self, subject: Subject) -> None:
        plan = self.plan
        for count in plan.curve if "curve" in plan.parts else ():
            scenarios.closed(subject, f"clients-{count}", clients=count, seconds=plan.point_seconds)

    def rates(self, subject: Subject) -> None:
        plan = self.plan
        for rate in plan.rates if "rates" in plan.parts else ():
            scenarios.opened(subject, f"rate-{rate}", clients=plan.clients, per_second=rate, seconds=plan.point_seconds)

    def transfers(self, subject: Subject) -> None:
        if "transfers" in self.plan.parts:
            scenarios.sizes(subject)

    def together(self, subject: Subject, *, clients: int | None = None) -> None:
        if "together" in self.plan.parts:
            scenarios.together(subject, clients=clients or self.plan.clients)

    def tools(self, subject: Subject) -> None:
        plan = self.plan
        if "locust" in plan.parts and self._there(tools.has_locust(), "locust", "make load installs it"):
            scenarios.locust(subject, clients=plan.clients, seconds=plan.tool_seconds, processes=plan.locust_workers)
        if "k6" in plan.parts and self._there(tools.k6_program() is not None, "k6", "make k6 builds it"):
            scenarios.k6(subject, "k6", clients=plan.clients, seconds=plan.tool_seconds)
            scenarios.k6(subject, "k6-open", clients=plan.clients, seconds=plan.tool_seconds, per_second=plan.rate)

    def _there(self, found: bool, tool: str, remedy: str) -> bool:  # noqa: FBT001 – one positional fact
        if not found:
            self.log(f"{tool} is not installed and left out; {remedy}")
        return found


_CONNECTIONS, _SCALED_CONNECTIONS = 64, 8
"""That publish side by side: as many as share commits well, and as many as DynamoDB Local answers."""


def add_packages(subject: Subject, wanted: int) -> None:
    """Publish through the API until users have `wanted` packages to read. Tells how long it took, in all."""
    registry, facts, have = subject.registry, subject.facts, len(subject.ids)
    connections = _SCALED_CONNECTIONS if registry.backend == backends.SCALED else _CONNECTIONS
    began = time.perf_counter()
    subject.ids += seed(registry.port, registry.token_header, subject.run, range(have, wanted), connections=connections)
    seconds = time.perf_counter() - began
    facts["seed_seconds"] = round(facts.get("seed_seconds", 0.0) + seconds, 2)
    facts["seed_per_second"] = round((wanted - have) / seconds, 1)
    subject.log(f"{subject.folder.name}: {wanted - have:,} packages published in {seconds:.1f} s")


def _standard(campaign: Campaign, name: str) -> Iterator[None]:
    """One worker, on the embedded storage backend."""
    plan = campaign.plan
    for number in range(1, plan.rounds + 1):
        with backends.embedded() as registry:
            subject = campaign.filled(registry, name, number)
            campaign.each_round(subject)
            if number == 2:
                # Before what fills the registry with more: the generators are to meet the same one.
                campaign.tools(subject)
            if number <= plan.few_rounds:
                campaign.curves(subject)
                campaign.together(subject)
            if number == 1:
                campaign.rates(subject)
                campaign.transfers(subject)
        yield


def _two_workers(campaign: Campaign, name: str) -> Iterator[None]:
    """The standard set-up with two processes that serve."""
    for number in range(1, campaign.plan.few_rounds + 1):
        with backends.embedded(workers=2) as registry:
            subject = campaign.filled(registry, name, number)
            campaign.each_round(subject)
            campaign.curves(subject)
            if number == 1:
                campaign.rates(subject)
        yield


def _packages(campaign: Campaign, name: str) -> Iterator[None]:
    """One registry that grows; two looks at each size."""
    plan = campaign.plan
    with backends.embedded() as registry:
        subject = Subject(registry, campaign.root / name, 1, campaign.log, [])
        for size in plan.sizes:
            add_packages(subject, size)
            wait_until_searchable(registry.client)
            for subject.round in (1, 2):
                scenarios.closed(subject, f"packages-{size}", clients=plan.clients, seconds=plan.point_seconds)
    yield


def _scaled(campaign: Campaign, name: str) -> Iterator[None]:
    """DynamoDB Local, S3 server and Redis on the same machine; one registry for all rounds."""
    plan = campaign.plan
    if missing := backends.missing_engines():
        campaign.log(f"the storage backend at scale is left out: {'; '.join(missing)} (see .ci/install-engines)")
        return
    with backends.scaled() as registry:
        subject = campaign.filled(registry, name, 1)
        for subject.round in range(1, plan.few_rounds + 1):
            campaign.each_round(subject, rate=plan.scaled_rate)
        campaign.together(subject, clients=plan.scaled_together)
        campaign.transfers(subject)
    yield


_END = object()
SETUPS: dict[str, Callable[[Campaign, str], Iterator[None]]] = {
    STANDARD: _standard,
    "packages": _packages,
    "workers-2": _two_workers,
    "scaled": _scaled,
}

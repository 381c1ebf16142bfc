"""Raw results: one JSON file for each round of a scenario, kept under version control, for the report."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from load.histogram import Distribution

RESULTS = Path(__file__).parent / "results"
_RUN, _RUN_BEFORE = "run.json", "before.json"
MIX: dict[str, Any] = json.loads((Path(__file__).parent / "mix.json").read_text())


@dataclass(frozen=True, slots=True)
class Quantiles:
    """What a generator reports that keeps no histogram (k6)."""

    count: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request. `errors` counts those that failed by class (`status 500`); they are in the times too."""

    times: Distribution | Quantiles
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def summary(self) -> Quantiles:
        if isinstance(self.times, Quantiles):
            return self.times
        p50_ms, p95_ms, p99_ms = (self.times.percentile_ms(share) for share in (0.5, 0.95, 0.99))
        return Quantiles(self.times.count, self.times.mean_ms, p50_ms, p95_ms, p99_ms, self.times.most_ms)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its children used, at a moment `second` of the scenario."""

    second: float
    process: str
    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class StoreCalls:
    """Calls of one operation of a store; `p95_ms` is the upper bound of its bucket in the registry's own metrics.

    `capacity_units` are those that DynamoDB said it consumed.
    """

    store: str
    operation: str
    count: int
    mean_ms: float
    p95_ms: float | None
    capacity_units: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run of one generator. `arrivals_per_second` is None for closed users; `total` is all operations together.

    `round` counts from 1 the times that the same was measured.
    """

    name: str
    generator: str
    clients: int
    arrivals_per_second: float | None
    packages: int
    workers: int
    seconds: float
    facts: Mapping[str, Any]
    operations: Mapping[str, Operation]
    total: Operation
    timeline: tuple[int, ...] = ()
    usage: tuple[Usage, ...] = ()
    stores: tuple[StoreCalls, ...] = ()
    round: int = 1

    @property
    def per_second(self) -> float:
        return self.total.summary().count / self.seconds

    @property
    def error_share(self) -> float:
        return self.total.failed / max(1, self.total.summary().count)

    def cores(self, process: str) -> float:
        """How many cores a process and its children kept busy on average."""
        seen = [usage for usage in self.usage if usage.process == process]
        # Children that end before their parent does take their time out of the last samples.
        most = max(seen, key=lambda usage: usage.cpu_seconds, default=None)
        span = most.second - seen[0].second if most else 0.0
        return (most.cpu_seconds - seen[0].cpu_seconds) / span if most and span else 0.0

    def memory_bytes(self, process: str) -> int:
        """The most resident memory that was seen."""
        return max((usage.memory_bytes for usage in self.usage if usage.process == process), default=0)


def write(folder: Path, scenario: Scenario) -> Path:
    """Keep it as `<name>.<round>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scenario.name}.{scenario.round}.json"
    path.write_text(json.dumps(asdict(scenario), separators=(",", ":"), ensure_ascii=False) + "\n")
    return path


def read(path: Path) -> Scenario:
    document = json.loads(path.read_text())
    document["operations"] = {name: _operation(found) for name, found in document["operations"].items()}
    document["total"] = _operation(document["total"])
    document["timeline"] = tuple(document["timeline"])
    document["usage"] = tuple(Usage(**usage) for usage in document["usage"])
    document["stores"] = tuple(StoreCalls(**calls) for calls in document["stores"])
    return Scenario(**document)


def write_run(root: Path, facts: Mapping[str, Any]) -> None:
    """Keep what holds for all of a run: machine, commit, options, how long it took."""
    root.mkdir(parents=True, exist_ok=True)
    (root / _RUN).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")


def read_run(root: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((root / _RUN).read_text())
    return facts


def keep_run_before(root: Path) -> None:
    """Put the facts of the run that is there aside, for `read_run_before`."""
    if (root / _RUN).exists():
        (root / _RUN).rename(root / _RUN_BEFORE)


def read_run_before(root: Path) -> dict[str, Any]:
    """Those of the run whose standard rounds were kept."""
    facts: dict[str, Any] = json.loads((root / _RUN_BEFORE).read_text())
    return facts


def digest(root: Path) -> str:
    """SHA-256 of all raw results together; the report and its plots carry it."""
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.json")):
        whole.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def _operation(document: dict[str, Any]) -> Operation:
    times = document["times"]
    if "bins" not in times:
        return Operation(Quantiles(**times), document["errors"])
    bins = tuple((value, count) for value, count in times["bins"])
    return Operation(Distribution(bins, times["sum_ms"], times["most_ms"]), document["errors"])

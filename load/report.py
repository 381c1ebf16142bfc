"""docs/performance.md from the raw results, to the letter the same from the same results."""

import sys
from pathlib import Path

from load import results, tables
from load.results import RESULTS, Scenario

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
IMAGES = PAGE.parent / "images" / "performance"
_STANDARD = "standard"


def page(folder: Path = RESULTS) -> str:
    """The whole page. Raises FileNotFoundError when there are no results of a standard run."""
    runs = {found.name: results.read_all(found) for found in sorted(folder.iterdir()) if found.is_dir()}
    if not runs.get(_STANDARD):
        raise FileNotFoundError(f"no results in {folder / _STANDARD}; `make load` measures")
    standard = runs[_STANDARD]
    sections = [
        _head(standard, folder),
        _targets(standard),
        "## Beside the predecessor\n\n" + tables.predecessor(runs),
        _endpoints(standard),
        _shapes(standard),
        _transfers(standard),
        _scaling(runs),
        _stores(standard),
        _resources(standard),
        _limits(runs),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def write() -> int:
    """Write the page and its plots. 0."""
    from load.plots import draw  # matplotlib is needed here alone

    PAGE.write_text(page())
    draw({found.name: results.read_all(found) for found in RESULTS.iterdir() if found.is_dir()}, IMAGES)
    print(f"wrote {PAGE}")
    return 0


def check() -> int:
    """1 when the page is not that of the raw results."""
    same = PAGE.exists() and PAGE.read_text() == page()
    if not same:
        print(f"{PAGE} is not what the raw results give; make report", file=sys.stderr)
    return 0 if same else 1


def _head(standard: dict[str, Scenario], folder: Path) -> str:
    facts = next(iter(standard.values())).facts
    machine, versions = facts["machine"], facts["versions"]
    return f"""\
# Performance

<!-- Made by `make report` from load/results/ (SHA-256 {results.digest(folder)}). Do not edit. -->

This page is made from raw measurements: `make load` measures and keeps them in `load/results/`, `make report` writes
the page and its plots, and a test fails when the two differ. Standard run: commit {facts["commit"]}, {facts["at"]},
{facts["home"]} home, one registry process, {facts["machine"]["cores"]} cores ({machine["cpu"]}, {machine["memory"]},
Python {machine["python"]}, FastAPI {versions["fastapi"]}, uvicorn {versions["uvicorn"]}). The load generator runs on
the same cores; the machine's load average was {machine["load"]} after seeding, by which a reader sees whether other
programs had a share too."""


def _targets(standard: dict[str, Scenario]) -> str:
    limits = results.MIX["targets"]
    named = ", ".join(
        f"**{name}** (mean < {found['mean_ms']} ms, p95 < {found['p95_ms']} ms, errors ≤ {found['error_share']:.0%}, "
        f"over {found['per_second']:,} requests/s)"
        for name, found in limits.items()
    )
    return f"## Targets\n\nAs code in `load/mix.json`, read by every generator: {named}.\n\n" + tables.targets(standard)


def _endpoints(standard: dict[str, Scenario]) -> str:
    closed = standard.get("closed")
    if closed is None:
        return ""
    return f"""\
## Each endpoint

{closed.clients} closed users, {closed.packages:,} packages, {closed.seconds:g} s, light generator: each user sends its
next request as soon as the last is answered, so {closed.clients} requests are always under way and latency is mostly
waiting for a core (clients ÷ throughput = {closed.clients / closed.per_second * 1000:.0f} ms).

{tables.endpoints(closed)}

![Distribution of latencies](images/performance/latencies.svg)

![Throughput over time](images/performance/throughput.svg)"""


def _shapes(standard: dict[str, Scenario]) -> str:
    opened, together = standard.get("open"), standard.get("together")
    parts = []
    if opened:
        parts.append(
            f"Open arrivals, {opened.arrivals_per_second:g} a second at random moments; latency counts from the moment "
            f"of arrival, so that waiting is not hidden:\n\n{tables.endpoints(opened)}"
        )
    if together:
        size = together.facts["model_bytes"]
        seen = together.total.summary()
        speed = seen.count * size / together.seconds / 1e6
        parts.append(
            f"{seen.count} clients download the same model of {size / 2**20:.0f} MiB at once: all done after "
            f"{together.seconds:.1f} s ({speed:,.0f} MB/s together), first half after {seen.p50_ms / 1000:.1f} s, "
            f"{together.total.failed} errors; resident memory of the registry at most "
            f"{together.memory_bytes('registry') / 2**20:.0f} MiB. The model is random bytes of that length."
        )
    return "## Open arrivals, and one model for all\n\n" + "\n\n".join(parts) if parts else ""


def _transfers(standard: dict[str, Scenario]) -> str:
    found = standard.get("transfers")
    if not found:
        return ""
    return (
        "## Uploads and downloads by size\n\nOne at a time, with the project's own client, which reads a file twice to "
        f"upload it and checks digests both ways.\n\n{tables.transfers(found)}"
    )


def _scaling(runs: dict[str, dict[str, Scenario]]) -> str:
    curve = tables.curve(runs[_STANDARD])
    if not curve:
        return ""
    return f"""\
## Scaling

With clients (closed users, light generator): a Python process fills hardly more than one core, and generator and
registry share the machine's. Where the cores of both stop growing, further clients only wait: throughput stays and
latency grows in proportion. One client waits for each answer, so its writes pay a whole commit each and nothing
overlaps. A dip of throughput with fewer cores in use means that other programs had the machine.

{curve}

![Scaling with clients](images/performance/clients.svg)

With packages and workers, each in its own run:

{tables.runs(runs)}"""


def _stores(standard: dict[str, Scenario]) -> str:
    closed = standard.get("closed")
    if not closed or not closed.stores:
        return ""
    return f"""\
## Each store operation

During the closed run, from the registry's own metric `registry_store_call_seconds` (p95: upper bound of its bucket).
Times include waiting for the writing thread and for the event loop. Consumed capacity units exist with DynamoDB only,
which this run did not use.

{tables.stores(closed)}"""


def _resources(standard: dict[str, Scenario]) -> str:
    return f"""\
## What each run used, and what each generator costs

CPU is the average number of cores kept busy, memory the most that was resident, children included. Generator CPU per
request tells why figures of different generators are no measure of the registry: locust and k6 take their core from it.

{tables.resources(standard)}

- **light**: raw connections and histograms on one event loop; closed users and open arrivals.
- **locust**: rounds latencies to whole milliseconds, above 100 ms to two digits; closed users, `--locust-processes`.
- **k6**: tells percentiles only; closed users and open arrivals; its CPU includes compiling the script."""


def _limits(runs: dict[str, dict[str, Scenario]]) -> str:
    standard = runs[_STANDARD]
    missing = [
        words
        for words, there in (
            ("the home in AWS (DynamoDB, S3, Redis), and capacity units", False),
            ("100,000 packages over HTTP", any(s.packages >= 100_000 for run in runs.values() for s in run.values())),
            ("two workers", any(s.workers > 1 for run in runs.values() for s in run.values())),
            ("locust", "locust" in standard),
            ("k6", "k6" in standard),
            ("open arrivals", "open" in standard),
            ("uploads above 60 MB", "transfers" in standard),
            ("`GET /package/{id}/rate`", _measured(standard, "rate")),
            ("`POST /package/byRegEx`", _measured(standard, "regex")),
            ("a network between client and registry: all is loopback", False),
        )
        if not there
    ]
    return "## Not measured here\n\n" + "\n".join(f"- {words}" for words in missing)


def _measured(standard: dict[str, Scenario], operation: str) -> bool:
    return any(operation in scenario.operations for scenario in standard.values())

"""performance.md from the raw results, to the letter the same from the same results."""

import sys
from pathlib import Path
from typing import Any

from load import compare, curves, results, scaling, tables
from load.markdown import figure, table
from load.noise import Rounds, Setup, read_setups
from load.plan import BEFORE, STANDARD
from load.predecessor import predecessor

Setups = dict[str, Setup]
_MIB = 2**20


def page(root: Path = results.RESULTS) -> str:
    """The whole page. Raises FileNotFoundError when there are no results of a standard run."""
    setups = read_setups(root)
    if not setups.get(STANDARD):
        raise FileNotFoundError(f"no results in {root / STANDARD}; `make load` measures")
    sections = [
        _head(results.digest(root)),
        _answers(setups),
        _targets(setups),
        _measured(results.read_run(root)),
        _predecessor(setups),
        _noise(setups, root),
        _endpoints(setups[STANDARD]),
        _opened(setups[STANDARD]),
        _together(setups),
        _transfers(setups),
        *curves.sections(setups),
        _scaled(setups),
        _stores(setups),
        _resources(setups[STANDARD]),
        _missing(setups),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def write(root: Path, folder: Path) -> int:
    """Write the page and its plots into a folder. 0."""
    from load.plots import draw  # matplotlib is needed here alone

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "performance.md").write_text(page(root))
    draw(read_setups(root), folder / "images" / "performance", results.digest(root))
    print(f"wrote {folder / 'performance.md'}")
    return 0


def check(root: Path, folder: Path) -> int:
    """1 when the page is not that of the raw results."""
    path = folder / "performance.md"
    same = path.exists() and path.read_text() == page(root)
    if not same:
        print(f"{path} is not what the raw results give; make report", file=sys.stderr)
    return 0 if same else 1


def _head(digest: str) -> str:
    return f"""\
# Performance

<!-- Made by `make report` from load/results/ (SHA-256 {digest}). Do not edit. -->

How the registry fares under load from many clients: first what readers ask, then the targets, then every figure with
its noise. What each operation costs by itself is in [benchmarks.md](benchmarks.md)."""


def _answers(setups: Setups) -> str:
    asked = [
        ("How many requests a second does one process serve to 100 clients?", STANDARD, "closed"),
        ("And two processes on the same machine?", "workers-2", "closed"),
        ("At 1,000 requests a second, how long does each take?", STANDARD, "rate-1000"),
        ("With DynamoDB, S3 and Redis imitated on the same two cores?", "scaled", "closed"),
    ]
    rows = [
        [question, tables.in_short(setups[setup][part])]
        for question, setup, part in asked
        if part in setups.get(setup, {})
    ]
    return f"## What readers ask\n\n{table(['question', 'answer'], rows)}"


def _measured(run: dict[str, Any]) -> str:
    machine, versions = run["machine"], run["versions"]
    return f"""\
## How it was measured

This page is made from raw measurements by one command, `make performance`: it measures (`python -m load run`), keeps
the raw results in `load/results/`, and writes this page and its plots from them (`make report`). A test fails when page
and raw results differ. `make load ARGS="--quick --results DIR"` takes two minutes and gives rough figures.

- Run: `{run["command"]}`, {run["wall_seconds"] / 60:.1f} minutes, commit {run["commit"]}, {run["at"]}.
- Machine: {machine["cores"]} cores ({machine["cpu"]}), {machine["memory"]}, Python {machine["python"]}, FastAPI
  {versions["fastapi"]}, uvicorn {versions["uvicorn"]}. Load generator, registry and engines share its cores and speak
  over loopback. Its load average was {machine["load"]} when the run began: above about 0.5, other programs had a share.
- Each round of the standard set-up is a registry of its own on a new data folder: one process that serves, 500 packages
  published through the API, 100 clients. Rounds of all set-ups alternate.
- The mix of requests and the targets are code, in `load/mix.json`, and every generator reads it."""


def _targets(setups: Setups) -> str:
    limits = results.MIX["targets"]
    named = ", ".join(
        f"**{name}** (mean < {found['mean_ms']} ms, p95 < {found['p95_ms']} ms, errors ≤ {found['error_share']:.0%}, "
        f"over {found['per_second']:,} requests/s)"
        for name, found in limits.items()
    )
    loads = [
        ("100 closed clients, light generator", STANDARD, "closed"),
        ("100 closed clients, locust", STANDARD, "locust"),
        ("100 closed clients, k6", STANDARD, "k6"),
        ("1,000 arrivals/s, light generator", STANDARD, "rate-1000"),
        ("100 closed clients, two workers", "workers-2", "closed"),
        ("1,500 arrivals/s, two workers", "workers-2", "rate-1500"),
        ("100 closed clients, scaled backend", "scaled", "closed"),
    ]
    found = [(name, setups[setup][part]) for name, setup, part in loads if part in setups.get(setup, {})]
    return f"## Targets\n\n{named}.\n\n{tables.targets(found)}"


def _predecessor(setups: Setups) -> str:
    return f"""\
## Beside the predecessor

{predecessor(setups)}

The predecessor's figures are those of its own report, on AWS; ours are over loopback, and at scale with engines that
imitate AWS on the same two cores. They are not one experiment: the table says where each figure stands, not a factor
between them. Ratings are made in the background; the packages here link no source that would be asked."""


def _noise(setups: Setups, root: Path) -> str:
    closed = setups[STANDARD].get("closed")
    rounds = len(closed.all) if closed else 0
    text = f"""\
## Noise

`±` follows a figure that was measured in several rounds ({rounds} of the standard set-up): in 19 of 20 cases a
second run of as many rounds gives a figure no farther from this one, as far as the scatter of this run's rounds shows
(Student's t × standard deviation × √(2 ÷ rounds); `load/noise.py`). `python -m load compare DIR` holds two runs against
each other; who measures again keeps the rounds of the run before, and how they compare stands here."""
    if not (before := setups.get(BEFORE)) or not (found := compare.pairs(setups[STANDARD], before)):
        return text
    run = results.read_run_before(root)
    of = f"commit {run['commit']}, {run['at']}, load average {run['machine']['load']} when it began"
    return f"{text}\n\nThis run against the one before it ({of}): {compare.described(found)}"


def _endpoints(standard: Setup) -> str:
    closed = standard.get("closed")
    if closed is None:
        return ""
    waiting = closed.one.clients / scaling.per_second(closed) * 1000
    return f"""\
## Each endpoint

{closed.one.clients} closed users, {closed.one.packages:,} packages, {len(closed.all)} × {closed.one.seconds:g} s, light
generator: each user sends its next request as soon as the last is answered, so {closed.one.clients} requests are always
under way and latency is mostly waiting for a core (clients ÷ throughput = {waiting:.0f} ms).

{tables.endpoints(closed)}

Distribution of response times, all rounds together:

{tables.distribution(closed)}

![Distribution of latencies](images/performance/latencies.svg)

![Throughput over time](images/performance/throughput.svg)"""


def _opened(standard: Setup) -> str:
    opened = standard.get("open")
    if opened is None:
        return ""
    return f"""\
## Open arrivals

{opened.one.arrivals_per_second:g} requests a second arrive at random moments, whether or not earlier ones are answered;
latency counts from the moment of arrival, so that waiting is not hidden.

{tables.endpoints(opened)}"""


def _together(setups: Setups) -> str:
    lines = []
    for name, setup in setups.items():
        if "together" in setup:
            lines.append(f"- {name}: {_together_line(setup['together'])}")
    return "## One model for all\n\n" + "\n".join(lines) if lines else ""


def _together_line(rounds: Rounds) -> str:
    facts, size = rounds.one.facts, rounds.one.facts["model_bytes"]
    seconds = rounds.figure(lambda one: one.seconds)
    speed = rounds.figure(lambda one: one.total.summary().count * size / one.seconds / 1e6)
    half = rounds.figure(lambda one: one.total.summary().p50_ms / 1000)
    before = max(one.usage[0].memory_bytes for one in rounds.all if one.usage) / _MIB
    most = max(one.memory_bytes("registry") for one in rounds.all) / _MIB
    return (
        f"{rounds.one.clients} clients download the same model ({facts['model']}, {size / 1e6:.1f} MB) at once: all "
        f"done after {figure(seconds)} s ({figure(speed)} MB/s together), half of them after "
        f"{figure(half)} s, {rounds.failed} errors in {len(rounds.all)} rounds; resident memory of the registry "
        f"{before:.0f} MiB before, {most:.0f} MiB at most."
    )


def _transfers(setups: Setups) -> str:
    parts = [
        f"{name.capitalize()} backend:\n\n{tables.transfers(setups[setup]['transfers'])}"
        for name, setup in (("embedded", STANDARD), ("scaled", "scaled"))
        if "transfers" in setups.get(setup, {})
    ]
    if not parts:
        return ""
    head = (
        "## Uploads and downloads by size\n\nOne at a time, with the project's own client, which reads a file twice to "
        "upload it and checks digests both ways."
    )
    return "\n\n".join([head, *parts, "![Speed by size](images/performance/transfers.svg)"])


def _scaled(setups: Setups) -> str:
    closed = setups.get("scaled", {}).get("closed")
    if closed is None:
        return ""
    return f"""\
## The scaled backend

DynamoDB Local, the S3 server of the tests and Redis run on the same two cores as registry and generator, and DynamoDB
Local is no measure of DynamoDB: this shows that the service holds, and what requests cost in calls, not how fast it is
on AWS. A download is answered by the address of the bytes in S3 (307).

{tables.endpoints(closed)}"""


def _stores(setups: Setups) -> str:
    parts = [
        f"{title}:\n\n{tables.stores(setups[setup]['closed'])}"
        for title, setup in (("Embedded backend", STANDARD), ("Scaled backend", "scaled"))
        if "closed" in setups.get(setup, {})
    ]
    head = """\
## Each store operation

During the closed rounds, from the registry's own metric `registry_store_call_seconds` (p95: upper bound of its bucket,
the highest of all rounds). Times include waiting for the writing thread and for the event loop. Capacity units are what
DynamoDB says it consumed, so they exist in the scaled backend only."""
    return "\n\n".join([head, *parts]) if parts else ""


def _resources(standard: Setup) -> str:
    return f"""\
## What each run used, and what each generator costs

Cores kept busy on average, CPU for each request, and the most resident memory, children included. Generator CPU for
each request explains why figures of different generators are no measure of the registry: locust and k6 take their core
from it.

{tables.resources(standard)}

- **light**: raw connections and histograms on one event loop; closed users and open arrivals.
- **locust**: a master with workers; rounds latencies to whole milliseconds, above 100 ms to two digits; closed users.
- **k6**: reports percentiles only; closed users and open arrivals; its CPU includes compiling the script."""


def _missing(setups: Setups) -> str:
    standard = setups[STANDARD]
    missing = [
        words
        for words, there in (
            ("AWS itself: engines that imitate it stand for it", False),
            ("a network between client and registry: all is loopback", False),
            ("the scaled backend", "scaled" in setups),
            ("100,000 packages", "packages-100000" in setups.get("packages", {})),
            ("two workers", "workers-2" in setups),
            ("locust", "locust" in standard),
            ("k6", "k6" in standard),
            ("open arrivals", "open" in standard),
            ("uploads above 50 MB", "transfers" in standard),
        )
        if not there
    ]
    return "## Not measured here\n\n" + "\n".join(f"- {words}" for words in missing)
